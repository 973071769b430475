//! A chart: curves, envelopes and points over two axes.

pub mod axis;
mod bands;
mod canvas;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

pub use axis::Axis;
use canvas::Canvas;

use crate::tui::theme::Theme;

/// What is drawn, in data units. Values that are not finite interrupt a curve.
pub enum Shape {
    /// x, least y, largest y.
    Envelope(Vec<(f64, f64, f64)>),
    /// A curve through points.
    Curve(Vec<(f64, f64)>),
    /// Points apart.
    Points(Vec<(f64, f64)>),
    /// x, least y, largest y of bars that reach back to the x before; bands are stacked in the order of their layers.
    Band(Vec<(f64, f64, f64)>),
}

/// A shape and how it looks.
pub struct Layer {
    pub shape: Shape,
    pub style: Style,
    /// What marks its points, and its dots where there are none in the font.
    pub sign: char,
}

/// A vertical rule: where, the sign at its top, how it looks.
pub struct Rule {
    pub x: f64,
    pub sign: char,
    /// What is written beside the sign, where there is room before the next rule.
    pub label: String,
    pub style: Style,
    /// What it is drawn with all the way down, if it is.
    pub line: Option<char>,
}

/// A chart, its later layers in front.
pub struct Chart {
    pub x: Axis,
    pub y: Axis,
    pub layers: Vec<Layer>,
    pub rules: Vec<Rule>,
    /// What x counts, written at the end of its axis.
    pub unit: String,
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
        let ticks = rows(self.y, height);
        let gutter = ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0) as u16 + 1;
        let gutter = if gutter + 8 <= area.width { gutter } else { 0 };
        let plot = Rect { x: area.x + gutter, width: area.width - gutter, height, ..area };
        if gutter > 0 {
            draw_y(buffer, area, plot, &ticks, theme);
        }
        if feet > 0 {
            self.draw_x(buffer, area, plot, theme);
        }
        bands::draw(self, buffer, plot, theme);
        self.draw_rules(buffer, plot);
        self.draw_layers(buffer, plot, theme);
        self.label_rules(buffer, plot);
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
            Shape::Band(points) => points.iter().any(|(_, _, high)| hidden(*high)),
            Shape::Curve(points) | Shape::Points(points) => points.iter().any(|(_, y)| hidden(*y)),
        })
    }

    fn draw_x(&self, buffer: &mut Buffer, area: Rect, plot: Rect, theme: &Theme) {
        let (line, labels) = (plot.bottom(), plot.bottom() + 1);
        buffer.set_stringn(plot.x, line, "─".repeat(plot.width.into()), plot.width.into(), theme.faint);
        if plot.x > area.x {
            buffer.set_stringn(plot.x - 1, line, "└", 1, theme.faint);
        }
        let unit = self.unit.chars().count() as u16;
        let end = if unit + 12 <= plot.width {
            buffer.set_stringn(area.right() - unit, labels, &self.unit, unit.into(), theme.faint);
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

    /// The rules that are in sight, with their columns, from left to right.
    fn rules(&self, plot: Rect) -> Vec<(u16, &Rule)> {
        let column = |rule: &Rule| {
            let place = self.x.place(rule.x).filter(|place| inside(*place))?;
            Some(plot.x + column_of(place, plot.width))
        };
        let mut rules: Vec<_> = self.rules.iter().filter_map(|rule| Some((column(rule)?, rule))).collect();
        rules.sort_by_key(|(x, _)| *x);
        rules
    }

    fn draw_rules(&self, buffer: &mut Buffer, plot: Rect) {
        for (x, rule) in self.rules(plot) {
            let below = rule.line.into_iter().flat_map(|line| (plot.y + 1..plot.bottom()).map(move |y| (y, line)));
            for (y, sign) in below.chain([(plot.y, rule.sign)]) {
                if let Some(cell) = buffer.cell_mut((x, y)) {
                    cell.set_char(sign).set_style(rule.style);
                }
            }
        }
    }

    /// Labels the rules, to the right of their signs or to the left, in one of the upper rows where nothing
    /// else is drawn.
    fn label_rules(&self, buffer: &mut Buffer, plot: Rect) {
        for (x, rule) in self.rules(plot) {
            let wide = Span::raw(&rule.label).width() as u16;
            let empty = |x: u16, y: u16| buffer.cell((x, y)).is_some_and(|cell| cell.symbol() == " ");
            // A blank to either side belongs to it.
            let free = |(start, y): &(u16, u16)| {
                *start > plot.x && start + wide < plot.right() && (start - 1..=start + wide).all(|x| empty(x, *y))
            };
            let rows = plot.y..plot.bottom().min(plot.y + 3);
            let places = rows.flat_map(|y| [(x + 2, y), (x.saturating_sub(wide + 1), y)]);
            if let Some((start, y)) = places.filter(|_| wide > 0).find(free) {
                buffer.set_stringn(start, y, &rule.label, wide.into(), rule.style);
            }
        }
    }

    fn draw_layers(&self, buffer: &mut Buffer, plot: Rect, theme: &Theme) {
        let mut canvas = Canvas::new(plot);
        let mut looks = Vec::new();
        for layer in &self.layers {
            canvas.next_layer();
            looks.push((layer.style, layer.sign));
            match &layer.shape {
                Shape::Envelope(points) => self.envelope(&mut canvas, points),
                Shape::Curve(points) => self.curve(&mut canvas, points),
                Shape::Points(_) | Shape::Band(_) => {}
            }
        }
        canvas.render(buffer, &looks, theme.signs);
        for layer in &self.layers {
            let Shape::Points(points) = &layer.shape else { continue };
            let places = points.iter().filter_map(|point| self.place(*point));
            for (x, y) in places.filter(|(x, y)| inside(*x) && inside(*y)) {
                let place = (plot.x + column_of(x, plot.width), plot.y + row_of(y, plot.height));
                if let Some(cell) = buffer.cell_mut(place) {
                    cell.set_char(layer.sign).set_style(layer.style);
                }
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

/// Ticks of a y axis with the rows they fall into, at least one row apart.
pub(super) fn rows(axis: Axis, height: u16) -> Vec<(u16, String)> {
    let mut rows: Vec<(u16, String)> = Vec::new();
    for (value, label) in axis.ticks(usize::from(height / 2).clamp(2, 8)) {
        let Some(place) = axis.place(value) else { continue };
        let row = row_of(place, height);
        if rows.last().is_none_or(|(last, _)| row + 1 < *last) {
            rows.push((row, label));
        }
    }
    rows
}

/// The y axis with its ticks.
pub(super) fn draw_y(buffer: &mut Buffer, area: Rect, plot: Rect, ticks: &[(u16, String)], theme: &Theme) {
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

fn inside(place: f64) -> bool {
    (-1e-9..=1.0 + 1e-9).contains(&place)
}

/// The row of a place, that of its dot.
fn row_of(place: f64, height: u16) -> u16 {
    canvas::dot_of(1.0 - place, usize::from(height) * 4) as u16 / 4
}

/// The column of a place, that of its dot.
fn column_of(place: f64, width: u16) -> u16 {
    canvas::dot_of(place, usize::from(width) * 2) as u16 / 2
}

#[cfg(test)]
mod tests;
