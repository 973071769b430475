use rayon::prelude::*;

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
        let inputs = step.parameters.par_iter().zip(step.gradient);
        step.next.par_iter_mut().zip(moment).zip(inputs).for_each(|((next, m), (&theta, &g))| {
            *m = momentum * *m + g;
            *next = theta - rate * (g + momentum * *m);
        });
    }
}
