//! The network of an experiment, once the widths of the data are known.

use super::Experiment;
use crate::data::Task;
use crate::network::Architecture;

/// More parameters than this are taken for a mistake.
pub const MOST_PARAMETERS: usize = 1_000_000_000;

/// Why there is no network that fits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// `network.input` is stated, and the data have another width.
    #[error("network.input must be {data}, the width of the data")]
    Input {
        /// The stated width.
        stated: usize,
        /// The width of the data.
        data: usize,
    },
    /// `network.output` is stated, and the targets have another width.
    #[error("network.output must be {data}, the width of the targets")]
    Output {
        /// The stated width.
        stated: usize,
        /// The width the targets need.
        data: usize,
    },
    /// `network.output` is stated, and the loss needs another number.
    #[error("network.output must be {needed} for the loss {loss}")]
    LossOutput {
        /// The stated width.
        stated: usize,
        /// The number of outputs the loss needs.
        needed: usize,
        /// The loss.
        loss: &'static str,
    },
    /// A width follows neither from the file nor from data.
    #[error("{key} is missing: expected a width, as there are no data to take it from")]
    Unknown {
        /// `network.input` or `network.output`.
        key: &'static str,
    },
    /// The network is absurdly large.
    #[error("the network must have at most {MOST_PARAMETERS} parameters")]
    Parameters {
        /// How many it has; `None` where the number does not fit into a machine word.
        found: Option<usize>,
    },
}

impl Mismatch {
    /// What was found, in words.
    pub fn found(&self) -> String {
        match self {
            Self::Input { stated, .. } | Self::Output { stated, .. } | Self::LossOutput { stated, .. } => {
                format!("found {stated}")
            }
            Self::Unknown { key } => format!("found no {key}"),
            Self::Parameters { found: Some(found) } => format!("found {found}"),
            Self::Parameters { found: None } => "found more than can be counted".to_owned(),
        }
    }
}

impl Experiment {
    /// The output width that follows from a known data set; `None` where the data are not known, or the loss
    /// decides.
    pub fn known_outputs(&self) -> Option<usize> {
        let data = self.data.as_ref()?;
        let known = data.source.known()?;
        match data.task {
            Task::Autoencode => Some(known.input),
            Task::Classify => known.classes,
            Task::OddEven | Task::Regress => None,
        }
    }

    /// The number of inputs, given the width of the data where there are any.
    ///
    /// # Errors
    /// [`Mismatch`], if the stated width contradicts the data, or none is known.
    pub fn inputs(&self, data: Option<usize>) -> Result<usize, Mismatch> {
        match (self.network.input, data) {
            (Some(stated), Some(data)) if stated != data => Err(Mismatch::Input { stated, data }),
            (stated, data) => stated.or(data).ok_or(Mismatch::Unknown { key: "network.input" }),
        }
    }

    /// The number of outputs, given the width of the targets where there are any and the loss does not decide.
    ///
    /// # Errors
    /// [`Mismatch`], if the stated width contradicts data or loss, or none is known.
    pub fn outputs(&self, data: Option<usize>) -> Result<usize, Mismatch> {
        match (self.network.output, self.loss.required_outputs(), data) {
            (Some(stated), Some(needed), _) if stated != needed => {
                Err(Mismatch::LossOutput { stated, needed, loss: self.loss.name() })
            }
            (_, Some(needed), _) => Ok(needed),
            (Some(stated), None, Some(data)) if stated != data => Err(Mismatch::Output { stated, data }),
            (stated, None, data) => stated.or(data).ok_or(Mismatch::Unknown { key: "network.output" }),
        }
    }

    /// The network, given the widths of inputs and of targets where there are data. The target width
    /// is `None` where the loss decides how many outputs there are.
    ///
    /// # Errors
    /// [`Mismatch`], if a stated width contradicts data or loss, a width is unknown, or the network is
    /// larger than [`MOST_PARAMETERS`].
    pub fn architecture(
        &self,
        data_input: Option<usize>,
        data_output: Option<usize>,
    ) -> Result<Architecture, Mismatch> {
        let plan = &self.network;
        let (input, output) = (self.inputs(data_input)?, self.outputs(data_output)?);
        let widths = plan.hidden.iter().map(|layer| layer.units).chain([output]);
        let count = widths.clone().zip([input].into_iter().chain(widths)).try_fold(0_usize, |sum, (units, before)| {
            before.checked_add(usize::from(plan.bias))?.checked_mul(units)?.checked_add(sum)
        });
        if count.is_none_or(|count| count > MOST_PARAMETERS) {
            return Err(Mismatch::Parameters { found: count });
        }
        Ok(Architecture::new(input, &plan.hidden, output, plan.bias))
    }
}
