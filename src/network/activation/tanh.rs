use super::Kernel;
use crate::linalg::{Real, vectorised};

pub struct Tanh;

/// slope ← f′ = 4e / (1 + e)², e = exp(−2|h|): 1 − f² would lose the slope of saturated units.
fn slopes<T: Real>(h: &[T], slope: &mut [T]) {
    for (&h, s) in h.iter().zip(slope.iter_mut()) {
        *s = T::of(-2.0) * h.abs();
    }
    T::exp_all(slope);
    vectorised(|| {
        for s in slope {
            let sum = T::one() + *s;
            *s = T::of(4.0) * *s / (sum * sum);
        }
    });
}

impl<T: Real> Kernel<T> for Tanh {
    /// f′ = 1 − f².
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        value.copy_from_slice(h);
        T::tanh_all(value);
        slopes(h, slope);
    }

    /// f″ = −2 f f′.
    fn bend(&self, h: &[T], bend: &mut [T]) {
        slopes(h, bend);
        for (&h, b) in h.iter().zip(bend) {
            *b *= T::of(-2.0) * num_traits::Float::tanh(h);
        }
    }
}
