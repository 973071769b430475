//! Layout of the Design screen. It only draws.

mod choices;
mod detail;
mod foot;
mod list;
mod summary;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::Design;
use super::rows::Cell;
use crate::tui::panes::status;
use crate::tui::state::Screen;
use crate::tui::theme::{self, Theme};
use crate::tui::widgets::{put, wrap};

/// The least area that shows anything useful.
const LEAST: (u16, u16) = (40, 8);
/// From this width on the summary stands beside the list.
const WIDE: u16 = 100;

/// Draws the Design screen: its title, the fields, what is known of the selected one, the summary, and its
/// keys.
pub fn draw(buffer: &mut Buffer, area: Rect, design: &Design, theme: &Theme) {
    let area = area.intersection(buffer.area);
    buffer.set_style(area, theme.text);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let need = format!("{} × {} needed,", LEAST.0, LEAST.1);
        put(buffer, area, 0, &Line::styled(need, theme.warning));
        put(buffer, area, 1, &Line::raw(format!("{} × {} here", area.width, area.height)));
    } else {
        let row = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
        foot::title(buffer, row(0, 1), design, theme);
        body(buffer, row(1, area.height - 3), design, theme);
        foot::message(buffer, row(area.height - 2, 1), design, theme);
        status::hints_of(
            buffer,
            row(area.height - 1, 1),
            (design.context(), Screen::Design),
            &|binding| binding.hint,
            theme,
        );
    }
    if theme.is_ascii() {
        theme::to_ascii(buffer);
    }
}

/// The field at a place of the screen.
pub fn field_at(design: &Design, area: Rect, at: Position) -> Option<(usize, Cell)> {
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(3), ..area };
    list::field_at(design, parts(body).list, at)
}

/// Where the parts of the screen are.
struct Parts {
    list: Rect,
    /// What is known of the selected field.
    field: Rect,
    summary: Option<Rect>,
}

/// The parts of an area.
fn parts(area: Rect) -> Parts {
    let side = match area.width {
        ..WIDE => 0,
        WIDE..160 => 41,
        wide => (wide * 2 / 5).min(90),
    };
    let left = Rect { width: area.width - side, ..area };
    // What stands below the list: the selected field, and the summary where there is no place beside it.
    let below = match (side, area.height) {
        (_, ..9) => 0,
        (0, ..16) => 4,
        (0, 16..) => 8,
        (_, 9..24) => 5,
        _ => 7,
    };
    let list = Rect { height: left.height - below, ..left };
    let field = Rect { y: list.bottom(), height: below.min(if side == 0 { 4 } else { below }), ..left };
    let right = Rect { x: left.right() + 1, width: side.saturating_sub(1), ..area };
    let rest = Rect { y: field.bottom(), height: below - field.height, ..left };
    Parts { list, field, summary: if side > 0 { Some(right) } else { Some(rest).filter(|rest| rest.height > 0) } }
}

fn body(buffer: &mut Buffer, area: Rect, design: &Design, theme: &Theme) {
    let Parts { list, field, summary } = parts(area);
    list::draw(buffer, list, design, theme);
    if let Some(place) = summary {
        summary::draw(buffer, place, design, theme);
    }
    detail::draw(buffer, field, design, list.height, theme);
    choices::draw(buffer, list, design, theme);
}

/// A text on as many lines as it needs, broken between words.
fn words(text: &str, style: Style, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let words = text.split(' ').filter(|word| !word.is_empty());
    wrap(words.map(|word| vec![Span::styled(word.to_owned(), style)]).collect(), 1, width, theme)
}
