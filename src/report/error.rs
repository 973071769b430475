//! Why there is no report.

use std::path::PathBuf;

use crate::export;
use crate::linalg::is_misplaced;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to report on.
    #[error("{}: no run folder in it or below; expected folders with experiment.toml and events.jsonl", folder.display())]
    NoRuns {
        /// Where runs were looked for.
        folder: PathBuf,
    },
    /// No run can be read.
    #[error("no run can be read: {}", reasons.join("; "))]
    NoneRead {
        /// Why, of each.
        reasons: Vec<String>,
    },
    /// There is a file that no report wrote.
    #[error("{} is there already and is of no report; expected another folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The folder of the report cannot be made.
    #[error("cannot make {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A figure of an earlier report cannot be removed.
    #[error("cannot remove {}: {source}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of it cannot be written.
    #[error(transparent)]
    Export(#[from] export::Error),
}

impl Error {
    /// Whether others would have to be named, rather than a disk be seen to.
    pub fn is_input(&self) -> bool {
        match self {
            Self::NoRuns { .. } | Self::NoneRead { .. } | Self::Foreign { .. } => true,
            Self::Folder { source, .. } | Self::Remove { source, .. } => is_misplaced(source),
            Self::Export(error) => error.is_input(),
        }
    }
}
