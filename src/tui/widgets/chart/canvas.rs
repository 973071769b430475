//! A grid of dots, 2 × 4 to a cell, drawn as braille, as quadrants or as ASCII signs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::theme::Signs;

/// Dots within an area. What is drawn later stands in front: it takes the whole cell.
pub struct Canvas {
    area: Rect,
    cells: Vec<(u8, u8)>,
    layer: u8,
}

/// The bits of the dots of a cell, row by row, as Unicode's braille has them.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Signs for quadrants, in the order of [`quadrants`].
const QUADRANTS: [char; 16] = [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];

impl Canvas {
    /// No dots yet.
    pub fn new(area: Rect) -> Self {
        Self { area, cells: vec![(0, 0); usize::from(area.width) * usize::from(area.height)], layer: 0 }
    }

    /// Dots across and down.
    pub fn size(&self) -> (usize, usize) {
        (usize::from(self.area.width) * 2, usize::from(self.area.height) * 4)
    }

    /// Begins a layer in front of the others; returns its number.
    pub fn next_layer(&mut self) -> u8 {
        self.layer = self.layer.saturating_add(1);
        self.layer
    }

    /// Sets a dot, counted from the upper left; outside the area nothing happens.
    pub fn dot(&mut self, x: usize, y: usize) {
        let (width, height) = self.size();
        if x >= width || y >= height {
            return;
        }
        let cell = &mut self.cells[y / 4 * usize::from(self.area.width) + x / 2];
        if cell.1 != self.layer {
            *cell = (0, self.layer);
        }
        cell.0 |= DOTS[y % 4][x % 2];
    }

    /// Draws a line between two points of the unit square (0, 0 at the lower left), as far as it lies
    /// within it.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let Some((from, to)) = clip(from, to) else { return };
        let (width, height) = self.size();
        let scale = |(x, y): (f64, f64)| (x * (width as f64 - 1.0), (1.0 - y) * (height as f64 - 1.0));
        let ((x0, y0), (x1, y1)) = (scale(from), scale(to));
        let steps = (x1 - x0).abs().max((y1 - y0).abs()).ceil().max(1.0) as usize;
        for index in 0..=steps {
            let t = index as f64 / steps as f64;
            self.dot((x0 + t * (x1 - x0)).round() as usize, (y0 + t * (y1 - y0)).round() as usize);
        }
    }

    /// Draws a column of dots between two heights of the unit square.
    pub fn column(&mut self, x: usize, low: f64, high: f64) {
        if high < 0.0 || low > 1.0 {
            return;
        }
        let row = |y: f64| dot_of(1.0 - y, self.size().1);
        for y in row(high)..=row(low) {
            self.dot(x, y);
        }
    }

    /// Puts the dots into a buffer. `looks` gives the style and the plain sign of each layer, from 1.
    pub fn render(&self, buffer: &mut Buffer, looks: &[(Style, char)], signs: Signs) {
        for (index, &(dots, layer)) in self.cells.iter().enumerate() {
            if dots == 0 {
                continue;
            }
            let width = usize::from(self.area.width);
            let place = (self.area.x + (index % width) as u16, self.area.y + (index / width) as u16);
            let Some(&(style, sign)) = looks.get(usize::from(layer).saturating_sub(1)) else { continue };
            if let Some(cell) = buffer.cell_mut(place) {
                let drawn = match signs {
                    Signs::Braille => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(sign),
                    Signs::Blocks => QUADRANTS[quadrants(dots)],
                    Signs::Ascii => sign,
                };
                cell.set_char(drawn).set_style(style);
            }
        }
    }
}

/// The dot, of so many, at a place from 0 to 1.
pub fn dot_of(place: f64, dots: usize) -> usize {
    (place.clamp(0.0, 1.0) * (dots.max(1) - 1) as f64).round() as usize
}

/// Which quadrants of a cell hold dots: 1 the upper left, 2 the upper right, 4 and 8 the lower ones.
fn quadrants(dots: u8) -> usize {
    let has = |row: usize, column: usize| dots & (DOTS[row][column] | DOTS[row + 1][column]) != 0;
    [has(0, 0), has(0, 1), has(2, 0), has(2, 1)].iter().rev().fold(0, |bits, has| 2 * bits + usize::from(*has))
}

/// The part of a segment within the unit square (Liang and Barsky).
fn clip(from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (step, room) in [(-dx, from.0), (dx, 1.0 - from.0), (-dy, from.1), (dy, 1.0 - from.1)] {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            enter = enter.max(room / step);
        } else {
            leave = leave.min(room / step);
        }
    }
    let at = |t: f64| (from.0 + t * dx, from.1 + t * dy);
    (enter <= leave).then(|| (at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_cut_where_it_leaves_the_square() {
        let (from, to) = clip((-1.0, 0.5), (3.0, 0.5)).unwrap();
        assert!((from.0, to.0) == (0.0, 1.0));
        assert!(clip((2.0, 0.0), (3.0, 1.0)).is_none());
        assert!(clip((0.5, 0.5), (0.5, 0.5)).is_some());
    }

    #[test]
    fn a_diagonal_goes_from_corner_to_corner() {
        let area = Rect::new(0, 0, 2, 1);
        let mut canvas = Canvas::new(area);
        canvas.next_layer();
        canvas.line((0.0, 0.0), (1.0, 1.0));
        for (signs, shown) in [(Signs::Braille, "⡠⠊"), (Signs::Blocks, "▄▀"), (Signs::Ascii, "**")] {
            let mut buffer = Buffer::empty(area);
            canvas.render(&mut buffer, &[(Style::new(), '*')], signs);
            assert_eq!(buffer, Buffer::with_lines([shown]));
        }
    }
}
