//! First-order directions, elementwise in the gradient.

use ndarray::{Array1, Zip};

use super::{FirstOrder, Rule};
use crate::linalg::Real;
use crate::network::Parameters;

/// The moments a first-order method keeps.
#[derive(Clone, Debug)]
pub struct Moments<T> {
    /// Momentum, or Adam's running mean of the gradient; empty where there is none.
    mean: Array1<T>,
    /// Adam's running mean of the squared gradient; empty where there is none.
    square: Array1<T>,
    /// Updates made with these moments.
    updates: i32,
}

impl FirstOrder {
    /// The learning rate of update `step` = 1, 2, …: halved every `decay_period` updates.
    pub fn rate(&self, step: u64) -> f64 {
        match (step - 1).checked_div(self.decay_period) {
            None => self.learning_rate,
            Some(halvings) => self.learning_rate * (-(halvings as f64)).exp2(),
        }
    }
}

impl<T: Real> Moments<T> {
    /// All zero.
    pub fn new(rule: Rule, parameters: usize) -> Self {
        let (mean, square) = match rule {
            Rule::Sgd => (0, 0),
            Rule::Momentum { .. } | Rule::Nesterov { .. } => (parameters, 0),
            Rule::Adam { .. } => (parameters, parameters),
        };
        Self { mean: Array1::zeros(mean), square: Array1::zeros(square), updates: 0 }
    }

    /// Sets all to zero.
    pub fn forget(&mut self) {
        self.mean.fill(T::zero());
        self.square.fill(T::zero());
        self.updates = 0;
    }

    /// next ← θ + Δ of this gradient at this learning rate, in one pass over memory.
    pub fn update(
        &mut self,
        rule: Rule,
        rate: f64,
        gradient: &Parameters<T>,
        parameters: &Parameters<T>,
        next: &mut Parameters<T>,
    ) {
        self.updates = self.updates.saturating_add(1);
        let step = Zip::from(&mut next.flat).and(&parameters.flat).and(&gradient.flat);
        let rate_t = T::of(rate);
        match rule {
            Rule::Sgd => step.par_for_each(|next, &theta, &g| *next = theta - rate_t * g),
            Rule::Momentum { momentum } => {
                let momentum = T::of(momentum);
                step.and(&mut self.mean).par_for_each(|next, &theta, &g, m| {
                    *m = momentum * *m + g;
                    *next = theta - rate_t * *m;
                });
            }
            Rule::Nesterov { momentum } => {
                let momentum = T::of(momentum);
                step.and(&mut self.mean).par_for_each(|next, &theta, &g, m| {
                    *m = momentum * *m + g;
                    *next = theta - rate_t * (g + momentum * *m);
                });
            }
            Rule::Adam { beta1, beta2, epsilon } => {
                // Δ = −ℓ m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
                let correction = 1.0 - beta2.powi(self.updates);
                let rate = T::of(rate / (1.0 - beta1.powi(self.updates)));
                let root = T::of(correction.sqrt().recip());
                let [b1, b2, epsilon] = [beta1, beta2, epsilon].map(T::of);
                step.and(&mut self.mean).and(&mut self.square).par_for_each(|next, &theta, &g, m, v| {
                    *m += (T::one() - b1) * (g - *m);
                    *v += (T::one() - b2) * (g * g - *v);
                    *next = theta - rate * *m / (v.sqrt() * root + epsilon);
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Architecture;

    fn run(rule: Rule, gradients: &[f64]) -> Vec<f64> {
        let architecture = Architecture::new(1, &[], 1, false);
        let origin = Parameters::<f64>::zeros(&architecture);
        let (mut gradient, mut next) = (origin.clone(), origin.clone());
        let mut moments = Moments::new(rule, 1);
        let mut step = |g: &f64| {
            gradient.flat[0] = *g;
            moments.update(rule, 0.1, &gradient, &origin, &mut next);
            next.flat[0]
        };
        gradients.iter().map(&mut step).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn updates_are_those_of_the_formulas() {
        assert_close(&run(Rule::Sgd, &[2.0, -1.0]), &[-0.2, 0.1]);
        assert_close(&run(Rule::Momentum { momentum: 0.5 }, &[2.0, 1.0]), &[-0.2, -0.2]);
        assert_close(&run(Rule::Nesterov { momentum: 0.5 }, &[2.0, 1.0]), &[-0.3, -0.2]);
        let adam = Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
        // By hand: m = 0.2, 0.28; v = 0.004, 0.004996; corrected with 1 − 0.81 and 1 − 0.998001.
        let second = -0.1 * (0.28 / 0.19) / ((0.004_996_f64 / 0.001_999).sqrt() + 1e-8);
        assert_close(&run(adam, &[2.0, 1.0]), &[-0.1 * 2.0 / (2.0 + 1e-8), second]);
    }

    #[test]
    fn the_learning_rate_is_halved_every_period() {
        let mut settings = FirstOrder { rule: Rule::Sgd, learning_rate: 0.8, decay_period: 3 };
        let rates: Vec<_> = (1..=7).map(|step| settings.rate(step)).collect();
        assert_close(&rates, &[0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]);
        settings.decay_period = 0;
        assert_close(&[settings.rate(1_000_000)], &[0.8]);
    }
}
