//! What a key does to the screen, and what it asks of the world.

use std::path::{Path, PathBuf};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{self, Action, Context};
use super::number::{count, plain};
use super::panes::Pane;
use super::runs;
use super::state::{Overlay, Question, SMOOTHINGS, Screen, State, Topic, Unit, Window};
use crate::export::Format;
use crate::optim::{Kind, Range};
use crate::runs::{Entry, Filter, Id};
use crate::session::{Command, Snapshot, Status};
use crate::train::Hyperparameter;

/// What is to be done outside the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a command; the text says it for people.
    Send(Command, String),
    /// End, because the run is over.
    Quit,
    /// End without waiting for the run to be over.
    Leave,
    /// Look for run folders, and at the logs of those that are marked.
    Scan,
    /// Show a run on the Train screen.
    Open(Id),
    /// Read the log of a run.
    Read(Id),
    /// Queue a run's experiment with the next seed.
    Again(Id),
    /// Begin a run that waits.
    Hurry(Id),
    /// Start another run at a run's latest checkpoint.
    Fork(Id),
    /// Let a run go on where it was left.
    Resume(Id),
    /// Delete a run.
    Delete(Id),
    /// Write what is in sight to a file.
    Export(PathBuf),
    /// Stop every run.
    StopAll,
    /// Let the shell have the terminal for a while.
    Suspend,
    /// Draw everything anew.
    Redraw,
}

/// What there is to see.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    /// The run on the Train screen.
    pub snapshot: &'a Snapshot,
    /// All runs.
    pub entries: &'a [Entry],
}

impl Sight<'_> {
    /// Whether a run of this process is not over.
    pub fn is_live(&self) -> bool {
        self.entries.iter().any(Entry::is_live)
    }
}

/// Takes in a key.
pub fn press(state: &mut State, event: &KeyEvent, sight: Sight<'_>) -> Option<Effect> {
    state.notice = None;
    let snapshot = sight.snapshot;
    if let Some(action) = action::find(state.context(), event) {
        let over = matches!(snapshot.status, Status::Ended(_));
        // A run that is over takes no commands.
        return update(state, action, sight).filter(|effect| !over || !matches!(effect, Effect::Send(..)));
    }
    let KeyCode::Char(letter) = event.code else { return None };
    if !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        match &mut state.overlay {
            Some(Overlay::Prompt(Topic::Filter | Topic::Export, text)) if text.len() < 400 => text.push(letter),
            Some(Overlay::Prompt(_, text)) if text.len() < 24 && !letter.is_whitespace() => text.push(letter),
            Some(Overlay::Palette(text, selected)) if text.len() < 24 => {
                text.push(letter);
                *selected = 0;
            }
            _ => {}
        }
    }
    None
}

/// Takes in an action.
pub fn update(state: &mut State, action: Action, sight: Sight<'_>) -> Option<Effect> {
    let snapshot = sight.snapshot;
    match action {
        Action::Quit => return quit(state, sight),
        Action::Show(screen) => {
            state.screen = screen;
            return (screen == Screen::Runs).then_some(Effect::Scan);
        }
        Action::Leave => return Some(Effect::Leave),
        Action::Suspend => return Some(Effect::Suspend),
        Action::Redraw => return Some(Effect::Redraw),
        Action::Accept => return accept(state, sight),
        Action::TogglePause => return toggle_pause(snapshot),
        Action::SingleStep => return Some(send(Command::RunThenPause(1), "one update, then pause")),
        Action::Checkpoint => return Some(send(Command::Checkpoint, "checkpoint")),
        Action::Scale(hyperparameter, factor) => {
            let value = snapshot.hyperparameter(hyperparameter)? * factor;
            return Some(set(hyperparameter, round(value)));
        }
        Action::Help => state.overlay = Some(Overlay::Help(0)),
        Action::Messages => state.overlay = Some(Overlay::Messages(0)),
        Action::Choose => state.overlay = Some(Overlay::Choose(0)),
        Action::Optimizers => state.overlay = Some(Overlay::Optimizers(0)),
        Action::Palette => state.overlay = Some(Overlay::Palette(String::new(), 0)),
        Action::Ask(hyperparameter) => {
            state.overlay = Some(Overlay::Prompt(Topic::Hyperparameter(hyperparameter), String::new()));
        }
        Action::AskUpdates => state.overlay = Some(Overlay::Prompt(Topic::Updates, String::new())),
        Action::Back => back(state),
        Action::Up => scroll(state, sight, -1),
        Action::Down => scroll(state, sight, 1),
        Action::PageUp => scroll(state, sight, -10),
        Action::PageDown => scroll(state, sight, 10),
        Action::Erase => edit(state, |text| {
            text.pop();
        }),
        Action::Clear => edit(state, String::clear),
        Action::NextPalette => {
            state.palette = state.palette.next();
            state.notice = Some(format!("palette: {}", state.palette.name()));
        }
        Action::ToggleMouse => {
            state.mouse = !state.mouse;
            state.notice = Some(format!("mouse {}", if state.mouse { "on" } else { "off" }));
        }
        Action::AskExport => state.overlay = Some(Overlay::Prompt(Topic::Export, String::new())),
        Action::AskFilter => state.overlay = Some(Overlay::Prompt(Topic::Filter, state.runs.filter.clone())),
        Action::SortRuns => state.runs.sort = (state.runs.sort + 1) % runs::COLUMNS.len(),
        Action::InvertRuns => state.runs.descending = !state.runs.descending,
        Action::GroupSeeds => state.runs.grouped = !state.runs.grouped,
        Action::LogY if state.screen == Screen::Runs => state.runs.linear = !state.runs.linear,
        Action::NextView if state.screen == Screen::Runs => state.runs.view = (state.runs.view + 1) % runs::VIEWS,
        Action::Fork if state.screen == Screen::Train => return Some(Effect::Fork(state.runs.shown)),
        Action::Fork
        | Action::ResumeRun
        | Action::OpenRun
        | Action::MarkRun
        | Action::Again
        | Action::Hurry
        | Action::DeleteRun => {
            return handle(state, action, sight);
        }
        other => arrange(state, other, snapshot),
    }
    None
}

/// Actions on the selected run.
fn handle(state: &mut State, action: Action, sight: Sight<'_>) -> Option<Effect> {
    let id = runs::selected(state, sight.entries)?.id;
    match action {
        Action::OpenRun => {
            state.screen = Screen::Train;
            Some(Effect::Open(id))
        }
        Action::MarkRun => {
            if let Some(place) = state.runs.marked.iter().position(|marked| *marked == id) {
                state.runs.marked.remove(place);
                return None;
            }
            state.runs.marked.push(id);
            Some(Effect::Read(id))
        }
        Action::Fork => Some(Effect::Fork(id)),
        Action::ResumeRun => Some(Effect::Resume(id)),
        Action::Again => Some(Effect::Again(id)),
        Action::Hurry => Some(Effect::Hurry(id)),
        _ => {
            state.overlay = Some(Overlay::Ask(Question::Delete(id)));
            None
        }
    }
}

/// Actions on panes and charts.
fn arrange(state: &mut State, action: Action, snapshot: &Snapshot) {
    let pane = state.focus.index();
    let sight = visible(state, snapshot);
    let axes = &mut state.axes;
    match action {
        Action::NextPane => state.focus = state.focus.after(1),
        Action::PreviousPane => state.focus = state.focus.after(Pane::COUNT - 1),
        Action::Focus(index) => state.focus = Pane::ALL[index % Pane::COUNT],
        Action::Zoom => state.zoom = !state.zoom,
        Action::NextView => state.views[pane] = (state.views[pane] + 1) % state.focus.views(),
        Action::LogY => state.linear_y[pane] = !state.linear_y[pane],
        Action::LogX => axes.log_x = !axes.log_x,
        Action::NextUnit => {
            axes.unit = match axes.unit {
                Unit::Update => Unit::Epoch,
                Unit::Epoch => Unit::Sample,
                Unit::Sample => Unit::Second,
                Unit::Second => Unit::Update,
            }
        }
        Action::Smoothing => axes.smoothing = (axes.smoothing + 1) % SMOOTHINGS.len(),
        Action::Crosshair => {
            axes.crosshair = match axes.crosshair {
                Some(_) => None,
                None => Some(sight.1),
            }
        }
        Action::Left => slide(state, snapshot, -1.0),
        Action::Right => slide(state, snapshot, 1.0),
        Action::OneLeft => axes.crosshair = axes.crosshair.map(|at| (at.ceil() - 1.0).max(sight.0).min(sight.1)),
        Action::OneRight => axes.crosshair = axes.crosshair.map(|at| (at.floor() + 1.0).max(sight.0).min(sight.1)),
        Action::Closer => magnify(state, snapshot, 0.5),
        Action::Farther => magnify(state, snapshot, 2.0),
        Action::Follow => {
            axes.window = match axes.window {
                Window::All => Window::Latest(((sight.1 - sight.0) / 4.0).max(1.0)),
                Window::Latest(_) => Window::All,
                Window::Between(from, to) => Window::Latest(to - from),
            };
        }
        Action::ShowAll => axes.window = Window::All,
        _ => {}
    }
}

/// The updates in sight.
fn visible(state: &State, snapshot: &Snapshot) -> (f64, f64) {
    let (first, last) = whole(snapshot);
    state.axes.window.range(first, last)
}

/// The updates of the run.
fn whole(snapshot: &Snapshot) -> (f64, f64) {
    let (first, last) = snapshot.updates();
    (first as f64, last as f64)
}

/// Moves the crosshair by a fiftieth of what is in sight, or what is in sight by a quarter; at the end of the
/// run it follows again.
fn slide(state: &mut State, snapshot: &Snapshot, direction: f64) {
    let (first, last) = whole(snapshot);
    let (from, to) = visible(state, snapshot);
    if let Some(at) = &mut state.axes.crosshair {
        let there = if state.axes.log_x && from > 0.0 && to > from {
            *at * (to / from).powf(direction / 50.0)
        } else {
            *at + direction * ((to - from) / 50.0).max(1.0)
        };
        *at = there.min(to).max(from);
    } else if state.axes.window != Window::All {
        let span = to - from;
        let start = (from + direction * span / 4.0).max(first);
        state.axes.window =
            if start + span < last { Window::Between(start, start + span) } else { Window::Latest(span) };
    }
}

/// Changes how many updates are in sight, about the crosshair if there is one.
fn magnify(state: &mut State, snapshot: &Snapshot, factor: f64) {
    let (first, last) = whole(snapshot);
    let (from, to) = visible(state, snapshot);
    let span = ((to - from) * factor).max(4.0);
    state.axes.window = if span >= last - first {
        Window::All
    } else if state.axes.crosshair.is_none() && !matches!(state.axes.window, Window::Between(..)) {
        Window::Latest(span)
    } else {
        let centre = state.axes.crosshair.unwrap_or(from.midpoint(to));
        let start = (centre - span / 2.0).min(last - span).max(first);
        Window::Between(start, start + span)
    };
}

fn back(state: &mut State) {
    if state.overlay.take().is_some() {
    } else if state.screen == Screen::Runs {
        if std::mem::take(&mut state.runs.filter).is_empty() {
            state.screen = Screen::Train;
        }
    } else if state.axes.crosshair.take().is_none() {
        state.zoom = false;
    }
}

fn scroll(state: &mut State, sight: Sight<'_>, by: isize) {
    let snapshot = sight.snapshot;
    let screen = state.screen.context();
    let pane = state.focus.index();
    let (at, rows) = match &mut state.overlay {
        Some(Overlay::Help(at)) => (at, action::BINDINGS.len() + 2 * Context::ALL.len()),
        Some(Overlay::Messages(at)) => (at, snapshot.messages.len()),
        Some(Overlay::Choose(at)) => (at, snapshot.hyperparameters.len()),
        Some(Overlay::Optimizers(at)) => (at, Kind::all().len()),
        Some(Overlay::Palette(text, at)) => (at, action::search(screen, text).len()),
        Some(_) => return,
        None if state.screen == Screen::Runs => return runs::select(state, sight.entries, by),
        None => (&mut state.scroll[pane], state.focus.rows(snapshot)),
    };
    *at = at.saturating_add_signed(by).min(rows.saturating_sub(1));
}

fn edit(state: &mut State, change: impl FnOnce(&mut String)) {
    match &mut state.overlay {
        Some(Overlay::Prompt(_, text)) => change(text),
        Some(Overlay::Palette(text, selected)) => {
            change(text);
            *selected = 0;
        }
        _ => {}
    }
}

fn quit(state: &mut State, sight: Sight<'_>) -> Option<Effect> {
    if !sight.is_live() {
        return Some(Effect::Quit);
    }
    state.overlay = Some(Overlay::Ask(Question::Quit));
    None
}

fn toggle_pause(snapshot: &Snapshot) -> Option<Effect> {
    match snapshot.status {
        Status::Paused => Some(send(Command::Resume, "resume")),
        Status::Loading | Status::Running => Some(send(Command::Pause, "pause")),
        Status::Ended(_) => None,
    }
}

fn accept(state: &mut State, sight: Sight<'_>) -> Option<Effect> {
    let snapshot = sight.snapshot;
    match state.overlay.take()? {
        Overlay::Ask(Question::Quit) => {
            if !sight.is_live() {
                return Some(Effect::Quit);
            }
            state.stopping = true;
            Some(Effect::StopAll)
        }
        Overlay::Ask(Question::Delete(id)) => Some(Effect::Delete(id)),
        Overlay::Choose(selected) => {
            let &(hyperparameter, _) = snapshot.hyperparameters.get(selected)?;
            state.overlay = Some(Overlay::Prompt(Topic::Hyperparameter(hyperparameter), String::new()));
            None
        }
        Overlay::Optimizers(selected) => {
            let optimizer = *Kind::all().get(selected)?;
            Some(send(Command::Switch { optimizer }, &format!("optimizer {}", optimizer.name())))
        }
        Overlay::Palette(text, selected) => {
            let action = action::search(state.screen.context(), &text).get(selected)?.action;
            update(state, action, sight)
        }
        Overlay::Prompt(topic, text) => match (read(topic, &text), topic) {
            (Ok(Typed::File(file)), _) => Some(Effect::Export(file)),
            (Ok(Typed::Filter(_)), _) => {
                text.trim().clone_into(&mut state.runs.filter);
                None
            }
            (Ok(Typed::Number(value)), Topic::Updates) => {
                let text = format!("{} updates, then pause", count(value as u64));
                Some(send(Command::RunThenPause(value as u64), &text))
            }
            (Ok(Typed::Number(value)), Topic::Hyperparameter(hyperparameter)) => Some(set(hyperparameter, value)),
            (Err(_), _) if text.is_empty() => None,
            (Ok(_), Topic::Filter | Topic::Export) | (Err(_), _) => {
                state.overlay = Some(Overlay::Prompt(topic, text));
                None
            }
        },
        Overlay::Help(_) | Overlay::Messages(_) => None,
    }
}

/// What was typed, as a value for its topic.
///
/// # Errors
/// What would be right, in words.
pub fn read(topic: Topic, text: &str) -> Result<Typed, String> {
    let range = match topic {
        Topic::Hyperparameter(hyperparameter) => hyperparameter.range(),
        Topic::Updates => Range::Count,
        Topic::Export if Format::of(Path::new(text.trim())).is_some() => return Ok(Typed::File(text.trim().into())),
        Topic::Export => return Err("expected a file that ends in .svg, .png, .csv or .json".to_owned()),
        Topic::Filter if text.trim().is_empty() => return Ok(Typed::Filter(None)),
        Topic::Filter => {
            return Filter::parse(text).map(|filter| Typed::Filter(Some(filter))).map_err(|e| e.to_string());
        }
    };
    match text.parse() {
        Ok(value) if range.contains(value) => Ok(Typed::Number(value)),
        _ => Err(format!("expected {}", range.expectation())),
    }
}

/// What was typed.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    /// A number.
    Number(f64),
    /// An expression that chooses runs; `None` chooses all.
    Filter(Option<Filter>),
    /// A file.
    File(PathBuf),
}

fn send(command: Command, text: &str) -> Effect {
    Effect::Send(command, text.to_owned())
}

fn set(hyperparameter: Hyperparameter, value: f64) -> Effect {
    let text = format!("{} → {}", hyperparameter.symbol(), plain(value));
    Effect::Send(Command::Set { hyperparameter, value }, text)
}

/// Rounded to six digits, so that halving does not drag a tail of them along.
fn round(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// Forgets the commands that a snapshot acknowledges.
pub fn settle(state: &mut State, snapshot: &Snapshot) {
    if state.pending.is_empty() {
        return;
    }
    if matches!(snapshot.status, Status::Ended(_)) {
        state.pending.clear();
    }
    // Commands are answered in their order, so an answer settles those before it as well.
    let answered = snapshot.messages.iter().filter_map(|message| message.ticket).max().unwrap_or(0);
    state.pending.retain(|pending| pending.ticket > answered);
}

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
