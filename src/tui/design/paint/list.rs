//! The list of fields: name, value, and what is to be said of it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::rows::{self, Cell, Place, Row};
use super::super::{Design, Mode};
use crate::experiment::{Document, Field};
use crate::tui::number::count;
use crate::tui::theme::Theme;
use crate::tui::widgets::{put, typed_line};

/// Cells for the names of fields.
const NAME: u16 = 26;
/// Fewer cells than this are no use for a remark.
const LEAST_REMARK: u16 = 12;

/// A line of the list.
#[derive(Clone, Copy)]
enum Entry {
    Heading(&'static str),
    Row(usize),
}

/// The lines in sight, the selected row about the middle, and how many are left over below.
fn sight(design: &Design, height: u16) -> (Vec<Entry>, usize) {
    let mut entries = Vec::new();
    let mut section = "";
    for (index, row) in design.rows.iter().enumerate() {
        if row.section != section {
            section = row.section;
            entries.push(Entry::Heading(section));
        }
        entries.push(Entry::Row(index));
    }
    let is_selected = |entry: &Entry| matches!(entry, Entry::Row(row) if *row == design.selected);
    let selected = entries.iter().position(is_selected).unwrap_or(0);
    let room = usize::from(height);
    let from = selected.saturating_sub(room / 2).min(entries.len().saturating_sub(room));
    let below = entries.len().saturating_sub(from + room);
    (entries.into_iter().skip(from).take(room).collect(), below)
}

/// How many lines of the list are out of sight below.
pub fn below(design: &Design, height: u16) -> usize {
    sight(design, height).1
}

/// The cell where the value of the selected row begins.
pub fn selected_value(design: &Design, area: Rect) -> Option<(u16, u16)> {
    let (entries, _) = sight(design, area.height);
    let line = entries.iter().position(|entry| matches!(entry, Entry::Row(row) if *row == design.selected))?;
    let beside = match (design.row()?.place.clone(), design.cell) {
        (Place::Layer(_), Cell::Activation) => UNITS,
        _ => 0,
    };
    Some((area.x + NAME.min(area.width / 2) + beside, area.y + line as u16))
}

/// The row at a place, and the field of a layer that is there.
pub fn field_at(design: &Design, area: Rect, at: Position) -> Option<(usize, Cell)> {
    let (entries, _) = sight(design, area.height);
    let line = usize::from(at.y.checked_sub(area.y)?);
    let Some(Entry::Row(row)) = entries.get(line).filter(|_| area.contains(at)) else { return None };
    let units = area.x + NAME.min(area.width / 2) + UNITS;
    Some((*row, if at.x < units { Cell::Units } else { Cell::Activation }))
}

/// Draws the list.
pub fn draw(buffer: &mut Buffer, area: Rect, design: &Design, theme: &Theme) {
    let mut troubles = vec![None; design.rows.len()];
    for trouble in design.verdict.troubles.iter().rev() {
        if let Some(row) = rows::find(&design.rows, &trouble.key) {
            troubles[row] = Some(trouble.beside());
        }
    }
    for (line, entry) in sight(design, area.height).0.into_iter().enumerate() {
        let place = Rect { y: area.y + line as u16, height: 1, ..area };
        match entry {
            Entry::Heading(name) => put(buffer, place, 0, &Line::styled(name, theme.strong)),
            Entry::Row(index) => draw_row(buffer, place, design, index, troubles[index], theme),
        }
    }
}

fn draw_row(buffer: &mut Buffer, area: Rect, design: &Design, index: usize, trouble: Option<&str>, theme: &Theme) {
    let Some(row) = design.rows.get(index) else { return };
    let selected = index == design.selected;
    let part = |from: u16, width: u16| Rect { x: area.x + from, width, ..area };
    let name = NAME.min(area.width / 2);
    let mark = match (selected, trouble) {
        (_, Some(_)) => Span::styled("×", theme.bad),
        (true, None) => Span::styled("▶", theme.accent),
        _ => Span::raw(" "),
    };
    let style = if selected { theme.accent } else { theme.text };
    let label = Line::from(vec![mark, Span::styled(format!(" {}", label(row)), style)]);
    put(buffer, part(0, name.saturating_sub(1)), 0, &label);

    let room = area.width - name;
    let wide = (area.width / 4).clamp(16, 30).min(room);
    // What is typed may need more room, as long as nothing is wrong with it.
    let typing = selected && matches!(design.mode, Mode::Typing(_));
    let wide = if typing && trouble.is_none() { room } else { wide };
    put(buffer, part(name, wide), 0, &Line::from(value(design, row, selected, usize::from(wide), theme)));
    let rest = room.saturating_sub(wide + 1);
    if rest >= LEAST_REMARK {
        let remark = match trouble {
            Some(trouble) => Line::styled(trouble.to_owned(), theme.bad),
            None => Line::styled(remark(design, row), theme.faint),
        };
        put(buffer, part(name + wide + 1, rest), 0, &theme.spell_line(remark));
    }
}

/// The name of a row below its heading.
fn label(row: &Row) -> String {
    match &row.place {
        Place::Layers => "layers".to_owned(),
        Place::Layer(index) => format!("  layer {}", index + 1),
        Place::Field(key) if row.section == "Unknown" => key.clone(),
        Place::Field(key) => key.split_once('.').map_or(&**key, |(_, name)| name).to_owned(),
    }
}

/// Cells for the width of a layer.
const UNITS: u16 = 8;

fn value(design: &Design, row: &Row, selected: bool, room: usize, theme: &Theme) -> Vec<Span<'static>> {
    if row.place == Place::Layers {
        let style = if selected { theme.selected } else { theme.text };
        return vec![Span::styled(format!("{} hidden", design.document.layers()), style)];
    }
    let cell = |cell: Cell, room: usize| {
        let chosen = selected && (design.cell == cell || !matches!(row.place, Place::Layer(_)));
        match &design.mode {
            Mode::Typing(line) if chosen => typed_line(line, room, theme),
            _ => vec![stated(&design.document, design, &row.key(cell), chosen, theme)],
        }
    };
    let mut spans = cell(Cell::Units, room);
    if let Place::Layer(_) = row.place {
        let used: usize = spans.iter().map(Span::width).sum();
        spans.push(Span::raw(" ".repeat(usize::from(UNITS).saturating_sub(used).max(1))));
        spans.extend(cell(Cell::Activation, room.saturating_sub(usize::from(UNITS))));
    }
    spans
}

/// What is stated for a key, or its default.
fn stated(document: &Document, design: &Design, key: &str, selected: bool, theme: &Theme) -> Span<'static> {
    let (text, style) = match document.plain(key) {
        Some(text) => (text.replace('\n', " "), Style::new().patch(theme.text)),
        None if key == "data.source" => ("own files".to_owned(), theme.faint),
        None => (design.verdict.unstated(key).unwrap_or_else(|| "–".to_owned()), theme.faint),
    };
    Span::styled(text, if selected { theme.selected } else { style })
}

/// What a field is, with the optimizer there is.
pub fn meaning(design: &Design, key: &str) -> Option<String> {
    let kind = design.document.plain("optimizer.kind").unwrap_or_default();
    Some(Field::of(key)?.meaning_with(&kind).to_owned())
}

/// What is said beside a value.
fn remark(design: &Design, row: &Row) -> String {
    let network = || design.verdict.sound.as_ref()?.network.as_ref().ok().map(|(architecture, _)| architecture);
    match &row.place {
        Place::Layers => network().map_or_else(String::new, crate::network::Architecture::summary),
        Place::Layer(index) => {
            network().filter(|network| *index + 1 < network.depth()).map_or_else(String::new, |network| {
                let parameters = count(network.layer_parameters(index + 1) as u64);
                format!("{} → {}, {parameters} parameters", network.width(*index), network.width(index + 1))
            })
        }
        Place::Field(key) => meaning(design, key).unwrap_or_default(),
    }
}
