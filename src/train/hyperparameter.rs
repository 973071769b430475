//! The hyperparameters that can change during a run: one table of names, ranges and words.

use serde::{Deserialize, Serialize};

use crate::optim::Range;

macro_rules! hyperparameters {
    ($($variant:ident = $key:literal, $symbol:literal, $range:ident, $doc:literal;)*) => {
        /// A hyperparameter that can change during a run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Hyperparameter {
            $(#[doc = $doc] $variant,)*
        }

        impl Hyperparameter {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its place in an experiment file: `optimizer.l2`.
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            /// Its symbol on the screen: `η`.
            pub fn symbol(self) -> &'static str {
                match self { $(Self::$variant => $symbol,)* }
            }

            /// The values it can take.
            pub fn range(self) -> Range {
                match self { $(Self::$variant => Range::$range,)* }
            }

            /// What it is, in words.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }
        }
    };
}

hyperparameters! {
    LearningRate = "optimizer.learning_rate", "learning rate", Positive, "Learning rate of a first-order method, before halving.";
    DecayPeriod = "optimizer.decay_period", "decay period", Period, "Updates until the learning rate is halved.";
    Momentum = "optimizer.momentum", "μ", Fraction, "Momentum of a first-order method.";
    Beta1 = "optimizer.beta1", "β₁", Fraction, "Decay of the mean gradient.";
    Beta2 = "optimizer.beta2", "β₂", Fraction, "Decay of the mean squared gradient.";
    Epsilon = "optimizer.epsilon", "ε", Positive, "Added to the root of the mean squared gradient.";
    KroneckerDamping = "optimizer.kronecker_damping", "γ", Positive, "Kronecker damping γ.";
    KroneckerDampingMin = "optimizer.kronecker_damping_min", "γ min", Positive, "The least γ may become.";
    KroneckerDampingMax = "optimizer.kronecker_damping_max", "γ max", Positive, "The most γ may become.";
    StepDamping = "optimizer.step_damping", "τ", Positive, "Step damping τ.";
    StepDampingMin = "optimizer.step_damping_min", "τ min", Positive, "The least τ may become.";
    StepDampingMax = "optimizer.step_damping_max", "τ max", Positive, "The most τ may become.";
    L2 = "optimizer.l2", "η", NonNegative, "L2 coefficient η.";
    InversePeriod = "optimizer.inverse_period", "inverse period", Count, "Updates between new inverses.";
    FactorAverage = "optimizer.factor_average", "factor average", Fraction, "Weight of the past in the running average of the factors.";
    Samples = "optimizer.samples", "samples", Count, "Targets KFAC draws for each datum.";
    Batch = "train.batch", "batch", Count, "Data a minibatch.";
    RankEvery = "diagnostics.rank.every", "rank every", Period, "Updates between measurements of the rank.";
    HessianEvery = "diagnostics.hessian.every", "Hessian every", Period, "Updates between measurements of the Hessian blocks.";
    Budget = "diagnostics.budget", "budget", Share, "Share of CPU time that diagnostics may take.";
}
