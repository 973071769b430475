//! Curves on their axes.

use std::borrow::Cow;
use std::fmt::Write as _;

use svg::node::element::{ClipPath, Definitions, Group, Path, Rectangle};

use super::legend::{self, Entry, Sign};
use super::style::Style;
use super::{BEYOND, Drawing, FAINT, Frame, INK, LABEL, MARGIN, PLOT, TITLE, line, round, title, words};
use crate::export::figure::{Curve, Figure, Look, Point};
use crate::export::scale::{Scale, Tick};
use crate::export::text;

/// Noisy curves have a point every so many pixels.
const APART: f64 = 2.0;
/// The most points with a marker each, and how many have one where there are more.
const MARKED: usize = 40;
/// A band, in the legend.
const SHADE: &str = "#d4d4d4";
/// The most marks that are labelled.
const LABELLED: usize = 16;

/// The area of the data and its axes.
pub struct Plane {
    pub frame: Frame,
    pub x: Scale,
    pub y: Scale,
}

/// The room for the labels of y.
pub fn aside(figure: &Figure) -> f64 {
    room(upright(figure))
}

/// The room for the labels of a scale of y.
pub fn room(y: Scale) -> f64 {
    let labels = y.ticks(6).into_iter().filter_map(|tick| tick.label);
    labels.map(|label| text::width(&label, LABEL)).fold(0.0, f64::max) + LABEL + 16.0
}

fn points(figure: &Figure) -> impl Iterator<Item = &Point> {
    figure.curves.iter().flat_map(|curve| &curve.points)
}

/// The scale of y, over the points that x has.
fn upright(figure: &Figure) -> Scale {
    let seen = points(figure).filter(|point| !figure.x.log || point.x > 0.0);
    Scale::over(seen.flat_map(|point| [point.y, point.low, point.high]), figure.y.log, 0.04)
}

pub fn draw(figure: &Figure, runs: &[&str], left: f64, index: usize) -> Drawing {
    let x = Scale::over(points(figure).map(|point| point.x), figure.x.log, 0.015);
    let y = upright(figure);
    let frame = Frame { left, top: MARGIN + TITLE + 12.0, width: PLOT.0, height: PLOT.1 };
    let plane = Plane { frame, x, y };
    let clip = format!("data-{index}");
    let mut data = Group::new().set("clip-path", format!("url(#{clip})")).set("fill", "none");
    let [rules, labels] = plane.marks(figure, runs);
    data = data.add(rules);
    let styled = styled(figure, runs);
    for (curve, style) in from_below(figure, &styled) {
        data = data.add(plane.curve(curve, style));
    }
    data = data.add(labels);
    let entries = plane.entries(figure, runs, &styled);
    // One curve of one run is what the axis says.
    let shown = if entries.len() == 1 && runs.len() == 1 { &[] } else { entries.as_slice() };
    let (legend, width) = legend::draw(shown, frame);
    let clip = ClipPath::new().set("id", clip).add(plane.rectangle());
    let mut group = Group::new()
        .add(Definitions::new().add(clip))
        .add(title(figure, runs, frame))
        .add(plane.axes(figure))
        .add(data)
        .add(plane.rectangle().set("fill", "none").set("stroke", INK))
        .add(legend);
    if !points(figure).any(|point| plane.spot(point.x, point.y).is_some()) {
        let (middle, height) = (frame.left + frame.width / 2.0, frame.top + frame.height / 2.0);
        group = group.add(words("no value above 0 for this logarithmic axis", middle, height, "middle"));
    }
    let bottom = (frame.top + frame.height + 44.0).max(frame.top + legend::height(entries.len()));
    Drawing { group, width: frame.left + frame.width + width.max(BEYOND) + MARGIN, height: bottom + MARGIN }
}

/// The curves in the order in which they are drawn: what is noisy lies below, and of the others the first is on
/// top.
fn from_below<'a>(figure: &'a Figure, styled: &[Style]) -> Vec<(&'a Curve, Style)> {
    let mut curves: Vec<_> = figure.curves.iter().zip(styled.iter().copied()).rev().collect();
    curves.sort_by_key(|(curve, _)| match curve.look {
        Look::Noisy => 0,
        Look::Bound => 1,
        Look::Line => 2,
    });
    curves
}

/// The look of every curve. Of several runs each has a colour, and each quantity a form; of one run each
/// quantity has both. What bounds a curve looks like it.
fn styled(figure: &Figure, runs: &[&str]) -> Vec<Style> {
    let mut quantities: Vec<&str> = Vec::new();
    for curve in figure.curves.iter().filter(|curve| curve.look != Look::Bound) {
        if !quantities.contains(&curve.quantity.as_str()) {
            quantities.push(&curve.quantity);
        }
    }
    let mut last = Style::new(0, 0);
    let style = |curve: &Curve| {
        if curve.look != Look::Bound {
            let run = runs.iter().position(|run| *run == curve.run).unwrap_or_default();
            let quantity = quantities.iter().position(|name| *name == curve.quantity).unwrap_or_default();
            let color = if runs.len() > 1 { run } else { quantity };
            last = Style::new(color, if quantities.len() > 1 { quantity } else { run });
        }
        last
    };
    figure.curves.iter().map(style).collect()
}

impl Plane {
    pub fn rectangle(&self) -> Rectangle {
        let Frame { left, top, width, height } = self.frame;
        let rectangle = Rectangle::new().set("x", round(left)).set("y", round(top));
        rectangle.set("width", round(width)).set("height", round(height))
    }

    pub fn across(&self, x: f64) -> f64 {
        self.frame.left + self.x.place(x) * self.frame.width
    }

    pub fn down(&self, y: f64) -> f64 {
        self.frame.top + (1.0 - self.y.place(y)) * self.frame.height
    }

    /// Where a point is drawn; `None` for one that the axes do not have.
    fn spot(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (x, y) = (self.across(x), self.down(y));
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }

    /// The legend; it tells which curves the axes do not have.
    fn entries(&self, figure: &Figure, runs: &[&str], styled: &[Style]) -> Vec<Entry> {
        let drawn = || figure.curves.iter().zip(styled).filter(|(curve, _)| curve.look != Look::Bound);
        let alone = drawn().all(|(curve, _)| drawn().all(|(other, _)| other.quantity == curve.quantity));
        let label = |curve: &Curve| match (runs.len() > 1, alone) {
            (true, true) => curve.run.clone(),
            (true, false) => format!("{}: {}", curve.run, curve.quantity),
            (false, _) => curve.quantity.clone(),
        };
        let lost = if figure.y.log { " (none above 0)" } else { " (not finite)" };
        let seen = |curve: &Curve| curve.points.iter().any(|point| self.spot(point.x, point.y).is_some());
        let entry = |(curve, style): (&Curve, &Style)| Entry {
            label: label(curve) + if seen(curve) { "" } else { lost },
            sign: Sign::Line { style: *style, markers: curve.look == Look::Line },
        };
        let mut entries: Vec<_> = drawn().map(entry).collect();
        if figure.curves.iter().any(|curve| curve.look == Look::Bound) {
            entries.push(Entry { label: "bound".to_owned(), sign: Sign::Bound });
        }
        if figure.curves.iter().any(|curve| !self.band(&self.shown(curve)).is_empty()) {
            entries.push(Entry { label: "least to largest".to_owned(), sign: Sign::Area(SHADE) });
        }
        entries
    }

    /// Axes with their ticks, labels and lines behind the data.
    pub fn axes(&self, figure: &Figure) -> Group {
        let Frame { left, top, width, height } = self.frame;
        let (right, bottom) = (left + width, top + height);
        let mut group = Group::new();
        for Tick { value, label } in self.x.ticks(6) {
            let (x, length) = (self.across(value), if label.is_some() { 5.0 } else { 3.0 });
            if let Some(label) = label {
                group = group.add(line((x, top), (x, bottom), FAINT, 0.8));
                group = group.add(words(&label, x, bottom + 18.0, "middle"));
            }
            group = group.add(line((x, bottom), (x, bottom + length), INK, 1.0));
        }
        for Tick { value, label } in self.y.ticks(6) {
            let (y, length) = (self.down(value), if label.is_some() { 5.0 } else { 3.0 });
            if let Some(label) = label {
                group = group.add(line((left, y), (right, y), FAINT, 0.8));
                group = group.add(words(&label, left - 8.0, y + 4.0, "end"));
            }
            group = group.add(line((left - length, y), (left, y), INK, 1.0));
        }
        let (x, y) = (left - room(self.y) + LABEL, top + height / 2.0);
        let turned =
            words(&figure.y.label, x, y, "middle").set("transform", format!("rotate(-90 {} {})", round(x), round(y)));
        group.add(words(&figure.x.label, left + width / 2.0, bottom + 38.0, "middle")).add(turned)
    }

    /// What happened, as lines from top to bottom, of several runs each in its colour, and what that was, where
    /// there is room.
    fn marks(&self, figure: &Figure, runs: &[&str]) -> [Group; 2] {
        let Frame { top, height, .. } = self.frame;
        let mut marks: Vec<_> = figure.marks.iter().map(|mark| (self.across(mark.x), mark)).collect();
        marks.retain(|(x, _)| x.is_finite());
        marks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut rules, mut labels, mut free) = (Group::new(), Group::new(), f64::NEG_INFINITY);
        let labelled = marks.len() <= LABELLED;
        for (x, mark) in marks {
            let run = runs.iter().position(|run| *run == mark.run).filter(|_| runs.len() > 1);
            let color = run.map_or("#888888", |run| Style::new(run, 0).color);
            let rule = line((x, top), (x, top + height), color, 0.8).set("stroke-dasharray", "4 3");
            rules = rules.add(rule);
            if labelled && x > free {
                let (x, y) = (x + 11.0, top + 6.0);
                let what = text::fitted(&mark.text, 10.0, height - 20.0);
                let turned = format!("rotate(-90 {} {})", round(x), round(y));
                labels = labels.add(words(&what, x, y, "end").set("transform", turned));
                free = x + 2.0;
            }
        }
        // What is behind a label does not reach it.
        let labels = labels.set("stroke", "#ffffff").set("stroke-width", 3).set("paint-order", "stroke");
        [rules, labels.set("font-size", 10.0).set("fill", "#555555")]
    }

    fn curve(&self, curve: &Curve, style: Style) -> Group {
        let points = &*self.shown(curve);
        let mut group = Group::new();
        let band = self.band(points);
        if !band.is_empty() {
            group = group.add(Path::new().set("d", band).set("fill", style.color).set("fill-opacity", 0.2));
        }
        let (width, dash) = match curve.look {
            Look::Bound => (1.0, "1 3"),
            Look::Noisy => (1.3, style.dash),
            Look::Line => (1.5, style.dash),
        };
        let path = Path::new().set("d", self.path(points)).set("stroke", style.color).set("stroke-width", width);
        group = group.add(path.set("stroke-dasharray", dash).set("stroke-linejoin", "round"));
        if curve.look == Look::Line {
            let mut markers = String::new();
            let stride = if points.len() > MARKED { points.len().div_ceil(MARKED / 3) } else { 1 };
            let spots = points.iter().step_by(stride).filter_map(|point| self.spot(point.x, point.y));
            spots.for_each(|(x, y)| markers += &style.outline(x, y));
            group = group.add(Path::new().set("d", markers).set("fill", style.color));
        }
        group
    }

    /// A line through points, broken where there is none to be drawn.
    fn path(&self, points: &[Point]) -> String {
        let (mut path, mut drawing) = (String::new(), false);
        for point in points {
            let spot = self.spot(point.x, point.y);
            if let Some((x, y)) = spot {
                // Writing to a string does not fail.
                let _ = write!(path, "{}{} {}", if drawing { 'L' } else { 'M' }, round(x), round(y));
            }
            drawing = spot.is_some();
        }
        path
    }

    /// The area between the least and the largest values; empty where they are the same.
    fn band(&self, points: &[Point]) -> String {
        let mut band = String::new();
        // An axis may not have the least value; the area then ends with the axis.
        let low = |point: &Point| self.spot(point.x, point.low).map_or(self.frame.top + self.frame.height, |(_, y)| y);
        for piece in
            points.split(|point| self.spot(point.x, point.high).is_none() || self.spot(point.x, point.y).is_none())
        {
            if piece.iter().all(|point| (low(point) - self.down(point.high)).abs() < 0.3) {
                continue;
            }
            let upper = piece.iter().map(|point| (self.across(point.x), self.down(point.high)));
            let lower = piece.iter().rev().map(|point| (self.across(point.x), low(point)));
            for (index, (x, y)) in upper.chain(lower).enumerate() {
                // As above.
                let _ = write!(band, "{}{} {}", if index == 0 { 'M' } else { 'L' }, round(x), round(y));
            }
            band.push('Z');
        }
        band
    }

    /// The points that are drawn.
    fn shown<'a>(&self, curve: &'a Curve) -> Cow<'a, [Point]> {
        if curve.look == Look::Noisy { self.merged(&curve.points).into() } else { curve.points.as_slice().into() }
    }

    /// Neighbouring points as one, where they are closer than can be seen.
    fn merged(&self, points: &[Point]) -> Vec<Point> {
        let column = |point: &Point| (self.across(point.x) / APART).floor();
        let same = |a: &Point, b: &Point| column(a).total_cmp(&column(b)).is_eq() && a.y.is_nan() == b.y.is_nan();
        let merge = |group: &[Point]| {
            let mean = |of: fn(&Point) -> f64| group.iter().map(of).sum::<f64>() / group.len() as f64;
            Point {
                x: mean(|point| point.x),
                y: mean(|point| point.y),
                low: group.iter().map(|point| point.low).fold(f64::NAN, f64::min),
                high: group.iter().map(|point| point.high).fold(f64::NAN, f64::max),
            }
        };
        points.chunk_by(same).map(merge).collect()
    }
}
