//! Several quantities along the run in one chart, with their legend and their read-out.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::Scene;
use super::track::{Track, nearest, smoothed};
use crate::session::history::{Point, Series};
use crate::tui::number::{count, digits};
use crate::tui::state::{SMOOTHINGS, State, Unit};
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::{Axis, Chart, Layer, Rule, Shape};
use crate::tui::widgets::{fit, put, wrap};

/// Signs that tell curves apart where there are no colours; the first stands for a plain line.
const SIGNS: [char; 9] = ['━', '●', '◆', '▲', '■', '○', '◇', '△', '□'];

/// How a quantity is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It varies from update to update: the envelope of its values beneath a smoothed line.
    Noisy,
    /// A curve.
    Curve,
    /// Points apart.
    Points,
}

/// A quantity along the run.
pub struct Quantity<'a> {
    /// What it is called in the legend.
    pub name: String,
    /// Its values.
    pub series: &'a Series,
    /// How it is drawn.
    pub look: Look,
}

/// Several quantities in one chart.
pub struct Curves<'a> {
    /// The quantities; those without any value are left out.
    pub quantities: Vec<Quantity<'a>>,
    /// Whether y is logarithmic.
    pub log: bool,
    /// What each value is multiplied by, 1 or −1.
    pub sign: f64,
    /// What is said where there is no value at all.
    pub empty: &'static str,
}

/// The weight of the past by which noisy quantities are smoothed.
pub fn smoothing(state: &State) -> f64 {
    SMOOTHINGS[state.axes.smoothing % SMOOTHINGS.len()]
}

/// A quantity as it is drawn: a value for each of its points, its sign and its style.
struct Drawn<'a> {
    quantity: Quantity<'a>,
    values: Vec<f64>,
    mark: char,
    style: Style,
}

impl Curves<'_> {
    /// Draws them with their legend above, or with what the crosshair stands at.
    pub fn draw(self, buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let (log, sign, empty) = (self.log, self.sign, self.empty);
        let shown = self.quantities.into_iter().enumerate().filter(|(_, quantity)| !quantity.series.is_empty());
        let drawn: Vec<_> = shown
            .map(|(index, quantity)| {
                let past = if quantity.look == Look::Noisy { smoothing(scene.state) } else { 0.0 };
                let values = smoothed(quantity.series, past).into_iter().map(|value| sign * value).collect();
                Drawn { quantity, values, mark: SIGNS[index % SIGNS.len()], style: theme.series[index % 8] }
            })
            .collect();
        if drawn.is_empty() {
            put(buffer, area, 0, &Line::styled(empty, theme.faint));
            return;
        }
        let track = Track::of(scene);
        let lines = words(scene, &track, &drawn, sign, area);
        for (row, line) in (0..).zip(&lines) {
            put(buffer, area, row, line);
        }
        let above = (lines.len() as u16).min(area.height);
        let plot = Rect { y: area.y + above, height: area.height - above, ..area };
        chart(&track, &drawn, (log, sign), plot, theme).draw(buffer, plot, theme);
    }
}

fn chart(track: &Track<'_>, drawn: &[Drawn<'_>], (log, sign): (bool, f64), plot: Rect, theme: &Theme) -> Chart {
    let (mut layers, mut signs, mut rules) = (Vec::new(), Vec::new(), track.rules(theme));
    let mut heights = Vec::new();
    for (index, Drawn { quantity, values, mark, style }) in drawn.iter().enumerate() {
        let points = || track.points(quantity.series, values);
        let lost = points().filter(|(_, point, _)| point.not_finite > 0);
        rules.extend(lost.map(|(x, ..)| Rule { x, sign: '×', label: String::new(), style: theme.bad, line: None }));
        let layer = |shape, style, sign| Layer { shape, style, sign };
        if quantity.look == Look::Noisy {
            let ends = |point: &Point| match point.count {
                0 => (f64::NAN, f64::NAN),
                _ if sign < 0.0 => (-point.max, -point.min),
                _ => (point.min, point.max),
            };
            let envelope: Vec<_> = points().map(|(x, point, _)| (x, ends(point).0, ends(point).1)).collect();
            heights.extend(envelope.iter().flat_map(|(_, low, high)| [*low, *high]));
            layers.push(layer(Shape::Envelope(envelope), theme.faint, ':'));
        }
        let curve: Vec<_> = points().map(|(x, _, value)| (x, *value)).collect();
        heights.extend(curve.iter().map(|(_, y)| *y));
        let wanted = if quantity.look == Look::Points { usize::from(plot.width / 4) } else { 6 };
        if quantity.look != Look::Points {
            layers.push(layer(Shape::Curve(curve), *style, *mark));
        }
        if *mark != SIGNS[0] {
            let some = track.some(quantity.series, values, wanted, index);
            signs.push(layer(Shape::Points(some), *style, *mark));
        }
    }
    layers.extend(signs);
    // Where there is room the signs of the rules have a row of their own.
    let headroom = if plot.height >= 10 { 1.0 / f64::from(plot.height - 3) } else { 0.04 };
    let y = Axis::over(heights.into_iter(), log).with_headroom(headroom);
    Chart { x: track.axis(), y, layers, rules, unit: track.unit() }
}

/// What is written above a chart: the value of every quantity at the end of the run, or where the crosshair
/// stands. The number of lines does not change with what the crosshair meets, so that the chart stays in place.
fn words(scene: &Scene<'_>, track: &Track<'_>, drawn: &[Drawn<'_>], sign: f64, area: Rect) -> Vec<Line<'static>> {
    let narrow = area.width < 48;
    let (gap, figures) = if narrow { (1, 3) } else { (2, 4) };
    let rows = usize::from(1 + area.height / 9);
    let crosshair = scene.state.axes.crosshair.and_then(|step| {
        let loss = &scene.snapshot.loss;
        Some(loss.points()[nearest(loss, step)?].step)
    });
    let lines = |at: Option<u64>, named, detailed| {
        let entry = |drawn| entry(drawn, at, (named, detailed), (sign, figures), scene.theme);
        wrap(drawn.iter().map(entry).collect(), gap, area.width)
    };
    let mut legend = lines(None, true, false);
    legend.truncate(rows);
    let Some(at) = crosshair else { return legend };
    let choices = [(true, true), (false, true), (true, false), (false, false)];
    let fits = choices.iter().map(|(named, detailed)| lines(Some(at), *named, *detailed));
    let room = if area.height < 12 { 1 } else { legend.len() };
    let values = fits.skip_while(|lines| lines.len() > room).chain([lines(Some(at), false, false)]);
    let first = fit(head(scene, track, at), gap, area.width);
    let values = values.take(1).flatten().chain(std::iter::repeat_n(Line::default(), room));
    std::iter::once(first).chain(values.take(room)).collect()
}

/// The value of a quantity, at a step or at the end of the run; with its name, and with what was smoothed and
/// the step of its measurement, if that is asked for.
fn entry(
    Drawn { quantity, values, mark, style }: &Drawn<'_>,
    at: Option<u64>,
    (named, detailed): (bool, bool),
    (sign, figures): (f64, usize),
    theme: &Theme,
) -> Vec<Span<'static>> {
    let points = quantity.series.points();
    let figures = if quantity.look == Look::Curve { 3 } else { figures };
    let index = at.map_or(points.len().checked_sub(1), |step| nearest(quantity.series, step as f64));
    let mut spans = vec![Span::styled(format!("{mark} "), *style)];
    if named {
        spans.push(Span::raw(format!("{} ", quantity.name)));
    }
    let Some((point, value)) = index.and_then(|index| Some((points.get(index)?, values.get(index)?))) else {
        return spans;
    };
    spans.push(Span::raw(format!("{:<room$}", digits(*value, figures), room = figures + 1)));
    if detailed && quantity.look == Look::Noisy {
        spans.push(Span::styled(" raw ", theme.faint));
        spans.push(Span::raw(raw(point, sign, figures)));
    }
    if detailed && (quantity.look == Look::Points || at.is_some_and(|at| at != point.step)) {
        spans.push(Span::styled(format!(" @ {}", count(point.step)), theme.faint));
    }
    spans
}

/// Where the crosshair stands, and what was changed there.
fn head(scene: &Scene<'_>, track: &Track<'_>, step: u64) -> Vec<Vec<Span<'static>>> {
    let theme = scene.theme;
    let mut parts = vec![vec![Span::styled(format!("@ {}", count(step)), theme.strong)]];
    match scene.state.axes.unit {
        Unit::Update => {}
        unit => parts.push(vec![Span::raw(format!("{} {}", digits(track.x(step as f64), 4), unit.name()))]),
    }
    if let Some(mark) = track.mark(step as f64) {
        let at = if mark.step == step { String::new() } else { format!(" @ {}", count(mark.step)) };
        parts.push(vec![Span::styled(format!("▼ {}{at}", mark.text), theme.warning)]);
    }
    parts
}

/// The values that a point sums up.
fn raw(point: &Point, sign: f64, figures: usize) -> String {
    let (low, high) = if sign < 0.0 { (-point.max, -point.min) } else { (point.min, point.max) };
    match (point.count, point.not_finite) {
        (0, _) => "not finite".to_owned(),
        (1, _) => digits(low, figures),
        _ => format!("{}–{}", digits(low, figures), digits(high, figures)),
    }
}
