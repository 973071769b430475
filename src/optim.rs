//! Optimizers: which direction, and how far.

mod settings;

pub use settings::{Curvature, Damping, FirstOrder, Method, Rule, SecondOrder, Settings};
