//! A quantity along a run, in bounded memory.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::linalg::number;

/// Points kept of a series that has a value at every update; when they are exceeded neighbours are merged.
const CAPACITY: usize = 4096;
/// Points kept of a series of which there are many, with a value now and then.
const FEW: usize = 512;

/// A quantity along a run: at most so many points, each summing up the values of `width` steps. Points
/// begin at multiples of `width`, so a curve does not jump when new points arrive. Clones share their points until
/// one of them takes in another value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    width: u64,
    points: Arc<Vec<Point>>,
}

/// The values of a series within `width` steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Packed", into = "Packed")]
pub struct Point {
    /// The step of the latest value.
    pub step: u64,
    /// Seconds of training at the latest value.
    pub seconds: f64,
    /// Number of finite values.
    pub count: u32,
    /// Number of values that are NaN or infinite.
    pub not_finite: u32,
    /// Sum of the finite values.
    pub sum: f64,
    /// Least finite value (+∞ where there is none).
    pub min: f64,
    /// Largest finite value (−∞ where there is none).
    pub max: f64,
}

/// A point as it is kept in a file: there are many, and names would take most of the room.
#[derive(Serialize, Deserialize)]
struct Packed(
    u64,
    #[serde(with = "number")] f64,
    u32,
    u32,
    #[serde(with = "number")] f64,
    #[serde(with = "number")] f64,
    #[serde(with = "number")] f64,
);

impl From<Packed> for Point {
    fn from(Packed(step, seconds, count, not_finite, sum, min, max): Packed) -> Self {
        Self { step, seconds, count, not_finite, sum, min, max }
    }
}

impl From<Point> for Packed {
    fn from(Point { step, seconds, count, not_finite, sum, min, max }: Point) -> Self {
        Self(step, seconds, count, not_finite, sum, min, max)
    }
}

impl Default for Series {
    fn default() -> Self {
        Self { width: 1, points: Arc::default() }
    }
}

impl Point {
    fn new(step: u64, seconds: f64, value: f64) -> Self {
        if value.is_finite() {
            Self { step, seconds, count: 1, not_finite: 0, sum: value, min: value, max: value }
        } else {
            Self { step, seconds, count: 0, not_finite: 1, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
        }
    }

    /// Mean of the finite values; NaN where there is none.
    pub fn mean(&self) -> f64 {
        self.sum / f64::from(self.count)
    }

    /// The first and the latest of the updates that it sums up, where it has one value for each of them.
    pub fn span(&self) -> (u64, u64) {
        let values = u64::from(self.count) + u64::from(self.not_finite);
        (self.step.saturating_sub(values.saturating_sub(1)), self.step)
    }

    fn merge(&mut self, later: &Self) {
        self.step = later.step;
        self.seconds = later.seconds;
        self.count += later.count;
        self.not_finite += later.not_finite;
        self.sum += later.sum;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
    }
}

impl Series {
    /// Adds the value of `step`, which must not lie before the latest one.
    pub fn push(&mut self, step: u64, seconds: f64, value: f64) {
        self.push_within(CAPACITY, step, seconds, value);
    }

    /// The same, of a series that keeps fewer points.
    pub fn push_few(&mut self, step: u64, seconds: f64, value: f64) {
        self.push_within(FEW, step, seconds, value);
    }

    fn push_within(&mut self, capacity: usize, step: u64, seconds: f64, value: f64) {
        let (point, points) = (Point::new(step, seconds, value), Arc::make_mut(&mut self.points));
        match points.last_mut() {
            Some(last) if last.step / self.width == step / self.width => last.merge(&point),
            _ => points.push(point),
        }
        if points.len() > capacity {
            self.coarsen();
        }
    }

    /// Doubles the width of the points.
    fn coarsen(&mut self) {
        self.width *= 2;
        self.join();
    }

    /// Merges the points of the same `width` steps.
    fn join(&mut self) {
        let width = self.width;
        Arc::make_mut(&mut self.points).dedup_by(|later, earlier| {
            let same = later.step / width == earlier.step / width;
            if same {
                earlier.merge(later);
            }
            same
        });
    }

    /// Several series as one: a point sums up the values of all of them, so that its mean is their mean and its
    /// ends are theirs. It ends where the shortest does, as a mean of fewer would be another quantity.
    pub fn merged<'a>(series: impl IntoIterator<Item = &'a Self> + Clone) -> Self {
        let (mut merged, mut points) = (Self::default(), Vec::new());
        let ends = series.clone().into_iter().map(|one| one.last().map_or(0, |point| point.step));
        let end = ends.min().unwrap_or(0);
        for one in series {
            merged.width = merged.width.max(one.width);
            points.extend_from_slice(&one.points);
        }
        let whole = (end + 1) / merged.width;
        points.retain(|point| point.step / merged.width < whole);
        points.sort_by_key(|point| point.step);
        merged.points = Arc::new(points);
        merged.join();
        merged
    }

    /// The points, in order.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The place of the point nearest to a step.
    pub fn nearest(&self, step: f64) -> Option<usize> {
        let right = self.points.partition_point(|point| (point.step as f64) < step);
        let distance = |index: &usize| (self.points[*index].step as f64 - step).abs();
        let near = [right.checked_sub(1), (right < self.points.len()).then_some(right)];
        near.into_iter().flatten().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    /// Steps summed up in a point.
    pub fn width(&self) -> u64 {
        self.width
    }

    /// Whether there is no value yet.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The latest point.
    pub fn last(&self) -> Option<&Point> {
        self.points.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_series_stays_bounded_and_keeps_its_extremes_and_its_mean() {
        let mut series = Series::default();
        for step in 1..=100_000_u64 {
            let value = if step == 777 { 1e6 } else { step as f64 };
            series.push(step, 0.0, value);
        }
        assert!(series.points().len() <= CAPACITY);
        assert_eq!(series.points().iter().map(|p| p.count).sum::<u32>(), 100_000);
        let max = series.points().iter().map(|p| p.max).fold(0.0, f64::max);
        assert!((max - 1e6).abs() < 1e-9);
        let steps: Vec<_> = series.points().iter().map(|p| p.step / series.width()).collect();
        assert!(steps.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_clone_shares_its_points_until_another_value_comes() {
        let mut series = Series::default();
        (0..10 * FEW as u64).for_each(|step| series.push_few(step, 0.0, 1.0));
        assert!(series.points().len() <= FEW);
        let clone = series.clone();
        assert!(std::ptr::eq(series.points(), clone.points()));
        series.push_few(10 * FEW as u64, 0.0, 2.0);
        assert!(clone.last() != series.last() && !std::ptr::eq(series.points(), clone.points()));
    }

    #[test]
    fn the_nearest_point_is_found_on_either_side() {
        let mut series = Series::default();
        assert_eq!(series.nearest(3.0), None);
        for step in [10, 20, 30] {
            series.push(step, 0.0, 1.0);
        }
        let found = [-5.0, 10.0, 14.0, 16.0, 99.0].map(|step| series.nearest(step));
        assert_eq!(found, [0, 0, 0, 1, 2].map(Some));
    }

    #[test]
    fn merged_series_have_the_mean_and_the_ends_of_all_up_to_the_end_of_the_shortest() {
        let series = |offset: f64, length: u64| {
            let mut series = Series::default();
            (1..=length).for_each(|step| series.push(step, 0.0, step as f64 + offset));
            series
        };
        let (short, long) = (series(-1.0, 10), series(1.0, 6000));
        assert!(long.width() > short.width());
        let merged = Series::merged([&short, &long]);
        let last = merged.last().unwrap();
        // The updates 8 and 9 of both.
        assert_eq!((last.step, last.count), (9, 4));
        assert!((last.min - 7.0).abs() < 1e-12 && (last.max - 10.0).abs() < 1e-12);
        assert!((last.mean() - 8.5).abs() < 1e-12);
    }

    #[test]
    fn values_that_are_not_finite_are_counted_and_do_not_spoil_the_mean() {
        let mut series = Series { width: 4, points: Arc::default() };
        for (step, value) in [(4, 1.0), (5, f64::NAN), (6, 3.0), (7, f64::INFINITY)] {
            series.push(step, 0.0, value);
        }
        let point = series.points()[0];
        assert_eq!((point.count, point.not_finite), (2, 2));
        assert!((point.mean() - 2.0).abs() < 1e-12);
    }
}
