//! Changing hyperparameters of a trainer while it trains.

use super::{Hyperparameter, Trainer};
use crate::diagnostics::{Diagnostic, Preconditioning};
use crate::linalg::Real;
use crate::optim::{Curvature, FirstOrder, Kind, Method, Range, SecondOrder, State};

impl<T: Real> Trainer<T> {
    /// The present value of a hyperparameter; `None` where the method has none, or where it is not the
    /// trainer's.
    pub fn get(&self, hyperparameter: Hyperparameter) -> Option<f64> {
        use Hyperparameter as H;
        let settings = &self.optimizer.settings;
        match hyperparameter {
            H::L2 => return Some(settings.l2),
            H::Batch => return Some(self.pass.data() as f64),
            _ => {}
        }
        match (&settings.method, &self.optimizer.state) {
            (Method::FirstOrder(first), _) => get_first(first, hyperparameter),
            (Method::SecondOrder(second), State::SecondOrder(state)) => match hyperparameter {
                H::KroneckerDamping if second.has_factors() => Some(state.kronecker_damping.get()),
                H::StepDamping => Some(state.step_damping.get()),
                _ => get_second(second, hyperparameter),
            },
            (Method::SecondOrder(_), State::FirstOrder(..)) => None,
        }
    }

    /// The values that a hyperparameter can take with the present method.
    pub fn range(&self, hyperparameter: Hyperparameter) -> Range {
        match (hyperparameter, self.method()) {
            (Hyperparameter::Momentum, Method::FirstOrder(_)) => Range::Fraction,
            (Hyperparameter::Momentum, Method::SecondOrder(_)) => Range::Switch,
            _ => hyperparameter.range(),
        }
    }

    /// Sets a hyperparameter, whose value must lie in its range; whether the method has it, and so whether
    /// it was set.
    pub fn set(&mut self, hyperparameter: Hyperparameter, value: f64) -> bool {
        use Hyperparameter as H;
        if self.get(hyperparameter).is_none() {
            return false;
        }
        match hyperparameter {
            H::L2 => self.optimizer.settings.l2 = value,
            H::Batch => self.set_batch(value as usize),
            _ => match (&mut self.optimizer.settings.method, &mut self.optimizer.state) {
                (Method::FirstOrder(first), _) => set_first(first, hyperparameter, value),
                (Method::SecondOrder(second), State::SecondOrder(state)) => {
                    match hyperparameter {
                        H::KroneckerDamping => state.kronecker_damping.set(value),
                        H::StepDamping => state.step_damping.set(value),
                        _ => {
                            set_second(second, hyperparameter, value);
                            // γ and τ stay within their bounds when these are moved, and when they adapt again.
                            state.bound(second);
                            state.follow(second.momentum, self.pass.architecture());
                        }
                    }
                    // The inverses are of the old γ.
                    state.stale |= hyperparameter == H::KroneckerDamping;
                }
                (Method::SecondOrder(_), State::FirstOrder(..)) => return false,
            },
        }
        // η is part of what the inverses are damped with.
        if hyperparameter == H::L2
            && let State::SecondOrder(state) = &mut self.optimizer.state
        {
            state.stale = true;
        }
        true
    }
}

impl<T: Real> Trainer<T> {
    /// What directions and factors depend on, as far as diagnostics need it.
    pub fn preconditioning(&self, diagnostics: &[Diagnostic]) -> Preconditioning {
        Preconditioning::of(&self.optimizer, diagnostics)
    }

    /// Makes the optimizer one of another kind; returns what it kept, in words.
    pub fn switch_optimizer(&mut self, kind: Kind) -> &'static str {
        self.optimizer.switch(kind, self.pass.architecture())
    }
}

fn get_first(first: &FirstOrder, hyperparameter: Hyperparameter) -> Option<f64> {
    match hyperparameter {
        Hyperparameter::LearningRate => Some(first.learning_rate),
        Hyperparameter::DecayPeriod => Some(first.decay_period as f64),
        _ => first.coefficient(hyperparameter.key().strip_prefix("optimizer.")?),
    }
}

fn set_first(first: &mut FirstOrder, hyperparameter: Hyperparameter, value: f64) {
    match hyperparameter {
        Hyperparameter::LearningRate => first.learning_rate = value,
        Hyperparameter::DecayPeriod => first.decay_period = value as u64,
        _ => {
            let key = hyperparameter.key();
            if let Some(coefficient) = first.coefficient_mut(key.trim_start_matches("optimizer.")) {
                *coefficient = value;
            }
        }
    }
}

fn get_second(second: &SecondOrder, hyperparameter: Hyperparameter) -> Option<f64> {
    use Hyperparameter as H;
    let factors = second.has_factors();
    match (hyperparameter, second.curvature) {
        (H::KroneckerDampingMin, _) if factors => Some(second.kronecker_damping.min),
        (H::KroneckerDampingMax, _) if factors => Some(second.kronecker_damping.max),
        (H::AdaptKroneckerDamping, _) if factors => Some(f64::from(second.kronecker_damping.adapt)),
        (H::AdaptStepDamping, _) => Some(f64::from(second.step_damping.adapt)),
        (H::Momentum, _) => Some(f64::from(second.momentum)),
        (H::StepDampingMin, _) => Some(second.step_damping.min),
        (H::StepDampingMax, _) => Some(second.step_damping.max),
        (H::InversePeriod, _) if factors => Some(second.inverse_period as f64),
        (H::FactorAverage, _) if factors => Some(second.factor_average),
        (H::Samples, Curvature::Kfac { samples, empirical: false } | Curvature::Ekfac { samples }) => {
            Some(samples as f64)
        }
        _ => None,
    }
}

fn set_second(second: &mut SecondOrder, hyperparameter: Hyperparameter, value: f64) {
    use Hyperparameter as H;
    match (hyperparameter, &mut second.curvature) {
        (H::InversePeriod, _) => second.inverse_period = value as u64,
        (H::FactorAverage, _) => second.factor_average = value,
        (H::Samples, Curvature::Kfac { samples, .. } | Curvature::Ekfac { samples }) => *samples = value as usize,
        (H::KroneckerDampingMin, _) => second.kronecker_damping.min = value,
        (H::KroneckerDampingMax, _) => second.kronecker_damping.max = value,
        (H::StepDampingMin, _) => second.step_damping.min = value,
        (H::StepDampingMax, _) => second.step_damping.max = value,
        (H::AdaptKroneckerDamping, _) => second.kronecker_damping.adapt = value > 0.0,
        (H::AdaptStepDamping, _) => second.step_damping.adapt = value > 0.0,
        (H::Momentum, _) => second.momentum = value > 0.0,
        _ => {}
    }
}
