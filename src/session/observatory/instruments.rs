//! What the diagnostics thread does: it takes jobs, measures, and tells what it found.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::allowance::Allowance;
use crate::data::Dataset;
use crate::diagnostics::{self, Clock, Diagnostic, Each, Error, Measurement, Preconditioning, ProbeBatch, Scope, Task};
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
    /// Whether somebody asked for it, and waits.
    pub asked: bool,
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
    /// What was found, or how far it is.
    Result(Box<Event>),
    /// The job is done; CPU seconds it took, also where it was cancelled or failed.
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
            drop(self.tell.send(Report::Result(Box::new(event))));
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
    pub allowance: Arc<Allowance>,
}

impl Instruments {
    /// Measures until nobody has work for it any more.
    pub fn work(&self, work: &Receiver<Job>, tell: &Sender<Report>) {
        let mut batches = Each::of(|_| None);
        // A run that is over does not listen.
        let report = |event: Event| drop(tell.send(Report::Result(Box::new(event))));
        for job in work {
            let clock = Clock::start();
            let cancelled = || {
                if !job.asked {
                    self.allowance.wait(&clock, &job.cancelled);
                }
                job.cancelled.get()
            };
            for &diagnostic in job.due.iter().take_while(|_| !cancelled()) {
                // Gathered when first needed: what is off at the start may be switched on.
                let measured = contain(|| {
                    let batch = batches[diagnostic].get_or_insert_with(|| self.gather(diagnostic));
                    let progress = Progress::new(tell, job.step, diagnostic);
                    self.measure(diagnostic, batch, &job, (&cancelled, &progress), &mut |measurement| {
                        report(Event::Measured(measurement));
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
                report(Event::DiagnosticFailed { step: job.step, diagnostic, reason });
            }
            let _ = tell.send(Report::Done(clock.elapsed()));
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
    use std::sync::mpsc::{RecvTimeoutError, channel};

    use ndarray::Array2;

    use super::*;
    use crate::data::{Samples, Targets};
    use crate::network::Init;
    use crate::session::{Command, pair};

    #[test]
    fn what_is_due_waits_for_its_share_and_what_is_asked_for_does_not() {
        let samples = Samples { inputs: Array2::ones((4, 3)), targets: Targets::Inputs };
        let train = samples.clone();
        let data = Dataset { name: "ones".into(), train, validation: samples, image: None, classes: None };
        let architecture = Architecture::new(3, &[], 3, true);
        let parameters = Init::Glorot.parameters(&architecture, 1);
        let allowance = Arc::new(Allowance::new(0.0, 1));
        let instruments = Instruments {
            data: Arc::new(data),
            architecture,
            loss: Loss::SquaredError,
            settings: diagnostics::Settings::default(),
            seed: 1,
            allowance: Arc::clone(&allowance),
        };
        let ((jobs, work), (tell, reports), watchers) = (channel(), channel(), Arc::default());
        let job = |asked: bool| Job {
            step: 0,
            subject: Subject { parameters: parameters.clone(), preconditioning: Preconditioning::default() },
            due: vec![Diagnostic::Rank],
            asked,
            only: None,
            cancelled: Cancelled::not_yet(&watchers),
        };
        std::thread::scope(|scope| {
            scope.spawn(move || instruments.work(&work, &tell));
            let ends = |within: Duration| loop {
                match reports.recv_timeout(within) {
                    Ok(Report::Result(_)) => {}
                    other => return other.map(drop),
                }
            };
            jobs.send(job(false)).unwrap();
            assert_eq!(ends(Duration::from_millis(200)), Err(RecvTimeoutError::Timeout));
            allowance.set_training(false);
            assert_eq!(ends(Duration::from_secs(60)), Ok(()));
            allowance.set_training(true);
            jobs.send(job(true)).unwrap();
            assert_eq!(ends(Duration::from_secs(60)), Ok(()));
            drop(jobs);
        });
    }

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
