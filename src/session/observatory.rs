//! Diagnostics beside the training: on a thread of their own, on a copy of the parameters, within their
//! share of CPU time. Whether they run or not, training takes the same steps.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::Event;
use super::contain::DIAGNOSTICS;
use crate::data::Dataset;
use crate::diagnostics::{self, Diagnostic, Each, Scope};
use crate::experiment::Experiment;
use crate::linalg::{Archive, ArchiveError, Keep, Moment};
use crate::network::Architecture;
use crate::train::Hyperparameter;
use allowance::Allowance;
pub(super) use instruments::Subject;
use instruments::{Cancelled, Instruments, Job, Report};

mod allowance;
mod instruments;

/// The job under way.
struct Busy {
    step: u64,
    /// The diagnostic, where somebody asked for it.
    asked: Option<Diagnostic>,
    /// All that it measures.
    due: Vec<Diagnostic>,
    /// The part of it that alone is measured.
    only: Option<Scope>,
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
    allowance: Arc<Allowance>,
    /// L.
    depth: usize,
}

impl Observatory {
    /// Starts the thread, which waits for work. It is called on the threads that train. `cancelled`: see
    /// [`super::Desk`].
    pub(super) fn new(
        experiment: &Experiment,
        data: &Arc<Dataset>,
        architecture: &Architecture,
        cancelled: Arc<AtomicU64>,
    ) -> Self {
        let settings = experiment.diagnostics.clone();
        let (jobs, work) = channel();
        let (tell, reports) = channel();
        let allowance = Arc::new(Allowance::new(settings.budget, rayon::current_num_threads()));
        let instruments = Instruments {
            data: Arc::clone(data),
            architecture: architecture.clone(),
            loss: experiment.loss,
            settings: settings.clone(),
            seed: experiment.seed,
            allowance: Arc::clone(&allowance),
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
            allowance,
            depth: architecture.depth(),
        }
    }

    /// What was found since the last call.
    pub(super) fn results(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for report in self.reports.try_iter() {
            match report {
                Report::Result(event) => {
                    // One layer alone is no measurement of the cadence.
                    let whole = self.busy.as_ref().is_some_and(|busy| busy.only.is_none());
                    if let (Event::Measured(measurement), true) = (&*event, whole) {
                        self.costs[measurement.diagnostic()] += measurement.reading().cost;
                    }
                    events.push(*event);
                }
                Report::Done(cost) => match self.busy.take() {
                    Some(Busy { step, asked: Some(diagnostic), began, cancelled, .. }) => {
                        let (cancelled, seconds) = (cancelled.get(), began.elapsed().as_secs_f64());
                        events.push(Event::MeasurementEnded { step, diagnostic, cancelled, seconds });
                    }
                    // What somebody asked for is no part of the share.
                    _ => self.allowance.spend(cost),
                },
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
        let goes_on = |busy: &Busy| busy.asked == Some(diagnostic) && !busy.cancelled.get();
        if waits || self.busy.as_ref().is_some_and(goes_on) {
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

    /// Takes note whether there is training beside the diagnostics, which are held to their share of CPU time then.
    pub(super) fn set_training(&self, training: bool) {
        self.allowance.set_training(training);
    }

    /// Starts what was asked for, else what is due at `step`: longest due first, where the budget allows what they
    /// took the last time. What takes longer, or was never measured, is held while it is under way. `subject` is
    /// asked for the state of the run only then, as far as what is measured needs it.
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
        for &diagnostic in due.iter().filter(|_| only.is_none()) {
            self.due[diagnostic] = step + self.settings.probes[diagnostic].every;
            self.costs[diagnostic] = 0.0;
        }
        let cancelled = Cancelled::not_yet(&self.cancelled);
        let subject = subject(&due);
        let job = Job { step, subject, due: due.clone(), asked: asked.is_some(), only, cancelled: cancelled.clone() };
        if self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok()) {
            let asked = asked.map(|(diagnostic, _)| diagnostic);
            self.busy = Some(Busy { step, asked, due, only, began: Moment::now(), cancelled });
        }
    }

    /// What is due at `step` and within the budget.
    fn due(&self, step: u64) -> Vec<Diagnostic> {
        let probes = &self.settings.probes;
        let is_due = |&diagnostic: &Diagnostic| probes[diagnostic].every > 0 && step >= self.due[diagnostic];
        let mut due: Vec<_> = Diagnostic::ALL.iter().copied().filter(is_due).collect();
        due.sort_by_key(|&diagnostic| self.due[diagnostic]);
        let mut left = self.allowance.left();
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
            Hyperparameter::Budget => {
                self.settings.budget = value;
                self.allowance.set_share(value);
            }
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

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::data::{Samples, Targets};
    use crate::diagnostics::Preconditioning;
    use crate::network::Init;

    #[test]
    fn what_is_asked_for_is_no_part_of_the_share_and_what_is_due_is() {
        let text = "[data]\nimages = \"-\"\ntask = \"autoencode\"\n[network]\nlayers = []\n\
                    [loss]\nkind = \"squared_error\"\n[optimizer]\nkind = \"sgd\"\n[diagnostics]\nbudget = 0.0\n";
        let experiment = Experiment::parse("small.toml", text, &[]).unwrap();
        let samples = |count| Samples { inputs: Array2::ones((count, 3)), targets: Targets::Inputs };
        let (train, validation) = (samples(4), samples(0));
        let data = Dataset { name: "ones".into(), train, validation, image: None, classes: None };
        let architecture = Architecture::new(3, &[], 3, true);
        let mut observatory = Observatory::new(&experiment, &Arc::new(data), &architecture, Arc::default());
        let parameters = Init::Glorot.parameters(&architecture, 1);
        let subject =
            |_: &[Diagnostic]| Subject { parameters: parameters.clone(), preconditioning: Preconditioning::default() };
        let wait = |observatory: &mut Observatory| {
            let began = Moment::now();
            while observatory.busy() {
                observatory.results();
                assert!(began.elapsed().as_secs() < 60, "it comes to no end");
            }
            observatory.allowance.left()
        };
        observatory.ask(Diagnostic::Rank, None).unwrap();
        observatory.schedule(1, subject);
        assert_eq!(wait(&mut observatory).to_bits(), 0.0_f64.to_bits());
        // Nor is one layer of the cadence, whose next turn is as soon as it was.
        assert!(observatory.costs[Diagnostic::Rank] > 0.0);
        observatory.costs[Diagnostic::Rank] = 0.0;
        observatory.ask(Diagnostic::Rank, Some(1)).unwrap();
        observatory.schedule(1, subject);
        assert_eq!(wait(&mut observatory).to_bits(), 0.0_f64.to_bits());
        assert_eq!(observatory.costs[Diagnostic::Rank].to_bits(), 0.0_f64.to_bits());
        observatory.set_training(false);
        observatory.begin(1, vec![Diagnostic::Rank], None, subject);
        assert!(wait(&mut observatory) < 0.0);
        observatory.cancel();
    }
}
