//! The data of an experiment, and whether it fits them.

use std::sync::Arc;

use super::{Experiment, Mismatch};
use crate::data::{self, Dataset, Places, Samples};
use crate::diagnostics::Diagnostic;
use crate::network::{Architecture, Targets};
use crate::train::Start;

/// Why an experiment cannot run on its data.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no data section.
    #[error("the experiment has no data: expected a section [data]")]
    NoData,
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] data::Error),
    /// The network does not fit the data.
    #[error("{mismatch}; {}", mismatch.found())]
    Mismatch {
        /// In which way.
        mismatch: Mismatch,
    },
    /// More data at a time than train.
    #[error("{key} must be at most {available}, the number of training data; found {found}")]
    TooManyData {
        /// The key in the file.
        key: String,
        /// Training data.
        available: usize,
        /// Data asked for.
        found: usize,
    },
    /// Targets that the loss cannot take.
    #[error("the loss {loss} takes targets in [0, 1]; those of the data {data} range from {low} to {high}")]
    Range {
        /// The loss.
        loss: &'static str,
        /// The data set.
        data: String,
        /// The least target.
        low: f32,
        /// The greatest target.
        high: f32,
    },
}

impl Experiment {
    /// What its training starts from, on its data and with its network.
    pub fn start(&self, data: Arc<Dataset>, architecture: Architecture) -> Start {
        Start {
            data,
            architecture,
            loss: self.loss,
            init: self.network.init,
            optimizer: self.optimizer.clone(),
            batch: self.train.batch,
            seed: self.seed,
        }
    }

    /// Reads the data and makes sure that network, loss, minibatch and probe batches fit them.
    ///
    /// # Errors
    /// Any [`LoadError`].
    pub fn load(&self, places: &Places) -> Result<(Dataset, Architecture), LoadError> {
        let selection = self.data.as_ref().ok_or(LoadError::NoData)?;
        let dataset = Dataset::load(selection, places)?;
        let architecture = self
            .architecture(Some(dataset.input_width()), dataset.output_width())
            .map_err(|mismatch| LoadError::Mismatch { mismatch })?;
        if self.loss.targets() == Targets::UnitInterval {
            for (low, high) in [&dataset.train, &dataset.validation].into_iter().filter_map(Samples::target_range) {
                if low < 0.0 || high > 1.0 {
                    return Err(LoadError::Range { loss: self.loss.name(), data: dataset.name, low, high });
                }
            }
        }
        let available = dataset.train.len();
        // The default of a probe batch gives way to fewer data.
        let probe = |&diagnostic: &Diagnostic| {
            let data = self.diagnostics.probes[diagnostic].data;
            (data != diagnostic.probe().data).then(|| (format!("diagnostics.{}.data", diagnostic.name()), data))
        };
        let batch = ("train.batch".to_owned(), self.train.batch);
        for (key, found) in std::iter::once(batch).chain(Diagnostic::ALL.iter().filter_map(probe)) {
            if found > available {
                return Err(LoadError::TooManyData { key, available, found });
            }
        }
        Ok((dataset, architecture))
    }
}
