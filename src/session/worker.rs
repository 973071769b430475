//! The run itself: updates, evaluations, diagnostics and commands, in turn, on one thread.

mod checkpoints;
mod commands;

use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::contain::contain;
use super::divergence::Divergence;
use super::kept::Kept;
use super::observatory::{Observatory, Subject};
use super::record::{RecordError, Recorder};
use super::{Checkpoint, Command, Evaluation, Event, Origin, Outcome, Summary, Ticket, log};
use crate::diagnostics::Diagnostic;
use crate::experiment::Experiment;
use crate::linalg::{Moment, Real, product_peak};
use crate::network::tensors;
use crate::train::{Failure, Hyperparameter, Machine, Trainer};
use commands::brief;

/// While a run stands still, how long it waits for a command before it looks at its diagnostics.
const PATIENCE: Duration = Duration::from_millis(50);

/// Size and number of the products by which the machine's peak is measured at the start: some hundredths of a second.
const PEAK: (usize, usize) = (640, 5);

/// What a run is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    On,
    /// On to this update, then it stands still.
    Until(u64),
    Paused,
    Stopped,
}

/// A run on its thread.
pub(super) struct Worker<T> {
    experiment: Experiment,
    /// Of the data.
    checksum: u32,
    trainer: Trainer<T>,
    observatory: Observatory,
    recorder: Recorder,
    commands: Receiver<(Ticket, Command)>,
    began: Moment,
    /// Updates made before this process.
    first: u64,
    /// Whether somebody watches who can help.
    watched: bool,
    course: Course,
    evaluated: Option<Evaluation>,
    samples: u64,
    /// Wall seconds of the run before this process.
    seconds_before: f64,
    kept: Kept,
    divergence: Divergence,
    /// When the last checkpoint was written.
    checkpointed: Moment,
    /// What the user should know when the run has started.
    remarks: Vec<String>,
}

/// Why a run ended before its time.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error(transparent)]
    Training(#[from] Failure),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Checkpoint(#[from] tensors::TensorError),
    /// What it left half done is not used any more.
    #[error("the run ended by an error in this program: {0}")]
    Panic(String),
}

impl<T: Real> Worker<T> {
    /// Trains to the end and returns the summary, which is also written.
    ///
    /// # Errors
    /// Where the end cannot be written.
    pub(super) fn run(mut self) -> Result<Summary, RecordError> {
        let interruption = contain(|| self.train()).unwrap_or_else(|panic| Err(Interruption::Panic(panic))).err();
        self.observatory.cancel();
        let reason = interruption.as_ref().map(ToString::to_string);
        let last = match interruption {
            Some(Interruption::Panic(_)) => None,
            _ => self.evaluate_once().ok(),
        };
        let evaluation = self.evaluated.or(last);
        let loss = |of: fn(&Evaluation) -> f64| evaluation.as_ref().map_or(f64::NAN, of);
        let seconds = self.trainer.seconds();
        let status = match interruption {
            Some(_) => Outcome::Failed,
            None if self.course == Course::Stopped => Outcome::Stopped,
            None => Outcome::Finished,
        };
        let summary = Summary {
            status,
            reason,
            diverged: matches!(interruption, Some(Interruption::Training(_))),
            optimizer: self.trainer.method().label().to_owned(),
            updates: self.recorder.updates(),
            train_loss: loss(|e| e.train_loss),
            validation_loss: loss(|e| e.validation_loss),
            train_error: evaluation.and_then(|e| e.train_error),
            validation_error: evaluation.and_then(|e| e.validation_error),
            seconds: self.seconds(),
            seconds_training: seconds,
            samples_per_second: if seconds > 0.0 { self.samples as f64 / seconds } else { 0.0 },
            version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: Machine::this(),
        };
        self.recorder.finish(&summary)?;
        Ok(summary)
    }

    fn train(&mut self) -> Result<(), Interruption> {
        let started = self.started();
        self.recorder.emit(started)?;
        let step = self.trainer.step_number();
        for text in std::mem::take(&mut self.remarks) {
            self.recorder.emit(Event::Warning { step, text })?;
        }
        // A run that is resumed goes on as if it had not been interrupted.
        if self.evaluated.is_none() {
            self.evaluate_once()?;
        }
        self.evaluated.iter().for_each(|evaluation| self.divergence.start(evaluation.train_loss));
        if self.kept.is_empty() && Origin::read(self.recorder.folder()).is_some() {
            // From now on it does without the checkpoint of the other run.
            self.checkpoint(true)?;
        }
        let updates = self.experiment.train.updates;
        while self.trainer.step_number() < updates {
            self.obey()?;
            if self.course == Course::Stopped {
                break;
            }
            self.observe()?;
            self.update()?;
        }
        self.conclude()?;
        self.checkpoint(false)
    }

    /// After the last update: diagnostics come to their ends, and training must have come to something.
    fn conclude(&mut self) -> Result<(), Interruption> {
        if self.course == Course::Stopped {
            return Ok(());
        }
        self.settle()?;
        if self.course != Course::Stopped {
            let step = self.trainer.step_number();
            self.observatory.conclude(self.first, step, |due| subject(&self.trainer, due));
            self.settle()?;
        }
        let loss = self.evaluate_once()?.train_loss;
        Ok(self.trainer.require_progress(loss)?)
    }

    /// Wall seconds of the run.
    fn seconds(&self) -> f64 {
        self.seconds_before + self.began.elapsed().as_secs_f64()
    }

    fn started(&self) -> Event {
        let (experiment, data) = (&self.experiment, self.trainer.data());
        Event::Started(Box::new(super::event::RunInfo {
            schema: log::SCHEMA,
            name: experiment.name.clone(),
            architecture: self.trainer.parameters().architecture().clone(),
            loss: experiment.loss,
            optimizer: self.trainer.method().label().to_owned(),
            data: data.summary(),
            train_data: data.train.len(),
            validation_data: data.validation.len(),
            batch: self.trainer.get(Hyperparameter::Batch).map_or(experiment.train.batch, |batch| batch as usize),
            updates: experiment.train.updates,
            step: self.trainer.step_number(),
            threads: rayon::current_num_threads(),
            peak: Some(product_peak::<T>(PEAK.0, PEAK.1)),
            precision: experiment.precision,
            seed: experiment.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: Machine::this(),
            hyperparameters: self.hyperparameters(),
        }))
    }

    /// All that the run has, with their values.
    fn hyperparameters(&self) -> Vec<(Hyperparameter, f64)> {
        Hyperparameter::all().into_iter().filter_map(|h| Some((h, self.get(h)?))).collect()
    }

    /// One update, and what is due after it.
    fn update(&mut self) -> Result<(), Interruption> {
        let batch = self.trainer.get(Hyperparameter::Batch).unwrap_or(0.0);
        let outcome = self.trainer.update();
        let step = self.trainer.step_number();
        let mut divergence = None;
        let failure = match outcome {
            Ok(progress) => {
                self.samples += batch as u64;
                divergence = self.divergence.take_in(step, progress.step.loss);
                self.recorder.emit(Event::Step(progress.step))?;
                for text in progress.warnings {
                    self.recorder.emit(Event::Warning { step, text })?;
                }
                None
            }
            Err(failure) => Some(failure),
        };
        for reason in self.trainer.rejected() {
            self.recorder.emit(Event::Rejected { step, reason: reason.clone() })?;
        }
        match failure {
            // After the last update nothing is left that help could save.
            Some(failure) if self.watched && step < self.experiment.train.updates => {
                return self.wait_for_help(&failure.to_string());
            }
            Some(failure) => return Err(failure.into()),
            None => {}
        }
        if let Some([loss, best]) = divergence {
            let text = format!("the loss diverges: {}, at best {}", brief(loss), brief(best));
            if self.watched {
                return self.wait_for_help(&text);
            }
            self.recorder.emit(Event::Warning { step, text })?;
        }
        let due = |every: u64| every > 0 && step.is_multiple_of(every);
        if due(self.experiment.train.evaluate_every) {
            self.evaluate_once()?;
        }
        if due(self.experiment.train.checkpoint_every) || self.is_old() {
            self.checkpoint(false)?;
        }
        if matches!(self.course, Course::Until(last) if step >= last) {
            self.pause()?;
        }
        Ok(())
    }

    /// Evaluates, unless the present parameters are evaluated already.
    fn evaluate_once(&mut self) -> Result<Evaluation, RecordError> {
        let step = self.trainer.step_number();
        if let Some(known) = self.evaluated.filter(|known| known.step == step) {
            return Ok(known);
        }
        let began = Moment::now();
        let (train, validation) = self.trainer.evaluate();
        let evaluation = Evaluation {
            step,
            train_loss: train.loss,
            validation_loss: validation.loss,
            train_error: train.error,
            validation_error: validation.error,
            seconds_training: self.trainer.seconds(),
            cost: began.elapsed().as_secs_f64(),
        };
        self.evaluated = Some(evaluation);
        self.recorder.emit(Event::Evaluated(evaluation))?;
        Ok(evaluation)
    }

    /// Stands still where training should not go on as it is, so that its settings can be changed, or another run
    /// begin at the latest good checkpoint.
    fn wait_for_help(&mut self, reason: &str) -> Result<(), Interruption> {
        let step = self.trainer.step_number();
        let loss = self.evaluate_once()?.train_loss;
        let good = if self.divergence.allows(loss) { step } else { self.divergence.good() };
        // Of parameters that lead nowhere there is no checkpoint.
        if good == step {
            self.checkpoint(false)?;
        }
        let mut checkpoints = Checkpoint::list(self.recorder.folder()).into_iter().map(|(step, _)| step);
        let back = checkpoints.find(|&checkpoint| checkpoint <= good);
        let advice = match back {
            Some(back) => format!("fork it at update {back} or change settings"),
            None => "change settings and go on".to_owned(),
        };
        self.recorder.emit(Event::Warning { step, text: format!("{advice}: {reason}") })?;
        self.course = Course::Paused;
        Ok(self.recorder.emit(Event::Paused { step, back, astray: good < step })?)
    }

    fn pause(&mut self) -> Result<(), RecordError> {
        self.course = Course::Paused;
        self.recorder.emit(Event::Paused { step: self.trainer.step_number(), back: None, astray: false })
    }

    /// Takes down what diagnostics found, and starts those that are due.
    fn observe(&mut self) -> Result<(), RecordError> {
        self.take_down()?;
        self.observatory.schedule(self.trainer.step_number(), |due| subject(&self.trainer, due));
        Ok(())
    }

    /// Takes down what diagnostics found, and starts those that were asked for.
    fn observe_asked(&mut self) -> Result<(), RecordError> {
        self.take_down()?;
        if self.observatory.is_asked() {
            self.observatory.schedule(self.trainer.step_number(), |due| subject(&self.trainer, due));
        }
        Ok(())
    }

    fn take_down(&mut self) -> Result<(), RecordError> {
        for event in self.observatory.results() {
            self.recorder.emit(event)?;
        }
        Ok(())
    }

    /// Waits for diagnostics that are under way, unless the run is stopped meanwhile.
    fn settle(&mut self) -> Result<(), Interruption> {
        self.observatory.set_training(false);
        while self.observatory.busy() && self.course != Course::Stopped {
            std::thread::sleep(PATIENCE);
            self.obey_waiting()?;
            self.observe_asked()?;
        }
        Ok(())
    }
}

/// The state of the run, as far as diagnostics need it.
fn subject<T: Real>(trainer: &Trainer<T>, due: &[Diagnostic]) -> Subject {
    Subject { parameters: trainer.parameters().cast(), preconditioning: trainer.preconditioning(due) }
}

#[cfg(test)]
mod tests;
