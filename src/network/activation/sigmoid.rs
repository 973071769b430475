use super::Kernel;
use crate::linalg::{Real, vectorised};

pub struct Sigmoid;

/// slope ← σ′ = σ (1 − σ) = e / (1 + e)², e = exp(−|h|), which 1 − σ would lose where σ is near 1.
pub(super) fn slopes<T: Real>(h: &[T], slope: &mut [T]) {
    vectorised!(slope.iter_mut().zip(h).for_each(|(s, &h)| *s = -h.abs()));
    T::exp_all(slope);
    vectorised!({
        for s in slope {
            let sum = T::one() + *s;
            *s /= sum * sum;
        }
    });
}

impl<T: Real> Kernel<T> for Sigmoid {
    /// f′ = f (1 − f).
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        value.copy_from_slice(h);
        T::sigmoid_all(value);
        slopes(h, slope);
    }

    /// f″ = f′ (1 − 2f), 1 − 2f = −tanh(h/2).
    fn bend(&self, h: &[T], bend: &mut [T]) {
        slopes(h, bend);
        for (&h, b) in h.iter().zip(bend) {
            *b *= -num_traits::Float::tanh(h / T::of(2.0));
        }
    }
}
