//! How well directions agree with the one of the exact Gauss-Newton matrix.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::curves::{Curves, Look, Quantity};
use super::{Pane, Scene, dates, measured_at, scope_name, split, waiting, waiting_here};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::alignment::{Aligned, Alignment as Found, Direction};
use crate::session::Snapshot;
use crate::session::snapshot::Tracked;
use crate::tui::number::{digits, duration, percent};
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::{bar, put, table};

pub use crate::export::curvature::alignment as figures;

/// The view of all layers, and that along the run.
const LAYERS: usize = 1;
const ALONG: usize = 2;

pub const ABOUT: &[&str] = &[
    "The update of each method from one gradient, against the exact one: that of",
    "the block of a layer, or of all of Ḡ, with the damping γ + η (Hessian-free:",
    "τ in place of γ; 1 where there is neither). cosine: of the angle between",
    "both; in Ḡ: the same in the inner product of Ḡ; norm: of one over the",
    "other; decrease: of the damped quadratic model at the best length, over",
    "the largest of them.",
];

pub fn title(scene: &Scene<'_>) -> String {
    let scope = scope_name(scene.snapshot, scene.scope(), true);
    match scene.state.view(Pane::Alignment) {
        LAYERS => "Cosines with the exact update".to_owned(),
        ALONG => format!("Cosines along the run · {scope}"),
        _ => format!("Alignment · {scope}"),
    }
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[Diagnostic::Alignment]
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let all = scene.snapshot.tracked::<Found>();
    let Some(latest) = all.iter().map(|one| one.latest).max_by_key(|found| found.step) else { return Vec::new() };
    let when = dates(all.iter().map(|one| one.latest.step));
    let mut remarks = measured_at(&when, latest.data, all.iter().map(|one| one.latest.cost).sum());
    let damping = digits(latest.damping, 3);
    let longer: Vec<_> = remarks.iter().map(|remark| format!("damping {damping} · {remark}")).collect();
    // The damping, which decides what is exact, is told before the cost.
    remarks.splice(..0, longer);
    remarks
}

/// The rows of the longer of its tables.
pub fn rows(snapshot: &Snapshot) -> usize {
    match snapshot.tracked::<Found>().len() {
        0 => 0,
        scopes => scopes.max(Direction::ALL.len()),
    }
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let all = snapshot.tracked::<Found>();
    if all.is_empty() {
        put(buffer, area, 0, &Line::styled(waiting(scene, Diagnostic::Alignment), theme.faint));
        return 0;
    }
    let view = scene.state.view(Pane::Alignment);
    let chosen = all.iter().find(|one| one.latest.scope == scene.scope());
    let rows = if view == LAYERS { all.len() } else { Direction::ALL.len() };
    let (above, below) = if view == ALONG { (Rect::ZERO, Some(area)) } else { split(area, rows) };
    if let (Some(below), Some(one)) = (below, chosen) {
        along(buffer, below, scene, one);
    }
    if view == LAYERS {
        return layers(buffer, above, scene, &all);
    }
    if let Some(one) = chosen {
        return directions(buffer, above, scene, one.latest);
    }
    put(buffer, area, 0, &Line::styled(waiting_here(scene, Diagnostic::Alignment), theme.faint));
    0
}

/// A cosine: near one it is good, below zero the direction leads away from the exact one.
fn shaded(cosine: f64, theme: &Theme) -> (String, Style) {
    let style = match cosine {
        cosine if cosine >= 0.9 => theme.good,
        cosine if cosine < 0.0 => theme.bad,
        _ => theme.text,
    };
    (digits(cosine, 3), style)
}

/// Every direction for one block or the whole.
fn directions(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, found: &Found) -> usize {
    let theme = scene.theme;
    let all = &found.directions;
    let cells = |of: &dyn Fn(&Aligned) -> String| all.iter().map(|one| (of(one), theme.text)).collect::<Vec<_>>();
    let length = usize::from(area.width.saturating_sub(44)).clamp(5, 30);
    let bars = |one: &Aligned| {
        let drawn = bar::bar(one.cosine.abs(), length, theme.is_ascii());
        (format!("{drawn:<length$}"), if one.cosine < 0.0 { theme.bad } else { theme.series[0] })
    };
    let best = all.iter().map(|one| one.decrease).fold(0.0, f64::max);
    let columns = vec![
        table::Column::words("direction", 9, cells(&|one| one.direction.name().to_owned())),
        table::Column::numbers("cosine", 8, all.iter().map(|one| shaded(one.cosine, theme)).collect()),
        table::Column::words("", 2, all.iter().map(bars).collect()),
        table::Column::numbers("in Ḡ", 6, all.iter().map(|one| shaded(one.curvature_cosine, theme)).collect()),
        table::Column::numbers("norm", 5, cells(&|one| digits(one.norm_ratio, 3))),
        table::Column::numbers("decrease", 7, cells(&|one| percent(one.decrease / best))),
    ];
    table::draw(buffer, area, columns, scene.state.scroll[Pane::Alignment.index()], theme)
}

/// The cosines of all directions, block by block.
fn layers(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, all: &[Tracked<'_, Found>]) -> usize {
    let theme = scene.theme;
    let wide = area.width >= 70;
    let name = |one: &Tracked<Found>| {
        let style = if one.latest.scope == scene.scope() { theme.selected } else { theme.text };
        (scope_name(scene.snapshot, one.latest.scope, wide), style)
    };
    let mut columns = vec![table::Column::words("", 9, all.iter().map(name).collect())];
    for (&direction, importance) in Direction::ALL.iter().zip([3, 2, 6, 4, 5, 7, 1, 0]) {
        let of = |one: &Tracked<Found>| {
            let aligned = one.latest.directions.iter().find(|aligned| aligned.direction == direction);
            aligned.map_or(("–".to_owned(), theme.faint), |aligned| shaded(aligned.cosine, theme))
        };
        columns.push(table::Column::numbers(direction.name(), importance, all.iter().map(of).collect()));
    }
    let costs = all.iter().map(|one| (duration(one.latest.cost), theme.text)).collect();
    columns.push(table::Column::numbers("CPU", 2, costs));
    table::draw(buffer, area, columns, scene.state.scroll[Pane::Alignment.index()], theme)
}

/// The cosines of one block, or of the whole, along the run.
fn along(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, one: &Tracked<'_, Found>) {
    let quantity = |(direction, series): (Direction, _)| Quantity {
        name: direction.name().to_owned(),
        series: Cow::Borrowed(series),
        look: Look::Curve,
        run: scene.snapshot,
    };
    let compared = |direction| one.latest.directions.iter().any(|aligned| aligned.direction == direction);
    let all = [(Direction::Kfra, one.history), (Direction::Kfac, one.other), (Direction::Kflr, one.third)];
    let quantities = all.into_iter().filter(|(direction, _)| compared(*direction)).map(quantity).collect();
    // A cosine may be negative: linear unless asked otherwise.
    let log = scene.state.linear_y[Pane::Alignment.index()];
    Curves { quantities, log, sign: 1.0, empty: "none of KFRA, KFAC and KFLR is compared" }.draw(buffer, area, scene);
}
