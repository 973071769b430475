//! What a run will need, from the shapes alone.

use super::Experiment;
use crate::curvature::columns::ROWS;
use crate::network::Architecture;
use crate::optim::{Curvature, Damping, Method, SecondOrder};
use crate::train::Precision;

/// Memory and arithmetic of a run, without evaluation and diagnostics. Of networks that are not tiny, both
/// are within ten per cent of what updates allocate and of the operations that their matrix products count,
/// but for Hessian-free, whose iterations may end early, and the memory of threads.
///
/// Below, N is the size of a minibatch, P the number of parameters, and layer λ has m = `d_λ` units and
/// n = `d_{λ−1}` + 1 inputs. A product of a × b with b × c counts 2abc operations, half of that where
/// the result is symmetric. What only a dense last pre-activation factor takes is left out where it is diagonal.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// P.
    pub parameters: usize,
    /// Bytes of parameters, their averages, gradient and what the optimizer keeps of each.
    pub parameter_bytes: f64,
    /// Bytes of Kronecker factors, their inverses and the space to compute them in.
    pub factor_bytes: f64,
    /// Bytes of what a minibatch needs on its way through the network and back, along directions too, and of what the
    /// largest product packs.
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
        let method = &experiment.optimizer.method;
        let kept = shape.kept(method);
        let average = f64::from(u8::from(experiment.optimizer.polyak > 0.0));
        let mut work = vec![Work {
            name: "forward and backward",
            formula: "N (4P + 2 Σ_{λ>1} mn)",
            flops: shape.batch * (4.0 * shape.p + 2.0 * shape.inner()),
        }];
        if let Method::SecondOrder(second) = method {
            work.extend(shape.second_order(second).into_iter().filter(|work| work.flops > 0.0));
        }
        Self {
            parameters: architecture.parameters(),
            parameter_bytes: bytes * (kept.copies + average) * shape.p,
            factor_bytes: bytes * kept.factors,
            batch_bytes: bytes * (kept.batch + shape.packed()),
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

/// The share of the updates at which a damping adapts itself.
fn share(damping: Damping, period: u64) -> f64 {
    if damping.adapt { 1.0 / period as f64 } else { 0.0 }
}

/// What a method keeps in memory.
struct Kept {
    /// Copies of the parameters.
    copies: f64,
    /// Numbers of Kronecker factors, and of the space to compute them in.
    factors: f64,
    /// Numbers of a minibatch.
    batch: f64,
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
    /// Whether `H_L` is diagonal.
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

    /// Σ_{λ>1} mn, of all but the first layer, through which nothing is propagated.
    fn inner(&self) -> f64 {
        self.layers.iter().skip(1).map(|(m, n)| m * n).sum()
    }

    /// K.
    fn outputs(&self) -> f64 {
        self.widths.last().copied().unwrap_or(0.0)
    }

    /// Σ m.
    fn units(&self) -> f64 {
        self.sum(|m, _| m)
    }

    /// Numbers that the largest product packs, that of a layer's gradient: its pre-activation gradients and inputs, of
    /// some 512 data and as many inputs at a time.
    fn packed(&self) -> f64 {
        let data = self.batch / (self.batch / 512.0).ceil();
        let most = self.layers.iter().map(|&(m, n)| m + n.min(512.0)).fold(0.0, f64::max);
        data * most
    }

    fn kept(&self, method: &Method) -> Kept {
        // Activation, pre-activation, slope and gradient of a unit; of an output two of them and a target.
        let pass = self.batch * (self.widths[0] + 4.0 * self.units() - self.outputs());
        match method {
            Method::FirstOrder(first) => {
                // θ, the next θ, the gradient and what the rule keeps.
                let copies = 3.0 + first.rule.kernel::<f64>().moments() as f64;
                Kept { copies, factors: 0.0, batch: pass }
            }
            Method::SecondOrder(second) => {
                let kept = self.kept_by_second_order(second);
                Kept { batch: pass + kept.batch, ..kept }
            }
        }
    }

    fn kept_by_second_order(&self, second: &SecondOrder) -> Kept {
        let (outputs, units) = (self.outputs(), self.units());
        // The best one, the one that is tried, and the one before.
        let directions = if second.momentum { 3.0 } else { 2.0 };
        let along = directions * self.batch * (units + 2.0 * outputs);
        let columns = |rank: f64| {
            let rows = self.batch * rank;
            units * rows / (rows / ROWS as f64).ceil().max(1.0)
        };
        let factors = self.factors(second);
        let (copies, factors, batch) = match second.curvature {
            Curvature::HessianFree { .. } => (7.0, 0.0, 2.0 * self.batch * units),
            Curvature::Kfac { empirical: true, .. } => (4.0, factors, 0.0),
            Curvature::Kfac { samples, .. } => (4.0, factors, columns(samples as f64)),
            // S and that of the minibatch; columns and those to rescale with, in the layers' eigenvectors too.
            Curvature::Ekfac { samples } => (6.0, factors, 2.0 * columns(samples as f64)),
            Curvature::Kflr => (4.0, factors, columns(self.rank)),
            Curvature::Kfra => {
                let slopes = self.sum(|m, _| m * m) - outputs * outputs;
                let roots = if self.diagonal { 1.0 } else { self.rank };
                (4.0, factors + self.inner() + slopes, self.batch * roots * outputs)
            }
        };
        Kept { copies: copies + directions, factors, batch: along + batch }
    }

    /// (m, n, g) of each layer, with g the rows of the dense `G_λ`: m, or 0 where it is diagonal.
    fn factored(&self, curvature: Curvature) -> impl Iterator<Item = (f64, f64, f64)> {
        let diagonal = self.diagonal && matches!(curvature, Curvature::Kflr | Curvature::Kfra);
        let depth = self.layers.len();
        let rows = move |index, m| if diagonal && index + 1 == depth { 0.0 } else { m };
        self.layers.iter().enumerate().map(move |(index, &(m, n))| (m, n, rows(index, m)))
    }

    /// Numbers of the factors: averages, those of the minibatch, inverses, the best ones where several are tried; and
    /// of the largest to invert it in.
    fn factors(&self, second: &SecondOrder) -> f64 {
        let largest = self.widths.iter().copied().fold(0.0, f64::max);
        if let Curvature::Ekfac { .. } = second.curvature {
            // Averages, those of the minibatch, eigenvectors; and of the largest, decomposed in double precision.
            return 3.0 * self.sum(|m, n| m * m + n * n) + 8.0 * largest * largest;
        }
        let copies = if second.kronecker_damping.adapt { 4.0 } else { 3.0 };
        copies * self.factored(second.curvature).map(|(_, n, g)| g * g + n * n).sum::<f64>() + largest * largest
    }

    fn second_order(&self, second: &SecondOrder) -> Vec<Work> {
        let (batch, p) = (self.batch, self.p);
        let directions = if second.momentum { 2.0 } else { 1.0 };
        let forward_mode = 2.0 * batch * (p + self.inner());
        let model = Work {
            name: "quadratic model",
            formula: "2N (P + Σ_{λ>1} mn) a direction",
            flops: forward_mode * directions,
        };
        let ratio = Work {
            name: "reduction ratio",
            formula: "2NP every step_period",
            flops: 2.0 * batch * p * share(second.step_damping, second.step_period),
        };
        if let Curvature::HessianFree { iterations, .. } = second.curvature {
            let products = Work {
                name: "conjugate gradients",
                formula: "at most 4N (P + Σ_{λ>1} mn) an iteration, and once more",
                flops: 2.0 * forward_mode * (iterations as f64 + 1.0),
            };
            return vec![products, model, ratio];
        }
        let factored = || self.factored(second.curvature);
        let inverses: f64 = factored().map(|(_, n, g)| g * g * g + n * n * n).sum();
        let solve: f64 = factored().map(|(m, n, g)| 2.0 * m * n * (g + n)).sum();
        if let Curvature::Ekfac { .. } = second.curvature {
            return self.corrected(second, (inverses, solve), [model, ratio]);
        }
        let inputs = Work { name: "input factors", formula: "Σ N n²", flops: self.sum(|_, n| batch * n * n) };
        let trials = Work {
            name: "damping trials",
            formula: "2 (inverses + solve + model) every kronecker_period",
            flops: 2.0 * (inverses + solve + forward_mode) * share(second.kronecker_damping, second.kronecker_period),
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

    /// EKFAC: `cubes`: Σ m³ + n³; `solve`: Σ 2mn (m + n).
    fn corrected(&self, second: &SecondOrder, (cubes, solve): (f64, f64), [model, ratio]: [Work; 2]) -> Vec<Work> {
        let Curvature::Ekfac { samples } = second.curvature else { return Vec::new() };
        let (batch, samples) = (self.batch, samples as f64);
        let rotated = self.sum(|m, n| samples * m * m + n * n + m * n);
        let trials = 2.0 * (2.0 * solve + model.flops) * share(second.kronecker_damping, second.kronecker_period);
        vec![
            Work { name: "input factors", formula: "Σ N n²", flops: self.sum(|_, n| batch * n * n) },
            self.preactivation_factors(second.curvature),
            Work {
                name: "corrected eigenvalues",
                formula: "samples · 2N Σ_{λ>1} mn + Σ 2N (samples · m² + n² + mn)",
                flops: 2.0 * batch * (samples * self.inner() + rotated),
            },
            Work {
                name: "eigenvectors",
                formula: "Σ 11 (m³ + n³) + 2mn (m + n) every inverse_period",
                flops: (11.0 * cubes + solve) / second.inverse_period as f64,
            },
            Work { name: "solve", formula: "Σ 4mn (m + n)", flops: 2.0 * solve },
            model,
            ratio,
            Work { name: "damping trials", formula: "2 (solve + model) every kronecker_period", flops: trials },
        ]
    }

    fn preactivation_factors(&self, curvature: Curvature) -> Work {
        let name = "pre-activation factors";
        let batch = self.batch;
        let grams: f64 = self.factored(curvature).map(|(_, _, g)| g * g).sum();
        let columns = |columns: f64| batch * columns * (2.0 * self.inner() + grams);
        match curvature {
            Curvature::Kfac { empirical: true, .. } => Work { name, formula: "Σ N m²", flops: batch * grams },
            Curvature::Kfac { samples, .. } | Curvature::Ekfac { samples } => {
                Work { name, formula: "samples · (2N Σ_{λ>1} mn + Σ N m²)", flops: columns(samples as f64) }
            }
            Curvature::Kfra => {
                let step = |(m, n, g): (f64, f64, f64)| 2.0 * g * m * n + m * n * n;
                let recursion: f64 = self.factored(curvature).skip(1).map(step).sum();
                let outputs = if self.diagonal { 0.0 } else { batch * self.rank * self.outputs().powi(2) };
                let slopes: f64 = self.layers.iter().rev().skip(1).map(|&(m, _)| batch * m * m).sum();
                Work {
                    name,
                    formula: "Σ_{λ>1} (2m²n + mn²) + Σ_{λ<L} N m² + N r K²",
                    flops: recursion + slopes + outputs,
                }
            }
            Curvature::Kflr | Curvature::HessianFree { .. } => {
                Work { name, formula: "r (2N Σ_{λ>1} mn + Σ N m²)", flops: columns(self.rank) }
            }
        }
    }
}

/// A number with three digits and a decimal prefix: `5.67 MB`.
pub fn scaled(value: f64, unit: &str) -> String {
    let prefixes = ["", "k", "M", "G", "T", "P", "E", "Z"];
    let (mut value, mut index) = (value, 0);
    while value >= 999.5 && index + 1 < prefixes.len() {
        value /= 1000.0;
        index += 1;
    }
    let decimals = if index == 0 || value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {}{unit}", prefixes[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_scaled_to_three_digits() {
        for (value, text) in
            [(0.0, "0 B"), (999.0, "999 B"), (1234.0, "1.23 kB"), (56.78e6, "56.8 MB"), (999.9e9, "1.00 TB")]
        {
            assert_eq!(scaled(value, "B"), text);
        }
    }
}
