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

/// A text on lines of so many columns, broken between its words, and within those that are longer than a line.
pub fn paragraph(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        while used > 0 && used + 1 + word.len() > columns || word.len() > columns {
            if used == 0 {
                let rest = word.split_off(columns);
                lines.last_mut().into_iter().for_each(|line| line.extend(&word));
                word = rest;
            }
            lines.push(String::new());
            used = 0;
        }
        let gap = usize::from(used > 0);
        used += gap + word.len();
        lines.last_mut().into_iter().for_each(|line| line.extend([' '].iter().take(gap).chain(&word)));
    }
    lines
}

/// Joins those of the parts that fit a width, in their order; the earlier a part stands in `parts` the
/// sooner it is kept. Every part is preceded by `gap` blanks but the first.
pub fn fit(parts: Vec<Vec<Span<'static>>>, gap: usize, width: u16, theme: &Theme) -> Line<'static> {
    wrap(parts, gap, width, theme).into_iter().next().unwrap_or_default()
}

/// Joins parts in the same way on at most so many lines; of those that have no room there it says how many: `+3`.
pub fn wrap_within(
    rows: usize,
    parts: Vec<Vec<Span<'static>>>,
    gap: usize,
    width: u16,
    theme: &Theme,
) -> Vec<Line<'static>> {
    let all = parts.len();
    let mut shown = all;
    loop {
        let rest = (shown < all).then(|| vec![Span::styled(format!("+{}", all - shown), theme.faint)]);
        let lines = wrap(parts.iter().take(shown).cloned().chain(rest).collect(), gap, width, theme);
        if lines.len() <= rows || shown == 0 {
            return lines;
        }
        shown -= 1;
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tui::theme::{Palette, Signs};

    proptest! {
        #[test]
        fn a_paragraph_loses_nothing_and_keeps_to_its_columns(text in "[a-z α/]{0,80}", columns in 1_usize..30) {
            let lines = paragraph(&text, columns);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= columns.max(1)), "{lines:?}");
            let signs = |text: &str| text.chars().filter(|&sign| sign != ' ').collect::<String>();
            prop_assert_eq!(signs(&lines.concat()), signs(&text));
        }
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(
            paragraph("cannot write /a/very/long/path: no space", 14),
            ["cannot write", "/a/very/long/p", "ath: no space"]
        );
    }

    #[test]
    fn parts_without_room_are_counted() {
        let theme = Theme::new(Palette::Dark, true, Signs::Braille);
        let parts = || ["first", "second", "third"].map(|word| vec![Span::raw(word)]).to_vec();
        let lines = |rows, width| {
            let lines = wrap_within(rows, parts(), 1, width, &theme);
            lines.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(lines(1, 18), ["first second third"]);
        assert_eq!(lines(1, 17), ["first second +1"]);
        assert_eq!(lines(1, 14), ["first +2"]);
        assert_eq!(lines(2, 12), ["first second", "third"]);
        assert_eq!(lines(2, 6), ["first", "+2"]);
        assert_eq!(lines(1, 5), ["+3"]);
    }
}
