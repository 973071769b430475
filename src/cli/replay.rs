//! `kfra-tui replay`: makes a recorded run again, and compares it with its log.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use indicatif::ProgressBar;

use super::run::bar;
use super::{Error, output};
use crate::data::Places;
use crate::session::replay::{Request, replay};

/// Arguments of `replay`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run folder
    pub run: PathBuf,
    /// End with exit code 1 at the first number that is not that of the log, bit by bit
    #[arg(long)]
    pub verify: bool,
    /// Start at a checkpoint of the run [default: where the run began]
    #[arg(long, value_name = "CHECKPOINT")]
    pub from: Option<PathBuf>,
    /// End after this update [default: the last of the log]
    #[arg(long, value_name = "N")]
    pub until: Option<u64>,
    /// Write a checkpoint of the end, to start other runs at: kfra-tui run --from FILE
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
}

/// Makes every update of a run again, with all that was changed along the way.
///
/// # Errors
/// A run that cannot be read, and with `--verify` one that comes out otherwise.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let Arguments { run, from, until, out, verify, quiet } = arguments.clone();
    if let Some(path) = out.as_ref().filter(|path| path.exists()) {
        return Err(Error::Exists { path: path.clone() });
    }
    let shown = !quiet && std::io::stderr().is_terminal();
    let progress = if shown { bar(0) } else { ProgressBar::hidden() };
    let request = Request { folder: run.clone(), from, until, verify, out, places: Places::standard() };
    let made = replay(&request, &mut |step, last| {
        progress.set_length(last);
        progress.set_position(step);
    });
    progress.finish_and_clear();
    let made = made.map_err(|error| Error::of_session(error, &run.join("experiment.toml")))?;
    let tell = |text: &str| if quiet { Ok(()) } else { output::print(&format!("{}: {text}\n", run.display())) };
    if let Some(torn) = made.torn {
        tell(&format!("events.jsonl: {torn}"))?;
    }
    let (first, last) = made.updates;
    let many = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let extent = format!("{} after {first}, with {}", many(last - first, "update"), many(made.changes, "change"));
    match made.difference {
        None => tell(&format!("{extent}: as in the log, bit by bit"))?,
        Some(difference) if verify => return Err(Error::Differs { run, difference }),
        Some(difference) => tell(&format!("{extent}: otherwise than in the log from here on: {difference}"))?,
    }
    Ok(())
}
