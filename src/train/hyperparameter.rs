//! The hyperparameters that can change during a run: one table of names, ranges and words.

use serde::{Deserialize, Serialize};

/// The values a hyperparameter can take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Numbers above 0.
    Positive,
    /// Numbers from 0.
    NonNegative,
    /// Numbers from 0, below 1.
    Fraction,
    /// Numbers from 0 up to 1.
    Share,
    /// Whole numbers from 1.
    Count,
    /// Whole numbers from 0, where 0 means never.
    Period,
}

impl Range {
    /// Whether `value` lies in it.
    pub fn contains(self, value: f64) -> bool {
        let whole = value.fract() == 0.0 && value <= 1e15;
        value.is_finite()
            && match self {
                Self::Positive => value > 0.0,
                Self::NonNegative => value >= 0.0,
                Self::Fraction => (0.0..1.0).contains(&value),
                Self::Share => (0.0..=1.0).contains(&value),
                Self::Count => whole && value >= 1.0,
                Self::Period => whole && value >= 0.0,
            }
    }

    /// What is expected, in words: `a number above 0`.
    pub fn expectation(self) -> &'static str {
        match self {
            Self::Positive => "a number above 0",
            Self::NonNegative => "a number of at least 0",
            Self::Fraction => "a number from 0, below 1",
            Self::Share => "a number from 0 up to 1",
            Self::Count => "a whole number of at least 1",
            Self::Period => "a whole number of at least 0 (0: never)",
        }
    }
}

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
    Momentum = "optimizer.momentum", "momentum", Fraction, "Momentum of momentum and Nesterov, β₁ of Adam.";
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
