//! What an experiment says of its diagnostics.

use std::ops::{Index, IndexMut};

use super::Diagnostic;
use super::alignment::Direction;
use super::surface::Plane;

/// The diagnostics section of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// When each is computed, and on how many data.
    pub probes: Each<Probe>,
    /// The share of its speed that a run may lose to diagnostics, in [0, 1]; the cadence stretches to keep it.
    pub budget: f64,
    /// The largest matrix whose eigenvalues are computed densely.
    pub exact_limit: usize,
    /// The plane on which the loss surface is measured.
    pub surface: Plane,
    /// The directions that are compared with the exact one, in the order of [`Direction::ALL`].
    pub directions: Vec<Direction>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            probes: Each::of(Diagnostic::probe),
            budget: 0.1,
            exact_limit: 2048,
            surface: Plane::default(),
            directions: Direction::ALL.to_vec(),
        }
    }
}

/// When a diagnostic is computed, and on how many data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Every so many updates; 0: never.
    pub every: u64,
    /// Number of data of the probe batch, at least 1.
    pub data: usize,
}

/// Something of each diagnostic.
#[derive(Clone, Debug, PartialEq)]
pub struct Each<T>([T; Diagnostic::ALL.len()]);

impl<T> Each<T> {
    /// Asks for it, diagnostic by diagnostic.
    pub fn of(mut one: impl FnMut(Diagnostic) -> T) -> Self {
        Self(std::array::from_fn(|index| one(Diagnostic::ALL[index])))
    }
}

impl<T> Index<Diagnostic> for Each<T> {
    type Output = T;

    fn index(&self, diagnostic: Diagnostic) -> &T {
        &self.0[diagnostic as usize]
    }
}

impl<T> IndexMut<Diagnostic> for Each<T> {
    fn index_mut(&mut self, diagnostic: Diagnostic) -> &mut T {
        &mut self.0[diagnostic as usize]
    }
}
