//! Bounds for ranks that need no matrix of the size of the block.

use ndarray::{Array2, ArrayView1, Zip};

use super::spectrum::{Spectrum, counts};
use super::{Stop, kernel};
use crate::diagnostics::error::go_on;
use crate::diagnostics::output;
use crate::linalg::{NotConverged, Target, eigenvalues, gemm_symmetric};
use crate::network::Pass;

/// What of a normalized input must be independent of those chosen before, squared, to be chosen too.
const INDEPENDENT: f64 = 1e-8;

/// Upper bounds of the ranks of the blocks, at index λ − 1, from the units whose slope is not zero: C_λ of a
/// datum has no more rank than any later layer has such units, and the row of W_λ of a unit is only
/// reached by the data for which it is one. `ranks`: rank H_L of each datum.
pub(super) fn active_bounds(pass: &Pass<f64>, ranks: &[usize]) -> Vec<usize> {
    let architecture = pass.architecture();
    let mut ranks = ranks.to_vec();
    let mut bounds: Vec<usize> = (1..=architecture.depth())
        .rev()
        .map(|layer| {
            let inputs = architecture.homogeneous(layer - 1);
            let units = if layer < architecture.depth() {
                let active = |values: ArrayView1<f64>| values.iter().filter(|&&slope| slope != 0.0).count();
                for (rank, slope) in ranks.iter_mut().zip(pass.slope(layer).outer_iter()) {
                    *rank = (*rank).min(active(slope));
                }
                pass.slope(layer).columns().into_iter().map(|unit| active(unit).min(inputs)).sum()
            } else {
                architecture.width(layer) * inputs.min(pass.data())
            };
            ranks.iter().sum::<usize>().min(units)
        })
        .collect();
    bounds.reverse();
    bounds
}

/// Shares μ_n with K_S ⪰ diag(μ), for a largest set S of inputs that are clearly independent; 0 outside S.
///
/// The Gram matrix of block λ over S is the Khatri-Rao product of K_S with CᵀC, so by the Schur product
/// theorem Gram ⪰ blockdiag(μ_n C_nᵀC_n)/N, and the sorted eigenvalues of Ḡ_λ are at least those of the
/// right. S comes from Cholesky factorization with diagonal pivoting of K̂, K scaled to a unit diagonal;
/// μ_n = λ_min(K̂_S) K_nn, less what rounding can make of it.
///
/// # Errors
/// Where K is not finite.
pub(super) fn independent(kernel: &Array2<f64>) -> Result<Vec<f64>, NotConverged> {
    let size = kernel.nrows();
    let norm: Vec<f64> = kernel.diag().iter().map(|x| x.max(0.0).sqrt()).collect();
    let cosine = |i: usize, j: usize| kernel[(i, j)] / (norm[i] * norm[j]);
    let mut left: Vec<f64> = norm.iter().map(|&norm| if norm > 0.0 { 1.0 } else { 0.0 }).collect();
    let mut chosen: Vec<usize> = Vec::new();
    let mut factor: Vec<Vec<f64>> = Vec::new();
    while let Some(pivot) = (0..size).filter(|&i| left[i] > INDEPENDENT).max_by(|&i, &j| left[i].total_cmp(&left[j])) {
        let scale = left[pivot].sqrt();
        let mut column = vec![0.0; size];
        for (i, x) in column.iter_mut().enumerate().filter(|&(i, _)| left[i] > 0.0) {
            let known: f64 = factor.iter().map(|column| column[i] * column[pivot]).sum();
            *x = (cosine(i, pivot) - known) / scale;
        }
        left.iter_mut().zip(&column).for_each(|(left, x)| *left = (*left - x * x).max(0.0));
        // Its place in the factor must stay: only `left` says that it was taken.
        left[pivot] = 0.0;
        factor.push(column);
        chosen.push(pivot);
    }
    let mut shares = vec![0.0; size];
    if chosen.is_empty() {
        return Ok(shares);
    }
    let cosines = Array2::from_shape_fn((chosen.len(), chosen.len()), |(i, j)| cosine(chosen[i], chosen[j]));
    let values = eigenvalues(cosines.view())?;
    let rounding = chosen.len() as f64 * f64::EPSILON * values[chosen.len() - 1];
    let least = (values[0] - rounding).max(0.0);
    for &datum in &chosen {
        shares[datum] = least * kernel[(datum, datum)];
    }
    Ok(shares)
}

/// The last block of a diagonal H_L falls apart by output unit k into 1/N Σ_n (H_L^n)_kk ā ā ᵀ; its
/// eigenvalues are those of D_k^½ K D_k^½ / N, D_k = diag_n (H_L^n)_kk, for all k together. Exact at any
/// size.
///
/// # Errors
/// Where something is not finite, and once `cancelled` says yes.
pub(super) fn last_block(
    pass: &Pass<f64>,
    threshold: f64,
    of_whole: Option<f64>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Spectrum, Stop> {
    let depth = pass.architecture().depth();
    let (data, diagonals, kernel) = (pass.data(), output::diagonals(pass), kernel(pass, depth));
    let (threshold, of_whole) = (threshold * data as f64, of_whole.map(|threshold| threshold * data as f64));
    let input = pass.input(depth);
    let (mut rank, mut rank_of_whole) = (0, 0);
    let mut before = None;
    for diagonal in diagonals.columns() {
        go_on(cancelled)?;
        let root = diagonal.mapv(f64::sqrt);
        let counted = match before {
            Some((same, counted)) if same == root => counted,
            _ if data <= input.ncols() => {
                let mut scaled = kernel.clone();
                for (mut row, &own) in scaled.outer_iter_mut().zip(&root) {
                    Zip::from(&mut row).and(&root).for_each(|x, &other| *x *= own * other);
                }
                counts(scaled.view(), threshold, of_whole)?
            }
            _ => {
                let scaled = &input * &root.view().insert_axis(ndarray::Axis(1));
                let mut matrix = Array2::zeros((input.ncols(), input.ncols()));
                gemm_symmetric(1.0, scaled.t(), scaled.view(), Target::Replace, matrix.view_mut());
                counts(matrix.view(), threshold, of_whole)?
            }
        };
        rank += counted.0;
        rank_of_whole += counted.1;
        before = Some((root, counted));
    }
    let mut overlaps = Array2::zeros((data, data));
    gemm_symmetric(1.0, diagonals.view(), diagonals.t(), Target::Replace, overlaps.view_mut());
    let trace: f64 = diagonals.outer_iter().zip(kernel.diag()).map(|(d, k)| d.sum() * k).sum();
    let squares: f64 = kernel.iter().zip(&overlaps).map(|(k, d)| k * k * d).sum();
    let effective = (squares > 0.0).then(|| trace * trace / squares);
    Ok(Spectrum { rank, rank_of_whole, effective })
}
