//! Several quantities along the run in one chart, with their legend and their read-out.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::Scene;
use super::track::{Track, smoothed};
use crate::session::Snapshot;
use crate::session::history::{Point, Series};
use crate::tui::number::{count, digits};
use crate::tui::state::{SMOOTHINGS, State, Unit};
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::{Axis, Chart, Layer, Rule, Shape};
use crate::tui::widgets::{fit, put, wrap, wrap_within};

/// Signs that tell curves apart where there are no colours; the first stands for a plain line.
const SIGNS: [char; 9] = ['━', '●', '◆', '▲', '■', '○', '◇', '△', '□'];

/// How a quantity is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It varies from update to update: the envelope of its values beneath a smoothed line.
    Noisy,
    /// The smoothed line of what varies from update to update.
    Smooth,
    /// A curve.
    Curve,
    /// A faint line that curves do not exceed.
    Bound,
    /// Points apart.
    Points,
    /// A band of a stack, drawn as bars. All bands of a chart have the same points.
    Band,
}

/// A quantity along the run.
pub struct Quantity<'a> {
    /// What it is called in the legend.
    pub name: String,
    /// Its values.
    pub series: Cow<'a, Series>,
    /// How it is drawn.
    pub look: Look,
    /// The run it is of.
    pub run: &'a Snapshot,
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

impl Curves<'_> {
    /// Draws them with their legend above, or with what the crosshair stands at.
    pub fn draw(self, buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
        let theme = scene.theme;
        let drawn: Vec<_> = self
            .quantities
            .into_iter()
            .enumerate()
            .filter(|(_, quantity)| !quantity.series.is_empty())
            .map(|(index, quantity)| {
                let noisy = matches!(quantity.look, Look::Noisy | Look::Smooth);
                let past = if noisy { smoothing(scene.state) } else { 0.0 };
                let values = smoothed(&quantity.series, past).into_iter().map(|value| self.sign * value).collect();
                let style = theme.series[index % theme.series.len()];
                let (mark, style) = match quantity.look {
                    Look::Bound => ('┄', theme.faint),
                    Look::Band => (band(index, theme), style),
                    _ => (SIGNS[index % SIGNS.len()], style),
                };
                Drawn { quantity, values, sign: self.sign, mark, style }
            })
            .collect();
        if drawn.is_empty() {
            put(buffer, area, 0, &Line::styled(self.empty, theme.faint));
            return;
        }
        let track = Track::over(scene, drawn.iter().map(|one| one.quantity.run));
        let lines = words(scene, &track, &drawn, area);
        for (row, line) in (0..).zip(&lines) {
            put(buffer, area, row, line);
        }
        let above = (lines.len() as u16).min(area.height);
        let plot = Rect { y: area.y + above, height: area.height - above, ..area };
        chart(&track, &drawn, self.log, plot, theme).draw(buffer, plot, theme);
    }
}

/// A quantity as it is drawn.
struct Drawn<'a> {
    quantity: Quantity<'a>,
    /// What is drawn for each of its points.
    values: Vec<f64>,
    sign: f64,
    mark: char,
    style: Style,
}

/// What is said of a quantity beside its value.
#[derive(Clone, Copy)]
struct Detail {
    /// Its name.
    named: bool,
    /// What was smoothed, and when it was measured.
    measured: bool,
}

impl Drawn<'_> {
    /// The least and the largest value that a point sums up; NaN where there is none.
    fn ends(&self, point: &Point) -> (f64, f64) {
        match point.count {
            0 => (f64::NAN, f64::NAN),
            _ if self.sign < 0.0 => (-point.max, -point.min),
            _ => (point.min, point.max),
        }
    }

    /// Its sign and its value, at a step or at the end of the run.
    fn entry(&self, at: Option<u64>, detail: Detail, figures: usize, theme: &Theme) -> Vec<Span<'static>> {
        let Quantity { name, series, look, .. } = &self.quantity;
        let points = series.points();
        let figures = if matches!(look, Look::Curve | Look::Bound) { 3 } else { figures };
        let mut spans = vec![Span::styled(format!("{} ", self.mark), self.style)];
        if detail.named {
            spans.push(Span::raw(format!("{name} ")));
        }
        let index = at.map_or(points.len().checked_sub(1), |step| series.nearest(step as f64));
        let Some((point, value)) = index.and_then(|index| Some((points.get(index)?, self.values.get(index)?))) else {
            return spans;
        };
        spans.push(Span::raw(format!("{:<room$}", digits(*value, figures), room = figures + 1)));
        if detail.measured && *look == Look::Noisy {
            let (low, high) = self.ends(point);
            let raw = match point.count {
                0 => "not finite".to_owned(),
                1 => digits(low, figures),
                _ => format!("{}–{}", digits(low, figures), digits(high, figures)),
            };
            spans.extend([Span::styled(" raw ", theme.faint), Span::raw(raw)]);
        }
        let late = at.is_some_and(|at| at != point.step) && *look != Look::Band;
        if detail.measured && (*look == Look::Points || late) {
            spans.push(Span::styled(format!(" @ {}", count(point.step)), theme.faint));
        }
        spans
    }
}

/// What marks a band: where there are colours a block of its own, else a letter.
fn band(index: usize, theme: &Theme) -> char {
    if theme.heat.is_some() && !theme.is_ascii() { '█' } else { char::from(b'a' + (index % 26) as u8) }
}

fn chart(track: &Track<'_>, drawn: &[Drawn<'_>], log: bool, plot: Rect, theme: &Theme) -> Chart {
    let (mut layers, mut signs, mut heights, mut rules) = (Vec::new(), Vec::new(), Vec::new(), track.rules(theme));
    // What the bands so far come to, point by point.
    let mut stack = Vec::new();
    let layer = |shape, style, sign| Layer { shape, style, sign };
    for (index, one) in drawn.iter().enumerate() {
        let Drawn { quantity: Quantity { series, look, run, .. }, values, mark, style, .. } = one;
        let track = &track.on(run);
        let points = || track.points(series, values);
        if *look == Look::Band {
            let mut bars = Vec::new();
            stack.resize(stack.len().max(values.len()), 0.0);
            for (floor, value) in stack.iter_mut().zip(values) {
                bars.push((*floor, *floor + value));
                *floor += value;
            }
            let bars: Vec<_> = track.points(series, &bars).map(|(x, _, (low, high))| (x, *low, *high)).collect();
            heights.extend(bars.iter().map(|(.., high)| *high).chain([0.0]));
            layers.push(layer(Shape::Band(bars), *style, *mark));
            continue;
        }
        let lost = points().filter(|(_, point, _)| point.not_finite > 0);
        rules.extend(lost.map(|(x, ..)| Rule { x, sign: '×', label: String::new(), style: theme.bad, line: None }));
        if *look == Look::Noisy {
            let envelope: Vec<_> = points().map(|(x, point, _)| (x, one.ends(point).0, one.ends(point).1)).collect();
            heights.extend(envelope.iter().flat_map(|(_, low, high)| [*low, *high]));
            layers.push(layer(Shape::Envelope(envelope), theme.faint, ':'));
        }
        let curve: Vec<_> = points().map(|(x, _, value)| (x, *value)).collect();
        heights.extend(curve.iter().map(|(_, y)| *y));
        if *look != Look::Points {
            layers.push(layer(Shape::Curve(curve), *style, *mark));
        }
        if *mark != SIGNS[0] && *look != Look::Bound {
            let wanted = if *look == Look::Points { usize::from(plot.width / 4) } else { 6 };
            signs.push(layer(Shape::Points(track.some(series, values, wanted, index)), *style, *mark));
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
fn words(scene: &Scene<'_>, track: &Track<'_>, drawn: &[Drawn<'_>], area: Rect) -> Vec<Line<'static>> {
    let (gap, figures) = if area.width < 48 { (1, 3) } else { (2, 4) };
    let entries = |at: Option<u64>, named, measured| {
        let entry = |one: &Drawn<'_>| one.entry(at, Detail { named, measured }, figures, scene.theme);
        drawn.iter().map(entry).collect()
    };
    let lines = |at, named, measured| wrap(entries(at, named, measured), gap, area.width, scene.theme);
    let rows = usize::from(1 + area.height / 9);
    let legend = wrap_within(rows, entries(None, true, false), gap, area.width, scene.theme);
    let loss = &scene.snapshot.loss;
    let crosshair = scene.state.axes.crosshair.and_then(|step| loss.nearest(step));
    let Some(point) = crosshair.and_then(|index| loss.points().get(index)) else { return legend };
    let step = point.step;
    // As much as fits on as many lines as the legend has.
    let room = if area.height < 12 { 1 } else { legend.len() };
    let choices = [(true, true), (false, true), (true, false), (false, false)];
    let mut choices = choices.iter().map(|(named, measured)| lines(Some(step), *named, *measured));
    let mut values = choices.find(|lines| lines.len() <= room).unwrap_or_else(|| lines(Some(step), false, false));
    values.resize(room, Line::default());
    values.insert(0, fit(head(scene, track, point), gap, area.width, scene.theme));
    values
}

/// Where the crosshair stands, and what was changed there.
fn head(scene: &Scene<'_>, track: &Track<'_>, point: &Point) -> Vec<Vec<Span<'static>>> {
    let theme = scene.theme;
    let (first, step) = point.span();
    let place =
        if first < step { format!("@ {}–{}", count(first), count(step)) } else { format!("@ {}", count(step)) };
    let mut parts = vec![vec![Span::styled(place, theme.strong)]];
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
