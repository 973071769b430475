//! Rank of Ḡ and of its blocks.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::curves::{Curves, Look, Quantity};
use super::{Pane, Scene, measured, scope_name, split, waiting};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::rank::{Rank, RankMethod};
use crate::session::Snapshot;
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
    measured(latest.step, latest.data, cost)
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[Diagnostic::Rank]
}

pub fn rows(snapshot: &Snapshot) -> usize {
    snapshot.tracked::<Rank>().len()
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let tracked = snapshot.tracked::<Rank>();
    if tracked.is_empty() {
        put(buffer, area, 0, &Line::styled(waiting(scene, Diagnostic::Rank), theme.faint));
        return 0;
    }
    let (area, below) =
        if scene.state.view(Pane::Rank) == 1 { (Rect::ZERO, Some(area)) } else { split(area, tracked.len()) };
    if let Some(below) = below {
        let quantities = tracked.iter().map(|rank| Quantity {
            // Where the rank is between two bounds, the lower one is drawn.
            name: format!(
                "{}{}",
                scope_name(scene.snapshot, rank.latest.scope, false),
                if rank.latest.lower == rank.latest.upper { ":" } else { " ≥" }
            ),
            series: Cow::Borrowed(rank.history),
            look: Look::Curve,
            run: snapshot,
        });
        let mut quantities: Vec<_> = quantities.collect();
        let others: Vec<_> = scene.marked(scene.state.runs.shown).collect();
        // Other runs are compared with the whole, which comes first.
        quantities.splice(1..1, overlay(scene, &others, Overlaid::Rank));
        quantities.extend(tracked.first().map(|whole| Quantity {
            name: format!("bound of {}", scope_name(scene.snapshot, whole.latest.scope, false)),
            series: Cow::Borrowed(whole.other),
            look: Look::Bound,
            run: snapshot,
        }));
        let log = !scene.state.linear_y[Pane::Rank.index()];
        Curves { quantities, log, sign: 1.0, empty: "" }.draw(buffer, below, scene);
    }
    if area.is_empty() {
        return 0;
    }
    let ranks = || tracked.iter().map(|rank| rank.latest);
    let cells = |text: &dyn Fn(&Rank) -> String| ranks().map(|rank| (text(rank), theme.text)).collect::<Vec<_>>();
    let exact = |rank: &Rank| rank.lower == rank.upper;
    let wide = area.width >= 60;
    let short = |value: usize| if wide { count(value as u64) } else { compact(value as u64) };
    let ratios = |of: &dyn Fn(&Rank) -> usize| {
        let texts = percents(&ranks().map(|rank| rank.lower as f64 / of(rank) as f64).collect::<Vec<_>>());
        let labelled = texts.into_iter().zip(ranks());
        labelled
            .map(|(text, rank)| (if exact(rank) { text } else { format!("≥ {text}") }, theme.text))
            .collect::<Vec<_>>()
    };
    let columns =
        vec![
            table::Column::words(
                if wide { "block" } else { "" },
                9,
                cells(&|rank| scope_name(scene.snapshot, rank.scope, wide)),
            ),
            table::Column::numbers(
                "rank",
                10,
                cells(&|rank| {
                    if exact(rank) {
                        count(rank.lower as u64)
                    } else {
                        format!("{}–{}", short(rank.lower), short(rank.upper))
                    }
                }),
            ),
            table::Column::words(
                "known",
                8,
                ranks()
                    .map(|rank| {
                        if exact(rank) {
                            ("exact".to_owned(), theme.good)
                        } else {
                            ("bounds".to_owned(), theme.warning)
                        }
                    })
                    .collect(),
            ),
            table::Column::numbers("bound", 6, cells(&|rank| short(rank.bound))),
            table::Column::numbers(if wide { "rank/bound" } else { "/bound" }, 7, ratios(&|rank| rank.bound)),
            table::Column::numbers("P", 4, cells(&|rank| short(rank.parameters))),
            table::Column::numbers(if wide { "rank/P" } else { "/P" }, 5, ratios(&|rank| rank.parameters)),
            table::Column::numbers(
                "effective",
                3,
                cells(&|rank| rank.effective.map_or_else(|| "–".to_owned(), |value| digits(value, 3))),
            ),
            table::Column::words("method", 2, cells(&|rank| method(rank.method).to_owned())),
            table::Column::numbers("CPU", 1, cells(&|rank| duration(rank.cost))),
        ];
    table::draw(buffer, area, columns, scene.state.scroll[Pane::Rank.index()], theme)
}

fn method(method: RankMethod) -> &'static str {
    match method {
        RankMethod::Gram => "Gram",
        RankMethod::Dense => "dense",
        RankMethod::Certificate => "certificate",
        RankMethod::Bounds => "two bounds",
    }
}
