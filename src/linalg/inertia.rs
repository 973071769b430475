//! How many eigenvalues lie above a threshold, without the eigenvalues.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::lblt::factor::{self, LbltParams, PivotingStrategy};
use faer::{Auto, Spec};
use ndarray::ArrayView2;

use super::product::count;
use super::symmetric::{NotConverged, all_eigenvalues_above};
use super::threads::parallelism;
use super::vector::clean;

/// The number of eigenvalues of the symmetric matrix A above `threshold`; only the lower triangle is
/// read. By Sylvester's law of inertia it is the number of positive eigenvalues of B in
/// A − threshold · I = P L B Lᵀ Pᵀ (Bunch & Kaufman 1977), B with 1 × 1 and 2 × 2 blocks: a tenth of the
/// arithmetic of the eigenvalues. Backward stable: eigenvalues nearer to `threshold` than rounding
/// (n ε ‖A‖) may be counted on either side, as they may be from computed eigenvalues.
///
/// # Errors
/// Where A or `threshold` is not finite.
pub fn eigenvalues_above(a: ArrayView2<f64>, threshold: f64) -> Result<usize, NotConverged> {
    let size = a.nrows();
    if !threshold.is_finite() || a.iter().any(|x| !x.is_finite()) {
        return Err(NotConverged { size });
    }
    if all_eigenvalues_above(a.to_owned().view_mut(), threshold) {
        return Ok(size);
    }
    let flops = (size as f64).powi(3) / 3.0;
    count(flops);
    let par = parallelism(flops);
    let params = LbltParams { pivoting: PivotingStrategy::Rook, ..Auto::<f64>::auto() };
    let spec = Spec::new(params);
    let mut matrix = faer::Mat::from_fn(size, size, |i, j| a[(i.max(j), i.min(j))]);
    (0..size).for_each(|i| matrix[(i, i)] -= threshold);
    let mut below = faer::diag::Diag::<f64>::zeros(size);
    let (mut forward, mut back) = (vec![0_usize; size], vec![0_usize; size]);
    let mut memory = MemBuffer::new(factor::cholesky_in_place_scratch::<usize, f64>(size, par, spec));
    let stack = MemStack::new(&mut memory);
    clean(|| {
        let (l, d) = (matrix.as_mut(), below.as_mut());
        factor::cholesky_in_place(l, d, &mut forward, &mut back, par, stack, spec);
    });
    let mut positive = 0;
    let mut i = 0;
    while i < size {
        let (first, across) = (matrix[(i, i)], below.column_vector()[i]);
        if across == 0.0 || i + 1 == size {
            positive += usize::from(first > 0.0);
            i += 1;
        } else {
            let second = matrix[(i + 1, i + 1)];
            let determinant = first * second - across * across;
            positive += if determinant < 0.0 { 1 } else { 2 * usize::from(first + second > 0.0) };
            i += 2;
        }
    }
    Ok(positive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{Stream, Target, eigenvalues, gram};
    use ndarray::Array2;

    #[test]
    fn the_inertia_counts_what_the_eigenvalues_count() {
        for (n, rank) in [(1, 1), (2, 1), (5, 3), (40, 40), (70, 20), (200, 150)] {
            let mut stream = Stream::new(4, "test", n as u64);
            let root = Array2::from_shape_simple_fn((rank, n), || stream.normal());
            let mut a = Array2::zeros((n, n));
            gram(1.0, root.view(), Target::Replace, a.view_mut());
            let exact = eigenvalues(a.view()).unwrap();
            let tiny = n as f64 * f64::EPSILON * exact[n - 1];
            assert_eq!(eigenvalues_above(a.view(), 4.0 * tiny).unwrap(), rank, "{n}");
            for threshold in [0.1, 1.0, 10.0, 50.0] {
                let expected = exact.iter().filter(|&&x| x > threshold).count();
                assert_eq!(eigenvalues_above(a.view(), threshold).unwrap(), expected, "{n} above {threshold}");
            }
            let shifted = &a - &(Array2::<f64>::eye(n) * 3.0);
            let expected = exact.iter().filter(|&&x| x - 3.0 > 0.5).count();
            assert_eq!(eigenvalues_above(shifted.view(), 0.5).unwrap(), expected);
        }
    }

    #[test]
    fn a_matrix_without_positive_eigenvalues_has_none_above_zero() {
        assert_eq!(eigenvalues_above(Array2::zeros((6, 6)).view(), 0.0).unwrap(), 0);
        assert_eq!(eigenvalues_above((-Array2::<f64>::eye(6)).view(), 0.0).unwrap(), 0);
        assert!(eigenvalues_above(Array2::from_elem((3, 3), f64::NAN).view(), 0.0).is_err());
    }
}
