//! The list of keys.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::tui::action::BINDINGS;
use crate::tui::update;

#[test]
fn in_ascii_mode_keys_are_called_by_words_and_hyperparameters_apart() {
    let theme = Theme::new(Palette::Light, true, Signs::Ascii);
    let state = State { overlay: Some(Overlay::Help(0)), ..State::default() };
    let help = text(&picture(120, 240, &state, &Snapshot::default(), &theme));
    let has = |keys: &str, does: &str| help.lines().any(|line| line.contains(keys) && line.contains(does));
    for (keys, does) in [
        ("Up k ", "Scroll the focused table up."),
        ("Down j ", "Scroll the focused table down."),
        ("Left , ", "Move the crosshair left"),
        ("Right . ", "Move the crosshair right"),
        ("Shift-Tab ", "Focus the previous pane."),
    ] {
        assert!(has(keys, does), "{keys}: {help}");
    }
    let mut run = sample::snapshot(10);
    run.hyperparameters.extend([(Hyperparameter::Beta1, 0.9), (Hyperparameter::Beta2, 0.999)]);
    let choose = State { overlay: Some(Overlay::Choose(0)), ..State::default() };
    let choose = text(&picture(100, 30, &choose, &run, &theme));
    assert!(choose.contains("beta1 ") && choose.contains("beta2 "), "{choose}");
}

#[test]
fn every_key_and_every_help_text_appears_in_the_help() {
    let snapshot = Snapshot::default();
    let (state, theme) = (State { overlay: Some(Overlay::Help(0)), ..State::default() }, dark());
    let shown = text(&picture(120, 240, &state, &snapshot, &theme));
    for binding in BINDINGS {
        let line = shown
            .lines()
            .find(|line| line.contains(binding.help) && binding.keys.iter().all(|key| line.contains(&key.name())));
        assert!(line.is_some(), "{} is missing from the help", binding.name);
    }
}

#[test]
fn the_help_ends_where_its_last_line_is_at_the_end_of_its_panel() {
    for screen in Screen::ALL {
        let mut state = State { size: (80, 24), overlay: Some(Overlay::Help(0)), ..State::default() };
        state.show(screen);
        let mut press = |code| {
            let sight = update::Sight { snapshot: &Snapshot::default(), entries: &[] };
            update::press(&mut state, &KeyEvent::new(code, KeyModifiers::NONE), sight);
            show(80, 24, &state)
        };
        let end = press(KeyCode::End);
        assert!(!end.contains("more") && press(KeyCode::Up).contains("1 more"), "{end}");
        assert_eq!(press(KeyCode::Down), end);
        assert_eq!(press(KeyCode::Down), end);
        assert!(press(KeyCode::Up).contains("1 more"), "{end}");
    }
}

#[test]
fn the_help_begins_with_what_the_focused_pane_shows() {
    for focus in Pane::ALL {
        let state = State { focus, overlay: Some(Overlay::Help(0)), ..State::default() };
        let shown = show(80, 24, &state);
        assert!(!focus.about().is_empty() && focus.about().iter().all(|line| shown.contains(line)), "{shown}");
    }
    let state = State { focus: Pane::Rank, overlay: Some(Overlay::Help(0)), ..State::default() };
    assert!(show(80, 24, &state).contains("eigenvalues above max(M, P) ε λ max"));
}
