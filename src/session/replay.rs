//! A recorded run made again: every update anew, with all that was changed along the way, and compared with the
//! log bit by bit.

mod script;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::log::Damage;
use super::start::Journal;
use super::{Checkpoint, CheckpointError, Error, Origin, resumed};
use crate::data::{Dataset, Places};
use crate::experiment::Experiment;
use crate::linalg::{Keep as _, Real};
use crate::network::Architecture;
use crate::train::{self, Failure, Hyperparameter, Precision, Trainer};
use script::{Deed, NUMBERS, Script, numbers};

/// What of a run is made again.
#[derive(Clone, Debug)]
pub struct Request {
    /// The run folder.
    pub folder: PathBuf,
    /// The checkpoint of the run to start at; otherwise where the run itself began.
    pub from: Option<PathBuf>,
    /// The last update; otherwise that of the log. What was changed after it and before the next is changed too.
    pub until: Option<u64>,
    /// Whether to end at the first difference.
    pub verify: bool,
    /// Where to write a checkpoint of the end, to start other runs at.
    pub out: Option<PathBuf>,
    /// Where data are looked for.
    pub places: Places,
}

/// A run that was made again.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// Updates made before it, and at its end.
    pub updates: (u64, u64),
    /// Changes of hyperparameters and of the optimizer.
    pub changes: u64,
    /// What came out otherwise first.
    pub difference: Option<Difference>,
    /// What is left of a last line of the log, which is not part of it.
    pub torn: Option<Damage>,
}

/// Something came out otherwise than the log has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// A number.
    Number {
        /// The update.
        step: u64,
        /// Which number.
        name: &'static str,
        /// As it is in the log.
        recorded: f64,
        /// As it is now.
        found: f64,
    },
    /// The run could not make an update that can be made now.
    Made {
        /// The update.
        step: u64,
    },
    /// The run made an update that cannot be made now.
    Failed {
        /// The update.
        step: u64,
        /// Why it cannot.
        failure: Failure,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Number { step, name, recorded, found } => {
                write!(formatter, "update {step}: {name} is {found:?}, in the log {recorded:?}")
            }
            Self::Made { step } => write!(formatter, "update {step} was made; in the log it failed"),
            Self::Failed { step, failure } => {
                write!(formatter, "update {step} failed: {failure}; in the log it was made")
            }
        }
    }
}

/// Makes a run again. `visit` is told each update that was made, and the last of all.
///
/// Each part of it has as many threads as it had. Diagnostics and pauses, which training does not depend on, are
/// left out.
///
/// # Errors
/// Where the run cannot be read, or the checkpoint not be written. A difference is none.
pub fn replay(request: &Request, visit: &mut (dyn FnMut(u64, u64) + Send)) -> Result<Replayed, Error> {
    let experiment = resumed(&request.folder, &[])?;
    match experiment.precision {
        Precision::F32 => replay_in::<f32>(request, experiment, visit),
        Precision::F64 => replay_in::<f64>(request, experiment, visit),
    }
}

fn replay_in<T: Real>(
    request: &Request,
    experiment: Experiment,
    visit: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Replayed, Error> {
    let script = Script::read(&request.folder)?;
    let (data, architecture) = experiment.load(&request.places)?;
    let start = beginning(request, &script)?;
    if let Some((path, checkpoint)) = &start {
        checkpoint.require(path, &architecture, experiment.loss)?;
    }
    let first = start.as_ref().map_or(0, |(_, checkpoint)| checkpoint.step);
    let last = script.last();
    let until = request.until.unwrap_or(last);
    if !(first..=last).contains(&until) {
        return Err(Error::NotInLog { folder: request.folder.clone(), step: until, first, last });
    }
    let place = start.as_ref().map_or(1, |(_, checkpoint)| script.place(checkpoint.step));
    let (threads, deeds) = script.part(place, until);
    let mut pool = pool_of(threads)?;
    let data = Arc::new(data);
    let mut player = pool.install(|| Player::<T>::new(&experiment, (&data, &architecture), start.as_ref()))?;
    for deed in deeds {
        if let Deed::Began { threads, .. } = *deed {
            pool = pool_of(threads)?;
        }
        if !pool.install(|| player.perform(deed, request.verify, &mut |step| visit(step, until))) {
            break;
        }
    }
    if let Some(out) = request.out.as_ref().filter(|_| player.difference.is_none() || !request.verify) {
        player.checkpoint(experiment).write(out).map_err(Error::Write)?;
    }
    let updates = (first, player.trainer.step_number());
    Ok(Replayed { updates, changes: player.changes, difference: player.difference, torn: script.torn })
}

/// The checkpoint that the replay starts at: the one that is asked for, or the first of a run that began at one of
/// another. None where it starts with the run.
fn beginning(request: &Request, script: &Script) -> Result<Option<(PathBuf, Checkpoint)>, Error> {
    let own = || request.folder.join(Checkpoint::file(script.first()));
    let path = request.from.clone().or_else(|| Origin::read(&request.folder).map(|_| own()));
    path.map(|path| Ok((path.clone(), Checkpoint::read(&path)?))).transpose()
}

fn pool_of(threads: usize) -> Result<rayon::ThreadPool, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Error::Threads(error.to_string()))
}

/// Plays the part of the run.
struct Player<T> {
    trainer: Trainer<T>,
    samples: u64,
    changes: u64,
    difference: Option<Difference>,
}

impl<T: Real> Player<T> {
    fn new(
        experiment: &Experiment,
        (data, architecture): (&Arc<Dataset>, &Architecture),
        start: Option<&(PathBuf, Checkpoint)>,
    ) -> Result<Self, CheckpointError> {
        let mut trainer = Trainer::new(experiment.start(Arc::clone(data), architecture.clone()));
        let mut samples = 0;
        if let Some((path, checkpoint)) = start {
            let state = |source| CheckpointError::State { path: path.clone(), source };
            trainer.restore(&checkpoint.archive).map_err(state)?;
            samples = checkpoint.archive.value::<Journal>("session").map_err(state)?.samples;
        }
        Ok(Self { trainer, samples, changes: 0, difference: None })
    }

    /// Does what was done; whether to go on.
    fn perform(&mut self, deed: &Deed, verify: bool, visit: &mut (dyn FnMut(u64) + Send)) -> bool {
        // Updates of which the log tells nothing are those that failed.
        while self.trainer.step_number() + u64::from(matches!(deed, Deed::Update { .. })) < deed.step() {
            if self.update().is_ok() {
                self.note(Difference::Made { step: self.trainer.step_number() });
            }
        }
        match *deed {
            Deed::Set { hyperparameter, value, .. } => {
                self.trainer.set(hyperparameter, value);
                self.changes += 1;
            }
            Deed::Switch { optimizer, .. } => {
                self.trainer.switch_optimizer(optimizer);
                self.changes += 1;
            }
            Deed::Evaluated { step, losses } => {
                let (train, validation) = self.trainer.evaluate();
                self.compare(
                    step,
                    &["the training loss", "the validation loss"],
                    &losses,
                    &[train.loss, validation.loss],
                );
            }
            Deed::Update { step, numbers: ref recorded } => match self.update() {
                Ok(made) => {
                    self.compare(step, &NUMBERS, recorded, &numbers(&made));
                    visit(step);
                }
                Err(failure) => self.note(Difference::Failed { step, failure }),
            },
            Deed::Began { .. } | Deed::Ended { .. } => {}
        }
        !verify || self.difference.is_none()
    }

    fn update(&mut self) -> Result<train::Step, Failure> {
        let batch = self.trainer.get(Hyperparameter::Batch).unwrap_or(0.0);
        let made = self.trainer.update()?;
        self.samples += batch as u64;
        Ok(made.step)
    }

    /// Takes note of the first number that is not the one of the log, bit by bit. In the log there are numbers
    /// that are left out because they are not finite.
    fn compare(&mut self, step: u64, names: &[&'static str], recorded: &[f64], found: &[f64]) {
        let differs = |(recorded, found): (&f64, &f64)| {
            let left_out = recorded.is_nan() && !found.is_finite();
            recorded.to_bits() != found.to_bits() && !left_out
        };
        if let Some(index) = recorded.iter().zip(found).position(differs) {
            let (name, recorded, found) = (names[index], recorded[index], found[index]);
            self.note(Difference::Number { step, name, recorded, found });
        }
    }

    fn note(&mut self, difference: Difference) {
        self.difference.get_or_insert(difference);
    }

    /// All that another run needs to start here.
    fn checkpoint(&self, experiment: Experiment) -> Checkpoint {
        // It is of no log that could be gone on with.
        let journal = Journal { samples: self.samples, ..Journal::default() };
        Checkpoint::of(experiment, &self.trainer, &journal)
    }
}
