//! Damping that adapts itself (Levenberg & Marquardt; Martens & Grosse 2015, sections 6.5 and 6.6).

use serde::{Deserialize, Serialize};

use super::Damping;

/// What damping is multiplied with after a step that had to be rejected.
const AFTER_REJECTION: f64 = 4.0;

/// A damping value within its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Damped {
    #[serde(with = "crate::linalg::number")]
    value: f64,
}

impl Damped {
    /// The value at the start.
    pub fn new(settings: &Damping) -> Self {
        Self { value: settings.initial }
    }

    /// The value.
    pub fn get(self) -> f64 {
        self.value
    }

    /// Sets the value, as a user does: bounds hold only for what adapts itself.
    pub fn set(&mut self, value: f64) {
        self.value = value;
    }

    /// Takes the start that other settings state in place of `old`, and their bounds; whether that is another value
    /// than now.
    pub fn adopt(&mut self, old: &Damping, new: &Damping) -> bool {
        let before = self.value;
        if new.initial.to_bits() != old.initial.to_bits() {
            self.value = new.initial;
        }
        self.adapt(new, self.value);
        self.value.to_bits() != before.to_bits()
    }

    /// Sets the value, clamped to the bounds, if it may adapt.
    pub fn adapt(&mut self, settings: &Damping, value: f64) {
        if settings.adapt {
            self.value = value.max(settings.min).min(settings.max);
        }
    }

    /// Raises the value after a rejected step, even where it does not adapt, up to its bound.
    pub fn raise(&mut self, settings: &Damping) {
        self.value = (self.value * AFTER_REJECTION).min(settings.max.max(self.value));
    }
}

/// ω₁ = (19/20)^T₁, the factor of τ.
pub fn step_factor(period: u64) -> f64 {
    0.95_f64.powf(period as f64)
}

/// ω₂ = (19/20)^(T₂/2), the factor of γ.
pub fn kronecker_factor(period: u64) -> f64 {
    0.95_f64.powf(period as f64 / 2.0)
}

/// τ after a step with reduction ratio ρ: lowered where the model is good (ρ > ¾), raised where it is not
/// (ρ < ¼, or not finite).
pub fn step_damping_after(ratio: f64, damping: f64, period: u64) -> f64 {
    if !ratio.is_finite() || ratio < 0.25 {
        damping / step_factor(period)
    } else if ratio > 0.75 {
        damping * step_factor(period)
    } else {
        damping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_damping_falls_where_the_model_is_good_and_rises_where_it_is_not() {
        let factor = 0.95_f64.powi(5);
        let after = |ratio| step_damping_after(ratio, 2.0, 5);
        for (ratio, expected) in [(0.9, 2.0 * factor), (5.0, 2.0 * factor), (0.5, 2.0), (0.1, 2.0 / factor)] {
            assert!((after(ratio) - expected).abs() < 1e-12, "{ratio}");
        }
        for ratio in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!((after(ratio) - 2.0 / factor).abs() < 1e-12, "{ratio}");
        }
    }

    #[test]
    fn kronecker_damping_moves_half_as_fast_as_step_damping() {
        assert!((kronecker_factor(20) - 0.95_f64.powi(10)).abs() < 1e-15);
        assert!((step_factor(5) - 0.95_f64.powi(5)).abs() < 1e-15);
    }
}
