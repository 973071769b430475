//! `kfra-tui run`: trains without a screen.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Error, Overrides, output, read};
use crate::data::Places;
use crate::experiment::Experiment;
use crate::session::{self, Command, Evaluation, Event, Folder, Handle, Outcome, Session, Start, Summary};

/// How often signals are looked at while no event comes.
const PATIENCE: Duration = Duration::from_millis(100);

/// Arguments of `run`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// The experiment file [default with --from: that of the checkpoint, with the settings of its step]
    #[arg(required_unless_present_any = ["resume", "from"])]
    pub experiment: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// The run folder [default: runs/NAME-TIMESTAMP]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on with the run of a folder at its latest checkpoint, as if it had not been interrupted. What can be
    /// set are diagnostics and train, but for train.batch: more updates, as in train.updates=2000
    #[arg(long, value_name = "RUN", conflicts_with_all = ["experiment", "out", "from"])]
    pub resume: Option<PathBuf>,
    /// Start at a checkpoint of another run
    #[arg(long, value_name = "CHECKPOINT")]
    pub from: Option<PathBuf>,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
    /// Stop the run with a checkpoint when the standard input ends, as it does when who started it goes
    #[arg(long)]
    pub tether: bool,
}

impl Arguments {
    /// The experiment, and the file it is from.
    fn experiment(&self) -> Result<(Experiment, PathBuf), Error> {
        let set = &self.overrides.set;
        if let Some(run) = &self.resume {
            let file = run.join("experiment.toml");
            let experiment = session::resumed(run, set).map_err(|error| Error::of_session(error, &file))?;
            return Ok((experiment, file));
        }
        match (&self.experiment, &self.from) {
            (None, Some(checkpoint)) => {
                let found = session::forked(checkpoint, set).map_err(|error| Error::of_session(error, checkpoint))?;
                Ok((found, checkpoint.clone()))
            }
            (file, _) => {
                let file = file.clone().unwrap_or_default();
                Ok((read(&file, &self.overrides)?, file))
            }
        }
    }

    /// The run folder, and where the run starts.
    fn place(&self, experiment: &Experiment) -> Result<(Folder, Start), session::Error> {
        if let Some(run) = &self.resume {
            return Ok((run.clone().into(), Start::Resume));
        }
        let folder = match &self.out {
            Some(folder) => folder.clone().into(),
            None => Folder::make(&session::default_folder(&experiment.name))?,
        };
        let fork = |checkpoint: &PathBuf| Start::Fork { checkpoint: checkpoint.clone() };
        Ok((folder, self.from.as_ref().map_or(Start::New, fork)))
    }
}

/// Trains and writes the run folder. Ctrl-C, SIGTERM and SIGHUP stop the run with a checkpoint.
///
/// # Errors
/// Bad input, and a run that fails.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let (experiment, file) = arguments.experiment()?;
    let (folder, start) = arguments.place(&experiment).map_err(|error| Error::of_session(error, &file))?;
    let path = folder.path().to_owned();
    let updates = experiment.train.updates;
    let (listener, events) = channel();
    let options =
        session::Options { folder, start, places: Places::standard(), watched: false, listener: Some(listener) };
    let stop = stopped_by_signals()?;
    if arguments.tether {
        let stop = Arc::clone(&stop);
        // It ends with the process.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            stop.store(true, Ordering::Relaxed);
        });
    }
    let session = Session::spawn(experiment, options)?;
    let progress = Progress::new(arguments.quiet, updates);
    follow(&events, &session.handle, &stop, &progress);
    let summary = session.join().map_err(|error| Error::of_session(error, &file))?;
    progress.end(&summary, &path);
    match summary.status {
        Outcome::Failed => Err(Error::Failed { reason: summary.reason.unwrap_or_default() }),
        Outcome::Finished | Outcome::Stopped => Ok(()),
    }
}

/// Is set by Ctrl-C, SIGTERM and SIGHUP.
pub(super) fn stopped_by_signals() -> std::io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        // The second one ends the program at once. Of SIGHUP, a terminal that goes may send more than one.
        if signal != signal_hook::consts::SIGHUP {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&stop))?;
        }
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// Shows events until the run is over.
fn follow(events: &Receiver<Event>, handle: &Handle, stop: &AtomicBool, progress: &Progress) {
    let mut told = false;
    loop {
        match events.recv_timeout(PATIENCE) {
            Ok(event) => progress.show(&event),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if stop.load(Ordering::Relaxed) && !told {
            handle.send(Command::Stop);
            told = true;
        }
    }
}

/// Shows how many of the updates are made.
pub(super) fn bar(updates: u64) -> ProgressBar {
    let bar = ProgressBar::new(updates);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} ETA {eta} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// What the user sees: nothing, a bar on a terminal, plain lines elsewhere.
enum Progress {
    Quiet,
    Bar(ProgressBar),
    Lines,
}

impl Progress {
    fn new(quiet: bool, updates: u64) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if output::is_terminal() { Self::Bar(bar(updates)) } else { Self::Lines }
    }

    fn show(&self, event: &Event) {
        if let (Event::Step(step), Self::Bar(bar)) = (event, self) {
            bar.set_position(step.step);
            bar.set_message(format!("loss {}", output::loss(step.loss)));
        }
        match event {
            Event::Evaluated(evaluation) => self.line(&describe(evaluation)),
            Event::Rejected { step, reason } => self.line(&format!("update {step}: {reason}")),
            Event::Warning { step, text } => self.line(&format!("update {step}: {text}")),
            _ => {}
        }
    }

    fn line(&self, text: &str) {
        match self {
            Self::Quiet => {}
            Self::Bar(bar) => bar.println(text),
            Self::Lines => output::tell(&format!("{text}\n")),
        }
    }

    fn end(&self, summary: &Summary, folder: &Path) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
        let how = match summary.status {
            Outcome::Finished => "finished",
            Outcome::Stopped => "stopped",
            Outcome::Failed => "failed",
        };
        self.line(&format!(
            "{how} after {} updates, {:.1} s ({:.1} s training, {:.0} samples/s); {}",
            summary.updates,
            summary.seconds,
            summary.seconds_training,
            summary.samples_per_second,
            folder.display()
        ));
    }
}

fn describe(evaluation: &Evaluation) -> String {
    let Evaluation { step, train_loss, validation_loss, train_error, validation_error, seconds_training, .. } =
        evaluation;
    let mut parts = vec![format!("update {step:>6}  {seconds_training:>8.1} s  train {}", output::loss(*train_loss))];
    if !validation_loss.is_nan() {
        parts.push(format!("validation {}", output::loss(*validation_loss)));
    }
    for (name, error) in [("train error", train_error), ("validation error", validation_error)] {
        parts.extend(error.map(|error| format!("{name} {:.2} %", error * 100.0)));
    }
    parts.join("  ")
}
