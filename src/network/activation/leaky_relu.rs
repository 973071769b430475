use super::Kernel;
use crate::linalg::Real;

pub struct LeakyRelu;

impl<T: Real> Kernel<T> for LeakyRelu {
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        let leak = T::of(0.01);
        for ((&h, a), s) in h.iter().zip(value).zip(slope) {
            *s = if h > T::zero() { T::one() } else { leak };
            *a = *s * h;
        }
    }

    fn bend(&self, _: &[T], bend: &mut [T]) {
        bend.fill(T::zero());
    }
}
