//! What is left of a run when it is over: `summary.json`.

use serde::{Deserialize, Serialize};

use crate::train::Machine;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All updates were made.
    Finished,
    /// The user ended it.
    Stopped,
    /// It could not go on.
    Failed,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How the run ended.
    pub status: Outcome,
    /// Why, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Updates made.
    pub updates: u64,
    /// Mean loss a datum over the first 10,000 training data, without the L2 term.
    #[serde(with = "crate::train::number")]
    pub train_loss: f64,
    /// Mean loss a datum over the validation set; NaN where there is none.
    #[serde(with = "crate::train::number")]
    pub validation_loss: f64,
    /// Share of wrong classes among the same training data, where there are classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train_error: Option<f64>,
    /// Share of wrong classes in the validation set, where there are classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_error: Option<f64>,
    /// Wall seconds of the run.
    pub seconds: f64,
    /// Wall seconds of it without evaluation.
    pub seconds_training: f64,
    /// Data trained on a second of training.
    pub samples_per_second: f64,
    /// Version of this program.
    pub version: String,
    /// The machine.
    pub machine: Machine,
}
