//! Linear algebra on ndarray arrays: products by gemm, decompositions by faer.

mod archive;
mod clock;
mod eigenvector;
mod inertia;
mod inner;
mod lanczos;
mod memory;
pub mod number;
mod product;
mod qr;
mod quadrature;
mod real;
mod row;
mod stream;
mod symmetric;
mod threads;
mod vector;
mod whole;

pub use archive::{Archive, ArchiveError, Keep, Tensor};
pub use clock::Moment;
pub use eigenvector::leading_eigenvector;
pub use inertia::eigenvalues_above;
pub use inner::{dot, dot_matrix, inner_products, squared_distance};
pub use lanczos::{Extremes, Kept, LanczosSettings, ROUNDING, lanczos, largest_eigenvalue};
pub use memory::HugePages;
pub use product::{Target, flops, gemm, gemm_symmetric, gram, gram_lower, mirror, product_peak};
pub use qr::{orthonormal_basis, triangular_factor};
pub use quadrature::{Mass, Quadrature, quadrature};
pub use real::Real;
pub use row::{row, row_mut};
pub use stream::Stream;
pub use symmetric::{Cholesky, NotConverged, NotPositiveDefinite, all_eigenvalues_above, eigen, eigenvalues};
pub use threads::{all, both, each, rows_a_thread};
pub(crate) use vector::vectorised;
pub use vector::{add_scaled, by_parts, safe_norm, sum};
pub use whole::{is_misplaced, write_whole};
