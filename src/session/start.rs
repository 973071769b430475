//! Where a run starts: afresh, where a run folder was left, or at a checkpoint of another run.

use std::path::{Path, PathBuf};

use super::Error;
use crate::experiment::Experiment;

/// Where a run starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At its initial weights, in a folder that is new or empty.
    #[default]
    New,
    /// Where the run of the folder was left: at its latest checkpoint that can be read. The experiment is
    /// that of [`resumed`].
    Resume,
    /// At a checkpoint of another run, in a folder that is new or empty. The experiment is that of
    /// [`forked`], or any other with the same network and loss: its settings hold.
    Fork {
        /// The checkpoint.
        checkpoint: PathBuf,
    },
}

/// The experiment of a run folder, changed by `overrides` (each `key=value`), to be resumed there.
///
/// # Errors
/// Where the folder is not that of a run, and what is wrong with its experiment or the overrides.
pub fn resumed(folder: &Path, overrides: &[String]) -> Result<Experiment, Error> {
    let file = folder.join("experiment.toml");
    if !file.is_file() {
        return Err(Error::NotARun { folder: folder.to_owned() });
    }
    Ok(Experiment::read(&file, overrides)?)
}
