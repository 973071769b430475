//! What panes are drawn with.

pub mod bar;
pub mod chart;
pub mod histogram;
pub mod raster;
pub mod table;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::line::Typed;
use super::theme::Theme;

/// Draws a line on row `row` of an area, if it has that row. A line too long for it ends in `…`.
pub fn put(buffer: &mut Buffer, area: Rect, row: u16, line: &Line<'_>) {
    let area = area.intersection(buffer.area);
    if row >= area.height || area.width == 0 {
        return;
    }
    let y = area.y + row;
    buffer.set_line(area.x, y, line, area.width);
    if line.width() > usize::from(area.width) {
        buffer.set_stringn(area.right() - 1, y, "…", 1, Style::new());
    }
}

/// A line that is typed, as much of it about its cursor as fits.
pub fn typed_line(typed: &Typed, room: usize, theme: &Theme) -> Vec<Span<'static>> {
    let (before, under, after) = typed.parts();
    let under = if under.is_empty() { " " } else { under };
    let mut room = room.max(1).saturating_sub(Span::raw(under).width());
    let mut fits = |sign: &char| {
        let wide = Span::raw(sign.to_string()).width();
        let fits = wide <= room;
        room = if fits { room - wide } else { 0 };
        fits
    };
    let shown = before.chars().rev().take_while(&mut fits).count();
    let before: String = before.chars().skip(before.chars().count() - shown).collect();
    let after: String = after.chars().take_while(&mut fits).collect();
    vec![Span::raw(before), Span::styled(under.to_owned(), theme.selected), Span::raw(after)]
}

/// Joins those of the parts that fit a width, in their order; the earlier a part stands in `parts` the
/// sooner it is kept. Every part is preceded by `gap` blanks but the first.
pub fn fit(parts: Vec<Vec<Span<'static>>>, gap: usize, width: u16, theme: &Theme) -> Line<'static> {
    wrap(parts, gap, width, theme).into_iter().next().unwrap_or_default()
}

/// Joins all parts in the same way, on as many lines as they need.
pub fn wrap(parts: Vec<Vec<Span<'static>>>, gap: usize, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut used = 0;
    for part in parts {
        let part = theme.spell_line(Line::from(part));
        let wide = part.width();
        match lines.last_mut() {
            Some(line) if used + gap + wide <= usize::from(width) => {
                line.push_span(Span::raw(" ".repeat(gap)));
                line.spans.extend(part.spans);
                used += gap + wide;
            }
            _ => {
                lines.push(part);
                used = wide;
            }
        }
    }
    lines
}
