//! Extreme eigenvalues of a symmetric operator, by Lanczos with full reorthogonalization.

use nalgebra::DMatrix;
use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, s};

use super::Stream;

/// When a Lanczos iteration ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LanczosSettings {
    /// The most products with the operator.
    pub products: usize,
    /// It ends early where both residuals are at most this share of the largest |eigenvalue|.
    pub tolerance: f64,
}

/// Extreme eigenvalues as found, with what they cost and how sure they are: that the eigenvalues near the
/// two values are the extreme ones is likely from a random start, but not proved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extremes {
    /// λ_min: the smallest Ritz value, never below the smallest eigenvalue.
    pub smallest: f64,
    /// λ_max: the largest Ritz value, never above the largest eigenvalue.
    pub largest: f64,
    /// An eigenvalue lies within this of `smallest`: the norm ‖A y − θ y‖ of its Ritz pair.
    pub smallest_residual: f64,
    /// The same of `largest`.
    pub largest_residual: f64,
    /// Products with the operator.
    pub products: usize,
}

/// The extreme eigenvalues of the symmetric operator of dimension n that `apply(x, y)` computes as
/// y ← A x, starting from a random vector of `stream`. Once n products are made they are exact to
/// rounding.
///
/// # Errors
/// Those of `apply`.
pub fn lanczos<E>(
    n: usize,
    settings: LanczosSettings,
    stream: &mut Stream,
    apply: impl FnMut(ArrayView1<f64>, ArrayViewMut1<f64>) -> Result<(), E>,
) -> Result<Extremes, E> {
    iterate(n, settings, stream, apply, |found| found.smallest_residual.max(found.largest_residual))
}

/// As [`lanczos`], but it ends as soon as the residual of the largest eigenvalue alone is small enough.
///
/// # Errors
/// Those of `apply`.
pub fn largest_eigenvalue<E>(
    n: usize,
    settings: LanczosSettings,
    stream: &mut Stream,
    apply: impl FnMut(ArrayView1<f64>, ArrayViewMut1<f64>) -> Result<(), E>,
) -> Result<Extremes, E> {
    iterate(n, settings, stream, apply, |found| found.largest_residual)
}

/// The iteration, until `residual` of what is found is small enough.
fn iterate<E>(
    n: usize,
    settings: LanczosSettings,
    stream: &mut Stream,
    mut apply: impl FnMut(ArrayView1<f64>, ArrayViewMut1<f64>) -> Result<(), E>,
    residual: impl Fn(&Extremes) -> f64,
) -> Result<Extremes, E> {
    let most = settings.products.clamp(1, n.max(1));
    let mut basis = Array2::<f64>::zeros((most, n));
    let mut tridiagonal = DMatrix::<f64>::zeros(most, most);
    let start: Array1<f64> = Array1::from_shape_simple_fn(n, || stream.normal());
    basis.row_mut(0).assign(&(&start / start.dot(&start).sqrt()));
    let mut image = Array1::zeros(n);
    for k in 0..most {
        apply(basis.row(k), image.view_mut())?;
        tridiagonal[(k, k)] = basis.row(k).dot(&image);
        // Twice is enough (Kahan, Parlett): the new direction is orthogonal to the basis to rounding.
        let known = basis.slice(s![..=k, ..]);
        for _ in 0..2 {
            let overlap = known.dot(&image);
            image -= &known.t().dot(&overlap);
        }
        let norm = image.dot(&image).sqrt();
        let scale = tridiagonal.view((0, 0), (k + 1, k + 1)).amax();
        let exhausted = norm <= f64::EPSILON * scale || k + 1 == most;
        if exhausted || (k + 1) % 5 == 0 {
            let found = ritz(&tridiagonal, k + 1, norm);
            let bound = settings.tolerance * found.largest.abs().max(found.smallest.abs());
            if exhausted || residual(&found) <= bound {
                return Ok(found);
            }
        }
        tridiagonal[(k, k + 1)] = norm;
        tridiagonal[(k + 1, k)] = norm;
        basis.row_mut(k + 1).assign(&(&image / norm));
    }
    Ok(ritz(&tridiagonal, most, 0.0))
}

/// The extreme Ritz values of the leading `size` rows; the residual of a Ritz pair is `next` times the
/// last entry of its eigenvector.
fn ritz(tridiagonal: &DMatrix<f64>, size: usize, next: f64) -> Extremes {
    let eigen = tridiagonal.view((0, 0), (size, size)).into_owned().symmetric_eigen();
    let (low, high) = (eigen.eigenvalues.imin(), eigen.eigenvalues.imax());
    let residual = |i: usize| (next * eigen.eigenvectors[(size - 1, i)]).abs();
    Extremes {
        smallest: eigen.eigenvalues[low],
        largest: eigen.eigenvalues[high],
        smallest_residual: residual(low),
        largest_residual: residual(high),
        products: size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::eigenvalues;
    use std::convert::Infallible;

    fn symmetric(n: usize, seed: u64) -> Array2<f64> {
        let mut stream = Stream::new(seed, "test", 0);
        let root = Array2::from_shape_simple_fn((n, n), || stream.normal());
        &root + &root.t()
    }

    fn run(a: &Array2<f64>, products: usize, tolerance: f64) -> Extremes {
        let settings = LanczosSettings { products, tolerance };
        lanczos(a.nrows(), settings, &mut Stream::new(1, "lanczos", 0), |x, mut y| {
            y.assign(&a.dot(&x));
            Ok::<_, Infallible>(())
        })
        .unwrap()
    }

    #[test]
    fn as_many_products_as_rows_give_the_exact_extremes() {
        for n in [1, 2, 7, 40] {
            let a = symmetric(n, n as u64);
            let exact = eigenvalues(a.view()).unwrap();
            let found = run(&a, n, 0.0);
            assert!((found.smallest - exact[0]).abs() < 1e-9, "{n}");
            assert!((found.largest - exact[n - 1]).abs() < 1e-9, "{n}");
        }
    }

    #[test]
    fn an_eigenvalue_lies_within_the_residual() {
        for seed in 0..20 {
            let a = symmetric(120, seed);
            let exact = eigenvalues(a.view()).unwrap();
            let found = run(&a, 15, 0.0);
            for (value, residual) in
                [(found.smallest, found.smallest_residual), (found.largest, found.largest_residual)]
            {
                assert!(exact.iter().any(|e| (e - value).abs() <= residual + 1e-9));
            }
            assert!(found.smallest >= exact[0] - 1e-9 && found.largest <= exact[119] + 1e-9);
        }
    }

    #[test]
    fn the_largest_eigenvalue_alone_is_found_sooner() {
        let mut a = Array2::<f64>::eye(300);
        a.diag_mut().indexed_iter_mut().for_each(|(i, x)| *x = 0.9_f64.powf(i as f64));
        let settings = LanczosSettings { products: 300, tolerance: 1e-12 };
        let found = largest_eigenvalue(300, settings, &mut Stream::new(1, "lanczos", 0), |x, mut y| {
            y.assign(&a.dot(&x));
            Ok::<_, Infallible>(())
        })
        .unwrap();
        assert!((found.largest - 1.0).abs() < 1e-11);
        assert!(found.products < run(&a, 300, 1e-12).products);
    }

    #[test]
    fn a_zero_operator_and_a_multiple_of_the_identity_end_at_once() {
        assert_eq!(run(&Array2::zeros((9, 9)), 9, 1e-6).products, 1);
        let found = run(&(Array2::eye(9) * 3.0), 9, 1e-6);
        assert!((found.smallest - 3.0).abs() < 1e-12 && (found.largest - 3.0).abs() < 1e-12);
    }
}
