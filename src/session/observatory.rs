//! Diagnostics beside the training: on a thread of their own, on a copy of the parameters, within their
//! share of CPU time. Whether they run or not, training takes the same steps.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use cpu_time::{ProcessTime, ThreadTime};

use super::Event;
use super::contain::{DIAGNOSTICS, contain};
use crate::data::Dataset;
use crate::diagnostics::{self, Diagnostic, Each, Error, Measurement, Preconditioning, ProbeBatch, Scope, Task};
use crate::experiment::Experiment;
use crate::linalg::{Archive, ArchiveError, Keep, Moment};
use crate::network::{Architecture, Loss, Parameters};
use crate::train::Hyperparameter;

/// How long a measurement goes on before it is told how far it is, again and again.
const PROGRESS: Duration = Duration::from_millis(500);

/// What is measured, and what for.
struct Job {
    step: u64,
    subject: Subject,
    due: Vec<Diagnostic>,
    /// The one part that is measured, where not all are.
    only: Option<Scope>,
    cancelled: Cancelled,
}

/// Whether a job is to end, by the run or by who watches it.
#[derive(Clone)]
struct Cancelled {
    by_run: Arc<AtomicBool>,
    /// How often watchers cancelled measurements, and how often before the job.
    by_watcher: (Arc<AtomicU64>, u64),
}

impl Cancelled {
    fn not_yet(watchers: &Arc<AtomicU64>) -> Self {
        let before = watchers.load(Ordering::Relaxed);
        Self { by_run: Arc::default(), by_watcher: (Arc::clone(watchers), before) }
    }

    fn cancel(&self) {
        self.by_run.store(true, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        let (now, before) = &self.by_watcher;
        self.by_run.load(Ordering::Relaxed) || now.load(Ordering::Relaxed) != *before
    }
}

/// The state of the run that is measured.
pub(super) struct Subject {
    /// θ.
    pub parameters: Parameters<f64>,
    /// What directions depend on beside.
    pub preconditioning: Preconditioning,
}

/// What the thread tells.
enum Report {
    /// What was found, and CPU seconds it took.
    Result(Box<Event>, f64),
    /// The job is done; CPU seconds that no result accounts for.
    Done(f64),
}

/// The job under way.
struct Busy {
    step: u64,
    /// The diagnostic, where somebody asked for it.
    asked: Option<Diagnostic>,
    /// All that it measures.
    due: Vec<Diagnostic>,
    began: Moment,
    cancelled: Cancelled,
}

/// The diagnostics of a run.
pub(super) struct Observatory {
    settings: diagnostics::Settings,
    jobs: Option<Sender<Job>>,
    reports: Receiver<Report>,
    thread: Option<JoinHandle<()>>,
    busy: Option<Busy>,
    /// How often watchers cancelled measurements.
    cancelled: Arc<AtomicU64>,
    /// What was asked for and waits, and of which part.
    asked: VecDeque<(Diagnostic, Option<Scope>)>,
    /// Steps from which each is measured next.
    due: Each<u64>,
    /// CPU seconds each took the last time; 0 before.
    costs: Each<f64>,
    /// CPU seconds of diagnostics so far.
    spent: f64,
    /// L.
    depth: usize,
    clock: ProcessTime,
}

impl Observatory {
    /// Starts the thread, which waits for work. `cancelled`: see [`super::Desk`].
    pub(super) fn new(
        experiment: &Experiment,
        data: &Arc<Dataset>,
        architecture: &Architecture,
        cancelled: Arc<AtomicU64>,
    ) -> Self {
        let settings = experiment.diagnostics.clone();
        let (jobs, work) = channel();
        let (tell, reports) = channel();
        let instruments = Instruments {
            data: Arc::clone(data),
            architecture: architecture.clone(),
            loss: experiment.loss,
            settings: settings.clone(),
            seed: experiment.seed,
        };
        let thread = std::thread::Builder::new()
            .name(DIAGNOSTICS.into())
            .spawn(move || {
                // One thread: the products of diagnostics must not spread over the cores that train.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).thread_name(|_| DIAGNOSTICS.into()).build();
                let Ok(pool) = pool else { return };
                pool.install(move || instruments.work(&work, &tell));
            })
            .ok();
        Self {
            settings,
            jobs: Some(jobs),
            reports,
            thread,
            busy: None,
            cancelled,
            asked: VecDeque::new(),
            due: Each::of(|_| 0),
            costs: Each::of(|_| 0.0),
            spent: 0.0,
            depth: architecture.depth(),
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
                    if let Event::Measured(measurement) = &*event {
                        self.costs[measurement.diagnostic()] += cost;
                    }
                    events.push(*event);
                }
                Report::Done(cost) => {
                    self.spent += cost;
                    if let Some(Busy { step, asked: Some(diagnostic), began, cancelled, .. }) = self.busy.take() {
                        let (cancelled, seconds) = (cancelled.get(), began.elapsed().as_secs_f64());
                        events.push(Event::MeasurementEnded { step, diagnostic, cancelled, seconds });
                    }
                }
            }
        }
        events
    }

    /// Whether a measurement is under way or waits.
    pub(super) fn busy(&self) -> bool {
        self.busy.is_some() || !self.asked.is_empty()
    }

    /// Whether a diagnostic was asked for that can begin now.
    pub(super) fn is_asked(&self) -> bool {
        self.busy.is_none() && !self.asked.is_empty()
    }

    /// Takes note that a diagnostic is asked for, of all or of one layer; says so, or why not.
    pub(super) fn ask(&mut self, diagnostic: Diagnostic, layer: Option<usize>) -> Result<String, String> {
        let waits = self.asked.iter().any(|(waits, _)| *waits == diagnostic);
        if waits || self.busy.as_ref().is_some_and(|busy| busy.asked == Some(diagnostic)) {
            return Err(format!("{}: is being measured already", diagnostic.title()));
        }
        if self.thread.is_none() {
            return Err("diagnostics have no thread".to_owned());
        }
        if layer.is_some_and(|layer| !diagnostic.by_layer() || !(1..=self.depth).contains(&layer)) {
            return Err(format!("{}: there is nothing of that layer", diagnostic.title()));
        }
        // Nobody who asks waits for what the cadence has begun: that begins anew afterwards.
        if let Some(busy) = self.busy.as_ref().filter(|busy| busy.asked.is_none()) {
            busy.cancelled.cancel();
            for &diagnostic in &busy.due {
                self.due[diagnostic] = 0;
            }
        }
        self.asked.push_back((diagnostic, layer.map(Scope::Layer)));
        let of = layer.map_or_else(String::new, |layer| format!(" of layer {layer}"));
        Ok(format!("measure {}{of}", diagnostic.title()))
    }

    /// Ends what is under way, and what waits; the ends of the latter as events. None where there is nothing.
    pub(super) fn abort(&mut self, step: u64) -> Option<Vec<Event>> {
        if !self.busy() {
            return None;
        }
        if let Some(busy) = &self.busy {
            busy.cancelled.cancel();
        }
        let ended = |diagnostic| Event::MeasurementEnded { step, diagnostic, cancelled: true, seconds: 0.0 };
        Some(self.asked.drain(..).map(|(diagnostic, _)| ended(diagnostic)).collect())
    }

    /// Starts what was asked for, else what is due at `step`: longest due first, as far as the budget allows, so
    /// that with what they took the last time their share of CPU time stays within it. `subject` is asked for
    /// the state of the run only then, as far as what is measured needs it.
    pub(super) fn schedule(&mut self, step: u64, subject: impl FnOnce(&[Diagnostic]) -> Subject) {
        if self.busy.is_some() {
            return;
        }
        let asked = self.asked.pop_front();
        let due = asked.map_or_else(|| self.due(step), |(diagnostic, _)| vec![diagnostic]);
        self.begin(step, due, asked, subject);
    }

    /// Starts, at the last update and whatever the budget, what was not measured after update `first`: the run
    /// was too short for its cadence.
    pub(super) fn conclude(&mut self, first: u64, step: u64, subject: impl FnOnce(&[Diagnostic]) -> Subject) {
        let missing = |diagnostic| {
            let every = self.settings.probes[diagnostic].every;
            every > 0 && self.due[diagnostic] <= first + every
        };
        if step > first && self.settings.budget > 0.0 {
            let due = Diagnostic::ALL.iter().copied().filter(|&diagnostic| missing(diagnostic)).collect();
            self.begin(step, due, None, subject);
        }
    }

    fn begin(
        &mut self,
        step: u64,
        due: Vec<Diagnostic>,
        asked: Option<(Diagnostic, Option<Scope>)>,
        subject: impl FnOnce(&[Diagnostic]) -> Subject,
    ) {
        if due.is_empty() {
            return;
        }
        let only = asked.and_then(|(_, only)| only);
        // One layer alone is no measurement of the cadence.
        for &diagnostic in due.iter().filter(|_| only.is_none()) {
            self.due[diagnostic] = step + self.settings.probes[diagnostic].every;
            self.costs[diagnostic] = 0.0;
        }
        let cancelled = Cancelled::not_yet(&self.cancelled);
        let subject = subject(&due);
        let job = Job { step, subject, due: due.clone(), only, cancelled: cancelled.clone() };
        if self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok()) {
            let asked = asked.map(|(diagnostic, _)| diagnostic);
            self.busy = Some(Busy { step, asked, due, began: Moment::now(), cancelled });
        }
    }

    /// What is due at `step` and within the budget.
    fn due(&self, step: u64) -> Vec<Diagnostic> {
        let probes = &self.settings.probes;
        let is_due = |&diagnostic: &Diagnostic| probes[diagnostic].every > 0 && step >= self.due[diagnostic];
        let mut due: Vec<_> = Diagnostic::ALL.iter().copied().filter(is_due).collect();
        due.sort_by_key(|&diagnostic| self.due[diagnostic]);
        let mut left = self.settings.budget * self.clock.elapsed().as_secs_f64() - self.spent;
        due.retain(|&diagnostic| {
            left -= self.costs[diagnostic];
            left > 0.0
        });
        due
    }

    /// The settings as they are now.
    pub(super) fn settings(&self) -> &diagnostics::Settings {
        &self.settings
    }

    /// The present value of a hyperparameter, where it is one of diagnostics.
    pub(super) fn get(&self, hyperparameter: Hyperparameter) -> Option<f64> {
        value(&self.settings, hyperparameter)
    }

    /// Takes what `new` states otherwise than `old`.
    pub(super) fn adopt(&mut self, old: &diagnostics::Settings, new: &diagnostics::Settings) {
        for hyperparameter in Hyperparameter::all() {
            if let (Some(before), Some(now)) = (value(old, hyperparameter), value(new, hyperparameter))
                && before.to_bits() != now.to_bits()
            {
                self.set(hyperparameter, now);
            }
        }
    }

    /// Sets a hyperparameter, where it is one of diagnostics.
    pub(super) fn set(&mut self, hyperparameter: Hyperparameter, value: f64) {
        match hyperparameter {
            Hyperparameter::Every(diagnostic) => {
                self.settings.probes[diagnostic].every = value as u64;
                self.due[diagnostic] = 0;
            }
            Hyperparameter::Budget => self.settings.budget = value,
            _ => {}
        }
    }

    /// Ends what is under way and the thread.
    pub(super) fn cancel(&mut self) {
        if let Some(busy) = &self.busy {
            busy.cancelled.cancel();
        }
        self.asked.clear();
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Panics are contained in it.
            let _ = thread.join();
        }
    }
}

/// The value of a hyperparameter, where it is one of diagnostics.
fn value(settings: &diagnostics::Settings, hyperparameter: Hyperparameter) -> Option<f64> {
    match hyperparameter {
        Hyperparameter::Every(diagnostic) => Some(settings.probes[diagnostic].every as f64),
        Hyperparameter::Budget => Some(settings.budget),
        _ => None,
    }
}

/// What can change along the run, and when each is due. What was under way is not kept.
impl Keep for Observatory {
    fn save(&self, archive: &mut Archive) {
        let values: Vec<_> = Hyperparameter::all().into_iter().filter_map(|h| Some((h, self.get(h)?))).collect();
        let due: Vec<_> = Diagnostic::ALL.iter().map(|&diagnostic| (diagnostic, self.due[diagnostic])).collect();
        archive.note("diagnostics", &values);
        archive.note("diagnostics_due", &due);
    }

    fn restore(&mut self, archive: &Archive) -> Result<(), ArchiveError> {
        for (hyperparameter, value) in archive.value::<Vec<(Hyperparameter, f64)>>("diagnostics")? {
            self.set(hyperparameter, value);
        }
        for (diagnostic, step) in archive.value::<Vec<(Diagnostic, u64)>>("diagnostics_due")? {
            self.due[diagnostic] = step;
        }
        Ok(())
    }
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
struct Instruments {
    data: Arc<Dataset>,
    architecture: Architecture,
    loss: Loss,
    /// As at the start: numbers of data and the limit, which do not change.
    settings: diagnostics::Settings,
    seed: u64,
}

impl Instruments {
    fn work(&self, work: &Receiver<Job>, tell: &Sender<Report>) {
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
