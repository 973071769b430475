//! The network that is measured, and where its batches come from.

use std::path::Path;

use super::{Error, batch};
use crate::data::{Dataset, Places};
use crate::diagnostics::{Diagnostic, Preconditioning, ProbeBatch, Task};
use crate::experiment::Experiment;
use crate::network::{Architecture, Parameters, Pass, tensors};
use crate::optim::Optimizer;
use crate::session::{self, Checkpoint, CheckpointError};

/// A network with what its quantities depend on.
pub(super) struct Subject {
    pub experiment: Experiment,
    pub architecture: Architecture,
    pub parameters: Parameters<f64>,
    pub preconditioning: Preconditioning,
    /// Updates made.
    pub step: u64,
    /// The batch for all quantities, where one is given.
    pub batch: Option<ProbeBatch>,
    /// The data of the run, where each diagnostic has its own probe batch.
    pub data: Option<Dataset>,
}

impl Subject {
    /// The network of a checkpoint of a run, with θ itself where checkpoints hold an average of it too.
    ///
    /// # Errors
    /// Where there is no such checkpoint, it cannot be read, or the batch does not fit.
    pub fn of_run(folder: &Path, step: Option<u64>, batch: Option<&Path>, set: &[String]) -> Result<Self, Error> {
        if !folder.is_dir() {
            return Err(Error::Request(format!("{}: expected a run folder; there is none", folder.display())));
        }
        if let Some(set) = set.iter().find(|set| set.trim_start().starts_with("optimizer")) {
            let what = "with --run the optimizer is that of the checkpoint, with its state";
            return Err(Error::Request(format!("--set {set}: {what}; expected other settings")));
        }
        let checkpoints = Checkpoint::list(folder);
        let found = checkpoints.iter().find(|(found, _)| step.is_none_or(|step| step == *found));
        let (step, file) = found.cloned().ok_or_else(|| {
            let steps: Vec<_> = checkpoints.iter().rev().map(|(step, _)| step.to_string()).collect();
            let known =
                if steps.is_empty() { "there are none".to_owned() } else { format!("found {}", steps.join(", ")) };
            let wanted =
                step.map_or_else(|| "a checkpoint".to_owned(), |step| format!("a checkpoint at update {step}"));
            Error::Request(format!("{}: expected {wanted}; {known}", folder.display()))
        })?;
        let experiment = session::forked(&file, set).map_err(|error| Error::of_session(error, &file))?;
        let (batch, data, architecture) = if let Some(path) = batch {
            let (pass, architecture) = batch::read(&experiment, &file, path)?;
            (Some(ProbeBatch::of(pass)), None, architecture)
        } else {
            let loaded = experiment.load(&Places::standard());
            let (data, architecture) = loaded.map_err(|source| Error::Load { file: file.clone(), source })?;
            (None, Some(data), architecture)
        };
        let checkpoint = Checkpoint::read(&file).map_err(session::Error::from)?;
        let own_data = !set.iter().any(|set| set.trim_start().starts_with("data"));
        if let (Some(data), true) = (&data, own_data) {
            checkpoint.require_data(&file, data.checksum()).map_err(session::Error::from)?;
        }
        let state = |source| session::Error::from(CheckpointError::State { path: file.clone(), source });
        let archive = &checkpoint.archive;
        let mut parameters = Parameters::zeros(&architecture);
        if archive.tensors.contains_key("state/parameters") {
            archive.fill("state/parameters", parameters.flat.view_mut()).map_err(state)?;
        } else {
            tensors::restore_weights(&mut parameters, archive).map_err(state)?;
        }
        let optimizer = Optimizer::<f64>::restored(archive, &architecture).map_err(state)?;
        let preconditioning = Preconditioning::of(&optimizer, Diagnostic::ALL);
        Ok(Self { experiment, architecture, parameters, preconditioning, step, batch, data })
    }

    /// The network of an experiment as its runs begin, changed by `set` (each `key=value`).
    ///
    /// # Errors
    /// What is wrong with the experiment, and data that cannot be used.
    pub fn of_experiment(file: &Path, set: &[String]) -> Result<Self, Error> {
        let experiment = Experiment::read(file, set)?;
        let loaded = experiment.load(&Places::standard());
        let (data, architecture) = loaded.map_err(|source| Error::Load { file: file.to_owned(), source })?;
        let parameters = experiment.network.init.parameters(&architecture, experiment.seed);
        let preconditioning = Preconditioning::of_settings(&experiment.optimizer);
        Ok(Self { experiment, architecture, parameters, preconditioning, step: 0, batch: None, data: Some(data) })
    }

    /// All of it, to be measured. `pass`: of the batch.
    pub fn task<'a>(&'a self, pass: &'a Pass<f64>) -> Task<'a> {
        Task {
            pass,
            parameters: &self.parameters,
            only: None,
            exact_limit: self.experiment.diagnostics.exact_limit,
            plane: &self.experiment.diagnostics.surface,
            directions: &self.experiment.diagnostics.directions,
            preconditioning: &self.preconditioning,
            seed: self.experiment.seed,
            step: self.step,
            image: self.image(),
            progress: &|_, _| {},
            cancelled: &|| false,
        }
    }

    /// Rows and columns of an input, where inputs are images.
    pub fn image(&self) -> Option<(usize, usize)> {
        self.data.as_ref()?.image
    }

    /// The batch for a diagnostic.
    ///
    /// # Errors
    /// Where there is neither a batch nor data.
    pub fn probe(&self, diagnostic: Diagnostic) -> Result<ProbeBatch, Error> {
        match (&self.batch, &self.data) {
            (Some(batch), _) => Ok(batch.clone()),
            (None, Some(data)) => {
                let count = self.experiment.diagnostics.probes[diagnostic].data;
                let (loss, seed) = (self.experiment.loss, self.experiment.seed);
                Ok(ProbeBatch::new(diagnostic.samples(data), &self.architecture, loss, count, seed))
            }
            (None, None) => Err(Error::Request("expected --batch".to_owned())),
        }
    }
}
