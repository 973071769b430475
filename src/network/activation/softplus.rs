use super::Kernel;
use super::sigmoid::slopes;
use crate::linalg::Real;

pub struct Softplus;

impl<T: Real> Kernel<T> for Softplus {
    /// f = max(h, 0) + ln(1 + e^−|h|), f′ = σ(h).
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        for (&h, a) in h.iter().zip(value.iter_mut()) {
            *a = -h.abs();
        }
        T::exp_all(value);
        for (&h, a) in h.iter().zip(value) {
            *a = h.max(T::zero()) + T::ln_1p_unit(*a);
        }
        slope.copy_from_slice(h);
        T::sigmoid_all(slope);
    }

    /// f″ = σ′.
    fn bend(&self, h: &[T], bend: &mut [T]) {
        slopes(h, bend);
    }
}
