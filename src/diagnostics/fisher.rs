//! The expected Fisher against the Gauss-Newton matrix.
//!
//! The expected Fisher of a datum, Σ_y p(y|h) (∂E/∂h)(∂E/∂h)ᵀ, propagates back like H_L. For an exponential
//! family in h it is H_L, so that both matrices are one (Martens 2014; Botev, Ritter & Barber 2017, section 3.1).
//! For `binary_mixture` it is not.

#[cfg(test)]
mod tests;

use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

use super::blocks::{block_product, cross, kernel};
use super::clock::Clock;
use super::{Finding, Reading, Scope, Stop, Task, named};
use crate::curvature::{Columns, Root};
use crate::linalg::{Target, gram};

/// How far the block of layer λ of the expected Fisher is from that of Ḡ on a probe batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FisherDistance {
    /// The step whose parameters were measured.
    pub step: u64,
    /// λ = 1 … L.
    pub layer: usize,
    /// ‖F_λ − Ḡ_λ‖ / ‖Ḡ_λ‖ of the blocks (Frobenius norms).
    pub block: f64,
    /// `‖E[F] − E[G]‖ / ‖E[G]‖` of the pre-activation factors of the layer.
    pub factor: f64,
    /// Whether p(y|h) is an exponential family, so that both distances are 0 without being measured.
    pub by_structure: bool,
    /// Data of the probe batch.
    pub data: usize,
    /// CPU seconds it took.
    pub cost: f64,
}

impl Finding for FisherDistance {
    const TITLE: &'static str = "Fisher against Gauss-Newton";
    const SYMBOL: &'static str = "Fisher";

    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        let (pass, depth) = (task.pass, task.pass.architecture().depth());
        let by_structure = pass.loss().is_exponential_family();
        let mut clock = Clock::start();
        let (exact, fisher) =
            if by_structure { Default::default() } else { (rows(task, Root::Exact)?, rows(task, Root::Fisher)?) };
        let shared = clock.lap() / depth as f64;
        for layer in (1..=depth).filter(|&layer| task.wants_layer(layer)) {
            task.go_on()?;
            let (block, factor) =
                if by_structure { (0.0, 0.0) } else { distances(task, layer, &exact[layer - 1], &fisher[layer - 1])? };
            let (step, data, cost) = (task.step, pass.data(), shared + clock.lap());
            report(Self { step, layer, block, factor, by_structure, data, cost });
        }
        Ok(())
    }

    fn reading(&self) -> Reading {
        let quantities = [self.block, self.factor, f64::from(u8::from(self.by_structure))];
        Reading { step: self.step, scope: Scope::Layer(self.layer), cost: self.cost, quantities }
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        named([("block", self.block), ("factor", self.factor)])
    }
}

/// The columns of all data as rows, those of a datum together: layer λ at index λ − 1.
fn rows(task: &Task, root: Root) -> Result<Vec<Array2<f64>>, Stop> {
    let (pass, architecture) = (task.pass, task.pass.architecture());
    let rank = root.rank(pass);
    let layers = 1..=architecture.depth();
    let mut all: Vec<_> = layers.map(|l| Array2::zeros((pass.data() * rank, architecture.width(l)))).collect();
    Columns::default().sweep(pass, task.parameters, root, |chunk| {
        let range = s![chunk.data.start * rank..chunk.data.end * rank, ..];
        all[chunk.layer - 1].slice_mut(range).assign(&chunk.columns);
    });
    task.go_on().map(|()| all)
}

/// The relative distances of the blocks and of the factors.
fn distances(task: &Task, layer: usize, exact: &Array2<f64>, fisher: &Array2<f64>) -> Result<(f64, f64), Stop> {
    let data = task.pass.data();
    let kernel = kernel(task.pass, layer);
    let product = |one: &Array2<f64>, other: &Array2<f64>| -> Result<f64, Stop> {
        Ok(block_product(&kernel, &cross(one, other, data, task.cancelled)?))
    };
    let norm = product(exact, exact)?;
    let block = relative(norm - 2.0 * product(exact, fisher)? + product(fisher, fisher)?, norm);
    let mut difference = Array2::zeros((exact.ncols(), exact.ncols()));
    gram(1.0, exact.view(), Target::Replace, difference.view_mut());
    let scale: f64 = difference.iter().map(|x| x * x).sum();
    gram(-1.0, fisher.view(), Target::Add, difference.view_mut());
    Ok((block, relative(difference.iter().map(|x| x * x).sum(), scale)))
}

/// √(square / scale), 0 of a zero matrix.
pub(super) fn relative(square: f64, scale: f64) -> f64 {
    if scale > 0.0 { (square.max(0.0) / scale).sqrt() } else { 0.0 }
}
