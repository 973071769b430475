//! What the mouse does: it selects what it points at, and turns tables and charts.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::action::Action;
use super::panes::Pane;
use super::state::{Screen, State};
use super::update::{self, Effect, Sight};
use super::{runs, view};

/// Takes in an event of the mouse on a screen of this size.
pub fn point(state: &mut State, event: MouseEvent, area: Rect, sight: Sight<'_>) -> Option<Effect> {
    let at = Position { x: event.column, y: event.row };
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => press(state, at, area, sight),
        MouseEventKind::ScrollUp => turn(state, at, area, sight, [Action::Up, Action::Closer]),
        MouseEventKind::ScrollDown => turn(state, at, area, sight, [Action::Down, Action::Farther]),
        _ => None,
    }
}

/// Presses a tab, a pane, or a run; what lies over the screen goes.
fn press(state: &mut State, at: Position, area: Rect, sight: Sight<'_>) -> Option<Effect> {
    if state.overlay.is_some() {
        return update::update(state, Action::Back, sight);
    }
    if let Some(screen) = view::tab(area, at) {
        return update::update(state, Action::Show(screen), sight);
    }
    match state.screen {
        Screen::Train | Screen::Curvature | Screen::Images => {
            let (pane, _) = view::places(area, state).into_iter().find(|(_, place)| place.contains(at))?;
            update::update(state, Action::Focus(pane.place()), sight)
        }
        Screen::Design => None,
        Screen::Runs => {
            runs::point(state, view::middle(area, state), at, sight.entries);
            None
        }
    }
}

/// Scrolls a list or a table, or looks at more or less of a chart: the first action or the second.
fn turn(state: &mut State, at: Position, area: Rect, sight: Sight<'_>, actions: [Action; 2]) -> Option<Effect> {
    if state.overlay.is_some() || Pane::of(state.screen).is_empty() {
        return update::update(state, actions[0], sight);
    }
    let (pane, _) = view::places(area, state).into_iter().find(|(_, place)| place.contains(at))?;
    update::update(state, Action::Focus(pane.place()), sight);
    let table = pane.rows(sight.snapshot) > 0 && state.view(pane) == 0;
    update::update(state, actions[usize::from(!table)], sight)
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyModifiers;

    use super::*;
    use crate::tui::sample;
    use crate::tui::state::{Overlay, Window};

    fn events(state: &mut State, events: &[(MouseEventKind, u16, u16)]) {
        let (snapshot, shelf) = (sample::snapshot(1000), sample::shelf());
        let sight = Sight { snapshot: &snapshot, entries: shelf.entries() };
        for &(kind, column, row) in events {
            let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
            point(state, event, Rect::new(0, 0, 100, 30), sight);
        }
    }

    const DOWN: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

    #[test]
    fn a_pane_is_focused_where_it_is_pressed_and_a_tab_is_shown() {
        let mut state = State::default();
        for (x, y, pane) in [(80, 4, 1), (5, 20, 2), (80, 20, 3), (5, 4, 0)] {
            events(&mut state, &[(DOWN, x, y)]);
            assert_eq!(state.focus, Pane::ALL[pane]);
        }
        events(&mut state, &[(DOWN, 17, 0)]);
        assert_eq!(state.screen, Screen::Runs);
        events(&mut state, &[(DOWN, 10, 4)]);
        assert_eq!(state.runs.selected, 1);
        events(&mut state, &[(DOWN, 2, 0)]);
        assert_eq!(state.screen, Screen::Train);
    }

    #[test]
    fn the_wheel_scrolls_tables_and_magnifies_charts() {
        let mut state = State::default();
        events(&mut state, &[(MouseEventKind::ScrollDown, 80, 4); 2]);
        assert_eq!(state.scroll[1], 2);
        events(&mut state, &[(MouseEventKind::ScrollUp, 5, 4)]);
        assert_eq!(state.axes.window, Window::Latest(500.0));
        state.overlay = Some(Overlay::Help(0));
        events(&mut state, &[(MouseEventKind::ScrollDown, 5, 4)]);
        assert_eq!(state.overlay, Some(Overlay::Help(1)));
        events(&mut state, &[(DOWN, 5, 4)]);
        assert_eq!(state.overlay, None);
    }
}
