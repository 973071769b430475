//! How far Kronecker blocks, their factors and the expected Fisher are from Ḡ.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::curves::{Curves, Look, Quantity};
use super::{Pane, Scene, measured, scope_name, split, waiting};
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
    "block might as well be 0. Fisher: the same of the expected Fisher matrix.",
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
    let Some(latest) = blocks.iter().map(|one| one.latest).max_by_key(|found| found.step) else { return Vec::new() };
    let distances = fisher.iter().map(|one| one.latest).filter(|found| found.step == latest.step);
    let cost: f64 = blocks.iter().map(|one| one.latest.cost).sum::<f64>() + distances.map(|one| one.cost).sum::<f64>();
    measured(latest.step, latest.data, cost)
}

pub fn rows(snapshot: &Snapshot) -> usize {
    snapshot.tracked::<Approximation>().len()
}

fn found(snapshot: &Snapshot) -> (Vec<Tracked<'_, Approximation>>, Vec<Tracked<'_, FisherDistance>>) {
    (snapshot.tracked(), snapshot.tracked())
}

/// The layer whose errors are drawn along the run.
fn shown(scene: &Scene<'_>) -> Scope {
    Scope::Layer(scene.layer())
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let (blocks, fisher) = found(snapshot);
    if blocks.is_empty() {
        put(buffer, area, 0, &Line::styled(waiting(snapshot, Diagnostic::Approximation), theme.faint));
        return 0;
    }
    let view = scene.state.view(Pane::Kronecker);
    let (above, below) = if view == ALONG { (Rect::ZERO, Some(area)) } else { split(area, blocks.len()) };
    if let Some(below) = below {
        along(buffer, below, scene, &blocks);
    }
    if above.is_empty() {
        return 0;
    }
    let wide = area.width >= 60;
    let error: fn(&KroneckerError) -> f64 = if view == FACTORS { |error| error.factor } else { |error| error.block };
    let cells = |texts: Vec<String>| texts.into_iter().map(|text| (text, theme.text)).collect::<Vec<_>>();
    let name = |one: &Tracked<Approximation>| scope_name(snapshot, Scope::Layer(one.latest.layer), wide);
    let mut columns = vec![table::Column::words(
        if wide { "layer" } else { "" },
        9,
        blocks.iter().map(name).zip(styles(scene, &blocks)).collect(),
    )];
    for (&method, importance) in Method::ALL.iter().zip([6, 5, 7, 8]) {
        let of = |one: &Tracked<Approximation>| {
            one.latest.errors.iter().find(|error| error.method == method).map_or(f64::NAN, error)
        };
        let values: Vec<_> = blocks.iter().map(of).collect();
        columns.push(table::Column::numbers(method.name(), importance, shaded(&values, theme)));
    }
    let distance = |one: &Tracked<Approximation>| {
        let same = fisher.iter().map(|one| one.latest).find(|found| found.layer == one.latest.layer);
        match same {
            None => ("–".to_owned(), theme.faint),
            Some(found) if found.by_structure => ("0".to_owned(), theme.good),
            Some(found) => (digits(if view == FACTORS { found.factor } else { found.block }, 3), theme.warning),
        }
    };
    columns.push(table::Column::numbers("Fisher", 4, blocks.iter().map(distance).collect()));
    let norms: Vec<_> = blocks.iter().map(|one| one.latest.norm).collect();
    columns.push(table::Column::numbers("‖Ḡ‖", 2, cells(column(&norms))));
    let costs = blocks.iter().map(|one| duration(one.latest.cost)).collect();
    columns.push(table::Column::numbers("CPU", 3, cells(costs)));
    table::draw(buffer, above, columns, scene.state.scroll[Pane::Kronecker.index()], theme)
}

/// The chosen layer stands out.
fn styles(scene: &Scene<'_>, blocks: &[Tracked<'_, Approximation>]) -> Vec<Style> {
    let style = |layer| if scene.scope() == Scope::Layer(layer) { scene.theme.selected } else { scene.theme.text };
    blocks.iter().map(|one| style(one.latest.layer)).collect()
}

/// Errors in one format: good ones, of less than a tenth, and bad ones, of more than the block itself, stand out.
fn shaded(errors: &[f64], theme: &Theme) -> Vec<(String, Style)> {
    let style = |error: f64| match error {
        error if error < 0.1 => theme.good,
        error if error > 1.0 => theme.bad,
        _ => theme.text,
    };
    errors.iter().map(|&error| (digits(error, 3), style(error))).collect()
}

/// The errors of the blocks of one layer along the run.
fn along(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, blocks: &[Tracked<'_, Approximation>]) {
    let Some(one) = blocks.iter().find(|one| Scope::Layer(one.latest.layer) == shown(scene)) else { return };
    let quantity = |(name, series)| Quantity {
        name: format!("{name} of {}:", scene.layer()),
        series: Cow::Borrowed(series),
        look: Look::Curve,
        run: scene.snapshot,
    };
    let quantities = [("KFRA", one.history), ("KFAC", one.other), ("EKFAC", one.third)].map(quantity).into();
    let log = !scene.state.linear_y[Pane::Kronecker.index()];
    Curves { quantities, log, sign: 1.0, empty: "" }.draw(buffer, area, scene);
}
