//! A loss along runs, and what of several runs is drawn as one curve with a band.

use super::problem::{Method, Problem, Variant};
use super::record::Record;
use crate::export::Abscissa;
use crate::export::figure::{Axis, Curve, Figure, Look, Point};
use crate::session::history::Series;

/// Over which data a loss is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The training set.
    Training,
    /// The validation set.
    Validation,
}

impl Over {
    fn series(self, record: &Record) -> &Series {
        match self {
            Self::Training => &record.snapshot.train_loss,
            Self::Validation => &record.snapshot.validation_loss,
        }
    }

    /// What the axis says.
    fn label(self) -> &'static str {
        match self {
            Self::Training => "training loss (mean per datum)",
            Self::Validation => "validation loss (mean per datum)",
        }
    }
}

/// A quantity along a run: x and value, by x.
pub type Path = Vec<(f64, f64)>;

/// The loss of a run at each of its evaluations.
pub fn path(record: &Record, x: Abscissa, over: Over) -> Path {
    let place = |point: &crate::session::history::Point| match x {
        Abscissa::Second => point.seconds,
        _ => point.step as f64,
    };
    over.series(record).points().iter().map(|point| (place(point), point.mean())).collect()
}

/// The value at x, on a straight line between its neighbours; `None` beyond the ends.
pub fn at(path: &[(f64, f64)], x: f64) -> Option<f64> {
    let right = path.partition_point(|(place, _)| *place < x);
    let (x_right, y_right) = *path.get(right)?;
    if x_right <= x {
        return Some(y_right);
    }
    let (x_left, y_left) = *path.get(right.checked_sub(1)?)?;
    Some(y_left + (x - x_left) / (x_right - x_left) * (y_right - y_left))
}

/// Where a path ends.
pub fn end(path: &[(f64, f64)]) -> Option<(f64, f64)> {
    path.last().copied()
}

/// The mean of several paths, at the places of the first one, as far as all of them reach.
pub fn mean(paths: &[Path]) -> Path {
    let Some(first) = paths.first() else { return Vec::new() };
    let value = |x: f64| {
        let values: Option<Vec<f64>> = paths.iter().map(|path| at(path, x)).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
    };
    first.iter().filter_map(|&(x, _)| Some((x, value(x)?))).collect()
}

/// Settings of a method as a path: the mean over the seeds.
pub fn variant(variant: &Variant, x: Abscissa, over: Over) -> Path {
    mean(&variant.records.iter().map(|record| path(record, x, over)).collect::<Vec<_>>())
}

/// The best settings of a method as a path.
pub fn best(method: &Method, x: Abscissa, over: Over) -> Path {
    method.best().map(|best| variant(best, x, over)).unwrap_or_default()
}

/// A method: its best settings, within the band of all settings and seeds that came to something.
fn curve(method: &Method, x: Abscissa, over: Over) -> Curve {
    let sound = method.variants.iter().filter(|variant| variant.is_sound());
    let all: Vec<Path> = sound.flat_map(|variant| &variant.records).map(|record| path(record, x, over)).collect();
    let point = |(place, y): (f64, f64)| {
        let values = || all.iter().filter_map(|path| at(path, place)).chain([y]);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        Point { x: place, y, low, high }
    };
    let points = best(method, x, over).into_iter().map(point).collect();
    let quantity = match over {
        Over::Training => "training set",
        Over::Validation => "validation set",
    };
    Curve { run: method.label(), quantity: quantity.to_owned(), look: Look::Line, points }
}

/// Training and validation loss of a problem, all methods in one picture each.
pub fn figures(problem: &Problem, x: Abscissa) -> Vec<Figure> {
    let figure = |over: Over| Figure {
        title: problem.name().to_owned(),
        x: Axis { label: x.label().to_owned(), log: true },
        y: Axis { label: over.label().to_owned(), log: true },
        curves: problem
            .methods
            .iter()
            .map(|method| curve(method, x, over))
            .filter(|curve| !curve.points.is_empty())
            .collect(),
        ..Figure::default()
    };
    [figure(Over::Training), figure(Over::Validation)].into_iter().filter(|figure| !figure.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_evaluations_a_loss_lies_on_a_straight_line() {
        let path = vec![(0.0, 4.0), (10.0, 2.0), (20.0, 1.0)];
        assert_eq!(at(&path, 0.0), Some(4.0));
        assert_eq!(at(&path, 5.0), Some(3.0));
        assert_eq!(at(&path, 20.0), Some(1.0));
        assert_eq!((at(&path, 20.1), at(&path, -0.1), at(&[], 1.0)), (None, None, None));
    }

    #[test]
    fn a_mean_ends_where_the_shortest_does() {
        let paths = [vec![(0.0, 4.0), (10.0, 2.0), (20.0, 0.0)], vec![(0.0, 2.0), (10.0, 1.0)]];
        assert_eq!(mean(&paths), [(0.0, 3.0), (10.0, 1.5)]);
    }
}
