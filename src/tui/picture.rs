//! What is drawn, as text for tests: the signs, and how they look.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Style;

/// The signs, line by line.
pub fn text(buffer: &Buffer) -> String {
    let lines = rows(buffer).map(|row| row.iter().map(Cell::symbol).collect::<String>());
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn rows(buffer: &Buffer) -> std::slice::Chunks<'_, Cell> {
    buffer.content.chunks(usize::from(buffer.area.width).max(1))
}

/// The styles: each has a letter, a dot is the terminal's own one. Of every line runs of cells of one style, as in
/// `3. 12a`; nothing of lines in the terminal's own style.
pub fn styles(buffer: &Buffer) -> String {
    let own = Cell::default().style();
    let mut known: Vec<Style> = Vec::new();
    let mut lines = String::new();
    for (number, row) in rows(buffer).enumerate() {
        if row.iter().all(|cell| cell.style() == own) {
            continue;
        }
        let _ = write!(lines, "{number:>3}:");
        for run in row.chunk_by(|one, other| one.style() == other.style()) {
            let style = run[0].style();
            if style != own && !known.contains(&style) {
                known.push(style);
            }
            let letter = known.iter().position(|other| *other == style);
            let letter = letter.map_or('.', |place| char::from(b'a' + u8::try_from(place).unwrap()));
            let _ = write!(lines, " {}{letter}", run.len());
        }
        lines.push('\n');
    }
    let legend = |(place, style): (usize, &Style)| format!("{} = {}\n", char::from(b'a' + place as u8), look(*style));
    known.iter().enumerate().map(legend).collect::<String>() + &lines
}

fn look(style: Style) -> String {
    let colour = |name: &str, colour: Option<ratatui::style::Color>| {
        colour.filter(|colour| *colour != ratatui::style::Color::Reset).map(|colour| format!("{name} {colour}"))
    };
    let modifier = Some(format!("{:?}", style.add_modifier)).filter(|_| !style.add_modifier.is_empty());
    let parts = [colour("on", style.bg), colour("in", style.fg), modifier];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
