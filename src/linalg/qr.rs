//! The factors of a QR factorization.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::qr::no_pivoting::factor;
use faer_ext::IntoNdarray as _;
use ndarray::{Array2, ArrayView2};

use super::product::count;
use super::threads::parallelism;
use super::vector::clean;

/// R of A = Q R, by Householder reflections: RᵀR = AᵀA without the loss of accuracy of forming AᵀA, so R
/// has the numerical rank of A. A: m × n; returns min(m, n) × n, zero below the diagonal.
pub fn triangular_factor(a: ArrayView2<f64>) -> Array2<f64> {
    let (rows, columns) = a.dim();
    let size = rows.min(columns);
    let flops = 2.0 * (size * size) as f64 * (rows.max(columns) as f64 - size as f64 / 3.0);
    count(flops);
    let par = parallelism(flops);
    let block = factor::recommended_block_size::<f64>(rows, columns);
    // In columns, as the reflections work.
    let mut matrix = faer::Mat::from_fn(rows, columns, |i, j| a[(i, j)]);
    let mut coefficients = faer::Mat::zeros(block, size);
    let request = factor::qr_in_place_scratch::<f64>(rows, columns, block, par, faer::Spec::default());
    let mut memory = MemBuffer::new(request);
    let stack = MemStack::new(&mut memory);
    clean(|| factor::qr_in_place(matrix.as_mut(), coefficients.as_mut(), par, stack, faer::Spec::default()));
    let factored = matrix.as_ref().into_ndarray();
    Array2::from_shape_fn((size, columns), |(i, j)| if i <= j { factored[(i, j)] } else { 0.0 })
}

/// Q of A = Q R, by Householder reflections: orthonormal columns whose span contains those of A. A: m × n;
/// returns m × min(m, n).
pub fn orthonormal_basis(a: ArrayView2<f64>) -> Array2<f64> {
    let (rows, columns) = a.dim();
    let size = rows.min(columns);
    count(4.0 * (size * size) as f64 * (rows.max(columns) as f64 - size as f64 / 3.0));
    let basis = clean(|| faer::Mat::from_fn(rows, columns, |i, j| a[(i, j)]).qr().compute_thin_Q());
    basis.as_ref().into_ndarray().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::Stream;

    #[test]
    fn a_basis_is_orthonormal_and_spans_the_columns_also_where_they_depend_on_one_another() {
        for (m, n, rank) in [(1, 1, 1), (7, 3, 3), (3, 7, 3), (90, 40, 12)] {
            let mut stream = Stream::new(3, "test", m as u64);
            let mut random = |m, n| Array2::from_shape_simple_fn((m, n), || stream.normal());
            let a = random(m, rank).dot(&random(rank, n));
            let q = orthonormal_basis(a.view());
            assert_eq!(q.dim(), (m, m.min(n)));
            let close = |a: &Array2<f64>, b: &Array2<f64>| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(close(&q.t().dot(&q), &Array2::eye(m.min(n))));
            assert!(close(&(q.dot(&q.t().dot(&a)) / 30.0), &(&a / 30.0)), "{m} {n} {rank}");
        }
    }

    #[test]
    fn the_triangular_factor_has_the_gram_matrix_of_the_whole() {
        for (m, n) in [(1, 1), (7, 3), (3, 7), (200, 60), (60, 200)] {
            let mut stream = Stream::new(2, "test", m as u64);
            let a = Array2::from_shape_simple_fn((m, n), || stream.normal());
            let r = triangular_factor(a.view());
            assert_eq!(r.dim(), (m.min(n), n));
            let error = r.t().dot(&r) - a.t().dot(&a);
            assert!(error.iter().all(|x| x.abs() < 1e-11 * (m * n) as f64), "{m} × {n}");
        }
    }
}
