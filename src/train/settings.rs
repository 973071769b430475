//! What an experiment says of its training.

use serde::{Deserialize, Serialize};

/// The train section of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Data a minibatch, at least 1.
    pub batch: usize,
    /// Updates until the run is finished.
    pub updates: u64,
    /// Threads of the run's own pool; all cores where not stated.
    pub threads: Option<usize>,
    /// Training and validation loss are evaluated every so many updates, at the start and at the end;
    /// 0: only then.
    pub evaluate_every: u64,
    /// A checkpoint is written every so many updates and at the end; 0: only at the end.
    pub checkpoint_every: u64,
    /// A checkpoint is written when so many minutes have passed since the last one; 0: never for that.
    pub checkpoint_minutes: f64,
    /// So many of the latest checkpoints are kept, beside the best and those asked for; 0: all.
    pub keep_checkpoints: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch: 1000,
            updates: 5000,
            threads: None,
            evaluate_every: 100,
            checkpoint_every: 0,
            checkpoint_minutes: 10.0,
            keep_checkpoints: 3,
        }
    }
}

/// Floating-point precision of training. Diagnostics are always in double precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single.
    F32,
    /// Double.
    F64,
}
