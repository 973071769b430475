//! The trainer: one update after another, on one thread that owns everything.

use std::sync::Arc;

use cpu_time::ProcessTime;
use serde::{Deserialize, Serialize};

use super::average::Average;
use super::evaluation::{Losses, evaluate};
use super::step::Step;
use crate::data::{Batches, Cursor, Dataset};
use crate::linalg::{Archive, ArchiveError, Keep, Moment, Real, add_scaled, flops, safe_norm};
use crate::network::{Architecture, Init, Loss, Parameters, Pass, tensors};
use crate::optim::{BadFactor, Method, Minibatch, Optimizer, Phase, Report, Settings, Stopwatch};

/// Rejected steps in a row after which a run has failed.
const MOST_REJECTIONS: u32 = 20;

/// What a trainer starts from.
#[derive(Clone, Debug)]
pub struct Start {
    /// The data.
    pub data: Arc<Dataset>,
    /// The network.
    pub architecture: Architecture,
    /// The loss.
    pub loss: Loss,
    /// How the weights start.
    pub init: Init,
    /// The optimizer.
    pub optimizer: Settings,
    /// Data a minibatch.
    pub batch: usize,
    /// The experiment's seed.
    pub seed: u64,
}

/// Trains one network.
pub struct Trainer<T> {
    pub(super) optimizer: Optimizer<T>,
    pub(super) pass: Pass<T>,
    data: Arc<Dataset>,
    seed: u64,
    parameters: Parameters<T>,
    /// θ before the last update while `restorable`, memory for the next one otherwise.
    spare: Parameters<T>,
    restorable: bool,
    gradient: Parameters<T>,
    /// The Polyak average of the parameters, where there is one.
    average: Option<Average<T>>,
    batches: Batches,
    indices: Vec<usize>,
    step: u64,
    /// Rejected steps in a row.
    rejections: u32,
    /// Why steps were rejected in the latest update.
    rejected: Vec<String>,
    seconds: f64,
}

/// What came of an update.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The update.
    pub step: Step,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Why training cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The loss is not finite, and there is nothing to go back to.
    #[error("the loss is not finite at update {step}, and there are no earlier parameters to go back to")]
    NotFinite {
        /// The update.
        step: u64,
    },
    /// Too many steps in a row were rejected.
    #[error("training diverges: {rejections} updates in a row led to a loss that is not finite")]
    Diverged {
        /// How many.
        rejections: u32,
    },
    /// Every update was undone.
    #[error("every one of the {updates} updates led to a loss that is not finite")]
    Futile {
        /// How many.
        updates: u64,
    },
    /// The last update was bad.
    #[error("the training loss is not finite after the last update, {step}")]
    BadEnd {
        /// The update.
        step: u64,
    },
    /// A Kronecker factor cannot be used, and there is nothing to go back to.
    #[error("update {step}: {factor}")]
    Factor {
        /// The update.
        step: u64,
        /// Which, and why.
        factor: BadFactor,
    },
}

impl<T: Real> Trainer<T> {
    /// A trainer before its first update.
    pub fn new(start: Start) -> Self {
        let Start { data, architecture, loss, init, optimizer, batch, seed } = start;
        let parameters = init.parameters(&architecture, seed);
        Self {
            average: (optimizer.polyak > 0.0).then(|| Average::at(&parameters)),
            optimizer: Optimizer::new(optimizer, &architecture),
            pass: Pass::new(&architecture, loss, batch),
            batches: Batches::new(seed, data.train.len()),
            indices: Vec::with_capacity(batch),
            spare: parameters.clone(),
            gradient: Parameters::zeros(&architecture),
            restorable: false,
            step: 0,
            rejections: 0,
            rejected: Vec::new(),
            seconds: 0.0,
            data,
            seed,
            parameters,
        }
    }

    /// Updates made.
    pub fn step_number(&self) -> u64 {
        self.step
    }

    /// Wall seconds of all updates so far.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Why steps were undone, or not made, in the latest update, whether it succeeded or not: that of the update
    /// before it, its own, or both.
    pub fn rejected(&self) -> &[String] {
        &self.rejected
    }

    /// θ.
    pub fn parameters(&self) -> &Parameters<T> {
        &self.parameters
    }

    /// The parameters that are evaluated: θ, or its Polyak average.
    pub fn evaluated(&self) -> &Parameters<T> {
        self.average.as_ref().map_or(&self.parameters, Average::present)
    }

    /// The settings of the optimizer, with the dampings of this moment as those of the start.
    pub fn optimizer(&self) -> Settings {
        self.optimizer.present()
    }

    /// Takes other settings and goes on with the state, as far as it is of the same method.
    pub fn adopt(&mut self, optimizer: Settings, batch: usize) {
        self.follow(optimizer.polyak > 0.0);
        self.optimizer.adopt(optimizer, self.parameters.architecture());
        self.set_batch(batch);
    }

    /// Whether there is a Polyak average from now on: the one there is, or one that starts here.
    fn follow(&mut self, averages: bool) {
        self.average = averages.then(|| self.average.take().unwrap_or_else(|| Average::at(&self.parameters)));
    }

    /// The method of the optimizer, as it is now.
    pub fn method(&self) -> &Method {
        &self.optimizer.settings.method
    }

    /// The data.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// Changes the minibatch size.
    pub(super) fn set_batch(&mut self, batch: usize) {
        self.pass = Pass::new(self.pass.architecture(), self.pass.loss(), batch);
    }

    /// One update.
    ///
    /// # Errors
    /// Where training cannot go on.
    pub fn update(&mut self) -> Result<Progress, Failure> {
        let (began, cpu, counted) = (Moment::now(), ProcessTime::now(), flops());
        let mut watch = Stopwatch::start();
        self.step += 1;
        self.rejected.clear();
        self.draw();
        let loss = self.forward(&mut watch)?;
        watch.enter(Phase::Backward);
        self.pass.backward(&self.parameters, &mut self.gradient);
        let eta = T::of(self.optimizer.settings.l2);
        let squared = add_scaled(eta, self.parameters.as_slice(), self.gradient.as_mut_slice());
        let gradient_norm = norm(squared, &self.gradient);
        let report = match self.attempt(loss, gradient_norm, &mut watch) {
            Ok((report, None)) => {
                std::mem::swap(&mut self.parameters, &mut self.spare);
                self.restorable = true;
                report
            }
            Ok((report, Some(problem))) => {
                self.optimizer.reject();
                // `spare` holds what was rejected: nothing to go back to.
                self.restorable = false;
                self.reject(&format!("{problem}: the update was not made"))?;
                report
            }
            Err(factor) if self.restorable => {
                self.undo();
                self.reject(&format!("{factor}: the last update was undone, this one was not made"))?;
                Report { update_norm: f64::NAN, ..Report::default() }
            }
            Err(factor) => return Err(Failure::Factor { step: self.step, factor }),
        };
        watch.enter(Phase::Update);
        self.follow_average();
        let wall = began.elapsed().as_secs_f64();
        self.seconds += wall;
        let step = Step {
            step: self.step,
            epoch: self.batches.epochs(),
            loss,
            gradient_norm,
            update_norm: report.update_norm,
            learning_rate: report.learning_rate,
            step_size: report.step_size,
            momentum: report.momentum,
            kronecker_damping: report.kronecker_damping,
            step_damping: report.step_damping,
            reduction_ratio: report.reduction_ratio,
            seconds_training: self.seconds,
            wall,
            cpu: cpu.elapsed().as_secs_f64(),
            flops: flops() - counted,
            escalations: report.escalations.len(),
            phases: watch.read(),
        };
        Ok(Progress { step, warnings: report.escalations })
    }

    /// Leaves the parameters after an update in `spare`. What the optimizer tells of it, and what of it is not finite,
    /// if anything is: the update must not be made then.
    ///
    /// # Errors
    /// A Kronecker factor that cannot be used; `spare` is as it was.
    fn attempt(
        &mut self,
        loss: f64,
        gradient_norm: f64,
        watch: &mut Stopwatch,
    ) -> Result<(Report, Option<String>), BadFactor> {
        let where_of = |what: &str, parameters: &Parameters<T>| match parameters.not_finite() {
            Some(layer) => format!("the {what} of layer {layer} is not finite"),
            None => format!("the norm of the {what} is not finite"),
        };
        if !gradient_norm.is_finite() && self.gradient.not_finite().is_some() {
            let report = Report { update_norm: f64::NAN, ..Report::default() };
            return Ok((report, Some(where_of("gradient", &self.gradient))));
        }
        let mut batch = Minibatch {
            pass: &mut self.pass,
            parameters: &self.parameters,
            gradient: &self.gradient,
            loss,
            l2: self.optimizer.settings.l2,
            seed: self.seed,
            step: self.step,
        };
        let report = self.optimizer.update(&mut batch, &mut self.spare, watch)?;
        let problem = if !report.update_norm.is_finite() {
            Some(where_of("step", &self.spare))
        } else if report.rejected {
            Some("the loss after the update is not finite".to_owned())
        } else {
            None
        };
        Ok((report, problem))
    }

    /// Gathers the next minibatch.
    fn draw(&mut self) {
        self.batches.draw(self.pass.data(), &mut self.indices);
        let (inputs, targets) = self.pass.batch_mut();
        self.data.train.gather(&self.indices, inputs, targets);
    }

    /// Forward pass. Where its loss is not finite the last update is undone.
    fn forward(&mut self, watch: &mut Stopwatch) -> Result<f64, Failure> {
        watch.enter(Phase::Forward);
        let loss = self.pass.forward(&self.parameters);
        if loss.is_finite() {
            // Only an update that was made ends a row of rejections, not the parameters before it.
            if self.restorable {
                self.rejections = 0;
            }
            return Ok(loss);
        }
        if !self.restorable {
            return Err(Failure::NotFinite { step: self.step });
        }
        self.undo();
        self.reject("the loss is not finite: the last update was undone")?;
        let loss = self.pass.forward(&self.parameters);
        if loss.is_finite() { Ok(loss) } else { Err(Failure::NotFinite { step: self.step }) }
    }

    /// Goes back to where the last update began.
    fn undo(&mut self) {
        std::mem::swap(&mut self.parameters, &mut self.spare);
        if let Some(average) = &mut self.average {
            average.undo();
        }
        self.restorable = false;
        self.optimizer.reject();
    }

    /// Takes note of a rejected step, after the optimizer did.
    fn reject(&mut self, reason: &str) -> Result<(), Failure> {
        self.rejections += 1;
        self.rejected.push(format!("{reason}{}", self.optimizer.damping_note()));
        if self.rejections > MOST_REJECTIONS {
            return Err(Failure::Diverged { rejections: self.rejections });
        }
        Ok(())
    }

    /// Whether training came to something, with this training loss at the end.
    ///
    /// # Errors
    /// Where every update was undone, or the loss is not finite.
    pub fn require_progress(&self, loss: f64) -> Result<(), Failure> {
        // The loss after the last update is known only now.
        let undone = u64::from(self.rejections) + u64::from(!loss.is_finite());
        if undone > 0 && undone >= self.step {
            return Err(Failure::Futile { updates: self.step });
        }
        if loss.is_finite() { Ok(()) } else { Err(Failure::BadEnd { step: self.step }) }
    }

    /// θ̄ ← p θ̄ + (1 − p) θ with p = min(1 − 1/k, polyak).
    fn follow_average(&mut self) {
        if let Some(average) = &mut self.average {
            let past = (1.0 - 1.0 / self.step as f64).min(self.optimizer.settings.polyak);
            average.follow(&self.parameters, past);
        }
    }

    /// Losses over the first 10,000 training data, and over the validation data.
    pub fn evaluate(&self) -> (Losses, Losses) {
        evaluate(&self.data, self.pass.loss(), self.evaluated())
    }
}

/// ‖x‖, given its square; with more care where that overflows.
fn norm<T: Real>(squared: f64, x: &Parameters<T>) -> f64 {
    if squared.is_finite() { squared.sqrt() } else { safe_norm(x.flat.iter().map(|x| x.double())) }
}

/// Where a trainer is.
#[derive(Serialize, Deserialize)]
struct Place {
    step: u64,
    rejections: u32,
    seconds: f64,
    batch: usize,
    cursor: Cursor,
    averages: bool,
    restorable: bool,
}

/// Random streams are chosen by seed, step and epoch: where the trainer is says all of them.
impl<T: Real> Keep for Trainer<T> {
    fn save(&self, archive: &mut Archive) {
        let (averages, restorable) = (self.average.is_some(), self.restorable);
        archive.note(
            "trainer",
            &Place {
                step: self.step,
                rejections: self.rejections,
                seconds: self.seconds,
                batch: self.pass.data(),
                cursor: self.batches.cursor(),
                averages,
                restorable,
            },
        );
        // The weights of the file are those that are evaluated.
        tensors::save_weights(self.evaluated(), archive);
        if averages {
            archive.put("state/parameters", self.parameters.flat.view());
        }
        if restorable {
            archive.put("state/earlier", self.spare.flat.view());
        }
        if let (Some(average), true) = (&self.average, restorable) {
            average.save_earlier(archive);
        }
        self.optimizer.save(archive);
    }

    fn restore(&mut self, archive: &Archive) -> Result<(), ArchiveError> {
        let place: Place = archive.value("trainer")?;
        self.optimizer = Optimizer::restored(archive, self.parameters.architecture())?;
        tensors::restore_weights(&mut self.parameters, archive)?;
        self.average = None;
        self.follow(place.averages);
        if place.averages {
            archive.fill("state/parameters", self.parameters.flat.view_mut())?;
        }
        if place.restorable {
            archive.fill("state/earlier", self.spare.flat.view_mut())?;
        }
        if let (Some(average), true) = (&mut self.average, place.restorable) {
            average.restore_earlier(archive)?;
        }
        self.restorable = place.restorable;
        self.batches = Batches::at(self.seed, self.data.train.len(), place.cursor);
        self.set_batch(place.batch);
        (self.step, self.rejections, self.seconds) = (place.step, place.rejections, place.seconds);
        Ok(())
    }
}
