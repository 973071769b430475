//! The exact Gauss-Newton direction, by conjugate gradients.

use std::ops::RangeInclusive;

use ndarray::{Array1, ArrayView1, Zip};

use super::reduced::Reduced;
use super::{Stop, Task};

/// The relative residual at which the iteration ends.
const RESIDUAL: f64 = 1e-10;

/// The most iterations.
const ITERATIONS: usize = 2000;

/// A direction, and how well it solves its equation.
pub(super) struct Solution {
    /// δ.
    pub direction: Array1<f64>,
    /// ‖(Ḡ + κ I) δ + g‖ / ‖g‖.
    pub residual: f64,
    /// Products it took.
    pub products: usize,
}

/// δ = −(Ḡ + κ I)⁻¹ g for the part of Ḡ that belongs to `layers`, by conjugate gradients to a relative
/// residual of 10⁻¹⁰, or as near as 2,000 products come.
///
/// # Errors
/// Once it is cancelled, and where a product is not finite.
pub(super) fn solve(
    task: &Task,
    product: &mut Reduced,
    layers: &RangeInclusive<usize>,
    gradient: ArrayView1<f64>,
    damping: f64,
) -> Result<Solution, Stop> {
    let mut direction = Array1::zeros(gradient.len());
    let mut residual = -&gradient;
    let mut search = residual.clone();
    let mut image = Array1::zeros(gradient.len());
    let mut squared: f64 = residual.dot(&residual);
    let (scale, mut products) = (squared.sqrt(), 0);
    while products < ITERATIONS && squared.sqrt() > RESIDUAL * scale {
        product.apply(layers, search.view(), image.view_mut(), task.cancelled)?;
        products += 1;
        image.scaled_add(damping, &search);
        let curvature = search.dot(&image);
        if curvature <= 0.0 {
            break;
        }
        let step = squared / curvature;
        direction.scaled_add(step, &search);
        residual.scaled_add(-step, &image);
        let next = residual.dot(&residual);
        let share = next / squared;
        squared = next;
        Zip::from(&mut search).and(&residual).for_each(|p, &r| *p = r + share * *p);
    }
    // What the recurrence says drifts from what holds.
    product.apply(layers, direction.view(), image.view_mut(), task.cancelled)?;
    image.scaled_add(damping, &direction);
    image += &gradient;
    let residual = if scale > 0.0 { image.dot(&image).sqrt() / scale } else { 0.0 };
    Ok(Solution { direction, residual, products: products + 1 })
}
