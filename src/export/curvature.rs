//! Figures of what was measured last of the curvature: of one run or of several.

use std::sync::Arc;

use super::figure::{Axis, Curve, Figure, Look, Point};
use super::quantity::{Labelled, View, kept, scope_name};
use crate::diagnostics::alignment::{Aligned, Alignment, Direction};
use crate::diagnostics::approximation::{Approximation, KroneckerError};
use crate::diagnostics::factors::LayerFactors;
use crate::diagnostics::fisher::FisherDistance;
use crate::diagnostics::hessian_spectrum::HessianSpectrum;
use crate::diagnostics::images::Images;
use crate::diagnostics::rank_curve::{RankCurve, RankPoint};
use crate::diagnostics::spectrum::GaussNewtonSpectrum;
use crate::diagnostics::{Density, Kronecker, PER_DECADE, Scope};
use crate::session::Snapshot;

/// A figure without its curves.
fn figure(title: &str, x: (&str, bool), y: (&str, bool)) -> Figure {
    let axis = |(label, log): (&str, bool)| Axis { label: label.to_owned(), log };
    Figure { title: title.to_owned(), x: axis(x), y: axis(y), ..Figure::default() }
}

fn curve(run: &str, quantity: String, points: impl Iterator<Item = (f64, f64)>) -> Curve {
    let points = points.map(|(x, y)| Point { x, y, low: y, high: y }).collect();
    Curve { run: run.to_owned(), quantity, look: Look::Line, points }
}

/// A run that is measured: the label, the snapshot.
fn each(runs: &[Labelled]) -> impl Iterator<Item = (&str, &Arc<Snapshot>)> {
    runs.iter().map(|(label, snapshot)| (label.as_str(), snapshot))
}

/// The spectra of Ḡ and of the Hessian: eigenvalues a bin of log |λ|, the negative ones as curves of their own.
pub fn spectrum(runs: &[Labelled], view: View) -> Vec<Figure> {
    let unit = format!("eigenvalues per 1/{PER_DECADE} decade");
    let empty = |title| figure(title, ("|λ|", true), (&unit, !view.linear_y));
    let (mut first, mut second) = (empty("Spectrum of the Gauss-Newton matrix"), empty("Spectrum of the Hessian"));
    for (run, snapshot) in each(runs) {
        let gauss_newton = snapshot.tracked::<GaussNewtonSpectrum>();
        first
            .curves
            .extend(gauss_newton.iter().flat_map(|found| sides(run, found.latest.0.scope, &found.latest.0.density)));
        let hessian = snapshot.tracked::<HessianSpectrum>();
        second
            .curves
            .extend(hessian.iter().flat_map(|found| sides(run, found.latest.0.scope, &found.latest.0.density)));
    }
    kept(vec![first, second])
}

/// The positive and the negative part of a spectrum, by the middle of each bin, those that are empty left out.
fn sides(run: &str, scope: Scope, density: &Density) -> [Curve; 2] {
    [("positive", &density.positive), ("negative", &density.negative)].map(|(side, bins)| {
        let middle = |bin: usize| {
            let (high, low) = density.edges(bin);
            (high * low).sqrt()
        };
        let points = bins.iter().enumerate().filter(|(_, count)| **count > 0.0).rev();
        curve(run, format!("{}, {side}", scope_name(scope)), points.map(|(bin, count)| (middle(bin), *count)))
    })
}

/// The relative errors of the Kronecker blocks and of their pre-activation factors, layer by layer, and beside
/// them the distance of the expected Fisher.
pub fn kronecker(runs: &[Labelled], view: View) -> Vec<Figure> {
    let empty = |title| figure(title, ("layer", false), ("relative Frobenius error", !view.linear_y));
    let mut figures = [empty("Distance from the Gauss-Newton blocks"), empty("Distance of the pre-activation factors")];
    let errors: [fn(&KroneckerError) -> f64; 2] = [|error| error.block, |error| error.factor];
    let distances: [fn(&FisherDistance) -> f64; 2] = [|found| found.block, |found| found.factor];
    for (run, snapshot) in each(runs) {
        let (found, fisher) = (snapshot.tracked::<Approximation>(), snapshot.tracked::<FisherDistance>());
        for (figure, (error, distance)) in figures.iter_mut().zip(errors.into_iter().zip(distances)) {
            for &method in Kronecker::ALL {
                let of = |found: &Approximation| found.errors.iter().find(|error| error.method == method).map(error);
                let points = found.iter().filter_map(|one| Some((one.latest.layer as f64, of(one.latest)?)));
                figure.curves.push(curve(run, method.name().to_owned(), points));
            }
            let points = fisher.iter().map(|one| (one.latest.layer as f64, distance(one.latest)));
            figure.curves.push(curve(run, "expected Fisher".to_owned(), points));
        }
    }
    kept(figures.into())
}

/// The diagonals of the Kronecker factors, in bounded memory: of each block of rows the largest entry.
pub fn factors(runs: &[Labelled], view: View) -> Vec<Figure> {
    let mut figure = figure("Diagonals of the Kronecker factors", ("row", false), ("entry", !view.linear_y));
    for (run, snapshot) in each(runs) {
        for found in snapshot.tracked::<LayerFactors>() {
            for factor in &found.latest.factors {
                let name = format!("{}, layer {}", factor.kind.key(), found.latest.layer);
                let rows = (0..factor.side())
                    .map(|row| ((row * factor.size / factor.side().max(1)) as f64, factor.at(row, row)));
                figure.curves.push(curve(run, name, rows));
            }
        }
    }
    kept(vec![figure])
}

/// How directions agree with the exact one, layer by layer.
pub fn alignment(runs: &[Labelled], view: View) -> Vec<Figure> {
    type Of = fn(&Aligned) -> f64;
    let quantities: [(&str, bool, Of); 4] = [
        ("cosine with the exact direction", false, |aligned| aligned.cosine),
        ("cosine in the metric of Ḡ", false, |aligned| aligned.curvature_cosine),
        ("norm over that of the exact direction", !view.linear_y, |aligned| aligned.norm_ratio),
        ("decrease of the quadratic model", !view.linear_y, |aligned| aligned.decrease),
    ];
    let figure = |(name, log, of): (&str, bool, Of)| {
        let mut figure = figure(name, ("layer", false), (name, log));
        for (run, snapshot) in each(runs) {
            let found = snapshot.tracked::<Alignment>();
            for &direction in Direction::ALL {
                let points = found.iter().filter_map(|one| {
                    let Scope::Layer(layer) = one.latest.scope else { return None };
                    let aligned = one.latest.directions.iter().find(|aligned| aligned.direction == direction)?;
                    Some((layer as f64, of(aligned)))
                });
                figure.curves.push(curve(run, direction.name().to_owned(), points));
            }
        }
        figure
    };
    kept(quantities.map(figure).into())
}

/// Mean loss of the images along the run, and the share of wrong classes where there are classes.
pub fn images(runs: &[Labelled], view: View) -> Vec<Figure> {
    let mut loss = view.figure("Loss of the images", "mean loss per datum", runs);
    let mut wrong = View { linear_y: true, ..view }.figure("Wrong classes of the images", "share", runs);
    for (run, snapshot) in runs {
        for found in snapshot.tracked::<Images>() {
            loss.curves.push(view.curve((run, snapshot), "images", found.history, Look::Line));
            if found.latest.wrong.is_some() {
                wrong.curves.push(view.curve((run, snapshot), "images", found.other, Look::Line));
            }
        }
    }
    kept(vec![loss, wrong])
}

/// The rank against the number of data, as a band where only bounds are known; and what bounds it.
pub fn rank_curve(runs: &[Labelled], view: View) -> Vec<Figure> {
    let mut figure = figure("Rank of the Gauss-Newton matrix", ("data", true), ("rank", !view.linear_y));
    for (run, snapshot) in each(runs) {
        for found in snapshot.tracked::<RankCurve>() {
            let name = scope_name(found.latest.scope);
            let points = |of: fn(&RankPoint) -> [usize; 3]| {
                let point = move |point: &RankPoint| {
                    let [y, low, high] = of(point).map(|rank| rank as f64);
                    Point { x: point.data as f64, y, low, high }
                };
                found.latest.points.iter().map(point).collect()
            };
            let of = |quantity: &str, look, points| Curve {
                run: run.to_owned(),
                quantity: quantity.to_owned(),
                look,
                points,
            };
            figure.curves.push(of(&name, Look::Line, points(|p| [p.lower, p.lower, p.upper])));
            figure.curves.push(of(&format!("{name}, bound"), Look::Bound, points(|p| [p.bound; 3])));
        }
    }
    kept(vec![figure])
}
