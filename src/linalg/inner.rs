//! Inner products and distances of long vectors, accumulated in double precision.

use ndarray::{ArrayView1, ArrayView2};

use super::vector::{by_parts, sum};
use super::{Real, row};

/// Slices of one length.
type Slices<'a, T, const N: usize> = [&'a [T]; N];

fn split<T, const N: usize>(slices: Slices<'_, T, N>, middle: usize) -> (Slices<'_, T, N>, Slices<'_, T, N>) {
    let halves = slices.map(|slice| slice.split_at(middle));
    (halves.map(|(first, _)| first), halves.map(|(_, second)| second))
}

/// `S` sums over slices of one length, of which `terms` adds up a part. The order does not depend on the number of
/// threads.
fn sums<T: Real, const N: usize, const S: usize>(
    slices: Slices<T, N>,
    terms: impl Fn(Slices<T, N>) -> [f64; S] + Sync,
) -> [f64; S] {
    by_parts(slices, slices[0].len(), &split, &terms)
}

/// Σ_i a_i b_i of slices of one length.
fn short_dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    sum([a, b], |[a, b]| a.double() * b.double())
}

/// Σ_i a_i b_i of vectors in standard order, in an order that does not depend on the number of threads.
///
/// # Panics
/// Where the lengths differ, or a vector is not in standard order.
pub fn dot<T: Real>(a: ArrayView1<T>, b: ArrayView1<T>) -> f64 {
    assert_eq!(a.len(), b.len(), "dot product of vectors of different lengths");
    let [sum] = sums([row(&a), row(&b)], |[a, b]| [short_dot(a, b)]);
    sum
}

/// ‖a − b‖², accumulated like [`dot`].
///
/// # Panics
/// Where the lengths differ, or a vector is not in standard order.
pub fn squared_distance<T: Real>(a: ArrayView1<T>, b: ArrayView1<T>) -> f64 {
    assert_eq!(a.len(), b.len(), "distance of vectors of different lengths");
    let [total] = sums([row(&a), row(&b)], |part| [sum(part, |[a, b]| (a.double() - b.double()).powi(2))]);
    total
}

/// All inner products of three vectors that a quadratic model along two of them needs, in one pass over
/// memory: (a·c, b·c, a·a, b·b, a·b), accumulated like [`dot`].
///
/// # Panics
/// Where the lengths differ, or a vector is not in standard order.
pub fn inner_products<T: Real>(a: ArrayView1<T>, b: ArrayView1<T>, c: ArrayView1<T>) -> [f64; 5] {
    assert!(a.len() == b.len() && b.len() == c.len(), "inner products of vectors of different lengths");
    sums([row(&a), row(&b), row(&c)], |[a, b, c]| {
        [short_dot(a, c), short_dot(b, c), short_dot(a, a), short_dot(b, b), short_dot(a, b)]
    })
}

/// Σ_ij a_ij b_ij of two matrices in standard order, accumulated like [`dot`].
///
/// # Panics
/// Where the shapes differ, or a matrix is not in standard order.
pub fn dot_matrix<T: Real>(a: ArrayView2<T>, b: ArrayView2<T>) -> f64 {
    assert_eq!(a.dim(), b.dim(), "inner product of matrices of different shapes");
    match (a.to_slice(), b.to_slice()) {
        (Some(a), Some(b)) => dot(ArrayView1::from(a), ArrayView1::from(b)),
        _ => unreachable!("only matrices in standard order come here"),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;
    use crate::linalg::Stream;

    fn random(length: usize, seed: u64) -> Array1<f32> {
        let mut stream = Stream::new(seed, "test", 0);
        Array1::from_shape_simple_fn(length, || stream.normal() as f32)
    }

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    #[test]
    fn inner_products_of_any_length_are_their_sums_and_do_not_depend_on_the_threads() {
        for length in [0, 1, 31, 4096, 4097, 100_001] {
            let [a, b, c] = [1, 2, 3].map(|seed| random(length, seed));
            let all = || {
                let [ac, bc, aa, bb, ab] = inner_products(a.view(), b.view(), c.view());
                [ac, bc, aa, bb, ab, squared_distance(a.view(), b.view()), dot(a.view(), b.view())]
            };
            let found = pool(1).install(all);
            let exact = |x: &Array1<f32>, y: &Array1<f32>| {
                x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>()
            };
            let (aa, bb, ab) = (exact(&a, &a), exact(&b, &b), exact(&a, &b));
            let expected = [exact(&a, &c), exact(&b, &c), aa, bb, ab, aa + bb - 2.0 * ab, ab];
            let scale = 1e-6 * (length as f64 + 1.0);
            assert!(found.iter().zip(expected).all(|(x, y)| (x - y).abs() < scale), "{found:?} {expected:?}");
            assert_eq!(found.map(f64::to_bits), pool(3).install(all).map(f64::to_bits));
        }
    }

    #[test]
    fn squares_of_single_precision_neither_overflow_nor_vanish() {
        for scale in [1e30_f32, 1e-30] {
            let x = random(5000, 1) * scale;
            let (squared, unit) = (dot(x.view(), x.view()), dot((&x / scale).view(), (&x / scale).view()));
            assert!((squared / f64::from(scale).powi(2) / unit - 1.0).abs() < 1e-6, "{scale}: {squared}");
        }
    }
}
