//! Why there is no run, or no end of one.

use std::path::PathBuf;

use super::log::LogError;
use super::{CheckpointError, LockError, RecordError};
use crate::experiment::{LoadError, Problems};
use crate::network::tensors::TensorError;

/// Why a run did not come to an end of its own.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The experiment does not fit its data, or they cannot be read. Nothing was written.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The experiment of a run folder or of a checkpoint is wrong, or the overrides are.
    #[error(transparent)]
    Experiment(#[from] Problems),
    /// A folder is not that of a run.
    #[error("{}: not a run folder: expected experiment.toml in it", folder.display())]
    NotARun {
        /// The folder.
        folder: PathBuf,
    },
    /// A run in progress has the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The checkpoint to start from cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The run folder has no checkpoint to go on from.
    #[error("{}: no checkpoint to go on from{}", folder.display(), lines(reasons))]
    NoCheckpoint {
        /// The run folder.
        folder: PathBuf,
        /// Why those there are cannot be used.
        reasons: Vec<String>,
    },
    /// The checkpoint has all the updates already.
    #[error("train.updates must be above {step}, the updates of {}; found {updates}", checkpoint.display())]
    NoUpdates {
        /// The checkpoint.
        checkpoint: PathBuf,
        /// Updates made at it.
        step: u64,
        /// Updates of the experiment.
        updates: u64,
    },
    /// The log of the run folder cannot be gone on with.
    #[error("{0}; expected the log of a run (to start another at its checkpoint: kfra-tui run --from)")]
    Log(#[from] LogError),
    /// The log does not tell of an update.
    #[error("{}: the log has no update {step}; expected one from {first} to {last}", folder.display())]
    NotInLog {
        /// The run folder.
        folder: PathBuf,
        /// The update.
        step: u64,
        /// Updates made at the start.
        first: u64,
        /// The last update of the log.
        last: u64,
    },
    /// A checkpoint cannot be written.
    #[error(transparent)]
    Write(#[from] TensorError),
    /// The experiment is not that of the run to be resumed.
    #[error(
        "{}: a run is resumed as it was: of its settings only those of diagnostics and of train but train.batch can change (to change others: kfra-tui run --from CHECKPOINT)",
        folder.display()
    )]
    Changed {
        /// The run folder.
        folder: PathBuf,
    },
    /// The run folder holds files already, or cannot be made.
    #[error(transparent)]
    Folder(RecordError),
    /// The run folder cannot be written any more.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Threads cannot be started.
    #[error("cannot start the threads of the run: {0}")]
    Threads(String),
    /// The run's thread panicked before there was a run folder to tell of it.
    #[error("the run ended by an error in this program: {panic}")]
    Panicked {
        /// Its message.
        panic: String,
    },
}

impl Error {
    /// Whether what was asked for is at fault: nothing was written.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Load(_)
            | Self::Experiment(_)
            | Self::NotARun { .. }
            | Self::Lock(_)
            | Self::Checkpoint(_)
            | Self::NoCheckpoint { .. }
            | Self::NoUpdates { .. }
            | Self::Log(_)
            | Self::NotInLog { .. }
            | Self::Changed { .. }
            | Self::Folder(_) => true,
            Self::Record(_) | Self::Write(_) | Self::Threads(_) | Self::Panicked { .. } => false,
        }
    }
}

/// Each on a line of its own.
fn lines(reasons: &[String]) -> String {
    reasons.iter().flat_map(|reason| ["\n  ", reason]).collect()
}
