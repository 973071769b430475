use super::Kernel;
use crate::linalg::Real;

pub struct Silu;

impl<T: Real> Kernel<T> for Silu {
    /// f′ = σ (1 + h (1 − σ)).
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        value.copy_from_slice(h);
        T::sigmoid_all(value);
        for ((&h, a), s) in h.iter().zip(value).zip(slope) {
            *s = *a * (T::one() + h * (T::one() - *a));
            *a *= h;
        }
    }

    /// f″ = σ (1 − σ)(2 + h (1 − 2σ)).
    fn bend(&self, h: &[T], bend: &mut [T]) {
        bend.copy_from_slice(h);
        T::sigmoid_all(bend);
        for (&h, b) in h.iter().zip(bend) {
            *b = *b * (T::one() - *b) * (T::of(2.0) + h * (T::one() - *b - *b));
        }
    }
}
