//! What an update asks of the world.

use std::path::PathBuf;

use super::plain;
use crate::diagnostics::Diagnostic;
use crate::experiment::Experiment;
use crate::runs::Id;
use crate::session::Command;
use crate::train::Hyperparameter;

/// What is to be done outside the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a command; the text says it for people.
    Send(Command, String),
    /// Measure diagnostics, one after the other: of all layers, or of one.
    Measure(Vec<Diagnostic>, Option<usize>),
    /// End, because the run is over.
    Quit,
    /// End without waiting for the run to be over.
    Leave,
    /// Look for run folders, and at the logs of those that are marked.
    Scan,
    /// Show a run on the Train screen.
    Open(Id),
    /// Read the log of a run.
    Read(Id),
    /// Queue a run's experiment with the next seed.
    Again(Id),
    /// Begin a run that waits.
    Hurry(Id),
    /// Start another run where a run is.
    Fork(Id),
    /// Start another run at one of the checkpoints of a run.
    ForkAt(Id, u64),
    /// Let a run go on where it was left.
    Resume(Id),
    /// Delete a run.
    Delete(Id),
    /// Start a run and show it.
    Start(Box<Experiment>),
    /// Start a run when the others are over.
    Queue(Box<Experiment>),
    /// Save the experiment that is edited.
    Save {
        /// The file.
        file: PathBuf,
        /// Whether another file of this name may be overwritten.
        replace: bool,
    },
    /// Edit the experiment of a file.
    Load(PathBuf),
    /// Edit the experiment of a run.
    Design(Id),
    /// Write what is in sight to a file.
    Export {
        /// The file.
        file: PathBuf,
        /// Whether another file of this name may be overwritten.
        replace: bool,
    },
    /// Stop a run.
    Stop(Id),
    /// Stop every run.
    StopAll,
    /// Let the shell have the terminal for a while.
    Suspend,
    /// Draw everything anew.
    Redraw,
}

impl Effect {
    /// A command, said as `text`.
    pub fn send(command: Command, text: &str) -> Self {
        Self::Send(command, text.to_owned())
    }

    /// Another value of a hyperparameter.
    pub fn set(hyperparameter: Hyperparameter, value: f64) -> Self {
        let text = format!("{} → {}", hyperparameter.symbol(), plain(value));
        Self::Send(Command::Set { hyperparameter, value }, text)
    }
}
