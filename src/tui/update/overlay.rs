//! What lies over the panes: scrolled, typed into, accepted, closed.

use super::typed::{self, Value};
use super::{Effect, Sight};
use crate::optim::Kind;
use crate::session::snapshot::Level;
use crate::session::{Command, Snapshot};
use crate::tui::action::{self, Action};
use crate::tui::line::Typed;
use crate::tui::number::count;
use crate::tui::runs;
use crate::tui::state::{Overlay, Question, Screen, State, Topic};
use crate::tui::{popup, view};

/// One level back.
pub fn back(state: &mut State) {
    if let Some(overlay) = state.overlay.take() {
        match overlay {
            Overlay::Ask(Question::Replace(file)) => {
                state.overlay = Some(Overlay::Prompt(Topic::Export, Typed::new(file.display().to_string())));
            }
            Overlay::Prompt(Topic::Messages, _) => state.overlay = Some(Overlay::Messages(0)),
            Overlay::Messages(_) if !std::mem::take(&mut state.log.filter).is_empty() => {
                state.overlay = Some(Overlay::Messages(0));
            }
            _ => {}
        }
    } else if state.screen == Screen::Runs {
        if std::mem::take(&mut state.runs.filter).is_empty() {
            state.show(Screen::Train);
        }
    } else if state.screen == Screen::Design {
        state.show(Screen::Train);
    } else if state.screen == Screen::Train && state.axes.crosshair.take().is_some() {
    } else if !std::mem::take(&mut state.zoom) {
        state.show(Screen::Train);
    }
}

/// The list that lies over the panes: which of its lines is selected or comes first, and how many can be.
pub fn list<'a>(state: &'a mut State, snapshot: &Snapshot) -> Option<(&'a mut usize, usize)> {
    let (columns, rows) = state.size;
    // What is only scrolled has its last line at the end of the panel.
    let first = |lines: usize| (lines + 1).saturating_sub(view::room(rows)).min(lines);
    let lines = match state.overlay.as_ref()? {
        Overlay::Help(_) => first(popup::help_lines(state)),
        Overlay::Messages(_) => first(popup::messages(state, columns).len()),
        Overlay::Choose(_) => snapshot.hyperparameters.len(),
        Overlay::Optimizers(_) => Kind::all().len(),
        Overlay::Forks(_, steps, _) => steps.len(),
        Overlay::Palette(text, _) => action::search(state.screen.context(), text).len(),
        Overlay::Prompt(..) | Overlay::Ask(_) => return None,
    };
    let at = state.overlay.as_mut().and_then(Overlay::line)?;
    Some((at, lines))
}

/// Scrolls the list that lies over the panes, the runs, or the table of the focused pane.
pub fn scroll(state: &mut State, sight: Sight<'_>, by: isize) {
    let snapshot = sight.snapshot;
    if state.overlay.is_none() && state.screen == Screen::Runs {
        return runs::select(state, sight.entries, by);
    }
    let (at, rows) = if state.overlay.is_none() {
        (&mut state.scroll[state.focus.index()], state.focus.rows(snapshot))
    } else {
        let Some(list) = list(state, snapshot) else { return };
        list
    };
    *at = at.saturating_add_signed(by).min(rows.saturating_sub(1));
}

/// Changes the line that is typed, where the action is one on a line. Whether it is.
pub fn edit(state: &mut State, action: Action) -> bool {
    match (&mut state.overlay, action) {
        (Some(Overlay::Prompt(_, line)), _) => return line.edit(action),
        (Some(Overlay::Palette(text, selected)), Action::Erase | Action::Clear) => {
            if action == Action::Clear {
                text.clear();
            }
            text.pop();
            *selected = 0;
        }
        _ => return false,
    }
    true
}

/// Takes what is selected, typed or asked.
pub fn accept(state: &mut State, sight: Sight<'_>) -> Option<Effect> {
    let snapshot = sight.snapshot;
    match state.overlay.take()? {
        Overlay::Ask(Question::Quit) => {
            if !sight.is_live() {
                return Some(Effect::Quit);
            }
            state.stopping = true;
            Some(Effect::StopAll)
        }
        Overlay::Ask(Question::Stop(id)) => Some(Effect::Stop(id)),
        Overlay::Ask(Question::Delete(id)) => Some(Effect::Delete(id)),
        Overlay::Ask(Question::Replace(file)) => Some(Effect::Export { file, replace: true }),
        Overlay::Choose(selected) => {
            let &(hyperparameter, _) = snapshot.hyperparameters.get(selected)?;
            state.overlay = Some(Overlay::Prompt(Topic::Hyperparameter(hyperparameter), Typed::default()));
            None
        }
        Overlay::Optimizers(selected) => {
            let optimizer = *Kind::all().get(selected)?;
            if snapshot.run.as_ref().is_some_and(|run| run.optimizer == optimizer.label()) {
                state.say(Level::Info, format!("it trains with {} already", optimizer.name()));
                return None;
            }
            Some(Effect::send(Command::Switch { optimizer }, &format!("optimizer {}", optimizer.name())))
        }
        Overlay::Forks(id, steps, selected) => Some(Effect::ForkAt(id, *steps.get(selected)?)),
        Overlay::Palette(text, selected) => {
            let action = action::search(state.screen.context(), &text).get(selected)?.action;
            super::update(state, action, sight)
        }
        Overlay::Prompt(topic, line) => match (typed::read(topic, line.text(), sight.entries), topic) {
            (Ok(Value::File(file)), _) => Some(Effect::Export { file, replace: false }),
            (Ok(Value::Text), _) => {
                line.text().trim().clone_into(&mut state.log.filter);
                state.overlay = Some(Overlay::Messages(0));
                None
            }
            (Ok(Value::Filter(_)), _) => {
                line.text().trim().clone_into(&mut state.runs.filter);
                None
            }
            (Ok(Value::Number(value)), Topic::Updates) => {
                let text = format!("{} updates, then pause", count(value as u64));
                Some(Effect::send(Command::RunThenPause(value as u64), &text))
            }
            (Ok(Value::Number(value)), Topic::Hyperparameter(hyperparameter)) => {
                Some(Effect::set(hyperparameter, value))
            }
            (Err(_), _) if line.text().is_empty() => None,
            (Ok(_), Topic::Filter | Topic::Export | Topic::Messages) | (Err(_), _) => {
                state.overlay = Some(Overlay::Prompt(topic, line));
                None
            }
        },
        Overlay::Help(_) | Overlay::Messages(_) => None,
    }
}
