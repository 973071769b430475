use super::Kernel;
use super::sigmoid::slopes;
use crate::linalg::Real;

pub struct Silu;

impl<T: Real> Kernel<T> for Silu {
    /// f′ = σ + h σ′.
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        value.copy_from_slice(h);
        T::sigmoid_all(value);
        slopes(h, slope);
        for ((&h, a), s) in h.iter().zip(value).zip(slope) {
            *s = *a + h * *s;
            *a *= h;
        }
    }

    /// f″ = σ′ (2 + h (1 − 2σ)), 1 − 2σ = −tanh(h/2).
    fn bend(&self, h: &[T], bend: &mut [T]) {
        slopes(h, bend);
        for (&h, b) in h.iter().zip(bend) {
            *b *= T::of(2.0) - h * num_traits::Float::tanh(h / T::of(2.0));
        }
    }
}
