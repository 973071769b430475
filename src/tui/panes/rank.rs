//! Rank of Ḡ and of its blocks.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::curves::{Curves, Look, Quantity};
use super::{Pane, Scene, dates, measured_at, scope_name, split, waiting};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::rank::{Rank, RankMethod};
use crate::session::Snapshot;
use crate::session::snapshot::Tracked;
use crate::tui::number::{compact, count, digits, duration, percents};
use crate::tui::runs::{Overlaid, overlay};
use crate::tui::state::State;
use crate::tui::widgets::{put, table};

pub use crate::export::quantity::rank as figures;

pub const ABOUT: &[&str] = &[
    "Ḡ is the Gauss-Newton matrix of a probe batch, whole and by layers,",
    "of P parameters and M columns. Its rank is the numerical one: the number",
    "of eigenvalues above max(M, P) ε λ max, where ε = 2.2e-16: of each matrix",
    "its own, so that eigenvalues near it may count in a block and not in all.",
    "exact: counted so, or two bounds that meet. bounds: between two numbers.",
    "bound: the most that data and widths of layers allow.",
    "effective: (tr Ḡ)² / tr Ḡ².",
];

pub fn title(scene: &Scene<'_>) -> String {
    ["Rank of Ḡ", "Rank of Ḡ along the run"][scene.state.view(Pane::Rank)].to_owned()
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let tracked = scene.snapshot.tracked::<Rank>();
    let ranks = || tracked.iter().map(|rank| rank.latest);
    let Some(latest) = ranks().max_by_key(|rank| rank.step) else { return Vec::new() };
    let cost: f64 = ranks().map(|rank| rank.cost).sum();
    measured_at(&dates(ranks().map(|rank| rank.step)), latest.data, cost)
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[Diagnostic::Rank]
}

pub fn rows(snapshot: &Snapshot) -> usize {
    snapshot.tracked::<Rank>().len()
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let tracked = scene.snapshot.tracked::<Rank>();
    if tracked.is_empty() {
        put(buffer, area, 0, &Line::styled(waiting(scene, Diagnostic::Rank), scene.theme.faint));
        return 0;
    }
    let (area, below) =
        if scene.state.view(Pane::Rank) == 1 { (Rect::ZERO, Some(area)) } else { split(area, tracked.len()) };
    if let Some(below) = below {
        let log = !scene.state.linear_y[Pane::Rank.index()];
        Curves { quantities: quantities(scene, &tracked), log, sign: 1.0, empty: "" }.draw(buffer, below, scene);
    }
    if area.is_empty() {
        return 0;
    }
    let ranks: Vec<_> = tracked.iter().map(|rank| rank.latest).collect();
    let columns = columns(scene, &ranks, area.width >= 60);
    table::draw(buffer, area, columns, scene.state.scroll[Pane::Rank.index()], scene.theme)
}

/// The ranks along the run, the whole one of other runs, and its bound.
fn quantities<'a>(scene: &'a Scene<'_>, tracked: &[Tracked<'a, Rank>]) -> Vec<Quantity<'a>> {
    let name = |rank: &Rank| scope_name(scene.snapshot, rank.scope, false);
    let curve = |rank: &Tracked<'a, Rank>| Quantity {
        // Where the rank is between two bounds, the lower one is drawn.
        name: name(rank.latest) + if is_exact(rank.latest) { ":" } else { " ≥" },
        series: Cow::Borrowed(rank.history),
        look: Look::Curve,
        run: scene.snapshot,
    };
    let bound = |whole: &Tracked<'a, Rank>| Quantity {
        name: format!("bound of {}", name(whole.latest)),
        series: Cow::Borrowed(whole.other),
        look: Look::Bound,
        run: scene.snapshot,
    };
    let mut quantities: Vec<_> = tracked.iter().map(curve).collect();
    let others: Vec<_> = scene.marked(scene.state.runs.shown).collect();
    // Other runs are compared with the whole, which comes first.
    quantities.splice(1..1, overlay(scene, &others, Overlaid::Rank));
    quantities.extend(tracked.first().map(bound));
    quantities
}

/// The table of the latest ranks, a row for each; where it is narrow in few words.
fn columns(scene: &Scene<'_>, ranks: &[&Rank], wide: bool) -> Vec<table::Column> {
    let theme = scene.theme;
    let cells = |text: &dyn Fn(&Rank) -> String| ranks.iter().map(|rank| (text(rank), theme.text)).collect::<Vec<_>>();
    let short = |value: usize| if wide { count(value as u64) } else { compact(value as u64) };
    let ratios = |of: &dyn Fn(&Rank) -> usize| {
        let texts = percents(&ranks.iter().map(|rank| rank.lower as f64 / of(rank) as f64).collect::<Vec<_>>());
        let cell = |(text, rank): (String, &&Rank)| if is_exact(rank) { text } else { format!("≥ {text}") };
        texts.into_iter().zip(ranks).map(|pair| (cell(pair), theme.text)).collect::<Vec<_>>()
    };
    let value = |rank: &Rank| {
        if is_exact(rank) { count(rank.lower as u64) } else { format!("{}–{}", short(rank.lower), short(rank.upper)) }
    };
    let known = |rank: &&Rank| {
        let (text, style) = if is_exact(rank) { ("exact", theme.good) } else { ("bounds", theme.warning) };
        (text.to_owned(), style)
    };
    let effective = |rank: &Rank| rank.effective.map_or_else(|| "–".to_owned(), |value| digits(value, 3));
    let name = |rank: &Rank| scope_name(scene.snapshot, rank.scope, wide);
    vec![
        table::Column::words(if wide { "block" } else { "" }, 9, cells(&name)),
        table::Column::numbers("rank", 10, cells(&value)),
        table::Column::words("known", 8, ranks.iter().map(known).collect()),
        table::Column::numbers("bound", 6, cells(&|rank| short(rank.bound))),
        table::Column::numbers(if wide { "rank/bound" } else { "/bound" }, 7, ratios(&|rank| rank.bound)),
        table::Column::numbers("P", 4, cells(&|rank| short(rank.parameters))),
        table::Column::numbers(if wide { "rank/P" } else { "/P" }, 5, ratios(&|rank| rank.parameters)),
        table::Column::numbers("effective", 3, cells(&effective)),
        table::Column::words("method", 2, cells(&|rank| method(rank.method).to_owned())),
        table::Column::numbers("CPU", 1, cells(&|rank| duration(rank.cost))),
    ]
}

fn is_exact(rank: &Rank) -> bool {
    rank.lower == rank.upper
}

fn method(method: RankMethod) -> &'static str {
    match method {
        RankMethod::Gram => "Gram",
        RankMethod::Dense => "dense",
        RankMethod::Certificate => "certificate",
        RankMethod::Bounds => "two bounds",
    }
}
