//! Actions on panes and charts.

use crate::session::Snapshot;
use crate::tui::action::Action;
use crate::tui::panes::Pane;
use crate::tui::state::{SMOOTHINGS, State, Unit, Window};

/// Takes in an action on a pane or its chart.
pub fn arrange(state: &mut State, action: Action, snapshot: &Snapshot) {
    let pane = state.focus.index();
    let sight = visible(state, snapshot);
    let axes = &mut state.axes;
    match action {
        Action::NextPane => state.focus = state.focus.after(),
        Action::PreviousPane => state.focus = state.focus.before(),
        Action::Focus(index) => {
            if let Some(&pane) = Pane::of(state.screen).get(index) {
                state.focus = pane;
            }
        }
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
        Action::OneLeft => axes.crosshair = axes.crosshair.map(|at| neighbour(snapshot, at, -1)),
        Action::OneRight => axes.crosshair = axes.crosshair.map(|at| neighbour(snapshot, at, 1)),
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

/// The step of the point of the loss before or after the one nearest to a step.
fn neighbour(snapshot: &Snapshot, at: f64, by: isize) -> f64 {
    let points = snapshot.loss.points();
    let Some(index) = snapshot.loss.nearest(at) else { return at };
    let there = index.saturating_add_signed(by).min(points.len() - 1);
    points[there].step as f64
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
