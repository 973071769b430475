//! Quantities along a run as charts draw them: the x axis all charts share.

use crate::session::Snapshot;
use crate::session::history::{Point, Series};
use crate::tui::panes::Scene;
use crate::tui::state::Unit;
use crate::tui::theme::Theme;
use crate::tui::widgets::chart::{Axis, Rule};

/// The x axis of the charts of a scene.
pub struct Track<'a> {
    snapshot: &'a Snapshot,
    unit: Unit,
    from: f64,
    to: f64,
    log: bool,
}

impl<'a> Track<'a> {
    /// The x axis that the state asks for.
    pub fn of(scene: &Scene<'a>) -> Self {
        let axes = &scene.state.axes;
        let snapshot = scene.snapshot;
        let first = snapshot.loss.points().first().map_or(0, |point| point.step);
        let first = if axes.log_x { first.max(1) } else { first.saturating_sub(1) };
        let (from, to) = axes.window.range(first as f64, snapshot.step as f64);
        Self { snapshot, unit: axes.unit, from, to, log: axes.log_x }
    }

    /// The axis.
    pub fn axis(&self) -> Axis {
        Axis::between(self.x(self.from), self.x(self.to), self.log)
    }

    /// The number of updates in sight.
    pub fn span(&self) -> f64 {
        self.to - self.from
    }

    /// What is written at it.
    pub fn unit(&self) -> &'static str {
        self.unit.name()
    }

    /// Where a step lies on it.
    pub fn x(&self, step: f64) -> f64 {
        match self.unit {
            Unit::Update => step,
            Unit::Epoch => between(&self.snapshot.epoch, step, |point| point.max),
            Unit::Second => between(&self.snapshot.loss, step, |point| point.seconds),
        }
    }

    /// The points of a series that are in sight, and one to either side.
    pub fn points<'s>(&self, series: &'s Series) -> &'s [Point] {
        let points = series.points();
        let start = points.partition_point(|point| (point.step as f64) < self.from);
        let end = points.partition_point(|point| point.step as f64 <= self.to);
        &points[start.saturating_sub(1)..(end + 1).min(points.len()).max(start.saturating_sub(1))]
    }

    /// A series as the points of a curve.
    pub fn curve(&self, series: &Series) -> Vec<(f64, f64)> {
        self.points(series).iter().map(|point| (self.x(point.step as f64), point.mean())).collect()
    }

    /// The rules of the charts: where settings were changed, and the crosshair.
    pub fn rules(&self, scene: &Scene<'_>, theme: &Theme) -> Vec<Rule> {
        let marks = scene.snapshot.marks.iter().rev().take(500);
        let mut rules: Vec<_> = marks
            .map(|mark| Rule { x: self.x(mark.step as f64), sign: '▼', style: theme.warning, long: true })
            .collect();
        if let Some(step) = scene.state.axes.crosshair {
            rules.push(Rule { x: self.x(step), sign: '┃', style: theme.strong, long: true });
        }
        rules
    }
}

/// The point of a series nearest to a step.
pub fn nearest(series: &Series, step: f64) -> Option<&Point> {
    let distance = |point: &&Point| (point.step as f64 - step).abs();
    series.points().iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
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
