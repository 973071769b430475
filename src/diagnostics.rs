//! What is measured of the curvature along a run.

mod settings;

pub use settings::{Probe, Settings};
