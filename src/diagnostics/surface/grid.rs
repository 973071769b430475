//! The losses on the grid, row by row on all threads.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use cpu_time::ThreadTime;
use ndarray::{Array1, Axis, Zip, s};
use rayon::prelude::*;

use super::{Stop, Task};
use crate::linalg::each;
use crate::network::{Parameters, Pass};

/// Arithmetic between two questions whether to end, which takes some milliseconds.
const UNINTERRUPTED: f64 = 2e8;

/// A point of the grid.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// The mean loss.
    pub loss: f64,
    /// A hash of all slopes of piecewise linear activations.
    pub slopes: u64,
}

/// The points of one value of v.
#[derive(Clone, Debug, Default)]
struct Row {
    points: Vec<Point>,
    /// CPU seconds.
    seconds: f64,
}

/// Every point of the grid, row by row, and the CPU seconds they took.
///
/// # Errors
/// Once the task is cancelled.
pub fn evaluate(task: &Task, axes: &[Array1<f64>; 2]) -> Result<(Vec<Point>, f64), Stop> {
    let (coordinates, here) = (task.plane.coordinates(), task.plane.here());
    let parts = parts(task);
    let (mut rows, done) = (vec![Row::default(); coordinates.len()], AtomicUsize::new(0));
    each(rows.par_iter_mut().zip(&coordinates), |(row, v)| {
        if (task.cancelled)() {
            return;
        }
        let clock = ThreadTime::now();
        let mut parts = parts.clone();
        let mut start = task.parameters.clone();
        start.flat.scaled_add(v - here[1], &axes[1]);
        let mut parameters = start.clone();
        for u in &coordinates {
            let far = u - here[0];
            Zip::from(&mut parameters.flat).and(&start.flat).and(&axes[0]).for_each(|x, &x_0, &d| *x = x_0 + far * d);
            let Some(point) = point(&mut parts, &parameters, task) else { return };
            row.points.push(point);
        }
        row.seconds = clock.elapsed().as_secs_f64();
        (task.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, coordinates.len());
    });
    if rows.iter().any(|row| row.points.len() < coordinates.len()) {
        return Err(Stop::Cancelled);
    }
    let seconds = rows.iter().map(|row| row.seconds).sum();
    Ok((rows.into_iter().flat_map(|row| row.points).collect(), seconds))
}

/// The loss at θ.
///
/// # Errors
/// Once the task is cancelled.
pub fn here(task: &Task) -> Result<f64, Stop> {
    point(&mut parts(task), task.parameters, task).map(|point| point.loss).ok_or(Stop::Cancelled)
}

/// The probe batch in parts that go through the network without long waits.
fn parts(task: &Task) -> Vec<Pass<f64>> {
    let (pass, architecture) = (task.pass, task.pass.architecture());
    let rows = (UNINTERRUPTED / (2.0 * task.parameters.flat.len() as f64)).ceil() as usize;
    let inputs = pass.input(1).slice_move(s![.., ..architecture.inputs()]);
    let targets = pass.targets();
    let chunks = inputs.axis_chunks_iter(Axis(0), rows).zip(targets.axis_chunks_iter(Axis(0), rows));
    let part = |(inputs, targets): (ndarray::ArrayView2<f64>, ndarray::ArrayView2<f64>)| {
        let mut part = Pass::new(architecture, pass.loss(), inputs.nrows());
        let (mut to_inputs, mut to_targets) = part.batch_mut();
        to_inputs.assign(&inputs);
        to_targets.assign(&targets);
        part
    };
    chunks.map(part).collect()
}

/// The point at some parameters; `None` once the task is cancelled.
fn point(parts: &mut [Pass<f64>], parameters: &Parameters<f64>, task: &Task) -> Option<Point> {
    let (layers, mut sum, mut slopes) = (task.pass.architecture().layers(), 0.0, DefaultHasher::new());
    for part in parts {
        if (task.cancelled)() {
            return None;
        }
        sum += part.forward(parameters) * part.data() as f64;
        for (index, _) in layers.iter().enumerate().filter(|(_, layer)| layer.activation.is_piecewise_linear()) {
            // The outputs have no slopes.
            if index + 1 < layers.len() {
                part.slope(index + 1).iter().for_each(|slope| slopes.write_u64(slope.to_bits()));
            }
        }
    }
    Some(Point { loss: sum / task.pass.data() as f64, slopes: slopes.finish() })
}
