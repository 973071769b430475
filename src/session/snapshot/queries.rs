//! What panes ask of a run.

use super::Snapshot;
use crate::diagnostics::{Diagnostic, Finding, Measurement};
use crate::session::history::Series;
use crate::train::{Hyperparameter, Phase};

/// The latest of a repeated measurement, and quantities of it along the run.
#[derive(Clone, Copy, Debug)]
pub struct Tracked<'a, F> {
    /// The latest measurement.
    pub latest: &'a F,
    /// Its main quantity along the run: the rank (its lower bound), or λ_min of a Hessian block.
    pub history: &'a Series,
    /// A second one: the rank's bound, or the trace of the Hessian block.
    pub other: &'a Series,
    /// A third one: the upper bound of the rank, or λ_max of the Hessian block.
    pub third: &'a Series,
}

impl Snapshot {
    /// Why a diagnostic came to no result the last time, if it did not.
    pub fn failure(&self, diagnostic: Diagnostic) -> Option<&str> {
        self.failed.iter().find(|(failed, _)| *failed == diagnostic).map(|(_, reason)| reason.as_str())
    }

    /// The phases that took time at any step, with their wall seconds along the run.
    pub fn phases_present(&self) -> impl Iterator<Item = (Phase, &Series)> {
        let all = Phase::ALL.iter().copied().zip(&self.phases_along);
        all.filter(|(_, along)| along.points().iter().any(|point| point.sum > 0.0))
    }

    /// The share of evaluation in the wall time of the run.
    pub fn evaluation_share(&self) -> f64 {
        let (training, evaluation) = self.seconds;
        evaluation / (training + evaluation).max(f64::MIN_POSITIVE)
    }

    /// CPU seconds that diagnostics took, and their share of the CPU time of the process. Diagnostics go on beside
    /// the updates, so that the CPU time of these, over all threads, includes theirs.
    pub fn diagnostics_share(&self) -> (f64, f64) {
        let measured = self.diagnostics_seconds.iter().map(|(_, seconds)| seconds).sum::<f64>();
        (measured, measured / self.cpu_seconds.max(measured).max(f64::MIN_POSITIVE))
    }

    /// What diagnostics found last: in the order of their table, of each first the whole, then the layers.
    pub fn measurements(&self) -> impl Iterator<Item = &Measurement> {
        self.measured.iter().map(|(latest, _)| latest)
    }

    /// What one diagnostic found: first the whole, then the layers.
    pub fn tracked<F: Finding>(&self) -> Vec<Tracked<'_, F>> {
        let all = self.measured.iter();
        all.filter_map(|(latest, [history, other, third])| {
            Some(Tracked { latest: latest.get()?, history, other, third })
        })
        .collect()
    }

    /// What a hyperparameter is now, where the method has it: γ and τ as they were at the latest
    /// update, others as they were set.
    pub fn hyperparameter(&self, hyperparameter: Hyperparameter) -> Option<f64> {
        let adapted = self.latest.as_ref().and_then(|step| match hyperparameter {
            Hyperparameter::KroneckerDamping => step.kronecker_damping,
            Hyperparameter::StepDamping => step.step_damping,
            _ => None,
        });
        adapted.or_else(|| self.hyperparameters.iter().find(|(known, _)| *known == hyperparameter).map(|(_, v)| *v))
    }

    /// The updates that the run had made when it first began, and those it has made now.
    pub fn updates(&self) -> (u64, u64) {
        let first = self.run.as_ref().map_or(0, |run| run.step);
        (first, self.step.max(first))
    }

    /// L; 0 while the network is not known.
    pub fn depth(&self) -> usize {
        self.run.as_ref().map_or(0, |run| run.architecture.depth())
    }
}
