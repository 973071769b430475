//! The spectrum of the Gauss-Newton matrix Ḡ of a probe batch, of its blocks and of the whole.
//!
//! From the smallest matrix that has it: the Gram matrix of the M columns, or the block in the span of the
//! inputs; for the last block of a diagonal H_L one matrix an output unit. Where all are larger than the limit,
//! from stochastic Lanczos quadrature.

use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

use super::clock::{Clock, interruptible};
use super::reduced::Reduced;
use super::spectra::{Spectrum, SpectrumMethod, Subject, decompose};
use super::{Finding, Probe, Reading, Scope, Stop, Task, output, rank, roots};
use crate::curvature::Root;
use crate::curvature::dense::gauss_newton;
use crate::diagnostics::blocks::kernel;
use crate::linalg::Kept;

/// The spectrum of Ḡ, or of one of its blocks. Its number of positive eigenvalues is the rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GaussNewtonSpectrum(pub Spectrum);

/// What a block needs of the columns.
enum Plan {
    /// All of them as rows: M × d.
    Gram(Array2<f64>),
    Dense,
    Units,
    Quadrature,
}

impl Finding for GaussNewtonSpectrum {
    const TITLE: &'static str = "spectrum of Gauss-Newton";
    const SYMBOL: &'static str = "spectrum";
    const PROBE: Probe = Probe { every: 0, data: 64 };

    /// Measures the blocks, then the whole.
    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        let (pass, architecture) = (task.pass, task.pass.architecture());
        let depth = architecture.depth();
        let mut clock = Clock::start();
        let mut product = Reduced::gauss_newton(pass, task.parameters);
        let ranks = roots::columns(pass);
        let (upper, upper_of_whole) = rank::upper_bounds(pass)?;
        let wanted: Vec<usize> = (1..=depth).filter(|&layer| task.wants_layer(layer)).collect();
        let mut plans: Vec<_> = wanted.iter().map(|&l| plan(task, l, ranks[l - 1], product.size(l..=l))).collect();
        collect(task, &wanted, &mut plans)?;
        let has = |of: fn(&Plan) -> bool| plans.iter().any(of);
        let traces = if has(|plan| matches!(plan, Plan::Quadrature)) || (task.wants_whole() && !is_small(task)) {
            Some(roots::block_traces(pass, task.parameters, task.cancelled)?)
        } else {
            None
        };
        let shared = clock.lap() / (wanted.len() + usize::from(task.wants_whole())).max(1) as f64;
        for (layer, plan) in wanted.into_iter().zip(plans) {
            let trace = traces.as_ref().map(|traces| traces[layer - 1]);
            let (parameters, columns) = (architecture.layer_parameters(layer), pass.data() * ranks[layer - 1]);
            let subject = subject(Scope::Layer(layer), parameters, columns, upper[layer - 1]);
            let mut found = block(task, layer, plan, &subject, &mut product, trace)?;
            found.cost = shared + clock.lap();
            report(Self(found));
        }
        if task.wants_whole() {
            let mut found = whole(task, upper_of_whole, &mut product, traces.map(|traces| traces.sum()))?;
            found.cost = shared + clock.lap();
            report(Self(found));
        }
        Ok(())
    }

    /// The rank, the effective rank and λ_max.
    fn reading(&self) -> Reading {
        self.0.reading(self.0.positive.value)
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        self.0.numbers()
    }

    fn lists(&self) -> Vec<(&'static str, Vec<f64>)> {
        self.0.lists()
    }
}

/// `size`: the coordinates of the block.
fn plan(task: &Task, layer: usize, rank: usize, size: usize) -> Plan {
    let columns = task.pass.data() * rank;
    if layer == task.pass.architecture().depth() && task.pass.loss().has_diagonal_hessian() {
        Plan::Units
    } else if columns.min(size) > task.exact_limit {
        Plan::Quadrature
    } else if columns <= size {
        Plan::Gram(Array2::zeros((columns, task.pass.architecture().width(layer))))
    } else {
        Plan::Dense
    }
}

/// Collects the columns of the blocks that are found from their Gram matrix.
fn collect(task: &Task, wanted: &[usize], plans: &mut [Plan]) -> Result<(), Stop> {
    let last =
        wanted.iter().zip(&*plans).filter(|(_, plan)| matches!(plan, Plan::Gram(_))).map(|(&layer, _)| layer).max();
    let Some(last) = last else { return Ok(()) };
    roots::sweep(task.pass, task.parameters, last, task.cancelled, &mut |root| {
        if let Some(index) = wanted.iter().position(|&layer| layer == root.layer)
            && let Plan::Gram(all) = &mut plans[index]
        {
            let start = root.datum * root.columns.nrows();
            all.slice_mut(s![start..start + root.columns.nrows(), ..]).assign(&root.columns);
        }
        Ok(())
    })
}

/// `columns`: M; `rank`: no larger is that of the matrix.
fn subject(scope: Scope, parameters: usize, columns: usize, rank: usize) -> Subject {
    let rounding = rank::tolerance(columns, parameters, 1.0);
    Subject { scope, parameters, semidefinite: true, rank, rounding }
}

fn block(
    task: &Task,
    layer: usize,
    plan: Plan,
    subject: &Subject,
    product: &mut Reduced,
    trace: Option<f64>,
) -> Result<Spectrum, Stop> {
    let pass = task.pass;
    Ok(match plan {
        Plan::Gram(columns) => {
            let (mean, kernel) = (1.0 / pass.data() as f64, kernel(pass, layer));
            let gram = interruptible(task.cancelled, move || {
                let mut gram = Array2::zeros((columns.nrows(), columns.nrows()));
                rank::add_gram(mean, columns.view(), &kernel, &mut gram);
                gram
            })?;
            Spectrum::exact(task, subject, SpectrumMethod::Gram, decompose(task, gram)?)
        }
        Plan::Dense => {
            let dense = product.dense(layer, task.cancelled)?;
            Spectrum::exact(task, subject, SpectrumMethod::Dense, decompose(task, dense)?)
        }
        Plan::Units => Spectrum::exact(task, subject, SpectrumMethod::Gram, units(task)?),
        Plan::Quadrature => {
            let layers = layer..=layer;
            let n = product.size(layers.clone());
            Spectrum::estimated(task, subject, n, Kept::All, trace, |x, image| {
                product.apply(&layers, x, image, task.cancelled)
            })?
        }
    })
}

/// The eigenvalues of the last block for a diagonal H_L, which falls apart by output unit into
/// 1/N Σ_n (H_L^n)_kk ā ā ᵀ: those of the Gram matrices √(h_n h_m) (ā_n · ā_m) / N, N × N each.
fn units(task: &Task) -> Result<Vec<f64>, Stop> {
    let pass = task.pass;
    let (kernel, diagonals) = (kernel(pass, pass.architecture().depth()), output::diagonals(pass));
    let mut values = Vec::new();
    for diagonal in diagonals.columns() {
        let root = diagonal.mapv(|h| (h / pass.data() as f64).sqrt());
        let mut gram = kernel.clone();
        gram.indexed_iter_mut().for_each(|((n, m), x)| *x *= root[n] * root[m]);
        task.go_on()?;
        // Small matrices are done before anybody could wait for them.
        values.extend(if gram.nrows() <= 128 {
            crate::linalg::eigenvalues(gram.view())?.to_vec()
        } else {
            decompose(task, gram)?
        });
    }
    Ok(values)
}

/// Whether the whole matrix is decomposed.
fn is_small(task: &Task) -> bool {
    let columns = task.pass.data() * Root::Exact.rank(task.pass);
    columns.min(task.pass.architecture().parameters()) <= task.exact_limit
}

/// `upper`: no larger is the rank.
fn whole(task: &Task, upper: usize, product: &mut Reduced, trace: Option<f64>) -> Result<Spectrum, Stop> {
    let (pass, architecture) = (task.pass, task.pass.architecture());
    let (columns, parameters) = (pass.data() * Root::Exact.rank(pass), architecture.parameters());
    let subject = subject(Scope::Whole, parameters, columns, upper);
    if !is_small(task) {
        let layers = 1..=architecture.depth();
        let n = product.size(layers.clone());
        return Spectrum::estimated(task, &subject, n, Kept::All, trace, |x, image| {
            product.apply(&layers, x, image, task.cancelled)
        });
    }
    let (matrix, method) = if columns <= parameters {
        (task.interruptible(rank::whole_gram)?, SpectrumMethod::Gram)
    } else {
        (task.interruptible(gauss_newton)?, SpectrumMethod::Dense)
    };
    Ok(Spectrum::exact(task, &subject, method, decompose(task, matrix)?))
}
