//! The exact Gauss-Newton direction, by conjugate gradients.

use std::ops::RangeInclusive;

use ndarray::{Array1, Array2, Zip, s};

use super::reduced::{Reduced, basis};
use super::{Stop, Task};
use crate::network::Parameters;

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

/// Solves equations with the damped Ḡ of a task, or with a block of it.
///
/// All but the L2 term of the gradient lies in the span of the inputs of each layer, as the images of Ḡ do: V = X Qᵀ
/// there, with an orthonormal basis Q. Conjugate gradients only go on in X, and of η θ what is orthogonal to the span
/// is divided by κ.
pub(super) struct Solver<'a> {
    task: Task<'a>,
    product: Reduced<'a>,
    /// Q of each layer, at index λ − 1, where it makes the coordinates fewer.
    bases: Vec<Option<Array2<f64>>>,
}

impl<'a> Solver<'a> {
    /// For the damping κ = γ + η of a task.
    ///
    /// # Errors
    /// Once it is cancelled.
    pub fn new(task: &Task<'a>) -> Result<Self, Stop> {
        let of = |layer| task.go_on().map(|()| basis(task.pass, layer));
        let bases = (1..=task.pass.architecture().depth()).map(of).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { task: *task, product: Reduced::in_bases(task.pass, task.parameters, &bases), bases })
    }

    /// δ = −(Ḡ + κ I)⁻¹ g for the part of Ḡ that belongs to `layers`, by conjugate gradients to a relative
    /// residual of 10⁻¹⁰, or as near as 2,000 products come. Tells `progress` the percentage of the digits of the
    /// residual, or of the products where that is more. `gradient`: g of all layers, its L2 term included.
    ///
    /// # Errors
    /// Once it is cancelled, and where a product is not finite.
    pub fn solve(
        &mut self,
        layers: &RangeInclusive<usize>,
        gradient: &Parameters<f64>,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Solution, Stop> {
        let cancelled = self.task.cancelled;
        let damping = self.task.preconditioning.damping + self.task.preconditioning.l2;
        let scale =
            layers.clone().map(|layer| gradient.layer(layer).iter().map(|x| x * x).sum::<f64>()).sum::<f64>().sqrt();
        let gradient = self.coordinates(layers, gradient);
        let mut x = Array1::zeros(gradient.len());
        let mut residual = -&gradient;
        let mut search = residual.clone();
        let mut image = Array1::zeros(gradient.len());
        let mut squared: f64 = residual.dot(&residual);
        let (mut products, mut done) = (0, 0.0_f64);
        while products < ITERATIONS && squared.sqrt() > RESIDUAL * scale {
            self.product.apply(layers, search.view(), image.view_mut(), cancelled)?;
            products += 1;
            image.scaled_add(damping, &search);
            let curvature = search.dot(&image);
            if curvature <= 0.0 {
                break;
            }
            let step = squared / curvature;
            x.scaled_add(step, &search);
            residual.scaled_add(-step, &image);
            let next = residual.dot(&residual);
            let share = next / squared;
            squared = next;
            // The residual does not fall from product to product, its lowest so far does.
            done = done.max((squared.sqrt() / scale).ln() / RESIDUAL.ln()).max(products as f64 / ITERATIONS as f64);
            progress((100.0 * done) as usize, 100);
            Zip::from(&mut search).and(&residual).for_each(|p, &r| *p = r + share * *p);
        }
        // What the recurrence says drifts from what holds.
        self.product.apply(layers, x.view(), image.view_mut(), cancelled)?;
        image.scaled_add(damping, &x);
        image += &gradient;
        let residual = if scale > 0.0 { image.dot(&image).sqrt() / scale } else { 0.0 };
        Ok(Solution { direction: self.direction(layers, &x), residual, products: products + 1 })
    }

    /// The coordinates of vectors of the parameters of `layers`: X = V Q.
    fn coordinates(&self, layers: &RangeInclusive<usize>, vectors: &Parameters<f64>) -> Array1<f64> {
        let mut coordinates = Vec::with_capacity(self.product.size(layers.clone()));
        for layer in layers.clone() {
            match &self.bases[layer - 1] {
                Some(basis) => coordinates.extend(vectors.layer(layer).dot(basis)),
                None => coordinates.extend(vectors.layer(layer)),
            }
        }
        coordinates.into()
    }

    /// δ = X Qᵀ − η/κ θ (I − Q Qᵀ).
    fn direction(&self, layers: &RangeInclusive<usize>, x: &Array1<f64>) -> Array1<f64> {
        let (damping, l2) = (self.task.preconditioning.damping, self.task.preconditioning.l2);
        let share = if l2 > 0.0 { l2 / (damping + l2) } else { 0.0 };
        let (mut direction, mut offset) = (Vec::new(), 0);
        for layer in layers.clone() {
            let weights = self.task.parameters.layer(layer);
            let size = self.product.size(layer..=layer);
            let x = x.slice(s![offset..offset + size]);
            offset += size;
            match &self.bases[layer - 1] {
                Some(basis) => {
                    let mut inside = weights.dot(basis) * share;
                    inside.iter_mut().zip(x).for_each(|(inside, x)| *inside += x);
                    direction.extend(inside.dot(&basis.t()) - &weights * share);
                }
                None => direction.extend(x),
            }
        }
        direction.into()
    }
}
