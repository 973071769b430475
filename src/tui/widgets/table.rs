//! A table that leaves out its less important columns where there is no room for them.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::put;
use crate::export::without_middle;
use crate::tui::theme::Theme;

/// A column: its title, and its cells from top to bottom.
pub struct Column {
    title: Cow<'static, str>,
    cells: Vec<(String, Style)>,
    right: bool,
    importance: u8,
    /// Before columns are left out its cells are shortened down to this width, if to any.
    least: Option<usize>,
}

impl Column {
    /// A column of words, flush left. Columns of the least importance are left out first.
    pub fn words(title: &'static str, importance: u8, cells: Vec<(String, Style)>) -> Self {
        Self { title: title.into(), cells, right: false, importance, least: None }
    }

    /// A column of numbers, flush right.
    pub fn numbers(title: &'static str, importance: u8, cells: Vec<(String, Style)>) -> Self {
        Self { title: title.into(), cells, right: true, importance, least: None }
    }

    /// The same column, whose cells lose their middles where there is no room for all columns, but keep this width.
    pub fn down_to(self, least: usize) -> Self {
        Self { least: Some(least), ..self }
    }

    /// Shortens its cells by so much, as far as they may be.
    fn shorten(&mut self, by: usize) {
        let Some(least) = self.least.filter(|least| *least < self.width()) else { return };
        let width = self.width().saturating_sub(by).max(least);
        for (text, _) in &mut self.cells {
            *text = without_middle(text, |text| Span::raw(text).width() <= width);
        }
    }

    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|(text, _)| Span::raw(text).width());
        cells.max().unwrap_or(0).max(Span::raw(&*self.title).width())
    }
}

/// Draws a table, from row `scroll` on. Returns the number of rows that are left over below.
pub fn draw(buffer: &mut Buffer, area: Rect, mut columns: Vec<Column>, scroll: usize, theme: &Theme) -> usize {
    for column in &mut columns {
        column.title = theme.spell(std::mem::take(&mut column.title));
        for (text, _) in &mut column.cells {
            *text = theme.spell(std::mem::take(text)).into_owned();
        }
    }
    let widths = |columns: &[Column], gap: usize| {
        columns.iter().map(Column::width).sum::<usize>() + gap * columns.len().saturating_sub(1)
    };
    for index in 0..columns.len() {
        let over = widths(&columns, 1).saturating_sub(area.width.into());
        columns[index].shorten(over);
    }
    while columns.len() > 1 && widths(&columns, 1) > usize::from(area.width) {
        let least = columns.iter().enumerate().min_by_key(|(_, column)| column.importance);
        let Some((index, _)) = least else { break };
        columns.remove(index);
    }
    let spare = usize::from(area.width).saturating_sub(widths(&columns, 1));
    let gap = 1 + (spare / columns.len().max(1)).min(2);

    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    let room = usize::from(area.height.saturating_sub(1));
    let scroll = scroll.min(rows.saturating_sub(room));
    let line = |cell: &dyn Fn(&Column) -> (String, Style)| {
        let mut line = Line::default();
        for (index, column) in columns.iter().enumerate() {
            let (text, style) = cell(column);
            let pad = " ".repeat(column.width().saturating_sub(Span::raw(&text).width()));
            let before = " ".repeat(if index == 0 { 0 } else { gap });
            let (lead, trail) = if column.right { (before + &pad, String::new()) } else { (before, pad) };
            line.extend([Span::raw(lead), Span::styled(text, style), Span::raw(trail)]);
        }
        line
    };
    put(buffer, area, 0, &line(&|column| (column.title.to_string(), theme.faint)));
    for row in scroll..rows.min(scroll + room) {
        let cell = |column: &Column| column.cells.get(row).cloned().unwrap_or_default();
        put(buffer, area, (row - scroll) as u16 + 1, &line(&cell));
    }
    rows.saturating_sub(scroll + room)
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;

    use super::*;
    use crate::tui::picture::text;
    use crate::tui::theme::{Palette, Signs};

    #[test]
    fn long_names_lose_their_middles_before_columns_are_left_out() {
        let cell = |text: &str| vec![(text.to_owned(), Style::new().fg(Color::Reset))];
        let shown = |width| {
            let names = Column::words("name", 9, cell("mnist-autoencoder-kfra-12-34")).down_to(12);
            let columns = vec![names, Column::numbers("loss", 1, cell("0.125"))];
            let area = Rect { x: 0, y: 0, width, height: 2 };
            let mut buffer = Buffer::empty(area);
            draw(&mut buffer, area, columns, 0, &Theme::new(Palette::Dark, true, Signs::Braille));
            text(&buffer)
        };
        assert!(shown(34).contains("mnist-autoencoder-kfra-12-34 0.125"), "{}", shown(34));
        assert!(shown(20).contains("mnist-a…-12-34 0.125"), "{}", shown(20));
        assert!(!shown(16).contains("0.125") && shown(16).contains("mnist-…12-34"), "{}", shown(16));
    }
}
