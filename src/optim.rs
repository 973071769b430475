//! Optimizers: which direction (gradient, Adam, Kronecker-preconditioned, conjugate gradients), and how
//! far (a rate that decays, or the exact quadratic model with or without momentum).

mod conjugate_gradients;
mod damping;
mod ekfac;
mod first_order;
pub mod kronecker;
mod phase;
pub mod quadratic;
mod range;
mod second_order;
mod settings;

pub use damping::Damped;
pub use ekfac::Corrected;
pub use first_order::{Coefficient, FirstOrder, Moments, Rule};
pub use kronecker::{BadFactor, Side};
pub use phase::{Phase, Spent, Stopwatch};
pub use range::Range;
pub use second_order::SecondOrderState;
pub use settings::{Curvature, Damping, Kind, Method, SecondOrder, Settings};

use crate::linalg::{Archive, ArchiveError, Keep, Real};
use crate::network::{Architecture, Parameters, Pass};

/// A minibatch after its forward and backward pass: all that an update depends on.
#[derive(Debug)]
pub struct Minibatch<'a, T> {
    /// The pass, which an update may overwrite.
    pub pass: &'a mut Pass<T>,
    /// θ.
    pub parameters: &'a Parameters<T>,
    /// ∇Ē, the L2 term included.
    pub gradient: &'a Parameters<T>,
    /// Mean loss, without the L2 term.
    pub loss: f64,
    /// η.
    pub l2: f64,
    /// The experiment's seed.
    pub seed: u64,
    /// The number of this update, from 1.
    pub step: u64,
}

/// What an update tells of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The learning rate, of first-order methods.
    pub learning_rate: Option<f64>,
    /// α*.
    pub step_size: Option<f64>,
    /// μ*.
    pub momentum: Option<f64>,
    /// δᵀCδ.
    pub quadratic: Option<f64>,
    /// γ.
    pub kronecker_damping: Option<f64>,
    /// τ.
    pub step_damping: Option<f64>,
    /// ρ, where it was measured.
    pub reduction_ratio: Option<f64>,
    /// ‖Δ‖.
    pub update_norm: f64,
    /// Whether the loss after the update is known not to be finite.
    pub rejected: bool,
    /// Kronecker factors that were inverted with more damping than asked for, each in words.
    pub escalations: Vec<String>,
}

/// An optimizer with its settings, which may change at any time, and its state.
pub struct Optimizer<T> {
    /// Its settings.
    pub settings: Settings,
    /// What it keeps from one update to the next.
    pub state: State<T>,
}

/// What an optimizer keeps from one update to the next.
pub enum State<T> {
    /// Of a first-order method.
    FirstOrder(Moments<T>),
    /// Of a second-order method.
    SecondOrder(Box<SecondOrderState<T>>),
}

impl<T: Real> State<T> {
    /// The state before the first update.
    fn new(method: &Method, architecture: &Architecture) -> Self {
        match method {
            Method::FirstOrder(first) => Self::FirstOrder(Moments::new(first.rule, architecture.parameters())),
            Method::SecondOrder(second) => Self::SecondOrder(Box::new(SecondOrderState::new(second, architecture))),
        }
    }
}

impl<T: Real> Optimizer<T> {
    /// An optimizer before its first update.
    pub fn new(settings: Settings, architecture: &Architecture) -> Self {
        let state = State::new(&settings.method, architecture);
        Self { settings, state }
    }

    /// The optimizer of an archive, with its settings and its state.
    ///
    /// # Errors
    /// Where the archive has none for this network.
    pub fn restored(archive: &Archive, architecture: &Architecture) -> Result<Self, ArchiveError> {
        let mut optimizer = Self::new(archive.value("optimizer")?, architecture);
        match &mut optimizer.state {
            State::FirstOrder(moments) => moments.restore(archive)?,
            State::SecondOrder(state) => state.restore(archive)?,
        }
        Ok(optimizer)
    }

    /// Puts its settings and its state into an archive.
    pub fn save(&self, archive: &mut Archive) {
        archive.note("optimizer", &self.settings);
        match &self.state {
            State::FirstOrder(moments) => moments.save(archive),
            State::SecondOrder(state) => state.save(archive),
        }
    }

    /// Its settings, with the dampings of this moment as those of the start.
    pub fn present(&self) -> Settings {
        let mut settings = self.settings.clone();
        if let (Method::SecondOrder(second), State::SecondOrder(state)) = (&mut settings.method, &self.state) {
            second.kronecker_damping = second.kronecker_damping.starting_from(state.kronecker_damping.get());
            second.step_damping = second.step_damping.starting_from(state.step_damping.get());
        }
        settings
    }

    /// Takes other settings and goes on with its state, as far as it is of the same method; else as after
    /// a switch. γ and τ stay unless the settings state another start.
    pub fn adopt(&mut self, settings: Settings, architecture: &Architecture) {
        let old = std::mem::replace(&mut self.settings, settings);
        if old.method.label() != self.settings.method.label() {
            match (&self.settings.method, &mut self.state) {
                (Method::SecondOrder(second), State::SecondOrder(state)) => state.switch(second, architecture),
                (method, state) => *state = State::new(method, architecture),
            }
        }
        if let (Method::SecondOrder(before), Method::SecondOrder(second), State::SecondOrder(state)) =
            (&old.method, &self.settings.method, &mut self.state)
        {
            state.adopt(before, second, architecture);
            // η is part of what the inverses are damped with.
            state.stale |= old.l2.to_bits() != self.settings.l2.to_bits();
        }
    }

    /// One update: next ← θ + Δ.
    ///
    /// # Errors
    /// Where a Kronecker factor cannot be used.
    pub fn update(
        &mut self,
        batch: &mut Minibatch<T>,
        next: &mut Parameters<T>,
        watch: &mut Stopwatch,
    ) -> Result<Report, BadFactor> {
        match (&self.settings.method, &mut self.state) {
            (Method::FirstOrder(first), State::FirstOrder(moments)) => {
                watch.enter(Phase::Update);
                let rate = first.rate(batch.step);
                let update_norm = moments.update(first, rate, batch.gradient, batch.parameters, next);
                Ok(Report { learning_rate: Some(rate), update_norm, ..Report::default() })
            }
            (Method::SecondOrder(second), State::SecondOrder(state)) => {
                let mut report = state.update(second, batch, next, watch)?;
                report.update_norm = batch.parameters.distance(next);
                Ok(report)
            }
            _ => unreachable!("an optimizer's state is made of its settings"),
        }
    }

    /// Becomes a method of another kind. Between second-order methods all settings stay, and γ, τ and the
    /// previous update as they are; between first-order ones the decay period; what else a method has
    /// starts from its defaults. Returns what was kept, in words.
    pub fn switch(&mut self, kind: Kind, architecture: &Architecture) -> &'static str {
        match (&mut self.settings.method, &mut self.state, kind) {
            (Method::SecondOrder(settings), State::SecondOrder(state), Kind::Curvature(curvature)) => {
                settings.curvature = curvature;
                state.switch(settings, architecture);
                "γ, τ and the last update are kept, all else starts afresh"
            }
            (Method::FirstOrder(old), _, Kind::Rule(rule)) => {
                let mut new = FirstOrder::new(rule);
                new.decay_period = old.decay_period;
                *old = new;
                self.state = State::new(&self.settings.method, architecture);
                "the decay period is kept, all else starts afresh"
            }
            _ => {
                self.settings.method = kind.method();
                self.state = State::new(&self.settings.method, architecture);
                "all starts afresh"
            }
        }
    }

    /// What the dampings were raised to, in words; nothing for methods without.
    pub fn damping_note(&self) -> String {
        match &self.state {
            State::FirstOrder(..) => String::new(),
            State::SecondOrder(state) => {
                let (gamma, tau) = (state.kronecker_damping.get(), state.step_damping.get());
                format!("; γ raised to {gamma:.3e}, τ to {tau:.3e}")
            }
        }
    }

    /// Takes note that a step had to be undone: second-order methods raise their damping, and all forget
    /// the moments that led to it.
    pub fn reject(&mut self) {
        match (&self.settings.method, &mut self.state) {
            (Method::FirstOrder(_), State::FirstOrder(moments)) => moments.forget(),
            (Method::SecondOrder(second), State::SecondOrder(state)) => state.reject(second),
            _ => unreachable!("an optimizer's state is made of its settings"),
        }
    }
}
