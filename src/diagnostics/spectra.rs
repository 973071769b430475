//! The spectrum of a matrix of the curvature, exact or by stochastic Lanczos quadrature.

#[cfg(test)]
mod tests;

use ndarray::{Array2, ArrayView1, ArrayViewMut1};
use serde::{Deserialize, Serialize};

use super::clock::interruptible;
use super::{Density, EIGENVALUES, Estimate, Reading, Scope, Stop, Task, named};
use crate::linalg::{Kept, Quadrature, Stream, eigenvalues, quadrature};

/// Random vectors of a quadrature.
const VECTORS: usize = 8;

/// Products from each of them.
const PRODUCTS: usize = 32;

/// The eigenvalues of a symmetric matrix over parameters, in bounded memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spectrum {
    /// The step whose parameters were measured.
    pub step: u64,
    /// All parameters, or those of one layer.
    pub scope: Scope,
    /// P, the size of the matrix.
    pub parameters: usize,
    /// Data of the probe batch.
    pub data: usize,
    /// How it was found.
    pub method: SpectrumMethod,
    /// How many eigenvalues are above `tolerance`: for a Gauss-Newton matrix, its rank.
    pub positive: Estimate,
    /// How many are below −`tolerance`.
    pub negative: Estimate,
    /// What counts as zero: |λ| up to this.
    pub tolerance: f64,
    /// λ_max, or the largest Ritz value, which is never above it.
    pub largest: f64,
    /// λ_min, or the smallest Ritz value, which is never below it.
    pub smallest: f64,
    /// The trace Σ λ.
    pub trace: Estimate,
    /// (Σ λ)² / Σ λ², the effective rank of a positive semi-definite matrix; none of a zero matrix.
    pub effective: Option<Estimate>,
    /// The eigenvalues beyond `tolerance`, descending, of largest |λ| where they are more than 256; empty where
    /// they are not known one by one.
    pub eigenvalues: Vec<f64>,
    /// How all are spread.
    pub density: Density,
    /// Products with the matrix; 0 where it was decomposed.
    pub products: usize,
    /// CPU seconds it took.
    pub cost: f64,
}

/// How a spectrum was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpectrumMethod {
    /// Eigenvalues of the Gram matrix of the columns.
    Gram,
    /// Eigenvalues of the matrix, or of its part in the span of the inputs.
    Dense,
    /// Stochastic Lanczos quadrature.
    Quadrature,
}

/// A matrix on the way to its spectrum.
pub(super) struct Subject {
    pub scope: Scope,
    /// P.
    pub parameters: usize,
    /// Whether no eigenvalue can be negative.
    pub semidefinite: bool,
    /// As many eigenvalues as are not zero at most.
    pub rank: usize,
    /// |λ| / |λ|_max up to which an eigenvalue counts as zero.
    pub rounding: f64,
}

impl Spectrum {
    /// What was found, number by number.
    pub(super) fn numbers(&self) -> Vec<(String, f64)> {
        let mut all = named([("largest", self.largest), ("smallest", self.smallest)]);
        let estimates = [
            ("positive", Some(self.positive)),
            ("negative", Some(self.negative)),
            ("trace", Some(self.trace)),
            ("effective", self.effective),
        ];
        for (name, estimate) in estimates {
            let Some(Estimate { value, error, low, high, vectors }) = estimate else { continue };
            all.push((name.to_owned(), value));
            if vectors > 0 {
                all.extend([("error", error), ("low", low), ("high", high)].map(|(of, x)| (format!("{name}_{of}"), x)));
            }
        }
        all.push(("products".to_owned(), self.products as f64));
        all
    }

    /// Its eigenvalues, as far as they are kept, and their histogram.
    pub(super) fn lists(&self) -> Vec<(&'static str, Vec<f64>)> {
        let density = &self.density;
        vec![
            ("eigenvalues", self.eigenvalues.clone()),
            ("density_positive", density.positive.clone()),
            ("density_negative", density.negative.clone()),
            ("density_zero", vec![density.zero]),
            ("density_scale", vec![density.scale]),
        ]
    }

    /// From all eigenvalues but zeros.
    pub(super) fn exact(task: &Task, subject: &Subject, method: SpectrumMethod, mut values: Vec<f64>) -> Self {
        // A Gram matrix of more columns than parameters has zeros besides.
        values.sort_by(|a, b| b.abs().total_cmp(&a.abs()));
        values.truncate(subject.parameters);
        values.sort_by(|a, b| b.total_cmp(a));
        let scale = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let tolerance = subject.rounding * scale;
        if subject.semidefinite {
            for x in &mut values {
                *x = x.max(0.0);
            }
        }
        let count = |of: &dyn Fn(f64) -> bool| Estimate::exact(values.iter().filter(|&&x| of(x)).count() as f64);
        let (positive, negative) = (count(&|x| x > tolerance), count(&|x| x < -tolerance));
        let (sum, squares): (f64, f64) = values.iter().fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        let zeros = subject.parameters.saturating_sub(values.len());
        let density = Density::of(values.iter().map(|&x| (x, 1.0)).chain([(0.0, zeros as f64)]), tolerance);
        let end = |value: Option<&f64>, toward: fn(f64, f64) -> f64| {
            let value = value.copied().filter(|value| value.abs() > tolerance).unwrap_or(0.0);
            if zeros > 0 { toward(value, 0.0) } else { value }
        };
        let mut listed: Vec<_> = values.iter().copied().filter(|x| x.abs() > tolerance).collect();
        listed.sort_by(|a, b| b.abs().total_cmp(&a.abs()));
        listed.truncate(EIGENVALUES);
        listed.sort_by(|a, b| b.total_cmp(a));
        Self {
            step: task.step,
            scope: subject.scope,
            parameters: subject.parameters,
            data: task.pass.data(),
            method,
            positive,
            negative,
            tolerance,
            largest: end(values.first(), f64::max),
            smallest: end(values.last(), f64::min),
            trace: Estimate::exact(sum),
            effective: (squares > 0.0).then(|| Estimate::exact(sum * sum / squares)),
            eigenvalues: listed,
            density,
            products: 0,
            cost: 0.0,
        }
    }

    /// From products with the matrix in n coordinates, which has P − n zeros besides. `trace`: where it is
    /// known.
    ///
    /// # Errors
    /// Those of `apply`.
    pub(super) fn estimated(
        task: &Task,
        subject: &Subject,
        n: usize,
        kept: Kept,
        trace: Option<f64>,
        mut apply: impl FnMut(ArrayView1<f64>, ArrayViewMut1<f64>) -> Result<(), Stop>,
    ) -> Result<Self, Stop> {
        let index = match subject.scope {
            Scope::Whole => 0,
            Scope::Layer(layer) => layer as u64,
        };
        let mut stream = Stream::new(task.seed, "quadrature", index);
        let all = (0..VECTORS)
            .map(|_| quadrature(n, PRODUCTS, kept, &mut stream, &mut apply))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of_quadratures(task, subject, n, trace, &all))
    }

    fn of_quadratures(task: &Task, subject: &Subject, n: usize, trace: Option<f64>, all: &[Quadrature]) -> Self {
        let size = n as f64;
        let nodes = || all.iter().flat_map(|one| &one.nodes).map(|(node, _)| *node);
        let (mut largest, mut smallest) =
            (nodes().fold(f64::NEG_INFINITY, f64::max), nodes().fold(f64::INFINITY, f64::min));
        if n.min(subject.rank) < subject.parameters {
            (largest, smallest) = (largest.max(0.0), smallest.min(0.0));
        }
        if subject.semidefinite {
            smallest = smallest.max(0.0);
        }
        let tolerance = subject.rounding * largest.abs().max(smallest.abs());
        let counted = |of: &dyn Fn(&Quadrature) -> [f64; 3]| {
            let parts: Vec<[f64; 3]> = all.iter().map(|one| of(one).map(|share| share * size)).collect();
            Estimate::between(&parts, 0.0, size.min(subject.rank as f64))
        };
        let positive = counted(&|one| {
            let mass = one.below(tolerance);
            [1.0 - mass.most, 1.0 - mass.gauss, 1.0 - mass.least]
        });
        let negative = if subject.semidefinite {
            Estimate::exact(0.0)
        } else {
            counted(&|one| {
                let mass = one.below(-tolerance);
                [mass.least, mass.gauss, mass.most]
            })
        };
        // vᵀAv and vᵀA²v of the unit vectors: their means are the traces over n.
        let firsts: Vec<_> = all.iter().map(|one| size * one.mean()).collect();
        let squares: Vec<_> = all.iter().map(|one| size * one.squared_image()).collect();
        let trace = trace.map_or_else(|| Estimate::of(&firsts), Estimate::exact);
        let square = Estimate::of_positive(&squares);
        let weight = size / all.len() as f64;
        let zeros = (subject.parameters - n) as f64;
        let weighted = all.iter().flat_map(|one| one.nodes.iter().map(|(node, share)| (*node, share * weight)));
        let weighted = with_zeros(weighted.chain([(0.0, zeros)]).collect(), (subject.parameters - subject.rank) as f64);
        Self {
            step: task.step,
            scope: subject.scope,
            parameters: subject.parameters,
            data: task.pass.data(),
            method: SpectrumMethod::Quadrature,
            positive,
            negative,
            tolerance,
            largest,
            smallest,
            trace,
            effective: (trace.is_exact() && square.value > 0.0).then(|| {
                let of = |square: f64| trace.value * trace.value / square;
                let slope = of(square.value) / square.value;
                Estimate {
                    value: of(square.value),
                    error: square.error * slope,
                    low: of(square.high),
                    high: of(square.low),
                    vectors: square.vectors,
                }
            }),
            eigenvalues: Vec::new(),
            density: Density::of(weighted, tolerance),
            products: all.iter().map(Quadrature::products).sum(),
            cost: 0.0,
        }
    }

    /// What all diagnostics tell, with the main quantity of this one.
    pub fn reading(&self, main: f64) -> Reading {
        let effective = self.effective.map_or(f64::NAN, |effective| effective.value);
        let other = if self.smallest < 0.0 { self.smallest } else { effective };
        Reading { step: self.step, scope: self.scope, cost: self.cost, quantities: [main, other, self.largest] }
    }
}

/// Weighted eigenvalues (λ, how many) of which so many are known to be 0: as many of those of smallest |λ| are.
fn with_zeros(mut values: Vec<(f64, f64)>, zeros: f64) -> Vec<(f64, f64)> {
    values.sort_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    let mut left = zeros;
    for (_, weight) in &mut values {
        let taken = weight.min(left);
        (*weight, left) = (*weight - taken, left - taken);
    }
    values.push((0.0, zeros - left));
    values.retain(|(_, weight)| *weight > 0.0);
    values
}

/// The eigenvalues of a matrix, on a thread that can be left.
///
/// # Errors
/// Once it is cancelled, and where the matrix is not finite.
pub(super) fn decompose(task: &Task, matrix: Array2<f64>) -> Result<Vec<f64>, Stop> {
    Ok(interruptible(task.cancelled, move || eigenvalues(matrix.view()))??.to_vec())
}
