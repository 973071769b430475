//! Every field an experiment file can have: the one place where they are documented.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::data::Task;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::surface::Along;
use crate::network::{Activation, Init, Loss};
use crate::optim::{Kind, Rule, SecondOrder};

/// A field of an experiment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its place: `optimizer.l2`.
    pub key: Cow<'static, str>,
    /// Its default, as written in a file; `required` or `-` (none) in place of a value.
    pub default: Cow<'static, str>,
    /// The optimizers that take it; empty if it does not depend on the optimizer.
    pub takers: Vec<&'static str>,
    /// What it is and which values it takes.
    pub meaning: Cow<'static, str>,
    /// What it is with some optimizers and with others, where that differs.
    variants: Vec<(Vec<&'static str>, String)>,
}

/// Which optimizers take a field.
enum Takers {
    /// It does not depend on the optimizer.
    All,
    /// First-order methods.
    First,
    /// Second-order methods.
    Second,
    /// Methods with Kronecker factors.
    Kronecker,
    /// Some of them.
    Only(&'static [&'static str]),
}

/// The names of every kind of optimizer that `takes` something.
fn names(takes: impl Fn(Kind) -> bool) -> Vec<&'static str> {
    Kind::all().into_iter().filter(|&kind| takes(kind)).map(Kind::name).collect()
}

impl Takers {
    fn names(&self) -> Vec<&'static str> {
        match *self {
            Self::All => Vec::new(),
            Self::First => names(|kind| matches!(kind, Kind::Rule(_))),
            Self::Second => names(|kind| matches!(kind, Kind::Curvature(_))),
            Self::Kronecker => {
                names(|kind| matches!(kind, Kind::Curvature(curvature) if SecondOrder::new(curvature).has_factors()))
            }
            Self::Only(names) => names.to_vec(),
        }
    }
}

macro_rules! fields {
    ($($key:literal = $default:literal, $takers:expr, $meaning:literal;)*) => {
        /// Every field, in the order of a file.
        pub static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
            use Takers::{All, First, Kronecker, Only, Second};
            let mut fields = Vec::new();
            $(add(&mut fields, $key.into(), $default.into(), $takers.names(), $meaning.into());)*
            fields
        });
    };
}

fields! {
    "name" = "-", All, "What the run folder is called; the file's name where not stated.";
    "seed" = "1", All, "Determines every random number: a whole number from 0.";
    "precision" = "\"f32\"", All, "Floating-point precision of training: f32 or f64.";

    "data.source" = "-", All, "A known data set: mnist or fashion-mnist (from a data folder), curves or faces (made by the program) or digits (embedded).";
    "data.images" = "-", All, "In place of source: a file, relative to the experiment file: IDX, .npy or .csv (a datum a line), gzip or not, or .npz (FILE#ARRAY where there are several); or a folder of PNG, JPEG or PGM images of one size, or of such folders, which are classes.";
    "data.labels" = "-", All, "The classes of the images, or the numbers to predict: IDX, .npy, .npz#ARRAY or .csv#COLUMN, which may be the file of the images; not needed to autoencode, nor where folders are classes.";
    "data.seed" = "-", All, "With source curves or faces: determines the images; a whole number from 0, 1 where not stated.";
    "data.portraits" = "-", All, "With source faces, in place of the portraits of the project: a folder of images, or one with a folder for each person; or a .npy file, portraits × rows × columns (each of another person) or people × portraits × rows × columns.";
    "data.task" = "required", All, "What is predicted.";
    "data.train" = "-", All, "How many of the first data train: mnist and fashion-mnist 50000, curves 20000, faces 103500, digits 1500, else five of six.";
    "data.validation" = "-", All, "How many of the next data validate: mnist, fashion-mnist and curves 10000, faces 41400 (of other people), digits 297, else the rest.";

    "network.input" = "-", All, "Number of inputs; follows from the data.";
    "network.output" = "-", All, "Number of outputs; follows from the data and the loss.";
    "network.layers" = "required", All, "The hidden layers from input to output; the output layer is linear and not listed.";
    "network.layers.units" = "required", All, "Width of the layer: a whole number from 1.";
    "network.layers.activation" = "required", All, "Its activation f.";
    "network.bias" = "true", All, "Whether the layers have biases.";
    "network.init" = "\"glorot\"", All, "Initial weights.";

    "loss.kind" = "required", All, "The loss of one datum.";

    "optimizer.kind" = "required", All, "The method.";
    "optimizer.learning_rate" = "-", First, "Learning rate at the start: above 0; adam 0.001, the others 0.01.";
    "optimizer.decay_period" = "0", First, "The learning rate is halved every so many updates; 0: never.";
    "optimizer.kronecker_damping" = "1.0", Kronecker, "γ at the start: above 0.";
    "optimizer.kronecker_damping_min" = "1e-4", Kronecker, "The least γ may become; no more than γ at the start.";
    "optimizer.kronecker_damping_max" = "1e4", Kronecker, "The most γ may become; no less than γ at the start.";
    "optimizer.adapt_kronecker_damping" = "true", Kronecker, "Whether γ adapts itself.";
    "optimizer.step_damping" = "1.0", Second, "τ at the start: above 0.";
    "optimizer.step_damping_min" = "1e-6", Second, "The least τ may become; no more than τ at the start.";
    "optimizer.step_damping_max" = "1e4", Second, "The most τ may become; no less than τ at the start.";
    "optimizer.adapt_step_damping" = "true", Second, "Whether τ adapts itself.";
    "optimizer.kronecker_period" = "20", Kronecker, "γ is adapted every so many updates: from 1.";
    "optimizer.momentum" = "false", Second, "Whether the last update is a second direction.";
    "optimizer.step_period" = "5", Second, "τ is adapted every so many updates: from 1.";
    "optimizer.inverse_period" = "20", Kronecker, "Updates between new inverses of the factors, after a first period with new ones at each (ekfac: at each power of two): from 1.";
    "optimizer.factor_average" = "0.95", Kronecker, "Weight of the past in the factors: from 0 (none), below 1.";
    "optimizer.samples" = "1", Only(&["kfac", "ekfac"]), "Targets drawn for each datum: from 1.";
    "optimizer.empirical" = "false", Only(&["kfac"]), "True targets in place of drawn ones (not the Fisher).";
    "optimizer.iterations" = "250", Only(&["hessian_free"]), "The most conjugate-gradient iterations an update: from 1.";
    "optimizer.tolerance" = "5e-4", Only(&["hessian_free"]), "Relative progress below which the iterations end: above 0.";
    "optimizer.l2" = "0.0", All, "η of the term η/2 ‖θ‖², biases included: from 0.";
    "optimizer.polyak" = "0.0", All, "Decay of the average of parameters that is evaluated: from 0 (none), below 1.";

    "train.batch" = "1000", All, "Data a minibatch: from 1, at most the training data.";
    "train.updates" = "5000", All, "Updates until the run is finished: from 1.";
    "train.threads" = "-", All, "Threads of the run, 512 at most; all cores where not stated.";
    "train.evaluate_every" = "100", All, "Updates between evaluations of training and validation loss; 0: only at start and end.";
    "train.checkpoint_every" = "0", All, "Updates between checkpoints, at each of which losses are evaluated; 0: none for that. There is one at the end.";
    "train.checkpoint_minutes" = "10.0", All, "Minutes after which there is a further checkpoint: from 0, which is never.";
    "train.keep_checkpoints" = "3", All, "Latest checkpoints that are kept, beside the one of the lowest validation loss (training loss where there are no validation data) and those asked for; 0: all.";

    "diagnostics.alignment.directions" = "-", All, "The directions that are compared, a list of some of gradient, adam, kfac, ekfac, kflr, kfra, block and full; all where not stated. Without full, which costs most, layers alone are measured.";
    "diagnostics.surface.u" = "\"gradient\"", All, "The first axis of the surface: a direction, as long as the weights that it moves.";
    "diagnostics.surface.u_layer" = "0", All, "The one layer that it moves; 0: all.";
    "diagnostics.surface.v" = "\"random\"", All, "The second axis; where it is that of u it is of another layer, or random.";
    "diagnostics.surface.v_layer" = "0", All, "The one layer that it moves; 0: all.";
    "diagnostics.surface.points" = "25", All, "Points along each axis: from 3 up to 1001.";
    "diagnostics.surface.extent" = "1.0", All, "u and v go from -extent to extent: above 0.";
    "diagnostics.budget" = "0.1", All, "The share of its speed that a run may lose to diagnostics, from 0 up to 1: they take at most this share of the CPU time of one of its threads, and wait until it suffices; that of the first minute may be taken at once. What is asked for, and what is measured once training is over, does not wait.";
    "diagnostics.exact_limit" = "2048", All, "The largest matrix whose eigenvalues are computed densely: from 1.";
}

/// Adds a field, and what stands in tables of its own: the coefficients of first-order methods before the
/// first that only second-order ones take, diagnostics before what is said of one or of all of them.
fn add(
    fields: &mut Vec<Field>,
    key: Cow<'static, str>,
    default: Cow<'static, str>,
    takers: Vec<&'static str>,
    meaning: Cow<'static, str>,
) {
    if key == "optimizer.kronecker_damping" {
        add_coefficients(fields);
    } else if key == "diagnostics.alignment.directions" {
        add_probes(fields);
    }
    let known = fields.iter_mut().find(|field| field.key == key);
    if let Some(field) = known {
        // One key with two meanings: momentum is a number of some methods, and a flag of others.
        let said = |takers: &[&str], meaning: &str, default: &str| {
            format!("{}: {} ({default}).", takers.join(", "), meaning.trim_end_matches('.'))
        };
        let texts = [said(&field.takers, &field.meaning, &field.default), said(&takers, &meaning, &default)];
        field.variants = vec![(field.takers.clone(), field.meaning.to_string()), (takers.clone(), meaning.to_string())];
        field.meaning = texts.join(" ").into();
        field.default = "-".into();
        field.takers.extend(takers);
    } else {
        fields.push(Field { key, default, takers, meaning, variants: Vec::new() });
    }
}

/// Adds the coefficients of all first-order methods.
fn add_coefficients(fields: &mut Vec<Field>) {
    for &rule in Rule::ALL {
        for coefficient in rule.coefficients() {
            let key = format!("optimizer.{}", coefficient.key);
            match fields.iter_mut().find(|field| field.key == key) {
                Some(field) => field.takers.push(rule.name()),
                None => fields.push(Field {
                    key: key.into(),
                    default: format!("{:?}", coefficient.default).into(),
                    takers: vec![rule.name()],
                    meaning: coefficient.meaning.into(),
                    variants: Vec::new(),
                }),
            }
        }
    }
}

/// Adds the cadence and the probe batch of every diagnostic.
fn add_probes(fields: &mut Vec<Field>) {
    for &diagnostic in Diagnostic::ALL {
        let (section, probe) = (format!("diagnostics.{}", diagnostic.name()), diagnostic.probe());
        for (key, default, meaning) in [
            (section.clone(), "-".to_owned(), diagnostic.description()),
            (section.clone() + ".every", probe.every.to_string(), "Updates between measurements; 0: never."),
            (section + ".data", probe.data.to_string(), "Data of the probe batch: from 1."),
        ] {
            fields.push(Field {
                key: key.into(),
                default: default.into(),
                takers: Vec::new(),
                meaning: meaning.into(),
                variants: Vec::new(),
            });
        }
    }
}

impl Field {
    /// The field that a key is of: of `network.layers.2.units`, that of every layer.
    pub fn of(key: &str) -> Option<&'static Self> {
        let parts = key.split('.').filter(|part| part.parse::<usize>().is_err());
        let plain = parts.collect::<Vec<_>>().join(".");
        FIELDS.iter().find(|field| field.key == plain)
    }

    /// What it is with an optimizer of some kind.
    pub fn meaning_with(&self, kind: &str) -> &str {
        let own = self.variants.iter().find(|(takers, _)| takers.contains(&kind));
        own.map_or(&*self.meaning, |(_, meaning)| meaning)
    }

    /// The names it takes, where it takes one of some names.
    pub fn choices(&self) -> Vec<&'static str> {
        match &*self.key {
            "data.task" => Task::ALL.iter().map(|task| task.name()).collect(),
            "network.layers.activation" => Activation::ALL.iter().map(|activation| activation.name()).collect(),
            "network.init" => Init::ALL.iter().map(|init| init.name()).collect(),
            "loss.kind" => Loss::ALL.iter().map(|loss| loss.name()).collect(),
            "optimizer.kind" => names(|_| true),
            "diagnostics.surface.u" | "diagnostics.surface.v" => Along::ALL.iter().map(|along| along.name()).collect(),
            _ => Vec::new(),
        }
    }
}

/// The keys of the section at `path`, those of its sections not included; "" is the whole file.
pub(super) fn keys(path: &str) -> Vec<&'static str> {
    let mut keys: Vec<&str> = Vec::new();
    for field in FIELDS.iter() {
        let rest = if path.is_empty() {
            Some(&*field.key)
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
    Some(field.takers.as_slice()).filter(|takers| !takers.is_empty())
}
