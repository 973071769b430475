//! Linear algebra on ndarray arrays, computed by faer.

mod lanczos;
mod product;
mod real;
mod stream;
mod symmetric;

pub use lanczos::{Extremes, LanczosSettings, lanczos};
pub use product::{
    Target, dot, dot_matrix, flops, gemm, gemm_symmetric, gram, inner_products, mirror, squared_distance,
};
pub use real::Real;
pub use stream::Stream;
pub use symmetric::{Cholesky, NotConverged, NotPositiveDefinite, all_eigenvalues_above, eigen, eigenvalues};
