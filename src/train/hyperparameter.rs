//! The hyperparameters that can change during a run: one table of names, ranges and words.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::diagnostics::Diagnostic;
use crate::optim::Range;

macro_rules! hyperparameters {
    ($($variant:ident = $key:literal, $symbol:literal, $range:ident, $doc:literal;)*) => {
        /// A hyperparameter that can change during a run. In the run log it is its key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "Cow<'static, str>", try_from = "Cow<'static, str>")]
        pub enum Hyperparameter {
            $(#[doc = $doc] $variant,)*
            /// Updates between measurements of a diagnostic.
            Every(Diagnostic),
        }

        impl Hyperparameter {
            /// Those that stand in the table.
            const TABLE: &[Self] = &[$(Self::$variant),*];

            /// Its place in an experiment file: `optimizer.l2`.
            pub fn key(self) -> Cow<'static, str> {
                match self {
                    $(Self::$variant => $key.into(),)*
                    Self::Every(diagnostic) => format!("diagnostics.{}.every", diagnostic.name()).into(),
                }
            }

            /// Its symbol on the screen: `η`.
            pub fn symbol(self) -> Cow<'static, str> {
                match self {
                    $(Self::$variant => $symbol.into(),)*
                    Self::Every(diagnostic) => format!("{} every", diagnostic.symbol()).into(),
                }
            }

            /// The values it can take.
            pub fn range(self) -> Range {
                match self {
                    $(Self::$variant => Range::$range,)*
                    Self::Every(_) => Range::Period,
                }
            }

            /// What it is, in words.
            pub fn description(self) -> Cow<'static, str> {
                match self {
                    $(Self::$variant => $doc.into(),)*
                    Self::Every(diagnostic) => {
                        format!("Updates between measurements of the {}.", diagnostic.title()).into()
                    }
                }
            }
        }
    };
}

hyperparameters! {
    LearningRate = "optimizer.learning_rate", "learning rate", Positive, "Learning rate of a first-order method, before halving.";
    DecayPeriod = "optimizer.decay_period", "decay period", Period, "Updates until the learning rate is halved.";
    Momentum = "optimizer.momentum", "μ", Share, "Momentum of a first-order method, below 1; of a second-order one whether the last update is a second direction: 0 or 1.";
    Beta1 = "optimizer.beta1", "β₁", Fraction, "Decay of the mean gradient.";
    Beta2 = "optimizer.beta2", "β₂", Fraction, "Decay of the mean squared gradient.";
    Epsilon = "optimizer.epsilon", "ε", Positive, "Added to the root of the mean squared gradient.";
    KroneckerDamping = "optimizer.kronecker_damping", "γ", Positive, "Kronecker damping γ.";
    KroneckerDampingMin = "optimizer.kronecker_damping_min", "γ min", Positive, "The least γ may become.";
    KroneckerDampingMax = "optimizer.kronecker_damping_max", "γ max", Positive, "The most γ may become.";
    AdaptKroneckerDamping = "optimizer.adapt_kronecker_damping", "γ adapts", Switch, "Whether γ adapts itself: 0 or 1.";
    StepDamping = "optimizer.step_damping", "τ", Positive, "Step damping τ.";
    StepDampingMin = "optimizer.step_damping_min", "τ min", Positive, "The least τ may become.";
    StepDampingMax = "optimizer.step_damping_max", "τ max", Positive, "The most τ may become.";
    AdaptStepDamping = "optimizer.adapt_step_damping", "τ adapts", Switch, "Whether τ adapts itself: 0 or 1.";
    L2 = "optimizer.l2", "η", NonNegative, "L2 coefficient η.";
    InversePeriod = "optimizer.inverse_period", "inverse period", Count, "Updates between new inverses.";
    FactorAverage = "optimizer.factor_average", "factor average", Fraction, "Weight of the past in the running average of the factors.";
    Samples = "optimizer.samples", "samples", Count, "Targets KFAC and EKFAC draw for each datum.";
    Batch = "train.batch", "batch", Count, "Data a minibatch.";
    Budget = "diagnostics.budget", "budget", Share, "Share of speed a run may lose to diagnostics.";
}

impl Hyperparameter {
    /// Every one of them, in the order of an experiment file: the cadences of diagnostics before their budget.
    pub fn all() -> Vec<Self> {
        let every = Diagnostic::ALL.iter().map(|&diagnostic| Self::Every(diagnostic));
        let (budget, others): (Vec<_>, Vec<_>) = Self::TABLE.iter().partition(|&&one| one == Self::Budget);
        others.into_iter().chain(every).chain(budget).collect()
    }
}

impl From<Hyperparameter> for Cow<'static, str> {
    fn from(hyperparameter: Hyperparameter) -> Self {
        hyperparameter.key()
    }
}

impl TryFrom<Cow<'static, str>> for Hyperparameter {
    type Error = String;

    fn try_from(key: Cow<'static, str>) -> Result<Self, String> {
        let known = Self::all().into_iter().find(|one| one.key() == key);
        known.ok_or_else(|| format!("unknown hyperparameter {key}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyperparameter_is_written_as_its_key_and_read_back() {
        for hyperparameter in Hyperparameter::all() {
            let written = serde_json::to_string(&hyperparameter).unwrap();
            assert_eq!(written, format!("{:?}", hyperparameter.key()));
            assert_eq!(serde_json::from_str::<Hyperparameter>(&written).unwrap(), hyperparameter);
        }
        assert!(serde_json::from_str::<Hyperparameter>("\"optimizer.speed\"").is_err());
    }
}
