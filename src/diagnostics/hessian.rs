//! Trace and extreme eigenvalues of the blocks of the exact Hessian.

use cpu_time::ThreadTime;
use serde::{Deserialize, Serialize};

use super::reduced::Reduced;
use super::{Finding, Reading, Scope, Stop, Task, roots};
use crate::linalg::{Extremes, LanczosSettings, Stream, lanczos, number};

mod remainder;
#[cfg(test)]
mod tests;

/// When an eigenvalue is accurate enough.
const ACCURACY: LanczosSettings = LanczosSettings { products: 60, tolerance: 1e-3 };

/// Share of the largest |eigenvalue| that rounding can make of a zero.
const ROUNDING: f64 = 1e-10;

/// The block of layer λ of the exact Hessian of the mean loss (without the L2 term), on a probe batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HessianBlock {
    /// The step whose parameters were measured.
    pub step: u64,
    /// λ = 1 … L.
    pub layer: usize,
    /// tr H_λ, exact.
    #[serde(with = "number")]
    pub trace: f64,
    /// tr Ḡ_λ, exact.
    #[serde(with = "number")]
    pub gauss_newton_trace: f64,
    /// λ_max as found: a Ritz value, never above the true one.
    #[serde(with = "number")]
    pub largest: f64,
    /// λ_min as found: a Ritz value, never below the true one.
    #[serde(with = "number")]
    pub smallest: f64,
    /// The larger residual norm ‖H y − θ y‖ of the two Ritz pairs: an eigenvalue lies within this of each
    /// of the two values. That it is the extreme one is likely but not proved.
    #[serde(with = "number")]
    pub residual: f64,
    /// Whether the block is positive semi-definite, and how that is known.
    pub definite: Definite,
    /// Hessian products used.
    pub products: usize,
    /// Data of the probe batch.
    pub data: usize,
    /// CPU seconds it took.
    pub cost: f64,
}

/// Whether a block is positive semi-definite, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definite {
    /// Yes: all activations are piecewise linear and H_L is positive semi-definite.
    ByStructure,
    /// As far as was measured: no negative eigenvalue was found.
    Measured,
    /// No: a negative eigenvalue was measured.
    Indefinite,
}

impl Finding for HessianBlock {
    const TITLE: &'static str = "Hessian blocks";
    const SYMBOL: &'static str = "Hessian";

    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        let (pass, depth) = (task.pass, task.pass.architecture().depth());
        let clock = ThreadTime::now();
        let gauss_newton = roots::block_traces(pass, task.parameters, task.cancelled)?;
        let remainder = remainder::block_traces(pass, task.parameters, task.cancelled)?;
        let mut product = Reduced::hessian(pass, task.parameters);
        // Work for all blocks at once counts for each in equal parts.
        let shared = clock.elapsed().as_secs_f64() / depth as f64;
        for layer in 1..=depth {
            let clock = ThreadTime::now();
            let found = extremes(task, &mut product, layer)?;
            report(Self {
                step: task.step,
                layer,
                trace: gauss_newton[layer - 1] + remainder[layer - 1],
                gauss_newton_trace: gauss_newton[layer - 1],
                largest: found.largest,
                smallest: found.smallest,
                residual: found.largest_residual.max(found.smallest_residual),
                definite: definite(task, &found),
                products: found.products,
                data: pass.data(),
                cost: shared + clock.elapsed().as_secs_f64(),
            });
        }
        Ok(())
    }

    fn reading(&self) -> Reading {
        Reading {
            step: self.step,
            scope: Scope::Layer(self.layer),
            cost: self.cost,
            quantities: [self.smallest, self.trace, self.largest],
        }
    }
}

/// The extreme eigenvalues of block λ. Where the inputs do not span all of its parameters, zero is one
/// of its eigenvalues, exactly.
fn extremes(task: &Task, product: &mut Reduced, layer: usize) -> Result<Extremes, Stop> {
    let mut stream = Stream::new(task.seed, "lanczos", layer as u64);
    let layers = layer..=layer;
    let mut found = lanczos(product.size(layers.clone()), ACCURACY, &mut stream, |x, image| {
        if (task.cancelled)() {
            return Err(Stop::Cancelled);
        }
        product.apply(&layers, x, image)
    })?;
    if product.leaves_null_space(layer) {
        if found.smallest > 0.0 {
            (found.smallest, found.smallest_residual) = (0.0, 0.0);
        }
        if found.largest < 0.0 {
            (found.largest, found.largest_residual) = (0.0, 0.0);
        }
    }
    Ok(found)
}

/// A Ritz value is a Rayleigh quotient, so never below λ_min: a negative one, beyond rounding, proves
/// the block indefinite whatever its residual.
fn definite(task: &Task, found: &Extremes) -> Definite {
    let scale = found.largest.abs().max(found.smallest.abs());
    if task.pass.architecture().is_piecewise_linear() && task.pass.loss().is_exponential_family() {
        Definite::ByStructure
    } else if found.smallest < -ROUNDING * scale {
        Definite::Indefinite
    } else {
        Definite::Measured
    }
}
