//! The rank of Ḡ, or of a block, against the number of data.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Pane, Scene, measured, scope_name, waiting, waiting_here};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::rank_curve::{RankCurve as Found, RankPoint};
use crate::session::Snapshot;
use crate::tui::number::{compact, count, percents};
use crate::tui::state::State;
use crate::tui::widgets::chart::{Axis, Chart, Layer, Shape};
use crate::tui::widgets::{fit, put, table};

pub use crate::export::curvature::rank_curve as figures;

pub const ABOUT: &[&str] = &[
    "The numerical rank of Ḡ of the first 1, 2, 4 ... data of a probe batch:",
    "the number of eigenvalues above max(M, P) ε λ max, where ε = 2.2e-16.",
    "It grows with the data until the widths of the layers bound it.",
];

pub fn title(scene: &Scene<'_>) -> String {
    format!("Rank against data · {}", scope_name(scene.snapshot, scene.scope(), true))
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[Diagnostic::RankCurve]
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let all = scene.snapshot.tracked::<Found>();
    let Some(latest) = all.iter().map(|one| one.latest).max_by_key(|found| found.step) else { return Vec::new() };
    let data = latest.points.last().map_or(0, |point| point.data);
    measured(latest.step, data, all.iter().map(|one| one.latest.cost).sum())
}

pub fn rows(snapshot: &Snapshot) -> usize {
    snapshot.tracked::<Found>().iter().map(|one| one.latest.points.len()).max().unwrap_or(0)
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let all = snapshot.tracked::<Found>();
    let Some(one) = all.iter().find(|one| one.latest.scope == scene.scope()) else {
        let text = if all.is_empty() { waiting } else { waiting_here };
        put(buffer, area, 0, &Line::styled(text(scene, Diagnostic::RankCurve), theme.faint));
        return 0;
    };
    if scene.state.view(Pane::RankCurve) == 1 {
        return list(buffer, area, scene, one.latest);
    }
    chart(buffer, area, scene, one.latest);
    0
}

/// Rank and bound over N, both logarithmic unless asked otherwise, with P where it is in sight.
fn chart(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, found: &Found) {
    let theme = scene.theme;
    let log = !scene.state.linear_y[Pane::RankCurve.index()];
    let over = |of: fn(&RankPoint) -> usize| -> Vec<(f64, f64)> {
        found.points.iter().map(|point| (point.data as f64, of(point) as f64)).collect()
    };
    let exact = found.points.iter().all(|point| point.lower == point.upper);
    let (rank, bound) = (theme.series[0], theme.series[1]);
    let mut legend = vec![vec![Span::styled("● ", rank), Span::raw(if exact { "rank" } else { "rank, two bounds" })]];
    legend.push(vec![Span::styled("━ ", bound), Span::raw("what bounds it")]);
    legend.push(vec![Span::styled("P ", theme.faint), Span::raw(compact(found.parameters as u64))]);
    put(buffer, area, 0, &fit(legend, 2, area.width, theme));
    let plot = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let layer = |shape, style, sign| Layer { shape, style, sign };
    let band = found.points.iter().map(|point| (point.data as f64, point.lower as f64, point.upper as f64)).collect();
    let (lower, upper) = (over(|point| point.lower), over(|point| point.upper));
    let bounds = over(|point| point.bound);
    let y = Axis::over(lower.iter().chain(&bounds).map(|(_, rank)| *rank), log).with_headroom(0.05);
    let layers = vec![
        layer(Shape::Envelope(band), theme.faint, ':'),
        layer(Shape::Curve(bounds), bound, '-'),
        layer(Shape::Curve(lower.clone()), rank, '*'),
        layer(Shape::Points(upper), rank, '○'),
        layer(Shape::Points(lower), rank, '●'),
    ];
    let x = Axis::over(found.points.iter().map(|point| point.data as f64), log);
    Chart { x, y, layers, rules: Vec::new(), unit: "data".to_owned() }.draw(buffer, plot, theme);
}

fn list(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, found: &Found) -> usize {
    let theme = scene.theme;
    let points = || found.points.iter();
    let cells = |texts: Vec<String>| texts.into_iter().map(|text| (text, theme.text)).collect::<Vec<_>>();
    let texts = |of: &dyn Fn(&RankPoint) -> String| cells(points().map(of).collect());
    let shares = |of: &dyn Fn(&RankPoint) -> f64| cells(percents(&points().map(of).collect::<Vec<_>>()));
    let rank = |point: &RankPoint| match (point.lower, point.upper) {
        (lower, upper) if lower == upper => count(lower as u64),
        (lower, upper) => format!("{}–{}", count(lower as u64), count(upper as u64)),
    };
    let columns = vec![
        table::Column::numbers("data", 9, texts(&|point| count(point.data as u64))),
        table::Column::numbers("rank", 8, texts(&rank)),
        table::Column::numbers("bound", 7, texts(&|point| count(point.bound as u64))),
        table::Column::numbers("rank/bound", 6, shares(&|point| point.lower as f64 / point.bound as f64)),
        table::Column::numbers("rank/P", 5, shares(&|point| point.lower as f64 / found.parameters as f64)),
    ];
    table::draw(buffer, area, columns, scene.state.scroll[Pane::RankCurve.index()], theme)
}
