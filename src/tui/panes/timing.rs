//! Where the time goes.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::curves::{Curves, Look, Quantity};
use super::{Pane, Scene, split};
use crate::diagnostics::Diagnostic;
use crate::session::Snapshot;
use crate::train::{Phase, Spent};
use crate::tui::number::{column, digits, percent, percents};
use crate::tui::state::State;
use crate::tui::widgets::{bar, fit, put, table};

pub use crate::export::quantity::timing as figures;

/// What is said before there is anything to show.
const EMPTY: &str = "no update yet";
/// The view of wall seconds alone.
const WALL: usize = 2;

pub const ABOUT: &[&str] = &[
    "Wall and CPU time of an update by phases, a fading mean of the latest ones.",
    "of peak: the arithmetic a second over the most that this machine reached,",
    "by products of large matrices at the start or in a phase since.",
    "evaluation, and each diagnostic with its CPU time beside the updates:",
    "means over the whole run. threads busy: CPU time over wall time.",
    "screen: the share of time that drawing takes.",
];

pub fn title(scene: &Scene<'_>) -> String {
    ["Timing", "Seconds an update by phases", "Seconds an update"][scene.state.view(Pane::Timing)].to_owned()
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
    let (phases, beside) = items(snapshot);
    phases.len() + beside.len()
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    match scene.state.view(Pane::Timing) {
        0 => {}
        WALL => {
            wall(buffer, area, scene);
            return 0;
        }
        _ => {
            stack(buffer, area, scene);
            return 0;
        }
    }
    let summary = summary(scene, area.width);
    let table = Rect { height: area.height.saturating_sub(summary.len() as u16), ..area };
    let foot = Rect { y: table.bottom(), height: area.height - table.height, ..area };
    for (row, line) in summary.iter().enumerate() {
        put(buffer, foot, row as u16, line);
    }
    let (phases, beside) = items(snapshot);
    if phases.is_empty() {
        put(buffer, table, 0, &Line::styled(EMPTY, theme.faint));
        return 0;
    }
    let all = phases.len() + beside.len();
    let (table, below) = split(table, all);
    if let Some(below) = below {
        stack(buffer, below, scene);
    }
    let (room, scroll) = (usize::from(table.height.saturating_sub(1)), scene.state.scroll[Pane::Timing.index()]);
    if all > room && room > 1 && scroll == 0 {
        let short = if phases.len() > room { shorten(phases, room) } else { phases };
        let hidden = all - short.len();
        table::draw(buffer, table, columns(&short, scene, area.width), 0, theme);
        return hidden;
    }
    table::draw(buffer, table, columns(&[phases, beside].concat(), scene, area.width), scroll, theme)
}

/// A line of the table, for an update. NaN is what is not known, or does not apply.
#[derive(Clone)]
struct Item {
    name: String,
    wall: f64,
    cpu: f64,
    /// Share of the wall time of an update; of a diagnostic, of the CPU time of the process.
    share: f64,
    /// Floating-point operations a second.
    rate: f64,
}

/// The phases of an update; and what is done between updates and beside them.
fn items(snapshot: &Snapshot) -> (Vec<Item>, Vec<Item>) {
    let total = snapshot.step_seconds.0.max(f64::MIN_POSITIVE);
    let item = |name: &str, wall: f64, cpu, rate| Item { name: name.to_owned(), wall, cpu, share: wall / total, rate };
    let counted = |cpu: f64| if cpu > 0.0 { cpu } else { f64::NAN };
    let phase =
        |spent: &Spent| item(spent.phase.name(), spent.wall, counted(spent.cpu), spent.rate().unwrap_or(f64::NAN));
    let mut phases: Vec<_> = snapshot.phases.iter().map(phase).collect();
    let untimed = total - snapshot.phases.iter().map(|spent| spent.wall).sum::<f64>();
    if !phases.is_empty() && untimed > 0.005 * total {
        phases.push(item("untimed", untimed, f64::NAN, f64::NAN));
    }
    let mut beside = Vec::new();
    let (first, step) = snapshot.updates();
    let updates = (step - first) as f64;
    if updates > 0.0 {
        let evaluation = snapshot.seconds.1 / updates;
        if evaluation > 0.0 {
            // Beside the update: its share is of both.
            let share = snapshot.evaluation_share();
            beside.push(Item { share, ..item("evaluation", evaluation, f64::NAN, f64::NAN) });
        }
        let cpu = snapshot.cpu_seconds.max(f64::MIN_POSITIVE);
        beside.extend(snapshot.diagnostics_seconds.iter().map(|(diagnostic, seconds)| Item {
            name: diagnostic.title().to_owned(),
            wall: f64::NAN,
            cpu: seconds / updates,
            share: seconds / cpu,
            rate: f64::NAN,
        }));
    }
    (phases, beside)
}

fn columns(items: &[Item], scene: &Scene<'_>, width: u16) -> Vec<table::Column> {
    let theme = scene.theme;
    let peak = scene.snapshot.peak;
    let numbers = |title, importance, texts: Vec<String>| {
        table::Column::numbers(title, importance, texts.into_iter().map(|text| (text, theme.text)).collect())
    };
    let of = |value: fn(&Item) -> f64| items.iter().map(value).collect::<Vec<_>>();
    let milliseconds = |value: fn(&Item) -> f64| {
        let values = of(value);
        // What is next to nothing does not ask for decimals of its own.
        let least = 1e-4 * values.iter().copied().fold(0.0, f64::max);
        let rounded: Vec<_> = values.iter().map(|value| if *value < least { 0.0 } else { 1e3 * value }).collect();
        known(&rounded, column)
    };
    let rates = of(|item| item.rate);
    let length = usize::from(width.saturating_sub(64)).clamp(6, 40);
    let bar = |item: &Item| {
        let share = if item.wall.is_finite() { item.share } else { 0.0 };
        (format!("{:<length$}", bar::bar(share, length, theme.is_ascii())), theme.series[0])
    };
    let short = |name: &str| if width < 70 { name.replace("pre-activation", "pre-act.") } else { name.to_owned() };
    let names = items.iter().map(|item| (short(&item.name), theme.text)).collect();
    let mut columns = vec![
        table::Column::words("phase", 9, names).down_to(16),
        numbers("ms", 10, milliseconds(|item| item.wall)),
        numbers("CPU", 5, milliseconds(|item| item.cpu)),
        numbers("share", 8, percents(&of(|item| item.share))),
        numbers("GFLOP/s", 4, known(&rates, |rates| rates.iter().map(|rate| digits(rate / 1e9, 3)).collect())),
    ];
    if let Some(peak) = peak {
        columns.push(numbers("of peak", 3, percents(&rates.iter().map(|rate| rate / peak).collect::<Vec<_>>())));
    }
    columns.push(table::Column::words("", 1, items.iter().map(bar).collect()));
    columns
}

/// The texts of those values that are known, and dashes for the others.
fn known(values: &[f64], texts: fn(&[f64]) -> Vec<String>) -> Vec<String> {
    let finite: Vec<_> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let mut texts = texts(&finite).into_iter();
    let text = |value: &f64| if value.is_finite() { texts.next() } else { None };
    values.iter().map(text).map(|text| text.unwrap_or_else(|| "–".to_owned())).collect()
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
    Curves { quantities: vec![quantity], log, sign: 1.0, empty: EMPTY }.draw(buffer, area, scene);
}

/// Wall seconds of the phases of an update along the run, stacked.
fn stack(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let phase = |(phase, series): (Phase, _)| Quantity {
        name: phase.name().to_owned(),
        series: Cow::Borrowed(series),
        look: Look::Band,
        run: scene.snapshot,
    };
    let quantities = scene.snapshot.phases_present().map(phase).collect();
    // Heights that are stacked add up on a linear axis alone.
    Curves { quantities, log: false, sign: 1.0, empty: EMPTY }.draw(buffer, area, scene);
}

/// The longest phases in their order, and the rest as one.
fn shorten(items: Vec<Item>, room: usize) -> Vec<Item> {
    let mut sorted: Vec<f64> = items.iter().map(|item| item.wall).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let least = sorted[room - 1];
    let (mut kept, rest): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.wall > least);
    let sum = |value: fn(&Item) -> f64| rest.iter().map(value).filter(|value| value.is_finite()).sum::<f64>();
    let (wall, flops) = (sum(|item| item.wall), sum(|item| item.wall * item.rate));
    kept.push(Item {
        name: format!("{} others", rest.len()),
        wall,
        cpu: sum(|item| item.cpu),
        share: sum(|item| item.share),
        rate: if flops > 0.0 { flops / wall } else { f64::NAN },
    });
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
        let rate = step.flops / step.wall.max(f64::MIN_POSITIVE);
        first.push(item("GFLOP/s", digits(rate / 1e9, 3)));
        if let Some(peak) = snapshot.peak {
            first.push(item("of peak", percent(rate / peak)));
        }
        let threads = snapshot.run.as_ref().map_or_else(String::new, |run| format!(" of {}", run.threads));
        first.push(item("threads busy", format!("{:.2}{threads}", cpu / wall)));
    }
    let mut second = Vec::new();
    if snapshot.seconds.0 > 0.0 {
        second.push(item("eval.", percent(snapshot.evaluation_share())));
        second.push(item("diagn.", percent(snapshot.diagnostics_share().1)));
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
