//! Elementwise loops on the vector unit, and norms that do not overflow.

use super::Real;

/// Numbers that one thread takes at a time of long vectors: few enough for the fastest cache.
const CHUNK: usize = 4096;

/// Σ work(part), for each of `S` sums, over the parts of long vectors, which `split` cuts in two until they are short.
/// The order of the sums does not depend on the number of threads.
pub fn by_parts<V: Send, const S: usize>(
    vectors: V,
    length: usize,
    split: &(impl Fn(V, usize) -> (V, V) + Sync),
    work: &(impl Fn(V) -> [f64; S] + Sync),
) -> [f64; S] {
    if length <= CHUNK {
        return work(vectors);
    }
    let half = (length / 2).next_multiple_of(CHUNK);
    let (first, second) = split(vectors, half);
    let (mut sums, rest) =
        rayon::join(|| by_parts(first, half, split, work), || by_parts(second, length - half, split, work));
    sums.iter_mut().zip(rest).for_each(|(sum, x)| *sum += x);
    sums
}

/// Vectors x and y.
type Pair<'a, T> = (&'a [T], &'a mut [T]);

fn split_pair<T>((x, y): Pair<'_, T>, middle: usize) -> (Pair<'_, T>, Pair<'_, T>) {
    let ((x1, x2), (y1, y2)) = (x.split_at(middle), y.split_at_mut(middle));
    ((x1, y1), (x2, y2))
}

/// y ← y + α x; returns ‖y‖², in the same pass over memory.
///
/// # Panics
/// Where the lengths differ.
pub fn add_scaled<T: Real>(alpha: T, x: &[T], y: &mut [T]) -> f64 {
    assert_eq!(x.len(), y.len(), "vectors of different lengths are added");
    let [squared] = by_parts((x, y), x.len(), &split_pair, &|(x, y)| {
        vectorised!(y.iter_mut().zip(x).for_each(|(y, &x)| *y += alpha * x));
        [sum([y], |[y]| y.double() * y.double())]
    });
    squared
}

/// Runs a loop compiled for the widest vector instructions that this machine has, whatever the program was built for.
/// The loop must stand in the macro itself: what stays a function of its own is compiled for the oldest of machines.
/// Results are the same to the bit.
macro_rules! vectorised {
    ($run:expr) => {{
        // What cannot be called twice is itself what is called; else a shim is, which need not be inlined.
        struct Once;
        let once = Once;
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let _once = once;
                $run
            },
        )
    }};
}
pub(crate) use vectorised;

/// Sums that the vector unit keeps side by side.
const LANES: usize = 32;

/// Σ_i term(x_i, …) over slices of one length, in the precision of the terms: on the vector unit, by so many
/// sums side by side, so that no addition waits for the one before.
#[inline]
pub fn sum<T: Real, S: Real, const N: usize>(slices: [&[T]; N], term: impl Fn([T; N]) -> S) -> S {
    let parts = slices.map(<[T]>::as_chunks::<LANES>);
    vectorised!({
        let mut sums = [S::zero(); LANES];
        for index in 0..parts[0].0.len() {
            let chunks = parts.map(|(chunks, _)| &chunks[index]);
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum += term(chunks.map(|chunk| chunk[i]));
            }
        }
        let rest = parts.map(|(_, rest)| rest);
        for (i, sum) in sums[..rest[0].len()].iter_mut().enumerate() {
            *sum += term(rest.map(|rest| rest[i]));
        }
        sums.into_iter().sum()
    })
}

/// Lets faer work, and leaves the vector unit clean. Its kernels end without clearing the upper halves of the
/// registers. On many processors everything that was not compiled for this machine's vector unit, much of the C
/// library included, carries them along from then on: a tanh takes twenty times as long.
pub(super) fn clean<R>(faer: impl FnOnce() -> R) -> R {
    let result = faer();
    #[cfg(target_arch = "x86_64")]
    if let Some(unit) = pulp::x86::V3::try_new() {
        unit.avx._mm256_zeroupper();
    }
    result
}

/// ‖x‖, even where the sum of the squares overflows. Infinite or NaN only where an entry is, or where the norm itself
/// is beyond double precision.
pub fn safe_norm(x: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = x.clone().fold(0.0, |most: f64, x| most.max(x.abs()));
    if most.is_infinite() {
        return most;
    }
    let scale = if most > 0.0 { most } else { 1.0 };
    scale * x.map(|x| (x / scale) * (x / scale)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::safe_norm;

    #[test]
    fn norms_are_right_where_their_squares_overflow() {
        let norm = |x: [f64; 2]| safe_norm(x.into_iter());
        for scale in [1.0, 1e200, 1e-200] {
            assert!((norm([3.0 * scale, -4.0 * scale]) / scale - 5.0).abs() < 1e-12, "{scale}");
        }
        assert!(norm([0.0, 0.0]).abs() < 1e-300 && norm([1.0, f64::INFINITY]).is_infinite());
        assert!([[f64::NAN, 0.0], [f64::NAN, 1.0], [1.0, f64::NAN]].iter().all(|&x| norm(x).is_nan()));
    }
}
