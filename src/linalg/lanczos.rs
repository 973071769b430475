//! The Lanczos iteration, and the extreme eigenvalues it finds of a symmetric operator.

use nalgebra::DMatrix;
use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, s};

use super::Stream;

/// Share of the largest |eigenvalue| that rounding can make of a zero.
pub const ROUNDING: f64 = 1e-10;

/// When a Lanczos iteration ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LanczosSettings {
    /// The most products with the operator.
    pub products: usize,
    /// It ends early where the residual of each value that is sought is at most this share of the |value| itself.
    /// A share of the largest one would be met by values near zero before those beyond them are found.
    pub tolerance: f64,
}

/// Which of its vectors an iteration keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// All of them, so that each new one can be made orthogonal to them to rounding: n numbers a product.
    All,
    /// The last two. Vectors then lose their orthogonality once a Ritz pair converges, which adds copies of
    /// its value, but leaves extreme Ritz values and their residuals true (Paige 1980).
    Two,
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
    /// Ritz values below `-ROUNDING` of the largest |value|. Where all vectors were kept, the operator has at least
    /// as many negative eigenvalues (Cauchy's interlacing).
    pub negative: usize,
    /// Products with the operator.
    pub products: usize,
}

/// The extreme eigenvalues of the symmetric operator of dimension n that `apply(x, y)` computes as
/// y ← A x, starting from a random vector of `stream`. Once n products are made, with all vectors kept, they
/// are exact to rounding.
///
/// # Errors
/// Those of `apply`.
pub fn lanczos<E>(
    n: usize,
    settings: LanczosSettings,
    kept: Kept,
    stream: &mut Stream,
    apply: impl FnMut(ArrayView1<f64>, ArrayViewMut1<f64>) -> Result<(), E>,
) -> Result<Extremes, E> {
    let settled = |value: f64, residual: f64| residual <= settings.tolerance * value.abs();
    iterate(n, settings, kept, stream, apply, |found| {
        settled(found.smallest, found.smallest_residual) && settled(found.largest, found.largest_residual)
    })
}

/// As [`lanczos`] with all vectors kept, but it ends as soon as the residual of the largest eigenvalue alone
/// is small enough.
///
/// # Errors
/// Those of `apply`.
pub fn largest_eigenvalue<E>(
    n: usize,
    settings: LanczosSettings,
    stream: &mut Stream,
    apply: impl FnMut(ArrayView1<f64>, ArrayViewMut1<f64>) -> Result<(), E>,
) -> Result<Extremes, E> {
    iterate(n, settings, Kept::All, stream, apply, |found| {
        found.largest_residual <= settings.tolerance * found.largest.abs()
    })
}

/// The iteration, until what is found is `settled`.
fn iterate<E>(
    n: usize,
    settings: LanczosSettings,
    kept: Kept,
    stream: &mut Stream,
    mut apply: impl FnMut(ArrayView1<f64>, ArrayViewMut1<f64>) -> Result<(), E>,
    settled: impl Fn(&Extremes) -> bool,
) -> Result<Extremes, E> {
    let most = settings.products.clamp(1, n.max(1));
    let mut iteration = Iteration::new(n, most, kept, stream);
    loop {
        iteration.step(&mut apply)?;
        let tridiagonal = &iteration.tridiagonal;
        let ended = tridiagonal.is_exhausted() || tridiagonal.size() == most;
        if ended || tridiagonal.size().is_multiple_of(5) {
            let found = tridiagonal.extremes();
            if ended || settled(&found) {
                return Ok(found);
            }
        }
    }
}

/// T, the operator in the basis of the Lanczos vectors.
#[derive(Clone, Debug, Default)]
pub(super) struct Tridiagonal {
    /// Its diagonal.
    pub diagonal: Vec<f64>,
    /// β_1 … β_k: what lies beside the diagonal, and last the norm of what would come next.
    pub beside: Vec<f64>,
}

impl Tridiagonal {
    /// k.
    pub fn size(&self) -> usize {
        self.diagonal.len()
    }

    /// Whether the Lanczos vectors span an invariant subspace, to rounding.
    pub fn is_exhausted(&self) -> bool {
        let scale = self.diagonal.iter().chain(&self.beside[..self.size() - 1]).fold(0.0, |m: f64, x| m.max(x.abs()));
        self.beside.last().is_some_and(|&next| next <= f64::EPSILON * scale)
    }

    /// All of it.
    pub fn dense(&self) -> DMatrix<f64> {
        let k = self.size();
        let mut dense = DMatrix::zeros(k, k);
        for (i, &x) in self.diagonal.iter().enumerate() {
            dense[(i, i)] = x;
        }
        for (i, &x) in self.beside[..k - 1].iter().enumerate() {
            (dense[(i, i + 1)], dense[(i + 1, i)]) = (x, x);
        }
        dense
    }

    /// The largest Ritz value, its residual, and the coordinates of its Ritz vector among the Lanczos vectors.
    pub fn leading(&self) -> (f64, f64, Vec<f64>) {
        let (next, eigen) = (self.beside.last().copied().unwrap_or(0.0), self.dense().symmetric_eigen());
        let index = eigen.eigenvalues.imax();
        let vector: Vec<f64> = eigen.eigenvectors.column(index).iter().copied().collect();
        (eigen.eigenvalues[index], vector.last().map_or(0.0, |last| (next * last).abs()), vector)
    }

    /// The extreme Ritz values; the residual of a Ritz pair is β_k times the last entry of its eigenvector.
    fn extremes(&self) -> Extremes {
        let (k, next) = (self.size(), self.beside.last().copied().unwrap_or(0.0));
        let eigen = self.dense().symmetric_eigen();
        let (low, high) = (eigen.eigenvalues.imin(), eigen.eigenvalues.imax());
        let residual = |i: usize| (next * eigen.eigenvectors[(k - 1, i)]).abs();
        let (smallest, largest) = (eigen.eigenvalues[low], eigen.eigenvalues[high]);
        let rounding = ROUNDING * smallest.abs().max(largest.abs());
        Extremes {
            smallest,
            largest,
            negative: eigen.eigenvalues.iter().filter(|&&value| value < -rounding).count(),
            smallest_residual: residual(low),
            largest_residual: residual(high),
            products: k,
        }
    }
}

/// The iteration on its way.
pub(super) struct Iteration {
    /// What is known so far.
    pub tridiagonal: Tridiagonal,
    /// The vectors as rows: all of them, or two that take turns.
    basis: Array2<f64>,
    image: Array1<f64>,
}

impl Iteration {
    /// From a random direction, for at most `most` steps.
    pub fn new(n: usize, most: usize, kept: Kept, stream: &mut Stream) -> Self {
        let rows = if kept == Kept::All { most } else { most.min(2) };
        let mut basis = Array2::zeros((rows, n));
        let start: Array1<f64> = Array1::from_shape_simple_fn(n, || stream.normal());
        basis.row_mut(0).assign(&(&start / start.dot(&start).sqrt()));
        Self { tridiagonal: Tridiagonal::default(), basis, image: Array1::zeros(n) }
    }

    /// One product, after the first from the next vector.
    pub fn step<E>(
        &mut self,
        apply: &mut impl FnMut(ArrayView1<f64>, ArrayViewMut1<f64>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (k, rows) = (self.tridiagonal.size(), self.basis.nrows());
        let image = &mut self.image;
        if let Some(&next) = self.tridiagonal.beside.last() {
            self.basis.row_mut(k % rows).assign(&(&*image / next));
        }
        let current = self.basis.row(k % rows);
        apply(current, image.view_mut())?;
        self.tridiagonal.diagonal.push(current.dot(image));
        // Twice is enough (Kahan, Parlett): the new direction is orthogonal to what is kept, to rounding.
        let known = self.basis.slice(s![..rows.min(k + 1), ..]);
        for _ in 0..2 {
            let overlap = known.dot(image);
            known.outer_iter().zip(&overlap).for_each(|(known, &overlap)| image.scaled_add(-overlap, &known));
        }
        self.tridiagonal.beside.push(image.dot(image).sqrt());
        Ok(())
    }

    /// The Lanczos vector of the latest step.
    pub fn latest(&self) -> ArrayView1<'_, f64> {
        self.basis.row((self.tridiagonal.size() - 1) % self.basis.nrows())
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
        lanczos(a.nrows(), settings, Kept::All, &mut Stream::new(1, "lanczos", 0), |x, mut y| {
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

    #[test]
    fn extremes_stay_true_where_two_vectors_are_kept() {
        for seed in 0..5 {
            let a = symmetric(90, seed);
            let exact = eigenvalues(a.view()).unwrap();
            let settings = LanczosSettings { products: 80, tolerance: 1e-9 };
            let mut products = 0;
            let found = lanczos(90, settings, Kept::Two, &mut Stream::new(seed, "lanczos", 0), |x, mut y| {
                products += 1;
                y.assign(&a.dot(&x));
                Ok::<_, Infallible>(())
            })
            .unwrap();
            assert_eq!(products, found.products);
            assert!((found.largest - exact[89]).abs() < 1e-6 && (found.smallest - exact[0]).abs() < 1e-6, "{found:?}");
        }
    }
}
