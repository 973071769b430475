use super::Kernel;
use crate::linalg::Real;

pub struct Relu;

impl<T: Real> Kernel<T> for Relu {
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        for ((&h, a), s) in h.iter().zip(value).zip(slope) {
            let open = if h > T::zero() { T::one() } else { T::zero() };
            *a = if h > T::zero() { h } else { h * T::zero() };
            *s = open;
        }
    }

    fn bend(&self, _: &[T], bend: &mut [T]) {
        bend.fill(T::zero());
    }
}
