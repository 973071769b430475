//! The Kronecker factors of one probe batch, and the directions that follow from them.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::Task;
use super::blocks::Matrices;
use super::clock::interruptible;
use super::error::Stop;
use super::reduced::coordinates;
use crate::curvature::factors::{Scratch, from_columns, kfra};
use crate::curvature::{Columns, Factor, KroneckerFactors, Root};
use crate::linalg::{Target, eigen, gemm, gram};

/// A Kronecker approximation of the Gauss-Newton blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kronecker {
    /// Pre-activation factors from sampled targets.
    Kfac,
    /// The eigenvectors of KFAC's factors, with the diagonal that Ḡ_λ has in them (George et al. 2018).
    Ekfac,
    /// The exact expectation.
    Kflr,
    /// The recursion of the expectation.
    Kfra,
}

impl Kronecker {
    /// Every one.
    pub const ALL: &[Self] = &[Self::Kfac, Self::Ekfac, Self::Kflr, Self::Kfra];

    /// Its name: `KFAC`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kfac => "KFAC",
            Self::Ekfac => "EKFAC",
            Self::Kflr => "KFLR",
            Self::Kfra => "KFRA",
        }
    }
}

/// G_λ of every layer on the probe batch alone, at index λ − 1. `all`: the exact G_n of the layers that are
/// wanted; KFLR's factors of others are empty.
///
/// # Errors
/// Once it is cancelled.
pub(super) fn preactivation_factors(
    task: &Task,
    method: Kronecker,
    all: &[Option<Matrices>],
) -> Result<Vec<Factor<f64>>, Stop> {
    let mut factors = KroneckerFactors::<f64>::zeros(task.pass.architecture()).preactivation;
    match method {
        Kronecker::Kfac | Kronecker::Ekfac => {
            let root = Root::Sampled { samples: task.preconditioning.samples, seed: task.seed, step: task.step };
            let (mut columns, mut scratch) = (Columns::default(), Array2::default((0, 0)));
            from_columns(task.pass, task.parameters, root, &mut columns, &mut scratch, &mut factors);
        }
        Kronecker::Kflr => {
            for (factor, matrices) in factors.iter_mut().zip(all) {
                if let Some(matrices) = matrices {
                    *factor = matrices.mean(task.pass.data(), task.cancelled)?;
                }
            }
        }
        Kronecker::Kfra => {
            factors = task.interruptible(move |pass, parameters| {
                kfra(pass, parameters, &mut Scratch::default(), &mut factors);
                factors
            })?;
        }
    }
    task.go_on().map(|()| factors)
}

/// An eigenvalue-corrected Kronecker block: U_G, U_Q and the diagonal of Ḡ_λ in them. What is orthogonal to
/// the inputs is left out: Ḡ_λ is zero there.
pub(super) struct Corrected {
    /// U_G: d × d, eigenvectors as columns.
    pub preactivation: Array2<f64>,
    /// Ā U_Q: N × s, the inputs in the eigenvectors of Q.
    pub inputs: Array2<f64>,
    /// S, the diagonal: d × s.
    pub scales: Array2<f64>,
}

/// The eigenvalue-corrected block of layer λ in the eigenvectors of Q and of `factor`: S_ij =
/// 1/N Σ_n (u_iᵀ G_n u_i)(v_jᵀ ā_n)² (George et al. 2018, section 3, with all columns in place of samples).
///
/// # Errors
/// Once it is cancelled, and where a factor is not finite.
pub(super) fn corrected(
    task: &Task,
    layer: usize,
    matrices: &Matrices,
    factor: &Factor<f64>,
) -> Result<Corrected, Stop> {
    let data = task.pass.data();
    let preactivation = eigenvectors(task, factor.to_dense())?;
    let z = coordinates(task.pass, layer);
    task.go_on()?;
    let mut square = Array2::zeros((z.ncols(), z.ncols()));
    gram(1.0 / data as f64, z.view(), Target::Replace, square.view_mut());
    let inputs = z.dot(&eigenvectors(task, square)?);
    let diagonals = matrices.diagonals_in(&preactivation, data, task.cancelled)?;
    task.go_on()?;
    let squares = inputs.mapv(|x| x * x);
    let mut scales = Array2::zeros((preactivation.ncols(), inputs.ncols()));
    gemm(1.0 / data as f64, diagonals.t(), squares.view(), Target::Replace, scales.view_mut());
    Ok(Corrected { preactivation, inputs, scales })
}

/// Eigenvectors as columns.
fn eigenvectors(task: &Task, matrix: Array2<f64>) -> Result<Array2<f64>, Stop> {
    Ok(interruptible(task.cancelled, move || eigen(matrix.view()))??.1)
}

/// Q_λ on the probe batch.
pub(super) fn input_factor(input: ArrayView2<f64>) -> Array2<f64> {
    let mut factor = Array2::zeros((input.ncols(), input.ncols()));
    gram(1.0 / input.nrows() as f64, input, Target::Replace, factor.view_mut());
    factor
}
