//! Figures of the quantities that the panes show, of one run or of several.

use std::sync::Arc;

use super::figure::{Abscissa, Axis, Bar, Curve, Figure, Look, Mark, Point};
use crate::diagnostics::Scope;
use crate::diagnostics::hessian::HessianBlock;
use crate::diagnostics::rank::Rank;
use crate::session::Snapshot;
use crate::session::history::{self, Series};

/// A run and what it is called.
pub type Labelled = (String, Arc<Snapshot>);

/// How figures look at runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// What x counts.
    pub x: Abscissa,
    /// Whether x is logarithmic.
    pub log_x: bool,
    /// Whether y is linear where it would be logarithmic.
    pub linear_y: bool,
}

/// Minibatch loss, and the losses over training and validation data.
pub fn loss(runs: &[Labelled], view: View) -> Vec<Figure> {
    let mut figure = view.figure("Loss", "mean loss per datum", runs);
    for (run, snapshot) in runs {
        for (name, series, look) in [
            ("minibatch", &snapshot.loss, Look::Noisy),
            ("training set", &snapshot.train_loss, Look::Line),
            ("validation set", &snapshot.validation_loss, Look::Line),
        ] {
            figure.curves.push(view.curve((run, snapshot), name, series, look));
        }
    }
    kept(vec![figure])
}

/// γ, τ and the learning rate.
pub fn damping(runs: &[Labelled], view: View) -> Vec<Figure> {
    along(runs, view.figure("Damping and learning rate", "value", runs), view, |snapshot| {
        [("γ", &snapshot.kronecker_damping), ("τ", &snapshot.step_damping), ("learning rate", &snapshot.learning_rate)]
    })
}

/// The step size α* and the reduction ratio ρ.
pub fn step(runs: &[Labelled], view: View) -> Vec<Figure> {
    along(runs, view.figure("Step size and reduction ratio", "value", runs), view, |snapshot| {
        [("α*", &snapshot.step_size), ("ρ", &snapshot.reduction_ratio)]
    })
}

/// A figure with some series of every run.
fn along<const S: usize>(
    runs: &[Labelled],
    mut figure: Figure,
    view: View,
    series: fn(&Snapshot) -> [(&'static str, &Series); S],
) -> Vec<Figure> {
    for (run, snapshot) in runs {
        let curves = series(snapshot).map(|(name, series)| view.curve((run, snapshot), name, series, Look::Noisy));
        figure.curves.extend(curves);
    }
    kept(vec![figure])
}

/// The rank of Ḡ, of the whole and of every block, as a band where only bounds are known; and what bounds it.
pub fn rank(runs: &[Labelled], view: View) -> Vec<Figure> {
    let mut figure = view.figure("Rank of the Gauss-Newton matrix", "rank", runs);
    for (run, snapshot) in runs {
        for rank in snapshot.tracked::<Rank>() {
            let name = scope_name(rank.latest.scope);
            let mut curve = view.curve((run, snapshot), &name, rank.history, Look::Line);
            for (point, upper) in curve.points.iter_mut().zip(rank.third.points()) {
                point.high = upper.max;
            }
            let bound = view.curve((run, snapshot), &format!("{name}, bound"), rank.other, Look::Bound);
            figure.curves.extend([curve, bound]);
        }
    }
    kept(vec![figure])
}

pub(super) fn scope_name(scope: Scope) -> String {
    match scope {
        Scope::Whole => "all layers".to_owned(),
        Scope::Layer(layer) => format!("layer {layer}"),
    }
}

/// Trace, λ max and λ min of every block of the Hessian, and of the whole. Where y is logarithmic λ min is turned about, for it
/// is mostly negative.
pub fn hessian(runs: &[Labelled], view: View) -> Vec<Figure> {
    let turned = if view.linear_y { "λ min" } else { "−λ min" };
    let sign = if view.linear_y { 1.0 } else { -1.0 };
    let mut figures = Vec::new();
    for (name, which, sign) in [("tr H", 1, 1.0), ("λ max", 2, 1.0), (turned, 0, sign)] {
        let mut figure = view.figure(&format!("{name} of the Hessian blocks"), name, runs);
        for (run, snapshot) in runs {
            for block in snapshot.tracked::<HessianBlock>() {
                let series = [block.history, block.other, block.third][which];
                let name = format!("{name}, {}", scope_name(block.latest.scope));
                let mut curve = view.curve((run, snapshot), &name, series, Look::Line);
                if sign < 0.0 {
                    curve.points.iter_mut().for_each(turn);
                }
                figure.curves.push(curve);
            }
        }
        figures.push(figure);
    }
    kept(figures)
}

/// Wall seconds an update, and how they fall to its phases of late.
pub fn timing(runs: &[Labelled], view: View) -> Vec<Figure> {
    let mut along = view.figure("Wall time of an update", "seconds per update", runs);
    let mut phases = View { linear_y: true, ..view }.figure("Phases of an update", "seconds per update", runs);
    let mut phases_along = view.figure("Phases of an update along the run", "seconds per update", runs);
    phases.marks.clear();
    for (run, snapshot) in runs {
        along.curves.push(view.curve((run, snapshot), "seconds per update", &snapshot.wall, Look::Noisy));
        let bar = |(name, value): (&str, f64)| Bar { run: run.clone(), name: name.to_owned(), value };
        phases.bars.extend(snapshot.phases.iter().map(|spent| bar((spent.phase.name(), spent.wall))));
        for (phase, series) in snapshot.phases_present() {
            phases_along.curves.push(view.curve((run, snapshot), phase.name(), series, Look::Line));
        }
    }
    kept(vec![along, phases, phases_along])
}

/// Those in which there is something to be seen, without curves that have no value.
pub(super) fn kept(mut figures: Vec<Figure>) -> Vec<Figure> {
    for figure in &mut figures {
        figure.curves.retain(|curve| !curve.points.is_empty());
    }
    figures.retain(|figure| !figure.is_empty());
    figures
}

fn turn(point: &mut Point) {
    *point = Point { x: point.x, y: -point.y, low: -point.high, high: -point.low };
}

impl View {
    pub(super) fn figure(self, title: &str, quantity: &str, runs: &[Labelled]) -> Figure {
        let axis = |label: &str, log| Axis { label: label.to_owned(), log };
        let marks = |(run, snapshot): &Labelled| {
            let mark = |mark: &crate::session::snapshot::Mark| Mark {
                run: run.clone(),
                x: self.place(snapshot, mark.step),
                text: mark.text.clone(),
            };
            snapshot.marks.iter().map(mark).collect::<Vec<_>>()
        };
        Figure {
            title: title.to_owned(),
            x: axis(self.x.label(), self.log_x),
            y: axis(quantity, !self.linear_y),
            marks: runs.iter().flat_map(marks).collect(),
            ..Figure::default()
        }
    }

    pub(super) fn curve(
        self,
        (run, snapshot): (&String, &Arc<Snapshot>),
        quantity: &str,
        series: &Series,
        look: Look,
    ) -> Curve {
        let point = |point: &history::Point| {
            let (low, high) = if point.count == 0 { (f64::NAN, f64::NAN) } else { (point.min, point.max) };
            Point { x: self.place(snapshot, point.step), y: point.mean(), low, high }
        };
        let points = series.points().iter().map(point).collect();
        Curve { run: run.clone(), quantity: quantity.to_owned(), look, points }
    }

    /// Where a step lies on the x axis.
    fn place(self, snapshot: &Snapshot, step: u64) -> f64 {
        let epochs = || between(&snapshot.epoch, step, |point| point.max);
        match self.x {
            Abscissa::Update => step as f64,
            Abscissa::Epoch => epochs(),
            Abscissa::Sample => epochs() * snapshot.run.as_ref().map_or(0.0, |run| run.train_data as f64),
            Abscissa::Second => between(&snapshot.loss, step, |point| point.seconds),
        }
    }
}

/// A value at a step, on a straight line between its neighbours; it is 0 at step 0.
fn between(series: &Series, step: u64, value: impl Fn(&history::Point) -> f64) -> f64 {
    let points = series.points();
    let index = points.partition_point(|point| point.step < step);
    let at = |point: &history::Point| (point.step as f64, value(point));
    let left = index.checked_sub(1).and_then(|left| points.get(left)).map(at);
    let (left, right) = match (left, points.get(index).map(at)) {
        (Some(left), Some(right)) => (left, right),
        (None, Some(right)) if right.0 > 0.0 => ((0.0, 0.0), right),
        (Some((_, only)), None) | (None, Some((_, only))) => return only,
        (None, None) => return 0.0,
    };
    left.1 + (step as f64 - left.0) / (right.0 - left.0) * (right.1 - left.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::zoo::run;

    /// Places and values of a curve.
    fn values(figure: &Figure, quantity: &str) -> Vec<(f64, f64)> {
        let curve = figure.curves.iter().find(|curve| curve.quantity == quantity).unwrap();
        curve.points.iter().map(|point| (point.x, point.y)).collect()
    }

    #[test]
    fn x_counts_what_is_asked_for() {
        let expected = [
            (Abscissa::Update, [0.0, 2.0, 4.0]),
            (Abscissa::Epoch, [0.0, 0.5, 1.0]),
            (Abscissa::Sample, [0.0, 50.0, 100.0]),
            (Abscissa::Second, [0.0, 0.2, 0.4]),
        ];
        for (x, places) in expected {
            let figures = loss(&[run("one")], View { x, ..View::default() });
            let found: Vec<_> = values(&figures[0], "training set").into_iter().map(|(x, _)| x).collect();
            assert!(found.iter().zip(places).all(|(found, place)| (found - place).abs() < 1e-12), "{x:?}: {found:?}");
        }
    }

    #[test]
    fn every_run_has_its_curves_and_what_was_not_recorded_has_none() {
        let figures = loss(&[run("one"), run("two")], View::default());
        let found: Vec<_> =
            figures[0].curves.iter().map(|curve| (curve.run.as_str(), curve.quantity.as_str())).collect();
        let of = |run| [(run, "minibatch"), (run, "training set")];
        assert_eq!(found, [of("one"), of("two")].concat());
        assert_eq!(figures[0].marks[0].text, "γ 1 → 0.1");
        assert!(values(&figures[0], "minibatch")[2].1.is_nan());
        assert!(rank(&[("none".to_owned(), Arc::default())], View::default()).is_empty());
    }

    #[test]
    fn a_rank_between_two_bounds_is_a_band() {
        let figures = rank(&[run("one")], View::default());
        let curves = &figures[0].curves;
        assert_eq!(curves[0].quantity, "all layers");
        assert_eq!((curves[0].points[0].low, curves[0].points[0].high), (5.0, 7.0));
        assert_eq!((curves[1].look, curves[1].points[0].y), (Look::Bound, 9.0));
    }

    #[test]
    fn a_smallest_eigenvalue_is_turned_about_where_y_is_logarithmic() {
        for (linear_y, name, value) in [(false, "−λ min, layer 1", 0.5), (true, "λ min, layer 1", -0.5)] {
            let figures = hessian(&[run("one")], View { linear_y, ..View::default() });
            assert_eq!(figures.len(), 3);
            assert_eq!(values(&figures[2], name), [(4.0, value)]);
            assert_eq!(values(&figures[1], "λ max, layer 1"), [(4.0, 8.0)]);
            assert_eq!(values(&figures[0], "tr H, layer 1"), [(4.0, 20.0)]);
        }
    }

    #[test]
    fn phases_are_bars() {
        let figures = timing(&[run("one"), run("two")], View::default());
        assert_eq!(figures.len(), 3);
        assert_eq!(values(&figures[2], "forward"), [1.0, 2.0, 3.0, 4.0].map(|update| (update, 0.04)));
        let bar = Bar { run: "two".to_owned(), name: "forward".to_owned(), value: 0.04 };
        assert!(figures[1].bars.contains(&bar), "{:?}", figures[1].bars);
    }
}
