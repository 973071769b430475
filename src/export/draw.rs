//! Figures as vector graphics.

mod bars;
mod chart;
mod contour;
mod heat;
mod legend;
mod style;

use svg::Document;
use svg::node::element::{Group, Line, Rectangle, Text};

use super::figure::Figure;
use super::text::{self, FAMILY};

/// Font size of labels, and of titles.
const LABEL: f64 = 12.0;
const TITLE: f64 = 14.0;
/// Free space around figures.
const MARGIN: f64 = 12.0;
/// Width and height of the area of the data.
const PLOT: (f64, f64) = (460.0, 300.0);
/// The most room that a label beside the data takes.
const ASIDE: f64 = 250.0;
/// What a label at the right end of an axis may need beyond it.
const BEYOND: f64 = 26.0;
/// What is written, and axes; lines behind the data.
const INK: &str = "#222222";
const FAINT: &str = "#dddddd";

/// A rectangle of the page.
#[derive(Clone, Copy, Debug)]
struct Frame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// A figure as it is drawn, and the room it took.
struct Drawing {
    group: Group,
    width: f64,
    height: f64,
}

/// Figures, one below the other, as an SVG document. Colours are told apart by colour-blind people too, and
/// curves are told apart without colours.
pub fn svg(figures: &[Figure]) -> String {
    // The data of all figures begin at the same place.
    let left = MARGIN + figures.iter().map(aside).fold(0.0, f64::max);
    let drawn: Vec<_> = (0..).zip(figures).map(|(index, figure)| draw(figure, left, index)).collect();
    let width = drawn.iter().map(|drawing| drawing.width).fold(0.0, f64::max).ceil();
    let height = drawn.iter().map(|drawing| drawing.height).sum::<f64>().ceil();
    let background = Rectangle::new().set("width", width).set("height", height).set("fill", "#ffffff");
    let mut document = Document::new()
        .set("width", width)
        .set("height", height)
        .set("viewBox", (0, 0, width as i64, height as i64))
        .set("font-family", format!("'{FAMILY}', Verdana, Helvetica, Arial, sans-serif"))
        .set("font-size", LABEL)
        .set("fill", INK)
        .add(background);
    let mut top = 0.0;
    for drawing in drawn {
        document = document.add(drawing.group.set("transform", format!("translate(0 {})", round(top))));
        top += drawing.height;
    }
    document.to_string() + "\n"
}

/// A figure whose data begin at `left`; `index` tells its parts from those of others on the page.
fn draw(figure: &Figure, left: f64, index: usize) -> Drawing {
    let runs = runs(figure);
    match &figure.heat {
        Some(heat) => heat::draw(figure, heat, left),
        None if figure.bars.is_empty() => chart::draw(figure, &runs, left, index),
        None => bars::draw(figure, &runs, left),
    }
}

/// The room that a figure needs left of its data.
fn aside(figure: &Figure) -> f64 {
    match &figure.heat {
        Some(heat) => heat::aside(heat),
        None if figure.bars.is_empty() => chart::aside(figure),
        None => bars::aside(figure),
    }
}

/// The runs of a figure, in order.
fn runs(figure: &Figure) -> Vec<&str> {
    let all = figure.curves.iter().map(|curve| &curve.run).chain(figure.bars.iter().map(|bar| &bar.run));
    let mut runs = Vec::new();
    for run in all {
        if !runs.contains(&run.as_str()) {
            runs.push(run.as_str());
        }
    }
    runs
}

/// The title, with the run where it is of one alone.
fn title(figure: &Figure, runs: &[&str], frame: Frame) -> Text {
    let title = match runs {
        [run] => format!("{}: {run}", figure.title),
        _ => figure.title.clone(),
    };
    let title = text::fitted(&title, 1.1 * TITLE, frame.width + frame.left);
    words(&title, frame.left, frame.top - 10.0, "start").set("font-size", TITLE).set("font-weight", "bold")
}

/// Text; `anchor` tells which of its ends, or its middle, is at x.
fn words(text: &str, x: f64, y: f64, anchor: &str) -> Text {
    Text::new(text).set("x", round(x)).set("y", round(y)).set("text-anchor", anchor)
}

fn line(from: (f64, f64), to: (f64, f64), color: &str, width: f64) -> Line {
    Line::new()
        .set("x1", round(from.0))
        .set("y1", round(from.1))
        .set("x2", round(to.0))
        .set("y2", round(to.1))
        .set("stroke", color)
        .set("stroke-width", width)
}

/// A coordinate, to the hundredth.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use svg::parser::Event;

    use super::*;
    use crate::export::figure::{Abscissa, Look, Point};
    use crate::export::quantity::{View, hessian, loss, rank, timing};
    use crate::export::zoo::run;

    /// Every figure of a run, in every way.
    fn all(labels: &[&str]) -> Vec<Figure> {
        let runs: Vec<_> = labels.iter().map(|label| run(label)).collect();
        let mut figures = Vec::new();
        for (log_x, linear_y) in [(false, false), (true, false), (false, true), (true, true)] {
            let view = View { x: Abscissa::Epoch, log_x, linear_y };
            for of in [loss, rank, hessian, timing] {
                figures.extend(of(&runs, view));
            }
        }
        figures
    }

    #[test]
    fn every_figure_is_drawn_with_numbers_alone() {
        for labels in [&["one"][..], &["one", "two"], &["<&>\"'\u{1F600}", "two"]] {
            let page = svg(&all(labels));
            assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
            let errors = svg::read(&page).unwrap().filter(|event| matches!(event, Event::Error(_))).count();
            assert_eq!(errors, 0);
        }
    }

    #[test]
    fn a_figure_says_what_it_shows_with_units_and_legend() {
        let view = View { x: Abscissa::Second, ..View::default() };
        let page = svg(&loss(&[run("one"), run("a < b")], view));
        for text in [
            "Loss",
            "training time (s)",
            "mean loss per datum",
            "one: minibatch",
            "a &lt; b: training set",
            "γ 1 → 0.1",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
    }

    #[test]
    fn what_a_logarithmic_axis_cannot_show_is_told() {
        let mut figures = hessian(&[run("one")], View::default());
        figures[2].curves[0].points[0].y = -1.0;
        let page = svg(&figures[2..]);
        assert!(page.contains("(none above 0)") || page.contains("no value above 0"), "{page}");
    }

    #[test]
    fn a_point_that_x_does_not_have_leaves_y_as_it_is() {
        let mut figures = loss(&[run("one")], View { log_x: true, ..View::default() });
        let page = svg(&figures);
        let curve = figures[0].curves.iter_mut().find(|curve| curve.look == Look::Line).unwrap();
        curve.points.retain(|point| point.x > 0.0);
        curve.points.insert(0, Point { x: 0.0, y: 1e9, low: 1e9, high: 1e9 });
        assert_eq!(svg(&figures), page);
    }

    #[test]
    fn the_size_of_a_page_does_not_grow_with_the_length_of_a_noisy_run() {
        let mut figures = loss(&[run("one")], View::default());
        let curve = &mut figures[0].curves[0];
        assert_eq!(curve.look, Look::Noisy);
        let point = |n: u32| Point { x: f64::from(n), y: f64::from(1 + n % 17), low: 1.0, high: 20.0 };
        curve.points = (0..4000).map(point).collect();
        assert!(svg(&figures).len() < 30_000);
    }
}
