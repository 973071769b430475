//! `kfra-tui [EXPERIMENT]`: the workbench.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use super::{Error, Overrides, output, read};
use crate::data::Places;
use crate::experiment::Experiment;
use crate::runs::Shelf;
use crate::session::{self, Folder, Outcome, Summary};
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
    #[command(flatten)]
    pub look: Look,
}

/// Opens the workbench; returns when the user quits and the run is over.
///
/// # Errors
/// Bad input, no terminal, and a run that fails.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let experiment = match &arguments.experiment {
        Some(word) if !word.exists() && word.components().count() == 1 && word.extension().is_none() => {
            let word = word.display();
            let known = "kfra-tui --help lists the commands";
            return Err(Error::Request(format!("{word}: neither a command nor an experiment file; {known}")));
        }
        Some(file) => read(file, &arguments.overrides)?,
        None => Experiment::builtin(&arguments.overrides.set)?,
    };
    require_terminal()?;
    let file = arguments.experiment.clone().unwrap_or_else(|| "the built-in experiment".into());
    let folder = match &arguments.out {
        Some(folder) => {
            session::require_vacant(folder)?;
            folder.clone().into()
        }
        None => Folder::make(&session::default_folder(&experiment.name))?,
    };
    let root = folder.path().parent().map_or_else(|| PathBuf::from("runs"), Path::to_owned);
    let kept = folder.path().to_owned();
    let mut shelf = Shelf::new(Places::standard(), vec![root]);
    let shown = shelf.start(experiment, folder)?;
    // Nobody asked for this experiment by its name.
    let word = format!("the built-in experiment: D shows it, N there begins another; kept in {}", kept.display());
    let word = arguments.experiment.is_none().then_some(word);
    show(shelf, tui::Opening { shown, marked: Vec::new(), word }, arguments.look.options(), &file)
}

/// Shows the runs of a shelf until the user quits and all are over; `file` is where the first one's experiment
/// comes from.
///
/// # Errors
/// No terminal, and a run that fails.
pub(super) fn show(mut shelf: Shelf, opening: tui::Opening, look: tui::Options, file: &Path) -> Result<(), Error> {
    let exit = tui::run(&mut shelf, opening, look);
    if exit.is_err() {
        shelf.stop();
    }
    let ends = shelf.join();
    exit?;
    let mut failure = None;
    for (folder, end) in ends {
        match end.map_err(|error| Error::of_session(error, file)) {
            Err(error) => failure = failure.or(Some(error)),
            Ok(Summary { status: Outcome::Failed, reason, .. }) => {
                failure = failure.or(Some(Error::Failed { reason: reason.unwrap_or_default() }));
            }
            Ok(Summary { updates, train_loss, .. }) => {
                let folder = folder.display();
                output::tell(&format!("{updates} updates, training loss {}; {folder}\n", output::loss(train_loss)));
            }
        }
    }
    failure.map_or(Ok(()), Err)
}

/// Whether there is a terminal to show runs on.
///
/// # Errors
/// Where there is none.
pub(super) fn require_terminal() -> Result<(), Error> {
    if !std::io::stdout().is_terminal() {
        return Err(Error::NoTerminal);
    }
    if let Ok(term) = std::env::var("TERM")
        && term == "dumb"
    {
        return Err(Error::DumbTerminal { term });
    }
    Ok(())
}

/// How the screen looks, where the environment is not to decide.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Look {
    /// Draw with ASCII signs only
    #[arg(long)]
    pub ascii: bool,
    /// Draw curves with blocks, for fonts without braille
    #[arg(long, conflicts_with = "ascii")]
    pub blocks: bool,
    /// Draw images of cells, also where the terminal could draw them by itself
    #[arg(long)]
    pub no_pictures: bool,
    /// The colours, in place of those that fit the terminal or were chosen before
    #[arg(long, value_name = "PALETTE", value_enum)]
    pub palette: Option<tui::Palette>,
}

impl Look {
    pub(super) fn options(&self) -> tui::Options {
        let mut look = tui::Options::from_environment();
        if self.ascii {
            look.signs = tui::Signs::Ascii;
        } else if self.blocks {
            look.signs = tui::Signs::Blocks;
        }
        look.wanted = self.palette;
        look.pictures = !self.no_pictures;
        look
    }
}
