//! What the mouse does: it selects what it points at, and turns tables and charts.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::action::Action;
use super::panes::Pane;
use super::state::{Overlay, Screen, State};
use super::update::{self, Effect, Sight};
use super::{popup, runs, view};

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

/// Presses a line of a list, a tab, a pane, a run, or a field; other things that lie over the screen go.
fn press(state: &mut State, at: Position, area: Rect, sight: Sight<'_>) -> Option<Effect> {
    if state.overlay.is_some() {
        let chosen = choose(state, at, area, sight);
        return update::update(state, if chosen { Action::Accept } else { Action::Back }, sight);
    }
    if let Some(screen) = view::tab(area, at) {
        return update::update(state, Action::Show(screen), sight);
    }
    match state.screen {
        Screen::Train | Screen::Curvature | Screen::Images => {
            let (pane, _) = view::places(area, state).into_iter().find(|(_, place)| place.contains(at))?;
            update::update(state, Action::Focus(pane.place()), sight)
        }
        Screen::Design => {
            state.design.point(view::middle(area, state), at);
            None
        }
        Screen::Runs => {
            runs::point(state, view::middle(area, state), at, sight.entries);
            None
        }
    }
}

/// Selects the line at a place of the list that lies over the screen, where one of its lines can be taken. Whether
/// there is one.
fn choose(state: &mut State, at: Position, area: Rect, sight: Sight<'_>) -> bool {
    let takes = matches!(
        state.overlay,
        Some(Overlay::Choose(_) | Overlay::Optimizers(_) | Overlay::Forks(..) | Overlay::Palette(..))
    );
    let Some((selected, lines)) = update::list(state, sight.snapshot).filter(|_| takes) else { return false };
    let line = popup::line_at(view::over(area), lines, *selected, at);
    *selected = line.unwrap_or(*selected);
    line.is_some()
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
    use crate::tui::line::Typed;
    use crate::tui::sample;
    use crate::tui::state::{Topic, Window};

    /// Points at places in turn; what is asked for by the last.
    fn events(state: &mut State, events: &[(MouseEventKind, u16, u16)]) -> Option<Effect> {
        let mut effect = None;
        let (snapshot, shelf) = (sample::snapshot(1000), sample::shelf());
        let sight = Sight { snapshot: &snapshot, entries: shelf.entries() };
        for &(kind, column, row) in events {
            let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
            effect = point(state, event, Rect::new(0, 0, 100, 30), sight);
        }
        effect
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

    #[test]
    fn a_line_of_a_list_is_taken_where_it_is_pressed_and_beside_it_none_is() {
        let over = |overlay: Overlay, x, y| {
            let mut state = State { overlay: Some(overlay), ..State::default() };
            events(&mut state, &[(DOWN, x, y)]);
            state.overlay
        };
        let hyperparameters = sample::snapshot(1000).hyperparameters;
        let asks = |at: usize| Some(Overlay::Prompt(Topic::Hyperparameter(hyperparameters[at].0), Typed::default()));
        // Ten lines in a panel about the middle, below its title.
        assert_eq!([over(Overlay::Choose(0), 20, 9), over(Overlay::Choose(7), 80, 12)], [asks(0), asks(3)]);
        for (x, y) in [(2, 9), (20, 8), (20, 25)] {
            assert_eq!(over(Overlay::Choose(0), x, y), None);
        }
        let steps = vec![900, 500, 100];
        let mut state = State { overlay: Some(Overlay::Forks(1, steps, 0)), ..State::default() };
        // Three lines about the middle: the second of them.
        assert!(matches!(events(&mut state, &[(DOWN, 20, 14)]), Some(Effect::ForkAt(1, 500))));
    }

    #[test]
    fn a_field_of_the_design_screen_is_selected_where_it_is_pressed() {
        let key = |x, y| {
            let mut state = State { screen: Screen::Design, ..State::default() };
            events(&mut state, &[(DOWN, x, y)]);
            state.design.selected_key()
        };
        assert_eq!([key(5, 3), key(5, 4), key(5, 2), key(90, 4)], ["name", "seed", "name", "name"]);
        let keys = |x| (2..25).map(|y| key(x, y)).collect::<Vec<_>>();
        assert!(keys(28).contains(&"network.layers.1.units".to_owned()));
        assert!(keys(36).contains(&"network.layers.1.activation".to_owned()));
    }
}
