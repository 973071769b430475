//! The spectrum of the exact Hessian of the mean loss (without the L2 term), of its blocks and of the whole.

use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::hessian::{WholeProduct, is_semidefinite, traces};
use super::reduced::Reduced;
use super::spectra::{Spectrum, SpectrumMethod, Subject, decompose};
use super::{Finding, Probe, Reading, Scope, Stop, Task};
use crate::linalg::{Kept, ROUNDING};

/// The spectrum of the Hessian, or of one of its blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HessianSpectrum(pub Spectrum);

impl Finding for HessianSpectrum {
    const TITLE: &'static str = "spectrum of the Hessian";
    const SYMBOL: &'static str = "Hessian spectrum";
    const PROBE: Probe = Probe { every: 0, data: 64 };

    /// Measures the blocks, then the whole.
    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        let architecture = task.pass.architecture();
        let mut clock = Clock::start();
        let traces = traces(task)?;
        let mut product = Reduced::hessian(task.pass, task.parameters);
        for layer in (1..=architecture.depth()).filter(|&layer| task.wants_layer(layer)) {
            let subject = Subject {
                scope: Scope::Layer(layer),
                parameters: architecture.layer_parameters(layer),
                semidefinite: is_semidefinite(task, Scope::Layer(layer)),
                rank: architecture.layer_parameters(layer),
                rounding: ROUNDING,
            };
            let layers = layer..=layer;
            let n = product.size(layers.clone());
            let mut found = if n <= task.exact_limit {
                let dense = product.dense(layer, task.cancelled)?;
                Spectrum::exact(task, &subject, SpectrumMethod::Dense, decompose(task, dense)?)
            } else {
                Spectrum::estimated(task, &subject, n, Kept::All, Some(traces[layer - 1]), |x, image| {
                    product.apply(&layers, x, image, task.cancelled)
                })?
            };
            found.cost = clock.lap();
            report(Self(found));
        }
        if task.wants_whole() {
            let mut found = whole(task, traces.sum())?;
            found.cost = clock.lap();
            report(Self(found));
        }
        Ok(())
    }

    /// The number of negative eigenvalues, λ_min and λ_max.
    fn reading(&self) -> Reading {
        let quantities = [self.0.negative.value, self.0.smallest, self.0.largest];
        Reading { quantities, ..self.0.reading(0.0) }
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        self.0.numbers()
    }

    fn lists(&self) -> Vec<(&'static str, Vec<f64>)> {
        self.0.lists()
    }
}

fn whole(task: &Task, trace: f64) -> Result<Spectrum, Stop> {
    let n = task.pass.architecture().parameters();
    let subject = Subject { scope: Scope::Whole, parameters: n, semidefinite: false, rank: n, rounding: ROUNDING };
    task.go_on()?;
    let mut product = WholeProduct::new(task);
    task.go_on()?;
    if n > task.exact_limit {
        return Spectrum::estimated(task, &subject, n, Kept::Two, Some(trace), |x, image| product.apply(x, image));
    }
    Ok(Spectrum::exact(task, &subject, SpectrumMethod::Dense, decompose(task, product.dense()?)?))
}
