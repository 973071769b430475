//! The Runs screen: the list of all runs, and below it their curves over one another, or the settings in which
//! they differ.

use std::borrow::Cow;
use std::cmp::Ordering;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::number::{count, digits, duration, percent, plain};
use super::panes::Scene;
use super::panes::curves::{Curves, Look, Quantity, smoothing};
use super::state::State;
use super::theme::Theme;
use super::widgets::{put, table};
use crate::diagnostics::Scope;
use crate::diagnostics::rank::Rank;
use crate::export::without_middle;
use crate::runs::{Entry, Fact, Filter, Run, Standing, differences, repetitions};
use crate::session::Snapshot;
use crate::session::history::Series;

/// The columns by which runs are sorted, the first of them the order in which they came.
pub const COLUMNS: [&str; 10] =
    ["order", "name", "optimizer", "state", "updates", "train", "val.", "error", "time", "seed"];

/// Views below the list.
pub const VIEWS: usize = 3;

/// A run as the list shows it.
struct Row<'a> {
    entry: &'a Entry,
    standing: Standing,
    optimizer: String,
    /// Updates made.
    updates: Option<u64>,
    train: Option<f64>,
    validation: Option<f64>,
    /// Share of wrong classes, in the validation set where there is one; none where there are no classes.
    error: Option<f64>,
    seconds: Option<f64>,
    seed: Option<u64>,
}

impl<'a> Row<'a> {
    fn of(entry: &'a Entry) -> Self {
        let (snapshot, known) = (&entry.snapshot, entry.run.as_ref());
        let summary = known.and_then(|run| run.summary.as_ref());
        let optimizer = match (&snapshot.run, known) {
            (Some(run), _) => run.optimizer.clone(),
            (None, Some(run)) => run.optimizer().to_owned(),
            (None, None) => String::new(),
        };
        let evaluation = snapshot.evaluation.as_ref();
        Self {
            entry,
            standing: entry.standing(),
            optimizer,
            updates: snapshot.run.as_ref().map(|_| snapshot.step).or(summary.map(|summary| summary.updates)),
            train: evaluation.map(|found| found.train_loss).or(summary.map(|summary| summary.train_loss)),
            validation: evaluation.map(|found| found.validation_loss).or(summary.map(|end| end.validation_loss)),
            error: evaluation.and_then(|found| found.validation_error.or(found.train_error)).or_else(|| {
                let summary = summary?;
                summary.validation_error.or(summary.train_error)
            }),
            seconds: snapshot.run.as_ref().map(|_| snapshot.seconds.0).or(summary.map(|end| end.seconds_training)),
            seed: snapshot.run.as_ref().map(|run| run.seed).or_else(|| known?.seed()),
        }
    }

    /// How it compares with another by a column; what has no number comes last.
    fn compare(&self, other: &Self, column: usize) -> Ordering {
        let numbers = |a: Option<f64>, b: Option<f64>| {
            let (a, b) = (a.unwrap_or(f64::NAN), b.unwrap_or(f64::NAN));
            a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(&b))
        };
        match COLUMNS[column % COLUMNS.len()] {
            "name" => self.entry.label().cmp(&other.entry.label()),
            "optimizer" => self.optimizer.cmp(&other.optimizer),
            "state" => self.standing.cmp(&other.standing),
            "updates" => self.updates.cmp(&other.updates),
            "train" => numbers(self.train, other.train),
            "val." => numbers(self.validation, other.validation),
            "error" => numbers(self.error, other.error),
            "time" => numbers(self.seconds, other.seconds),
            "seed" => self.seed.cmp(&other.seed),
            _ => self.entry.id.cmp(&other.entry.id),
        }
    }
}

/// The runs in sight, in their order.
fn arranged<'a>(state: &State, entries: &'a [Entry]) -> Vec<Row<'a>> {
    let filter = Filter::parse(&state.runs.filter).ok();
    let holds = |entry: &&Entry| match (&filter, &entry.run) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(filter), Some(run)) => {
            let mut run = run.clone();
            run.follow(&entry.snapshot);
            filter.holds(&run)
        }
    };
    let mut rows: Vec<_> = entries.iter().filter(holds).map(Row::of).collect();
    rows.sort_by(|a, b| {
        let order = a.compare(b, state.runs.sort);
        if state.runs.descending { order.reverse() } else { order }
    });
    rows
}

/// The run on the Train screen.
pub fn shown<'a>(state: &State, entries: &'a [Entry]) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.id == state.runs.shown)
}

/// The run that keys are for.
pub fn selected<'a>(state: &State, entries: &'a [Entry]) -> Option<&'a Entry> {
    let rows = arranged(state, entries);
    let row = rows.iter().find(|row| row.entry.id == state.runs.selected).or(rows.first())?;
    Some(row.entry)
}

/// Selects the run so many rows further down.
pub fn select(state: &mut State, entries: &[Entry], by: isize) {
    let rows = arranged(state, entries);
    let place = rows.iter().position(|row| row.entry.id == state.runs.selected).unwrap_or(0);
    let there = place.saturating_add_signed(by).min(rows.len().saturating_sub(1));
    if let Some(row) = rows.get(there) {
        state.runs.selected = row.entry.id;
    }
}

/// Selects the run at a place of the screen.
pub fn point(state: &mut State, area: Rect, at: Position, entries: &[Entry]) {
    let rows = arranged(state, entries);
    let (above, _) = parts(area, rows.len());
    let first = above.y + 2;
    if above.contains(at) && at.y >= first {
        let room = usize::from(above.height.saturating_sub(2));
        let row = scroll(state, &rows, room).1 + usize::from(at.y - first);
        if let Some(row) = rows.get(row) {
            state.runs.selected = row.entry.id;
        }
    }
}

/// The place of the selected row, and the first one in sight, where there is room for so many.
fn scroll(state: &State, rows: &[Row<'_>], room: usize) -> (usize, usize) {
    let place = rows.iter().position(|row| row.entry.id == state.runs.selected).unwrap_or(0);
    (place, place.saturating_sub(room.saturating_sub(1) / 2).min(rows.len().saturating_sub(room)))
}

/// The place of a list of so many runs, and what is left below it.
fn parts(area: Rect, rows: usize) -> (Rect, Rect) {
    let wanted = u16::try_from(rows.max(1) + 2).unwrap_or(u16::MAX);
    let height = wanted.min((area.height / 2).max(5)).min(area.height);
    let below = Rect { y: area.y + height, height: area.height - height, ..area };
    (Rect { height, ..area }, below)
}

/// Draws the screen.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let rows = arranged(scene.state, scene.entries);
    let (above, below) = parts(area, rows.len());
    list(buffer, above, scene, &rows);
    if below.height >= 4 {
        comparison(buffer, below, scene);
    }
}

fn list(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, rows: &[Row<'_>]) {
    let (theme, state) = (scene.theme, scene.state);
    let title = Line::styled("Runs", theme.accent);
    let inner = theme.panel(buffer, area, title.clone(), false, true);
    let order = format!("by {} {}", COLUMNS[state.runs.sort], if state.runs.descending { "↓" } else { "↑" });
    let shown = format!("{} of {}", rows.len(), scene.entries.len());
    let remark = match state.runs.filter.as_str() {
        "" => vec![format!("{shown} · {order}"), shown],
        filter => vec![format!("{filter} · {shown} · {order}"), format!("{shown} · {order}"), shown],
    };
    theme.remark(buffer, area, &title, &remark);
    if rows.is_empty() {
        let text = if scene.entries.is_empty() { "no runs" } else { "no run of which the filter holds: / changes it" };
        put(buffer, inner, 0, &Line::styled(text, theme.faint));
        return;
    }
    let room = usize::from(inner.height.saturating_sub(1));
    let (place, scroll) = scroll(state, rows, room);
    table::draw(buffer, inner, columns(scene, rows), scroll, theme);
    let line = Rect { y: inner.y + 1 + (place - scroll) as u16, height: 1, ..inner };
    if line.y < inner.bottom() {
        buffer.set_style(line, theme.selected);
    }
}

fn columns(scene: &Scene<'_>, rows: &[Row<'_>]) -> Vec<table::Column> {
    let (theme, state) = (scene.theme, scene.state);
    let cells = |text: &dyn Fn(&Row) -> String| rows.iter().map(|row| (text(row), theme.text)).collect::<Vec<_>>();
    let loss = |loss: Option<f64>| known(loss, |loss| digits(loss, 4));
    let mark = |row: &Row| {
        let shown = if row.entry.id == state.runs.shown { "◆" } else { " " };
        let marked = if state.runs.marked.contains(&row.entry.id) { "●" } else { " " };
        format!("{shown}{marked}")
    };
    let standings = rows.iter().map(|row| (row.standing.word().to_owned(), style(row.standing, theme)));
    let has_classes = rows.iter().any(|row| row.error.is_some());
    let error = has_classes.then(|| table::Column::numbers("error", 3, cells(&|row| known(row.error, percent))));
    let first = [
        table::Column::words("", 9, cells(&mark)),
        table::Column::words("name", 10, cells(&|row| row.entry.label())).down_to(20),
        table::Column::words("optimizer", 6, cells(&|row| row.optimizer.clone())),
        table::Column::words("state", 7, standings.collect()),
        table::Column::numbers("updates", 5, cells(&|row| known(row.updates, count))),
        table::Column::numbers("train", 8, cells(&|row| loss(row.train))),
        table::Column::numbers("val.", 4, cells(&|row| loss(row.validation))),
    ];
    let last = [
        table::Column::numbers("time", 3, cells(&|row| known(row.seconds, duration))),
        table::Column::numbers("seed", 2, cells(&|row| known(row.seed, |seed| seed.to_string()))),
    ];
    first.into_iter().chain(error).chain(last).collect()
}

/// A number in words, or a dash where it is not known.
fn known<T>(number: Option<T>, text: impl FnOnce(T) -> String) -> String {
    number.map_or_else(|| "–".to_owned(), text)
}

/// The sign of how a run stands.
pub fn sign(standing: Standing) -> &'static str {
    match standing {
        Standing::Running | Standing::Elsewhere => "▶",
        Standing::Paused | Standing::Unfinished => "■",
        Standing::Queued => "…",
        Standing::Finished | Standing::Stopped => "●",
        Standing::Failed | Standing::Damaged => "×",
    }
}

/// Its style.
pub fn style(standing: Standing, theme: &Theme) -> Style {
    match standing {
        Standing::Running | Standing::Elsewhere | Standing::Finished => theme.good,
        Standing::Paused | Standing::Stopped => theme.warning,
        Standing::Queued | Standing::Unfinished => theme.faint,
        Standing::Failed | Standing::Damaged => theme.bad,
    }
}

/// The runs that are compared: those that are marked, and the selected one.
pub fn compared<'a>(scene: &Scene<'a>) -> Vec<&'a Entry> {
    let selected = selected(scene.state, scene.entries).map(|entry| entry.id);
    let wanted = |entry: &&Entry| scene.state.runs.marked.contains(&entry.id) || Some(entry.id) == selected;
    scene.entries.iter().filter(wanted).collect()
}

fn comparison(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let theme = scene.theme;
    let runs = compared(scene);
    let view = scene.state.runs.view % VIEWS;
    let title = Line::styled(["Minibatch loss", "Rank of Ḡ", "Settings that differ"][view], theme.strong);
    let inner = theme.panel(buffer, area, title.clone(), false, false);
    let adds = if scene.state.runs.grouped && view < 2 { "seeds as mean and band" } else { "space adds a run" };
    let mut remarks = vec![adds.to_owned()];
    if view < 2 {
        let scale = if scene.state.runs.linear { "linear" } else { "log" };
        // Only the losses of single runs are smooth.
        let past = smoothing(scene.state);
        let is_smooth = view == 0 && !scene.state.runs.grouped && past > 0.0;
        let smoothed = if is_smooth { format!(" · smoothed {past}") } else { String::new() };
        remarks.splice(0..0, [format!("{scale}{smoothed} · {adds}"), format!("{scale}{smoothed}")]);
    }
    theme.remark(buffer, area, &title, &remarks);
    if lists_settings(scene.state) {
        return settings(buffer, inner, scene, &runs);
    }
    let quantities = overlay(scene, &runs, overlaid(scene.state));
    let Some(first) = quantities.first().map(|quantity| quantity.run) else {
        put(buffer, inner, 0, &Line::styled("nothing known of these runs yet: space reads their logs", theme.faint));
        return;
    };
    let log = !scene.state.runs.linear;
    let scene = Scene { snapshot: first, ..*scene };
    Curves { quantities, log, sign: 1.0, empty: "nothing measured yet" }.draw(buffer, inner, &scene);
}

/// Whether the Runs screen lists settings in place of curves.
pub fn lists_settings(state: &State) -> bool {
    state.runs.view % VIEWS == 2
}

/// What the Runs screen lays over one another.
pub fn overlaid(state: &State) -> Overlaid {
    if state.runs.view % VIEWS == 1 { Overlaid::Rank } else { Overlaid::Loss }
}

/// What is laid over one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlaid {
    /// The loss of each minibatch.
    Loss,
    /// The rank of the whole of Ḡ.
    Rank,
}

impl Overlaid {
    fn of(self, snapshot: &Snapshot) -> Option<&Series> {
        match self {
            Self::Loss => Some(&snapshot.loss),
            Self::Rank => {
                let ranks = snapshot.tracked::<Rank>();
                ranks.into_iter().find(|rank| rank.latest.scope == Scope::Whole).map(|rank| rank.history)
            }
        }
    }
}

/// One quantity of some runs, each a curve; where seeds are grouped, the runs of a group as one with a band.
pub fn overlay<'a>(scene: &Scene<'a>, runs: &[&'a Entry], what: Overlaid) -> Vec<Quantity<'a>> {
    let known = |entry: &&'a Entry| what.of(&entry.snapshot).is_some_and(|series| !series.is_empty());
    let runs: Vec<&Entry> = runs.iter().copied().filter(known).collect();
    if scene.state.runs.grouped {
        let folders = runs.iter().filter_map(|entry| Some((entry.run.as_ref()?, *entry)));
        return repetitions(folders).into_iter().map(|group| together(&group, what)).collect();
    }
    let names = names(&runs);
    let alone = |(entry, name): (&'a Entry, String)| Quantity {
        name,
        series: Cow::Borrowed(what.of(&entry.snapshot).unwrap_or(&entry.snapshot.loss)),
        look: if what == Overlaid::Loss { Look::Smooth } else { Look::Curve },
        run: &entry.snapshot,
    };
    runs.into_iter().zip(names).map(alone).collect()
}

/// What runs are called beside one another: with their optimizers, where these differ.
pub fn names(runs: &[&Entry]) -> Vec<String> {
    let optimizers: Vec<_> = runs.iter().map(|entry| Row::of(entry).optimizer).collect();
    let differ = optimizers.iter().any(|optimizer| *optimizer != optimizers[0]);
    let name = |(entry, optimizer): (&&Entry, &String)| match (differ, entry.label()) {
        (true, label) if !label.starts_with(optimizer.as_str()) => format!("{optimizer} · {label}"),
        (_, label) => label,
    };
    runs.iter().zip(&optimizers).map(name).collect()
}

fn together<'a>(group: &[(&'a Run, &'a Entry)], what: Overlaid) -> Quantity<'a> {
    // The axis is as long as what is drawn.
    let (run, entry) = group.iter().min_by_key(|(_, entry)| entry.snapshot.step).unwrap_or(&group[0]);
    let name = match (group.len(), run.fact("name")) {
        (2.., Some(name)) => format!("{name} × {}", group.len()),
        _ => entry.label(),
    };
    Quantity {
        name,
        series: Cow::Owned(Series::merged(group.iter().filter_map(|(_, entry)| what.of(&entry.snapshot)))),
        look: Look::Noisy,
        run: &entry.snapshot,
    }
}

/// The settings in which the runs differ.
fn settings(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, runs: &[&Entry]) {
    let theme = scene.theme;
    let known: Vec<&Run> = runs.iter().filter_map(|entry| entry.run.as_ref()).collect();
    if known.len() < 2 {
        put(buffer, area, 0, &Line::styled("space marks runs to compare", theme.faint));
        return;
    }
    let found = differences(&known);
    if found.is_empty() {
        put(buffer, area, 0, &Line::styled("these runs have the same settings", theme.faint));
        return;
    }
    let keys: Vec<_> = found.iter().map(|(key, _)| (*key).to_owned()).collect();
    let wide = keys.iter().map(|key| key.chars().count()).max().unwrap_or(0);
    let room = usize::from(area.width).saturating_sub(wide + 2) / known.len().max(1);
    let cell = |text: String| {
        let text = without_middle(&text, |text| Span::raw(text).width() + 2 <= room);
        let space = room.saturating_sub(Span::raw(&text).width());
        text + &" ".repeat(space)
    };
    let head = known.iter().map(|run| Span::styled(cell(run.label()), theme.faint));
    put(buffer, area, 0, &std::iter::once(Span::raw(" ".repeat(wide + 2))).chain(head).collect());
    let rows = usize::from(area.height).saturating_sub(1);
    // Where they do not all fit the last row says how many more there are.
    let shown = if found.len() > rows { rows.saturating_sub(1) } else { rows };
    if found.len() > shown {
        let more = format!("and {} more", found.len() - shown);
        put(buffer, area, area.height.saturating_sub(1), &Line::styled(more, theme.faint));
    }
    for (row, (key, facts)) in (1..).zip(&found[..shown.min(found.len())]) {
        let value = |fact: Option<&Fact>| match fact {
            None => "–".to_owned(),
            Some(Fact::Number(number)) => plain(*number),
            Some(fact) => fact.to_string(),
        };
        let key = Span::styled(format!("{key:<wide$}  "), theme.text);
        let values = facts.iter().map(|fact| Span::styled(cell(value(*fact)), theme.strong));
        put(buffer, area, row, &std::iter::once(key).chain(values).collect());
    }
}

#[cfg(test)]
mod tests;
