//! The legend, beside the data.

use svg::node::element::{Group, Path};

use super::style::Style;
use super::{ASIDE, Frame, INK, LABEL, line, words};
use crate::export::text;

/// Length of the pieces of line, and distance of the rows.
const PIECE: f64 = 30.0;
const ROW: f64 = 17.0;

/// What stands in a legend.
pub struct Entry {
    /// What it is of.
    pub label: String,
    /// How that looks.
    pub sign: Sign,
}

/// A look, in the legend.
pub enum Sign {
    /// A line, perhaps with markers.
    Line {
        /// Its look.
        style: Style,
        /// Whether it has markers.
        markers: bool,
    },
    /// A thin dotted line.
    Bound,
    /// An area.
    Area(&'static str),
    /// A point.
    Spot,
}

/// The legend right of a frame, and the width it takes.
pub fn draw(entries: &[Entry], frame: Frame) -> (Group, f64) {
    let (mut group, mut widest) = (Group::new(), 0.0_f64);
    let left = frame.left + frame.width + 14.0;
    for (row, entry) in entries.iter().enumerate() {
        let y = frame.top + 8.0 + ROW * row as f64;
        let (from, to) = ((left, y), (left + PIECE, y));
        match entry.sign {
            Sign::Line { style, markers } => {
                let piece = line(from, to, style.color, 1.6).set("stroke-dasharray", style.dash);
                group = group.add(piece);
                if markers {
                    let marker = style.outline(left + PIECE / 2.0, y);
                    group = group.add(Path::new().set("d", marker).set("fill", style.color));
                }
            }
            Sign::Bound => group = group.add(line(from, to, INK, 1.0).set("stroke-dasharray", "1 3")),
            Sign::Spot => group = group.add(spot(left + PIECE / 2.0, y)),
            Sign::Area(color) => group = group.add(line(from, to, color, 9.0)),
        }
        let label = text::fitted(&entry.label, LABEL, ASIDE);
        widest = widest.max(text::width(&label, LABEL));
        group = group.add(words(&label, left + PIECE + 7.0, y + 4.0, "start"));
    }
    let width = if entries.is_empty() { 0.0 } else { 14.0 + PIECE + 7.0 + widest };
    (group, width)
}

/// A point that is marked: to be seen on any colour.
pub fn spot(x: f64, y: f64) -> Path {
    let outline = Style::new(0, 3).outline(x, y);
    Path::new().set("d", outline).set("fill", "#ffffff").set("stroke", INK).set("stroke-width", 1.5)
}

/// The height of so many entries.
pub fn height(entries: usize) -> f64 {
    ROW * entries as f64
}
