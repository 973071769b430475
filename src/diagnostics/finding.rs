//! What a diagnostic is made of: what it is given, and what it finds.

use serde::{Deserialize, Serialize};

use super::{Probe, Stop};
use crate::network::{Parameters, Pass};

/// What a diagnostic finds of one part of the parameters, and how.
pub trait Finding: Copy + 'static {
    /// The diagnostic's name on the screen: `Hessian blocks`.
    const TITLE: &'static str;

    /// The same where there is little room: `Hessian`.
    const SYMBOL: &'static str = Self::TITLE;

    /// When it is measured, and on how many data, where nothing is stated.
    const PROBE: Probe = Probe { every: 50, data: 64 };

    /// Measures every part, and reports each as soon as it is known.
    ///
    /// # Errors
    /// Where something is not finite, and once the task is cancelled.
    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop>;

    /// What all diagnostics tell.
    fn reading(&self) -> Reading;
}

/// What is to be measured.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// The probe batch, after a forward and a backward pass at `parameters`.
    pub pass: &'a Pass<f64>,
    /// θ.
    pub parameters: &'a Parameters<f64>,
    /// The largest matrix that is decomposed.
    pub exact_limit: usize,
    /// The run's.
    pub seed: u64,
    /// What the results are labelled with.
    pub step: u64,
    /// Whether to end without a further report; to be asked often.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// What all diagnostics tell of a result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The step whose parameters were measured.
    pub step: u64,
    /// What part of them.
    pub scope: Scope,
    /// CPU seconds it took.
    pub cost: f64,
    /// What is kept along the run: the main quantity, and two others.
    pub quantities: [f64; 3],
}

/// What part of the parameters a result is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All parameters.
    Whole,
    /// The parameters of layer λ = 1 … L.
    Layer(usize),
}
