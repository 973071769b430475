//! What a run will need, from the shapes alone.

use super::Experiment;
use crate::network::Architecture;
use crate::optim::{Curvature, Method, SecondOrder};
use crate::train::Precision;

/// Memory and arithmetic of a run, to orientation: within some ten per cent of what is measured.
///
/// Below, N is the size of a minibatch, P the number of parameters, and layer λ has m = `d_λ` units and
/// n = `d_{λ−1}` + 1 inputs. A product of a × b with b × c counts 2abc operations, half of that where
/// the result is symmetric.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// P.
    pub parameters: usize,
    /// Bytes of parameters, their averages and what the optimizer keeps of each.
    pub parameter_bytes: f64,
    /// Bytes of Kronecker factors, their inverses and the space to compute them in.
    pub factor_bytes: f64,
    /// Bytes of what a minibatch needs on its way through the network and back.
    pub batch_bytes: f64,
    /// Bytes of the data; 0 where their number is not known.
    pub data_bytes: f64,
    /// The arithmetic of one update, a part a line; work that is not done at every update is spread.
    pub work: Vec<Work>,
}

/// A part of an update's arithmetic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// Which part.
    pub name: &'static str,
    /// How it is counted.
    pub formula: &'static str,
    /// Floating-point operations an update.
    pub flops: f64,
}

impl Estimate {
    /// The estimate for an experiment whose network is `architecture` and which has `data` data in all.
    pub fn new(experiment: &Experiment, architecture: &Architecture, data: usize) -> Self {
        let shape = Shape::new(experiment, architecture);
        let bytes = match experiment.precision {
            Precision::F32 => 4.0,
            Precision::F64 => 8.0,
        };
        let mut work = vec![Work { name: "forward and backward", formula: "6NP", flops: 6.0 * shape.batch * shape.p }];
        let (copies, factors) = match &experiment.optimizer.method {
            Method::FirstOrder(first) => (2.0 + first.rule.kernel::<f64>().moments() as f64, 0.0),
            Method::SecondOrder(second) => {
                work.extend(shape.second_order(second));
                match second.curvature {
                    Curvature::HessianFree { .. } => (8.0, 0.0),
                    _ => (5.0, 3.0 * shape.factor_numbers()),
                }
            }
        };
        let average = f64::from(u8::from(experiment.optimizer.polyak > 0.0));
        Self {
            parameters: architecture.parameters(),
            parameter_bytes: bytes * (copies + average) * shape.p,
            factor_bytes: bytes * factors,
            // Activation, slope and gradient of each unit.
            batch_bytes: bytes * 3.0 * shape.batch * shape.widths.iter().sum::<f64>(),
            // Data are kept in single precision.
            data_bytes: 4.0 * data as f64 * shape.widths[0],
            work,
        }
    }

    /// Floating-point operations an update.
    pub fn flops(&self) -> f64 {
        self.work.iter().map(|work| work.flops).sum()
    }

    /// Bytes in all.
    pub fn bytes(&self) -> f64 {
        self.parameter_bytes + self.factor_bytes + self.batch_bytes + self.data_bytes
    }
}

/// The sizes the formulas are made of.
struct Shape {
    /// N.
    batch: f64,
    /// P.
    p: f64,
    /// `d_λ`, λ = 0 … L.
    widths: Vec<f64>,
    /// (m, n) of each layer.
    layers: Vec<(f64, f64)>,
    /// r, columns of the root of `H_L`.
    rank: f64,
    diagonal: bool,
}

impl Shape {
    fn new(experiment: &Experiment, architecture: &Architecture) -> Self {
        let depth = architecture.depth();
        let shape = |layer| architecture.weight_shape(layer);
        Self {
            batch: experiment.train.batch as f64,
            p: architecture.parameters() as f64,
            widths: (0..=depth).map(|layer| architecture.width(layer) as f64).collect(),
            layers: (1..=depth).map(|layer| (shape(layer).0 as f64, shape(layer).1 as f64)).collect(),
            rank: experiment.loss.root_rank(architecture.outputs()) as f64,
            diagonal: experiment.loss.has_diagonal_hessian(),
        }
    }

    fn sum(&self, of: impl Fn(f64, f64) -> f64) -> f64 {
        self.layers.iter().map(|&(m, n)| of(m, n)).sum()
    }

    /// Numbers of all factors.
    fn factor_numbers(&self) -> f64 {
        self.sum(|m, n| m * m + n * n)
    }

    fn second_order(&self, second: &SecondOrder) -> Vec<Work> {
        let (batch, p) = (self.batch, self.p);
        let directions = if second.momentum { 2.0 } else { 1.0 };
        let forward_mode = 4.0 * batch * p;
        let model = Work { name: "quadratic model", formula: "4NP a direction", flops: forward_mode * directions };
        let ratio = Work {
            name: "reduction ratio",
            formula: "2NP every step_period",
            flops: 2.0 * batch * p / second.step_period as f64,
        };
        if let Curvature::HessianFree { iterations, .. } = second.curvature {
            let products = Work {
                name: "conjugate gradients",
                formula: "at most 8NP an iteration",
                flops: 8.0 * batch * p * iterations as f64,
            };
            return vec![products, model, ratio];
        }
        let inverses = self.sum(|m, n| m * m * m + n * n * n);
        let solve = self.sum(|m, n| 2.0 * m * n * (m + n));
        let inputs = Work { name: "input factors", formula: "Σ N n²", flops: self.sum(|_, n| batch * n * n) };
        let trials = Work {
            name: "damping trials",
            formula: "2 (inverses + solve + model) every kronecker_period",
            flops: 2.0 * (inverses + solve + forward_mode) / second.kronecker_period as f64,
        };
        vec![
            inputs,
            self.preactivation_factors(second.curvature),
            Work {
                name: "inverses",
                formula: "Σ (m³ + n³) every inverse_period",
                flops: inverses / second.inverse_period as f64,
            },
            Work { name: "solve", formula: "Σ 2mn (m + n)", flops: solve },
            model,
            ratio,
            trials,
        ]
    }

    fn preactivation_factors(&self, curvature: Curvature) -> Work {
        let name = "pre-activation factors";
        let batch = self.batch;
        // Of all but the first layer, through which nothing is propagated further back.
        let behind_first: f64 = self.layers.iter().skip(1).map(|(m, n)| m * n).sum();
        let columns = |columns: f64| batch * columns * (2.0 * behind_first + self.sum(|m, _| m * m));
        match curvature {
            Curvature::Kfac { samples, .. } => {
                Work { name, formula: "samples · (2N Σ_{λ>1} mn + Σ N m²)", flops: columns(samples as f64) }
            }
            Curvature::Kfra => {
                let recursion: f64 = self.layers.iter().skip(1).map(|&(m, n)| 2.0 * m * m * n + m * n * n).sum();
                let outputs = self.widths.last().map_or(0.0, |k| if self.diagonal { batch * k } else { batch * k * k });
                let slopes: f64 = self.layers.iter().rev().skip(1).map(|&(m, _)| batch * m * m).sum();
                Work {
                    name, formula: "Σ_{λ>1} (2m²n + mn²) + Σ_{λ<L} N m²", flops: recursion + slopes + outputs
                }
            }
            Curvature::Kflr | Curvature::HessianFree { .. } => {
                Work { name, formula: "r (2N Σ_{λ>1} mn + Σ N m²)", flops: columns(self.rank) }
            }
        }
    }
}
