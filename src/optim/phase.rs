//! Where the time of an update goes.

use serde::{Deserialize, Serialize};

use crate::linalg::Moment;

macro_rules! phases {
    ($($variant:ident = $name:literal, $doc:literal;)*) => {
        /// A part of an update that is timed apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Phase {
            $(#[doc = $doc] $variant,)*
        }

        impl Phase {
            /// Every phase, in the order of an update.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name on the screen.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

phases! {
    Data = "data", "Choosing and gathering the minibatch.";
    Forward = "forward", "Forward pass and loss.";
    Backward = "backward", "Gradient.";
    InputFactors = "input factors", "Q of every layer.";
    PreactivationFactors = "pre-activation factors", "G of every layer.";
    Factorization = "factorization", "Damped inverses of the factors.";
    Solve = "solve", "The direction: products with the inverses, or conjugate gradients.";
    ForwardMode = "forward mode", "Quadratic model, by forward-mode differentiation.";
    DampingTrials = "damping trials", "Trials of other γ, and the loss after the update for τ.";
    Update = "update", "Change of the parameters.";
}

/// Wall time of the phases of one update.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    current: Phase,
    since: Moment,
    seconds: [f64; Phase::ALL.len()],
}

impl Stopwatch {
    /// Starts in the first phase.
    pub fn start() -> Self {
        Self { current: Phase::Data, since: Moment::now(), seconds: [0.0; Phase::ALL.len()] }
    }

    /// Ends the current phase and begins another; returns the one that ended.
    pub fn enter(&mut self, phase: Phase) -> Phase {
        let now = Moment::now();
        self.seconds[self.current as usize] += now.since(self.since).as_secs_f64();
        self.since = now;
        std::mem::replace(&mut self.current, phase)
    }

    /// Wall seconds of each phase that took any.
    pub fn read(&self) -> Vec<(Phase, f64)> {
        Phase::ALL.iter().copied().zip(self.seconds).filter(|(_, seconds)| *seconds > 0.0).collect()
    }
}
