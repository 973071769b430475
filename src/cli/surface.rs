//! `kfra-tui surface`: the loss on a plane through parameter space.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use indicatif::{ProgressBar, ProgressStyle};

use super::run::stopped_by_signals;
use super::subject::Subject;
use super::{Error, Overrides, output};
use crate::diagnostics::surface::surface;
use crate::diagnostics::{Diagnostic, Stop, Task};
use crate::export::{self, Format};

/// Arguments of `surface`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// The experiment file, whose initial weights are taken
    #[arg(required_unless_present = "run")]
    pub experiment: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// A run folder, to take one of its checkpoints
    #[arg(long, value_name = "RUN", conflicts_with = "experiment")]
    pub run: Option<PathBuf>,
    /// Which checkpoint of the run [default: the latest]
    #[arg(long, value_name = "N", requires = "run", conflicts_with = "experiment")]
    pub step: Option<u64>,
    /// Where to: a .csv, .json, .svg or .png file; may be given many times
    #[arg(long, value_name = "FILE", required = true)]
    pub out: Vec<PathBuf>,
    /// Write over files that are there
    #[arg(long)]
    pub force: bool,
}

/// Measures the surface that `[diagnostics.surface]` describes, and writes it. Ctrl-C ends it without a file.
///
/// # Errors
/// Bad input, and an output that cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let stop = stopped_by_signals()?;
    let format = |out: &PathBuf| {
        let unfit = || {
            let expected = "expected a file that ends in .csv, .json, .svg or .png";
            Error::Request(format!("--out is {}; {expected}", out.display()))
        };
        export::has_folder(out)?;
        export::free(out, arguments.force)?;
        Format::of(out).ok_or_else(unfit)
    };
    let formats = arguments.out.iter().map(format).collect::<Result<Vec<_>, Error>>()?;
    let set = &arguments.overrides.set;
    let subject = match (&arguments.run, &arguments.experiment) {
        (Some(run), _) => Subject::of_run(run, arguments.step, None, set)?,
        (None, Some(file)) => Subject::of_experiment(file, set)?,
        (None, None) => unreachable!("required by the command line"),
    };
    let mut batch = subject.probe(Diagnostic::Surface)?;
    // On a terminal alone; there indicatif draws it on the standard error.
    let bar = ProgressBar::new(subject.experiment.diagnostics.surface.points as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} rows  {elapsed}  {eta} left") {
        bar.set_style(style);
    }
    let found = surface(&Task {
        progress: &|done, _| bar.set_position(done as u64),
        cancelled: &|| stop.load(Ordering::Relaxed),
        ..subject.task(batch.at(&subject.parameters)?)
    });
    bar.finish_and_clear();
    let found = match found {
        Ok(found) => found,
        Err(Stop::Failed(error)) => return Err(error.into()),
        Err(Stop::Cancelled) => {
            output::complain("stopped; nothing is written\n");
            return Ok(());
        }
    };
    let figure = export::surface(&subject.experiment.name, &found);
    for (out, format) in arguments.out.iter().zip(formats) {
        let bytes = format.bytes(std::slice::from_ref(&figure), "u")?;
        export::write(out, &bytes, arguments.force)?;
    }
    let (least, largest) = found.range();
    let points = found.losses.len();
    output::complain(&format!(
        "{points} points, losses from {} to {}, {:.2} s of CPU time\n",
        output::loss(least),
        output::loss(largest),
        found.cost
    ));
    Ok(())
}
