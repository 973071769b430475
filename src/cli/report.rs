//! `kfra-tui report`: figures, tables and findings of runs.

use std::path::{Path, PathBuf};

use super::{Error, output};
use crate::report;

/// Arguments of `report`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// Run folders, or folders with run folders anywhere below, as those of sweeps
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// The folder of the report: report.md with its figures and tables; those of an earlier one are replaced
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Writes a report.
///
/// # Errors
/// No runs, and a folder that cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    write(&arguments.runs, &arguments.out)
}

/// Writes a report, and tells of it.
///
/// # Errors
/// As [`run`].
pub(super) fn write(runs: &[PathBuf], out: &Path) -> Result<(), Error> {
    let contents = report::write(runs, out)?;
    for reason in &contents.unread {
        output::complain(&format!("not read: {reason}\n"));
    }
    let files = contents.files.len() + 1;
    output::tell(&format!("{} runs, {files} files; {}\n", contents.runs, contents.page.display()));
    Ok(())
}
