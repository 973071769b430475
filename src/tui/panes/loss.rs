//! Loss along the run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::track::{Track, nearest};
use super::{Pane, Scene, curves};
use crate::session::Snapshot;
use crate::session::history::{Point, Series};
use crate::session::snapshot::Mark;
use crate::tui::number::{count, digits, figure};
use crate::tui::state::{SMOOTHINGS, State, Unit};
use crate::tui::widgets::chart::{Axis, Chart, Layer, Rule, Shape, legend};
use crate::tui::widgets::{fit, put};

pub fn title(scene: &Scene<'_>) -> String {
    ["Loss", "Damping", "Step size, reduction ratio"][scene.state.view(Pane::Loss)].to_owned()
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let snapshot = scene.snapshot;
    let lost: u64 = snapshot.loss.points().iter().map(|point| u64::from(point.not_finite)).sum();
    let view = scene.state.view(Pane::Loss);
    let scale = if scene.state.linear_y[0] == (view == 2) { "log" } else { "linear" };
    let smoothing = SMOOTHINGS[scene.state.axes.smoothing % SMOOTHINGS.len()];
    let smoothed = if smoothing == 0.0 { "not smoothed".to_owned() } else { format!("smoothed {smoothing}") };
    let lost = match (lost, view) {
        (0, 0) => return vec![format!("{scale} · {smoothed}"), scale.to_owned()],
        (_, 0) => format!("× {} not finite", count(lost)),
        _ => return vec![scale.to_owned()],
    };
    vec![format!("{scale} · {smoothed} · {lost}"), lost]
}

pub fn rows(_: &Snapshot) -> usize {
    0
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let snapshot = scene.snapshot;
    match scene.state.view(Pane::Loss) {
        0 => loss(buffer, area, scene),
        1 => {
            let series =
                [("γ", &snapshot.kronecker_damping), ("τ", &snapshot.step_damping), ("rate", &snapshot.learning_rate)];
            curves::draw(buffer, area, scene, Pane::Loss, &series, "this optimizer has no damping");
        }
        _ => {
            let series = [("α*", &snapshot.step_size), ("ρ", &snapshot.reduction_ratio)];
            // ρ can be negative: linear unless asked otherwise.
            let scene = Scene { state: &flipped(scene.state, Pane::Loss), ..*scene };
            curves::draw(buffer, area, &scene, Pane::Loss, &series, "this optimizer has no quadratic model");
        }
    }
    0
}

/// The state with the other kind of y axis in one pane.
fn flipped(state: &State, pane: Pane) -> State {
    let mut state = state.clone();
    state.linear_y[pane.index()] ^= true;
    state
}

fn loss(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let (snapshot, theme, state) = (scene.snapshot, scene.theme, scene.state);
    if snapshot.loss.is_empty() && snapshot.train_loss.is_empty() {
        put(buffer, area, 0, &Line::styled("no update yet", theme.faint));
        return;
    }
    let track = Track::of(scene);
    let smooth = smoothed(&snapshot.loss, SMOOTHINGS[state.axes.smoothing % SMOOTHINGS.len()]);
    let plot = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    chart(scene, &track, &smooth).draw(buffer, plot, theme);
    if let Some(step) = state.axes.crosshair {
        put(buffer, area, 0, &read_out(scene, &track, &smooth, step));
        return;
    }
    let narrow = area.width < 48;
    let entry = |sign: char, name: &str, value: f64, style| {
        (sign, format!("{name} {}", digits(value, if narrow { 3 } else { 4 })), style)
    };
    let last = |series: &Series| series.last().map(Point::mean);
    let entries = [
        smooth.last().map(|value| entry('━', if narrow { "batch" } else { "minibatch" }, *value, theme.series[0])),
        last(&snapshot.train_loss).map(|value| entry('●', "train", value, theme.series[2])),
        last(&snapshot.validation_loss).map(|value| entry('◆', "val.", value, theme.series[1])),
    ];
    legend(buffer, area, 0, entries.into_iter().flatten().collect());
}

/// The minibatch loss, smoothed before its envelope, and the losses over whole sets.
fn chart(scene: &Scene<'_>, track: &Track<'_>, smooth: &[f64]) -> Chart {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let raw = track.points(&snapshot.loss);
    let all = snapshot.loss.points();
    let start = all.partition_point(|point| raw.first().is_some_and(|first| point.step < first.step));
    let x = |point: &Point| track.x(point.step as f64);
    let bounds = |point: &Point| if point.count == 0 { (f64::NAN, f64::NAN) } else { (point.min, point.max) };
    let envelope: Vec<_> = raw.iter().map(|point| (x(point), bounds(point).0, bounds(point).1)).collect();
    let line: Vec<_> = raw.iter().zip(&smooth[start..]).map(|(point, value)| (x(point), *value)).collect();
    let (train, validation) = (track.curve(&snapshot.train_loss), track.curve(&snapshot.validation_loss));

    let bounds = envelope.iter().flat_map(|(_, low, high)| [*low, *high]);
    let points = train.iter().chain(&validation).map(|(_, y)| *y);
    let y = Axis::over(bounds.chain(points), !scene.state.linear_y[Pane::Loss.index()]).with_headroom(0.04);
    let lost = raw.iter().filter(|point| point.not_finite > 0);
    let mut rules = track.rules(scene, theme);
    rules.extend(lost.map(|point| Rule { x: x(point), sign: '×', style: theme.bad, long: false }));
    let layers = vec![
        Layer { shape: Shape::Envelope(envelope), style: theme.faint },
        Layer { shape: Shape::Curve(line), style: theme.series[0] },
        Layer { shape: Shape::Points(train, '●'), style: theme.series[2] },
        Layer { shape: Shape::Points(validation, '◆'), style: theme.series[1] },
    ];
    Chart { x: track.axis(), y, layers, rules, unit: track.unit() }
}

/// What the crosshair stands at.
fn read_out(scene: &Scene<'_>, track: &Track<'_>, smooth: &[f64], step: f64) -> Line<'static> {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let Some(point) = nearest(&snapshot.loss, step) else { return Line::default() };
    let index = snapshot.loss.points().partition_point(|known| known.step < point.step);
    let mut parts = vec![vec![Span::styled(format!("@ {}", count(point.step)), theme.strong)]];
    let at = match scene.state.axes.unit {
        Unit::Update => None,
        unit => Some(format!("{} {}", digits(track.x(point.step as f64), 3), unit.name())),
    };
    parts.extend(at.map(|text| vec![Span::raw(text)]));
    let value = |style, sign: &str, value: f64| vec![Span::styled(format!("{sign} "), style), Span::raw(figure(value))];
    parts.push(value(theme.series[0], "━", smooth.get(index).copied().unwrap_or(f64::NAN)));
    let raw = if snapshot.loss.width() == 1 {
        figure(point.mean())
    } else {
        format!("{}–{}", figure(point.min), figure(point.max))
    };
    parts.push(vec![Span::styled("raw ", theme.faint), Span::raw(raw)]);
    for (series, sign, style) in
        [(&snapshot.train_loss, "●", theme.series[2]), (&snapshot.validation_loss, "◆", theme.series[1])]
    {
        if let Some(near) = nearest(series, step) {
            let mut part = value(style, sign, near.mean());
            part.push(Span::styled(format!(" @ {}", count(near.step)), theme.faint));
            parts.push(part);
        }
    }
    let apart = |mark: &&Mark| (mark.step as f64 - step).abs();
    let near = snapshot.marks.iter().filter(|mark| apart(mark) <= track.span() / 40.0);
    if let Some(mark) = near.min_by(|a, b| apart(a).total_cmp(&apart(b))) {
        parts.push(vec![Span::styled(format!("▼ {} @ {}", mark.text, count(mark.step)), theme.warning)]);
    }
    fit(parts, 2, u16::MAX)
}

/// Exponential smoothing with weight `past` for one update, debiased: the first value counts as much
/// as it should. One value a point; NaN at points without a finite value.
fn smoothed(series: &Series, past: f64) -> Vec<f64> {
    let (mut sum, mut weight) = (0.0, 0.0);
    let points = series.points().iter();
    points
        .map(|point| {
            if point.count == 0 {
                return f64::NAN;
            }
            let keep = past.powf(f64::from(point.count));
            sum = keep * sum + (1.0 - keep) * point.mean();
            weight = keep * weight + (1.0 - keep);
            sum / weight
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_a_constant_gives_that_constant_from_the_first_value_on() {
        let mut series = Series::default();
        for step in 1..50 {
            series.push(step, 0.0, if step == 20 { f64::NAN } else { 3.0 });
        }
        for (index, value) in smoothed(&series, 0.95).into_iter().enumerate() {
            assert!(if index == 19 { value.is_nan() } else { (value - 3.0).abs() < 1e-12 });
        }
    }
}
