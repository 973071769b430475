//! What a diagnostic is made of: what it is given, and what it finds.

use serde::{Deserialize, Serialize};

use super::alignment::Direction;
use super::clock::interruptible;
use super::error::go_on;
use super::surface::Plane;
use super::{Diagnostic, Probe, Stop};
use crate::curvature::KroneckerFactors;
use crate::linalg::Real;
use crate::network::{Parameters, Pass};
use crate::optim::{Curvature, Damping, FirstOrder, Method, Moments, Optimizer, Rule, Settings, State};

/// What a diagnostic finds of one part of the parameters, and how.
pub trait Finding: Clone + 'static {
    /// The diagnostic's name on the screen: `Hessian blocks`.
    const TITLE: &'static str;

    /// The same where there is little room: `Hessian`.
    const SYMBOL: &'static str = Self::TITLE;

    /// When it is measured, and on how many data, where nothing is stated.
    const PROBE: Probe = Probe { every: 50, data: 64 };

    /// Whether it finds something of each layer.
    const BY_LAYER: bool = true;

    /// Whether it is measured on validation data, where there are any, in place of training data.
    const HELD_OUT: bool = false;

    /// Measures every part, and reports each as soon as it is known.
    ///
    /// # Errors
    /// Where something is not finite, and once the task is cancelled.
    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop>;

    /// What all diagnostics tell.
    fn reading(&self) -> Reading;

    /// What was found, number by number, for files of other programs.
    fn numbers(&self) -> Vec<(String, f64)>;

    /// What was found as lists: eigenvalues, histograms, points of a curve.
    fn lists(&self) -> Vec<(&'static str, Vec<f64>)> {
        Vec::new()
    }
}

/// Numbers with their names.
pub(super) fn named<'a>(numbers: impl IntoIterator<Item = (&'a str, f64)>) -> Vec<(String, f64)> {
    numbers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What is to be measured.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// The probe batch, after a forward and a backward pass at `parameters`.
    pub pass: &'a Pass<f64>,
    /// θ.
    pub parameters: &'a Parameters<f64>,
    /// The one part of the parameters that is measured, where not all are.
    pub only: Option<Scope>,
    /// The largest matrix that is decomposed.
    pub exact_limit: usize,
    /// The plane of the loss surface.
    pub plane: &'a Plane,
    /// The directions that are compared.
    pub directions: &'a [Direction],
    /// What they depend on.
    pub preconditioning: &'a Preconditioning,
    /// The run's.
    pub seed: u64,
    /// What the results are labelled with.
    pub step: u64,
    /// Rows and columns of an input, where inputs are images.
    pub image: Option<(usize, usize)>,
    /// Told by any thread how many pieces of work are done, and of how many, where nothing is reported for long.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
    /// Whether to end without a further report; to be asked often, by any thread.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl Task<'_> {
    /// Whether results about all parameters are wanted.
    pub fn wants_whole(&self) -> bool {
        self.only.is_none_or(|only| only == Scope::Whole)
    }

    /// Whether results about layer λ are wanted.
    pub fn wants_layer(&self, layer: usize) -> bool {
        self.only.is_none_or(|only| only == Scope::Layer(layer))
    }

    /// To be asked between any two pieces of work, of which none takes long.
    ///
    /// # Errors
    /// Once the task is cancelled.
    pub(super) fn go_on(&self) -> Result<(), Stop> {
        go_on(self.cancelled)
    }

    /// Does work that takes long and cannot ask, on copies of the pass and the parameters, as [`interruptible`]
    /// does.
    ///
    /// # Errors
    /// Once the task is cancelled; where there can be no further thread.
    pub(super) fn interruptible<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Pass<f64>, &Parameters<f64>) -> T + Send + 'static,
    ) -> Result<T, Stop> {
        let (pass, parameters) = (self.pass.clone(), self.parameters.clone());
        interruptible(self.cancelled, move || work(&pass, &parameters))
    }
}

/// What directions depend on beside the gradient, as it is in the run at the step of the measurement.
#[derive(Clone, Debug)]
pub struct Preconditioning {
    /// γ, or τ of Hessian-free; that of the defaults in runs without.
    pub damping: f64,
    /// η.
    pub l2: f64,
    /// m, the targets that KFAC draws for each datum.
    pub samples: usize,
    /// The direction of the optimizer.
    pub update: Direction,
    /// Adam's settings and moments, in runs with Adam. Elsewhere its first update is taken.
    pub adam: Option<(FirstOrder, Moments<f64>)>,
    /// The running averages of the Kronecker factors, where the optimizer has them.
    pub factors: Option<KroneckerFactors<f64>>,
}

impl Preconditioning {
    /// As an optimizer begins with these settings.
    pub fn of_settings(settings: &Settings) -> Self {
        let default = Self { l2: settings.l2, ..Self::default() };
        match &settings.method {
            Method::SecondOrder(second) => {
                let samples = match second.curvature {
                    Curvature::Kfac { samples, empirical: false } | Curvature::Ekfac { samples } => samples,
                    _ => default.samples,
                };
                // Hessian-free solves with τ in place of γ.
                let damping = if second.has_factors() { &second.kronecker_damping } else { &second.step_damping };
                let update = match second.curvature {
                    Curvature::Kfac { .. } => Direction::Kfac,
                    Curvature::Ekfac { .. } => Direction::Ekfac,
                    Curvature::Kflr => Direction::Kflr,
                    Curvature::Kfra => Direction::Kfra,
                    Curvature::HessianFree { .. } => Direction::Full,
                };
                Self { damping: damping.initial, samples, update, ..default }
            }
            Method::FirstOrder(first) if first.rule == Rule::Adam => Self { update: Direction::Adam, ..default },
            Method::FirstOrder(_) => default,
        }
    }

    /// As an optimizer is now, with what some diagnostics need of its state.
    pub fn of<T: Real>(optimizer: &Optimizer<T>, diagnostics: &[Diagnostic]) -> Self {
        let settings = optimizer.present();
        let (mut adam, mut factors) = (None, None);
        match (&settings.method, &optimizer.state) {
            (Method::FirstOrder(first), State::FirstOrder(kept)) => {
                let asks = |diagnostic| matches!(diagnostic, Diagnostic::Alignment | Diagnostic::Surface);
                let needed = first.rule == Rule::Adam && diagnostics.iter().copied().any(asks);
                adam = needed.then(|| (first.clone(), kept.cast()));
            }
            (_, State::SecondOrder(state)) if diagnostics.contains(&Diagnostic::Factors) => {
                factors = state.factors().map(|factors| factors.cast());
            }
            _ => {}
        }
        Self { adam, factors, ..Self::of_settings(&settings) }
    }
}

impl Default for Preconditioning {
    fn default() -> Self {
        Self {
            damping: Damping::KRONECKER.initial,
            l2: 0.0,
            samples: 1,
            update: Direction::Gradient,
            adam: None,
            factors: None,
        }
    }
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

impl Scope {
    /// Its name in files: `all`, or λ.
    pub fn name(self) -> String {
        match self {
            Self::Whole => "all".to_owned(),
            Self::Layer(layer) => layer.to_string(),
        }
    }
}
