use rayon::prelude::*;

use super::{Coefficient, Kernel, Step};
use crate::linalg::{CHUNK, Real, vectorised};
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
    fn update(&self, coefficients: &[f64], step: Step<T>) {
        let (&[beta1, beta2, epsilon], [mean, square]) = (coefficients, step.moments) else {
            unreachable!("three coefficients and two moments were asked for")
        };
        let rate = T::of(step.rate / (1.0 - beta1.powi(step.count)));
        let root = T::of((1.0 - beta2.powi(step.count)).sqrt().recip());
        let [b1, b2, epsilon] = [beta1, beta2, epsilon].map(T::of);
        let vectors = (
            step.next.par_chunks_mut(CHUNK),
            mean.par_chunks_mut(CHUNK),
            square.par_chunks_mut(CHUNK),
            step.parameters.par_chunks(CHUNK),
            step.gradient.par_chunks(CHUNK),
        );
        vectors.into_par_iter().for_each(|(next, mean, square, parameters, gradient)| {
            let moments = mean.iter_mut().zip(square);
            let inputs = parameters.iter().zip(gradient);
            vectorised(|| {
                for ((next, (m, v)), (&theta, &g)) in next.iter_mut().zip(moments).zip(inputs) {
                    *m += (T::one() - b1) * (g - *m);
                    *v += (T::one() - b2) * (g * g - *v);
                    *next = theta - rate * *m / (v.sqrt() * root + epsilon);
                }
            });
        });
    }
}
