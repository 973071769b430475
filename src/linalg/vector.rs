//! Elementwise loops on the vector unit, and norms that do not overflow.

use super::Real;

/// Numbers that one thread takes at a time of long vectors: few enough for the fastest cache.
pub const CHUNK: usize = 4096;

/// Runs a loop compiled for the widest vector instructions that this machine has, whatever the program was
/// built for. The loop must be in the closure itself. Results are the same to the bit.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Sums that the vector unit keeps side by side.
const LANES: usize = 32;

/// Σ_i term(x_i, …) over slices of one length, [`vectorised`], as so many sums side by side: no addition waits for the
/// one before.
#[inline]
pub fn sum<T: Real, const N: usize>(slices: [&[T]; N], term: impl Fn([T; N]) -> T) -> T {
    let parts = slices.map(<[T]>::as_chunks::<LANES>);
    vectorised(|| {
        let mut sums = [T::zero(); LANES];
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
