//! Heat maps: every point of the grid is a cell in the colour of its value, and contours lie where the values between
//! points, on straight lines, reach the ticks of the colour bar.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use svg::node::element::{Group, Path};

use super::chart::{self, Plane};
use super::legend::{self, Entry, Sign, spot};
use super::{Drawing, FAINT, Frame, INK, LABEL, MARGIN, TITLE, contour, line, round, title, words};
use crate::export::figure::{Figure, Heat};
use crate::export::scale::Scale;
use crate::export::text;

/// Width and height of the map, which shows both directions in one measure.
const SIDE: f64 = 360.0;
/// Width of the colour bar, and the number of its slices.
const BAR: f64 = 18.0;
const SLICES: usize = 120;
/// About so many labels at it.
const LEVELS: usize = 8;

/// The room for the labels of y.
pub fn aside(heat: &Heat) -> f64 {
    chart::room(scale(&heat.y))
}

/// An axis over the cells around points.
fn scale(points: &[f64]) -> Scale {
    let half = match points {
        [first, .., last] => (last - first) / (points.len() - 1) as f64 / 2.0,
        _ => 0.5,
    };
    let ends = [points.first().map(|first| first - half), points.last().map(|last| last + half)];
    Scale::over(ends.into_iter().flatten(), false, 0.0)
}

/// The colour at a place of the colour bar: cividis, whose lightness grows evenly for colour-blind people too (Nuñez,
/// Anderton & Renslow 2018).
fn color(place: f64) -> String {
    format!("#{:x}", colorous::CIVIDIS.eval_continuous(place.clamp(0.0, 1.0)))
}

pub fn draw(figure: &Figure, heat: &Heat, left: f64) -> Drawing {
    let frame = Frame { left, top: MARGIN + TITLE + 12.0, width: SIDE, height: SIDE };
    let plane = Plane { frame, x: scale(&heat.x), y: scale(&heat.y) };
    let colors = Scale::over(heat.values.iter().copied(), heat.log, 0.0);
    let places: Vec<f64> = heat.values.iter().map(|&value| colors.place(value)).collect();
    let (bar, width) = bar(heat, colors, frame, &places);
    let group = Group::new()
        .add(title(figure, &[&heat.run], frame))
        .add(plane.axes(figure))
        .add(cells(&plane, heat, &places))
        .add(contours(&plane, heat, colors, &places))
        .add(plane.rectangle().set("fill", "none").set("stroke", INK));
    let inside = |x: f64, ends: &[f64]| ends.first().zip(ends.last()).is_some_and(|(a, b)| (*a..=*b).contains(&x));
    let seen = heat.spot.iter().filter(|here| inside(here.x, &heat.x) && inside(here.y, &heat.y));
    let group = seen.fold(group, |group, here| group.add(spot(plane.across(here.x), plane.down(here.y)))).add(bar);
    Drawing { group, width: left + SIDE + width + MARGIN, height: frame.top + SIDE + 44.0 + MARGIN }
}

/// The cells, those of one colour together.
fn cells(plane: &Plane, heat: &Heat, places: &[f64]) -> Group {
    let mut paths: BTreeMap<String, String> = BTreeMap::new();
    let (width, height) = (SIDE / heat.x.len() as f64, SIDE / heat.y.len() as f64);
    for ([x, y, _], &place) in heat.points().zip(places) {
        let fill = if place.is_finite() { color(place) } else { FAINT.to_owned() };
        let (left, top) = (plane.across(x) - width / 2.0, plane.down(y) - height / 2.0);
        let [left, right, top, bottom] = [left, left + width, top, top + height].map(round);
        // Writing to a string does not fail.
        let _ = write!(paths.entry(fill).or_default(), "M{left} {top}H{right}V{bottom}H{left}Z");
    }
    // Neighbours share their edges to the pixel.
    let group = Group::new().set("shape-rendering", "crispEdges");
    paths.into_iter().fold(group, |group, (fill, path)| group.add(Path::new().set("d", path).set("fill", fill)))
}

/// The colour of a contour, to be seen on that of its level.
fn ink(place: f64) -> &'static str {
    if place < 0.5 { "#ffffff" } else { "#000000" }
}

/// A contour for each tick of the colour bar.
fn contours(plane: &Plane, heat: &Heat, colors: Scale, places: &[f64]) -> Group {
    let (width, height) = (SIDE / heat.x.len() as f64, SIDE / heat.y.len() as f64);
    let spot = |(x, y): (f64, f64)| {
        (round(plane.frame.left + (x + 0.5) * width), round(plane.frame.top + SIDE - (y + 0.5) * height))
    };
    let mut group = Group::new().set("fill", "none").set("stroke-width", 0.8).set("stroke-linecap", "round");
    for tick in colors.ticks(LEVELS) {
        let (level, mut path) = (colors.place(tick.value), String::new());
        for [from, to] in contour::segments(places, heat.x.len(), level) {
            let (from, to) = (spot(from), spot(to));
            // As above.
            let _ = write!(path, "M{} {}L{} {}", from.0, from.1, to.0, to.1);
        }
        if !path.is_empty() {
            group = group.add(Path::new().set("d", path).set("stroke", ink(level)));
        }
    }
    group
}

/// What is marked, and below it the colour bar with the contours; and the width they take.
fn bar(heat: &Heat, colors: Scale, frame: Frame, places: &[f64]) -> (Group, f64) {
    let mut entries: Vec<_> =
        heat.spot.iter().map(|spot| Entry { label: spot.text.clone(), sign: Sign::Spot }).collect();
    if places.iter().any(|place| !place.is_finite()) {
        let label = if heat.log { "not above 0, or not finite" } else { "not finite" };
        entries.push(Entry { label: label.to_owned(), sign: Sign::Area(FAINT) });
    }
    let (legend, width) = legend::draw(&entries, frame);
    let (left, top) = (frame.left + frame.width + 14.0, frame.top + legend::height(entries.len()) + 8.0);
    let height = frame.top + frame.height - top;
    let down = |place: f64| top + (1.0 - place) * height;
    let (mut group, mut widest) = (Group::new().add(legend), 0.0_f64);
    for slice in 0..SLICES {
        let [low, high] = [slice, slice + 1].map(|end| end as f64 / SLICES as f64);
        let [left, right, top, bottom] = [left, left + BAR, down(high), down(low)].map(round);
        let path = format!("M{left} {top}H{right}V{bottom}H{left}Z");
        let path = Path::new().set("d", path).set("fill", color(f64::midpoint(low, high)));
        group = group.add(path.set("shape-rendering", "crispEdges"));
    }
    for tick in colors.ticks(LEVELS) {
        let (place, length) = (colors.place(tick.value), if tick.label.is_some() { 5.0 } else { 3.0 });
        let (y, label) = (down(place), tick.label.unwrap_or_default());
        group = group.add(line((left, y), (left + BAR, y), ink(place), 0.8));
        group = group.add(line((left + BAR, y), (left + BAR + length, y), INK, 1.0));
        group = group.add(words(&label, left + BAR + 8.0, y + 4.0, "start"));
        widest = widest.max(text::width(&label, LABEL));
    }
    // What the colours are stands beside them, turned.
    let (x, y) = (left + BAR + 8.0 + widest + 6.0 + LABEL, top + height / 2.0);
    let turned = format!("rotate(-90 {} {})", round(x), round(y));
    let quantity = format!("{}; contours at the ticks", heat.quantity);
    group = group.add(words(&quantity, x, y, "middle").set("transform", turned));
    (group, width.max(x + 4.0 - frame.left - frame.width))
}
