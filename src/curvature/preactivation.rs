//! The exact pre-activation Hessian 𝓗_λ = ∂²E/∂h_λ² of each datum, by one backward sweep.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Zip};

use crate::linalg::{Target, gemm, gemm_symmetric, row, row_mut};
use crate::network::{Parameters, Pass};

/// One step of the pre-activation Hessian recursion, for one datum:
/// 𝓗_λ = B Ŵᵀ 𝓗_{λ+1} Ŵ B + D   (Botev, Ritter & Barber 2017, eq. 8).
///
/// - `next`: 𝓗_{λ+1}, d_{λ+1} × d_{λ+1}, symmetric
/// - `weights`: Ŵ_{λ+1}, d_{λ+1} × d_λ, without the bias column
/// - `slope`: f′(h_λ); `bend`: f″(h_λ) ⊙ ∂E/∂a_λ; length d_λ
///
/// Returns 𝓗_λ, d_λ × d_λ.
fn step(next: ArrayView2<f64>, weights: ArrayView2<f64>, slope: ArrayView1<f64>, bend: &Array1<f64>) -> Array2<f64> {
    let (rows, columns) = weights.dim();
    let mut product = Array2::zeros((rows, columns));
    gemm(1.0, next, weights, Target::Replace, product.view_mut());
    let mut hessian = Array2::zeros((columns, columns));
    gemm_symmetric(1.0, weights.t(), product.view(), Target::Replace, hessian.view_mut());
    for ((i, j), x) in hessian.indexed_iter_mut() {
        *x *= slope[i] * slope[j];
    }
    hessian.diag_mut().zip_mut_with(bend, |x, &bend| *x += bend);
    hessian
}

/// Shows 𝓗_λ of one datum to `visit`, from the last layer to the first, after a forward and a backward
/// pass.
pub fn sweep(pass: &Pass<f64>, parameters: &Parameters<f64>, datum: usize, mut visit: impl FnMut(usize, &Array2<f64>)) {
    let architecture = pass.architecture();
    let depth = architecture.depth();
    let mut hessian = output_hessian(pass, datum);
    visit(depth, &hessian);
    for layer in (1..depth).rev() {
        let weights = parameters.weights(layer + 1);
        let bend = bend(pass, parameters, layer, datum);
        hessian = step(hessian.view(), weights, pass.slope(layer).row(datum), &bend);
        visit(layer, &hessian);
    }
}

/// H_L of one datum: K × K.
pub fn output_hessian(pass: &Pass<f64>, datum: usize) -> Array2<f64> {
    let outputs = pass.architecture().outputs();
    let mut hessian = Array2::zeros((outputs, outputs));
    let (h, y) = pass.output_and_target(datum);
    pass.loss().kernel::<f64>().hessian(h, y, hessian.view_mut());
    hessian
}

/// f″(h_λ) ⊙ ∂E/∂a_λ of one datum, with ∂E/∂a_λ = Ŵ_{λ+1}ᵀ ∂E/∂h_{λ+1}.
fn bend(pass: &Pass<f64>, parameters: &Parameters<f64>, layer: usize, datum: usize) -> Array1<f64> {
    let h = pass.preactivation(layer);
    let mut bend = Array1::zeros(h.ncols());
    let kernel = pass.architecture().layers()[layer - 1].activation.kernel::<f64>();
    kernel.bend(row(&h.row(datum)), row_mut(&mut bend.view_mut()));
    bend * parameters.weights(layer + 1).t().dot(&pass.delta(layer + 1).row(datum))
}

/// f″(h_λ) ⊙ ∂E/∂a_λ of all data: N × d_λ, for λ < L.
pub fn bends(pass: &Pass<f64>, parameters: &Parameters<f64>, layer: usize) -> Array2<f64> {
    let h = pass.preactivation(layer);
    let mut bends = Array2::zeros(h.dim());
    gemm(1.0, pass.delta(layer + 1), parameters.weights(layer + 1), Target::Replace, bends.view_mut());
    let kernel = pass.architecture().layers()[layer - 1].activation.kernel::<f64>();
    let mut bend = vec![0.0; h.ncols()];
    for (mut bends, h) in bends.outer_iter_mut().zip(h.outer_iter()) {
        kernel.bend(row(&h), &mut bend);
        Zip::from(&mut bends).and(&bend).for_each(|x, &bend| *x *= bend);
    }
    bends
}
