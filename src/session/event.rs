//! What happens in a run, in order: the run log, line by line.

use serde::{Deserialize, Serialize};

use super::command::{Command, Ticket};
use crate::diagnostics::{Diagnostic, Measurement};
use crate::network::Architecture;
use crate::train::{Machine, Step};

/// One line of the run log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The data are loaded and the run begins (or goes on, from the step of a checkpoint).
    Started(Box<RunInfo>),
    /// An update was made.
    Step(Step),
    /// Training and validation loss were evaluated.
    Evaluated(Evaluation),
    /// A diagnostic found something.
    Measured(Measurement),
    /// A diagnostic did not come to a result.
    DiagnosticFailed {
        /// The step whose parameters were measured.
        step: u64,
        /// Which diagnostic.
        diagnostic: Diagnostic,
        /// Why.
        reason: String,
    },
    /// A measurement goes on without a result so far.
    MeasurementProgress {
        /// The step whose parameters are measured.
        step: u64,
        /// Which diagnostic.
        diagnostic: Diagnostic,
        /// Pieces of work that are done.
        done: usize,
        /// And how many there are.
        of: usize,
    },
    /// A measurement that was asked for is over.
    MeasurementEnded {
        /// The step whose parameters were measured; of one that never began, the present one.
        step: u64,
        /// Which diagnostic.
        diagnostic: Diagnostic,
        /// Whether it was cancelled; what it had found by then stands.
        cancelled: bool,
        /// Wall seconds it took.
        seconds: f64,
    },
    /// A command took effect after `step` updates.
    Applied {
        /// Which sending of it.
        ticket: Ticket,
        /// Updates made before it.
        step: u64,
        /// The command.
        command: Command,
        /// What changed, for people: `γ 1 → 0.1`.
        change: String,
    },
    /// A command was not carried out.
    Refused {
        /// Which sending of it.
        ticket: Ticket,
        /// Updates made before it.
        step: u64,
        /// The command.
        command: Command,
        /// Why not, and what would be.
        reason: String,
    },
    /// The run goes on with another optimizer.
    Switched {
        /// Updates made before it.
        step: u64,
        /// Its name.
        optimizer: String,
        /// Its hyperparameters and all others.
        hyperparameters: Vec<(crate::train::Hyperparameter, f64)>,
    },
    /// A step led to a loss that is not finite: parameters were restored, damping was raised.
    Rejected {
        /// Updates made.
        step: u64,
        /// What was done, for people.
        reason: String,
    },
    /// Something the user should know: a factor that needed more damping to be inverted.
    Warning {
        /// Updates made.
        step: u64,
        /// What, for people.
        text: String,
    },
    /// Training stands still after `step` updates.
    Paused {
        /// Updates made.
        step: u64,
        /// Where it does so by itself, because of something: the latest checkpoint from before that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back: Option<u64>,
        /// Whether it does so by itself, because its parameters are no good.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        astray: bool,
    },
    /// Training goes on after `step` updates.
    Resumed {
        /// Updates made.
        step: u64,
    },
    /// A checkpoint was written.
    Checkpoint {
        /// Updates made.
        step: u64,
        /// The file, relative to the run folder.
        file: String,
    },
    /// The run is over.
    Ended(Box<super::Summary>),
}

/// What is known of a run when it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The schema of the log from here on: [`SCHEMA`](super::log::SCHEMA) of this version.
    #[serde(default = "super::log::first_schema")]
    pub schema: u32,
    /// The experiment's name.
    pub name: String,
    /// The network.
    pub architecture: Architecture,
    /// The loss.
    pub loss: crate::network::Loss,
    /// The optimizer's name.
    pub optimizer: String,
    /// Where the data come from, and how many.
    pub data: String,
    /// Training data.
    pub train_data: usize,
    /// Validation data.
    pub validation_data: usize,
    /// Data a minibatch.
    pub batch: usize,
    /// Updates until the run is finished.
    pub updates: u64,
    /// Updates already made.
    pub step: u64,
    /// Threads of the run's pool.
    pub threads: usize,
    /// FLOP/s of a product of two matrices in the run's precision, as all its threads reached it at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak: Option<f64>,
    /// Floating-point precision of training.
    pub precision: crate::train::Precision,
    /// The experiment's seed.
    pub seed: u64,
    /// Version of this program.
    pub version: String,
    /// The machine.
    pub machine: Machine,
    /// Hyperparameters that can change along the run, at its start.
    pub hyperparameters: Vec<(crate::train::Hyperparameter, f64)>,
}

/// Losses over whole sets, without the L2 term.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Updates made.
    pub step: u64,
    /// Mean loss a datum over the first 10,000 training data.
    #[serde(with = "crate::linalg::number")]
    pub train_loss: f64,
    /// Mean loss a datum over the validation set; NaN where there is none.
    #[serde(with = "crate::linalg::number")]
    pub validation_loss: f64,
    /// Share of wrong classes among the same training data, where there are classes.
    pub train_error: Option<f64>,
    /// Share of wrong classes in the validation set, where there are classes.
    pub validation_error: Option<f64>,
    /// Seconds of training so far, without evaluation.
    pub seconds_training: f64,
    /// Wall seconds this evaluation took.
    pub cost: f64,
}
