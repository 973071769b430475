//! Losses over whole sets of data.

use crate::data::{Dataset, Samples};
use crate::linalg::Real;
use crate::network::{Loss, Parameters, Pass};

/// Data evaluated at once.
const BATCH: usize = 1000;
/// Training data that an evaluation looks at.
const TRAINING_DATA: usize = 10_000;

/// Losses over whole sets, without the L2 term.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// Mean loss a datum; NaN where there are no data.
    pub loss: f64,
    /// Share of wrong classes, where there are classes.
    pub error: Option<f64>,
}

/// The losses of θ over the first 10,000 training data, and over the validation data.
pub fn evaluate<T: Real>(data: &Dataset, loss: Loss, parameters: &Parameters<T>) -> (Losses, Losses) {
    let of = |samples: &Samples, count| losses(samples, count, data.classes.is_some(), loss, parameters);
    (of(&data.train, data.train.len().min(TRAINING_DATA)), of(&data.validation, data.validation.len()))
}

/// The losses over the first `count` samples.
fn losses<T: Real>(
    samples: &Samples,
    count: usize,
    has_classes: bool,
    loss: Loss,
    parameters: &Parameters<T>,
) -> Losses {
    let (mut sum, mut wrong) = (0.0, 0);
    let mut pass = Pass::new(parameters.architecture(), loss, BATCH.min(count));
    let indices: Vec<usize> = (0..count).collect();
    for indices in indices.chunks(BATCH) {
        if indices.len() != pass.data() {
            pass = Pass::new(parameters.architecture(), loss, indices.len());
        }
        let (inputs, targets) = pass.batch_mut();
        samples.gather(indices, inputs, targets);
        sum += pass.forward(parameters) * indices.len() as f64;
        if has_classes {
            wrong += pass.misclassified();
        }
    }
    let share = |x: f64| x / count as f64;
    Losses { loss: share(sum), error: (has_classes && count > 0).then(|| share(wrong as f64)) }
}
