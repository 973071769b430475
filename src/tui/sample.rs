//! A made-up run for tests: the MNIST autoencoder under KFRA.

mod curvature;

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::data::Places;
use crate::diagnostics::hessian::{Definite, HessianBlock};
use crate::diagnostics::rank::{Rank, RankMethod};
use crate::diagnostics::{Diagnostic, Measurement, Scope};
use crate::network::{Activation, Architecture, Layer, Loss};
use crate::runs::{Run, Shelf};
use crate::session::event::RunInfo;
use crate::session::{Command, Evaluation, Event, Outcome, Session, Snapshot, Status, Summary, log, pair};
use crate::train::{Hyperparameter, Machine, Phase, Precision, Spent, Step};

pub use curvature::{curvature, images, surface};

pub const UPDATES: u64 = 5000;

fn architecture() -> Architecture {
    let tanh = |units| Layer { units, activation: Activation::Tanh };
    let code = Layer { units: 30, activation: Activation::Identity };
    let hidden = [tanh(1000), tanh(500), tanh(250), code, tanh(250), tanh(500), tanh(1000)];
    Architecture::new(784, &hidden, 784, true)
}

fn machine() -> Machine {
    Machine { processor: "test".to_owned(), cores: 2, system: "linux x86_64".to_owned() }
}

pub fn start() -> Event {
    use Hyperparameter as H;
    Event::Started(Box::new(RunInfo {
        schema: log::SCHEMA,
        name: "mnist-autoencoder-kfra".to_owned(),
        architecture: architecture(),
        loss: Loss::Bernoulli,
        optimizer: "kfra".to_owned(),
        data: "mnist".to_owned(),
        train_data: 50_000,
        validation_data: 10_000,
        batch: 1000,
        updates: UPDATES,
        step: 0,
        threads: 2,
        peak: Some(2.0e11),
        precision: Precision::F32,
        seed: 1,
        version: "0.1.0".to_owned(),
        machine: machine(),
        hyperparameters: vec![
            (H::KroneckerDamping, 1.0),
            (H::KroneckerDampingMin, 1e-4),
            (H::StepDamping, 1.0),
            (H::L2, 1e-5),
            (H::InversePeriod, 20.0),
            (H::FactorAverage, 0.95),
            (H::Batch, 1000.0),
            (H::Every(Diagnostic::Rank), 50.0),
            (H::Every(Diagnostic::Hessian), 50.0),
            (H::Budget, 0.1),
        ],
    }))
}

/// The curve the loss follows, without its noise.
fn trend(step: u64) -> f64 {
    54.0 + 486.0 * (-(step as f64) / 40.0).exp() + 30.0 * (-(step as f64) / 300.0).exp()
}

fn noise(step: u64) -> f64 {
    ((step * 2_654_435_761 % 1000) as f64 / 500.0 - 1.0) * 0.03
}

/// A phase as a KFRA step has it: most is the arithmetic of products.
fn spent(phase: Phase, wall: f64) -> Spent {
    let busy = match phase {
        Phase::Data | Phase::Update => 0.0,
        Phase::Factorization | Phase::DampingTrials => 0.8e11,
        _ => 1.7e11,
    };
    Spent { phase, wall, cpu: 1.9 * wall, flops: busy * wall }
}

pub fn step(step: u64) -> Event {
    let decay = |from: f64, to: f64| to + (from - to) * (-(step as f64) / 200.0).exp();
    let phases = [0.4, 21.0, 38.2, 14.5, 61.3, 12.1, 24.9, 19.7, 6.2, 1.3].map(|ms: f64| ms / 1e3);
    Event::Step(Step {
        step,
        epoch: step as f64 / 50.0,
        loss: trend(step) * (1.0 + noise(step)),
        gradient_norm: decay(80.0, 3.0),
        update_norm: decay(2.0, 0.2),
        learning_rate: None,
        step_size: Some(decay(0.6, 0.93) + noise(step)),
        momentum: None,
        kronecker_damping: Some(decay(1.0, 0.031)),
        step_damping: Some(decay(1.0, 0.0052)),
        reduction_ratio: step.is_multiple_of(5).then(|| 0.97 + noise(step * 3)),
        seconds_training: step as f64 * 0.2013,
        wall: 0.2013,
        cpu: 0.381,
        flops: 3.1e10,
        escalations: 0,
        phases: Phase::ALL.iter().zip(phases).map(|(&phase, wall)| spent(phase, wall)).collect(),
    })
}

pub fn evaluation(step: u64) -> Event {
    Event::Evaluated(Evaluation {
        step,
        train_loss: trend(step) * 1.003,
        validation_loss: trend(step) * 1.018,
        train_error: None,
        validation_error: None,
        seconds_training: step as f64 * 0.2013,
        cost: 0.31,
    })
}

fn rank(step: u64, scope: Scope) -> Event {
    let shape = architecture();
    let (rank, bound, parameters) = match scope {
        Scope::Whole => (50_176, 50_176, shape.parameters()),
        Scope::Layer(layer @ 1..=4) => (1920, 1920, shape.layer_parameters(layer)),
        Scope::Layer(5) => (7750, 7750, 7750),
        Scope::Layer(layer) => (15_900 + layer * 16, 16_000 * (layer - 4), shape.layer_parameters(layer)),
    };
    let upper = if scope == Scope::Layer(7) { rank + 1400 } else { rank };
    Event::Measured(Measurement::Rank(Rank {
        step,
        scope,
        lower: rank,
        upper,
        bound,
        parameters,
        data: 64,
        effective: (scope != Scope::Layer(8)).then_some(12.3 + trend(step) / 10.0),
        method: if upper > rank { RankMethod::Bounds } else { RankMethod::Gram },
        cost: 0.42,
    }))
}

fn block(step: u64, layer: usize) -> Event {
    let scope = Scope::Layer(layer);
    let size = 10_f64.powf(3.0 - (layer / 2) as f64);
    let negative = layer != 8;
    Event::Measured(Measurement::Hessian(HessianBlock {
        step,
        scope,
        trace: 1.31 * size + noise(step) * size,
        gauss_newton_trace: 1.38 * size,
        largest: 0.221 * size,
        smallest: if negative { -0.0132 * size * (trend(step) / 54.0 + noise(step + 9)) } else { 0.0 },
        residual: 1e-5 * size,
        negative: if negative { 3 } else { 0 },
        definite: if negative { Definite::Indefinite } else { Definite::Undecided },
        products: 96,
        data: 64,
        cost: 1.3,
    }))
}

/// The events of the first `steps` updates.
pub fn events(steps: u64) -> Vec<Event> {
    let mut events = vec![start(), evaluation(0)];
    for update in 1..=steps {
        events.push(step(update));
        if update % 50 == 0 {
            events.push(evaluation(update));
            events.push(rank(update, Scope::Whole));
            events.extend((1..=8).map(|layer| rank(update, Scope::Layer(layer))));
            events.extend((1..=8).map(|layer| block(update, layer)));
        }
        if update == 420 {
            let command = Command::Set { hyperparameter: Hyperparameter::KroneckerDamping, value: 0.1 };
            events.push(Event::Applied { ticket: 1, step: 420, command, change: "γ 0.1513 → 0.1".to_owned() });
        }
    }
    events
}

pub fn end(step: u64) -> Event {
    Event::Ended(Box::new(Summary {
        status: Outcome::Stopped,
        reason: None,
        diverged: false,
        optimizer: "kfra".to_owned(),
        updates: step,
        train_loss: trend(step),
        validation_loss: trend(step),
        train_error: None,
        validation_error: None,
        seconds: step as f64 * 0.25,
        seconds_training: step as f64 * 0.2,
        samples_per_second: 5000.0,
        version: "0.1.0".to_owned(),
        machine: machine(),
    }))
}

pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    events.into_iter().for_each(|event| snapshot.apply(event));
    snapshot
}

/// A run folder of which only the settings are known.
pub fn folder(name: &str, seed: u64, kind: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("name = \"{kind}\"\nseed = {seed}\n[optimizer]\nkind = \"{kind}\"\n");
    std::fs::write(folder.path().join("experiment.toml"), text).unwrap();
    let mut run = Run::read(folder.path()).unwrap();
    run.folder = name.into();
    run
}

/// One run that goes on, two that are over and differ in their seeds, and one of which only the folder is known.
pub fn shelf() -> Shelf {
    shelf_of(Snapshot::default())
}

/// The same, where this is the state of the first run.
pub fn shelf_of(first: Snapshot) -> Shelf {
    let mut shelf = Shelf::new(Places::standard(), Vec::new());
    if matches!(first.status, Status::Ended(_)) {
        shelf.record(folder("runs/now", 1, "kfra"), first);
    } else {
        let (handle, _) = pair();
        let thread = std::thread::spawn(|| Err(crate::session::Error::Panicked { panic: String::new() }));
        shelf.adopt(Session::of(handle, thread), "runs/now".into(), first);
    }
    for seed in 1..=2 {
        let mut snapshot = measured(200 * seed);
        snapshot.apply(&end(200 * seed));
        if let Some(run) = &mut snapshot.run {
            run.optimizer = "adam".to_owned();
        }
        shelf.record(folder(&format!("runs/adam-{seed}"), seed, "adam"), snapshot);
    }
    shelf.record(folder("runs/kfac", 1, "kfac"), Snapshot::default());
    shelf
}

/// What was folded before, by the number of updates.
type Known = Mutex<BTreeMap<u64, Snapshot>>;

fn once(known: &Known, steps: u64, fold: impl FnOnce() -> Snapshot) -> Snapshot {
    known.lock().unwrap().entry(steps).or_insert_with(fold).clone()
}

/// The run after so many updates.
pub fn snapshot(steps: u64) -> Snapshot {
    static KNOWN: Known = Mutex::new(BTreeMap::new());
    once(&KNOWN, steps, || fold(&events(steps)))
}

/// The run after so many updates, its curvature measured twice.
pub fn measured(steps: u64) -> Snapshot {
    static KNOWN: Known = Mutex::new(BTreeMap::new());
    once(&KNOWN, steps, || {
        let mut snapshot = snapshot(steps);
        [curvature(steps / 2), curvature(steps)].concat().iter().for_each(|event| snapshot.apply(event));
        snapshot
    })
}
