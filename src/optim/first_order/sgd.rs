use ndarray::Zip;

use super::{Coefficient, Kernel, Step};
use crate::linalg::Real;

pub struct Sgd;

impl<T: Real> Kernel<T> for Sgd {
    fn coefficients(&self) -> &'static [Coefficient] {
        &[]
    }

    fn moments(&self) -> usize {
        0
    }

    fn update(&self, _: &[f64], step: Step<T>) {
        let rate = T::of(step.rate);
        Zip::from(step.next).and(step.parameters).and(step.gradient).par_for_each(|next, &theta, &g| {
            *next = theta - rate * g;
        });
    }
}
