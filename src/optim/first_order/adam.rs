use super::{Coefficient, Kernel, Step};
use crate::linalg::{Real, vectorised};
use crate::optim::Range;

/// β₁, β₂ and ε as published.
const COEFFICIENTS: &[Coefficient] = &[
    Coefficient {
        key: "beta1",
        range: Range::Fraction,
        default: 0.9,
        meaning: "Decay of the mean gradient: from 0, below 1.",
    },
    Coefficient {
        key: "beta2",
        range: Range::Fraction,
        default: 0.999,
        meaning: "Decay of the mean squared gradient: from 0, below 1.",
    },
    Coefficient {
        key: "epsilon",
        range: Range::Positive,
        default: 1e-8,
        meaning: "Added to the root of the mean squared gradient: above 0.",
    },
];

pub struct Adam;

impl<T: Real> Kernel<T> for Adam {
    fn coefficients(&self) -> &'static [Coefficient] {
        COEFFICIENTS
    }

    fn learning_rate(&self) -> f64 {
        1e-3
    }

    fn moments(&self) -> usize {
        2
    }

    /// Δ = −ℓ m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
    fn update(&self, coefficients: &[f64], step: &mut Step<T>) {
        let &[beta1, beta2, epsilon] = coefficients else { unreachable!("three coefficients were asked for") };
        let [mean, square] = &mut step.moments;
        let rate = T::of(step.rate / (1.0 - beta1.powi(step.count)));
        let root = T::of((1.0 - beta2.powi(step.count)).sqrt().recip());
        let [new1, new2, epsilon] = [1.0 - beta1, 1.0 - beta2, epsilon].map(T::of);
        let moments = mean.iter_mut().zip(square.iter_mut());
        let inputs = step.parameters.iter().zip(step.gradient);
        vectorised!({
            for ((next, (m, v)), (&theta, &g)) in step.next.iter_mut().zip(moments).zip(inputs) {
                *m += new1 * (g - *m);
                *v += new2 * (g * g - *v);
                *next = theta - rate * *m / (v.sqrt() * root + epsilon);
            }
        });
    }
}
