//! What diagnostics find.

use serde::{Deserialize, Serialize};

/// One result of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measurement {
    /// Of [`ProbeBatch::measure_rank`](super::ProbeBatch::measure_rank).
    Rank(Rank),
    /// Of [`ProbeBatch::measure_hessian`](super::ProbeBatch::measure_hessian).
    HessianBlock(HessianBlock),
}

/// What part of the parameters a diagnostic is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All parameters.
    Whole,
    /// The parameters of layer λ = 1 … L.
    Layer(usize),
}

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

/// The block of layer λ of the exact Hessian of the mean loss (without the L2 term), on a probe batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HessianBlock {
    /// The step whose parameters were measured.
    pub step: u64,
    /// λ = 1 … L.
    pub layer: usize,
    /// tr H_λ, exact.
    #[serde(with = "crate::linalg::number")]
    pub trace: f64,
    /// tr Ḡ_λ, exact.
    #[serde(with = "crate::linalg::number")]
    pub gauss_newton_trace: f64,
    /// λ_max as found: a Ritz value, never above the true one.
    #[serde(with = "crate::linalg::number")]
    pub largest: f64,
    /// λ_min as found: a Ritz value, never below the true one.
    #[serde(with = "crate::linalg::number")]
    pub smallest: f64,
    /// The larger residual norm ‖H y − θ y‖ of the two Ritz pairs: an eigenvalue lies within this of each
    /// of the two values. That it is the extreme one is likely but not proved.
    #[serde(with = "crate::linalg::number")]
    pub residual: f64,
    /// Whether the block is positive semi-definite, and how that is known.
    pub definite: Definite,
    /// Hessian products used.
    pub products: usize,
    /// Data of the probe batch.
    pub data: usize,
    /// CPU seconds it took.
    pub cost: f64,
}

/// Whether a block is positive semi-definite, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definite {
    /// Yes: all activations are piecewise linear and H_L is positive semi-definite.
    ByStructure,
    /// As far as was measured: no negative eigenvalue was found.
    Measured,
    /// No: a negative eigenvalue was measured.
    Indefinite,
}
