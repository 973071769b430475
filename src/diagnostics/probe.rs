//! The data that diagnostics of a run are measured on.

use super::Error;
use crate::data::Samples;
use crate::linalg::Stream;
use crate::network::{Architecture, Loss, Parameters, Pass};

/// The fixed data of a run on which one diagnostic is measured, in double precision whatever the
/// precision of training, so that its values along the run are comparable.
#[derive(Clone, Debug)]
pub struct ProbeBatch {
    pass: Pass<f64>,
    gradient: Parameters<f64>,
}

impl ProbeBatch {
    /// The first `data` (or all, where there are fewer) of the training samples in the random order of the
    /// run's `seed`: a smaller probe batch is a part of a larger one.
    ///
    /// # Panics
    /// Where the widths of `samples` are not those of the network and its loss.
    pub fn new(samples: &Samples, architecture: &Architecture, loss: Loss, data: usize, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..samples.len()).collect();
        Stream::new(seed, "probe", 0).shuffle(&mut order);
        order.truncate(data);
        let mut pass = Pass::new(architecture, loss, order.len());
        let (inputs, targets) = pass.batch_mut();
        samples.gather(&order, inputs, targets);
        Self::of(pass)
    }

    /// The batch of a pass.
    pub fn of(pass: Pass<f64>) -> Self {
        Self { gradient: Parameters::zeros(pass.architecture()), pass }
    }

    /// The pass, to be used for something else.
    pub fn pass_mut(&mut self) -> &mut Pass<f64> {
        &mut self.pass
    }

    /// N.
    pub fn data(&self) -> usize {
        self.pass.data()
    }

    /// Forward and backward pass at `parameters`, which must be finite.
    ///
    /// # Errors
    /// Where an output, a slope or a gradient is not finite.
    pub fn at(&mut self, parameters: &Parameters<f64>) -> Result<&Pass<f64>, Error> {
        self.forward(parameters);
        self.backward(parameters)
    }

    /// The first half of [`Self::at`], for who asks in between whether to go on.
    pub fn forward(&mut self, parameters: &Parameters<f64>) {
        self.pass.forward(parameters);
    }

    /// The second half of [`Self::at`], at the same `parameters`.
    ///
    /// # Errors
    /// Where an output, a slope or a gradient is not finite.
    pub fn backward(&mut self, parameters: &Parameters<f64>) -> Result<&Pass<f64>, Error> {
        self.pass.backward(parameters, &mut self.gradient);
        let pass = &self.pass;
        let depth = pass.architecture().depth();
        let finite = (1..=depth).all(|layer| {
            let slopes = (layer < depth).then(|| pass.slope(layer));
            let matrices = [Some(pass.input(layer)), Some(pass.preactivation(layer)), Some(pass.delta(layer)), slopes];
            matrices.into_iter().flatten().all(|matrix| matrix.iter().all(|x| x.is_finite()))
        });
        if finite && parameters.flat.iter().all(|x| x.is_finite()) { Ok(pass) } else { Err(Error::NotFinite) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ndarray::{Array2, s};

    use super::*;
    use crate::data::Targets;
    use crate::diagnostics::alignment::Direction;
    use crate::diagnostics::surface::Plane;
    use crate::diagnostics::{Diagnostic, Preconditioning, Task};
    use crate::network::{Activation, Init, Layer};

    fn samples() -> Samples {
        Samples { inputs: Array2::from_shape_fn((30, 3), |(i, j)| (i + j) as f32 / 40.0), targets: Targets::Inputs }
    }

    fn architecture() -> Architecture {
        Architecture::new(3, &[Layer { units: 4, activation: Activation::Tanh }], 3, true)
    }

    #[test]
    fn a_smaller_probe_batch_is_part_of_a_larger_one_and_none_exceeds_the_data() {
        let batch = |data| ProbeBatch::new(&samples(), &architecture(), Loss::SquaredError, data, 5);
        let (small, large) = (batch(4), batch(100));
        assert_eq!((small.data(), large.data()), (4, 30));
        assert_eq!(small.pass.input(1), large.pass.input(1).slice(s![..4, ..]));
        let other = ProbeBatch::new(&samples(), &architecture(), Loss::SquaredError, 4, 6);
        assert_ne!(small.pass.input(1), other.pass.input(1));
    }

    #[test]
    fn parameters_that_are_not_finite_are_refused() {
        let mut probe = ProbeBatch::new(&samples(), &architecture(), Loss::Bernoulli, 4, 5);
        let good = Init::Glorot.parameters(&architecture(), 1);
        assert!(probe.at(&good).is_ok());
        for value in [f64::NAN, f64::INFINITY] {
            let mut bad = good.clone();
            bad.flat.fill(value);
            assert_eq!(probe.at(&bad).unwrap_err(), Error::NotFinite);
        }
    }

    #[test]
    fn every_diagnostic_measures_until_it_is_cancelled_and_labels_what_it_finds() {
        let mut probe = ProbeBatch::new(&samples(), &architecture(), Loss::Bernoulli, 4, 5);
        let parameters = Init::Glorot.parameters(&architecture(), 1);
        let pass = probe.at(&parameters).unwrap();
        for &diagnostic in Diagnostic::ALL {
            let task = Task {
                pass,
                parameters: &parameters,
                only: None,
                exact_limit: 100,
                plane: &Plane::default(),
                directions: Direction::ALL,
                preconditioning: &Preconditioning::default(),
                seed: 1,
                step: 7,
                image: Some((1, 3)),
                progress: &|_, _| {},
                cancelled: &|| false,
            };
            let mut found = Vec::new();
            diagnostic.measure(&task, &mut |measurement| found.push(measurement)).unwrap();
            assert!(!found.is_empty(), "{}", diagnostic.name());
            assert!(found.iter().all(|found| found.diagnostic() == diagnostic && found.reading().step == 7));
            let scopes: HashSet<_> = found.iter().map(|found| found.reading().scope).collect();
            assert_eq!(scopes.len(), found.len(), "{}", diagnostic.name());
            let task = Task { cancelled: &|| true, ..task };
            diagnostic.measure(&task, &mut |_| panic!("cancelled")).unwrap();
        }
    }
}
