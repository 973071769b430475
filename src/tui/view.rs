//! Layout of the screen. It only draws.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget as _};

use super::panes::{self, Pane, Scene, header, layers, status, steps};
use super::popup;
use super::state::{Screen, State};
use super::widgets::put;
use super::{design, runs, theme};

/// The least screen that shows anything useful.
const LEAST: (u16, u16) = (40, 10);

/// Draws the screen.
pub fn draw(frame: &mut Frame<'_>, scene: &Scene<'_>) {
    let area = frame.area();
    render(frame.buffer_mut(), area, scene);
}

fn render(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    buffer.set_style(area, scene.theme.text);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let (need, have) =
            (format!("{} × {} needed,", LEAST.0, LEAST.1), format!("{} × {} here", area.width, area.height));
        put(buffer, area, 0, &Line::styled(need, scene.theme.warning));
        put(buffer, area, 1, &Line::raw(have));
    } else {
        let row = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
        header::draw(buffer, row(0, 1), scene);
        match scene.state.screen {
            Screen::Train | Screen::Curvature | Screen::Images => {
                for (pane, place) in places(area, scene.state) {
                    panes::draw(pane, buffer, place, scene);
                }
                let below = row(area.height - 4, 2);
                match scene.state.screen {
                    Screen::Train => steps::draw(buffer, below, scene),
                    _ => layers::draw(buffer, below, scene),
                }
            }
            Screen::Design => design::draw(buffer, row(1, area.height - 1), &scene.state.design, scene.theme),
            Screen::Runs => runs::draw(buffer, middle(area, scene.state), scene),
        }
        let state = scene.state;
        // The Design screen has lines of its own.
        if state.screen != Screen::Design || state.overlay.is_some() || state.notice.is_some() || state.stopping {
            let below = row(area.height - 2, 2);
            Clear.render(below, buffer);
            buffer.set_style(below, scene.theme.text);
            status::message(buffer, row(area.height - 2, 1), scene);
            status::hints(buffer, row(area.height - 1, 1), scene);
        }
        popup::draw(buffer, over(area), scene);
    }
    if scene.theme.is_ascii() {
        theme::to_ascii(buffer);
    }
}

/// What is left between the first line and the last ones.
pub fn middle(area: Rect, state: &State) -> Rect {
    let below = match state.screen {
        Screen::Train | Screen::Curvature | Screen::Images => 4,
        Screen::Design => 0,
        Screen::Runs => 2,
    };
    Rect { y: area.y + 1, height: area.height.saturating_sub(1 + below), ..area }
}

/// Where what lies over the panes has room.
pub fn over(area: Rect) -> Rect {
    Rect { y: area.y + 1, height: area.height.saturating_sub(3), ..area }
}

/// How many lines of a list that lies over the panes a terminal of so many rows shows, at most.
pub fn room(rows: u16) -> usize {
    usize::from(over(Rect { height: rows, ..Rect::ZERO }).height.saturating_sub(2))
}

/// The screen whose tab is at a place.
pub fn tab(area: Rect, at: Position) -> Option<Screen> {
    header::tabs(area).into_iter().find(|(_, place)| place.contains(at)).map(|(screen, _)| screen)
}

/// Where the panes are on a screen: two in a row, as many rows as have room, that of the focused one among them;
/// or where that is too narrow this row, one pane above the other; or only the focused one.
pub fn places(area: Rect, state: &State) -> Vec<(Pane, Rect)> {
    let area = middle(area, state);
    let (focus, panes) = (state.focus, Pane::of(state.screen));
    let (all, focused) = (panes.len().div_ceil(2), focus.place() / 2);
    let rows = usize::from(area.height / least(state.screen)).min(all);
    if state.zoom || rows < all.min(2) {
        return vec![(focus, area)];
    }
    if area.width < 76 {
        let row = panes.chunks(2).nth(focused).unwrap_or_default();
        return row.iter().enumerate().map(|(index, pane)| (*pane, band(area, index, row.len()))).collect();
    }
    let first = (focused / rows * rows).min(all - rows);
    let mut places = Vec::new();
    for (index, row) in panes.chunks(2).skip(first).take(rows).enumerate() {
        let place = band(area, index, rows);
        let width = (place.width - 1) / 2;
        match *row {
            [left, right] => places.extend([
                (left, Rect { width, ..place }),
                (right, Rect { x: place.x + width + 1, width: place.width - width - 1, ..place }),
            ]),
            // The last one of an odd number.
            _ => places.extend(row.iter().map(|pane| (*pane, place))),
        }
    }
    places
}

/// The least height of a pane that is not alone.
fn least(screen: Screen) -> u16 {
    if screen == Screen::Curvature { 9 } else { 6 }
}

/// One of some bands of an area, from above, all of about one height.
fn band(area: Rect, index: usize, bands: usize) -> Rect {
    let end = |index: usize| (usize::from(area.height) * index).div_ceil(bands) as u16;
    Rect { y: area.y + end(index), height: end(index + 1) - end(index), ..area }
}

#[cfg(test)]
mod tests;
