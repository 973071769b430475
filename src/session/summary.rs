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

impl Summary {
    /// The names of its values, but for the machine.
    pub const NAMES: [&str; 13] = [
        "status",
        "reason",
        "diverged",
        "optimizer",
        "updates",
        "train_loss",
        "validation_loss",
        "train_error",
        "validation_error",
        "seconds",
        "seconds_training",
        "samples_per_second",
        "version",
    ];
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How the run ended.
    pub status: Outcome,
    /// Why, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it failed by its training, which would come to nothing again.
    #[serde(default)]
    pub diverged: bool,
    /// The optimizer in the end, which the user may have changed.
    #[serde(default)]
    pub optimizer: String,
    /// Updates made.
    pub updates: u64,
    /// Mean loss a datum over the first 10,000 training data, without the L2 term.
    #[serde(with = "crate::linalg::number")]
    pub train_loss: f64,
    /// Mean loss a datum over the validation set; NaN where there is none.
    #[serde(with = "crate::linalg::number")]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_file() {
        let summary = Summary {
            status: Outcome::Failed,
            reason: Some("full disk".to_owned()),
            diverged: false,
            optimizer: "adam".to_owned(),
            updates: 1,
            train_loss: 1.0,
            validation_loss: f64::NAN,
            train_error: Some(0.5),
            validation_error: Some(0.5),
            seconds: 1.0,
            seconds_training: 1.0,
            samples_per_second: 1.0,
            version: String::new(),
            machine: Machine::this(),
        };
        let file = serde_json::to_value(&summary).unwrap();
        let mut names: Vec<_> = file.as_object().unwrap().keys().map(String::as_str).collect();
        names.retain(|name| *name != "machine");
        let mut expected = Summary::NAMES.to_vec();
        expected.sort_unstable();
        names.sort_unstable();
        assert_eq!(names, expected);
    }
}
