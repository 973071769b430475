//! Trace and extreme eigenvalues of the exact Hessian, of its blocks and of the whole.

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1};
use serde::{Deserialize, Deserializer, Serialize};

use super::clock::Clock;
use super::reduced::Reduced;
use super::{Error, Finding, Reading, Scope, Stop, Task, named, roots};
use crate::curvature::hessian::HessianProduct;
use crate::linalg::{Extremes, Kept, LanczosSettings, ROUNDING, Stream, eigenvalues, lanczos, number};
use crate::network::Parameters;

mod remainder;
#[cfg(test)]
mod tests;

/// When an eigenvalue is accurate enough.
const ACCURACY: LanczosSettings = LanczosSettings { products: 80, tolerance: 1e-2 };

/// Up to this size a matrix is decomposed: it takes no longer than the products of an iteration, and tells all.
const DECOMPOSED: usize = 256;

/// The exact Hessian of the mean loss (without the L2 term) on a probe batch, or its block of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HessianBlock {
    /// The step whose parameters were measured.
    pub step: u64,
    /// All of it, or one block. Logs of earlier versions have the number of the layer as `layer`.
    #[serde(alias = "layer", deserialize_with = "scope_or_layer")]
    pub scope: Scope,
    /// tr H, exact.
    #[serde(with = "number")]
    pub trace: f64,
    /// tr Ḡ, exact.
    #[serde(with = "number")]
    pub gauss_newton_trace: f64,
    /// λ_max: a Ritz value, never above the true one.
    #[serde(with = "number")]
    pub largest: f64,
    /// λ_min: a Ritz value, never below the true one.
    #[serde(with = "number")]
    pub smallest: f64,
    /// The larger residual norm ‖H y − θ y‖ of the two Ritz pairs: an eigenvalue lies within this of each
    /// of the two values. That it is the extreme one is likely but not proved. 0 where all are known.
    #[serde(with = "number")]
    pub residual: f64,
    /// Negative eigenvalues beyond rounding: at least so many; where all are known, so many.
    #[serde(default)]
    pub negative: usize,
    /// Whether the block is positive semi-definite, and how that is known.
    pub definite: Definite,
    /// Hessian products used; 0 where the matrix was decomposed, so that all eigenvalues are known.
    pub products: usize,
    /// Data of the probe batch.
    pub data: usize,
    /// CPU seconds it took.
    pub cost: f64,
}

/// Reads a scope, or the number of a layer.
fn scope_or_layer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scope, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Layer(usize),
        Scope(Scope),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Layer(layer) => Scope::Layer(layer),
        Either::Scope(scope) => scope,
    })
}

/// Whether a matrix is positive semi-definite, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definite {
    /// Yes: H_L is positive semi-definite, and the block that of the last layer, or of any layer where all
    /// activations are piecewise linear.
    ByStructure,
    /// Yes: the matrix was decomposed, and no eigenvalue is negative beyond rounding.
    Decomposed,
    /// Not known: no negative eigenvalue was found, which does not exclude one. Logs of earlier versions call it
    /// measured.
    #[serde(alias = "measured")]
    Undecided,
    /// No: a negative eigenvalue was measured.
    Indefinite,
}

impl Finding for HessianBlock {
    const TITLE: &'static str = "Hessian";

    /// Measures the blocks, then the whole.
    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        let (pass, depth) = (task.pass, task.pass.architecture().depth());
        let mut clock = Clock::start();
        let gauss_newton = roots::block_traces(pass, task.parameters, task.cancelled)?;
        let remainder = remainder::block_traces(pass, task.parameters, task.cancelled)?;
        let mut product = Reduced::hessian(pass, task.parameters);
        // Work for all blocks at once counts for each in equal parts.
        let shared = clock.lap() / depth as f64;
        let mut found = |scope, traces: [f64; 2], extremes: &Extremes, cost| {
            report(Self {
                step: task.step,
                scope,
                trace: traces[0] + traces[1],
                gauss_newton_trace: traces[0],
                largest: extremes.largest,
                smallest: extremes.smallest,
                residual: extremes.largest_residual.max(extremes.smallest_residual),
                negative: extremes.negative,
                definite: definite(is_semidefinite(task, scope), extremes),
                products: extremes.products,
                data: pass.data(),
                cost,
            });
        };
        for layer in (1..=depth).filter(|&layer| task.wants_layer(layer)) {
            let extremes = extremes(task, &mut product, layer)?;
            let traces = [gauss_newton[layer - 1], remainder[layer - 1]];
            found(Scope::Layer(layer), traces, &extremes, shared + clock.lap());
        }
        if task.wants_whole() {
            let extremes = whole_extremes(task)?;
            found(Scope::Whole, [gauss_newton.sum(), remainder.sum()], &extremes, clock.lap());
        }
        Ok(())
    }

    fn reading(&self) -> Reading {
        Reading {
            step: self.step,
            scope: self.scope,
            cost: self.cost,
            quantities: [self.smallest, self.trace, self.largest],
        }
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        named([
            ("trace", self.trace),
            ("gauss_newton_trace", self.gauss_newton_trace),
            ("largest", self.largest),
            ("smallest", self.smallest),
            ("residual", self.residual),
            ("negative", self.negative as f64),
            ("products", self.products as f64),
        ])
    }
}

/// The extreme eigenvalues of block λ. Where the inputs do not span all of its parameters, zero is one
/// of its eigenvalues, exactly.
fn extremes(task: &Task, product: &mut Reduced, layer: usize) -> Result<Extremes, Stop> {
    let (layers, zero) = (layer..=layer, product.leaves_null_space(layer));
    let n = product.size(layers.clone());
    let mut found = if n <= DECOMPOSED {
        decomposed(product.dense(layer, task.cancelled)?)?
    } else {
        let mut stream = Stream::new(task.seed, "lanczos", layer as u64);
        lanczos(n, ACCURACY, Kept::All, &mut stream, |x, image| product.apply(&layers, x, image, task.cancelled))?
    };
    if zero && found.smallest > 0.0 {
        (found.smallest, found.smallest_residual) = (0.0, 0.0);
    }
    if zero && found.largest < 0.0 {
        (found.largest, found.largest_residual) = (0.0, 0.0);
    }
    Ok(found)
}

/// The extreme eigenvalues of all of the Hessian.
fn whole_extremes(task: &Task) -> Result<Extremes, Stop> {
    task.go_on()?;
    let mut product = WholeProduct::new(task);
    task.go_on()?;
    let n = task.parameters.flat.len();
    if n <= DECOMPOSED {
        return decomposed(product.dense()?);
    }
    // Two vectors are enough for the extremes, but converged Ritz values come again, and count but once.
    let mut stream = Stream::new(task.seed, "lanczos", 0);
    let found = lanczos(n, ACCURACY, Kept::Two, &mut stream, |x, image| product.apply(x, image))?;
    Ok(Extremes { negative: found.negative.min(1), ..found })
}

/// The extremes of a matrix from all of its eigenvalues.
fn decomposed(matrix: Array2<f64>) -> Result<Extremes, Stop> {
    let values = eigenvalues(matrix.view()).map_err(Error::from)?;
    let (smallest, largest) = (values[0], values[values.len() - 1]);
    let rounding = ROUNDING * smallest.abs().max(largest.abs());
    Ok(Extremes {
        smallest,
        largest,
        smallest_residual: 0.0,
        largest_residual: 0.0,
        negative: values.iter().filter(|&&value| value < -rounding).count(),
        products: 0,
    })
}

/// Whether a block is positive semi-definite whatever its numbers: B_λ Ŵᵀ 𝓗 Ŵ B_λ + D_λ is where 𝓗 is and D_λ = 0
/// (Botev, Ritter & Barber 2017, section 3.1), and 𝓗_L = H_L itself. What the layers before are does not matter.
pub(super) fn is_semidefinite(task: &Task, scope: Scope) -> bool {
    let Scope::Layer(layer) = scope else { return false };
    let mut after = task.pass.architecture().layers()[layer - 1..].iter();
    task.pass.loss().is_exponential_family() && after.all(|layer| layer.activation.is_piecewise_linear())
}

/// A Ritz value is a Rayleigh quotient, so never below λ_min: a negative one, beyond rounding, proves
/// the matrix indefinite whatever its residual. None proves nothing, unless all eigenvalues are known.
fn definite(by_structure: bool, found: &Extremes) -> Definite {
    match found {
        _ if by_structure => Definite::ByStructure,
        Extremes { negative: 1.., .. } => Definite::Indefinite,
        Extremes { products: 0, .. } => Definite::Decomposed,
        _ => Definite::Undecided,
    }
}

/// tr H_λ of each layer, exact, at index λ − 1.
///
/// # Errors
/// Once it is cancelled.
pub(super) fn traces(task: &Task) -> Result<Array1<f64>, Stop> {
    let gauss_newton = roots::block_traces(task.pass, task.parameters, task.cancelled)?;
    Ok(gauss_newton + remainder::block_traces(task.pass, task.parameters, task.cancelled)?)
}

/// Products with all of the Hessian.
pub(super) struct WholeProduct<'a> {
    product: HessianProduct<'a>,
    vector: Parameters<f64>,
    image: Parameters<f64>,
    cancelled: &'a dyn Fn() -> bool,
}

impl<'a> WholeProduct<'a> {
    pub fn new(task: &Task<'a>) -> Self {
        let zeros = || Parameters::zeros(task.pass.architecture());
        let product = HessianProduct::new(task.pass, task.parameters, None);
        Self { product, vector: zeros(), image: zeros(), cancelled: task.cancelled }
    }

    /// All of H, P × P, a product a row.
    ///
    /// # Errors
    /// Those of [`Self::apply`].
    pub fn dense(&mut self) -> Result<Array2<f64>, Stop> {
        let size = self.vector.flat.len();
        let (mut matrix, mut unit) = (Array2::zeros((size, size)), Array1::zeros(size));
        for (i, row) in matrix.outer_iter_mut().enumerate() {
            unit[i] = 1.0;
            self.apply(unit.view(), row)?;
            unit[i] = 0.0;
        }
        Ok(matrix)
    }

    /// image ← H x.
    ///
    /// # Errors
    /// Where the image is not finite, and once it is cancelled.
    pub fn apply(&mut self, x: ArrayView1<f64>, mut image: ArrayViewMut1<f64>) -> Result<(), Stop> {
        if (self.cancelled)() {
            return Err(Stop::Cancelled);
        }
        self.vector.flat.assign(&x);
        if !self.product.apply_unless(&self.vector, &mut self.image, self.cancelled) || (self.cancelled)() {
            return Err(Stop::Cancelled);
        }
        image.assign(&self.image.flat);
        if image.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(Error::NotFinite.into()) }
    }
}
