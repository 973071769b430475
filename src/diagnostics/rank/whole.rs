//! The rank of all of Ḡ.

use ndarray::{Array2, s};

use super::spectrum::{self, Spectrum};
use super::{Found, RankMethod, Reduced, Stop, Task, kernel, tolerance};
use crate::curvature::dense::gauss_newton;
use crate::curvature::{Columns, Root};
use crate::network::{Parameters, Pass};

/// A matrix of a pass and its parameters.
type Form = fn(&Pass<f64>, &Parameters<f64>) -> Array2<f64>;

/// How it is found.
enum Plan {
    Gram,
    Dense,
    /// The blocks bound it below: max(M, P) ε λ_max.
    Certificate(f64),
    /// Not at all: nobody wants to know.
    Unwanted,
}

/// What is known of the whole so far.
pub(super) struct Whole {
    plan: Plan,
    /// The highest number of eigenvalues of a block above the tolerance of the whole.
    lower: usize,
    /// M.
    columns: usize,
    /// Σ_n rank H_L^n, at most P.
    pub bound: usize,
    pub seconds: f64,
}

impl Whole {
    /// Plans how to measure it; `ranks`: rank H_L of each datum.
    pub fn new(task: &Task, ranks: &[usize], product: &mut Reduced) -> Result<Self, Stop> {
        let architecture = task.pass.architecture();
        let parameters = architecture.parameters();
        let columns = task.pass.data() * Root::Exact.rank(task.pass);
        let plan = if !task.wants_whole() {
            Plan::Unwanted
        } else if columns.min(parameters) > task.exact_limit {
            let largest = product.largest(&(1..=architecture.depth()), task.cancelled)?;
            Plan::Certificate(tolerance(columns, parameters, largest))
        } else if columns <= parameters {
            Plan::Gram
        } else {
            Plan::Dense
        };
        let bound = ranks.iter().sum::<usize>().min(parameters);
        Ok(Self { plan, lower: 0, columns, bound, seconds: 0.0 })
    }

    /// The tolerance of the whole, if the eigenvalues above it of a block with `columns` columns could
    /// raise the lower bound.
    pub fn threshold(&self, columns: usize) -> Option<f64> {
        match self.plan {
            Plan::Certificate(threshold) if self.lower < columns.min(self.bound) => Some(threshold),
            _ => None,
        }
    }

    /// A block, so the whole, has at least `rank` eigenvalues above the tolerance of the whole.
    pub fn raise(&mut self, rank: usize) {
        self.lower = self.lower.max(rank.min(self.bound));
    }

    /// Whether the blocks tell of the whole.
    pub fn needs_blocks(&self) -> bool {
        matches!(self.plan, Plan::Certificate(_))
    }

    /// Finds the rank, after all blocks; `None` where it is not wanted.
    pub fn finish(&self, task: &Task) -> Result<Option<Found>, Stop> {
        let bound = self.bound;
        let size = self.columns.max(task.pass.architecture().parameters());
        let (matrix, method): (Form, _) = match self.plan {
            Plan::Certificate(_) => {
                let method = if self.lower == bound { RankMethod::Certificate } else { RankMethod::Bounds };
                return Ok(Some(Found { lower: self.lower, upper: bound, effective: None, method }));
            }
            Plan::Unwanted => return Ok(None),
            Plan::Gram => (gram, RankMethod::Gram),
            Plan::Dense => (gauss_newton, RankMethod::Dense),
        };
        let spectrum =
            task.interruptible(move |pass, parameters| Spectrum::of(matrix(pass, parameters).view(), size, None))??;
        let rank = spectrum.rank.min(bound);
        Ok(Some(Found { lower: rank, upper: rank, effective: spectrum.effective, method }))
    }
}

/// Gram/N: the sum over the layers, of columns that are the same in all of them. M × M.
pub(in crate::diagnostics) fn gram(pass: &Pass<f64>, parameters: &Parameters<f64>) -> Array2<f64> {
    let architecture = pass.architecture();
    let rank = Root::Exact.rank(pass);
    let size = pass.data() * rank;
    let layers = 1..=architecture.depth();
    let mut columns: Vec<_> = layers.map(|l| Array2::zeros((size, architecture.width(l)))).collect();
    Columns::default().sweep(pass, parameters, Root::Exact, |chunk| {
        let rows = s![chunk.data.start * rank..chunk.data.end * rank, ..];
        columns[chunk.layer - 1].slice_mut(rows).assign(&chunk.columns);
    });
    let mut gram = Array2::zeros((size, size));
    for (index, columns) in columns.iter().enumerate() {
        let kernel = kernel(pass, index + 1);
        spectrum::add_gram(1.0 / pass.data() as f64, columns.view(), &kernel, &mut gram);
    }
    gram
}
