//! How far the Kronecker blocks Q_λ ⊗ G_λ are from the block Ḡ_λ of the Gauss-Newton matrix, in relative
//! Frobenius norm, from inner products alone: no block is formed.
//!
//! ‖Ḡ_λ − Q ⊗ G‖² = ‖Ḡ_λ‖² − 2 ⟨Q ⊗ G, Ḡ_λ⟩ + ‖Q‖² ‖G‖². The difference leaves errors of a relative 10⁻⁷ and
//! less in the rounding.

#[cfg(test)]
mod tests;

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::blocks::{Matrices, block_product, collect, kernel};
use super::clock::Clock;
use super::fisher::relative;
use super::kronecker::{Kronecker, corrected, preactivation_factors};
use super::{Finding, Probe, Reading, Scope, Stop, Task};
use crate::curvature::Factor;

/// The errors of the Kronecker blocks of layer λ on a probe batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approximation {
    /// The step whose parameters were measured.
    pub step: u64,
    /// λ = 1 … L.
    pub layer: usize,
    /// ‖Ḡ_λ‖, the Frobenius norm of the exact block.
    pub norm: f64,
    /// One for each of [`Kronecker::ALL`].
    pub errors: Vec<KroneckerError>,
    /// Data of the probe batch.
    pub data: usize,
    /// CPU seconds it took.
    pub cost: f64,
}

/// The error of one Kronecker block.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KroneckerError {
    /// Whose block it is.
    pub method: Kronecker,
    /// ‖Ḡ_λ − B‖ / ‖Ḡ_λ‖, B the Kronecker block.
    pub block: f64,
    /// `‖G − E[G_λ]‖ / ‖E[G_λ]‖` of its pre-activation factor: the distance from that of KFLR.
    pub factor: f64,
}

impl Finding for Approximation {
    const TITLE: &'static str = "Kronecker blocks";
    const SYMBOL: &'static str = "Kronecker";
    const PROBE: Probe = Probe { every: 0, data: 64 };

    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        let (pass, depth) = (task.pass, task.pass.architecture().depth());
        let mut clock = Clock::start();
        let all = collect(task)?;
        let kfac = preactivation_factors(task, Kronecker::Kfac, &all)?;
        let kfra = preactivation_factors(task, Kronecker::Kfra, &all)?;
        let wanted = (1..=depth).filter(|&layer| task.wants_layer(layer));
        let shared = clock.lap() / wanted.clone().count().max(1) as f64;
        for layer in wanted {
            let Some(matrices) = &all[layer - 1] else { continue };
            task.go_on()?;
            let block = Block::new(task, layer, matrices)?;
            let exact = matrices.mean(pass.data(), task.cancelled)?;
            let errors = [
                (Kronecker::Kfac, block.error(task, &kfac[layer - 1])?, &kfac[layer - 1]),
                (Kronecker::Ekfac, block.corrected_error(task, layer, &kfac[layer - 1])?, &kfac[layer - 1]),
                (Kronecker::Kflr, block.error(task, &exact)?, &exact),
                (Kronecker::Kfra, block.error(task, &kfra[layer - 1])?, &kfra[layer - 1]),
            ];
            task.go_on()?;
            let errors = errors.map(|(method, block, factor)| KroneckerError {
                method,
                block,
                factor: relative(squared_distance(factor, &exact), squared_norm(&exact)),
            });
            report(Self {
                step: task.step,
                layer,
                norm: block.norm.sqrt(),
                errors: errors.to_vec(),
                data: pass.data(),
                cost: shared + clock.lap(),
            });
        }
        Ok(())
    }

    fn reading(&self) -> Reading {
        let of = |method| self.errors.iter().find(|error| error.method == method).map_or(f64::NAN, |error| error.block);
        let quantities = [of(Kronecker::Kfra), of(Kronecker::Kfac), of(Kronecker::Ekfac)];
        Reading { step: self.step, scope: Scope::Layer(self.layer), cost: self.cost, quantities }
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        let each = self.errors.iter().flat_map(|error| {
            let name = error.method.name().to_lowercase();
            [(format!("{name}_block"), error.block), (format!("{name}_factor"), error.factor)]
        });
        std::iter::once(("norm".to_owned(), self.norm)).chain(each).collect()
    }
}

/// One exact block, seen through inner products.
struct Block<'a> {
    matrices: &'a Matrices,
    /// ‖Ḡ_λ‖².
    norm: f64,
    /// ‖Q‖².
    input_norm: f64,
    /// ā_nᵀ Q ā_n of each datum.
    inputs: Array1<f64>,
}

impl<'a> Block<'a> {
    fn new(task: &Task, layer: usize, matrices: &'a Matrices) -> Result<Self, Stop> {
        let data = task.pass.data();
        let kernel = kernel(task.pass, layer);
        // Q = 1/N Σ ā āᵀ, so both follow from the squares of (ā_n · ā_m).
        let squares = kernel.mapv(|x| x * x);
        Ok(Self {
            matrices,
            norm: block_product(&kernel, &matrices.inner_products(data, task.cancelled)?),
            input_norm: squares.sum() / (data as f64).powi(2),
            inputs: squares.sum_axis(ndarray::Axis(1)) / data as f64,
        })
    }

    /// The relative error of Q ⊗ G.
    fn error(&self, task: &Task, factor: &Factor<f64>) -> Result<f64, Stop> {
        let data = self.inputs.len();
        let mixed = self.inputs.dot(&self.matrices.products_with(factor, data, task.cancelled)?) / data as f64;
        Ok(relative(self.norm - 2.0 * mixed + self.input_norm * squared_norm(factor), self.norm))
    }

    /// The relative error of (U_Q ⊗ U_G) S (U_Q ⊗ U_G)ᵀ in the eigenvectors of Q and G, with S the diagonal of
    /// Ḡ_λ there: the best that is possible in this basis, so no worse than Q ⊗ G. ‖Ḡ_λ‖² = ‖S‖² + error².
    fn corrected_error(&self, task: &Task, layer: usize, factor: &Factor<f64>) -> Result<f64, Stop> {
        let scales = corrected(task, layer, self.matrices, factor)?.scales;
        Ok(relative(self.norm - scales.iter().map(|x| x * x).sum::<f64>(), self.norm))
    }
}

/// ‖F‖².
fn squared_norm(factor: &Factor<f64>) -> f64 {
    match factor {
        Factor::Diagonal(diagonal) => diagonal.iter().map(|x| x * x).sum(),
        Factor::Dense(matrix) => matrix.iter().map(|x| x * x).sum(),
    }
}

/// ‖F − F′‖².
fn squared_distance(one: &Factor<f64>, other: &Factor<f64>) -> f64 {
    let squares = |difference: Array2<f64>| difference.iter().map(|x| x * x).sum();
    match (one, other) {
        (Factor::Diagonal(one), Factor::Diagonal(other)) => (one - other).iter().map(|x| x * x).sum(),
        _ => squares(one.to_dense() - other.to_dense()),
    }
}
