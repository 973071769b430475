//! A chart: curves, envelopes and points over two axes.

pub mod axis;
mod canvas;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

pub use axis::Axis;
use canvas::Canvas;

use super::put;
use crate::tui::theme::Theme;

/// What is drawn, in data units. Values that are not finite interrupt a curve.
pub enum Shape {
    /// x, least y, largest y.
    Envelope(Vec<(f64, f64, f64)>),
    /// A curve through points.
    Curve(Vec<(f64, f64)>),
    /// Points apart, each marked by a sign.
    Points(Vec<(f64, f64)>, char),
}

/// A shape and how it looks.
pub struct Layer {
    pub shape: Shape,
    pub style: Style,
}

/// A vertical rule: where, the sign at its top, how it looks.
pub struct Rule {
    pub x: f64,
    pub sign: char,
    pub style: Style,
    /// Whether it goes all the way down.
    pub long: bool,
}

/// A chart, its later layers in front.
pub struct Chart {
    pub x: Axis,
    pub y: Axis,
    pub layers: Vec<Layer>,
    pub rules: Vec<Rule>,
    /// What x counts, written at the end of its axis.
    pub unit: &'static str,
}

impl Chart {
    /// Draws the chart, with axes where there is room for them.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, theme: &Theme) {
        let area = area.intersection(buffer.area);
        if area.width < 3 || area.height == 0 {
            return;
        }
        let feet = if area.height >= 5 { 2 } else { 0 };
        let height = area.height - feet;
        let ticks = self.rows(height);
        let gutter = ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0) as u16 + 1;
        let gutter = if gutter + 8 <= area.width { gutter } else { 0 };
        let plot = Rect { x: area.x + gutter, width: area.width - gutter, height, ..area };
        if gutter > 0 {
            draw_y(buffer, area, plot, &ticks, theme);
        }
        if feet > 0 {
            self.draw_x(buffer, area, plot, theme);
        }
        self.draw_rules(buffer, plot);
        self.draw_layers(buffer, plot, theme);
        let note = "≤ 0 not shown";
        let wide = note.chars().count() as u16;
        if self.leaves_out() && plot.width > 2 * wide {
            buffer.set_stringn(plot.right() - wide, plot.bottom() - 1, note, wide.into(), theme.warning);
        }
    }

    /// Whether a logarithmic axis leaves out values that a linear one would show.
    fn leaves_out(&self) -> bool {
        let hidden = |y: f64| y.is_finite() && self.y.place(y).is_none();
        self.layers.iter().any(|layer| match &layer.shape {
            Shape::Envelope(points) => points.iter().any(|(_, low, _)| hidden(*low)),
            Shape::Curve(points) | Shape::Points(points, _) => points.iter().any(|(_, y)| hidden(*y)),
        })
    }

    /// Ticks of the y axis with the rows they fall into, at least one row apart.
    fn rows(&self, height: u16) -> Vec<(u16, String)> {
        let mut rows: Vec<(u16, String)> = Vec::new();
        for (value, label) in self.y.ticks(usize::from(height / 2).clamp(2, 8)) {
            let Some(place) = self.y.place(value) else { continue };
            let row = row_of(place, height);
            if rows.last().is_none_or(|(last, _)| row + 1 < *last) {
                rows.push((row, label));
            }
        }
        rows
    }

    fn draw_x(&self, buffer: &mut Buffer, area: Rect, plot: Rect, theme: &Theme) {
        let (line, labels) = (plot.bottom(), plot.bottom() + 1);
        buffer.set_stringn(plot.x, line, "─".repeat(plot.width.into()), plot.width.into(), theme.faint);
        if plot.x > area.x {
            buffer.set_stringn(plot.x - 1, line, "└", 1, theme.faint);
        }
        let unit = self.unit.chars().count() as u16;
        let end = if unit + 12 <= plot.width {
            buffer.set_stringn(area.right() - unit, labels, self.unit, unit.into(), theme.faint);
            area.right() - unit
        } else {
            area.right()
        };
        let mut free = area.x;
        for (value, label) in self.x.ticks(usize::from(plot.width / 9).clamp(2, 12)) {
            let Some(place) = self.x.place(value) else { continue };
            let x = plot.x + column_of(place, plot.width);
            let long = label.chars().count() as u16;
            let start = x.saturating_sub(long / 2).max(area.x);
            if start >= free && start + long < end {
                buffer.set_stringn(start, labels, &label, long.into(), theme.faint);
                buffer.set_stringn(x, line, "┬", 1, theme.faint);
                free = start + long + 2;
            }
        }
    }

    fn draw_rules(&self, buffer: &mut Buffer, plot: Rect) {
        for rule in &self.rules {
            let Some(place) = self.x.place(rule.x).filter(|place| (0.0..=1.0).contains(place)) else { continue };
            let x = plot.x + column_of(place, plot.width);
            if rule.long {
                for y in plot.y..plot.bottom() {
                    buffer.set_stringn(x, y, "┆", 1, rule.style);
                }
            }
            let mut sign = [0; 4];
            buffer.set_stringn(x, plot.y, rule.sign.encode_utf8(&mut sign), 1, rule.style);
        }
    }

    fn draw_layers(&self, buffer: &mut Buffer, plot: Rect, theme: &Theme) {
        let mut canvas = Canvas::new(plot);
        let mut looks = Vec::new();
        for layer in &self.layers {
            canvas.next_layer();
            looks.push((layer.style, if matches!(layer.shape, Shape::Envelope(_)) { ':' } else { '*' }));
            match &layer.shape {
                Shape::Envelope(points) => self.envelope(&mut canvas, points),
                Shape::Curve(points) => self.curve(&mut canvas, points),
                Shape::Points(..) => {}
            }
        }
        canvas.render(buffer, &looks, theme.ascii);
        let mut first = 0;
        for layer in &self.layers {
            let Shape::Points(points, sign) = &layer.shape else { continue };
            self.draw_points(buffer, plot, points, (*sign, layer.style), first);
            first += 2;
        }
    }

    /// Marks points. Where they stand so close that they would hide the curves only some are drawn: one in
    /// four columns, from column `first` on.
    fn draw_points(&self, buffer: &mut Buffer, plot: Rect, points: &[(f64, f64)], look: (char, Style), first: u16) {
        let places = || points.iter().filter_map(|point| self.place(*point)).filter(|(x, y)| inside(*x) && inside(*y));
        let dense = places().count() * 4 > usize::from(plot.width);
        let mut free = if dense { first } else { 0 };
        for (x, y) in places() {
            let column = column_of(x, plot.width);
            if column < free {
                continue;
            }
            if dense {
                free = column + 4;
            }
            if let Some(cell) = buffer.cell_mut((plot.x + column, plot.y + row_of(y, plot.height))) {
                cell.set_char(look.0).set_style(look.1);
            }
        }
    }

    fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x.place(x)?, self.y.place(y)?))
    }

    fn curve(&self, canvas: &mut Canvas, points: &[(f64, f64)]) {
        let mut last = None;
        for &point in points {
            let place = self.place(point);
            match (last, place) {
                (Some(from), Some(to)) => canvas.line(from, to),
                (None, Some(to)) => canvas.line(to, to),
                _ => {}
            }
            last = place;
        }
    }

    /// Fills between the least and the largest values, straight between neighbours.
    fn envelope(&self, canvas: &mut Canvas, points: &[(f64, f64, f64)]) {
        let across = canvas.size().0 as f64 - 1.0;
        let mut last: Option<(f64, f64, f64)> = None;
        for &(x, low, high) in points {
            let place = self.place((x, high)).map(|(x, high)| (x * across, self.y.place(low).unwrap_or(-1.0), high));
            if let Some((x, low, high)) = place {
                let (x0, low0, high0) = last.unwrap_or((x, low, high));
                let first = x0.round().clamp(0.0, across + 1.0) as usize;
                let end = x.round().clamp(-1.0, across);
                for column in first..=(end.max(0.0) as usize) {
                    let t = if x > x0 { ((column as f64 - x0) / (x - x0)).clamp(0.0, 1.0) } else { 1.0 };
                    if end >= 0.0 {
                        canvas.column(column, low0 + t * (low - low0), high0 + t * (high - high0));
                    }
                }
            }
            last = place;
        }
    }
}

/// The y axis with its ticks.
fn draw_y(buffer: &mut Buffer, area: Rect, plot: Rect, ticks: &[(u16, String)], theme: &Theme) {
    let x = plot.x - 1;
    for row in 0..plot.height {
        buffer.set_stringn(x, plot.y + row, "│", 1, theme.faint);
    }
    for (row, label) in ticks {
        let text = format!("{label:>width$}", width = usize::from(plot.x - area.x - 1));
        buffer.set_stringn(area.x, plot.y + row, text, usize::from(plot.x - area.x - 1), theme.faint);
        buffer.set_stringn(x, plot.y + row, "┤", 1, theme.faint);
    }
}

/// Draws a legend of the entries that fit: sign and words each, in their style.
pub fn legend(buffer: &mut Buffer, area: Rect, row: u16, entries: Vec<(char, String, Style)>) {
    let entry =
        |(sign, words, style): (char, String, Style)| vec![Span::styled(format!("{sign} "), style), Span::raw(words)];
    let line: Line<'_> = super::fit(entries.into_iter().map(entry).collect(), 2, area.width);
    put(buffer, area, row, &line);
}

fn inside(place: f64) -> bool {
    (-1e-9..=1.0 + 1e-9).contains(&place)
}

fn row_of(place: f64, height: u16) -> u16 {
    ((1.0 - place.clamp(0.0, 1.0)) * f64::from(height.saturating_sub(1))).round() as u16
}

fn column_of(place: f64, width: u16) -> u16 {
    (place.clamp(0.0, 1.0) * f64::from(width.saturating_sub(1))).round() as u16
}
