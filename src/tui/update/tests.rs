use super::*;
use crate::experiment::Experiment;
use crate::optim::Kind;
use crate::session::{self, Session, pair};
use crate::train::Hyperparameter;
use crate::tui::action::Context;
use crate::tui::panes::Pane;
use crate::tui::sample;
use crate::tui::state::{Pending, Unit, Window};

mod lists;
mod screens;
mod steering;

fn keys(state: &mut State, snapshot: &Snapshot, keys: &str) -> Option<Effect> {
    let mut effect = None;
    for key in keys.chars() {
        let code = match key {
            '⏎' => KeyCode::Enter,
            '⎋' => KeyCode::Esc,
            '⌫' => KeyCode::Backspace,
            '⇱' => KeyCode::Home,
            '⇲' => KeyCode::End,
            '⌦' => KeyCode::Delete,
            '⇥' => KeyCode::Tab,
            '←' => KeyCode::Left,
            '␃' => KeyCode::Char('c'),
            other => KeyCode::Char(other),
        };
        let modifiers = if key == '␃' { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        let shelf = sample::shelf_of(snapshot.clone());
        let sight = Sight { snapshot, entries: shelf.entries() };
        effect = press(state, &KeyEvent::new(code, modifiers), sight);
    }
    effect
}

fn after(typed: &str, snapshot: &Snapshot) -> (State, Option<Effect>) {
    let mut state = State::default();
    let effect = keys(&mut state, snapshot, typed);
    (state, effect)
}

/// What the workbench says of the last key.
fn said(state: &State) -> Option<&str> {
    state.notice.as_ref().map(|(_, text)| text.as_str())
}

fn command(effect: Option<&Effect>) -> Option<Command> {
    match effect {
        Some(Effect::Send(command, _)) => Some(*command),
        _ => None,
    }
}
