//! Blocks of the exact Hessian.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::curves::{Curves, Look, Quantity};
use super::{Pane, Scene, dates, measured_at, scope_name, split, waiting};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::hessian::{Definite, HessianBlock};
use crate::linalg::ROUNDING;
use crate::session::Snapshot;
use crate::session::snapshot::Tracked;
use crate::tui::number::{column, count, digits, duration};
use crate::tui::state::State;
use crate::tui::widgets::{bar, put, table};

pub use crate::export::quantity::hessian as figures;

pub const ABOUT: &[&str] = &[
    "The blocks of the exact Hessian of a probe batch, one a layer.",
    "tr Ḡ: the trace of the block of the Gauss-Newton matrix.",
    "λ max and λ min: of small blocks exact, of others by Lanczos iterations,",
    "which leave the residual resid. negative: how many eigenvalues are, or at",
    "least are. cond.: λ max / λ min.",
    "PSD: positive semi-definite. always: with a convex loss, the last block, and",
    "all where activations are piecewise linear. no: a negative eigenvalue was",
    "measured. yes: all were, and none is. open: none was seen, which does not",
    "exclude one.",
];

pub fn title(scene: &Scene<'_>) -> String {
    let view = scene.state.view(Pane::Hessian);
    let title = match (view, scene.state.linear_y[Pane::Hessian.index()]) {
        (0, _) => "Hessian blocks",
        (1, false) => "−λ min of the Hessian blocks",
        (1, true) => "λ min of the Hessian blocks",
        _ => "tr H of the Hessian blocks",
    };
    title.to_owned()
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let tracked = scene.snapshot.tracked::<HessianBlock>();
    let blocks = || tracked.iter().map(|block| block.latest);
    let Some(latest) = blocks().max_by_key(|block| block.step) else { return Vec::new() };
    let cost: f64 = blocks().map(|block| block.cost).sum();
    measured_at(&dates(blocks().map(|block| block.step)), latest.data, cost)
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[Diagnostic::Hessian]
}

pub fn rows(snapshot: &Snapshot) -> usize {
    snapshot.tracked::<HessianBlock>().len()
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let tracked = snapshot.tracked::<HessianBlock>();
    if tracked.is_empty() {
        put(buffer, area, 0, &Line::styled(waiting(scene, Diagnostic::Hessian), theme.faint));
        return 0;
    }
    let view = scene.state.view(Pane::Hessian);
    let (area, below) = if view > 0 { (Rect::ZERO, Some(area)) } else { split(area, tracked.len()) };
    if let Some(below) = below {
        chart(buffer, below, scene, &tracked, view < 2);
    }
    if area.is_empty() {
        return 0;
    }
    let blocks = || tracked.iter().map(|block| block.latest);
    let cells = |texts: Vec<String>| texts.into_iter().map(|text| (text, theme.text)).collect::<Vec<_>>();
    let numbers = |of: &dyn Fn(&HessianBlock) -> f64| column(&blocks().map(of).collect::<Vec<_>>());
    let wide = area.width >= 70;
    let smallest = numbers(&|block| block.smallest).into_iter().zip(blocks());
    let smallest =
        smallest.map(|(text, block)| (text, if block.smallest < 0.0 { theme.bad } else { theme.text })).collect();
    let trend = |block: &Tracked<HessianBlock>| {
        let values: Vec<_> = block.history.points().iter().map(crate::session::history::Point::mean).collect();
        (bar::sparkline(&values, if area.width >= 100 { 24 } else { 12 }, theme.is_ascii()), theme.series[0])
    };
    let columns = vec![
        table::Column::words(
            if wide { "layer" } else { "" },
            10,
            cells(blocks().map(|block| scope_name(snapshot, block.scope, wide)).collect()),
        ),
        table::Column::numbers("tr H", 7, cells(numbers(&|block| block.trace))),
        table::Column::numbers("tr Ḡ", 5, cells(numbers(&|block| block.gauss_newton_trace))),
        table::Column::numbers("λ max", 6, cells(numbers(&|block| block.largest))),
        table::Column::numbers("λ min", 9, smallest),
        table::Column::words("PSD", 8, blocks().map(|block| definite(block.definite, wide, theme)).collect()),
        table::Column::numbers("negative", 3, cells(blocks().map(negative).collect())),
        table::Column::words("λ min so far", 4, tracked.iter().map(trend).collect()),
        table::Column::numbers("resid.", 3, cells(numbers(&|block| block.residual))),
        table::Column::numbers("cond.", 2, cells(blocks().map(condition).collect())),
        table::Column::numbers("CPU", 2, cells(blocks().map(|block| duration(block.cost)).collect())),
        table::Column::numbers("products", 1, cells(blocks().map(products).collect())),
    ];
    table::draw(buffer, area, columns, scene.state.scroll[Pane::Hessian.index()], theme)
}

/// `λ_min` or the trace of every block along the run. Where y is logarithmic `λ_min` is shown turned about,
/// for it is mostly negative.
fn chart(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, blocks: &[Tracked<HessianBlock>], smallest: bool) {
    let pane = Pane::Hessian.index();
    let sign = if smallest && !scene.state.linear_y[pane] { -1.0 } else { 1.0 };
    let quantity = match (smallest, sign < 0.0) {
        (false, _) => "tr H",
        (true, true) => "−λ min",
        (true, false) => "λ min",
    };
    let quantities = blocks.iter().enumerate().map(|(index, block)| Quantity {
        name: format!(
            "{}{}:",
            if index == 0 { format!("{quantity} of ") } else { String::new() },
            scope_name(scene.snapshot, block.latest.scope, false)
        ),
        series: Cow::Borrowed(if smallest { block.history } else { block.other }),
        look: Look::Curve,
        run: scene.snapshot,
    });
    let log = !scene.state.linear_y[pane];
    Curves { quantities: quantities.collect(), log, sign, empty: "" }.draw(buffer, area, scene);
}

/// How many eigenvalues are negative, or at least are.
fn negative(block: &HessianBlock) -> String {
    match (block.products, block.definite) {
        (0, _) | (_, Definite::ByStructure) => count(block.negative as u64),
        _ if block.negative == 0 => "–".to_owned(),
        _ => format!("≥ {}", count(block.negative as u64)),
    }
}

/// λ_max / λ_min, where all eigenvalues are known and none is negative.
fn condition(block: &HessianBlock) -> String {
    let known = block.products == 0 && block.negative == 0;
    match known {
        false => "–".to_owned(),
        true if block.smallest <= ROUNDING * block.largest => "∞".to_owned(),
        true => digits(block.largest / block.smallest, 3),
    }
}

/// Products, or that there was no need of them.
fn products(block: &HessianBlock) -> String {
    if block.products == 0 { "all λ".to_owned() } else { count(block.products as u64) }
}

/// Whether a block is positive semi-definite, and how that is known.
fn definite(definite: Definite, wide: bool, theme: &crate::tui::theme::Theme) -> (String, ratatui::style::Style) {
    let (text, style) = match (definite, wide) {
        (Definite::ByStructure, true) => ("yes, always", theme.good),
        (Definite::ByStructure, false) => ("always", theme.good),
        (Definite::Decomposed, true) => ("yes, measured", theme.good),
        (Definite::Decomposed, false) => ("yes", theme.good),
        (Definite::Undecided, true) => ("open, none seen", theme.text),
        (Definite::Undecided, false) => ("open", theme.text),
        (Definite::Indefinite, true) => ("no, measured", theme.bad),
        (Definite::Indefinite, false) => ("no", theme.bad),
    };
    (text.to_owned(), style)
}
