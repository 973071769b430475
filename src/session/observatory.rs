//! Diagnostics beside the training: on a thread of their own, on a copy of the parameters, within their
//! share of CPU time. Whether they run or not, training takes the same steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use cpu_time::ProcessTime;

use super::Event;
use crate::data::Dataset;
use crate::diagnostics::{self, Measurement, ProbeBatch};
use crate::experiment::Experiment;
use crate::network::{Architecture, Loss, Parameters};
use crate::train::Hyperparameter;

/// What is measured, and what for.
struct Job {
    step: u64,
    parameters: Arc<Parameters<f64>>,
    rank: bool,
    hessian: bool,
}

/// What the thread tells.
enum Report {
    Result(Event, f64),
    Done,
}

/// The diagnostics of a run.
pub(super) struct Observatory {
    settings: diagnostics::Settings,
    jobs: Option<Sender<Job>>,
    reports: Receiver<Report>,
    cancelled: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    busy: bool,
    /// Steps at which rank and Hessian blocks are measured next.
    due: [u64; 2],
    /// CPU seconds of diagnostics so far.
    spent: f64,
    clock: ProcessTime,
}

impl Observatory {
    /// Starts the thread, which waits for work.
    pub(super) fn new(experiment: &Experiment, data: &Arc<Dataset>, architecture: &Architecture) -> Self {
        let settings = experiment.diagnostics.clone();
        let (jobs, work) = channel();
        let (tell, reports) = channel();
        let cancelled = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&cancelled);
        let instruments = Instruments {
            data: Arc::clone(data),
            architecture: architecture.clone(),
            loss: experiment.loss,
            settings: settings.clone(),
            seed: experiment.seed,
        };
        let thread = std::thread::Builder::new()
            .name("diagnostics".into())
            .spawn(move || {
                // One thread: the products of diagnostics must not spread over the cores that train.
                let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(1).build() else { return };
                pool.install(move || instruments.work(&work, &tell, &stop));
            })
            .ok();
        Self {
            settings,
            jobs: Some(jobs),
            reports,
            cancelled,
            thread,
            busy: false,
            due: [0, 0],
            spent: 0.0,
            clock: ProcessTime::now(),
        }
    }

    /// What was found since the last call.
    pub(super) fn results(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for report in self.reports.try_iter() {
            match report {
                Report::Result(event, cost) => {
                    self.spent += cost;
                    events.push(event);
                }
                Report::Done => self.busy = false,
            }
        }
        events
    }

    /// Whether a measurement is under way.
    pub(super) fn busy(&self) -> bool {
        self.busy
    }

    /// Starts what is due at `step`, if the budget allows: their share of CPU time so far is below it.
    /// `parameters` are copied only then.
    pub(super) fn schedule(&mut self, step: u64, parameters: impl FnOnce() -> Parameters<f64>) {
        let every = [self.settings.rank.every, self.settings.hessian.every];
        let [rank, hessian] = [0, 1].map(|kind| every[kind] > 0 && step >= self.due[kind]);
        let allowed = self.spent <= self.settings.budget * self.clock.elapsed().as_secs_f64();
        if self.busy || !(rank || hessian) || !allowed {
            return;
        }
        let job = Job { step, parameters: Arc::new(parameters()), rank, hessian };
        for (kind, chosen) in [rank, hessian].into_iter().enumerate() {
            if chosen {
                self.due[kind] = step + every[kind];
            }
        }
        self.busy = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
    }

    /// The present value of a hyperparameter, where it is one of diagnostics.
    pub(super) fn get(&self, hyperparameter: Hyperparameter) -> Option<f64> {
        match hyperparameter {
            Hyperparameter::RankEvery => Some(self.settings.rank.every as f64),
            Hyperparameter::HessianEvery => Some(self.settings.hessian.every as f64),
            Hyperparameter::Budget => Some(self.settings.budget),
            _ => None,
        }
    }

    /// Sets a hyperparameter, where it is one of diagnostics.
    pub(super) fn set(&mut self, hyperparameter: Hyperparameter, value: f64) {
        match hyperparameter {
            Hyperparameter::RankEvery => self.settings.rank.every = value as u64,
            Hyperparameter::HessianEvery => self.settings.hessian.every = value as u64,
            Hyperparameter::Budget => self.settings.budget = value,
            _ => {}
        }
        self.due = [0, 0];
    }

    /// Ends what is under way and the thread.
    pub(super) fn cancel(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// What the diagnostics thread measures with.
struct Instruments {
    data: Arc<Dataset>,
    architecture: Architecture,
    loss: Loss,
    /// As at the start: numbers of data and the limit, which do not change.
    settings: diagnostics::Settings,
    seed: u64,
}

impl Instruments {
    fn work(&self, work: &Receiver<Job>, tell: &Sender<Report>, stop: &AtomicBool) {
        let gather = |data| ProbeBatch::new(&self.data.train, &self.architecture, self.loss, data, self.seed);
        // Gathered when first needed: what is off at the start may be switched on.
        let (mut rank, mut hessian) = (None, None);
        let cancelled = || stop.load(Ordering::Relaxed);
        for job in work {
            let mut report = |measurement: Measurement| {
                let (event, cost) = match measurement {
                    Measurement::Rank(rank) => (Event::Rank(rank), rank.cost),
                    Measurement::HessianBlock(block) => (Event::HessianBlock(block), block.cost),
                };
                // A run that is over does not listen.
                let _ = tell.send(Report::Result(event, cost));
            };
            let failed = |name: &str, reason: String| {
                let event = Event::DiagnosticFailed { step: job.step, name: name.to_owned(), reason };
                let _ = tell.send(Report::Result(event, 0.0));
            };
            if job.rank {
                let probe = rank.get_or_insert_with(|| gather(self.settings.rank.data));
                let (limit, step) = (self.settings.exact_limit, job.step);
                if let Err(error) = probe.measure_rank(&job.parameters, limit, step, &cancelled, &mut report) {
                    failed("rank", error.to_string());
                }
            }
            if job.hessian {
                let probe = hessian.get_or_insert_with(|| gather(self.settings.hessian.data));
                let (seed, step) = (self.seed, job.step);
                if let Err(error) = probe.measure_hessian(&job.parameters, seed, step, &cancelled, &mut report) {
                    failed("Hessian blocks", error.to_string());
                }
            }
            let _ = tell.send(Report::Done);
            if cancelled() {
                return;
            }
        }
    }
}
