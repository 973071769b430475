//! Layout of the screen. It only draws.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::panes::{self, Scene, header, status, steps};
use super::popup;
use super::state::{Pane, State};
use super::theme::{self, Theme};
use super::widgets::put;
use crate::session::Snapshot;

/// The least screen that shows anything useful.
const LEAST: (u16, u16) = (40, 10);

/// Draws the screen.
pub fn draw(frame: &mut Frame<'_>, state: &State, snapshot: &Snapshot, theme: &Theme) {
    let area = frame.area();
    render(frame.buffer_mut(), area, &Scene { state, snapshot, theme });
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
        place_panes(buffer, row(1, area.height - 5), scene);
        steps::draw(buffer, row(area.height - 4, 2), scene);
        status::message(buffer, row(area.height - 2, 1), scene);
        status::hints(buffer, row(area.height - 1, 1), scene);
        popup::draw(buffer, row(1, area.height - 3), scene);
    }
    if scene.theme.ascii {
        theme::to_ascii(buffer);
    }
}

/// All four panes, or the two of them in the column of the focused one, or only that one.
fn place_panes(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let focus = scene.state.focus;
    if scene.state.zoom || area.height < 12 {
        panes::draw(focus, buffer, area, scene);
        return;
    }
    let upper = Rect { height: area.height.div_ceil(2), ..area };
    let lower = Rect { y: upper.bottom(), height: area.height - upper.height, ..area };
    if area.width < 76 {
        let (above, below) = if focus == Pane::Loss || focus == Pane::Rank {
            (Pane::Loss, Pane::Rank)
        } else {
            (Pane::Hessian, Pane::Timing)
        };
        panes::draw(above, buffer, upper, scene);
        panes::draw(below, buffer, lower, scene);
        return;
    }
    for (row, [left, right]) in [(upper, [Pane::Loss, Pane::Rank]), (lower, [Pane::Hessian, Pane::Timing])] {
        let width = (row.width - 1) / 2;
        panes::draw(left, buffer, Rect { width, ..row }, scene);
        panes::draw(right, buffer, Rect { x: row.x + width + 1, width: row.width - width - 1, ..row }, scene);
    }
}

#[cfg(test)]
mod tests;
