//! `kfra-tui bench`: this machine's peak and the cost of each phase.

use super::Error;

/// Arguments of `bench`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// Print JSON in place of a table
    #[arg(long)]
    pub json: bool,
    /// Measure only this; may be given many times
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Measure so many times and report the median
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

/// Measures and prints.
///
/// # Errors
/// An unknown name, and an output that cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let _ = (arguments.json, &arguments.only, arguments.repeat, arguments.threads);
    Err(Error::NotYet { what: "bench" })
}
