use ndarray::Zip;

use super::momentum::MOMENTUM;
use super::{Coefficient, Kernel, Step};
use crate::linalg::Real;

pub struct Nesterov;

impl<T: Real> Kernel<T> for Nesterov {
    fn coefficients(&self) -> &'static [Coefficient] {
        &[MOMENTUM]
    }

    fn moments(&self) -> usize {
        1
    }

    fn update(&self, coefficients: &[f64], step: Step<T>) {
        let (&[momentum], [moment]) = (coefficients, step.moments) else { unreachable!("one of each was asked for") };
        let [rate, momentum] = [step.rate, momentum].map(T::of);
        Zip::from(step.next).and(step.parameters).and(step.gradient).and(moment).par_for_each(|next, &theta, &g, m| {
            *m = momentum * *m + g;
            *next = theta - rate * (g + momentum * *m);
        });
    }
}
