//! The values that can be chosen, over the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

use super::super::input::Input;
use super::super::{Design, Mode};
use super::list;
use crate::tui::theme::Theme;
use crate::tui::widgets::put;

/// Draws them at the value of the selected field, where there is one to choose.
pub fn draw(buffer: &mut Buffer, area: Rect, design: &Design, theme: &Theme) {
    let Mode::Choosing(at) = design.mode else { return };
    let (Input::Choice(choices), Some((x, y))) = (design.input(), list::selected_value(design, area)) else { return };
    let names: Vec<_> = choices.iter().map(|choice| choice.name()).collect();
    let key = design.key();
    let title = key.rsplit('.').next().unwrap_or_default();
    let longest = names.iter().map(|name| name.len()).max().unwrap_or(0).max(title.len() + 1) as u16;
    let (width, height) = ((longest + 4).min(area.width), (names.len() as u16 + 2).min(area.height));
    let x = x.saturating_sub(2).min(area.right() - width).max(area.x);
    let y = y.saturating_sub(1).min(area.bottom() - height).max(area.y);
    let panel = Rect { x, y, width, height };
    Clear.render(panel, buffer);
    let inner = theme.panel(buffer, panel, Line::styled(title.to_owned(), theme.accent), true, true);
    let room = usize::from(inner.height);
    let from = (at + 1).saturating_sub(room);
    for (row, name) in names.iter().enumerate().skip(from).take(room) {
        let line = (row - from) as u16;
        put(buffer, inner, line, &Line::raw(*name));
        if row == at {
            buffer.set_style(Rect { y: inner.y + line, height: 1, ..inner }, theme.selected);
        }
    }
}
