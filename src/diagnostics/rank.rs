//! The rank of the Monte Carlo Gauss-Newton matrix Ḡ = 1/N Σ Jᵀ PSD(H_L) J of a probe batch, of its
//! blocks and of the whole.
//!
//! The numerical rank counts the eigenvalues above max(M, P) ε λ_max, for a matrix of P parameters and
//! M columns. Where M or P is within a limit they are counted in the Gram matrix or the dense one.
//! Elsewhere two bounds are found, and where they meet the rank is known exactly:
//!
//! - above: Σ_n of the least rank on the way from the outputs to the layer, at most P; and less where
//!   units have a slope of zero, as those of relu have (`certificate::active_bounds`);
//! - below: eigenvalues of principal submatrices (Cauchy), of blocks that `certificate` bounds below.

use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

use super::blocks::kernel;
use super::clock::{Clock, interruptible};
use super::reduced::Reduced;
use super::{Finding, Reading, Scope, Stop, Task, named, output, roots};
use crate::curvature::dense::add_kronecker;
use crate::linalg::{NotConverged, Target, gemm_symmetric, gram};
use crate::network::Pass;
use certificate::{active_bounds, independent, last_block};
use spectrum::Spectrum;
pub(super) use spectrum::add_gram;
use whole::Whole;
pub(super) use whole::gram as whole_gram;

mod certificate;
mod spectrum;
#[cfg(test)]
mod tests;
mod whole;

/// The rank of the Gauss-Newton matrix Ḡ of a probe batch, or of one of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rank {
    /// The step whose parameters were measured.
    pub step: u64,
    /// All of Ḡ, or one block.
    pub scope: Scope,
    /// The rank is at least this.
    pub lower: usize,
    /// The rank is at most this; exact where both meet.
    pub upper: usize,
    /// Σ_n rank H_L^n, or for a block Σ_n of the least rank on the way down to it, at most `parameters`.
    pub bound: usize,
    /// P, or P_λ.
    pub parameters: usize,
    /// Data of the probe batch.
    pub data: usize,
    /// (tr Ḡ)² / tr Ḡ², where it is known.
    pub effective: Option<f64>,
    /// How the rank was found.
    pub method: RankMethod,
    /// CPU seconds it took.
    pub cost: f64,
}

/// How a rank was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RankMethod {
    /// Eigenvalues of the Gram matrix.
    Gram,
    /// Eigenvalues of the dense matrix.
    Dense,
    /// A lower bound that meets the upper one.
    Certificate,
    /// Two bounds that do not meet.
    Bounds,
}

/// How the rank of a block is found.
enum Plan {
    /// From the Gram matrix of its columns: all C_λ as rows, M × d_λ.
    Gram(Array2<f64>),
    /// From the block itself.
    Dense(Array2<f64>),
    /// Output unit by output unit: the last block of a diagonal H_L.
    Units,
    /// By a lower bound.
    Certificate {
        /// How much of each datum's C_λᵀ C_λ is below the Gram matrix.
        shares: Vec<f64>,
        /// N max(M, P) ε λ_max.
        threshold: f64,
        /// Eigenvalues counted so far.
        counted: usize,
        /// The same with the threshold of the whole matrix.
        counted_of_whole: usize,
    },
}

/// One block on the way.
struct Block {
    layer: usize,
    /// M: columns of all data together.
    columns: usize,
    /// P.
    parameters: usize,
    bound: usize,
    /// At most `bound`.
    upper: usize,
    plan: Plan,
    seconds: f64,
}

/// What is known of a rank in the end.
struct Found {
    lower: usize,
    upper: usize,
    effective: Option<f64>,
    method: RankMethod,
}

/// max(M, P) ε λ_max.
pub(super) fn tolerance(columns: usize, parameters: usize, largest: f64) -> f64 {
    columns.max(parameters) as f64 * f64::EPSILON * largest
}

/// Σ_n min(rank H_L^n, r_λ), at most P_λ: no block has a larger rank.
fn bound(ranks: &[usize], columns: usize, parameters: usize) -> usize {
    ranks.iter().map(|&rank| rank.min(columns)).sum::<usize>().min(parameters)
}

/// Upper bounds of the ranks of the blocks, at index λ − 1, and of the whole, as far as no matrix of theirs is
/// needed.
///
/// # Errors
/// Where an H_L is not finite.
pub(super) fn upper_bounds(pass: &Pass<f64>) -> Result<(Vec<usize>, usize), NotConverged> {
    let (architecture, ranks) = (pass.architecture(), output::ranks(pass)?);
    let mut blocks = active_bounds(pass, &ranks);
    for ((layer, columns), upper) in (1..).zip(roots::columns(pass)).zip(&mut blocks) {
        *upper = bound(&ranks, columns, architecture.layer_parameters(layer)).min(*upper);
    }
    Ok((blocks, ranks.iter().sum::<usize>().min(architecture.parameters())))
}

impl Finding for Rank {
    const TITLE: &'static str = "rank";

    /// Measures the blocks, then the whole.
    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        let pass = task.pass;
        let mut clock = Clock::start();
        let ranks = output::ranks(pass)?;
        let mut product = Reduced::gauss_newton(pass, task.parameters);
        let mut whole = Whole::new(task, &ranks, &mut product)?;
        whole.seconds += clock.lap();
        let mut blocks = Vec::new();
        let active = active_bounds(pass, &ranks);
        let wanted = |layer: usize| task.wants_layer(layer) || whole.needs_blocks();
        for (index, columns) in roots::columns(pass).into_iter().enumerate().filter(|(index, _)| wanted(index + 1)) {
            let mut block = plan(task, index + 1, columns, &ranks, &mut product)?;
            block.upper = block.upper.min(active[index]);
            block.seconds += clock.lap();
            blocks.push(block);
        }
        // First what needs no columns: it often tells all of the whole.
        if let Some(block) = blocks.pop_if(|block| matches!(block.plan, Plan::Units)) {
            conclude(task, block, &mut product, &mut whole, &mut clock, report)?;
        }
        if let Some(last) = blocks.last().map(|block| block.layer) {
            roots::sweep(pass, task.parameters, last, task.cancelled, &mut |root| {
                if let Some(block) = blocks.iter_mut().find(|block| block.layer == root.layer) {
                    visit(task, block, &root, &whole)?;
                    block.seconds += clock.lap();
                }
                Ok(())
            })?;
        }
        for block in blocks {
            conclude(task, block, &mut product, &mut whole, &mut clock, report)?;
        }
        if let Some(found) = whole.finish(task)? {
            whole.seconds += clock.lap();
            let parameters = pass.architecture().parameters();
            report(labelled(task, Scope::Whole, &found, whole.bound, parameters, whole.seconds));
        }
        Ok(())
    }

    fn reading(&self) -> Reading {
        Reading {
            step: self.step,
            scope: self.scope,
            cost: self.cost,
            quantities: [self.lower as f64, self.bound as f64, self.upper as f64],
        }
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        let exact = [("lower", self.lower), ("upper", self.upper), ("bound", self.bound)];
        let exact = exact.into_iter().map(|(name, value)| (name, value as f64));
        named(exact.chain(self.effective.map(|value| ("effective", value))))
    }
}

/// Plans how to measure block λ with `columns` = r_λ a datum.
fn plan(task: &Task, layer: usize, columns: usize, ranks: &[usize], product: &mut Reduced) -> Result<Block, Stop> {
    let (pass, architecture) = (task.pass, task.pass.architecture());
    let parameters = architecture.layer_parameters(layer);
    let bound = bound(ranks, columns, parameters);
    let columns = pass.data() * columns;
    let plan = if layer == architecture.depth() && pass.loss().has_diagonal_hessian() {
        Plan::Units
    } else if columns.min(parameters) > task.exact_limit {
        let threshold = tolerance(columns, parameters, product.largest(&(layer..=layer), task.cancelled)?);
        Plan::Certificate {
            shares: independent(&kernel(pass, layer))?,
            threshold: threshold * pass.data() as f64,
            counted: 0,
            counted_of_whole: 0,
        }
    } else if columns <= parameters {
        Plan::Gram(Array2::zeros((columns, architecture.width(layer))))
    } else {
        Plan::Dense(Array2::zeros((parameters, parameters)))
    };
    Ok(Block { layer, columns, parameters, bound, upper: bound, plan, seconds: 0.0 })
}

/// Takes what a block needs of one datum's C_λ.
fn visit(task: &Task, block: &mut Block, root: &roots::Root, whole: &Whole) -> Result<(), Stop> {
    let data = task.pass.data() as f64;
    let columns = root.columns;
    match &mut block.plan {
        Plan::Units => {}
        Plan::Gram(all) => {
            let start = root.datum * columns.nrows();
            all.slice_mut(s![start..start + columns.nrows(), ..]).assign(&columns);
        }
        Plan::Dense(matrix) => {
            let mut g = Array2::zeros((columns.ncols(), columns.ncols()));
            gram(1.0 / data, columns, Target::Replace, g.view_mut());
            let input = task.pass.input(block.layer).slice_move(s![root.datum..=root.datum, ..]);
            let mut q = Array2::zeros((input.ncols(), input.ncols()));
            gram(1.0, input, Target::Replace, q.view_mut());
            add_kronecker(g.view(), q.view(), matrix);
        }
        Plan::Certificate { shares, threshold, counted, counted_of_whole } => {
            let share = shares[root.datum];
            if share > 0.0 {
                let mut inner = Array2::zeros((columns.nrows(), columns.nrows()));
                gemm_symmetric(share, columns, columns.t(), Target::Replace, inner.view_mut());
                let of_whole = whole.threshold(block.columns).map(|threshold| threshold * data);
                let (here, there) = spectrum::counts(inner.view(), *threshold, of_whole)?;
                *counted += here;
                *counted_of_whole += there;
            }
        }
    }
    Ok(())
}

/// Finds the rank of a block whose columns were all seen, and reports it.
fn conclude(
    task: &Task,
    block: Block,
    product: &mut Reduced,
    whole: &mut Whole,
    clock: &mut Clock,
    report: &mut dyn FnMut(Rank),
) -> Result<(), Stop> {
    task.go_on()?;
    let Block { layer, columns, parameters, bound, upper, plan, seconds } = block;
    let of_whole = whole.threshold(columns);
    let size = columns.max(parameters);
    let exactly = |spectrum: &Spectrum, method| Found {
        lower: spectrum.rank.min(upper),
        upper: spectrum.rank.min(upper),
        effective: spectrum.effective,
        method,
    };
    let (found, rank_of_whole) = match plan {
        Plan::Gram(columns) => {
            let (mean, kernel) = (1.0 / task.pass.data() as f64, kernel(task.pass, layer));
            let spectrum = interruptible(task.cancelled, move || {
                let mut gram = Array2::zeros((columns.nrows(), columns.nrows()));
                spectrum::add_gram(mean, columns.view(), &kernel, &mut gram);
                Spectrum::of(gram.view(), size, of_whole)
            })??;
            (exactly(&spectrum, RankMethod::Gram), spectrum.rank_of_whole)
        }
        Plan::Dense(matrix) => {
            let spectrum = interruptible(task.cancelled, move || Spectrum::of(matrix.view(), size, of_whole))??;
            (exactly(&spectrum, RankMethod::Dense), spectrum.rank_of_whole)
        }
        Plan::Units => {
            let largest = product.largest(&(layer..=layer), task.cancelled)?;
            let threshold = tolerance(columns, parameters, largest);
            let spectrum = last_block(task.pass, threshold, of_whole, task.cancelled)?;
            (exactly(&spectrum, RankMethod::Gram), spectrum.rank_of_whole)
        }
        Plan::Certificate { counted, counted_of_whole, .. } => {
            let lower = counted.min(upper);
            let method = if lower == upper { RankMethod::Certificate } else { RankMethod::Bounds };
            (Found { lower, upper, effective: None, method }, counted_of_whole)
        }
    };
    whole.raise(rank_of_whole);
    let cost = seconds + clock.lap();
    report(labelled(task, Scope::Layer(layer), &found, bound, parameters, cost));
    Ok(())
}

fn labelled(task: &Task, scope: Scope, found: &Found, bound: usize, parameters: usize, cost: f64) -> Rank {
    let &Found { lower, upper, effective, method } = found;
    let data = task.pass.data();
    Rank { step: task.step, scope, lower, upper, bound, parameters, data, effective, method, cost }
}
