//! The run log, `events.jsonl`: an event a line, as JSON, with a checksum.
//!
//! The last member of a line's object is `"crc32c":"…"`, in hexadecimal the CRC-32C of all bytes of the file up
//! to `,"crc32c"`. A byte that was changed shows in its line, and so does a line that is lost or out of place in
//! the one that follows it. Whatever tells where the log is damaged counts lines from 1 and bytes of the file
//! from 0.
//!
//! Logs of schema 1 have no checksums: they are read, and gone on with by lines that have them.

mod checksum;
mod follower;
mod index;

use std::path::{Path, PathBuf};

pub(super) use follower::Progress;
pub use follower::{Follower, events, read};

/// The schema of the lines that are written. The first line of a log, and the first of each process that goes on
/// with it, tells the schema from there on.
pub const SCHEMA: u32 = 3;

/// The schema of a log whose lines tell none.
pub(super) fn first_schema() -> u32 {
    1
}

/// The log of a run folder.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("events.jsonl")
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The log.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not what was written, or no event.
    #[error("{}: {damage}", path.display())]
    Damaged {
        /// The log.
        path: PathBuf,
        /// Where, and what is wrong there.
        damage: Damage,
    },
}

/// What is wrong with a log, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, byte {byte}: {reason}")]
pub struct Damage {
    /// The line, counted from 1.
    pub line: u64,
    /// The byte of the file, counted from 0: the one that is wrong where that is known, else where its line
    /// begins.
    pub byte: u64,
    /// What is wrong.
    pub reason: String,
}
