use super::{Coefficient, Kernel, Step};
use crate::linalg::{Real, vectorised};
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

    fn update(&self, coefficients: &[f64], step: &mut Step<T>) {
        let &[momentum] = coefficients else { unreachable!("one coefficient was asked for") };
        let [moment, _] = &mut step.moments;
        let [rate, momentum] = [step.rate, momentum].map(T::of);
        let inputs = step.parameters.iter().zip(step.gradient);
        vectorised!({
            step.next.iter_mut().zip(moment.iter_mut()).zip(inputs).for_each(|((next, m), (&theta, &g))| {
                *m = momentum * *m + g;
                *next = theta - rate * *m;
            });
        });
    }
}
