//! The batch of a file.

use std::path::Path;

use super::Error;
use crate::experiment::Experiment;
use crate::network::tensors::{self, TensorError, Tensors};
use crate::network::{Architecture, Loss, Pass, Targets};

/// The batch on its way into the network of an experiment, and the network. `file`: the experiment's.
///
/// # Errors
/// Where the batch cannot be read, or does not fit the experiment.
pub(super) fn read(experiment: &Experiment, file: &Path, path: &Path) -> Result<(Pass<f64>, Architecture), Error> {
    let batch = tensors::read(path)?;
    let inputs = tensors::matrix(path, &batch, "inputs", (None, experiment.network.input))?;
    let architecture = experiment
        .architecture(Some(inputs.ncols()), experiment.known_outputs())
        .map_err(|mismatch| Error::Mismatch { file: file.to_owned(), mismatch })?;
    Ok((pass(path, &batch, &architecture, experiment.loss)?, architecture))
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
                (!valid).then(|| format!("found {target}, expected a probability for each class, 1 together"))
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
