//! Curvature: exact Hessian blocks, the Gauss-Newton matrix and its Kronecker factors.
//!
//! Two ideas, crossed. *What is propagated back*: the Hessian of each datum ([`hessian`]), a square
//! root of each datum's Gauss-Newton matrix ([`columns`]), or its expectation ([`factors`], KFRA).
//! *What is done with it at a layer*: a block, a product, a factor, a Gram matrix.

pub mod columns;
pub mod dense;
pub mod factors;
pub mod gauss_newton;
pub mod hessian;
pub mod preactivation;

pub use columns::{Columns, Root};
pub use factors::{Factor, KroneckerFactors};
