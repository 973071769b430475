//! What is kept of a run for the screen does not grow with the run.

use kfra_tui::diagnostics::hessian::{Definite, HessianBlock};
use kfra_tui::diagnostics::rank::{Rank, RankMethod};
use kfra_tui::diagnostics::{Measurement, Scope};
use kfra_tui::session::{Command, Evaluation, Event, Snapshot};
use kfra_tui::train::{Hyperparameter, Phase, Spent, Step};

/// An update with every quantity that an update can have.
fn update(step: u64) -> Event {
    let value = 1.0 / step as f64;
    Event::Step(Step {
        step,
        epoch: value,
        loss: if step.is_multiple_of(97) { f64::NAN } else { value },
        gradient_norm: value,
        update_norm: value,
        learning_rate: Some(value),
        step_size: Some(value),
        momentum: Some(value),
        kronecker_damping: Some(value),
        step_damping: Some(value),
        reduction_ratio: Some(value),
        seconds_training: step as f64,
        wall: value,
        cpu: value,
        flops: 1.0,
        escalations: 0,
        phases: Phase::ALL.iter().map(|&phase| Spent { phase, wall: value, cpu: value, flops: 1e9 }).collect(),
    })
}

fn evaluation(step: u64) -> Event {
    Event::Evaluated(Evaluation {
        step,
        train_loss: 1.0,
        validation_loss: 1.0,
        train_error: None,
        validation_error: None,
        seconds_training: step as f64,
        cost: 0.1,
    })
}

fn rank(step: u64, scope: Scope) -> Event {
    Event::Measured(Measurement::Rank(Rank {
        step,
        scope,
        lower: 1,
        upper: 2,
        bound: 3,
        parameters: 4,
        data: 5,
        effective: None,
        method: RankMethod::Bounds,
        cost: 0.1,
    }))
}

fn block(step: u64, layer: usize) -> Event {
    Event::Measured(Measurement::Hessian(HessianBlock {
        step,
        scope: Scope::Layer(layer),
        trace: 1.0,
        gauss_newton_trace: 1.0,
        largest: 1.0,
        smallest: -1.0,
        residual: 0.0,
        negative: 1,
        definite: Definite::Indefinite,
        products: 9,
        data: 5,
        cost: 0.1,
    }))
}

/// Takes in updates, with evaluations, diagnostics of eight layers, messages and changes among them.
fn record(snapshot: &mut Snapshot, steps: std::ops::Range<u64>) {
    for step in steps {
        snapshot.apply(&update(step));
        if step.is_multiple_of(100) {
            snapshot.apply(&evaluation(step));
            snapshot.apply(&rank(step, Scope::Whole));
            for layer in 1..=8 {
                snapshot.apply(&rank(step, Scope::Layer(layer)));
                snapshot.apply(&block(step, layer));
            }
            snapshot.apply(&Event::Warning { step, text: "more damping was needed".to_owned() });
            snapshot.apply(&Event::Rejected { step, reason: "the loss is not finite".to_owned() });
            let command = Command::Set { hyperparameter: Hyperparameter::LearningRate, value: 0.1 };
            snapshot.apply(&Event::Applied { ticket: step, step, command, change: "rate 0.1 → 0.1".to_owned() });
        }
    }
}

#[test]
fn memory_is_flat_over_a_million_recorded_updates() {
    let mut snapshot = Snapshot::default();
    let first = allocation_counter::measure(|| record(&mut snapshot, 1..500_000));
    let second = allocation_counter::measure(|| record(&mut snapshot, 500_000..1_000_001));
    println!("{} bytes after 500,000 updates, {} more after 1,000,000", first.bytes_current, second.bytes_current);
    assert_eq!(snapshot.step, 1_000_000);
    // Of 61 histories with at most 4,096 points of 48 bytes each, in memory that doubles as it grows.
    assert!(first.bytes_current < 62 * 2 * 4096 * 48, "{}", first.bytes_current);
    assert!(second.bytes_current.abs() < 4096, "{}", second.bytes_current);
}
