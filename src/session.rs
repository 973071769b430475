//! A run: a worker thread that trains, the events it tells, the commands it takes.

mod checkpoint;
pub mod command;
mod contain;
mod divergence;
mod error;
pub mod event;
mod folder;
mod handle;
pub mod history;
mod kept;
mod lock;
pub mod log;
mod observatory;
mod pace;
mod record;
pub mod replay;
pub mod snapshot;
mod start;
mod summary;
mod worker;

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use command::{Command, Ticket};
pub use contain::is_contained;
pub use error::Error;
pub use event::{Evaluation, Event};
pub use folder::{Folder, default_folder, require_vacant};
pub use handle::{Desk, Handle, pair};
pub use lock::{LockError, require_free};
pub use record::RecordError;
pub use snapshot::{Snapshot, Status};
pub use start::{Origin, Start, forked, resumed};
pub use summary::{Outcome, Summary};

use crate::data::Places;
use crate::experiment::Experiment;
use crate::linalg::{Moment, Real};
use crate::train::Precision;
use start::Beginning;
use worker::Worker;

/// Where a run keeps itself, and who else listens to it.
#[derive(Debug)]
pub struct Options {
    /// The run folder, which must be new or empty unless its own run is resumed.
    pub folder: Folder,
    /// Where the run starts.
    pub start: Start,
    /// Where data are looked for.
    pub places: Places,
    /// Whether somebody watches who can help: a run that cannot go on as it is then stands still, in place of
    /// failing.
    pub watched: bool,
    /// Is sent every event.
    pub listener: Option<Sender<Event>>,
}

/// A run on a thread of its own.
#[derive(Debug)]
pub struct Session {
    /// Looks at the run, and steers it.
    pub handle: Handle,
    thread: JoinHandle<Result<Summary, Error>>,
}

impl Session {
    /// Starts a run: data are loaded, the folder is made, and training begins, all on the run's thread.
    ///
    /// # Errors
    /// Where there can be no further thread.
    pub fn spawn(experiment: Experiment, options: Options) -> Result<Self, Error> {
        Self::start(move |desk| run(experiment, options, desk))
    }

    /// Starts the work of a run. Where it panics the run has failed.
    pub(crate) fn start(work: impl FnOnce(Desk) -> Result<Summary, Error> + Send + 'static) -> Result<Self, Error> {
        let (handle, desk) = pair();
        let board = Arc::clone(&desk.board);
        let thread = std::thread::Builder::new()
            .name(contain::RUN.into())
            .spawn(move || {
                let result = contain::contain(|| work(desk)).unwrap_or_else(|panic| Err(Error::Panicked { panic }));
                if let Err(error) = &result {
                    let mut snapshot = Snapshot::clone(&board.load());
                    match error {
                        Error::Log(error) => snapshot.break_off(error),
                        other => snapshot.fail(&other.to_string()),
                    }
                    board.store(Arc::new(snapshot));
                }
                result
            })
            .map_err(|error| Error::Threads(error.to_string()))?;
        Ok(Self { handle, thread })
    }

    /// A run that goes on elsewhere.
    #[cfg(test)]
    pub(crate) fn of(handle: Handle, thread: JoinHandle<Result<Summary, Error>>) -> Self {
        Self { handle, thread }
    }

    /// Whether the run is over.
    pub fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end of the run.
    ///
    /// # Errors
    /// Why it did not come to an end of its own.
    pub fn join(self) -> Result<Summary, Error> {
        self.thread.join().unwrap_or_else(|_| Err(Error::Panicked { panic: "it cannot be told".to_owned() }))
    }
}

fn run(experiment: Experiment, options: Options, desk: Desk) -> Result<Summary, Error> {
    match experiment.precision {
        Precision::F32 => run_in::<f32>(experiment, options, desk),
        Precision::F64 => run_in::<f64>(experiment, options, desk),
    }
}

fn run_in<T: Real>(mut experiment: Experiment, options: Options, desk: Desk) -> Result<Summary, Error> {
    let began = Moment::now();
    let beginning = Beginning::read(&options.start, options.folder.path(), &experiment)?;
    let (data, architecture) = experiment.load(&options.places)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(experiment.train.threads.unwrap_or(0))
        .thread_name(|index| format!("{}-{index}", contain::TRAIN))
        .build()
        .map_err(|error| Error::Threads(error.to_string()))?;
    // What followed from the data and the machine is known now: the run folder keeps it.
    experiment.network.input = Some(architecture.inputs());
    experiment.network.output = Some(architecture.outputs());
    experiment.train.threads = Some(pool.current_num_threads());
    pool.install(|| {
        let worker = Worker::<T>::begin(experiment, (data, architecture), beginning, options, desk, began)?;
        worker.run().map_err(Error::from)
    })
}
