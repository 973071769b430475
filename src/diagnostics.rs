//! What is measured of the curvature along a run.

mod error;
mod hessian;
mod inspection;
mod measurement;
mod output;
mod probe;
mod rank;
mod reduced;
mod roots;
mod settings;
#[cfg(test)]
mod zoo;

pub use error::Error;
pub use inspection::{InspectionError, inspect};
pub use measurement::{Definite, HessianBlock, Measurement, Rank, RankMethod, Scope};
pub use probe::ProbeBatch;
pub use settings::{Probe, Settings};
