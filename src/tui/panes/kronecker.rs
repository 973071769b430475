//! How far Kronecker blocks, their factors and the expected Fisher are from Ḡ.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::curves::{Curves, Look, Quantity};
use super::{Pane, Scene, dates, measured_at, scope_name, split, waiting};
use crate::diagnostics::Kronecker as Method;
use crate::diagnostics::approximation::{Approximation, KroneckerError};
use crate::diagnostics::fisher::FisherDistance;
use crate::diagnostics::{Diagnostic, Scope};
use crate::session::Snapshot;
use crate::session::snapshot::Tracked;
use crate::tui::number::{column, digits, duration};
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::{put, table};

pub use crate::export::curvature::kronecker as figures;

/// The view of the factors, and that of the errors along the run.
const FACTORS: usize = 1;
const ALONG: usize = 2;

pub const ABOUT: &[&str] = &[
    "How far Kronecker-factored blocks are from those of Ḡ: the Frobenius norm",
    "of the difference over that of the block. Below 0.1 is good; at 1 the",
    "block might as well be 0. Fisher: the same of the expected Fisher matrix,",
    "0 where it equals Ḡ by structure. Below 1e-7 is rounding. KFAC and EKFAC",
    "rest on targets drawn for each datum: another seed, other errors.",
    "Further views: the pre-activation factors alone; errors along the run.",
];

pub fn title(scene: &Scene<'_>) -> String {
    let view = scene.state.view(Pane::Kronecker);
    if view == ALONG {
        return format!("Kronecker errors · {}", scope_name(scene.snapshot, shown(scene), true));
    }
    ["Errors of Kronecker blocks", "Errors of factors G"][view].to_owned()
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[Diagnostic::Approximation, Diagnostic::Fisher]
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let (blocks, fisher) = found(scene.snapshot);
    let data = blocks.first().map(|one| one.latest.data).or_else(|| fisher.first().map(|one| one.latest.data));
    let Some(data) = data else { return Vec::new() };
    let cost = blocks.iter().map(|one| one.latest.cost).chain(fisher.iter().map(|one| one.latest.cost)).sum();
    let [errors, distance] =
        [dates(blocks.iter().map(|one| one.latest.step)), dates(fisher.iter().map(|one| one.latest.step))];
    // Both have a cadence of their own.
    let when = match (blocks.is_empty(), fisher.is_empty()) {
        (false, false) if errors != distance => format!("{errors}, Fisher @ {distance}"),
        (false, _) => errors,
        (true, _) => distance,
    };
    measured_at(&when, data, cost)
}

pub fn rows(snapshot: &Snapshot) -> usize {
    let (blocks, fisher) = found(snapshot);
    layers(&blocks, &fisher).len()
}

fn found(snapshot: &Snapshot) -> (Vec<Tracked<'_, Approximation>>, Vec<Tracked<'_, FisherDistance>>) {
    (snapshot.tracked(), snapshot.tracked())
}

/// The layers of which anything is known, in their order.
fn layers(blocks: &[Tracked<Approximation>], fisher: &[Tracked<FisherDistance>]) -> Vec<usize> {
    let all = blocks.iter().map(|one| one.latest.layer).chain(fisher.iter().map(|one| one.latest.layer));
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The layer whose errors are drawn along the run.
fn shown(scene: &Scene<'_>) -> Scope {
    Scope::Layer(scene.layer())
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let (blocks, fisher) = found(snapshot);
    let layers = layers(&blocks, &fisher);
    if layers.is_empty() {
        put(buffer, area, 0, &Line::styled(waiting(scene, Diagnostic::Approximation), theme.faint));
        return 0;
    }
    let view = scene.state.view(Pane::Kronecker);
    let (above, below) = if view == ALONG { (Rect::ZERO, Some(area)) } else { split(area, layers.len()) };
    if let Some(below) = below {
        along(buffer, below, scene, &blocks, &fisher);
    }
    if above.is_empty() {
        return 0;
    }
    let wide = area.width >= 60;
    let error: fn(&KroneckerError) -> f64 = if view == FACTORS { |error| error.factor } else { |error| error.block };
    let cells = |texts: Vec<String>| texts.into_iter().map(|text| (text, theme.text)).collect::<Vec<_>>();
    let block = |layer| blocks.iter().map(|one| one.latest).find(|found| found.layer == layer);
    let distance = |layer| fisher.iter().map(|one| one.latest).find(|found| found.layer == layer);
    let of_blocks = |of: &dyn Fn(&Approximation) -> f64| -> Vec<f64> {
        layers.iter().map(|&layer| block(layer).map_or(f64::NAN, of)).collect()
    };
    let named = layers.iter().map(|&layer| {
        let scope = Scope::Layer(layer);
        // The chosen layer stands out.
        (scope_name(snapshot, scope, wide), if scene.scope() == scope { theme.selected } else { theme.text })
    });
    let mut columns = vec![table::Column::words(if wide { "layer" } else { "" }, 9, named.collect())];
    for (&method, importance) in Method::ALL.iter().zip([6, 5, 7, 8]) {
        let of =
            |found: &Approximation| found.errors.iter().find(|error| error.method == method).map_or(f64::NAN, error);
        columns.push(table::Column::numbers(method.name(), importance, shaded(&of_blocks(&of), theme)));
    }
    let distances = layers.iter().map(|&layer| match distance(layer) {
        None => ("–".to_owned(), theme.faint),
        Some(found) if found.by_structure => ("0".to_owned(), theme.good),
        Some(found) => (digits(if view == FACTORS { found.factor } else { found.block }, 3), theme.warning),
    });
    columns.push(table::Column::numbers("Fisher", 4, distances.collect()));
    let norms = column(&of_blocks(&|found| found.norm)).into_iter().zip(&layers);
    let norms = norms.map(|(text, &layer)| block(layer).map_or_else(|| "–".to_owned(), |_| text));
    columns.push(table::Column::numbers("‖Ḡ‖", 2, cells(norms.collect())));
    let cost = |&layer| block(layer).map_or(0.0, |found| found.cost) + distance(layer).map_or(0.0, |found| found.cost);
    columns.push(table::Column::numbers("CPU", 3, cells(layers.iter().map(cost).map(duration).collect())));
    table::draw(buffer, above, columns, scene.state.scroll[Pane::Kronecker.index()], theme)
}

/// Errors in one format: good ones, of less than a tenth, and bad ones, of more than the block itself, stand out.
fn shaded(errors: &[f64], theme: &Theme) -> Vec<(String, Style)> {
    let shown = |&error: &f64| match digits(error, 3) {
        // What was not measured.
        _ if error.is_nan() => ("–".to_owned(), theme.faint),
        text if error < 0.1 => (text, theme.good),
        text if error > 1.0 => (text, theme.bad),
        text => (text, theme.text),
    };
    errors.iter().map(shown).collect()
}

/// The errors of the blocks of one layer along the run, and the distance of its expected Fisher.
fn along(
    buffer: &mut Buffer,
    area: Rect,
    scene: &Scene<'_>,
    blocks: &[Tracked<'_, Approximation>],
    fisher: &[Tracked<'_, FisherDistance>],
) {
    let quantity = |(name, series)| Quantity {
        name: format!("{name} of {}:", scene.layer()),
        series: Cow::Borrowed(series),
        look: Look::Curve,
        run: scene.snapshot,
    };
    let block = blocks.iter().find(|one| Scope::Layer(one.latest.layer) == shown(scene));
    let errors = block.map(|one| [("KFRA", one.history), ("KFAC", one.other), ("EKFAC", one.third)]);
    // Where the two are one by structure there is no distance to draw.
    let distance = fisher.iter().find(|one| Scope::Layer(one.latest.layer) == shown(scene) && !one.latest.by_structure);
    let all = errors.into_iter().flatten().chain(distance.map(|one| ("Fisher", one.history)));
    let log = !scene.state.linear_y[Pane::Kronecker.index()];
    Curves { quantities: all.map(quantity).collect(), log, sign: 1.0, empty: "" }.draw(buffer, area, scene);
}
