//! Where the time goes.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::curves::{Curves, Look, Quantity};
use super::{Pane, Scene, split};
use crate::diagnostics::Diagnostic;
use crate::session::Snapshot;
use crate::tui::number::{column, digits, percent, percents};
use crate::tui::state::State;
use crate::tui::widgets::{bar, fit, put, table};

pub use crate::export::quantity::timing as figures;

pub const ABOUT: &[&str] = &[
    "Wall time of an update by phases, a fading mean of the latest ones.",
    "threads busy: CPU time over wall time of an update.",
    "eval., diagn., screen: the share of time that evaluations, diagnostics",
    "and drawing take.",
];

pub fn title(scene: &Scene<'_>) -> String {
    ["Timing", "Seconds an update"][scene.state.view(Pane::Timing)].to_owned()
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let (wall, cpu) = scene.snapshot.step_seconds;
    if wall <= 0.0 {
        return Vec::new();
    }
    let wall = format!("{} ms an update", digits(wall * 1e3, 3));
    vec![format!("{wall} · CPU {} ms", digits(cpu * 1e3, 3)), wall]
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[]
}

pub fn rows(snapshot: &Snapshot) -> usize {
    snapshot.phases.len()
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    if scene.state.view(Pane::Timing) == 1 {
        wall(buffer, area, scene);
        return 0;
    }
    let summary = summary(scene, area.width);
    let table = Rect { height: area.height.saturating_sub(summary.len() as u16), ..area };
    let foot = Rect { y: table.bottom(), height: area.height - table.height, ..area };
    for (row, line) in summary.iter().enumerate() {
        put(buffer, foot, row as u16, line);
    }
    if snapshot.phases.is_empty() {
        put(buffer, table, 0, &Line::styled("no update yet", theme.faint));
        return 0;
    }
    let total = snapshot.step_seconds.0.max(f64::MIN_POSITIVE);
    let mut rows: Vec<_> = snapshot.phases.iter().map(|(phase, seconds)| (phase.name().to_owned(), *seconds)).collect();
    let known: f64 = rows.iter().map(|(_, seconds)| seconds).sum();
    if total - known > 0.005 * total {
        rows.push(("untimed".to_owned(), total - known));
    }
    let (table, below) = split(table, rows.len());
    if let Some(below) = below {
        wall(buffer, below, scene);
    }
    let room = usize::from(table.height.saturating_sub(1));
    if rows.len() > room && room > 1 && scene.state.scroll[Pane::Timing.index()] == 0 {
        rows = shorten(rows, room);
    }
    let shares: Vec<_> = rows.iter().map(|(_, seconds)| seconds / total).collect();
    let times = column(&rows.iter().map(|(_, seconds)| seconds * 1e3).collect::<Vec<_>>());
    let length = usize::from(area.width.saturating_sub(42)).clamp(6, 40);
    let columns = vec![
        table::Column::words("phase", 9, rows.iter().map(|(name, _)| (name.clone(), theme.text)).collect()),
        table::Column::numbers("ms", 10, times.into_iter().map(|text| (text, theme.text)).collect()),
        table::Column::numbers("share", 8, percents(&shares).into_iter().map(|text| (text, theme.text)).collect()),
        table::Column::words(
            "",
            1,
            rows.iter()
                .map(|(_, s)| {
                    let bar = bar::bar(s / total, length, theme.is_ascii());
                    (format!("{bar:<length$}"), theme.series[0])
                })
                .collect(),
        ),
    ];
    table::draw(buffer, table, columns, scene.state.scroll[Pane::Timing.index()], theme)
}

/// Wall seconds an update along the run.
fn wall(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let quantity = Quantity {
        name: "seconds an update".to_owned(),
        series: Cow::Borrowed(&scene.snapshot.wall),
        look: Look::Noisy,
        run: scene.snapshot,
    };
    let log = !scene.state.linear_y[Pane::Timing.index()];
    Curves { quantities: vec![quantity], log, sign: 1.0, empty: "no update yet" }.draw(buffer, area, scene);
}

/// The longest phases in their order, and the rest as one.
fn shorten(rows: Vec<(String, f64)>, room: usize) -> Vec<(String, f64)> {
    let mut sorted: Vec<f64> = rows.iter().map(|(_, seconds)| *seconds).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let least = sorted[room - 1];
    let (mut kept, rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, seconds)| *seconds > least);
    kept.push((format!("{} others", rest.len()), rest.iter().map(|(_, seconds)| seconds).sum()));
    kept
}

/// One or two lines on the whole.
fn summary(scene: &Scene<'_>, width: u16) -> Vec<Line<'static>> {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let (wall, cpu) = snapshot.step_seconds;
    let item =
        |name: &'static str, text: String| vec![Span::styled(name, theme.faint), Span::raw(" "), Span::raw(text)];
    let mut first = Vec::new();
    if let (Some(step), true) = (&snapshot.latest, wall > 0.0) {
        let threads = snapshot.run.as_ref().map_or_else(String::new, |run| format!(" of {}", run.threads));
        first.push(item("GFLOP/s", digits(step.flops / step.wall.max(f64::MIN_POSITIVE) / 1e9, 3)));
        first.push(item("threads busy", format!("{:.2}{threads}", cpu / wall)));
    }
    let (training, evaluation) = snapshot.seconds;
    let mut second = Vec::new();
    if training > 0.0 {
        second.push(item("eval.", percent(evaluation / (training + evaluation))));
        second.push(item(
            "diagn.",
            percent(snapshot.diagnostics_seconds / (snapshot.cpu_seconds + snapshot.diagnostics_seconds)),
        ));
    }
    if let Some(share) = scene.state.drawing {
        second.push(item("screen", percent(share)));
    }
    let gap = if width < 44 { 1 } else { 3 };
    if width >= 84 {
        first.extend(second);
        return vec![fit(first, gap, width, theme)];
    }
    [first, second].into_iter().filter(|parts| !parts.is_empty()).map(|parts| fit(parts, gap, width, theme)).collect()
}
