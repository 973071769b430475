use super::Kernel;
use crate::linalg::Real;

pub struct Tanh;

impl<T: Real> Kernel<T> for Tanh {
    /// f′ = 1 − f².
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        value.copy_from_slice(h);
        T::tanh_all(value);
        for (&a, s) in value.iter().zip(slope) {
            *s = T::one() - a * a;
        }
    }

    /// f″ = −2 f (1 − f²).
    fn bend(&self, h: &[T], bend: &mut [T]) {
        bend.copy_from_slice(h);
        T::tanh_all(bend);
        for b in bend {
            *b = -(*b + *b) * (T::one() - *b * *b);
        }
    }
}
