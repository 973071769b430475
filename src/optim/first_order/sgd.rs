use super::{Coefficient, Kernel, Step};
use crate::linalg::{Real, vectorised};

pub struct Sgd;

impl<T: Real> Kernel<T> for Sgd {
    fn coefficients(&self) -> &'static [Coefficient] {
        &[]
    }

    fn moments(&self) -> usize {
        0
    }

    fn update(&self, _: &[f64], step: &mut Step<T>) {
        let rate = T::of(step.rate);
        let inputs = step.parameters.iter().zip(step.gradient);
        vectorised!({
            step.next.iter_mut().zip(inputs).for_each(|(next, (&theta, &g))| *next = theta - rate * g);
        });
    }
}
