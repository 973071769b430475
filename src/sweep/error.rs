//! Why a sweep does not go on.

use std::path::PathBuf;

/// Why a sweep does not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder is not that of a sweep.
    #[error("{}: not the folder of a sweep: expected sweep.json in it", folder.display())]
    NotASweep {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of the folder does not hold what it should.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder holds something else.
    #[error("{}: the folder is not empty, and not that of a sweep; expected a new folder", folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds the same at another scale.
    #[error("{}: holds runs at the scale {scale}; expected a new folder for another", folder.display())]
    Scale {
        /// The folder.
        folder: PathBuf,
        /// Its scale.
        scale: String,
    },
    /// A program cannot be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// The job was not taken.
    #[error("sbatch: {reason}; the script is {}", script.display())]
    Refused {
        /// What sbatch says.
        reason: String,
        /// The script.
        script: PathBuf,
    },
}

impl Error {
    /// Whether what was asked for is at fault.
    pub fn is_input(&self) -> bool {
        matches!(self, Self::NotASweep { .. } | Self::Content { .. } | Self::Foreign { .. } | Self::Scale { .. })
    }
}
