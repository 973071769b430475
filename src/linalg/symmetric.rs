//! Symmetric matrices: Cholesky factorization, inverse and solve, eigenvalues.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt;
use faer::linalg::evd;
use faer_ext::IntoFaer as _;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, CowArray};

use super::Real;
use super::product::{count, mirror};
use super::threads::parallelism;
use super::vector::clean;

/// A matrix that has to be positive definite is not, or is not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {size} × {size} matrix is not positive definite")]
pub struct NotPositiveDefinite {
    /// Its number of rows.
    pub size: usize,
}

/// Cholesky factorizations that reuse their memory.
#[derive(Default)]
pub struct Cholesky {
    memory: Option<MemBuffer>,
}

impl Cholesky {
    fn stack(&mut self, request: StackReq) -> &mut MemStack {
        let large_enough =
            self.memory.as_ref().is_some_and(|memory| memory.len() >= request.unaligned_bytes_required());
        if !large_enough {
            self.memory = None;
        }
        MemStack::new(self.memory.get_or_insert_with(|| MemBuffer::new(request)))
    }

    /// The lower triangle of `a` ← L with A = L Lᵀ; the upper one is left as it is. n³/3 operations.
    ///
    /// # Errors
    /// Where A is not positive definite to working precision, or not finite. `a` is then spoilt.
    pub fn factorize<T: Real>(&mut self, mut a: ArrayViewMut2<T>) -> Result<(), NotPositiveDefinite> {
        let size = a.nrows();
        let flops = (size as f64).powi(3) / 3.0;
        count(flops);
        let par = parallelism(flops);
        let stack = self.stack(llt::factor::cholesky_in_place_scratch::<T>(size, par, faer::Spec::default()));
        let regularization = llt::factor::LltRegularization::default();
        let factored = clean(|| {
            let a = a.view_mut().into_faer();
            llt::factor::cholesky_in_place(a, regularization, par, stack, faer::Spec::default())
        });
        factored.map_err(|_| NotPositiveDefinite { size })?;
        // A NaN can pass through the factorization; it always reaches the last pivot.
        let finite = (0..size).all(|i| num_traits::Float::is_finite(a[(i, i)]));
        if finite { Ok(()) } else { Err(NotPositiveDefinite { size }) }
    }

    /// `inverse` ← A⁻¹, symmetric; `a` is overwritten. n³ operations.
    ///
    /// # Errors
    /// Where A is not positive definite to working precision, or not finite.
    pub fn invert<T: Real>(
        &mut self,
        mut a: ArrayViewMut2<T>,
        mut inverse: ArrayViewMut2<T>,
    ) -> Result<(), NotPositiveDefinite> {
        self.factorize(a.view_mut())?;
        let size = a.nrows();
        let flops = 2.0 * (size as f64).powi(3) / 3.0;
        count(flops);
        let par = parallelism(flops);
        let stack = self.stack(llt::inverse::inverse_scratch::<T>(size, par));
        clean(|| llt::inverse::inverse(inverse.view_mut().into_faer(), a.view().into_faer(), par, stack));
        mirror(inverse);
        Ok(())
    }

    /// `b` ← A⁻¹ B; `a` is overwritten. A: n × n, B: n × m.
    ///
    /// # Errors
    /// Where A is not positive definite to working precision, or not finite.
    pub fn solve<T: Real>(&mut self, mut a: ArrayViewMut2<T>, b: ArrayViewMut2<T>) -> Result<(), NotPositiveDefinite> {
        self.factorize(a.view_mut())?;
        let (size, columns) = b.dim();
        let flops = 2.0 * (size as f64).powi(2) * columns as f64;
        count(flops);
        let par = parallelism(flops);
        let stack = self.stack(llt::solve::solve_in_place_scratch::<T>(size, columns, par));
        clean(|| llt::solve::solve_in_place(a.view().into_faer(), b.into_faer(), par, stack));
        Ok(())
    }
}

/// Eigenvalues of a symmetric matrix, ascending; only the lower triangle is read.
///
/// # Errors
/// Where the iteration does not converge, as for a matrix that is not finite.
pub fn eigenvalues(a: ArrayView2<f64>) -> Result<Array1<f64>, NotConverged> {
    decompose(a, false).map(|(values, _)| values)
}

/// Eigenvalues, ascending, and eigenvectors (as columns) of a symmetric matrix; only the lower
/// triangle is read.
///
/// # Errors
/// Where the iteration does not converge, as for a matrix that is not finite.
pub fn eigen(a: ArrayView2<f64>) -> Result<(Array1<f64>, Array2<f64>), NotConverged> {
    decompose(a, true)
}

/// An eigenvalue iteration came to no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the eigenvalues of a {size} × {size} matrix could not be computed (are its entries finite?)")]
pub struct NotConverged {
    /// Its number of rows.
    pub size: usize,
}

fn decompose(a: ArrayView2<f64>, vectors: bool) -> Result<(Array1<f64>, Array2<f64>), NotConverged> {
    let size = a.nrows();
    let failed = NotConverged { size };
    if a.iter().any(|x| !x.is_finite()) {
        return Err(failed);
    }
    let largest = a.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    // Squares of its entries must stay within double precision. A power of 2 changes no digit of them.
    let scale = match largest {
        _ if largest > 1e140 => Some(2.0_f64.powi(-600)),
        _ if largest > 0.0 && largest < 1e-140 => Some(2.0_f64.powi(600)),
        _ => None,
    };
    let a = scale.map_or(CowArray::from(a), |scale| CowArray::from(&a * scale));
    // Householder's tridiagonal form, and QR iterations on the vectors (Golub & Van Loan, section 8.3).
    count((size as f64).powi(3) * if vectors { 9.0 } else { 4.0 / 3.0 });
    let par = parallelism((size as f64).powi(3));
    let wanted = if vectors { evd::ComputeEigenvectors::Yes } else { evd::ComputeEigenvectors::No };
    let mut memory = MemBuffer::new(evd::self_adjoint_evd_scratch::<f64>(size, wanted, par, faer::Spec::default()));
    let mut values = faer::diag::Diag::<f64>::zeros(size);
    let mut u = Array2::zeros(if vectors { (size, size) } else { (0, 0) });
    let stack = MemStack::new(&mut memory);
    let decomposed = clean(|| {
        let u = vectors.then(|| u.view_mut().into_faer());
        evd::self_adjoint_evd(a.view().into_faer(), values.as_mut(), u, par, stack, faer::Spec::default())
    });
    decomposed.map_err(|_| failed)?;
    let unscale = scale.map_or(1.0, f64::recip);
    Ok(((0..size).map(|i| values.column_vector()[i] * unscale).collect(), u))
}

/// Whether all eigenvalues of the symmetric matrix A exceed `threshold`: whether A − threshold · I has a
/// Cholesky factor. A tenth of the arithmetic of its eigenvalues. `a` is overwritten.
pub fn all_eigenvalues_above(mut a: ArrayViewMut2<f64>, threshold: f64) -> bool {
    a.diag_mut().mapv_inplace(|x| x - threshold);
    Cholesky::default().factorize(a).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{Stream, Target, gram};
    use ndarray::Array2;

    fn positive_definite(n: usize) -> Array2<f64> {
        let mut stream = Stream::new(1, "test", n as u64);
        let root = Array2::from_shape_simple_fn((n + 5, n), || stream.normal());
        let mut a = Array2::zeros((n, n));
        gram(1.0, root.view(), Target::Replace, a.view_mut());
        a
    }

    fn oracle(a: &Array2<f64>) -> nalgebra::DMatrix<f64> {
        nalgebra::DMatrix::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)])
    }

    #[test]
    fn the_inverse_times_the_matrix_is_the_identity() {
        let mut cholesky = Cholesky::default();
        for n in [1, 2, 17, 130] {
            let a = positive_definite(n);
            let mut inverse = Array2::zeros((n, n));
            cholesky.invert(a.clone().view_mut(), inverse.view_mut()).unwrap();
            let product = a.dot(&inverse);
            let error = (&product - &Array2::<f64>::eye(n)).fold(0.0, |m: f64, x| m.max(x.abs()));
            assert!(error < 1e-8, "{n}: {error}");
            assert_eq!(inverse, inverse.t());
            let mut b = a.dot(&Array2::<f64>::ones((n, 2)));
            cholesky.solve(a.clone().view_mut(), b.view_mut()).unwrap();
            assert!(b.iter().all(|x| (x - 1.0).abs() < 1e-8));
        }
    }

    #[test]
    fn an_indefinite_or_infinite_matrix_is_refused() {
        let mut cholesky = Cholesky::default();
        let mut a = positive_definite(20);
        a[(7, 7)] = -1.0;
        assert_eq!(cholesky.factorize(a.view_mut()), Err(NotPositiveDefinite { size: 20 }));
        for bad in [f64::NAN, f64::INFINITY] {
            let mut a = positive_definite(20);
            a[(3, 2)] = bad;
            a[(2, 3)] = bad;
            assert!(cholesky.factorize(a.view_mut()).is_err());
            assert!(eigenvalues(a.view()).is_err());
        }
    }

    #[test]
    fn eigenvalues_are_found_at_the_ends_of_double_precision() {
        for size in [3, 40] {
            let a = positive_definite(size);
            let expected = eigenvalues(a.view()).unwrap();
            for scale in [1e-310, 1e-200, 1e200, 1e304] {
                let found = eigenvalues((&a * scale).view()).unwrap();
                for (found, expected) in found.iter().zip(&expected) {
                    assert!((found - expected * scale).abs() < 1e-11 * expected * scale, "{found} at {scale}");
                }
            }
        }
    }

    #[test]
    fn eigenvalues_are_those_of_an_independent_library() {
        for n in [1, 3, 40] {
            let mut a = positive_definite(n);
            a.diag_mut().mapv_inplace(|x| x - 20.0);
            let mut expected: Vec<_> = oracle(&a).symmetric_eigenvalues().iter().copied().collect();
            expected.sort_by(f64::total_cmp);
            let (values, vectors) = eigen(a.view()).unwrap();
            for (x, y) in values.iter().zip(&expected) {
                assert!((x - y).abs() < 1e-9 * expected[n - 1].abs().max(1.0));
            }
            let error = a.dot(&vectors) - &vectors * &values;
            assert!(error.iter().all(|x| x.abs() < 1e-8));
            let smallest = expected[0];
            assert!(all_eigenvalues_above(a.clone().view_mut(), smallest - 1e-6));
            assert!(!all_eigenvalues_above(a.clone().view_mut(), smallest + 1e-6));
        }
    }
}
