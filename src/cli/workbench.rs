//! `kfra-tui [EXPERIMENT]`: opens the workbench.

use std::path::PathBuf;

use super::{Error, Overrides, read};
use crate::experiment::Experiment;

/// Arguments of the workbench.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// The experiment file [default: the built-in MNIST autoencoder]
    pub experiment: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
}

/// Opens the workbench.
///
/// # Errors
/// Bad input, and a terminal that cannot be used.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let _experiment = match &arguments.experiment {
        Some(file) => read(file, &arguments.overrides)?,
        None => Experiment::builtin(&arguments.overrides.set)?,
    };
    Err(Error::NotYet { what: "the workbench" })
}
