use std::f64::consts::PI;

use super::Kernel;
use crate::linalg::Real;

pub struct Gelu;

/// The standard normal density φ(h).
fn density<T: Real>(h: T) -> T {
    num_traits::Float::exp(-h * h / T::of(2.0)) * T::of(1.0 / (2.0 * PI).sqrt())
}

impl<T: Real> Kernel<T> for Gelu {
    /// f′ = Φ(h) + h φ(h).
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        value.copy_from_slice(h);
        T::normal_all(value);
        for ((&h, a), s) in h.iter().zip(value).zip(slope) {
            *s = *a + h * density(h);
            *a *= h;
        }
    }

    /// f″ = φ(h)(2 − h²).
    fn bend(&self, h: &[T], bend: &mut [T]) {
        for (&h, b) in h.iter().zip(bend) {
            *b = density(h) * (T::of(2.0) - h * h);
        }
    }
}
