//! `kfra-tui inspect`: every curvature quantity of one network on one batch.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Error, ExperimentArguments};
use crate::diagnostics;
use crate::network::tensors::{self, TensorError, Tensors};
use crate::network::{Architecture, Loss, Pass, Targets};

/// Parameters above which the dense matrices would not fit any memory.
const MOST_PARAMETERS: usize = 8192;

/// Arguments of `inspect`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub experiment: ExperimentArguments,
    /// The weights, safetensors: layers.1.weight, layers.1.bias, …
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// The batch, safetensors: inputs, targets
    #[arg(long, value_name = "FILE")]
    pub batch: PathBuf,
    /// Where to write the quantities, safetensors
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Computes the quantities and writes them, all or none.
///
/// # Errors
/// Bad input, and an output that cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let experiment = arguments.experiment.read()?;
    for input in [&arguments.weights, &arguments.batch] {
        if is_same(input, &arguments.out) {
            return Err(Error::Overwrites { path: arguments.out.clone() });
        }
    }
    let batch = tensors::read(&arguments.batch)?;
    let inputs = tensors::matrix(&arguments.batch, &batch, "inputs", (None, experiment.network.input))?;
    let architecture = experiment
        .architecture(Some(inputs.ncols()), experiment.known_outputs())
        .map_err(|mismatch| Error::Mismatch { file: arguments.experiment.experiment.clone(), mismatch })?;
    if architecture.parameters() > MOST_PARAMETERS {
        return Err(Error::TooLarge { parameters: architecture.parameters(), most: MOST_PARAMETERS });
    }
    let weights = tensors::read(&arguments.weights)?;
    let parameters = tensors::parameters(&arguments.weights, &weights, &architecture)?;
    let mut pass = pass(&arguments.batch, &batch, &architecture, experiment.loss)?;
    let quantities = diagnostics::inspect(&mut pass, &parameters, &experiment.optimizer)?;
    Ok(tensors::write(&arguments.out, &quantities, HashMap::new())?)
}

/// Whether two paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The batch, on its way into the network.
fn pass(path: &Path, batch: &Tensors, architecture: &Architecture, loss: Loss) -> Result<Pass<f64>, TensorError> {
    let inputs = tensors::matrix(path, batch, "inputs", (None, Some(architecture.inputs())))?;
    let data = inputs.nrows();
    let shape = |expected: String| TensorError::Shape {
        path: path.to_owned(),
        name: "inputs".to_owned(),
        found: vec![data, inputs.ncols()],
        expected,
    };
    if data == 0 {
        return Err(shape(format!("at least one row of {}", architecture.inputs())));
    }
    let width = loss.target_width(architecture.outputs());
    let targets = tensors::matrix(path, batch, "targets", (Some(data), Some(width)))?;
    for (row, target) in targets.outer_iter().enumerate() {
        let problem = match loss.targets() {
            Targets::Real => None,
            Targets::UnitInterval => {
                let outside = target.iter().find(|y| !(0.0..=1.0).contains(*y));
                outside.map(|y| format!("found {y}, expected numbers from 0 up to 1"))
            }
            Targets::Distribution => {
                let valid = target.iter().all(|y| (0.0..=1.0).contains(y)) && (target.sum() - 1.0).abs() < 1e-6;
                (!valid).then(|| format!("found {target}, expected one class (one-hot)"))
            }
            Targets::Sign => {
                let valid = target[0].abs().to_bits() == 1.0_f64.to_bits();
                (!valid).then(|| format!("found {}, expected −1 or 1", target[0]))
            }
        };
        if let Some(problem) = problem {
            return Err(TensorError::Value { path: path.to_owned(), name: "targets".to_owned(), row, problem });
        }
    }
    let mut pass = Pass::new(architecture, loss, data);
    let (mut to_inputs, mut to_targets) = pass.batch_mut();
    to_inputs.assign(&inputs);
    to_targets.assign(&targets);
    Ok(pass)
}
