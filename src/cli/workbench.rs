//! `kfra-tui [EXPERIMENT]`: the workbench.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use super::{Error, Overrides, output, read};
use crate::data::Places;
use crate::experiment::Experiment;
use crate::session::{self, Outcome, Session, Summary};
use crate::tui;

/// Arguments of the workbench.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// The experiment file [default: the built-in MNIST autoencoder with KFRA]
    pub experiment: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// The run folder [default: runs/NAME-TIMESTAMP]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Draw with ASCII signs only
    #[arg(long)]
    pub ascii: bool,
    /// Draw curves with blocks, for fonts without braille
    #[arg(long, conflicts_with = "ascii")]
    pub blocks: bool,
}

/// Opens the workbench; returns when the user quits and the run is over.
///
/// # Errors
/// Bad input, no terminal, and a run that fails.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let experiment = match &arguments.experiment {
        Some(file) => read(file, &arguments.overrides)?,
        None => Experiment::builtin(&arguments.overrides.set)?,
    };
    if !std::io::stdout().is_terminal() {
        return Err(Error::NoTerminal);
    }
    if let Ok(term) = std::env::var("TERM")
        && term == "dumb"
    {
        return Err(Error::DumbTerminal { term });
    }
    let file = arguments.experiment.clone().unwrap_or_else(|| "the built-in experiment".into());
    let folder = arguments.out.clone().unwrap_or_else(|| session::default_folder(&experiment.name));
    let options = session::Options {
        folder: folder.clone(),
        start: session::Start::New,
        places: Places::standard(),
        listener: None,
    };
    let session = Session::spawn(experiment, options)?;
    let mut look = tui::Options::from_environment();
    if arguments.ascii {
        look.signs = tui::Signs::Ascii;
    } else if arguments.blocks {
        look.signs = tui::Signs::Blocks;
    }
    let exit = tui::run(&session.handle, look);
    if exit.is_err() {
        session.handle.send(session::Command::Stop);
    }
    let summary = session.join().map_err(|error| Error::of_session(error, &file));
    exit?;
    let summary = summary?;
    if summary.status == Outcome::Failed {
        return Err(Error::Failed { reason: summary.reason.unwrap_or_default() });
    }
    let Summary { updates, train_loss, .. } = summary;
    output::tell(&format!("{updates} updates, training loss {train_loss:.4}; {}\n", folder.display()));
    Ok(())
}
