use ndarray::ArrayViewMut2;

use super::Kernel;
use crate::linalg::{Real, Stream, sum};

pub struct SquaredError;

impl<T: Real> Kernel<T> for SquaredError {
    fn value_and_gradient(&self, h: &[T], y: &[T], gradient: &mut [T]) -> T {
        for ((&h, &y), g) in h.iter().zip(y).zip(gradient.iter_mut()) {
            *g = h - y;
        }
        sum([gradient], |[g]| g * g) * T::of(0.5)
    }

    fn hessian(&self, _: &[T], _: &[T], mut hessian: ArrayViewMut2<T>) {
        hessian.fill(T::zero());
        hessian.diag_mut().fill(T::one());
    }

    fn diagonal(&self, _: &[T], _: &[T], diagonal: &mut [T]) {
        diagonal.fill(T::one());
    }

    fn root(&self, h: &[T], y: &[T], rows: ArrayViewMut2<T>) {
        self.hessian(h, y, rows);
    }

    fn product(&self, _: &[T], _: &[T], _: &mut [T]) {}

    fn sample(&self, h: &[T], stream: &mut Stream, target: &mut [T]) {
        for (&h, y) in h.iter().zip(target) {
            *y = h + T::of(stream.normal());
        }
    }
}
