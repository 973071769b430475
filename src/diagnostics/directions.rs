//! The directions that are compared with the exact one.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, s};

use super::alignment::Direction;
use super::blocks::{Matrices, collect};
use super::clock::interruptible;
use super::kronecker::{Kronecker, corrected, input_factor, preactivation_factors};
use super::solve::Solver;
use super::{Error, Stop, Task};
use crate::curvature::Factor;
use crate::linalg::{Cholesky, NotPositiveDefinite, Target, gemm};
use crate::network::Parameters;
use crate::optim::kronecker::damping_split;
use crate::optim::{FirstOrder, Moments, Rule};

/// The directions of all layers that are wanted.
pub(super) struct Directions<'a> {
    /// g, the L2 term included.
    pub gradient: Parameters<f64>,
    /// Those that are asked for.
    asked: &'a [Direction],
    all: Vec<(Direction, Parameters<f64>)>,
}

impl<'a> Directions<'a> {
    /// All that are asked for but the exact ones.
    ///
    /// # Errors
    /// Once it is cancelled, and where a factor cannot be inverted.
    pub fn new(task: &Task<'a>) -> Result<Self, Stop> {
        let gradient = gradient(task);
        task.go_on()?;
        // The whole needs every layer.
        let task = &Task { only: task.only.filter(|only| matches!(only, super::Scope::Layer(_))), ..*task };
        let (asked, mut all) = (task.directions, Vec::new());
        let matrices =
            if asked.iter().any(|direction| needs_matrices(*direction)) { collect(task)? } else { Vec::new() };
        for &direction in asked.iter().filter(|direction| !direction.is_exact()) {
            all.push((direction, inexact(task, direction, &matrices, &gradient)?));
            task.go_on()?;
        }
        Ok(Self { gradient, asked, all })
    }

    /// Takes in an exact direction of the layers from `layer` on, if it is asked for.
    pub fn set(&mut self, direction: Direction, layer: usize, part: ArrayView1<f64>) {
        if !self.asked.contains(&direction) {
            return;
        }
        let architecture = self.gradient.architecture().clone();
        if !self.all.iter().any(|(known, _)| *known == direction) {
            self.all.push((direction, Parameters::zeros(&architecture)));
            self.all.sort_by_key(|(direction, _)| *direction);
        }
        let start = architecture.range(layer).start;
        if let Some((_, whole)) = self.all.iter_mut().find(|(known, _)| *known == direction) {
            whole.flat.slice_mut(s![start..start + part.len()]).assign(&part);
        }
    }

    /// The part of every direction that belongs to some parameters.
    pub fn parts(&self, range: Range<usize>) -> impl Iterator<Item = (Direction, Array1<f64>)> + '_ {
        self.all.iter().map(move |(direction, whole)| (*direction, whole.flat.slice(s![range.clone()]).to_owned()))
    }
}

/// One direction alone, of the layers that are wanted.
///
/// # Errors
/// Once it is cancelled, where a factor cannot be inverted, and where a product is not finite.
pub(super) fn single(task: &Task, direction: Direction) -> Result<Parameters<f64>, Stop> {
    let gradient = gradient(task);
    if direction.is_exact() {
        return exact(task, direction == Direction::Full, &gradient);
    }
    let matrices = if needs_matrices(direction) { collect(task)? } else { Vec::new() };
    inexact(task, direction, &matrices, &gradient)
}

/// Whether a direction takes the exact G_n.
fn needs_matrices(direction: Direction) -> bool {
    matches!(direction, Direction::Ekfac | Direction::Kflr)
}

/// A direction other than the exact ones. `matrices`: the exact G_n, where it takes them.
fn inexact(
    task: &Task,
    direction: Direction,
    matrices: &[Option<Matrices>],
    gradient: &Parameters<f64>,
) -> Result<Parameters<f64>, Stop> {
    let method = match direction {
        Direction::Adam => return adam(task, gradient),
        Direction::Kfac => Kronecker::Kfac,
        Direction::Ekfac => Kronecker::Ekfac,
        Direction::Kflr => Kronecker::Kflr,
        Direction::Kfra => Kronecker::Kfra,
        _ => return Ok(descent(gradient)),
    };
    kronecker(task, method, matrices, gradient)
}

/// −g.
fn descent(gradient: &Parameters<f64>) -> Parameters<f64> {
    let mut descent = gradient.clone();
    descent.flat.mapv_inplace(|x| -x);
    descent
}

/// The direction of a Kronecker approximation. `matrices`: the exact G_n, where it takes them.
fn kronecker(
    task: &Task,
    method: Kronecker,
    matrices: &[Option<Matrices>],
    gradient: &Parameters<f64>,
) -> Result<Parameters<f64>, Stop> {
    let factors = preactivation_factors(task, method, matrices)?;
    each(task, |layer| match matrices.get(layer - 1) {
        Some(Some(exact)) if method == Kronecker::Ekfac => rescaled(task, layer, exact, &factors[layer - 1], gradient),
        _ => preconditioned(task, layer, &factors[layer - 1], gradient),
    })
}

/// That of all of Ḡ if `whole`, else of each of its blocks.
fn exact(task: &Task, whole: bool, gradient: &Parameters<f64>) -> Result<Parameters<f64>, Stop> {
    let architecture = task.pass.architecture();
    let mut solver = Solver::new(task)?;
    let mut directions = Parameters::zeros(architecture);
    let layers = 1..=architecture.depth();
    let parts = if whole { vec![layers] } else { layers.map(|layer| layer..=layer).collect() };
    for layers in parts {
        let found = solver.solve(&layers, gradient, task.progress)?;
        let range = architecture.range(*layers.start()).start..architecture.range(*layers.end()).end;
        directions.flat.slice_mut(s![range]).assign(&found.direction);
    }
    Ok(directions)
}

/// g = 1/N Σ ∂E/∂h_λ ā_{λ−1}ᵀ + η W_λ.
pub(super) fn gradient(task: &Task) -> Parameters<f64> {
    let (pass, architecture) = (task.pass, task.pass.architecture());
    let mut gradient = Parameters::zeros(architecture);
    for layer in 1..=architecture.depth() {
        let mean = 1.0 / pass.data() as f64;
        gemm(mean, pass.delta(layer).t(), pass.input(layer), Target::Replace, gradient.layer_mut(layer));
    }
    gradient.flat.scaled_add(task.preconditioning.l2, &task.parameters.flat);
    gradient
}

/// The update Adam would make with this gradient.
fn adam(task: &Task, gradient: &Parameters<f64>) -> Result<Parameters<f64>, Stop> {
    let parameters = Parameters::zeros(task.pass.architecture());
    let (settings, mut moments) = task
        .preconditioning
        .adam
        .clone()
        .unwrap_or_else(|| (FirstOrder::new(Rule::Adam), Moments::new(Rule::Adam, parameters.flat.len())));
    task.go_on()?;
    let mut next = parameters.clone();
    moments.update(&settings, settings.rate(task.step + 1), gradient, &parameters, &mut next);
    Ok(next)
}

/// A direction from those of the layers that are wanted.
fn each(task: &Task, mut of: impl FnMut(usize) -> Result<Array2<f64>, Stop>) -> Result<Parameters<f64>, Stop> {
    let mut direction = Parameters::zeros(task.pass.architecture());
    for layer in (1..=task.pass.architecture().depth()).filter(|&layer| task.wants_layer(layer)) {
        task.go_on()?;
        direction.layer_mut(layer).assign(&of(layer)?);
    }
    Ok(direction)
}

/// −(G + ω⁻¹ k I)⁻¹ g (Q + ω k I)⁻¹, k = √(γ + η).
fn preconditioned(
    task: &Task,
    layer: usize,
    factor: &Factor<f64>,
    gradient: &Parameters<f64>,
) -> Result<Array2<f64>, Stop> {
    let mut input = input_factor(task.pass.input(layer));
    let k = (task.preconditioning.damping + task.preconditioning.l2).sqrt();
    let split = damping_split(input.diag().sum(), input.nrows(), factor.trace(), factor.size());
    input.diag_mut().mapv_inplace(|x| x + split * k);
    let mut right = gradient.layer(layer).t().as_standard_layout().into_owned();
    let mut factor = factor.clone();
    let solved = interruptible(task.cancelled, move || -> Result<Array2<f64>, NotPositiveDefinite> {
        let mut cholesky = Cholesky::default();
        cholesky.solve(input.view_mut(), right.view_mut())?;
        let mut left = right.t().as_standard_layout().into_owned();
        match &mut factor {
            Factor::Diagonal(diagonal) => {
                left.outer_iter_mut().zip(diagonal.iter()).for_each(|(mut row, g)| row /= g + k / split);
            }
            Factor::Dense(matrix) => {
                matrix.diag_mut().mapv_inplace(|x| x + k / split);
                cholesky.solve(matrix.view_mut(), left.view_mut())?;
            }
        }
        Ok(-left)
    })?;
    Ok(solved.map_err(Error::from)?)
}

/// −U_G [(U_Gᵀ g U_Q) / (S + γ + η)] U_Qᵀ. Orthogonal to the inputs, where S is zero, it is −g / (γ + η).
fn rescaled(
    task: &Task,
    layer: usize,
    matrices: &Matrices,
    factor: &Factor<f64>,
    gradient: &Parameters<f64>,
) -> Result<Array2<f64>, Stop> {
    let damping = task.preconditioning.damping + task.preconditioning.l2;
    let (pass, found) = (task.pass, corrected(task, layer, matrices, factor)?);
    let whole = gradient.layer(layer);
    // Ā = (Ā U_Q) U_Qᵀ: U_Q = Āᵀ(Ā U_Q) Λ⁻¹ with Λ = diag (Ā U_Q)ᵀ(Ā U_Q) = N times the eigenvalues of Q.
    let lengths: Array1<f64> = found.inputs.columns().into_iter().map(|column| column.dot(&column)).collect();
    let largest = lengths.iter().copied().fold(0.0, f64::max);
    let mut basis = Array2::zeros((pass.input(layer).ncols(), lengths.len()));
    gemm(1.0, pass.input(layer).t(), found.inputs.view(), Target::Replace, basis.view_mut());
    for (mut column, &length) in basis.columns_mut().into_iter().zip(&lengths) {
        // Directions that no input has to speak of belong to what is orthogonal to them.
        if length > 1e-14 * largest { column /= length } else { column.fill(0.0) }
    }
    let mut right = Array2::zeros((whole.nrows(), basis.ncols()));
    gemm(1.0, whole, basis.view(), Target::Replace, right.view_mut());
    let mut coefficients = Array2::zeros(right.dim());
    gemm(1.0, found.preactivation.t(), right.view(), Target::Replace, coefficients.view_mut());
    // 1/(S + κ) − 1/κ along the basis, and 1/κ everywhere.
    coefficients.zip_mut_with(&found.scales, |x, &scale| *x *= (scale + damping).recip() - damping.recip());
    gemm(1.0, found.preactivation.view(), coefficients.view(), Target::Replace, right.view_mut());
    let mut direction = whole.mapv(|x| -x / damping);
    gemm(-1.0, right.view(), basis.t(), Target::Add, direction.view_mut());
    Ok(direction)
}
