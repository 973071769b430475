//! From the tree to a checked experiment. Every problem is collected; a faulty value is replaced by its
//! default so that checking can go on.

use std::path::Path;

use super::node::{Entries, Origin};
use super::optimizer;
use super::problem::Flaw;
use super::section::{Found, Section, Sink};
use super::{Experiment, selection, surface};
use crate::data::{Known, Task};
use crate::diagnostics::alignment::Direction;
use crate::diagnostics::{self, Diagnostic, Each, Probe};
use crate::network::{Activation, Init, Layer, Loss, Plan, Targets};
use crate::optim::Range;
use crate::train::{self, Precision};

/// The widest layer.
const MOST_UNITS: u64 = 1_000_000;
/// The greatest of other whole numbers, which floating-point numbers still hold exactly.
pub(super) const MOST: u64 = 1_000_000_000_000_000;
/// The most threads of a run: those beyond the cores only wait for one another, and many more stand still.
pub const MOST_THREADS: u64 = 512;

/// Where things are that are checked against each other.
struct Places {
    input: Origin,
    output: Origin,
    layers: Origin,
}

/// Checks a tree. `stem`: the name where none is stated; `folder`: what relative paths are relative to.
/// Returns `None` if there are problems, which are in the sink then.
pub(super) fn check(entries: Entries, stem: &str, folder: &Path, sink: &Sink) -> Option<Experiment> {
    if let Some(base) = entries.get("base") {
        sink.report(base.key, Flaw::Sweep);
        return None;
    }
    let mut root = Section::root(entries, sink);
    let name = name(&mut root).unwrap_or_else(|| stem.to_owned());
    let seed = seed(&mut root).unwrap_or(1);
    let precision = [Precision::F32, Precision::F64];
    let precision = root.name("precision", &precision, |precision| match precision {
        Precision::F32 => "f32",
        Precision::F64 => "f64",
    });
    let data_section = root.section("data");
    let has_data = data_section.is_some();
    let data = data_section.and_then(|section| selection::check(section, folder, sink));
    let sound = data.as_ref().filter(|data| data.value.has_targets());
    let known = sound.and_then(|data| data.value.source.known());
    let (network, places) = network(&mut root);
    let loss = loss(&mut root);
    let optimizer = optimizer::check(&mut root, sink);
    let train_data = data.as_ref().filter(|_| known.is_some()).and_then(|data| data.value.train);
    let train = train(&mut root, train_data, sink);
    let depth = network.hidden.len() + 1;
    let diagnostics = diagnostics(&mut root, train_data, depth, sink);
    let fitting = match (&data, &loss) {
        (Some(data), Some(loss)) => fits(data.value.task, loss, sink),
        _ => true,
    };
    root.finish();
    let (loss, optimizer) = (loss?.value, optimizer?);
    let data = data.map(|data| data.value);
    let precision = precision.map_or(Precision::F32, |precision| precision.value);
    let experiment = Experiment { name, seed, precision, data, network, loss, optimizer, train, diagnostics };
    // Widths that are not known yet are checked when the user's own data are; a loss that does not fit tells
    // nothing of them.
    if fitting && (known.is_some() || !has_data) {
        widths(&experiment, known, &places, sink);
    }
    sink.is_empty().then_some(experiment)
}

fn name(root: &mut Section) -> Option<String> {
    let entry = root.take("name")?;
    let usable = |name: &str| {
        let plain = |c: char| !c.is_control() && !"/\\:".contains(c);
        !name.trim().is_empty() && !name.starts_with('.') && name.chars().count() <= 100 && name.chars().all(plain)
    };
    match &entry.node.value {
        super::node::Value::Text(name) if usable(name) => Some(name.clone()),
        _ => {
            root.wrong(
                "name",
                &entry.node,
                "text that can name a folder: 1 to 100 characters without / \\ or :, no dot first",
            );
            None
        }
    }
}

fn seed(root: &mut Section) -> Option<u64> {
    let entry = root.take("seed")?;
    let seed = match entry.node.value {
        super::node::Value::Whole(seed) => u64::try_from(seed).ok(),
        _ => None,
    };
    if seed.is_none() {
        root.wrong("seed", &entry.node, &format!("a whole number from 0 up to {}", u64::MAX));
    }
    seed
}

fn network(root: &mut Section) -> (Plan, Places) {
    if !root.has("network") {
        root.missing("network", "a section [network] with the hidden layers");
    }
    let stated = root.section("network");
    let is_table = stated.is_some();
    let mut section = stated.unwrap_or_else(|| root.section_or_empty("network"));
    let input = section.whole("input", Range::Count, MOST_UNITS);
    let output = section.whole("output", Range::Count, MOST_UNITS);
    if is_table && !section.has("layers") {
        section.missing("layers", "a list of { units, activation }, [] for none");
    }
    let layers = section.tables("layers");
    let place = section.origin;
    let origin = |found: Option<Origin>| found.unwrap_or(place);
    let places = Places {
        input: origin(input.map(|input| input.origin)),
        output: origin(output.map(|output| output.origin)),
        layers: origin(layers.as_ref().map(|layers| layers.origin)),
    };
    let hidden = layers.map_or(Vec::new(), |layers| layers.value.into_iter().filter_map(layer).collect());
    let bias = section.flag("bias").unwrap_or(true);
    let init = section.name("init", Init::ALL, Init::name).map_or(Init::Glorot, |init| init.value);
    section.finish();
    let width = |found: Option<Found<u64>>| found.map(|found| found.value as usize);
    (Plan { input: width(input), output: width(output), hidden, bias, init }, places)
}

fn layer(mut section: Section) -> Option<Layer> {
    if !section.has("units") {
        section.missing("units", "the width of the layer");
    }
    if !section.has("activation") {
        section.missing("activation", "the name of an activation");
    }
    let units = section.whole("units", Range::Count, MOST_UNITS);
    let activation = section.name("activation", Activation::ALL, Activation::name);
    section.finish();
    Some(Layer { units: units?.value as usize, activation: activation?.value })
}

fn loss(root: &mut Section) -> Option<Found<Loss>> {
    let names = || super::problem::listed(&Loss::ALL.iter().map(|loss| loss.name()).collect::<Vec<_>>());
    if !root.has("loss") {
        root.missing("loss", format!("a section [loss] whose kind is {}", names()));
        return None;
    }
    let mut section = root.section("loss")?;
    if !section.has("kind") {
        section.missing("kind", names());
    }
    let loss = section.name("kind", Loss::ALL, Loss::name);
    section.finish();
    loss
}

/// Whether the targets of the task are such that the loss can take them.
fn fits(task: Task, loss: &Found<Loss>, sink: &Sink) -> bool {
    let takes = |loss: &Loss| match task {
        Task::Autoencode | Task::Regress => matches!(loss.targets(), Targets::Real | Targets::UnitInterval),
        // One-hot vectors are numbers too.
        Task::Classify => loss.targets() != Targets::Sign,
        Task::OddEven => loss.targets() == Targets::Sign,
    };
    let taken = takes(&loss.value);
    if !taken {
        let fitting = Loss::ALL.iter().filter(|loss| takes(loss)).map(|loss| loss.name()).collect();
        sink.report(loss.origin, Flaw::TaskLoss { task: task.name(), loss: loss.value.name(), fitting });
    }
    taken
}

/// The sections train and diagnostics: `available` is the number of training data, where it is known.
fn train(root: &mut Section, available: Option<usize>, sink: &Sink) -> train::Settings {
    let mut section = root.section_or_empty("train");
    let default = train::Settings::default();
    let batch = section.whole("batch", Range::Count, MOST);
    let settings = train::Settings {
        batch: at_most(batch, default.batch, section.key("batch"), available, sink),
        updates: section.whole("updates", Range::Count, MOST).map_or(default.updates, |updates| updates.value),
        threads: section.whole("threads", Range::Count, MOST_THREADS).map(|threads| threads.value as usize),
        evaluate_every: period(&mut section, "evaluate_every", default.evaluate_every),
        checkpoint_every: period(&mut section, "checkpoint_every", default.checkpoint_every),
        checkpoint_minutes: section
            .number("checkpoint_minutes", Range::NonNegative)
            .map_or(default.checkpoint_minutes, |minutes| minutes.value),
        keep_checkpoints: period(&mut section, "keep_checkpoints", default.keep_checkpoints as u64) as usize,
    };
    section.finish();
    settings
}

fn diagnostics(root: &mut Section, available: Option<usize>, depth: usize, sink: &Sink) -> diagnostics::Settings {
    let mut section = root.section_or_empty("diagnostics");
    let default = diagnostics::Settings::default();
    let (mut plane, mut directions) = (default.surface, default.directions);
    let probes = Each::of(|diagnostic| {
        let mut section = section.section_or_empty(diagnostic.name());
        if diagnostic == Diagnostic::Surface {
            plane = surface::check(&mut section, depth, sink);
        }
        if diagnostic == Diagnostic::Alignment {
            let names = section.names("directions", Direction::ALL, Direction::key);
            directions = names.unwrap_or_else(|| std::mem::take(&mut directions));
        }
        probe(section, diagnostic, available, sink)
    });
    let settings = diagnostics::Settings {
        probes,
        budget: section.number("budget", Range::Share).map_or(default.budget, |budget| budget.value),
        exact_limit: section
            .whole("exact_limit", Range::Count, MOST)
            .map_or(default.exact_limit, |limit| limit.value as usize),
        surface: plane,
        directions,
    };
    section.finish();
    settings
}

fn probe(mut section: Section, diagnostic: Diagnostic, available: Option<usize>, sink: &Sink) -> Probe {
    let default = diagnostic.probe();
    let key = section.key("data");
    let every = period(&mut section, "every", default.every);
    let data = section.whole("data", Range::Count, MOST);
    section.finish();
    Probe { every, data: at_most(data, default.data, key, available, sink) }
}

fn period(section: &mut Section, key: &'static str, default: u64) -> u64 {
    section.whole(key, Range::Period, MOST).map_or(default, |period| period.value)
}

/// A number of data, which must not be more than there are; the default gives way to fewer.
fn at_most(stated: Option<Found<u64>>, default: usize, key: String, available: Option<usize>, sink: &Sink) -> usize {
    let most = available.unwrap_or(usize::MAX);
    let Some(Found { value: found, origin }) = stated else { return default.min(most) };
    if found > most as u64 {
        sink.report(origin, Flaw::TooManyData { key, available: most, found });
    }
    found as usize
}

fn widths(experiment: &Experiment, known: Option<Known>, places: &Places, sink: &Sink) {
    let (input, output) = (known.map(|known| known.input), experiment.known_outputs());
    let ends = [(places.input, experiment.inputs(input)), (places.output, experiment.outputs(output))];
    if ends.iter().all(|(_, width)| width.is_ok())
        && let Err(mismatch) = experiment.architecture(input, output)
    {
        sink.report(places.layers, mismatch.into());
    }
    for (origin, width) in ends {
        if let Err(mismatch) = width {
            sink.report(origin, mismatch.into());
        }
    }
}
