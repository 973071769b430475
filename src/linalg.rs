//! Linear algebra on ndarray arrays, computed by faer.

mod real;
mod stream;

pub use real::Real;
pub use stream::Stream;
