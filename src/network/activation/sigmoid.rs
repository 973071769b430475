use super::Kernel;
use crate::linalg::Real;

pub struct Sigmoid;

impl<T: Real> Kernel<T> for Sigmoid {
    /// f′ = f (1 − f).
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        value.copy_from_slice(h);
        T::sigmoid_all(value);
        for (&a, s) in value.iter().zip(slope) {
            *s = a * (T::one() - a);
        }
    }

    /// f″ = f (1 − f)(1 − 2f).
    fn bend(&self, h: &[T], bend: &mut [T]) {
        bend.copy_from_slice(h);
        T::sigmoid_all(bend);
        for b in bend {
            *b = *b * (T::one() - *b) * (T::one() - *b - *b);
        }
    }
}
