//! `kfra-tui check`: validates an experiment and says what it will need.

use std::fmt::Write as _;

use super::{Error, ExperimentArguments, output};
use crate::data::{self, Places};
use crate::experiment::{Estimate, Experiment, LoadError, Mismatch, scaled};
use crate::network::Architecture;

/// Arguments of `check`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(flatten)]
    experiment: ExperimentArguments,
}

/// Prints the resolved experiment as TOML and, as comments, the estimate. Data that belong to the
/// user, or that are found, are read and checked too.
///
/// # Errors
/// Everything that is wrong with the experiment or its data.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let experiment = arguments.experiment.read()?;
    let file = &arguments.experiment.experiment;
    let (architecture, data, origin) = match experiment.load(&Places::standard()) {
        Ok((dataset, architecture)) => {
            (architecture, dataset.train.len() + dataset.validation.len(), dataset.summary())
        }
        Err(LoadError::NoData) => {
            let architecture =
                stated(&experiment).map_err(|mismatch| Error::Mismatch { file: file.clone(), mismatch })?;
            (architecture, 0, "none".to_owned())
        }
        Err(LoadError::Data(missing @ data::Error::NotFound { .. })) => {
            output::complain(&format!("warning: {missing}\n"));
            let architecture =
                stated(&experiment).map_err(|mismatch| Error::Mismatch { file: file.clone(), mismatch })?;
            let counts = experiment.data.as_ref().map_or(0, |d| d.train.unwrap_or(0) + d.validation.unwrap_or(0));
            (architecture, counts, "not found".to_owned())
        }
        Err(source) => return Err(Error::Load { file: file.clone(), source }),
    };
    let estimate = Estimate::new(&experiment, &architecture, data);
    let mut text = experiment.to_toml();
    text.push_str(&describe(&experiment, &architecture, &estimate, &origin));
    Ok(output::print(&text)?)
}

/// The network as far as it follows without reading data.
fn stated(experiment: &Experiment) -> Result<Architecture, Mismatch> {
    let known = experiment.data.as_ref().and_then(|data| data.source.known());
    experiment.architecture(known.map(|known| known.input), experiment.known_outputs())
}

/// The estimate, as comments of TOML.
fn describe(experiment: &Experiment, architecture: &Architecture, estimate: &Estimate, origin: &str) -> String {
    let mut text = "\n".to_owned();
    let mut line = |name: &str, value: String, how: &str| {
        // Writing to memory does not fail.
        let _ = writeln!(text, "{}", format!("# {name:<24} {value:>12}  {how}").trim_end());
    };
    line("data", String::new(), origin);
    line("network", String::new(), &architecture.summary());
    line("parameters", estimate.parameters.to_string(), "P");
    line("memory", scaled(estimate.bytes(), "B"), "about, but for evaluation and diagnostics");
    line("  parameters", scaled(estimate.parameter_bytes, "B"), "and what the optimizer keeps of each");
    line("  factors", scaled(estimate.factor_bytes, "B"), "Kronecker factors and their inverses");
    line("  minibatch", scaled(estimate.batch_bytes, "B"), "on its way through the network and back");
    line("  data", scaled(estimate.data_bytes, "B"), "");
    line("arithmetic an update", scaled(estimate.flops(), "FLOP"), experiment.optimizer.method.label());
    for work in &estimate.work {
        line(&format!("  {}", work.name), scaled(work.flops, "FLOP"), work.formula);
    }
    text
}
