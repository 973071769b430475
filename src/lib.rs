//! The numerical core and the terminal workbench of `kfra-tui`: Kronecker-factored Gauss-Newton
//! optimisation of fully connected networks (Botev, Ritter & Barber, *Practical Gauss-Newton Optimisation
//! for Deep Learning*, ICML 2017), and what is to be seen of the curvature while a network trains.
//!
//! # The house
//!
//! Imports go strictly downward; data move from the experiment to the panes, and only commands go back.
//!
//! | level | module | what |
//! |---|---|---|
//! | 11 | [`cli`] | the command line |
//! | 10 | [`tui`], [`report`] | the screen; papers' figures, tables and findings of many runs |
//! | 9 | [`export`], [`sweep`] | figures, tables and logs for other programs; many runs side by side |
//! | 8 | [`runs`] | run folders: lists, expressions that choose among them, logs that are followed |
//! | 7 | [`session`] | a run: worker thread, events, commands, snapshot, run folder |
//! | 6 | [`experiment`] | what determines a run; the only code that knows TOML |
//! | 5 | [`train`] | the trainer, what is measured at each update, live hyperparameters |
//! | 4 | [`diagnostics`] | rank of the Gauss-Newton matrix, Hessian blocks, inspection of a batch |
//! | 3 | [`optim`] | which direction × how far; damping |
//! | 2 | [`curvature`] | exact Hessian, Gauss-Newton matrix, Kronecker factors |
//! | 1 | [`network`], [`data`] | passes, activations, losses; data sets, minibatches |
//! | 0 | [`linalg`] | products, factorizations, Lanczos, random streams, kept state; the one `Real` trait |
//!
//! # Notation
//!
//! Layers are λ = 1 … L, data n = 1 … N.
//!
//! | symbol | what | in code |
//! |---|---|---|
//! | ā_λ | activations with a homogeneous coordinate | `input(λ + 1)`, rows are data |
//! | h_λ = W_λ ā_{λ−1} | pre-activation | `preactivation(λ)` |
//! | f′(h_λ), f″(h_λ) | slope, bend | `slope`, `bend` |
//! | ∂E/∂h_λ | gradient of one datum's loss | `delta(λ)` |
//! | H_L, S | Hessian of the loss in its outputs, a root of it | `hessian`, `root` |
//! | 𝓗_λ | exact pre-activation Hessian | [`curvature::preactivation`] |
//! | C_λ, G_λ = E[C_λ C_λᵀ] | columns propagated back, pre-activation factor | [`curvature::columns`] |
//! | Q_λ = E[ā ā ᵀ] | input factor | [`curvature::factors`] |
//! | Ḡ = E[Jᵀ H_L J] | Gauss-Newton matrix | [`curvature::gauss_newton`] |
//! | γ, τ, η | Kronecker damping, step damping, L2 coefficient | [`optim`] |
//! | α*, μ, ρ | step size, momentum, reduction ratio | [`optim::quadratic`] |
//!
//! # Invariants
//!
//! - The same experiment, seed and number of threads give bit-identical losses, whatever is watched.
//! - A run that is interrupted and resumed is bit by bit the run that was not: what lasts from one update to the
//!   next is kept ([`linalg::Keep`]).
//! - Every use of randomness in a run has a stream of its own ([`linalg::Stream`]); a diagnostic that shows what a
//!   method does draws as the method would.
//! - After its first ones an update allocates nothing but its report, of all methods but EKFAC.

pub mod cli;
pub mod curvature;
pub mod data;
pub mod diagnostics;
pub mod experiment;
pub mod export;
pub mod linalg;
pub mod network;
pub mod optim;
pub mod report;
pub mod runs;
pub mod session;
pub mod sweep;
pub mod train;
pub mod tui;
