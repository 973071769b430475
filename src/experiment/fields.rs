//! Every field an experiment file can have: the one place where they are documented.

use crate::data::Task;
use crate::network::{Activation, Init, Loss};
use crate::optim::{Curvature, Rule};

/// A field of an experiment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its place: `optimizer.l2`.
    pub key: &'static str,
    /// Its default, as written in a file; `required` or `-` (none) in place of a value.
    pub default: &'static str,
    /// The optimizers that take it; empty if it does not depend on the optimizer.
    pub takers: &'static [&'static str],
    /// What it is and which values it takes.
    pub meaning: &'static str,
}

/// A kind of optimizer, as it is where a file says no more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    FirstOrder(Rule),
    SecondOrder(Curvature),
}

/// The optimizers.
pub(super) const KINDS: [Kind; 8] = [
    Kind::FirstOrder(Rule::Sgd),
    Kind::FirstOrder(Rule::MOMENTUM),
    Kind::FirstOrder(Rule::NESTEROV),
    Kind::FirstOrder(Rule::ADAM),
    Kind::SecondOrder(Curvature::KFAC),
    Kind::SecondOrder(Curvature::Kflr),
    Kind::SecondOrder(Curvature::Kfra),
    Kind::SecondOrder(Curvature::HESSIAN_FREE),
];

impl Kind {
    /// Its name in a file.
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstOrder(rule) => rule.name(),
            Self::SecondOrder(curvature) => curvature.name(),
        }
    }
}

const ALL: &[&str] = &[];
const FIRST: &[&str] = &["sgd", "momentum", "nesterov", "adam"];
const SECOND: &[&str] = &["kfac", "kflr", "kfra", "hessian_free"];
const KRONECKER: &[&str] = &["kfac", "kflr", "kfra"];
const HEAVY: &[&str] = &["momentum", "nesterov", "kfac", "kflr", "kfra", "hessian_free"];

macro_rules! fields {
    ($($key:literal = $default:literal, $takers:expr, $meaning:literal;)*) => {
        /// Every field, in the order of a file.
        pub const FIELDS: &[Field] =
            &[$(Field { key: $key, default: $default, takers: $takers, meaning: $meaning }),*];
    };
}

fields! {
    "name" = "-", ALL, "What the run folder is called; the file's name where not stated.";
    "seed" = "1", ALL, "Determines every random number: a whole number from 0.";
    "precision" = "\"f32\"", ALL, "Floating-point precision of training: f32 or f64.";

    "data.source" = "-", ALL, "A known data set: mnist (from a data folder) or digits (embedded).";
    "data.images" = "-", ALL, "In place of source: an IDX file, gzip or not; relative to the experiment file.";
    "data.labels" = "-", ALL, "An IDX file of the classes of the images; not needed to autoencode.";
    "data.task" = "required", ALL, "What is predicted.";
    "data.train" = "-", ALL, "How many of the first data train: mnist 50000, digits 1500, else five of six.";
    "data.validation" = "-", ALL, "How many of the next data validate: mnist 10000, digits 297, else the rest.";

    "network.input" = "-", ALL, "Number of inputs; follows from the data.";
    "network.output" = "-", ALL, "Number of outputs; follows from the data and the loss.";
    "network.layers" = "required", ALL, "The hidden layers from input to output; the output layer is linear and not listed.";
    "network.layers.units" = "required", ALL, "Width of the layer: a whole number from 1.";
    "network.layers.activation" = "required", ALL, "Its activation f.";
    "network.bias" = "true", ALL, "Whether the layers have biases.";
    "network.init" = "\"glorot\"", ALL, "Initial weights.";

    "loss.kind" = "required", ALL, "The loss of one datum.";

    "optimizer.kind" = "required", ALL, "The method.";
    "optimizer.learning_rate" = "-", FIRST, "Learning rate at the start: above 0; adam 0.001, the others 0.01.";
    "optimizer.decay_period" = "0", FIRST, "The learning rate is halved every so many updates; 0: never.";
    "optimizer.momentum" = "-", HEAVY,
        "momentum, nesterov: a number from 0, below 1 (0.9). Second order: whether the last update is a second direction (false).";
    "optimizer.beta1" = "0.9", &["adam"], "Decay of the mean gradient: from 0, below 1.";
    "optimizer.beta2" = "0.999", &["adam"], "Decay of the mean squared gradient: from 0, below 1.";
    "optimizer.epsilon" = "1e-8", &["adam"], "Added to the root of the mean squared gradient: above 0.";
    "optimizer.kronecker_damping" = "1.0", KRONECKER, "γ at the start: above 0.";
    "optimizer.kronecker_damping_min" = "1e-4", KRONECKER, "The least γ may become; no more than γ at the start.";
    "optimizer.kronecker_damping_max" = "1e4", KRONECKER, "The most γ may become; no less than γ at the start.";
    "optimizer.adapt_kronecker_damping" = "true", KRONECKER, "Whether γ adapts itself.";
    "optimizer.step_damping" = "1.0", SECOND, "τ at the start: above 0.";
    "optimizer.step_damping_min" = "1e-6", SECOND, "The least τ may become; no more than τ at the start.";
    "optimizer.step_damping_max" = "1e4", SECOND, "The most τ may become; no less than τ at the start.";
    "optimizer.adapt_step_damping" = "true", SECOND, "Whether τ adapts itself.";
    "optimizer.kronecker_period" = "20", KRONECKER, "γ is adapted every so many updates: from 1.";
    "optimizer.step_period" = "5", SECOND, "τ is adapted every so many updates: from 1.";
    "optimizer.inverse_period" = "20", KRONECKER, "Updates between new inverses of the factors: from 1.";
    "optimizer.factor_average" = "0.95", KRONECKER, "Weight of the past in the factors: from 0 (none), below 1.";
    "optimizer.samples" = "1", &["kfac"], "Targets drawn for each datum: from 1.";
    "optimizer.empirical" = "false", &["kfac"], "True targets in place of drawn ones (not the Fisher).";
    "optimizer.iterations" = "250", &["hessian_free"], "The most conjugate-gradient iterations an update: from 1.";
    "optimizer.tolerance" = "5e-4", &["hessian_free"], "Relative progress below which the iterations end: above 0.";
    "optimizer.l2" = "0.0", ALL, "η of the term η/2 ‖θ‖², biases included: from 0.";
    "optimizer.polyak" = "0.0", ALL, "Decay of the average of parameters that is evaluated: from 0 (none), below 1.";

    "train.batch" = "1000", ALL, "Data a minibatch: from 1, at most the training data.";
    "train.updates" = "5000", ALL, "Updates until the run is finished: from 1.";
    "train.threads" = "-", ALL, "Threads of the run; all cores where not stated.";
    "train.evaluate_every" = "100", ALL, "Updates between evaluations of training and validation loss; 0: only at start and end.";
    "train.checkpoint_every" = "0", ALL, "Updates between checkpoints; 0: only at the end.";

    "diagnostics.rank" = "-", ALL, "The rank of the Gauss-Newton matrix.";
    "diagnostics.rank.every" = "50", ALL, "Updates between measurements; 0: never.";
    "diagnostics.rank.data" = "64", ALL, "Data of the probe batch: from 1.";
    "diagnostics.hessian" = "-", ALL, "Traces and extreme eigenvalues of the Hessian blocks.";
    "diagnostics.hessian.every" = "50", ALL, "Updates between measurements; 0: never.";
    "diagnostics.hessian.data" = "64", ALL, "Data of the probe batch: from 1.";
    "diagnostics.alignment" = "-", ALL, "Alignment of the methods with the exact update.";
    "diagnostics.alignment.every" = "0", ALL, "Only 0: on demand.";
    "diagnostics.budget" = "0.1", ALL, "The share of CPU time diagnostics may take: from 0 up to 1.";
    "diagnostics.exact_limit" = "2048", ALL, "The largest matrix whose eigenvalues are computed densely: from 1.";
}

impl Field {
    /// The names it takes, where it takes one of some names.
    pub fn choices(&self) -> Vec<&'static str> {
        match self.key {
            "data.task" => Task::ALL.iter().map(|task| task.name()).collect(),
            "network.layers.activation" => Activation::ALL.iter().map(|activation| activation.name()).collect(),
            "network.init" => Init::ALL.iter().map(|init| init.name()).collect(),
            "loss.kind" => Loss::ALL.iter().map(|loss| loss.name()).collect(),
            "optimizer.kind" => KINDS.map(Kind::name).to_vec(),
            _ => Vec::new(),
        }
    }
}

/// The keys of the section at `path`, those of its sections not included; "" is the whole file.
pub(super) fn keys(path: &str) -> Vec<&'static str> {
    let mut keys: Vec<&str> = Vec::new();
    for field in FIELDS {
        let rest = if path.is_empty() {
            Some(field.key)
        } else {
            field.key.strip_prefix(path).and_then(|rest| rest.strip_prefix('.'))
        };
        if let Some(key) = rest.and_then(|rest| rest.split('.').next())
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }
    keys
}

/// The optimizers that take the key `optimizer.KEY`; `None` if it does not depend on the optimizer or
/// is unknown.
pub(super) fn takers(key: &str) -> Option<&'static [&'static str]> {
    let field = FIELDS.iter().find(|field| field.key.strip_prefix("optimizer.") == Some(key))?;
    Some(field.takers).filter(|takers| !takers.is_empty())
}
