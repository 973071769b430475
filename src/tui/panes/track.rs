//! Quantities along a run as charts draw them: the x axis all charts share.

use crate::session::Snapshot;
use crate::session::history::{Point, Series};
use crate::session::snapshot::Mark;
use crate::tui::panes::Scene;
use crate::tui::state::{Axes, Unit, Window};
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::{Axis, Rule};

/// The x axis of the charts of a scene.
#[derive(Clone)]
pub struct Track<'a> {
    snapshot: &'a Snapshot,
    axes: &'a Axes,
    from: f64,
    to: f64,
    /// What the axis shows, in its own unit.
    sight: (f64, f64),
}

impl<'a> Track<'a> {
    /// The x axis that the state asks for, long enough for the run of the scene and for others.
    pub fn over(scene: &Scene<'a>, others: impl Iterator<Item = &'a Snapshot>) -> Self {
        let (snapshot, axes) = (scene.snapshot, &scene.state.axes);
        let runs: Vec<_> = std::iter::once(snapshot).chain(others).collect();
        let ends = runs.iter().map(|run| run.updates());
        let (first, last) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or_default();
        // A logarithmic axis has no 0.
        let first = if axes.log_x { first.max(1) } else { first };
        // Others may have gone further than the run whose latest updates are followed.
        let last = if matches!(axes.window, Window::Latest(_)) { snapshot.updates().1 } else { last };
        let (from, to) = axes.window.range(first as f64, last as f64);
        let mut track = Self { snapshot, axes, from, to, sight: (0.0, 0.0) };
        let sights = runs.into_iter().map(|run| (track.on(run).x(from), track.on(run).x(to)));
        track.sight = sights.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or_default();
        track
    }

    /// The same axis, for the quantities of another run.
    pub fn on(&self, snapshot: &'a Snapshot) -> Self {
        Self { snapshot, ..self.clone() }
    }

    /// The axis.
    pub fn axis(&self) -> Axis {
        let axis = Axis::between(self.sight.0, self.sight.1, self.axes.log_x);
        match self.axes.unit {
            Unit::Update | Unit::Sample => axis.counting(),
            Unit::Epoch | Unit::Second => axis,
        }
    }

    /// What is written at it: what it counts, and whether it stands still while the run goes on.
    pub fn unit(&self) -> String {
        let held = matches!(self.axes.window, Window::Between(..));
        self.axes.unit.name().to_owned() + if held { " · held" } else { "" }
    }

    /// Where a step lies on it.
    pub fn x(&self, step: f64) -> f64 {
        let epochs = || between(&self.snapshot.epoch, step, |point| point.max);
        match self.axes.unit {
            Unit::Update => step,
            Unit::Epoch => epochs(),
            Unit::Sample => epochs() * self.snapshot.run.as_ref().map_or(0.0, |run| run.train_data as f64),
            Unit::Second => between(&self.snapshot.loss, step, |point| point.seconds),
        }
    }

    /// The points of a series that are in sight, and one to either side, with their places on the axis;
    /// beside each of them the one of `values`, which has one for each point of the series.
    pub fn points<'s, V>(&self, series: &'s Series, values: &'s [V]) -> impl Iterator<Item = (f64, &'s Point, &'s V)> {
        let points = series.points();
        let start = points.partition_point(|point| (point.step as f64) < self.from).saturating_sub(1);
        let end = points.partition_point(|point| point.step as f64 <= self.to) + 1;
        let sight = points.iter().zip(values).take(end).skip(start);
        sight.map(|(point, value)| (self.x(point.step as f64), point, value))
    }

    /// Of the points in sight about so many, told by their places in the series, so that a point stays while
    /// the run goes on. Series of another `index` take others.
    pub fn some(&self, series: &Series, values: &[f64], wanted: usize, index: usize) -> Vec<(f64, f64)> {
        let points = series.points();
        let ends = points.first().zip(points.last()).map_or(0, |(first, last)| last.step.saturating_sub(first.step));
        let apart = ends as f64 / points.len().saturating_sub(1).max(1) as f64;
        let in_sight = (self.to - self.from).min(ends as f64) / apart.max(1.0);
        let stride = (in_sight / wanted.max(1) as f64).ceil().clamp(1.0, 1e6) as u64;
        let stride = stride.next_power_of_two();
        let chosen = |point: &Point| {
            let place = points.partition_point(|earlier| earlier.step < point.step) as u64;
            (place + stride * (index as u64 % 8) / 8).is_multiple_of(stride)
        };
        self.points(series, values).filter(|(_, point, _)| chosen(point)).map(|(x, _, value)| (x, *value)).collect()
    }

    /// The rules of every chart: where settings were changed, and the crosshair.
    pub fn rules(&self, theme: &Theme) -> Vec<Rule> {
        let marks = self.snapshot.marks.iter();
        let mark = |mark: &Mark| Rule {
            x: self.x(mark.step as f64),
            sign: '▼',
            label: theme.spell(mark.text.as_str()).into_owned(),
            style: theme.warning,
            line: Some('┆'),
        };
        let crosshair =
            |step| Rule { x: self.x(step), sign: '┃', label: String::new(), style: theme.strong, line: Some('│') };
        marks.map(mark).chain(self.axes.crosshair.map(crosshair)).collect()
    }

    /// What was changed nearest to a step, if that is next to it on the screen.
    pub fn mark(&self, step: f64) -> Option<&'a Mark> {
        let apart = |mark: &&Mark| (mark.step as f64 - step).abs();
        let near = self.snapshot.marks.iter().filter(|mark| apart(mark) <= (self.to - self.from) / 40.0);
        near.min_by(|a, b| apart(a).total_cmp(&apart(b)))
    }
}

/// Exponential smoothing with weight `past` for one update, debiased: the first value counts as much
/// as it should. One value a point; NaN at points without a finite value.
pub fn smoothed(series: &Series, past: f64) -> Vec<f64> {
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

/// A quantity at a step, straight between the points of a series.
fn between(series: &Series, step: f64, value: impl Fn(&Point) -> f64) -> f64 {
    let points = series.points();
    let index = points.partition_point(|point| (point.step as f64) < step);
    let (Some(last), Some(first)) = (points.last(), points.first()) else { return step };
    let (left, right) = match (index.checked_sub(1).and_then(|left| points.get(left)), points.get(index)) {
        (Some(left), Some(right)) => ((left.step as f64, value(left)), (right.step as f64, value(right))),
        (None, _) if first.step > 0 => ((0.0, 0.0), (first.step as f64, value(first))),
        (None, _) => return value(first),
        (Some(_), None) => return value(last),
    };
    left.1 + (step - left.0) / (right.0 - left.0) * (right.1 - left.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::sample;
    use crate::tui::state::State;
    use crate::tui::theme::Palette;

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

    #[test]
    fn chosen_points_stay_chosen_while_the_run_goes_on() {
        let theme = Theme::new(Palette::Dark, true, crate::tui::theme::Signs::Braille);
        let state = State::default();
        let chosen = |updates| {
            let snapshot = sample::snapshot(updates);
            let scene = Scene { state: &state, snapshot: &snapshot, entries: &[], theme: &theme, graphics: None };
            let track = Track::over(&scene, std::iter::empty());
            let values: Vec<_> = snapshot.loss.points().iter().map(Point::mean).collect();
            track.some(&snapshot.loss, &values, 6, 3)
        };
        let (earlier, later) = (chosen(780), chosen(990));
        assert!(earlier.len() >= 3 && later.starts_with(&earlier), "{earlier:?} {later:?}");
    }
}
