//! Bars, a row for each name, of each run one.

use svg::node::element::{Group, Rectangle};

use super::legend::{self, Entry, Sign};
use super::style::Style;
use super::{ASIDE, BEYOND, Drawing, FAINT, Frame, INK, LABEL, MARGIN, PLOT, TITLE, line, round, title, words};
use crate::export::figure::Figure;
use crate::export::scale::Scale;
use crate::export::text;

/// Height of a bar, and the space between rows.
const BAR: f64 = 14.0;
const GAP: f64 = 8.0;

/// The room for the names.
pub fn aside(figure: &Figure) -> f64 {
    figure.bars.iter().map(|bar| text::width(&named(&bar.name), LABEL)).fold(0.0, f64::max) + 8.0
}

fn named(name: &str) -> String {
    text::fitted(name, LABEL, ASIDE)
}

pub fn draw(figure: &Figure, runs: &[&str], left: f64) -> Drawing {
    let mut names: Vec<&str> = Vec::new();
    for bar in &figure.bars {
        if !names.contains(&bar.name.as_str()) {
            names.push(&bar.name);
        }
    }
    let row = BAR * runs.len() as f64 + GAP;
    let height = row * names.len() as f64 + GAP;
    let frame = Frame { left, top: MARGIN + TITLE + 12.0, width: PLOT.0, height };
    let scale = Scale::over(figure.bars.iter().map(|bar| bar.value).chain([0.0]), false, 0.05).starting_at_zero();
    let across = |value: f64| frame.left + scale.place(value) * frame.width;
    let bottom = frame.top + frame.height;
    let mut group = Group::new().add(title(figure, runs, frame));
    for tick in scale.ticks(5) {
        let x = across(tick.value);
        group = group.add(line((x, frame.top), (x, bottom), FAINT, 0.8));
        group = group.add(words(&tick.label.unwrap_or_default(), x, bottom + 18.0, "middle"));
    }
    for bar in &figure.bars {
        let name = names.iter().position(|name| *name == bar.name).unwrap_or_default();
        let run = runs.iter().position(|run| *run == bar.run).unwrap_or_default();
        let top = frame.top + GAP + row * name as f64 + BAR * run as f64;
        let rectangle = Rectangle::new()
            .set("x", round(frame.left))
            .set("y", round(top))
            .set("width", round(across(bar.value.max(0.0)) - frame.left))
            .set("height", BAR - 1.0)
            .set("fill", Style::new(run, 0).color);
        group = group.add(rectangle);
    }
    for (index, name) in names.iter().enumerate() {
        let middle = frame.top + GAP / 2.0 + row * (index as f64 + 0.5);
        group = group.add(words(&named(name), frame.left - 7.0, middle + 4.0, "end"));
    }
    group = group.add(line((frame.left, frame.top), (frame.left, bottom), INK, 1.0));
    group = group.add(words(&figure.y.label, frame.left + frame.width / 2.0, bottom + 38.0, "middle"));
    let entry =
        |(index, run): (usize, &&str)| Entry { label: (*run).to_owned(), sign: Sign::Area(Style::new(index, 0).color) };
    let entries: Vec<_> = if runs.len() > 1 { runs.iter().enumerate().map(entry).collect() } else { Vec::new() };
    let (legend, width) = legend::draw(&entries, frame);
    let height = bottom.max(frame.top + legend::height(entries.len())) + 44.0 + MARGIN;
    Drawing { group: group.add(legend), width: frame.left + frame.width + width.max(BEYOND) + MARGIN, height }
}
