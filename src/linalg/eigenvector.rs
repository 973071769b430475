//! The leading eigenvector of a symmetric operator, without its Lanczos vectors being kept.

use ndarray::{Array1, ArrayView1, ArrayViewMut1};

use super::Stream;
use super::lanczos::{Iteration, Kept, LanczosSettings};

/// The unit eigenvector of the largest eigenvalue of the symmetric operator of dimension n that `apply(x, y)`
/// computes as y ← A x, as a Ritz vector whose residual ‖A y − θ y‖ is at most the tolerance, or as far as the
/// products reach. A first iteration finds its coordinates among the Lanczos vectors, a second one, which is the same
/// again, adds these up: twice the products, but memory for two vectors alone where n is large.
///
/// # Errors
/// Those of `apply`.
pub fn leading_eigenvector<E>(
    n: usize,
    settings: LanczosSettings,
    stream: &mut Stream,
    mut apply: impl FnMut(ArrayView1<f64>, ArrayViewMut1<f64>) -> Result<(), E>,
) -> Result<Array1<f64>, E> {
    let most = settings.products.clamp(1, n.max(1));
    // Where all directions can be tried none are lost; elsewhere two vectors are enough.
    let kept = if n <= settings.products { Kept::All } else { Kept::Two };
    let mut again = Iteration::new(n, most, kept, &mut stream.clone());
    let mut iteration = Iteration::new(n, most, kept, stream);
    let coordinates = loop {
        iteration.step(&mut apply)?;
        let tridiagonal = &iteration.tridiagonal;
        let ended = tridiagonal.is_exhausted() || tridiagonal.size() == most;
        if ended || tridiagonal.size().is_multiple_of(5) {
            let (value, residual, vector) = tridiagonal.leading();
            if ended || residual <= settings.tolerance * value.abs() {
                break vector;
            }
        }
    };
    let mut sum = Array1::zeros(n);
    for coordinate in coordinates {
        again.step(&mut apply)?;
        sum.scaled_add(coordinate, &again.latest());
    }
    let length = sum.dot(&sum).sqrt();
    Ok(sum / length)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use ndarray::Array2;

    use super::*;

    #[test]
    fn the_leading_eigenvector_is_one() {
        for n in [1, 7, 40, 300] {
            let mut stream = Stream::new(n as u64, "test", 0);
            let root = Array2::from_shape_simple_fn((n, n), || stream.normal());
            let matrix = &root + &root.t();
            let settings = LanczosSettings { products: 120, tolerance: 1e-6 };
            let vector = leading_eigenvector(n, settings, &mut stream, |x, mut y| {
                y.assign(&matrix.dot(&x));
                Ok::<_, Infallible>(())
            })
            .unwrap();
            let oracle = nalgebra::DMatrix::from_iterator(n, n, matrix.iter().copied()).symmetric_eigen();
            let largest = oracle.eigenvectors.column(oracle.eigenvalues.imax());
            let overlap: f64 = vector.iter().zip(largest.iter()).map(|(x, y)| x * y).sum();
            assert!((vector.dot(&vector) - 1.0).abs() < 1e-12, "{n}");
            assert!(overlap.abs() > 1.0 - 1e-6, "{n}: {overlap}");
        }
    }
}
