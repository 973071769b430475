//! The Curvature screen.

use super::*;
use crate::curvature::Factor;
use crate::diagnostics::alignment::{Aligned, Alignment, Direction};
use crate::diagnostics::approximation::{Approximation, KroneckerError};
use crate::diagnostics::factors::{FactorKind, FactorMap, LayerFactors};
use crate::diagnostics::fisher::FisherDistance;
use crate::diagnostics::hessian_spectrum::HessianSpectrum;
use crate::diagnostics::images::Images;
use crate::diagnostics::rank_curve::{RankCurve, RankPoint};
use crate::diagnostics::spectrum::GaussNewtonSpectrum;
use crate::diagnostics::surface::{Along, Surface};
use crate::diagnostics::{Density, Diagnostic, Estimate, Kronecker, Measurement, Scope, Spectrum, SpectrumMethod};
use crate::session::Command;

/// The screen with a pane focused.
pub fn on(focus: Pane, view: usize, layer: usize) -> State {
    let mut state = State { layer, ..State::default() };
    state.show(focus.screen());
    state.focus = focus;
    state.views[focus.index()] = view;
    state
}

#[test]
fn the_curvature_screen_in_every_size_with_and_without_colours() {
    for (width, height) in [(80, 24), (120, 36), (250, 70)] {
        for (colour, name) in [(true, "colour"), (false, "no_color")] {
            let theme = Theme::new(Palette::Dark, colour, Signs::Braille);
            let shown = picture(width, height, &on(Pane::Spectrum, 1, 3), &sample::measured(1000), &theme);
            insta::assert_snapshot!(format!("curvature_{width}_{height}_{name}"), text(&shown));
        }
    }
}

#[test]
fn every_view_of_its_panes() {
    for &focus in Pane::of(Screen::Curvature) {
        for view in 0..focus.views() {
            for zoom in [false, true] {
                let state = State { zoom, ..on(focus, view, usize::from(zoom) * 2) };
                let name = format!("{focus:?}_{view}{}", if zoom { "_zoom" } else { "" }).to_lowercase();
                let shown = picture(100, 30, &state, &sample::measured(1000), &dark());
                insta::assert_snapshot!(format!("curvature_{name}"), text(&shown));
            }
        }
    }
}

#[test]
fn the_images_screen_in_every_size_with_and_without_colours() {
    for (width, height) in [(80, 24), (120, 36), (250, 70)] {
        for (colour, name) in [(true, "colour"), (false, "no_color")] {
            let theme = Theme::new(Palette::Dark, colour, Signs::Braille);
            let shown = picture(width, height, &on(Pane::Images, 0, 0), &sample::measured(1000), &theme);
            insta::assert_snapshot!(format!("images_{width}_{height}_{name}"), text(&shown));
        }
    }
}

#[test]
fn the_loss_surface_alone_and_where_the_parameters_are() {
    let plain = Theme::new(Palette::Dark, false, Signs::Braille);
    let mut snapshot = sample::measured(1000);
    let alone = State { zoom: true, ..on(Pane::Surface, 0, 0) };
    insta::assert_snapshot!("surface_alone", text(&picture(100, 30, &alone, &snapshot, &plain)));
    // The colours of the map do not hide the mark.
    let coloured = picture(100, 30, &alone, &snapshot, &dark());
    let mark = coloured.content.chunks(100).skip(3).flatten().find(|cell| cell.symbol() == "+").unwrap();
    assert_eq!((mark.fg, mark.bg), (Color::Reset, Color::Reset));
    // Along the weights the parameters lie at 1, here at the upper right corner.
    let mut found = sample::surface(1000);
    found.plane.axes.iter_mut().for_each(|axis| axis.along = Along::Weights);
    snapshot.apply(&Event::Measured(Measurement::Surface(found)));
    let shown = text(&picture(100, 30, &alone, &snapshot, &plain));
    let marked: Vec<_> = shown.lines().skip(3).filter_map(|line| line.rfind('+')).collect();
    assert_eq!(marked.len(), 1, "{shown}");
    assert!(shown.lines().nth(3).is_some_and(|line| line.contains('+')), "{shown}");
}

#[test]
fn images_alone_and_the_worst_mistakes() {
    let plain = Theme::new(Palette::Dark, false, Signs::Braille);
    let mut snapshot = sample::measured(1000);
    let alone = State { zoom: true, image: 5, ..on(Pane::Images, 0, 0) };
    insta::assert_snapshot!("images_alone", text(&picture(100, 30, &alone, &snapshot, &plain)));
    snapshot.apply(&Event::Measured(Measurement::Images(sample::images(1000, true))));
    for zoom in [false, true] {
        let state = State { zoom, image: 3, ..on(Pane::Images, 1, 0) };
        let shown = text(&picture(100, 30, &state, &snapshot, &plain));
        insta::assert_snapshot!(format!("images_mistakes_{zoom}"), shown);
    }
}

#[test]
fn before_anything_is_measured_its_panes_say_how_to() {
    let mut snapshot = sample::snapshot(10);
    let show = |snapshot: &Snapshot| text(&picture(100, 30, &on(Pane::Spectrum, 0, 0), snapshot, &dark()));
    insta::assert_snapshot!("curvature_not_measured", show(&snapshot));
    for (ticket, diagnostic) in (1..).zip([Diagnostic::Spectrum, Diagnostic::Alignment]) {
        let (command, change) = (Command::Measure(diagnostic), format!("measure {}", diagnostic.title()));
        snapshot.apply(&Event::Applied { ticket, step: 10, command, change });
    }
    insta::assert_snapshot!("curvature_measuring", show(&snapshot));
}

/// Whatever a diagnostic of this screen might find, however absurd.
pub fn absurd([a, b, c]: [f64; 3], n: usize, layer: usize, step: u64) -> Measurement {
    let scope = if layer == 0 { Scope::Whole } else { Scope::Layer(layer) };
    let estimate = Estimate { value: a, error: b, low: c, high: a, vectors: n % 3 };
    let spectrum = Spectrum {
        step,
        scope,
        parameters: n,
        data: n,
        method: SpectrumMethod::Quadrature,
        positive: estimate,
        negative: estimate,
        tolerance: a,
        largest: b,
        smallest: c,
        trace: estimate,
        effective: Some(estimate),
        eigenvalues: vec![a],
        density: Density { scale: a, positive: vec![b; n % 70], negative: vec![c; layer], zero: b },
        products: n,
        cost: a,
    };
    match n % 9 {
        0 => Measurement::Spectrum(GaussNewtonSpectrum(spectrum)),
        1 => Measurement::HessianSpectrum(HessianSpectrum(spectrum)),
        2 => {
            let errors = Kronecker::ALL.iter().map(|&method| KroneckerError { method, block: a, factor: b });
            Measurement::Approximation(Approximation {
                step,
                layer,
                norm: a,
                errors: errors.take(layer).collect(),
                data: n,
                cost: b,
            })
        }
        3 => {
            let by_structure = layer.is_multiple_of(2);
            Measurement::Fisher(FisherDistance { step, layer, block: a, factor: b, by_structure, data: n, cost: c })
        }
        4 => {
            let directions = Direction::ALL.iter().take(layer).map(|&direction| Aligned {
                direction,
                cosine: a,
                curvature_cosine: b,
                norm_ratio: c,
                decrease: a,
            });
            Measurement::Alignment(Alignment {
                step,
                scope,
                damping: a,
                gradient_norm: b,
                exact_norm: c,
                residual: a,
                products: n,
                directions: directions.collect(),
                data: n,
                cost: c,
            })
        }
        5 => {
            let mut images = sample::images(step, layer.is_multiple_of(2));
            (images.shape, images.loss, images.range, images.data) = ((n % 40, layer), a, (b, c), n);
            images.first.truncate(layer);
            images.worst.iter_mut().for_each(|image| image.loss = a);
            Measurement::Images(Images { wrong: Some(n), ..images })
        }
        6 => {
            let matrix = ndarray::Array2::from_elem((n % 100, n % 100), if a.is_finite() { a } else { 0.0 });
            let factor = FactorMap::new(FactorKind::Input, &Factor::Dense(matrix)).unwrap();
            Measurement::Factors(LayerFactors { step, layer, factors: vec![factor], data: n, cost: b })
        }
        7 => {
            let found = sample::surface(step);
            Measurement::Surface(Surface {
                losses: vec![if n.is_multiple_of(2) { a } else { b }; found.losses.len()],
                loss: c,
                ..found
            })
        }
        _ => {
            let point = RankPoint { data: n, lower: layer, upper: n, bound: n / 3 };
            Measurement::RankCurve(RankCurve { step, scope, parameters: n, points: vec![point; layer], cost: a })
        }
    }
}
