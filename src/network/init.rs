//! Initial weights.

use serde::{Deserialize, Serialize};

/// How the weights of a layer with n inputs and m outputs start. Biases start at 0, but where stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// Uniform with variance 2 / (n + m) (Glorot & Bengio 2010).
    Glorot,
    /// Normal with variance 2 / n (He et al. 2015).
    He,
    /// Normal with variance 1 / n (`LeCun` et al. 1998).
    LeCun,
    /// 15 incoming N(0, 1) weights a unit, the rest 0 (Martens 2010); below a tanh layer's output
    /// half that scale, with biases ½.
    Sparse,
}

impl Init {
    /// Every initialisation.
    pub const ALL: &[Self] = &[Self::Glorot, Self::He, Self::LeCun, Self::Sparse];

    /// Its name in experiment files and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Glorot => "glorot",
            Self::He => "he",
            Self::LeCun => "lecun",
            Self::Sparse => "sparse",
        }
    }
}
