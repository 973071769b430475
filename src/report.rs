//! What many runs show together: figures and tables for a paper, and its findings, each computed from the runs.
//!
//! Runs are put together that solve the same problem: data, network, loss, L2 term, minibatch, precision. Of a
//! problem the methods are compared, each by its best settings, with the spread of all of them.

mod alignment;
mod curves;
mod error;
mod findings;
mod page;
mod plots;
mod problem;
mod record;
mod surfaces;
mod tables;
mod words;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use error::Error;
pub use page::Contents;

/// Reads runs and writes `report.md`, its figures as SVG with a CSV table each, and `runs.csv` into `out`, over
/// those of an earlier report. `sources` are run folders, or folders with run folders anywhere below.
///
/// # Errors
/// No runs, none that can be read, and a folder that cannot be written or holds such files of another origin.
pub fn write(sources: &[PathBuf], out: &Path) -> Result<Contents, Error> {
    let (records, unread) = record::collect(sources)?;
    if records.is_empty() {
        return Err(Error::NoneRead { reasons: unread });
    }
    let problems = problem::group(&records);
    page::write(&records, &problems, &unread, out)
}
