//! What the diagnostics thread does: it takes jobs, measures, and tells what it found.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cpu_time::ThreadTime;

use crate::data::Dataset;
use crate::diagnostics::{self, Diagnostic, Each, Error, Measurement, Preconditioning, ProbeBatch, Scope, Task};
use crate::linalg::Moment;
use crate::network::{Architecture, Loss, Parameters};
use crate::session::Event;
use crate::session::contain::contain;

/// How long a measurement goes on before it is told how far it is, again and again.
const PROGRESS: Duration = Duration::from_millis(500);

/// What is measured, and what for.
pub(super) struct Job {
    pub step: u64,
    pub subject: Subject,
    pub due: Vec<Diagnostic>,
    /// The one part that is measured, where not all are.
    pub only: Option<Scope>,
    pub cancelled: Cancelled,
}

/// Whether a job is to end, by the run or by who watches it.
#[derive(Clone)]
pub(super) struct Cancelled {
    by_run: Arc<AtomicBool>,
    /// How often watchers cancelled measurements, and how often before the job.
    by_watcher: (Arc<AtomicU64>, u64),
}

impl Cancelled {
    pub fn not_yet(watchers: &Arc<AtomicU64>) -> Self {
        let before = watchers.load(Ordering::Relaxed);
        Self { by_run: Arc::default(), by_watcher: (Arc::clone(watchers), before) }
    }

    pub fn cancel(&self) {
        self.by_run.store(true, Ordering::Relaxed);
    }

    pub fn get(&self) -> bool {
        let (now, before) = &self.by_watcher;
        self.by_run.load(Ordering::Relaxed) || now.load(Ordering::Relaxed) != *before
    }
}

/// The state of the run that is measured.
pub(in crate::session) struct Subject {
    /// θ.
    pub parameters: Parameters<f64>,
    /// What directions depend on beside.
    pub preconditioning: Preconditioning,
}

/// What the thread tells.
pub(super) enum Report {
    /// What was found, and CPU seconds it took.
    Result(Box<Event>, f64),
    /// The job is done; CPU seconds that no result accounts for.
    Done(f64),
}

/// Tells how far a measurement is, now and then.
struct Progress<'a> {
    tell: &'a Sender<Report>,
    step: u64,
    diagnostic: Diagnostic,
    told: Mutex<Moment>,
}

impl<'a> Progress<'a> {
    fn new(tell: &'a Sender<Report>, step: u64, diagnostic: Diagnostic) -> Self {
        Self { tell, step, diagnostic, told: Mutex::new(Moment::now()) }
    }

    fn tell(&self, done: usize, of: usize) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= PROGRESS {
            *told = Moment::now();
            let &Self { step, diagnostic, .. } = self;
            let event = Event::MeasurementProgress { step, diagnostic, done, of };
            // A run that is over does not listen.
            drop(self.tell.send(Report::Result(Box::new(event), 0.0)));
        }
    }
}

/// What the diagnostics thread measures with.
pub(super) struct Instruments {
    pub data: Arc<Dataset>,
    pub architecture: Architecture,
    pub loss: Loss,
    /// As at the start: numbers of data and the limit, which do not change.
    pub settings: diagnostics::Settings,
    pub seed: u64,
}

impl Instruments {
    /// Measures until nobody has work for it any more.
    pub fn work(&self, work: &Receiver<Job>, tell: &Sender<Report>) {
        let mut batches = Each::of(|_| None);
        let told = Cell::new(0.0);
        // A run that is over does not listen.
        let report = |event: Event, cost: f64| {
            told.set(told.get() + cost);
            drop(tell.send(Report::Result(Box::new(event), cost)));
        };
        for job in work {
            let (clock, cancelled) = (ThreadTime::now(), || job.cancelled.get());
            told.set(0.0);
            for &diagnostic in job.due.iter().take_while(|_| !cancelled()) {
                // Gathered when first needed: what is off at the start may be switched on.
                let measured = contain(|| {
                    let batch = batches[diagnostic].get_or_insert_with(|| self.gather(diagnostic));
                    let progress = Progress::new(tell, job.step, diagnostic);
                    self.measure(diagnostic, batch, &job, (&cancelled, &progress), &mut |measurement| {
                        let cost = measurement.reading().cost;
                        report(Event::Measured(measurement), cost);
                    })
                });
                let reason = match measured {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => error.to_string(),
                    Err(panic) => {
                        batches[diagnostic] = None;
                        format!("an error in this program: {panic}")
                    }
                };
                report(Event::DiagnosticFailed { step: job.step, diagnostic, reason }, 0.0);
            }
            // What was cancelled or failed took its time too.
            let _ = tell.send(Report::Done((clock.elapsed().as_secs_f64() - told.get()).max(0.0)));
        }
    }

    fn gather(&self, diagnostic: Diagnostic) -> ProbeBatch {
        let data = self.settings.probes[diagnostic].data;
        ProbeBatch::new(diagnostic.samples(&self.data), &self.architecture, self.loss, data, self.seed)
    }

    fn measure(
        &self,
        diagnostic: Diagnostic,
        batch: &mut ProbeBatch,
        job: &Job,
        (cancelled, progress): (&(dyn Fn() -> bool + Sync), &Progress),
        report: &mut dyn FnMut(Measurement),
    ) -> Result<(), Error> {
        let Subject { parameters, preconditioning } = &job.subject;
        batch.forward(parameters);
        if cancelled() {
            return Ok(());
        }
        let task = Task {
            pass: batch.backward(parameters)?,
            parameters,
            only: job.only,
            exact_limit: self.settings.exact_limit,
            plane: &self.settings.surface,
            directions: &self.settings.directions,
            preconditioning,
            seed: self.seed,
            step: job.step,
            image: self.data.image,
            progress: &|done, of| progress.tell(done, of),
            cancelled,
        };
        diagnostic.measure(&task, report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Command, pair};

    #[test]
    fn what_a_watcher_cancels_ends_before_the_run_obeys_and_what_begins_afterwards_does_not() {
        let (handle, desk) = pair();
        let before = Cancelled::not_yet(&desk.cancelled);
        handle.send(Command::Pause);
        assert!(!before.get());
        handle.send(Command::CancelMeasurements);
        let after = Cancelled::not_yet(&desk.cancelled);
        assert!(before.clone().get() && !after.get());
        after.cancel();
        assert!(after.clone().get());
    }
}
