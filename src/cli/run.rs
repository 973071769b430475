//! `kfra-tui run`: trains without a screen.

use std::path::PathBuf;

use super::{Error, ExperimentArguments};

/// Arguments of `run`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub experiment: ExperimentArguments,
    /// The run folder [default: runs/NAME-TIMESTAMP]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
}

/// Trains and writes the run folder.
///
/// # Errors
/// Bad input, and a run that fails.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let _ = (arguments.experiment.read()?, &arguments.out, arguments.quiet);
    Err(Error::NotYet { what: "run" })
}
