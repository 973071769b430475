//! Matrix products, by gemm on borrowed views of ndarray arrays: transposes are strides. Every product counts its
//! arithmetic, so that FLOP/s can be told from what was done.

use std::cell::Cell;
use std::time::Instant;

use gemm::Parallelism;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use rayon::join;

use super::threads::{halved, share};
use super::{Real, Stream};

thread_local! {
    static FLOPS: Cell<f64> = const { Cell::new(0.0) };
}

/// Floating-point operations of the matrix arithmetic this thread has asked for so far. A product of
/// m × k and k × n counts 2 m k n, a symmetric one half of it.
pub fn flops() -> f64 {
    FLOPS.get()
}

pub(super) fn count(flops: f64) {
    FLOPS.set(FLOPS.get() + flops);
}

/// Takes them back: the count starts from zero.
pub(super) fn take_flops() -> f64 {
    FLOPS.take()
}

/// FLOP/s that products of square matrices of this size reach on all threads of the pool: the median of so many
/// products, after one that warms up. The matrices are random: of equal numbers a processor needs less power, and
/// some are then a third faster than they ever are in training.
pub fn product_peak<T: Real>(size: usize, products: usize) -> f64 {
    let mut stream = Stream::new(0, "peak", 0);
    let a = Array2::<T>::from_shape_simple_fn((size, size), || T::of(stream.normal()));
    let mut c = Array2::zeros((size, size));
    let mut seconds: Vec<_> = (0..=products)
        .map(|_| {
            let began = Instant::now();
            gemm(T::one(), a.view(), a.view(), Target::Replace, c.view_mut());
            began.elapsed().as_secs_f64()
        })
        .skip(1)
        .collect();
    seconds.sort_by(f64::total_cmp);
    2.0 * (size as f64).powi(3) / seconds[products / 2].max(f64::MIN_POSITIVE)
}

/// What happens to the old content of a product's target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// C ← …
    Replace,
    /// C ← C + …
    Add,
    /// C ← ε C + …, with this ε; where it is 0 whatever was there is forgotten, NaN too.
    Decay(f64),
}

impl Target {
    /// The weight of the old content; none where it is forgotten.
    fn past<T: Real>(self) -> Option<T> {
        match self {
            Self::Replace | Self::Decay(0.0) => None,
            Self::Add => Some(T::one()),
            Self::Decay(past) => Some(T::of(past)),
        }
    }
}

/// C ← α A B, or C + α A B. A: m × k, B: k × n, C: m × n.
///
/// # Panics
/// Where the shapes do not fit.
pub fn gemm<T: Real>(alpha: T, a: ArrayView2<T>, b: ArrayView2<T>, target: Target, c: ArrayViewMut2<T>) {
    let flops = 2.0 * a.nrows() as f64 * a.ncols() as f64 * b.ncols() as f64;
    count(flops);
    product(share(flops), alpha, a, b, target, c);
}

/// [`gemm`] on so many threads: the rows of C are halved, or its columns where it is much wider than high, until each
/// thread has its part.
fn product<T: Real>(threads: usize, alpha: T, a: ArrayView2<T>, b: ArrayView2<T>, target: Target, c: ArrayViewMut2<T>) {
    let (rows, columns) = c.dim();
    if threads < 2 {
        alone(alpha, a, b, target, c);
    } else if 4 * rows > columns {
        let (half, threads) = (rows / 2, halved(threads));
        let ((a1, a2), (c1, c2)) = (a.split_at(Axis(0), half), c.split_at(Axis(0), half));
        join(|| product(threads[0], alpha, a1, b, target, c1), || product(threads[1], alpha, a2, b, target, c2));
    } else {
        let (half, threads) = (columns / 2, halved(threads));
        let ((b1, b2), (c1, c2)) = (b.split_at(Axis(1), half), c.split_at(Axis(1), half));
        join(|| product(threads[0], alpha, a, b1, target, c1), || product(threads[1], alpha, a, b2, target, c2));
    }
}

/// Columns of B and C at a time: as many as gemm packs at once, which the second cache holds.
const COLUMNS: usize = 512;

/// [`product`] on this thread, so many columns at a time.
#[allow(unsafe_code, reason = "gemm takes addresses")]
fn alone<T: Real>(alpha: T, a: ArrayView2<T>, b: ArrayView2<T>, target: Target, mut c: ArrayViewMut2<T>) {
    let ((rows, depth), past) = (a.dim(), target.past());
    assert!((rows, b.ncols()) == c.dim() && depth == b.nrows(), "a product of {:?} and {:?}", a.dim(), b.dim());
    for (b, mut c) in b.axis_chunks_iter(Axis(1), COLUMNS).zip(c.axis_chunks_iter_mut(Axis(1), COLUMNS)) {
        let ([a_row, a_column], [b_row, b_column]) = (steps(a.strides()), steps(b.strides()));
        let [c_row, c_column] = steps(c.strides());
        // SAFETY: the shapes fit, so that what is read lies in the three views, and what is written in C, which is
        // borrowed here alone.
        unsafe {
            gemm::gemm(
                rows,
                c.ncols(),
                depth,
                c.as_mut_ptr(),
                c_column,
                c_row,
                past.is_some(),
                a.as_ptr(),
                a_column,
                a_row,
                b.as_ptr(),
                b_column,
                b_row,
                past.unwrap_or(T::zero()),
                alpha,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}

/// From one row to the next, and from one column to the next.
fn steps(strides: &[isize]) -> [isize; 2] {
    [strides[0], strides[1]]
}

/// C ← α A B, or C + α A B, where C and A B are known to be symmetric: one triangle is computed and
/// mirrored, with half the arithmetic. A: n × k, B: k × n, C: n × n.
///
/// # Panics
/// Where the shapes do not fit.
pub fn gemm_symmetric<T: Real>(alpha: T, a: ArrayView2<T>, b: ArrayView2<T>, target: Target, mut c: ArrayViewMut2<T>) {
    let flops = a.nrows() as f64 * a.ncols() as f64 * b.ncols() as f64;
    count(flops);
    lower_triangle(share(flops), alpha, a, b, target, c.view_mut());
    mirror(c);
}

/// C ← α Aᵀ A, or C + α Aᵀ A (symmetric rank-k product). A: k × n, C: n × n.
///
/// # Panics
/// Where the shapes do not fit.
pub fn gram<T: Real>(alpha: T, a: ArrayView2<T>, target: Target, mut c: ArrayViewMut2<T>) {
    gram_lower(alpha, a, target, c.view_mut());
    mirror(c);
}

/// The lower triangle of [`gram`]; what is above the diagonal has no meaning afterwards.
///
/// # Panics
/// Where the shapes do not fit.
pub fn gram_lower<T: Real>(alpha: T, a: ArrayView2<T>, target: Target, c: ArrayViewMut2<T>) {
    let flops = a.nrows() as f64 * (a.ncols() as f64).powi(2);
    count(flops);
    lower_triangle(share(flops), alpha, a.t(), a, target, c);
}

/// Up to this size a whole square takes less time than its triangle in pieces: the columns that gemm takes at once of
/// the widest vectors.
const SQUARE: usize = 64;

/// The lower triangle of [`gemm_symmetric`] on so many threads: its square below the diagonal by all of
/// them, then the two triangles left by half of them each. Some of what lies above the diagonal is computed
/// too.
fn lower_triangle<T: Real>(
    threads: usize,
    alpha: T,
    a: ArrayView2<T>,
    b: ArrayView2<T>,
    target: Target,
    c: ArrayViewMut2<T>,
) {
    let size = c.nrows();
    if size <= SQUARE {
        return product(1, alpha, a, b, target, c);
    }
    let half = (size / 2).next_multiple_of(SQUARE / 4);
    let ((a1, a2), (b1, b2)) = (a.split_at(Axis(0), half), b.split_at(Axis(1), half));
    let (upper, lower) = c.split_at(Axis(0), half);
    let ((c11, _), (c21, c22)) = (upper.split_at(Axis(1), half), lower.split_at(Axis(1), half));
    product(threads, alpha, a2, b1, target, c21);
    if threads < 2 {
        lower_triangle(1, alpha, a1, b1, target, c11);
        lower_triangle(1, alpha, a2, b2, target, c22);
    } else {
        let [first, second] = halved(threads);
        let first = || lower_triangle(first, alpha, a1, b1, target, c11);
        join(first, || lower_triangle(second, alpha, a2, b2, target, c22));
    }
}

/// Below this size matrices are mirrored and transposed element by element.
const TILE: usize = 64;

/// Copies the lower triangle of a square matrix to the upper one.
pub fn mirror<T: Real>(c: ArrayViewMut2<T>) {
    let n = c.nrows();
    if n <= TILE {
        let mut c = c;
        for i in 0..n {
            for j in 0..i {
                c[(j, i)] = c[(i, j)];
            }
        }
        return;
    }
    let half = n / 2;
    let (upper, lower) = c.split_at(Axis(0), half);
    let (first, across) = upper.split_at(Axis(1), half);
    let (below, second) = lower.split_at(Axis(1), half);
    let diagonal = || rayon::join(|| mirror(first), || mirror(second));
    if n > 4 * TILE {
        rayon::join(|| transpose(below.view(), across), diagonal);
    } else {
        transpose(below.view(), across);
        diagonal();
    }
}

/// B ← Aᵀ, halved along the longer side until a tile fits the cache.
fn transpose<T: Real>(a: ArrayView2<T>, b: ArrayViewMut2<T>) {
    let (rows, columns) = a.dim();
    if rows <= TILE && columns <= TILE {
        let mut b = b;
        b.assign(&a.t());
        return;
    }
    let (axis, half) = if rows > columns { (0, rows / 2) } else { (1, columns / 2) };
    let (a1, a2) = a.split_at(Axis(axis), half);
    let (b1, b2) = b.split_at(Axis(1 - axis), half);
    transpose(a1, b1);
    transpose(a2, b2);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn random(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
        let mut stream = Stream::new(seed, "test", 0);
        Array2::from_shape_simple_fn((rows, columns), || stream.normal())
    }

    fn naive(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
        Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| (0..a.ncols()).map(|k| a[(i, k)] * b[(k, j)]).sum())
    }

    fn assert_close(a: &Array2<f64>, b: &Array2<f64>) {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10), "{a}\n{b}");
    }

    proptest! {
        #[test]
        fn products_equal_sums_for_any_shape_and_stride(
            m in 1_usize..40, k in 0_usize..40, n in 1_usize..40, seed in 0_u64..1000,
        ) {
            let wide = random(m, k + 1, seed);
            let a = wide.slice(ndarray::s![.., ..k]);
            let bt = random(n, k, seed + 1);
            let mut c = random(m, n, seed + 2);
            let mut expected = naive(a, bt.t());
            gemm(1.0, a, bt.t(), Target::Replace, c.view_mut());
            assert_close(&c, &expected);
            gemm(-0.5, a, bt.t(), Target::Add, c.view_mut());
            expected *= 0.5;
            assert_close(&c, &expected);
        }

        #[test]
        fn a_gram_matrix_equals_the_full_product(k in 1_usize..30, n in 1_usize..200, seed in 0_u64..1000) {
            let a = random(k, n, seed);
            let mut c = Array2::zeros((n, n));
            gram(0.3, a.view(), Target::Replace, c.view_mut());
            assert_close(&c, &(naive(a.t(), a.view()) * 0.3));
        }
    }

    #[test]
    fn a_large_matrix_is_mirrored_whole() {
        let mut c = random(701, 701, 3);
        let lower = c.clone();
        mirror(c.view_mut());
        for ((i, j), &x) in c.indexed_iter() {
            assert_eq!(x.to_bits(), lower[(i.max(j), i.min(j))].to_bits());
        }
    }

    #[test]
    fn a_symmetric_product_counts_half() {
        let a = random(10, 20, 1);
        let before = flops();
        gram(1.0, a.view(), Target::Replace, Array2::zeros((20, 20)).view_mut());
        assert!((flops() - before - 4000.0).abs() < 1e-9);
    }
}
