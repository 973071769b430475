//! Damping that adapts itself (Levenberg & Marquardt; Martens & Grosse 2015, sections 6.5 and 6.6).

use super::Damping;

/// What damping is multiplied with after a step that had to be rejected.
const AFTER_REJECTION: f64 = 4.0;

/// A damping value within its bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Damped {
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

    /// Sets the value, clamped to the bounds, if it may adapt.
    pub fn adapt(&mut self, settings: &Damping, value: f64) {
        if settings.adapt {
            self.value = value.clamp(settings.min, settings.max);
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
/// (ρ < ¼, or not a number).
pub fn step_damping_after(ratio: f64, damping: f64, period: u64) -> f64 {
    if ratio > 0.75 {
        damping * step_factor(period)
    } else if ratio >= 0.25 {
        damping
    } else {
        damping / step_factor(period)
    }
}
