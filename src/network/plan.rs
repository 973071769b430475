//! What an experiment says of its network before the data are known.

use serde::{Deserialize, Serialize};

use super::{Init, Layer};

/// The network section of an experiment: input and output widths may be left to the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// d_0, where it is stated.
    pub input: Option<usize>,
    /// K = d_L, where it is stated.
    pub output: Option<usize>,
    /// The hidden layers 1 … L−1.
    pub hidden: Vec<Layer>,
    /// Whether layers have biases.
    pub bias: bool,
    /// How weights start.
    pub init: Init,
}
