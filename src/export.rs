//! What is taken out of runs: figures for papers, tables, logs for TensorBoard.

pub mod curvature;
mod draw;
pub mod figure;
mod file;
mod format;
mod picture;
pub mod quantity;
mod scale;
mod sheet;
mod surface;
mod table;
mod tensorboard;
mod text;
mod weights;
#[cfg(test)]
mod zoo;

use std::path::PathBuf;

use crate::linalg::is_misplaced;

pub use draw::svg;
pub use figure::{Abscissa, Figure};
pub use file::{free, has_folder, write};
pub use format::Format;
pub use picture::{outlined, png};
pub use quantity::{Labelled, View};
pub use sheet::{Look, Sheet};
pub use surface::{surface, surfaces};
pub use table::{csv, json};
pub use tensorboard::TensorBoard;
pub use text::without_middle;
pub use weights::weights;

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is there already.
    #[error("{} is there already; expected a new file, or --force to write over it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file is a folder.
    #[error("{} is a folder; expected a file", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// There is something other than a file.
    #[error("{} is a device, a pipe or the like; expected a file", path.display())]
    Special {
        /// What is there.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is nothing to write.
    #[error("{0}")]
    Nothing(&'static str),
    /// What was to be written has no such form.
    #[error("cannot be written in this format: {0}")]
    Encode(String),
}

impl Error {
    /// Whether another file would have to be named, rather than a disk be seen to.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Write { source, .. } if !is_misplaced(source))
    }
}

impl From<::csv::Error> for Error {
    fn from(error: ::csv::Error) -> Self {
        Self::Encode(error.to_string())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Encode(error.to_string())
    }
}
