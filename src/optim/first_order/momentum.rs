use rayon::prelude::*;

use super::{Coefficient, Kernel, Step};
use crate::linalg::Real;
use crate::optim::Range;

/// μ.
pub const MOMENTUM: Coefficient = Coefficient {
    key: "momentum",
    range: Range::Fraction,
    default: 0.9,
    meaning: "Weight of the past gradients: from 0, below 1.",
};

pub struct Momentum;

impl<T: Real> Kernel<T> for Momentum {
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
            *next = theta - rate * *m;
        });
    }
}
