//! The state of a run as its events leave it: what panes draw.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::event::{Event, RunInfo};
use super::history::Series;
use super::log::{Damage, LogError};
use super::pace::Pace;
use super::{Command, Evaluation, Summary};
use crate::diagnostics::{Diagnostic, Measurement, Scope};
use crate::train::{Hyperparameter, Phase, Spent, Step};
pub use queries::Tracked;
pub use said::{Level, Mark, Message};

mod queries;
mod said;

/// A run as a fold over its events. A live run and a replayed one are the same fold.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// What is known of the run; `None` while it is loading.
    pub run: Option<RunInfo>,
    /// Whether it runs.
    pub status: Status,
    /// The checkpoint to go back to, while it stands still because of something that came after it.
    #[serde(default)]
    pub back: Option<u64>,
    /// Whether it stands still because its parameters are no good.
    #[serde(default)]
    pub astray: bool,
    /// Updates made.
    pub step: u64,
    /// The latest update.
    pub latest: Option<Step>,
    /// The latest evaluation.
    pub evaluation: Option<Evaluation>,
    /// The hyperparameters as the user set them last.
    pub hyperparameters: Vec<(Hyperparameter, f64)>,
    /// Minibatch loss, without the L2 term.
    pub loss: Series,
    /// Passes through the training data, at the steps of `loss`.
    pub epoch: Series,
    /// Wall seconds of each update.
    pub wall: Series,
    /// Training loss over the first 10,000 data.
    pub train_loss: Series,
    /// Validation loss.
    pub validation_loss: Series,
    /// γ, τ, α*, ρ and the learning rate; empty where the method has none.
    pub kronecker_damping: Series,
    /// τ.
    pub step_damping: Series,
    /// α*.
    pub step_size: Series,
    /// ρ.
    pub reduction_ratio: Series,
    /// The learning rate.
    pub learning_rate: Series,
    /// What diagnostics found last, and its quantities along the run, by [`place`].
    measured: Vec<(Measurement, [Series; 3])>,
    /// What each phase of the latest steps took (exponential average), in the order of [`Phase::ALL`].
    pub phases: Vec<Spent>,
    /// Wall seconds of each phase along the run, in the order of [`Phase::ALL`]: 0 at steps that have none of it, so
    /// that all have the same points.
    pub phases_along: [Series; Phase::ALL.len()],
    /// Mean wall and CPU seconds of the latest steps (exponential average).
    pub step_seconds: (f64, f64),
    /// Kronecker factors that had to be inverted with more damping than asked for, at all updates.
    pub escalations: usize,
    /// FLOP/s that the machine has been seen to reach, by products of large matrices at the start or in a phase.
    #[serde(default)]
    pub peak: Option<f64>,
    /// How long further updates take.
    pub pace: Pace,
    /// The latest ρ that the present optimizer measured.
    pub latest_ratio: Option<f64>,
    /// CPU seconds of all updates.
    pub cpu_seconds: f64,
    /// CPU seconds spent on each diagnostic.
    pub diagnostics_seconds: Vec<(Diagnostic, f64)>,
    /// Wall seconds of training and of evaluation so far.
    pub seconds: (f64, f64),
    /// The latest steps at which something was changed or happened, for the plots.
    pub marks: VecDeque<Mark>,
    /// The latest messages.
    pub messages: VecDeque<Message>,
    /// How many there were.
    pub said: u64,
    /// Diagnostics that were asked for and are not over, in the order they were asked for.
    pub measuring: Vec<Diagnostic>,
    /// Whether what is measured was cancelled, and has not ended yet.
    #[serde(default)]
    pub cancelling: bool,
    /// Of a measurement that goes on: how many pieces of work are done, and of how many.
    #[serde(default)]
    pub progress: Option<(Diagnostic, usize, usize)>,
    /// Diagnostics that came to no result the last time, and why.
    #[serde(default)]
    failed: Vec<(Diagnostic, String)>,
    /// The end, once it came.
    pub summary: Option<Summary>,
    /// Where its log is damaged: nothing is known of what follows.
    #[serde(skip)]
    pub damage: Option<String>,
}

/// Whether a run runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Status {
    /// Its data are being loaded.
    #[default]
    Loading,
    /// It trains.
    Running,
    /// It stands still.
    Paused,
    /// It is over.
    Ended(super::Outcome),
}

/// What measurements are sorted by: diagnostics in the order of their table, of each first the whole, then
/// the layers.
fn place(measurement: &Measurement) -> (Diagnostic, Scope) {
    (measurement.diagnostic(), measurement.reading().scope)
}

impl Snapshot {
    /// Takes in the next event.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Started(run) => self.start(run),
            Event::Step(step) => self.take_step(step),
            Event::Evaluated(evaluation) => self.evaluate(evaluation),
            Event::Measured(measurement) => self.measure(measurement),
            Event::DiagnosticFailed { step, diagnostic, reason } => {
                self.failed.retain(|(known, _)| known != diagnostic);
                self.failed.push((*diagnostic, reason.clone()));
                self.say(*step, Level::Warning, format!("{}: {reason}", diagnostic.title()));
            }
            Event::MeasurementProgress { diagnostic, done, of, .. } => self.progress = Some((*diagnostic, *done, *of)),
            Event::MeasurementEnded { step, diagnostic, cancelled, seconds } => {
                self.progress = None;
                self.cancelling = false;
                // It may have been asked for again since it was cancelled.
                if let Some(place) = self.measuring.iter().position(|asked| asked == diagnostic) {
                    self.measuring.remove(place);
                }
                let how = if *cancelled { "cancelled after" } else { "measured in" };
                // That it failed has been said.
                if *cancelled || self.failure(*diagnostic).is_none() {
                    self.say(*step, Level::Info, format!("{}: {how} {seconds:.1} s", diagnostic.title()));
                }
            }
            Event::Applied { ticket, step, command, change } => {
                let mark = match *command {
                    Command::Set { hyperparameter, value } => {
                        self.set(hyperparameter, value);
                        Some(change.as_str())
                    }
                    Command::Switch { optimizer } => Some(optimizer.label()),
                    Command::Measure(diagnostic) | Command::MeasureLayer(diagnostic, _) => {
                        self.measuring.push(diagnostic);
                        None
                    }
                    Command::CancelMeasurements => {
                        self.cancelling = !self.measuring.is_empty();
                        None
                    }
                    _ => None,
                };
                if let Some(text) = mark {
                    self.pace.change();
                    self.mark(*step, text);
                }
                let done = if mark.is_some() { ": applied" } else { "" };
                self.say(*step, Level::Info, format!("{change}{done}"));
                self.answer(*ticket);
            }
            Event::Refused { ticket, step, reason, .. } => {
                self.say(*step, Level::Error, reason.clone());
                self.answer(*ticket);
            }
            Event::Switched { optimizer, hyperparameters, .. } => self.switch(optimizer, hyperparameters),
            Event::Rejected { step, reason } => {
                self.mark(*step, "step rejected");
                self.say(*step, Level::Warning, reason.clone());
            }
            Event::Warning { step, text } => self.say(*step, Level::Warning, text.clone()),
            Event::Paused { back, astray, .. } => {
                (self.status, self.back, self.astray) = (Status::Paused, *back, *astray);
            }
            Event::Resumed { .. } => (self.status, self.back, self.astray) = (Status::Running, None, false),
            Event::Checkpoint { step, file } => self.say(*step, Level::Info, format!("wrote {file}")),
            Event::Ended(summary) => {
                self.status = Status::Ended(summary.status.clone());
                self.summary = Some((**summary).clone());
                self.measuring.clear();
                self.progress = None;
            }
        }
    }

    /// Takes in that the run ended without an event to say so: it could not begin, or its log could not be
    /// written.
    pub fn fail(&mut self, reason: &str) {
        self.status = Status::Ended(super::Outcome::Failed);
        self.say(self.step, Level::Error, reason.to_owned());
    }

    /// Takes in that it is about to go on where it was left.
    pub fn reload(&mut self) {
        self.status = Status::Loading;
        self.summary = None;
    }

    /// Takes in that its log cannot be read any further.
    pub fn break_off(&mut self, error: &LogError) {
        match error {
            LogError::Read { .. } => self.fail(&error.to_string()),
            LogError::Damaged { damage, .. } => {
                let told = format!("events.jsonl: {damage}");
                self.fail(&told);
                self.damage = Some(told);
            }
        }
    }

    /// Takes in that the log of a run that is over has the beginning of one more line.
    pub fn leave_out(&mut self, torn: &Damage) {
        self.say(self.step, Level::Warning, format!("events.jsonl: {torn}"));
    }

    fn start(&mut self, run: &RunInfo) {
        self.step = run.step;
        (self.status, self.back, self.astray) = (Status::Running, None, false);
        self.hyperparameters.clone_from(&run.hyperparameters);
        let mut run = run.clone();
        self.peak = [self.peak, run.peak].into_iter().flatten().reduce(f64::max);
        if let Some(known) = &self.run {
            // What is drawn begins where the run first did.
            run.step = known.step;
            self.mark(self.step, "resumed");
            self.pace.change();
            self.summary = None;
            self.measuring.clear();
        }
        self.run = Some(run);
    }

    /// The phases of another optimizer are others, and so is what its latest step tells.
    fn switch(&mut self, optimizer: &str, hyperparameters: &[(Hyperparameter, f64)]) {
        hyperparameters.clone_into(&mut self.hyperparameters);
        self.phases.clear();
        self.step_seconds = (0.0, 0.0);
        self.latest = None;
        self.latest_ratio = None;
        if let Some(run) = &mut self.run {
            optimizer.clone_into(&mut run.optimizer);
        }
    }

    fn take_step(&mut self, step: &Step) {
        self.step = step.step;
        let at = |series: &mut Series, value: f64| series.push(step.step, step.seconds_training, value);
        at(&mut self.loss, step.loss);
        at(&mut self.epoch, step.epoch);
        at(&mut self.wall, step.wall);
        self.cpu_seconds += step.cpu;
        // What takes less is not measured well enough.
        let rates = step.phases.iter().filter(|spent| spent.wall >= 1e-3).filter_map(Spent::rate);
        self.peak = self.peak.map(|peak| rates.fold(peak, f64::max));
        self.escalations += step.escalations;
        for (series, value) in [
            (&mut self.kronecker_damping, step.kronecker_damping),
            (&mut self.step_damping, step.step_damping),
            (&mut self.step_size, step.step_size),
            (&mut self.reduction_ratio, step.reduction_ratio),
            (&mut self.learning_rate, step.learning_rate),
        ] {
            if let Some(value) = value {
                at(series, value);
            }
        }
        self.latest_ratio = step.reduction_ratio.or(self.latest_ratio);
        self.pace.update(step.wall);
        self.seconds.0 = step.seconds_training;
        let smooth = |old: f64, new: f64| if old == 0.0 { new } else { old + 0.05 * (new - old) };
        for (&phase, along) in Phase::ALL.iter().zip(&mut self.phases_along) {
            let found = step.phases.iter().find(|spent| spent.phase == phase);
            let spent = found.copied().unwrap_or_else(|| Spent::nothing(phase));
            along.push_few(step.step, step.seconds_training, spent.wall);
            match self.phases.binary_search_by_key(&phase, |mean| mean.phase) {
                Ok(place) => {
                    let mean = &mut self.phases[place];
                    mean.wall = smooth(mean.wall, spent.wall);
                    mean.cpu = smooth(mean.cpu, spent.cpu);
                    mean.flops = smooth(mean.flops, spent.flops);
                }
                Err(place) if found.is_some() => self.phases.insert(place, spent),
                Err(_) => {}
            }
        }
        self.step_seconds = (smooth(self.step_seconds.0, step.wall), smooth(self.step_seconds.1, step.cpu));
        self.latest = Some(step.clone());
    }

    fn evaluate(&mut self, evaluation: &Evaluation) {
        let (step, seconds) = (evaluation.step, evaluation.seconds_training);
        self.train_loss.push(step, seconds, evaluation.train_loss);
        if !evaluation.validation_loss.is_nan() {
            self.validation_loss.push(step, seconds, evaluation.validation_loss);
        }
        self.seconds.1 += evaluation.cost;
        self.pace.evaluation(evaluation.cost);
        self.evaluation = Some(*evaluation);
    }

    fn measure(&mut self, measurement: &Measurement) {
        self.progress = None;
        self.failed.retain(|(failed, _)| *failed != measurement.diagnostic());
        let reading = measurement.reading();
        let diagnostic = measurement.diagnostic();
        match self.diagnostics_seconds.binary_search_by_key(&diagnostic, |(known, _)| *known) {
            Ok(place) => self.diagnostics_seconds[place].1 += reading.cost,
            Err(place) => self.diagnostics_seconds.insert(place, (diagnostic, reading.cost)),
        }
        let known = self.measured.binary_search_by_key(&place(measurement), |(known, _)| place(known));
        let slot = known.unwrap_or_else(|slot| {
            self.measured.insert(slot, (measurement.clone(), Default::default()));
            slot
        });
        let (latest, kept) = &mut self.measured[slot];
        latest.clone_from(measurement);
        for (series, value) in kept.iter_mut().zip(reading.quantities) {
            series.push_few(reading.step, self.seconds.0, value);
        }
    }

    fn set(&mut self, hyperparameter: Hyperparameter, value: f64) {
        match self.hyperparameters.iter_mut().find(|(known, _)| *known == hyperparameter) {
            Some((_, known)) => *known = value,
            None => self.hyperparameters.push((hyperparameter, value)),
        }
        // It holds from now on, whatever the latest update was made with.
        if let Some(latest) = &mut self.latest {
            match hyperparameter {
                Hyperparameter::KroneckerDamping => latest.kronecker_damping = Some(value),
                Hyperparameter::StepDamping => latest.step_damping = Some(value),
                _ => {}
            }
        }
    }
}
