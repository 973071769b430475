//! Runs that are interrupted and go on: bit by bit as if they had not been.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::Instant;

use crate::runs::{
    self, OPTIMIZERS, advance, checkpoint, diverged, events, file, finish, folder, losses, resume, settings, spawn,
    spoilt, start, stop, text, wait_for,
};
use kfra_tui::data::Places;
use kfra_tui::diagnostics::Diagnostic;
use kfra_tui::experiment::Experiment;
use kfra_tui::linalg::{Archive, Keep as _, Stream};
use kfra_tui::network::tensors;
use kfra_tui::optim::{Curvature, Kind, Rule};
use kfra_tui::session::{self, Checkpoint, Command as Order, Event, Origin, Outcome, Snapshot, Start, Status, Summary};
use kfra_tui::train::{Hyperparameter, Trainer};

/// Makes sure that two runs made the same updates and came to the same state.
fn assert_same(one: &Path, other: &Path, step: u64, what: &str) {
    assert_eq!(losses(one), losses(other), "{what}");
    let [one, other] = [one, other].map(|run| checkpoint(run, step));
    assert_eq!(one.archive.tensors.keys().collect::<Vec<_>>(), other.archive.tensors.keys().collect::<Vec<_>>());
    for (name, tensor) in &one.archive.tensors {
        assert!(other.archive.tensors[name] == *tensor, "{what}: {name}");
    }
    for (name, value) in &one.archive.values {
        let without_time = |value: &serde_json::Value| {
            let mut value = value.clone();
            if let Some(table) = value.as_object_mut() {
                table.remove("seconds");
            }
            value
        };
        if name != "session" {
            assert_eq!(without_time(value), without_time(&other.archive.values[name]), "{what}: {name}");
        }
    }
}

#[test]
fn a_run_that_is_stopped_and_resumed_is_the_run_that_never_stopped() {
    for optimizer in OPTIMIZERS {
        let folder = folder(optimizer);
        let path = folder.path();
        finish(start(path, "whole", &[]));
        let whole = path.join("whole");
        assert_eq!(losses(&whole).len(), 40);
        // Between two minibatches and two epochs, before and after new inverses, and more than once.
        for (name, stops) in [("once", &[1][..]), ("twice", &[7, 21]), ("late", &[20, 36, 39])] {
            let mut end = stops.iter().chain([&40]);
            let updates = |updates: &u64| format!("train.updates={updates}");
            finish(start(path, name, &[&updates(end.next().unwrap())]));
            for step in end {
                finish(resume(path, name, &[&updates(step)]));
            }
            assert_same(&whole, &path.join(name), 40, &format!("{optimizer} stopped at {stops:?}"));
        }
    }
}

#[test]
fn double_precision_is_kept_too() {
    let folder = folder(OPTIMIZERS[9]);
    let double = ["precision=f64", "train.updates=17"];
    finish(start(folder.path(), "whole", &["precision=f64"]));
    finish(start(folder.path(), "parts", &double));
    finish(resume(folder.path(), "parts", &["train.updates=40"]));
    assert_same(&folder.path().join("whole"), &folder.path().join("parts"), 40, "f64");
}

#[test]
fn a_step_that_has_to_be_undone_is_undone_after_a_resumption_too() {
    // The squares of the outputs overflow, those of the update do not: only the next loss tells.
    let folder = folder("kind = \"sgd\"\nlearning_rate = 1e15");
    let experiment = Experiment::read(
        &folder.path().join("tiny.toml"),
        &settings(&["loss.kind=squared_error", "optimizer.polyak=0.9"]),
    )
    .unwrap();
    let (data, architecture) = experiment.load(&Places::new(Vec::new())).unwrap();
    let data = std::sync::Arc::new(data);
    let trainer = || {
        Trainer::<f32>::new(kfra_tui::train::Start {
            data: std::sync::Arc::clone(&data),
            architecture: architecture.clone(),
            loss: experiment.loss,
            init: experiment.network.init,
            optimizer: experiment.optimizer.clone(),
            batch: 70,
            seed: 3,
        })
    };
    for updates in 0..5 {
        let (mut whole, mut resumed, mut archive) = (trainer(), trainer(), Archive::default());
        (0..updates).for_each(|_| assert!(whole.update().is_ok()));
        whole.save(&mut archive);
        resumed.restore(&archive).unwrap();
        let mut undone = 0;
        for _ in 0..10 {
            let [one, other] = [whole.update().unwrap(), resumed.update().unwrap()];
            assert_eq!(one.step.loss.to_bits(), other.step.loss.to_bits());
            assert_eq!((whole.rejected(), whole.parameters()), (resumed.rejected(), resumed.parameters()));
            undone += whole.rejected().iter().filter(|reason| reason.contains("last update was undone")).count();
            // The average is over what was not undone: where training began, and the latest update.
            assert_eq!(whole.evaluated(), resumed.evaluated());
            let past = (1.0 - 1.0 / whole.step_number() as f32).min(0.9);
            let (start, latest) = (trainer().parameters().flat.clone(), &whole.parameters().flat);
            let expected = start * past + latest * (1.0 - past);
            let largest = latest.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
            let error = (&expected - &whole.evaluated().flat).iter().fold(0.0, |most: f32, x| most.max(x.abs()));
            assert!(error <= 1e-5 * largest, "{error:e} of {largest:e}");
        }
        assert!(undone > 0);
    }
}

#[test]
fn what_was_changed_along_the_way_stays_changed() {
    use Hyperparameter as H;
    let set = |hyperparameter, value| Order::Set { hyperparameter, value };
    let to = |optimizer| Order::Switch { optimizer };
    let scripts: [(&str, &[Order]); 8] = [
        (OPTIMIZERS[3], &[set(H::LearningRate, 0.02), set(H::Beta1, 0.7), set(H::DecayPeriod, 5.0), set(H::L2, 0.01)]),
        (OPTIMIZERS[9], &[set(H::KroneckerDamping, 0.2), set(H::StepDampingMax, 3.0), set(H::InversePeriod, 3.0)]),
        (OPTIMIZERS[5], &[set(H::Samples, 3.0), set(H::Batch, 33.0), set(H::FactorAverage, 0.5)]),
        (OPTIMIZERS[8], &[set(H::Momentum, 1.0), set(H::AdaptKroneckerDamping, 0.0), set(H::AdaptStepDamping, 0.0)]),
        (OPTIMIZERS[4], &[set(H::Momentum, 0.0), set(H::AdaptStepDamping, 0.0), set(H::AdaptStepDamping, 1.0)]),
        (OPTIMIZERS[1], &[to(Kind::Curvature(Curvature::Kfra)), set(H::StepDamping, 0.3)]),
        (OPTIMIZERS[4], &[to(Kind::Curvature(Curvature::HESSIAN_FREE)), set(H::Batch, 90.0)]),
        (OPTIMIZERS[11], &[to(Kind::Curvature(Curvature::Kflr)), to(Kind::Rule(Rule::Adam)), set(H::Beta2, 0.9)]),
    ];
    for (optimizer, orders) in scripts {
        let folder = folder(optimizer);
        for out in ["whole", "parts"] {
            let session = start(folder.path(), out, &[]);
            advance(&session, 11);
            for &order in orders {
                session.handle.send(order);
            }
            advance(&session, 19);
            if out == "whole" {
                session.handle.send(Order::Resume);
                finish(session);
            } else {
                assert_eq!(stop(session).updates, 19);
                finish(resume(folder.path(), out, &[]));
            }
        }
        let [whole, parts] = ["whole", "parts"].map(|out| folder.path().join(out));
        let refused = events(&whole).into_iter().any(|event| matches!(event, Event::Refused { .. }));
        assert!(!refused, "{optimizer}: {orders:?}");
        assert_same(&whole, &parts, 40, &format!("{optimizer}: {orders:?}"));
    }
}

#[test]
fn changed_cadences_of_diagnostics_stay_changed_unless_stated_anew() {
    let (folder, rank) = (folder(OPTIMIZERS[0]), Diagnostic::ALL[0]);
    let session = start(folder.path(), "out", &["diagnostics.budget=0.0"]);
    advance(&session, 3);
    session.handle.send(Order::Set { hyperparameter: Hyperparameter::Budget, value: 0.3 });
    session.handle.send(Order::Set { hyperparameter: Hyperparameter::Every(rank), value: 9.0 });
    stop(session);
    finish(resume(folder.path(), "out", &["diagnostics.rank.every=11"]));
    let experiment = session::forked(&file(&folder.path().join("out"), 40), &[]).unwrap();
    assert_eq!(experiment.diagnostics.budget.to_bits(), 0.3_f64.to_bits());
    assert_eq!(experiment.diagnostics.probes[rank].every, 11);
}

#[test]
fn the_log_of_a_resumed_run_is_one_log() {
    let folder = folder(OPTIMIZERS[8]);
    let run = folder.path().join("out");
    let session = start(folder.path(), "out", &["train.checkpoint_every=10"]);
    advance(&session, 14);
    let stopped = stop(session);
    assert!(run.join("summary.json").is_file());
    let summary = finish(resume(folder.path(), "out", &[]));
    let events = events(&run);
    let mut snapshot = Snapshot::default();
    for event in &events {
        snapshot.apply(event);
    }
    assert_eq!(snapshot.updates(), (0, 40));
    assert_eq!(snapshot.status, Status::Ended(Outcome::Finished));
    assert_eq!(snapshot.loss.points().len(), 40);
    assert!(snapshot.marks.iter().any(|mark| (mark.step, mark.text.as_str()) == (14, "resumed")));
    let steps: Vec<_> = losses(&run).into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, (1..=40).collect::<Vec<_>>());
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Ended(_))).count(), 1);
    assert!(summary.seconds > stopped.seconds && summary.seconds_training > stopped.seconds_training);
    let kept: Summary = serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap();
    assert_eq!(kept, summary);
}

#[test]
fn more_updates_continue_a_finished_run() {
    let folder = folder(OPTIMIZERS[9]);
    finish(start(folder.path(), "out", &["train.updates=15"]));
    let again = finish(resume(folder.path(), "out", &[]));
    assert_eq!(again.updates, 15);
    let more = finish(resume(folder.path(), "out", &["train.updates=30"]));
    assert_eq!(more.updates, 30);
    let kept = Experiment::read(&folder.path().join("out/experiment.toml"), &[]).unwrap();
    assert_eq!(kept.train.updates, 30);
}

#[test]
fn a_fork_goes_on_as_the_run_it_is_of() {
    for optimizer in [OPTIMIZERS[3], OPTIMIZERS[7], OPTIMIZERS[9], OPTIMIZERS[11]] {
        let folder = folder(optimizer);
        let path = folder.path();
        finish(start(path, "whole", &["train.checkpoint_every=13"]));
        let (whole, from) = (path.join("whole"), file(&path.join("whole"), 26));
        let own = session::forked(&from, &[]).unwrap();
        let stated = Experiment::read(&path.join("tiny.toml"), &[]).unwrap();
        for (out, experiment) in [("own", own), ("stated", stated)] {
            let run = path.join(out);
            finish(spawn(experiment, &run, Start::Fork { checkpoint: from.clone() }));
            assert_eq!(losses(&run), losses(&whole)[26..], "{optimizer}: {out}");
            let (one, other) = (checkpoint(&run, 40), checkpoint(&whole, 40));
            assert!(one.archive.tensors == other.archive.tensors, "{optimizer}: {out}");
            let origin = Origin::read(&run).unwrap();
            assert_eq!((origin.step, origin.name.as_str()), (26, "tiny"));
            assert!(origin.checkpoint.is_absolute() && origin.checkpoint.ends_with(Checkpoint::file(26)));
            assert!(Origin::read(&whole).is_none());
            assert!(Experiment::read(&run.join("experiment.toml"), &[]).is_ok());
        }
    }
}

#[test]
fn a_fork_takes_other_settings() {
    let folder = folder(OPTIMIZERS[9]);
    let path = folder.path();
    finish(start(path, "whole", &["train.checkpoint_every=20"]));
    let from = file(&path.join("whole"), 20);
    let fork = |out: &str, set: &[&str]| {
        let experiment = session::forked(&from, &settings(set)).unwrap();
        finish(spawn(experiment, &path.join(out), Start::Fork { checkpoint: from.clone() }));
        events(&path.join(out))
    };
    let first = |events: &[Event]| {
        events.iter().find_map(|event| if let Event::Step(step) = event { Some(step.clone()) } else { None }).unwrap()
    };
    let step = first(&fork("damping", &["optimizer.kronecker_damping=7.0", "optimizer.adapt_kronecker_damping=false"]));
    assert_eq!((step.step, step.kronecker_damping), (21, Some(7.0)));
    let step = first(&fork("batch", &["train.batch=10", "seed=9", "precision=f64"]));
    assert_ne!(step.loss.to_bits(), losses(&path.join("whole"))[20].1);
    let step = first(&fork("adam", &["optimizer={ kind = \"adam\", learning_rate = 0.5 }"]));
    assert_eq!(step.learning_rate, Some(0.5));
    for kind in ["kfac", "kflr", "hessian_free", "sgd"] {
        let step = first(&fork(kind, &[&format!("optimizer={{ kind = \"{kind}\" }}")]));
        assert_eq!(step.step_damping.is_none(), kind == "sgd", "{kind}");
    }
    let step = first(&fork("plain", &["optimizer.momentum=false", "optimizer.polyak=0.0"]));
    assert_eq!(step.momentum, None);
}

#[test]
fn the_weights_of_a_checkpoint_are_those_that_are_evaluated() {
    let folder = folder(OPTIMIZERS[3]);
    finish(start(folder.path(), "out", &[]));
    let run = folder.path().join("out");
    let (checkpoint, path) = (checkpoint(&run, 40), file(&run, 40));
    let weights = tensors::read(&path).unwrap();
    assert_eq!(weights.len(), 6);
    for (name, tensor) in &weights {
        let kept = &checkpoint.archive.tensors[name];
        assert_eq!((kept.bytes.len(), &*kept.shape), (4 * tensor.len(), tensor.shape()), "{name}");
    }
    let Some(Event::Started(started)) = events(&run).into_iter().next() else { panic!("the log begins so") };
    let average = tensors::parameters(&path, &weights, &started.architecture).unwrap();
    let present = &checkpoint.archive.tensors["state/parameters"];
    assert_eq!(present.shape, [started.architecture.parameters()]);
    let mut theta = ndarray::Array1::<f64>::zeros(average.flat.len());
    checkpoint.archive.fill("state/parameters", theta.view_mut()).unwrap();
    assert_ne!(average.flat, theta);
}

#[test]
fn a_run_that_stands_still_because_it_diverges_has_a_checkpoint_of_where_it_stands() {
    let (folder, session) = diverged();
    let run = folder.path().join("out");
    let step = session.handle.snapshot().step;
    let latest = Checkpoint::list(&run);
    let &(kept, ref file) = latest.first().expect("a checkpoint");
    assert!(kept >= step, "{kept} {step}");
    assert_eq!(Checkpoint::read(file).unwrap().step, kept);
    stop(session);
}

#[test]
fn a_run_whose_loss_diverges_stands_still_once_and_names_the_checkpoint_from_before() {
    let (folder, session) = spoilt();
    let run = folder.path().join("out");
    let paused = session.handle.snapshot();
    assert_eq!((paused.back, paused.astray), (Some(200), true));
    let said = &paused.messages.back().unwrap().text;
    assert!(said.starts_with("fork it at update 200 or change settings: the loss diverges: "), "{said}");
    let (latest, _) = Checkpoint::list(&run).remove(0);
    assert!(200 < latest && latest < paused.step, "{latest}");
    let last = events(&run).into_iter().rev().find_map(|event| match event {
        Event::Paused { step, back, .. } => Some((step, back)),
        _ => None,
    });
    assert_eq!(last, Some((paused.step, Some(200))));

    session.handle.send(Order::Resume);
    wait_for(|| session.handle.snapshot().step > paused.step + 60);
    assert_eq!((&session.handle.snapshot().status, session.handle.snapshot().back), (&Status::Running, None));
    stop(session);
}

#[test]
fn the_last_the_best_and_the_wanted_checkpoints_are_kept() {
    let folder = folder(OPTIMIZERS[8]);
    let run = folder.path().join("out");
    let session = start(folder.path(), "out", &["train.checkpoint_every=2", "train.keep_checkpoints=2"]);
    advance(&session, 5);
    session.handle.send(Order::Checkpoint);
    advance(&session, 11);
    stop(session);
    finish(resume(folder.path(), "out", &[]));
    let validation = |event: &Event| match event {
        Event::Evaluated(evaluation) if evaluation.step % 2 == 0 && evaluation.step > 0 => {
            Some((evaluation.validation_loss, evaluation.step))
        }
        _ => None,
    };
    let all: Vec<_> = events(&run).iter().filter_map(validation).collect();
    assert_eq!(all.len(), 20);
    let (_, best) = all.into_iter().min_by(|one, other| one.0.total_cmp(&other.0)).unwrap();
    let mut expected = vec![40, 38, 5, best];
    expected.sort_by(|one, other| other.cmp(one));
    expected.dedup();
    let found: Vec<_> = Checkpoint::list(&run).into_iter().map(|(step, _)| step).collect();
    assert_eq!(found, expected);
}

#[test]
fn checkpoints_come_by_the_clock_too() {
    let folder = folder(OPTIMIZERS[0]);
    let set = ["train.checkpoint_minutes=1e-9", "train.keep_checkpoints=0", "train.updates=6"];
    finish(start(folder.path(), "out", &set));
    let steps: Vec<_> = Checkpoint::list(&folder.path().join("out")).into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, [6, 5, 4, 3, 2, 1]);
}

/// The program, to train, in a folder.
fn program(folder: &Path, arguments: &[&str]) -> Command {
    runs::program(folder, &[&["run"], arguments].concat())
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).output().expect("the program starts")
}

/// Makes sure that the program takes it for bad input and says all of `parts`.
fn assert_refused(folder: &Path, arguments: &[&str], parts: &[&str]) {
    runs::assert_refused(folder, &[&["run"], arguments].concat(), parts);
}

/// Changes one byte in the middle of a file.
fn damage(file: &Path) {
    let mut bytes = fs::read(file).expect("the file is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).expect("the file can be written");
}

#[test]
fn the_command_line_resumes_and_forks() {
    let folder = folder(OPTIMIZERS[8]);
    let path = folder.path();
    let succeed = |arguments: &[&str]| {
        let output = run(path, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout) + &text(&output.stderr)
    };
    succeed(&["tiny.toml", "--out", "whole"]);
    succeed(&["tiny.toml", "--out", "out", "--set", "train.updates=10"]);
    let said = succeed(&["--resume", "out", "--set", "train.updates=20"]);
    assert!(said.contains("finished after 20 updates"), "{said}");
    succeed(&["--from", "out/checkpoints/step-20.safetensors", "tiny.toml", "--out", "stated"]);
    succeed(&["--from", "out/checkpoints/step-20.safetensors", "--out", "own", "--set", "train.updates=40"]);
    let whole = losses(&path.join("whole"));
    assert_eq!(losses(&path.join("out")), whole[..20]);
    assert_eq!(losses(&path.join("stated")), whole[20..]);
    assert_eq!(losses(&path.join("own")), whole[20..]);
}

#[test]
fn what_cannot_be_gone_on_with_is_refused_and_left_as_it_is() {
    let folder = folder(OPTIMIZERS[8]);
    let path = folder.path();
    finish(start(path, "out", &["train.updates=10"]));
    let checkpoint = "out/checkpoints/step-10.safetensors";
    let log = fs::read(path.join("out/events.jsonl")).unwrap();
    let experiment = fs::read(path.join("out/experiment.toml")).unwrap();
    assert_refused(path, &["--resume", "nowhere"], &["nowhere", "not a run folder"]);
    assert_refused(path, &["--resume", "out", "--set", "optimizer.l2=1"], &["out", "resumed as it was", "--from"]);
    assert_refused(path, &["--resume", "out", "--set", "train.updates=0"], &["train.updates"]);
    let few = ["--resume", "out", "--set", "train.updates=9"];
    assert_refused(path, &few, &["train.updates must be above 10", "found 9"]);
    assert_refused(path, &["--resume", "out", "--out", "other"], &["--out"]);
    assert_refused(path, &[], &["EXPERIMENT"]);
    let other = ["--set", "network.layers.1.units=9", "--out", "new"];
    let found = ["step-10.safetensors", "64-8-6-10", "64-9-6-10"];
    assert_refused(path, &[&["--from", checkpoint, "tiny.toml"], &other[..]].concat(), &found);
    let other = ["--set", "loss.kind=squared_error", "--out", "new"];
    assert_refused(
        path,
        &[&["--from", checkpoint, "tiny.toml"], &other[..]].concat(),
        &["step-10.safetensors", "the loss categorical", "the loss squared_error"],
    );
    assert_refused(path, &["--from", "tiny.toml", "--out", "new"], &["tiny.toml", "not a checkpoint"]);
    assert_refused(path, &["--from", "nowhere", "--out", "new"], &["nowhere", "cannot be read"]);
    let few = ["--from", checkpoint, "--out", "new", "--set", "train.updates=10"];
    assert_refused(path, &few, &["train.updates must be above 10", "found 10"]);
    assert_refused(path, &["--from", checkpoint, "tiny.toml", "--out", "out"], &["out", "not empty"]);
    assert!(!path.join("new").exists());
    assert_eq!(fs::read(path.join("out/events.jsonl")).unwrap(), log);
    assert_eq!(fs::read(path.join("out/experiment.toml")).unwrap(), experiment);

    damage(&path.join(checkpoint));
    assert_refused(path, &["--from", checkpoint, "--out", "new"], &["step-10.safetensors", "damaged"]);
    assert_refused(path, &["--resume", "out"], &["step-10.safetensors", "damaged"]);
    assert_eq!(fs::read(path.join("out/events.jsonl")).unwrap(), log);
    let weights = tensors::Tensors::from([("layers.1.weight".to_owned(), ndarray::ArrayD::zeros(vec![2, 2]))]);
    tensors::write(&path.join(checkpoint), &weights, std::collections::HashMap::new()).unwrap();
    assert_refused(path, &["--from", checkpoint, "--out", "new"], &["step-10.safetensors", "weights alone"]);
    fs::remove_file(path.join(checkpoint)).unwrap();
    assert_refused(path, &["--resume", "out"], &["out: no checkpoint"]);
    assert!(!path.join("new").exists());
}

#[test]
fn a_damaged_checkpoint_or_log_costs_no_more_than_the_way_to_the_checkpoint_before() {
    let folder = folder(OPTIMIZERS[9]);
    let path = folder.path();
    finish(start(path, "whole", &[]));
    for case in ["damaged", "changed", "shortened", "torn"] {
        let set = ["train.updates=30", "train.checkpoint_every=12"];
        finish(start(path, case, &set));
        let run = path.join(case);
        let log = fs::read_to_string(run.join("events.jsonl")).unwrap();
        let expected = match case {
            "damaged" => {
                damage(&file(&run, 30));
                damage(&file(&run, 24));
                12
            }
            "changed" => {
                let step = log.find("{\"event\":\"step\",\"step\":20").unwrap();
                let mut bytes = log.clone().into_bytes();
                bytes[step + 30] ^= 1;
                fs::write(run.join("events.jsonl"), bytes).unwrap();
                12
            }
            "shortened" => {
                let end = log.find("{\"event\":\"step\",\"step\":29").unwrap();
                fs::write(run.join("events.jsonl"), &log[..end + 20]).unwrap();
                24
            }
            _ => {
                let torn = format!("{log}{{\"event\":\"step\",\"st");
                fs::write(run.join("events.jsonl"), torn).unwrap();
                30
            }
        };
        finish(resume(path, case, &["train.updates=40"]));
        assert_same(&path.join("whole"), &run, 40, case);
        let events = events(&run);
        let started: Vec<_> = events
            .iter()
            .filter_map(|event| if let Event::Started(info) = event { Some(info.step) } else { None })
            .collect();
        assert_eq!(started, [0, expected], "{case}");
        let said: Vec<_> = events
            .iter()
            .filter_map(|event| if let Event::Warning { text, .. } = event { Some(text.as_str()) } else { None })
            .collect();
        assert_eq!(said.iter().any(|text| text.contains("step-30.safetensors")), case != "torn", "{said:?}");
        assert_eq!(said.iter().any(|text| text.contains(" made again")), case != "torn", "{said:?}");
        let why = |reason: &str| said.iter().any(|text| text.contains("events.jsonl: line ") && text.contains(reason));
        assert_eq!(why("not written to its end"), case == "shortened" || case == "torn", "{said:?}");
        assert_eq!(why("the checksum is"), case == "changed", "{said:?}");
    }
}

#[test]
fn changes_that_are_lost_are_told() {
    let folder = folder(OPTIMIZERS[3]);
    let path = folder.path();
    let session = start(path, "out", &["train.checkpoint_every=10"]);
    advance(&session, 14);
    session.handle.send(Order::Set { hyperparameter: Hyperparameter::LearningRate, value: 0.5 });
    advance(&session, 16);
    // What a process that is killed now leaves.
    let (out, left) = (path.join("out"), path.join("left"));
    fs::create_dir_all(left.join("checkpoints")).unwrap();
    for name in ["experiment.toml", "events.jsonl", &Checkpoint::file(10)] {
        fs::copy(out.join(name), left.join(name)).unwrap();
    }
    stop(session);
    finish(resume(path, "left", &[]));
    finish(start(path, "whole", &[]));
    assert_same(&path.join("whole"), &left, 40, "without the change");
    let told = events(&left).into_iter().any(|event| {
        let expected = "6 updates after update 10 made again; 1 change of settings after update 10 lost";
        matches!(event, Event::Warning { step: 10, text } if text == expected)
    });
    assert!(told);
}

#[test]
fn an_experiment_that_was_edited_in_the_run_folder_is_told() {
    let folder = folder(OPTIMIZERS[3]);
    let (path, file) = (folder.path(), folder.path().join("out/experiment.toml"));
    finish(start(path, "out", &["train.updates=5"]));
    let told = || {
        let said = |event| if let Event::Warning { text, .. } = event { Some(text) } else { None };
        events(&path.join("out")).into_iter().filter_map(said).any(|text| text.contains("experiment.toml was changed"))
    };
    finish(resume(path, "out", &["train.updates=10"]));
    assert!(!told());
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("seed = ", "seed = 1")).unwrap();
    finish(resume(path, "out", &["train.updates=15"]));
    assert!(told());
}

#[cfg(unix)]
#[test]
fn a_run_that_was_asked_to_end_goes_on_where_it_ended() {
    for signal in ["-TERM", "-INT", "-HUP"] {
        let folder = folder(OPTIMIZERS[8]);
        let path = folder.path();
        let set = ["--set", "train.updates=1000000", "--set", "train.checkpoint_every=5"];
        let child = program(path, &[&["tiny.toml", "--out", "out"], &set[..]].concat()).spawn().unwrap();
        wait_for(|| !Checkpoint::list(&path.join("out")).is_empty());
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(status.success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{signal}: {}", text(&output.stderr));
        let (step, _) = Checkpoint::list(&path.join("out"))[0];
        let updates = format!("train.updates={}", step + 10);
        finish(resume(path, "out", &[&updates]));
        finish(start(path, "whole", &[&updates]));
        assert_same(&path.join("whole"), &path.join("out"), step + 10, signal);
    }
}

#[test]
fn a_log_with_a_damaged_line_is_refused_by_its_number() {
    let folder = folder(OPTIMIZERS[0]);
    finish(start(folder.path(), "out", &["train.updates=10"]));
    let path = folder.path().join("out/events.jsonl");
    let log = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<_> = log.lines().map(str::to_owned).collect();
    lines[4].replace_range(0..2, "  ");
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    assert_refused(folder.path(), &["--resume", "out"], &["events.jsonl", "line 5", "--from"]);
}

#[test]
fn two_runs_never_share_a_folder() {
    let folder = folder(OPTIMIZERS[8]);
    let path = folder.path();
    let set = ["--set", "train.updates=1000000", "--set", "train.checkpoint_every=5"];
    let mut child = program(path, &[&["tiny.toml", "--out", "out"], &set[..]].concat()).spawn().unwrap();
    wait_for(|| !Checkpoint::list(&path.join("out")).is_empty());
    let process = format!("process {}", child.id());
    assert_refused(path, &["--resume", "out"], &["out: another run writes to this folder", &process]);
    kill(&mut child);
    let (made, _) = Checkpoint::list(&path.join("out"))[0];
    let output = run(path, &["--resume", "out", "--set", &format!("train.updates={made}")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // The same holds within one process.
    let session = resume(path, "out", &["train.updates=1000000"]);
    wait_for(|| session.handle.snapshot().status == Status::Running);
    let error = resume(path, "out", &["train.updates=1000000"]).join().unwrap_err();
    assert!(matches!(error, session::Error::Lock(_)), "{error}");
    stop(session);
}

/// Ends a process without a warning, as a power cut does.
fn kill(child: &mut Child) {
    child.kill().expect("the process can be killed");
    child.wait().expect("the process ends");
}

/// How often runs are killed; more where `KFRA_TUI_KILLS` says so.
fn kills() -> u32 {
    std::env::var("KFRA_TUI_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(20)
}

#[test]
fn a_run_that_is_killed_at_any_moment_goes_on_as_if_it_had_not_been() {
    const EVERY: u64 = 10;
    const UPDATES: u64 = 400;
    let folder = folder(OPTIMIZERS[9]);
    let path = folder.path();
    let updates = format!("train.updates={UPDATES}");
    let set = ["--set", &updates, "--set", "train.checkpoint_every=10", "--set", "train.keep_checkpoints=2"];
    let began = Instant::now();
    assert!(run(path, &[&["tiny.toml", "--out", "whole"], &set[..]].concat()).status.success());
    // However fast the machine is, kills come at any moment of a run.
    let (whole, takes) = (path.join("whole"), began.elapsed());
    let (mut stream, mut runs, mut resumed, mut cuts) = (Stream::new(kills().into(), "kills", 0), 0, 0, 0);
    while cuts < kills() {
        runs += 1;
        let out = format!("run-{runs}");
        let run = path.join(&out);
        let mut known = 0;
        loop {
            let afresh = Checkpoint::list(&run).is_empty();
            let mut child = if afresh {
                if run.exists() {
                    let errors = text(&self::run(path, &["--resume", &out]).stderr);
                    assert!(errors.contains("no checkpoint") || errors.contains("not a run folder"), "{errors}");
                    fs::remove_dir_all(&run).unwrap();
                }
                program(path, &[&["tiny.toml", "--out", &out], &set[..]].concat()).spawn().unwrap()
            } else {
                resumed += 1;
                program(path, &["--resume", &out]).spawn().unwrap()
            };
            if cuts < kills() {
                std::thread::sleep(takes.mul_f64(stream.uniform()));
                cuts += 1;
            } else {
                child.wait().unwrap();
            }
            if let Some(status) = child.try_wait().unwrap() {
                let output = child.wait_with_output().unwrap();
                assert!(status.success(), "{}", text(&output.stderr));
                break;
            }
            kill(&mut child);
            if let Some(&(step, _)) = Checkpoint::list(&run).first() {
                assert!(step >= known, "update {step} after {known}");
                known = step;
                let log = fs::read_to_string(run.join("events.jsonl")).unwrap();
                let complete = log.rfind('\n').map_or("", |end| &log[..end]);
                let last = complete
                    .lines()
                    .filter_map(|line| serde_json::from_str(line).ok())
                    .fold(0, |last, event| if let Event::Step(step) = event { step.step } else { last });
                assert!((step..=step + EVERY).contains(&last), "checkpoint {step}, log to {last}");
            }
        }
        assert_same(&whole, &run, UPDATES, &out);
        let parts = fs::read_dir(run.join("checkpoints")).unwrap();
        assert!(parts.flatten().all(|file| file.path().extension().is_some_and(|end| end == "safetensors")));
    }
    eprintln!("{cuts} kills, {runs} runs, resumed {resumed} times");
    assert!(resumed >= cuts / 4, "resumed {resumed} times after {cuts} kills");
}

#[test]
fn a_run_goes_on_and_is_inspected_with_its_own_data_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = |first: f64| {
        let rows = (0..30).map(|n| format!("{},{},0.5\n", if n == 0 { first } else { 0.25 }, f64::from(n % 7) / 7.0));
        std::fs::write(folder.path().join("data.csv"), rows.collect::<String>()).unwrap();
    };
    let text_of = "data = { images = \"data.csv\", task = \"autoencode\", train = 20 }\nloss.kind = \"squared_error\"\n\
                   network.layers = [{ units = 2, activation = \"tanh\" }]\noptimizer.kind = \"kfra\"\n\
                   train = { batch = 10, updates = 3 }\n";
    std::fs::write(folder.path().join("own.toml"), text_of).unwrap();
    let run = |arguments: &[&str]| {
        let output = runs::program(folder.path(), arguments).output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    let go_on =
        |updates: u32| run(&["run", "--quiet", "--resume", "out", "--set", &format!("train.updates={updates}")]);
    let inspect = || run(&["inspect", "--run", "out", "--quantities", "hessian", "--out", "found.safetensors"]);
    data(0.75);
    assert_eq!(run(&["run", "own.toml", "--quiet", "--out", "out"]), (Some(0), String::new()));
    assert_eq!(go_on(4).0, Some(0));
    assert_eq!(inspect().0, Some(0));
    data(0.5);
    let before = std::fs::read(folder.path().join("out/events.jsonl")).unwrap();
    for (code, said) in [go_on(5), inspect()] {
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("step-4.safetensors: the data are not those that the run was trained on"), "{said}");
    }
    assert_eq!(std::fs::read(folder.path().join("out/events.jsonl")).unwrap(), before);
    data(0.75);
    assert_eq!(go_on(5), (Some(0), String::new()));
}
