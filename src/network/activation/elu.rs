use super::Kernel;
use crate::linalg::Real;

pub struct Elu;

impl<T: Real> Kernel<T> for Elu {
    /// f′ = 1 for h > 0, eʰ otherwise.
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        for ((&h, a), s) in h.iter().zip(value).zip(slope) {
            (*a, *s) = if h > T::zero() { (h, T::one()) } else { (h.exp_m1(), num_traits::Float::exp(h)) };
        }
    }

    /// f″ = 0 for h > 0, eʰ otherwise.
    fn bend(&self, h: &[T], bend: &mut [T]) {
        for (&h, b) in h.iter().zip(bend) {
            *b = if h > T::zero() { T::zero() } else { num_traits::Float::exp(h) };
        }
    }
}
