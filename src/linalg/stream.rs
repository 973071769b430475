//! Named random streams.

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};
use rand_pcg::Pcg64;

use super::Real;

/// A stream of random numbers that depends on (seed, purpose, index) alone, so that no user of
/// randomness disturbs another, in whatever order or on whatever thread they run.
#[derive(Clone, Debug)]
pub struct Stream(Pcg64);

impl Stream {
    /// The stream of an experiment's `seed` for a `purpose`; `index` tells apart the streams of one
    /// purpose, such as steps or data.
    pub fn new(seed: u64, purpose: &str, index: u64) -> Self {
        // FNV-1a of the purpose and index give the state, the seed is mixed in by SplitMix64.
        let bytes = purpose.bytes().chain(index.to_le_bytes());
        let hash = bytes
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut mixed = hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(Pcg64::seed_from_u64(mixed ^ (mixed >> 31)))
    }

    /// A number in [0, 1), uniformly.
    pub fn uniform<T: Real>(&mut self) -> T {
        // 24 bits fill the mantissa of f32, 53 that of f64.
        let bits = if T::EPSILON > 1e-10 { 24 } else { 53 };
        T::of((self.0.next_u64() >> (64 - bits)) as f64 * (-f64::from(bits)).exp2())
    }

    /// A standard normal number.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// A whole number below `bound`, uniformly.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }

    /// `count` different whole numbers below `bound` (all of them where there are fewer), uniformly.
    pub fn choose(&mut self, bound: usize, count: usize) -> Vec<usize> {
        rand::seq::index::sample(&mut self.0, bound, count.min(bound)).into_vec()
    }

    /// Shuffles `items`, uniformly (Fisher & Yates).
    pub fn shuffle<I>(&mut self, items: &mut [I]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
