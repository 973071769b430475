//! Counting the eigenvalues of a positive semi-definite matrix.

use std::convert::Infallible;

use ndarray::{Array2, ArrayView2, Zip, s};

use super::tolerance;
use crate::linalg::{
    LanczosSettings, NotConverged, Stream, Target, eigenvalues, eigenvalues_above, gemm_symmetric, largest_eigenvalue,
};

/// Up to this size all eigenvalues are computed.
const SMALL: usize = 128;

/// What is counted of a spectrum.
pub(super) struct Spectrum {
    /// Eigenvalues above the tolerance.
    pub rank: usize,
    /// Eigenvalues above the tolerance of the matrix it is a part of, where that was asked; else 0.
    pub rank_of_whole: usize,
    /// (tr A)² / tr A².
    pub effective: Option<f64>,
}

impl Spectrum {
    /// Of the matrix A; `size`: max(M, P); `of_whole`: the tolerance of the matrix it is a part of.
    ///
    /// # Errors
    /// Where A is not finite.
    pub fn of(a: ArrayView2<f64>, size: usize, of_whole: Option<f64>) -> Result<Self, NotConverged> {
        let squares: f64 = a.iter().map(|x| x * x).sum();
        if !squares.is_finite() {
            return Err(NotConverged { size: a.nrows() });
        }
        let effective = (squares > 0.0).then(|| a.diag().sum().powi(2) / squares);
        let (rank, rank_of_whole) = if squares == 0.0 {
            (0, 0)
        } else if a.nrows() <= SMALL {
            let values = eigenvalues(a)?;
            let largest = values.last().copied().unwrap_or(0.0);
            let above = |threshold| values.iter().filter(|&&value| value > threshold).count();
            (above(tolerance(size, 0, largest)), of_whole.map_or(0, above))
        } else {
            counts(a, tolerance(size, 0, largest(a)), of_whole)?
        };
        Ok(Self { rank, rank_of_whole, effective })
    }
}

/// λ_max, by its Ritz value and residual added.
fn largest(a: ArrayView2<f64>) -> f64 {
    let settings = LanczosSettings { products: 200, tolerance: 1e-8 };
    let mut stream = Stream::new(0, "rank", a.nrows() as u64);
    let Ok(found) = largest_eigenvalue(a.nrows(), settings, &mut stream, |x, mut image| {
        image.assign(&a.dot(&x));
        Ok::<_, Infallible>(())
    });
    found.largest + found.largest_residual
}

/// The numbers of eigenvalues of A above `threshold` and above `of_whole` (0 where there is none).
///
/// # Errors
/// Where something is not finite.
pub(super) fn counts(
    a: ArrayView2<f64>,
    threshold: f64,
    of_whole: Option<f64>,
) -> Result<(usize, usize), NotConverged> {
    let there = of_whole.map_or(Ok(0), |threshold| eigenvalues_above(a, threshold))?;
    // The tolerance of the whole is the higher one.
    let all = there == a.nrows() && of_whole.is_some_and(|higher| higher >= threshold);
    let here = if all { there } else { eigenvalues_above(a, threshold)? };
    Ok((here, there))
}

/// gram += α (ā^n·ā^m)(c^{n,k}·c^{m,l}) at ((n, k), (m, l)). `columns`: all c as rows, those of a datum
/// together, M × d; `kernel`: ā^n·ā^m, N × N; `gram`: M × M.
pub(in crate::diagnostics) fn add_gram(
    alpha: f64,
    columns: ArrayView2<f64>,
    kernel: &Array2<f64>,
    gram: &mut Array2<f64>,
) {
    let mut products = Array2::zeros(gram.dim());
    gemm_symmetric(alpha, columns, columns.t(), Target::Replace, products.view_mut());
    let rank = columns.nrows() / kernel.nrows();
    for (row, (mut gram, products)) in gram.outer_iter_mut().zip(products.outer_iter()).enumerate() {
        for (datum, &factor) in kernel.row(row / rank).iter().enumerate() {
            let range = s![datum * rank..(datum + 1) * rank];
            Zip::from(gram.slice_mut(range)).and(products.slice(range)).for_each(|x, &product| *x += factor * product);
        }
    }
}
