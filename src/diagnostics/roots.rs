//! Square roots of each datum's pre-activation Gauss-Newton matrices, with no more columns than they can
//! have rank: G_λ = C_λ C_λᵀ, C_λ: d_λ × r_λ, r_λ = min(r, min_{μ ≥ λ} d_μ).
//!
//! C_λ = B_λ Ŵ_{λ+1}ᵀ C_{λ+1} factors through every later layer. Where it would have more than d_λ
//! columns it is replaced by the transposed triangular factor of C_λᵀ, which has the same C_λ C_λᵀ. The
//! factor comes from Cholesky where C_λ is well conditioned, so that squaring it changes no rank, and
//! from Householder reflections elsewhere.

use ndarray::{Array1, Array2, ArrayView2, Zip, s};

use super::error::{Stop, go_on};
use super::output;
use crate::linalg::{Cholesky, Target, all_eigenvalues_above, gram, triangular_factor};
use crate::network::{Parameters, Pass, back_propagate};

/// Columns that are propagated at once, as far as data have less.
const ROWS: usize = 1024;

/// Share of the trace of C Cᵀ that its least eigenvalue must exceed for the way by Cholesky: every
/// eigenvalue then keeps half of its digits.
const WELL_CONDITIONED: f64 = 1e-8;

/// r_λ for λ = 1 … L, at index λ − 1.
pub(super) fn columns(pass: &Pass<f64>) -> Vec<usize> {
    let architecture = pass.architecture();
    let mut least = pass.loss().root_rank(architecture.outputs());
    let mut columns: Vec<usize> = (1..=architecture.depth())
        .rev()
        .map(|layer| {
            least = least.min(architecture.width(layer));
            least
        })
        .collect();
    columns.reverse();
    columns
}

/// C_λ of one datum.
pub(super) struct Root<'a> {
    /// λ.
    pub layer: usize,
    /// n.
    pub datum: usize,
    /// The columns of C_λ as rows: r_λ × d_λ.
    pub columns: ArrayView2<'a, f64>,
}

/// Propagates back from the last layer to the first and shows each C_λ to `visit`, a few data at a time.
/// Layers after `last` are not shown.
pub(super) fn sweep(
    pass: &Pass<f64>,
    parameters: &Parameters<f64>,
    last: usize,
    cancelled: &dyn Fn() -> bool,
    visit: &mut dyn FnMut(Root) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let depth = pass.architecture().depth();
    let rank = pass.loss().root_rank(pass.architecture().outputs());
    let length = (ROWS / rank).max(1);
    let diagonal = pass.loss().has_diagonal_hessian().then(|| output::diagonals(pass).mapv(f64::sqrt));
    let mut show = |layer: usize, start: usize, count: usize, columns: &Array2<f64>| -> Result<(), Stop> {
        let rows = columns.nrows() / count;
        for index in 0..count {
            go_on(cancelled)?;
            let columns = columns.slice(s![index * rows..(index + 1) * rows, ..]);
            visit(Root { layer, datum: start + index, columns })?;
        }
        Ok(())
    };
    for start in (0..pass.data()).step_by(length) {
        let count = length.min(pass.data() - start);
        let mut columns = Array2::zeros((0, 0));
        if diagonal.is_none() || last == depth {
            columns = outputs(pass, start, count, rank);
        }
        if last == depth {
            show(depth, start, count, &columns)?;
        }
        for layer in (1..depth).rev() {
            go_on(cancelled)?;
            let slope = pass.slope(layer).slice_move(s![start..start + count, ..]);
            let weights = parameters.weights(layer + 1);
            columns = match &diagonal {
                Some(roots) if layer + 1 == depth => {
                    after_diagonal(roots.slice(s![start..start + count, ..]), weights, slope)
                }
                _ => {
                    let mut next = Array2::zeros((columns.nrows(), weights.ncols()));
                    back_propagate(columns.view(), weights, slope, next.view_mut());
                    next
                }
            };
            columns = compress(columns, count, cancelled)?;
            if layer <= last {
                show(layer, start, count, &columns)?;
            }
        }
    }
    Ok(())
}

/// S of `count` data, as rows: (count · r) × K.
fn outputs(pass: &Pass<f64>, start: usize, count: usize, rank: usize) -> Array2<f64> {
    let mut columns = Array2::zeros((count * rank, pass.architecture().outputs()));
    for index in 0..count {
        output::root(pass, start + index, columns.slice_mut(s![index * rank..(index + 1) * rank, ..]));
    }
    columns
}

/// C_{L−1} = B Ŵ_Lᵀ S for a diagonal S, as rows: row k of a datum is S_kk (Ŵ_L)_k ⊙ f′(h_{L−1}).
/// `roots`: S_kk, data × K; `weights`: Ŵ_L; `slope`: data × d_{L−1}.
fn after_diagonal(roots: ArrayView2<f64>, weights: ArrayView2<f64>, slope: ArrayView2<f64>) -> Array2<f64> {
    let outputs = weights.nrows();
    let mut columns = Array2::zeros((roots.nrows() * outputs, weights.ncols()));
    for (row, mut column) in columns.outer_iter_mut().enumerate() {
        let (datum, unit) = (row / outputs, row % outputs);
        let root = roots[(datum, unit)];
        Zip::from(&mut column).and(weights.row(unit)).and(slope.row(datum)).for_each(|x, &w, &slope| {
            *x = root * w * slope;
        });
    }
    columns
}

/// The rows of each of `count` data, at most as many as they are long.
fn compress(columns: Array2<f64>, count: usize, cancelled: &dyn Fn() -> bool) -> Result<Array2<f64>, Stop> {
    let (rows, width) = (columns.nrows() / count, columns.ncols());
    if rows <= width {
        return Ok(columns);
    }
    let mut less = Array2::zeros((count * width, width));
    for index in 0..count {
        go_on(cancelled)?;
        let columns = columns.slice(s![index * rows..(index + 1) * rows, ..]);
        let mut less = less.slice_mut(s![index * width..(index + 1) * width, ..]);
        match by_cholesky(columns) {
            Some(factor) => less.assign(&factor.t()),
            None => less.assign(&triangular_factor(columns)),
        }
    }
    Ok(less)
}

/// L with L Lᵀ = RᵀR for the rows R, where they are well conditioned.
fn by_cholesky(rows: ArrayView2<f64>) -> Option<Array2<f64>> {
    let width = rows.ncols();
    let mut square = Array2::zeros((width, width));
    gram(1.0, rows, Target::Replace, square.view_mut());
    let threshold = WELL_CONDITIONED * square.diag().sum();
    if !all_eigenvalues_above(square.clone().view_mut(), threshold) {
        return None;
    }
    Cholesky::default().factorize(square.view_mut()).ok()?;
    for (i, mut row) in square.outer_iter_mut().enumerate() {
        row.slice_mut(s![i + 1..]).fill(0.0);
    }
    Some(square)
}

/// tr Ḡ_λ = 1/N Σ ‖ā_{λ−1}‖² ‖C_λ‖² for each layer λ, at index λ − 1.
pub(super) fn block_traces(
    pass: &Pass<f64>,
    parameters: &Parameters<f64>,
    cancelled: &dyn Fn() -> bool,
) -> Result<Array1<f64>, Stop> {
    let depth = pass.architecture().depth();
    let mut traces = Array1::zeros(depth);
    sweep(pass, parameters, depth, cancelled, &mut |root| {
        let input = pass.input(root.layer);
        let input = input.row(root.datum);
        traces[root.layer - 1] += input.dot(&input) * root.columns.iter().map(|x| x * x).sum::<f64>();
        Ok(())
    })?;
    Ok(traces / pass.data() as f64)
}
