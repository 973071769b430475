//! What a user may tell a run. A command takes effect at a step boundary and is acknowledged by an
//! event that names the step.

use serde::{Deserialize, Serialize};

use crate::diagnostics::Diagnostic;
use crate::optim::Kind;
use crate::train::Hyperparameter;

/// Tells one sending of a command from another, so that its acknowledgement can be recognised.
pub type Ticket = u64;

/// A command to a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Stand still.
    Pause,
    /// Go on.
    Resume,
    /// Make so many updates, then stand still.
    RunThenPause(u64),
    /// Write a checkpoint.
    Checkpoint,
    /// Change a hyperparameter.
    Set {
        /// Which.
        hyperparameter: Hyperparameter,
        /// Its new value.
        value: f64,
    },
    /// Multiply a hyperparameter by a factor: it is set to the value that comes of the one in force.
    Scale {
        /// Which.
        hyperparameter: Hyperparameter,
        /// The factor.
        factor: f64,
    },
    /// Go on with another optimizer.
    Switch {
        /// Which.
        optimizer: Kind,
    },
    /// Measure a diagnostic at the present parameters, whatever its cadence and the budget. It waits for what was
    /// asked for before it, and ends what the cadence has begun, which begins anew afterwards; its own end is an
    /// event.
    Measure(Diagnostic),
    /// The same of one layer alone, λ = 1 … L.
    MeasureLayer(Diagnostic, usize),
    /// End the measurement that is under way, and those that wait.
    CancelMeasurements,
    /// Take down that another run begins at the checkpoint of this one after so many updates.
    Fork(u64),
    /// Write a checkpoint and end the run.
    Stop,
}
