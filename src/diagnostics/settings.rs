//! What an experiment says of its diagnostics.

use serde::{Deserialize, Serialize};

/// The diagnostics section of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The rank of the Monte Carlo Gauss-Newton matrix.
    pub rank: Probe,
    /// Trace and extreme eigenvalues of the Hessian blocks.
    pub hessian: Probe,
    /// At most this share of CPU time, in [0, 1]; the cadence stretches to keep it.
    pub budget: f64,
    /// The largest matrix whose eigenvalues are computed densely.
    pub exact_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rank: Probe::default(), hessian: Probe::default(), budget: 0.1, exact_limit: 2048 }
    }
}

/// When a diagnostic is computed, and on how many data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Every so many updates; 0: never.
    pub every: u64,
    /// Number of data of the probe batch, at least 1.
    pub data: usize,
}

impl Default for Probe {
    fn default() -> Self {
        Self { every: 50, data: 64 }
    }
}
