//! What is measured of the curvature along a run.

mod inspection;
mod probe;
pub use probe::*;
mod settings;

pub use inspection::{InspectionError, inspect};
pub use settings::{Probe, Settings};
