//! Trace and extreme eigenvalues of the blocks of the exact Hessian.

use cpu_time::ThreadTime;

use super::error::Stop;
use super::reduced::Reduced;
use super::{Definite, HessianBlock, roots};
use crate::linalg::{Extremes, LanczosSettings, Stream, lanczos};
use crate::network::{Parameters, Pass};

mod remainder;
#[cfg(test)]
mod tests;

/// When an eigenvalue is accurate enough.
const ACCURACY: LanczosSettings = LanczosSettings { products: 60, tolerance: 1e-3 };

/// Share of the largest |eigenvalue| that rounding can make of a zero.
const ROUNDING: f64 = 1e-10;

/// A measurement of all blocks.
pub(super) struct Task<'a> {
    /// The data, after a forward and a backward pass.
    pub pass: &'a Pass<f64>,
    pub parameters: &'a Parameters<f64>,
    /// The run's.
    pub seed: u64,
    pub step: u64,
    pub cancelled: &'a dyn Fn() -> bool,
}

impl Task<'_> {
    /// Measures the blocks 1 … L and reports each.
    pub fn run(&self, report: &mut dyn FnMut(HessianBlock)) -> Result<(), Stop> {
        let (pass, depth) = (self.pass, self.pass.architecture().depth());
        let clock = ThreadTime::now();
        let gauss_newton = roots::block_traces(pass, self.parameters, self.cancelled)?;
        let remainder = remainder::block_traces(pass, self.parameters, self.cancelled)?;
        let mut product = Reduced::hessian(pass, self.parameters);
        // Work for all blocks at once counts for each in equal parts.
        let shared = clock.elapsed().as_secs_f64() / depth as f64;
        for layer in 1..=depth {
            let clock = ThreadTime::now();
            let found = self.extremes(&mut product, layer)?;
            report(HessianBlock {
                step: self.step,
                layer,
                trace: gauss_newton[layer - 1] + remainder[layer - 1],
                gauss_newton_trace: gauss_newton[layer - 1],
                largest: found.largest,
                smallest: found.smallest,
                residual: found.largest_residual.max(found.smallest_residual),
                definite: self.definite(&found),
                products: found.products,
                data: pass.data(),
                cost: shared + clock.elapsed().as_secs_f64(),
            });
        }
        Ok(())
    }

    /// The extreme eigenvalues of block λ. Where the inputs do not span all of its parameters, zero is one
    /// of its eigenvalues, exactly.
    fn extremes(&self, product: &mut Reduced, layer: usize) -> Result<Extremes, Stop> {
        let mut stream = Stream::new(self.seed, "lanczos", layer as u64);
        let layers = layer..=layer;
        let mut found = lanczos(product.size(layers.clone()), ACCURACY, &mut stream, |x, image| {
            if (self.cancelled)() {
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
    fn definite(&self, found: &Extremes) -> Definite {
        let scale = found.largest.abs().max(found.smallest.abs());
        if self.pass.architecture().is_piecewise_linear() && self.pass.loss().is_exponential_family() {
            Definite::ByStructure
        } else if found.smallest < -ROUNDING * scale {
            Definite::Indefinite
        } else {
            Definite::Measured
        }
    }
}
