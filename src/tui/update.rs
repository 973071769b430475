//! What a key does to the screen, and what it asks of the world.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{self, Action, Context};
use super::number::{count, plain};
use super::panes::Pane;
use super::state::{Overlay, SMOOTHINGS, State, Topic, Unit, Window};
use crate::optim::Kind;
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
    /// Let the shell have the terminal for a while.
    Suspend,
    /// Draw everything anew.
    Redraw,
}

/// Takes in a key.
pub fn press(state: &mut State, event: &KeyEvent, snapshot: &Snapshot) -> Option<Effect> {
    if let Some(action) = action::find(state.context(), event) {
        let over = matches!(snapshot.status, Status::Ended(_));
        // A run that is over takes no commands.
        return update(state, action, snapshot).filter(|effect| !over || !matches!(effect, Effect::Send(..)));
    }
    let KeyCode::Char(letter) = event.code else { return None };
    if !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        match &mut state.overlay {
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
pub fn update(state: &mut State, action: Action, snapshot: &Snapshot) -> Option<Effect> {
    match action {
        Action::Quit => return quit(state, snapshot),
        Action::Leave => return Some(Effect::Leave),
        Action::Suspend => return Some(Effect::Suspend),
        Action::Redraw => return Some(Effect::Redraw),
        Action::Accept => return accept(state, snapshot),
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
        Action::Up => scroll(state, snapshot, -1),
        Action::Down => scroll(state, snapshot, 1),
        Action::PageUp => scroll(state, snapshot, -10),
        Action::PageDown => scroll(state, snapshot, 10),
        Action::Erase => edit(state, |text| {
            text.pop();
        }),
        Action::Clear => edit(state, String::clear),
        other => arrange(state, other, snapshot),
    }
    None
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
    } else if state.axes.crosshair.take().is_none() {
        state.zoom = false;
    }
}

fn scroll(state: &mut State, snapshot: &Snapshot, by: isize) {
    let pane = state.focus.index();
    let (at, rows) = match &mut state.overlay {
        Some(Overlay::Help(at)) => (at, action::BINDINGS.len() + 2 * Context::ALL.len()),
        Some(Overlay::Messages(at)) => (at, snapshot.messages.len()),
        Some(Overlay::Choose(at)) => (at, snapshot.hyperparameters.len()),
        Some(Overlay::Optimizers(at)) => (at, Kind::all().len()),
        Some(Overlay::Palette(text, at)) => (at, action::search(text).len()),
        Some(_) => return,
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

fn quit(state: &mut State, snapshot: &Snapshot) -> Option<Effect> {
    if matches!(snapshot.status, Status::Ended(_)) {
        return Some(Effect::Quit);
    }
    state.overlay = Some(Overlay::Quit);
    None
}

fn toggle_pause(snapshot: &Snapshot) -> Option<Effect> {
    match snapshot.status {
        Status::Paused => Some(send(Command::Resume, "resume")),
        Status::Loading | Status::Running => Some(send(Command::Pause, "pause")),
        Status::Ended(_) => None,
    }
}

fn accept(state: &mut State, snapshot: &Snapshot) -> Option<Effect> {
    match state.overlay.take()? {
        Overlay::Quit => {
            if matches!(snapshot.status, Status::Ended(_)) {
                return Some(Effect::Quit);
            }
            state.stopping = true;
            Some(send(Command::Stop, "stop"))
        }
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
            let action = action::search(&text).get(selected)?.action;
            update(state, action, snapshot)
        }
        Overlay::Prompt(topic, text) => match (read(topic, &text), topic) {
            (Ok(value), Topic::Updates) => {
                let text = format!("{} updates, then pause", count(value as u64));
                Some(send(Command::RunThenPause(value as u64), &text))
            }
            (Ok(value), Topic::Hyperparameter(hyperparameter)) => Some(set(hyperparameter, value)),
            (Err(_), _) if text.is_empty() => None,
            (Err(_), _) => {
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
pub fn read(topic: Topic, text: &str) -> Result<f64, &'static str> {
    let range = range(topic);
    let value = text.parse::<f64>().map_err(|_| range.expectation())?;
    if range.contains(value) { Ok(value) } else { Err(range.expectation()) }
}

/// The values a topic can take.
pub fn range(topic: Topic) -> crate::optim::Range {
    match topic {
        Topic::Hyperparameter(hyperparameter) => hyperparameter.range(),
        Topic::Updates => crate::optim::Range::Count,
    }
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
mod tests;
