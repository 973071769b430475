//! `kfra-tui export`: quantities of runs as figures, tables and logs for other programs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use clap::ValueEnum;

use super::Error;
use crate::export::{self, Abscissa, Format, Labelled, TensorBoard, View};
use crate::runs::Unreadable;
use crate::session::log::{self, LogError};
use crate::session::{self, Checkpoint};

/// Arguments of `export`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// The run folders
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// What to write
    #[arg(long)]
    pub what: What,
    /// Where to: a .csv, .json, .svg or .png file; for tensorboard a folder, or a file whose name has
    /// "tfevents" in it; for weights a .safetensors file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// What x counts [default: update]
    #[arg(long)]
    pub x: Option<Counted>,
    /// Logarithmic x axis
    #[arg(long)]
    pub log_x: bool,
    /// Linear y axis
    #[arg(long)]
    pub linear_y: bool,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
}

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// Loss of minibatches, training set and validation set
    Loss,
    /// Damping γ and τ, and the learning rate
    Damping,
    /// Step size α* and reduction ratio ρ
    Step,
    /// Rank of the Gauss-Newton matrix and of its blocks, and their bounds
    Rank,
    /// Trace and extreme eigenvalues of the Hessian blocks
    Hessian,
    /// Seconds an update, and its phases
    Timing,
    /// Every scalar of the run log, for TensorBoard
    Tensorboard,
    /// The weights of the latest checkpoint
    Weights,
}

/// What x can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Counted {
    /// Updates
    Update,
    /// Passes through the training data
    Epoch,
    /// Training data seen
    Sample,
    /// Seconds of training
    Second,
}

/// Writes what is asked for.
///
/// # Errors
/// Bad input, and an output that cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    if let Some(path) = overwritten(arguments) {
        return Err(Error::Overwrites { path });
    }
    let axes = arguments.x.is_some() || arguments.log_x || arguments.linear_y;
    let figures = match arguments.what {
        What::Loss => export::quantity::loss,
        What::Damping => export::quantity::damping,
        What::Step => export::quantity::step,
        What::Rank => export::quantity::rank,
        What::Hessian => export::quantity::hessian,
        What::Timing => export::quantity::timing,
        What::Tensorboard | What::Weights if axes => {
            let reason = "--x, --log-x and --linear-y are of figures; expected none of them here";
            return Err(Error::Request(reason.to_owned()));
        }
        What::Tensorboard => return tensorboard(arguments),
        What::Weights => return weights(arguments),
    };
    let expected = || unfit(&arguments.out, "a file that ends in .csv, .json, .svg or .png");
    let format = Format::of(&arguments.out).ok_or_else(expected)?;
    export::free(&arguments.out, arguments.force)?;
    let x = match arguments.x {
        None | Some(Counted::Update) => Abscissa::Update,
        Some(Counted::Epoch) => Abscissa::Epoch,
        Some(Counted::Sample) => Abscissa::Sample,
        Some(Counted::Second) => Abscissa::Second,
    };
    let view = View { x, log_x: arguments.log_x, linear_y: arguments.linear_y };
    let read = |(label, folder): (String, &PathBuf)| Ok((label, Arc::new(log::read(folder)?)));
    let runs = labels(&arguments.runs).into_iter().zip(&arguments.runs).map(read);
    let runs: Vec<Labelled> = runs.collect::<Result<_, LogError>>()?;
    let figures = figures(&runs, view);
    if figures.is_empty() {
        let all = runs.iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>().join(", ");
        let reason = format!("nothing was recorded for it in {all}; expected a run that measured it");
        return Err(Error::Request(reason));
    }
    let bytes = format.bytes(&figures, x.name())?;
    Ok(export::write(&arguments.out, &bytes, arguments.force)?)
}

/// The output, where it is a file of one of the runs already; by force, too, runs stay as they are.
fn overwritten(arguments: &Arguments) -> Option<PathBuf> {
    let out = arguments.out.canonicalize().ok().filter(|out| out.is_file())?;
    let inside = |run: &PathBuf| run.canonicalize().is_ok_and(|run| out.starts_with(run));
    arguments.runs.iter().any(inside).then(|| arguments.out.clone())
}

fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn unfit(path: &Path, expected: &str) -> Error {
    Error::Request(format!("--out is {}; expected {expected}", path.display()))
}

/// What runs are called: the names of their folders, or the paths where these are not all different.
fn labels(folders: &[PathBuf]) -> Vec<String> {
    let name = |folder: &PathBuf| {
        let whole = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        whole.file_name().map(|name| name.to_string_lossy().into_owned())
    };
    let names: Vec<_> = folders.iter().map(name).collect();
    let label = |(folder, name): (&PathBuf, &Option<String>)| match name {
        Some(only) if names.iter().filter(|other| *other == name).count() == 1 => only.clone(),
        _ => folder.display().to_string(),
    };
    folders.iter().zip(&names).map(label).collect()
}

/// The only run, where there may be but one.
fn only<'a>(arguments: &'a Arguments, what: &str) -> Result<&'a Path, Error> {
    match arguments.runs.as_slice() {
        [run] => Ok(run),
        runs => Err(Error::Request(format!("{} runs are named; expected one for {what}", runs.len()))),
    }
}

/// A log of one run, or a folder with a folder for each.
fn tensorboard(arguments: &Arguments) -> Result<(), Error> {
    let is_log = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().contains("tfevents"));
    if is_log(&arguments.out) {
        let folder = only(arguments, "a single log")?;
        export::free(&arguments.out, arguments.force)?;
        return Ok(export::write(&arguments.out, &tensorboard_log(folder)?.1, arguments.force)?);
    }
    if arguments.out.is_file() {
        return Err(unfit(&arguments.out, "a folder, or a file whose name has \"tfevents\" in it"));
    }
    let parts = labels(&arguments.runs).into_iter().map(|label| label.replace(['/', '\\'], "-"));
    for (name, folder) in parts.zip(&arguments.runs) {
        let (began, bytes) = tensorboard_log(folder)?;
        let place = arguments.out.join(name);
        let path = place.join(format!("events.out.tfevents.{began:010.0}.kfra-tui"));
        export::free(&path, arguments.force)?;
        std::fs::create_dir_all(&place).map_err(|source| export::Error::Write { path: place, source })?;
        export::write(&path, &bytes, arguments.force)?;
    }
    Ok(())
}

/// When a run began, and its log for TensorBoard.
fn tensorboard_log(folder: &Path) -> Result<(f64, Vec<u8>), Error> {
    // A run that goes on writes its experiment anew, and keeps its log; a copy keeps the times of changes at most.
    let path = folder.join("experiment.toml");
    let written = path.metadata().and_then(|found| found.modified());
    let written = written.map_err(|source| Unreadable::File { path, source })?;
    let made = log::path(folder).metadata().and_then(|found| found.created());
    let began = made.map_or(written, |made| made.min(written));
    let began = began.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let mut log = TensorBoard::new(began);
    log::events(folder, &mut |event| log.take(event))?;
    Ok((began, log.into_bytes()))
}

/// The weights of the latest checkpoint.
fn weights(arguments: &Arguments) -> Result<(), Error> {
    let folder = only(arguments, "weights")?;
    if ending(&arguments.out) != "safetensors" {
        return Err(unfit(&arguments.out, "a file that ends in .safetensors"));
    }
    export::free(&arguments.out, arguments.force)?;
    let Some((_, path)) = Checkpoint::list(folder).into_iter().next() else {
        let checkpoints = folder.join("checkpoints");
        let reason = format!("{}: no checkpoint; expected step-N.safetensors", checkpoints.display());
        return Err(Error::Request(reason));
    };
    let bytes = export::weights(&Checkpoint::read(&path).map_err(session::Error::from)?)?;
    Ok(export::write(&arguments.out, &bytes, arguments.force)?)
}
