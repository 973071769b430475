//! The plane of the loss surface: what of `[diagnostics.surface]` no other diagnostic has.

use super::problem::Flaw;
use super::section::{Section, Sink};
use crate::diagnostics::surface::{Along, Axis, Plane};
use crate::optim::Range;

/// The most points along an axis.
const MOST_POINTS: u64 = 1001;

/// Checks the plane of a network of so many layers.
pub(super) fn check(section: &mut Section, depth: usize, sink: &Sink) -> Plane {
    let default = Plane::default();
    let [u, v] = [("u", "u_layer"), ("v", "v_layer")].map(|(along, layer)| {
        let along = section.name(along, Along::ALL, Along::name);
        let layer = section.whole(layer, Range::Period, depth as u64);
        (along, layer.map_or(0, |found| found.value as usize))
    });
    let axis = |(along, layer): (Option<super::section::Found<Along>>, usize), default: Axis| Axis {
        along: along.map_or(default.along, |found| found.value),
        layer: (layer > 0).then_some(layer),
    };
    let axes = [axis(u, default.axes[0]), axis(v, default.axes[1])];
    if axes[0] == axes[1] && axes[0].along != Along::Random {
        let origin = v.0.or(u.0).map_or(section.origin, |found| found.origin);
        let (key, found) = (section.key("v"), format!("{:?} for both", axes[0].along.name()));
        let expected = "another direction than u, or one of another layer".to_owned();
        sink.report(origin, Flaw::Value { key, expected, found });
    }
    let points = section.whole("points", Range::Count, u64::MAX);
    if let Some(points) = points.filter(|points| !(3..=MOST_POINTS).contains(&points.value)) {
        let (key, found) = (section.key("points"), points.value.to_string());
        let expected = format!("a whole number from 3 up to {MOST_POINTS}");
        sink.report(points.origin, Flaw::Value { key, expected, found });
    }
    Plane {
        axes,
        points: points.map_or(default.points, |found| found.value.clamp(3, MOST_POINTS) as usize),
        extent: section.number("extent", Range::Positive).map_or(default.extent, |found| found.value),
    }
}
