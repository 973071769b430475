//! The Hessians of the loss, H_L, seen from the diagnostics: ranks and square roots.

use ndarray::{Array2, ArrayViewMut2};

use crate::curvature::preactivation;
use crate::linalg::{NotConverged, eigenvalues, row_mut};
use crate::network::Pass;

/// Share of the largest eigenvalue of all H_L above which an eigenvalue of one counts for its rank.
const RANK_TOLERANCE: f64 = 1e-12;

/// rank PSD(H_L^n) of each datum: its eigenvalues above 10⁻¹² of the largest of all data.
///
/// # Errors
/// Where an H_L is not finite.
pub(super) fn ranks(pass: &Pass<f64>) -> Result<Vec<usize>, NotConverged> {
    let spectra: Vec<Vec<f64>> = if pass.loss().has_diagonal_hessian() {
        diagonals(pass).outer_iter().map(|diagonal| diagonal.to_vec()).collect()
    } else {
        let spectrum = |n| eigenvalues(preactivation::output_hessian(pass, n).view()).map(|values| values.to_vec());
        (0..pass.data()).map(spectrum).collect::<Result<_, _>>()?
    };
    let largest = spectra.iter().flatten().copied().fold(0.0, f64::max);
    let rank = |spectrum: &Vec<f64>| spectrum.iter().filter(|&&value| value > RANK_TOLERANCE * largest).count();
    Ok(spectra.iter().map(rank).collect())
}

/// diag H_L of each datum: N × K.
pub(super) fn diagonals(pass: &Pass<f64>) -> Array2<f64> {
    let kernel = pass.loss().kernel::<f64>();
    let mut all = Array2::zeros(pass.output().dim());
    for (n, mut diagonal) in all.outer_iter_mut().enumerate() {
        let (h, y) = pass.output_and_target(n);
        kernel.diagonal(h, y, row_mut(&mut diagonal));
    }
    all
}

/// rows ← Sᵀ of one datum, S Sᵀ = PSD(H_L): r × K.
pub(super) fn root(pass: &Pass<f64>, datum: usize, rows: ArrayViewMut2<f64>) {
    let (h, y) = pass.output_and_target(datum);
    pass.loss().kernel::<f64>().root(h, y, rows);
}
