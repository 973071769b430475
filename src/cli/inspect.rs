//! `kfra-tui inspect`: every curvature quantity of one network on one batch.

use std::path::PathBuf;

use super::{Error, ExperimentArguments};

/// Arguments of `inspect`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub experiment: ExperimentArguments,
    /// The weights, safetensors
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// The inputs and targets, safetensors
    #[arg(long, value_name = "FILE")]
    pub batch: PathBuf,
    /// Where to write the quantities, safetensors
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Computes the quantities and writes them.
///
/// # Errors
/// Bad input, and an output that cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let _ = (arguments.experiment.read()?, &arguments.weights, &arguments.batch, &arguments.out);
    Err(Error::NotYet { what: "inspect" })
}
