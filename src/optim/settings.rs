//! What an experiment says of its optimizer, with the defaults.

use serde::{Deserialize, Serialize};

use super::{FirstOrder, Rule};

/// The optimizer of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Which method.
    pub method: Method,
    /// η of the L2 term η/2 ‖θ‖², biases included; at least 0.
    pub l2: f64,
    /// Decay of the Polyak average of the parameters that evaluation uses, in [0, 1); 0: none.
    pub polyak: f64,
}

/// What the kind of an optimizer names.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A first-order method.
    Rule(Rule),
    /// A second-order method.
    Curvature(Curvature),
}

impl Kind {
    /// Every kind.
    pub fn all() -> Vec<Self> {
        let rules = Rule::ALL.iter().map(|&rule| Self::Rule(rule));
        rules.chain(Curvature::ALL.iter().map(|&curvature| Self::Curvature(curvature))).collect()
    }

    /// Its name in experiment files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule(rule) => rule.name(),
            Self::Curvature(curvature) => curvature.name(),
        }
    }

    /// Its name wherever it is shown or recorded: that in experiment files, and what is to be said of it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Rule(rule) => rule.name(),
            Self::Curvature(curvature) => curvature.label(),
        }
    }

    /// The name in experiment files of the kind with this label.
    pub fn name_of(label: &str) -> &str {
        label.split_once(' ').map_or(label, |(name, _)| name)
    }

    /// A method of this kind, with its default settings.
    pub fn method(self) -> Method {
        match self {
            Self::Rule(rule) => Method::FirstOrder(FirstOrder::new(rule)),
            Self::Curvature(curvature) => Method::SecondOrder(SecondOrder::new(curvature)),
        }
    }
}

/// A method: which direction and how far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The gradient, transformed elementwise, at a given learning rate.
    FirstOrder(FirstOrder),
    /// The gradient, preconditioned by curvature, at the step of the exact quadratic model.
    SecondOrder(SecondOrder),
}

/// Settings of the second-order methods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondOrder {
    /// What the gradient is preconditioned with.
    pub curvature: Curvature,
    /// γ, added in factored form to the Kronecker factors. Hessian-free does not use it.
    pub kronecker_damping: Damping,
    /// τ, added to the quadratic model.
    pub step_damping: Damping,
    /// T₂: γ is adapted every so many updates.
    pub kronecker_period: u64,
    /// T₁: τ is adapted every so many updates.
    pub step_period: u64,
    /// T₃: the damped inverses are made anew every so many updates. While the running averages still form, in the
    /// first period, at every one of them (those of EKFAC, eigenvectors, at the updates 1, 2, 4, …); and whenever η
    /// or γ changes.
    pub inverse_period: u64,
    /// ε_max in [0, 1): the weight of the past in the running average of the factors; 0: the minibatch
    /// alone.
    pub factor_average: f64,
    /// Whether the previous update is the second direction of the quadratic model.
    pub momentum: bool,
}

impl SecondOrder {
    /// Whether the method has Kronecker factors, and so a Kronecker damping.
    pub fn has_factors(&self) -> bool {
        !matches!(self.curvature, Curvature::HessianFree { .. })
    }

    /// The default settings with a curvature.
    pub fn new(curvature: Curvature) -> Self {
        Self {
            curvature,
            kronecker_damping: Damping::KRONECKER,
            step_damping: Damping::STEP,
            kronecker_period: 20,
            step_period: 5,
            inverse_period: 20,
            factor_average: 0.95,
            momentum: false,
        }
    }
}

/// The curvature that preconditions the gradient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curvature {
    /// Kronecker factors from sampled targets (or, `empirical`, from the true ones).
    Kfac {
        /// m, targets drawn for each datum; at least 1.
        samples: usize,
        /// Gradients of the true targets instead of sampled ones. Not the Fisher.
        empirical: bool,
    },
    /// The eigenvectors of KFAC's factors, with corrected eigenvalues (George et al. 2018).
    Ekfac {
        /// m, targets drawn for each datum; at least 1.
        samples: usize,
    },
    /// Kronecker factors of the exact expectation.
    Kflr,
    /// Kronecker factors by the recursion of the expectation.
    Kfra,
    /// The Gauss-Newton matrix itself, by conjugate gradients (Martens 2010).
    HessianFree {
        /// The most conjugate-gradient iterations an update.
        iterations: usize,
        /// Relative progress of the quadratic model below which the iteration ends.
        tolerance: f64,
    },
}

impl Curvature {
    /// KFAC with one sampled target a datum.
    pub const KFAC: Self = Self::Kfac { samples: 1, empirical: false };

    /// EKFAC with one sampled target a datum.
    pub const EKFAC: Self = Self::Ekfac { samples: 1 };

    /// Hessian-free with the default limits.
    pub const HESSIAN_FREE: Self = Self::HessianFree { iterations: 250, tolerance: 5e-4 };

    /// Every curvature, with its default settings.
    pub const ALL: &[Self] = &[Self::KFAC, Self::Kflr, Self::Kfra, Self::HESSIAN_FREE, Self::EKFAC];

    /// Its name in experiment files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kfac { .. } => "kfac",
            Self::Ekfac { .. } => "ekfac",
            Self::Kflr => "kflr",
            Self::Kfra => "kfra",
            Self::HessianFree { .. } => "hessian_free",
        }
    }

    /// Its name wherever it is shown or recorded: that in experiment files, and of the empirical KFAC that it is not
    /// the Fisher.
    pub fn label(self) -> &'static str {
        match self {
            Self::Kfac { empirical: true, .. } => "kfac (empirical, not the Fisher)",
            _ => self.name(),
        }
    }
}

/// A damping value, where it starts and within which bounds it adapts itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Damping {
    /// The value at the start, above 0.
    pub initial: f64,
    /// The least it may become, above 0.
    pub min: f64,
    /// The most it may become.
    pub max: f64,
    /// Whether it adapts; if not it stays as it is.
    pub adapt: bool,
}

impl Damping {
    /// The default γ.
    pub const KRONECKER: Self = Self { initial: 1.0, min: 1e-4, max: 1e4, adapt: true };

    /// The default τ.
    pub const STEP: Self = Self { initial: 1.0, min: 1e-6, max: 1e4, adapt: true };

    /// The same, starting from a value; its bounds give way to it.
    #[must_use]
    pub fn starting_from(self, value: f64) -> Self {
        Self { initial: value, min: self.min.min(value), max: self.max.max(value), adapt: self.adapt }
    }
}

impl Method {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::FirstOrder(first) => Kind::Rule(first.rule),
            Self::SecondOrder(second) => Kind::Curvature(second.curvature),
        }
    }

    /// Its name wherever it is shown or recorded, [`Kind::label`].
    pub fn label(&self) -> &'static str {
        self.kind().label()
    }
}
