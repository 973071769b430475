//! The loss on a plane through parameter space, on a grid: E(u, v) = Ē(θ + (u − u₀) U + (v − v₀) V).
//!
//! With U the weights of a layer and V another direction within it, W_λ = u U + v V: where all activations are
//! piecewise linear, and the loss is convex in the outputs, there is no smooth maximum or saddle on such a plane
//! (Botev, Ritter & Barber 2017, section 3.1), for between its kinks the loss is convex.

mod axis;
mod grid;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::{Error, Finding, Probe, Reading, Scope, Stop, Task, named};
use crate::linalg::number;

/// Which plane, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plane {
    /// U and V.
    pub axes: [Axis; 2],
    /// Points along each of them, at least 3.
    pub points: usize,
    /// u and v go from −`extent` to `extent`.
    pub extent: f64,
}

impl Default for Plane {
    fn default() -> Self {
        let axis = |along| Axis { along, layer: None };
        Self { axes: [axis(Along::Gradient), axis(Along::Random)], points: 25, extent: 1.0 }
    }
}

impl Plane {
    /// The values of u, and those of v.
    pub fn coordinates(&self) -> Vec<f64> {
        let last = (self.points - 1) as f64;
        // Symmetric to the last bit, so that 0 is one of an odd number of points.
        (0..self.points).map(|index| self.extent * (2.0 * index as f64 - last) / last).collect()
    }

    /// (u₀, v₀), where θ lies.
    pub fn here(&self) -> [f64; 2] {
        self.axes.map(|axis| f64::from(axis.along == Along::Weights))
    }

    /// The one layer within which the plane lies.
    pub fn layer(&self) -> Option<usize> {
        let [one, other] = self.axes.map(|axis| axis.layer);
        one.filter(|_| one == other)
    }
}

/// A direction in parameter space, as long as the weights that it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// Where it points.
    pub along: Along,
    /// The one layer that it moves, or all.
    pub layer: Option<usize>,
}

/// Where a direction points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Along {
    /// The gradient, L2 term included: uphill.
    Gradient,
    /// The direction of the optimizer's method on the probe batch, with the dampings of the moment and without
    /// momentum, averages or rounding of its own: KFAC with targets that the model draws, EKFAC with the exact
    /// diagonal, Hessian-free solved to the end.
    Update,
    /// The eigenvector of the largest eigenvalue of the Hessian, or of the block of the layer.
    TopEigenvector,
    /// That of the second largest.
    SecondEigenvector,
    /// Any direction, all equally likely.
    Random,
    /// The weights themselves: θ lies at 1, and 0 is where they are zero.
    Weights,
}

impl Along {
    /// Every one.
    pub const ALL: &[Self] =
        &[Self::Gradient, Self::Update, Self::TopEigenvector, Self::SecondEigenvector, Self::Random, Self::Weights];

    /// Its name in experiment files: `top_eigenvector`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::Update => "update",
            Self::TopEigenvector => "top_eigenvector",
            Self::SecondEigenvector => "second_eigenvector",
            Self::Random => "random",
            Self::Weights => "weights",
        }
    }
}

/// The mean loss (without the L2 term) of a probe batch on a plane through parameter space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surface {
    /// The step whose parameters were measured.
    pub step: u64,
    /// Which plane.
    pub plane: Plane,
    /// ‖U‖ and ‖V‖.
    pub lengths: [f64; 2],
    /// Cosine of the angle between U and V.
    pub cosine: f64,
    /// The loss at θ.
    #[serde(with = "number")]
    pub loss: f64,
    /// The loss at every point, row by row: u runs first, both from low to high.
    #[serde(with = "number::list")]
    pub losses: Vec<f64>,
    /// The smooth piece in which every point lies, in the same order: within one, all slopes f′ of piecewise linear
    /// activations are the same for every datum. Where there are no such activations there is one.
    pub pieces: Vec<u32>,
    /// Data of the probe batch.
    pub data: usize,
    /// CPU seconds it took.
    pub cost: f64,
}

/// How a surface bends along straight lines: second differences E(p − s) − 2 E(p) + E(p + s) between neighbours
/// that lie in one smooth piece, along u, along v and along both diagonals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bends {
    /// How many there are.
    pub all: usize,
    /// How many are negative, beyond rounding: there the surface is not convex.
    pub negative: usize,
    /// The least, relative to E(p − s) + 2 E(p) + E(p + s).
    pub least: f64,
}

/// What rounding can make of a second difference that is zero, relative.
const ROUNDING: f64 = 1e-12;

impl Surface {
    /// The loss at point `i` of u and `j` of v.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.losses[j * self.plane.points + i]
    }

    /// The least and the largest loss among the finite ones.
    pub fn range(&self) -> (f64, f64) {
        let finite = self.losses.iter().copied().filter(|loss| loss.is_finite());
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), loss| (low.min(loss), high.max(loss)))
    }

    /// Whether its losses are positive and span a decade, so that their logarithms show more than they do.
    pub fn spans_a_decade(&self) -> bool {
        let (least, largest) = self.range();
        least > 0.0 && largest >= 10.0 * least
    }

    /// How it bends.
    pub fn bends(&self) -> Bends {
        let n = self.plane.points;
        let mut bends = Bends { all: 0, negative: 0, least: f64::INFINITY };
        // From one point of a line to the next, and whether u and v change.
        let lines = [(1, true, false), (n, false, true), (n + 1, true, true), (n - 1, true, true)];
        let inner = |index: usize| (1..n - 1).contains(&index);
        for p in 0..n * n {
            for (step, _, _) in lines.iter().filter(|(_, u, v)| (!u || inner(p % n)) && (!v || inner(p / n))) {
                let line = [p - step, p, p + step];
                let [before, here, after] = line.map(|point| self.losses[point]);
                let scale = before.abs() + 2.0 * here.abs() + after.abs();
                let is_smooth = line.iter().all(|&point| self.pieces[point] == self.pieces[p]);
                if is_smooth && scale.is_finite() {
                    let bend = if scale > 0.0 { (before - 2.0 * here + after) / scale } else { 0.0 };
                    bends.all += 1;
                    bends.negative += usize::from(bend < -ROUNDING);
                    bends.least = bends.least.min(bend);
                }
            }
        }
        bends
    }
}

/// Measures the surface of `task.plane`; tells its progress by rows.
///
/// # Errors
/// Where something is not finite or the axes do not span a plane, and once the task is cancelled.
pub fn surface(task: &Task) -> Result<Surface, Stop> {
    let (plane, mut clock) = (*task.plane, Clock::start());
    let [u, v] = plane.axes;
    let axes = [axis::direction(task, u, 0)?, axis::direction(task, v, 1)?];
    let lengths = [0, 1].map(|index| axes[index].dot(&axes[index]).sqrt());
    let cosine = axes[0].dot(&axes[1]) / (lengths[0] * lengths[1]);
    // Zero vectors have no cosine, and parallel ones span a line.
    if cosine.is_nan() || cosine.abs() >= 1.0 - 1e-9 {
        return Err(Error::NoPlane.into());
    }
    let cost = clock.lap();
    let (points, seconds) = grid::evaluate(task, &axes)?;
    let mut numbers = HashMap::new();
    let piece = |point: &grid::Point| {
        let next = numbers.len() as u32;
        *numbers.entry(point.slopes).or_insert(next)
    };
    Ok(Surface {
        step: task.step,
        plane,
        lengths,
        cosine,
        loss: grid::here(task)?,
        pieces: points.iter().map(piece).collect(),
        losses: points.iter().map(|point| point.loss).collect(),
        data: task.pass.data(),
        cost: cost + seconds,
    })
}

impl Finding for Surface {
    const TITLE: &'static str = "loss surface";
    const SYMBOL: &'static str = "surface";
    const PROBE: Probe = Probe { every: 0, data: 64 };
    const BY_LAYER: bool = false;

    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        if task.wants_whole() {
            report(surface(task)?);
        }
        Ok(())
    }

    fn reading(&self) -> Reading {
        let (least, largest) = self.range();
        Reading { step: self.step, scope: Scope::Whole, cost: self.cost, quantities: [self.loss, least, largest] }
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        let ((least, largest), [u, v]) = (self.range(), self.lengths);
        named([
            ("loss", self.loss),
            ("least", least),
            ("largest", largest),
            ("length_u", u),
            ("length_v", v),
            ("cosine", self.cosine),
        ])
    }

    fn lists(&self) -> Vec<(&'static str, Vec<f64>)> {
        vec![("coordinates", self.plane.coordinates()), ("losses", self.losses.clone())]
    }
}
