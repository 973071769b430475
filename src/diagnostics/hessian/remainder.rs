//! What the Hessian has beyond the Gauss-Newton matrix: E_λ = 𝓗_λ − G_λ.
//!
//! E_L = H_L − PSD(H_L), zero for exponential families, and by eq. 8 of the paper for 𝓗 and for G
//! E_λ = B_λ Ŵ_{λ+1}ᵀ E_{λ+1} Ŵ_{λ+1} B_λ + D_λ. So it is diagonal for two layers where 𝓗 is dense, and
//! zero throughout where all activations are piecewise linear.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip};

use crate::curvature::preactivation::{bends, output_hessian};
use crate::diagnostics::error::{Stop, go_on};
use crate::diagnostics::output;
use crate::linalg::{Target, gemm, gemm_symmetric, gram};
use crate::network::{Parameters, Pass};

/// E_λ of one datum.
enum Remainder {
    Zero,
    Diagonal(Array1<f64>),
    Dense(Array2<f64>),
}

impl Remainder {
    /// E_L.
    fn output(pass: &Pass<f64>, datum: usize) -> Self {
        if pass.loss().is_exponential_family() {
            return Self::Zero;
        }
        let outputs = pass.architecture().outputs();
        let mut root = Array2::zeros((pass.loss().root_rank(outputs), outputs));
        output::root(pass, datum, root.view_mut());
        let mut remainder = output_hessian(pass, datum);
        gram(-1.0, root.view(), Target::Add, remainder.view_mut());
        Self::Dense(remainder)
    }

    fn trace(&self) -> f64 {
        match self {
            Self::Zero => 0.0,
            Self::Diagonal(diagonal) => diagonal.sum(),
            Self::Dense(matrix) => matrix.diag().sum(),
        }
    }

    /// E_λ from E_{λ+1}; `weights`: Ŵ_{λ+1}, `slope`: f′(h_λ), `bend`: diag D_λ.
    fn step(&self, weights: ArrayView2<f64>, slope: ArrayView1<f64>, bend: ArrayView1<f64>) -> Self {
        let Some(product) = self.product(weights) else {
            return if bend.iter().all(|&x| x == 0.0) { Self::Zero } else { Self::Diagonal(bend.to_owned()) };
        };
        let mut next = Array2::zeros((weights.ncols(), weights.ncols()));
        gemm_symmetric(1.0, weights.t(), product.view(), Target::Replace, next.view_mut());
        for (mut row, &own) in next.outer_iter_mut().zip(slope) {
            Zip::from(&mut row).and(slope).for_each(|x, &other| *x *= own * other);
        }
        next.diag_mut().zip_mut_with(&bend, |x, &bend| *x += bend);
        Self::Dense(next)
    }

    /// tr E_λ alone from E_{λ+1}: half of the arithmetic.
    fn step_trace(&self, weights: ArrayView2<f64>, slope: ArrayView1<f64>, bend: ArrayView1<f64>) -> f64 {
        let Some(product) = self.product(weights) else { return bend.sum() };
        let mut diagonal = Array1::<f64>::zeros(weights.ncols());
        for (weights, product) in weights.outer_iter().zip(product.outer_iter()) {
            Zip::from(&mut diagonal).and(weights).and(product).for_each(|x, &w, &p| *x += w * p);
        }
        diagonal.iter().zip(slope).map(|(x, slope)| x * slope * slope).sum::<f64>() + bend.sum()
    }

    /// E Ŵ; none for E = 0.
    fn product(&self, weights: ArrayView2<f64>) -> Option<Array2<f64>> {
        match self {
            Self::Zero => None,
            Self::Diagonal(diagonal) => Some(&weights * &diagonal.view().insert_axis(Axis(1))),
            Self::Dense(matrix) => {
                let mut product = Array2::zeros(weights.dim());
                gemm(1.0, matrix.view(), weights, Target::Replace, product.view_mut());
                Some(product)
            }
        }
    }
}

/// tr H_λ − tr Ḡ_λ = 1/N Σ ‖ā_{λ−1}‖² tr E_λ for each layer λ, at index λ − 1, after a forward and a
/// backward pass.
///
/// # Errors
/// Once `cancelled` says yes.
pub(super) fn block_traces(
    pass: &Pass<f64>,
    parameters: &Parameters<f64>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Array1<f64>, Stop> {
    let depth = pass.architecture().depth();
    let bends: Vec<_> = (1..depth).map(|layer| bends(pass, parameters, layer)).collect();
    let mut traces = Array1::zeros(depth);
    for datum in 0..pass.data() {
        let mut add = |layer: usize, trace: f64| {
            let input = pass.input(layer);
            let input = input.row(datum);
            traces[layer - 1] += input.dot(&input) * trace;
        };
        let mut remainder = Remainder::output(pass, datum);
        add(depth, remainder.trace());
        for layer in (1..depth).rev() {
            go_on(cancelled)?;
            let slope = pass.slope(layer);
            let (weights, slope, bend) = (parameters.weights(layer + 1), slope.row(datum), bends[layer - 1].row(datum));
            if layer == 1 {
                add(1, remainder.step_trace(weights, slope, bend));
            } else {
                remainder = remainder.step(weights, slope, bend);
                add(layer, remainder.trace());
            }
        }
    }
    Ok(traces / pass.data() as f64)
}
