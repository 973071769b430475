//! An experiment: everything that determines a run. The only part of the program that knows TOML.
//!
//! A file goes through a tree that knows the place of every value ([`Experiment::parse`]) to a checked
//! [`Experiment`]; what is wrong is collected in [`Problems`], all of it at once. The fields are
//! documented in [`FIELDS`].

mod check;
mod document;
mod estimate;
mod fields;
mod load;
mod node;
mod optimizer;
mod overrides;
mod problem;
mod read;
mod section;
mod selection;
mod shape;
mod surface;
pub mod sweep;
mod write;

#[cfg(test)]
mod tests;

pub use check::MOST_THREADS;
pub use document::Document;
pub use estimate::{Estimate, Work, scaled};
pub use fields::{FIELDS, Field};
pub use load::LoadError;
pub use node::Origin;
pub use problem::{Flaw, Problem, Problems};
pub use section::nearest;
pub use shape::{MOST_PARAMETERS, Mismatch};
pub use sweep::{Planned, Shortening, Sweep};

use crate::{data, diagnostics, network, optim, train};

/// A checked experiment: it can run, given its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// The name its run folder starts with.
    pub name: String,
    /// Determines every random number of the run.
    pub seed: u64,
    /// Floating-point precision of training.
    pub precision: train::Precision,
    /// Data and task. `None` where the file has no data section, as for `inspect`.
    pub data: Option<data::Selection>,
    /// The network.
    pub network: network::Plan,
    /// The loss.
    pub loss: network::Loss,
    /// The optimizer.
    pub optimizer: optim::Settings,
    /// Minibatch size, number of updates, threads.
    pub train: train::Settings,
    /// What is measured along the run.
    pub diagnostics: diagnostics::Settings,
}
