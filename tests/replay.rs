//! Runs that are made again from their logs, with all that was changed along the way.

use std::fs;
use std::path::{Path, PathBuf};

use crate::runs::{
    OPTIMIZERS, advance, assert_refused, diverged, events, file, finish, folder, losses, program, resume, settings,
    spawn, spoilt, start, stop, text, wait_for,
};
use kfra_tui::data::Places;
use kfra_tui::experiment::Experiment;
use kfra_tui::linalg::Stream;
use kfra_tui::optim::{Kind, Rule};
use kfra_tui::session::replay::{Difference, Replayed, Request, replay};
use kfra_tui::session::{self, Checkpoint, Command as Order, Event, Session, Start, Status};
use kfra_tui::train::Hyperparameter;

fn request(run: &Path) -> Request {
    let places = Places::new(Vec::new());
    Request { folder: run.to_owned(), from: None, until: None, verify: true, out: None, places }
}

fn made(request: &Request) -> Replayed {
    replay(request, &mut |_, _| {}).expect("the run can be read")
}

/// Makes a run again, all of it, and makes sure that it is the same.
fn verify(run: &Path, what: &str) -> Replayed {
    let replayed = made(&request(run));
    assert_eq!(replayed.difference, None, "{what}");
    let last = losses(run).last().map_or(replayed.updates.0, |(step, _)| *step);
    assert_eq!(replayed.updates.1, last, "{what}");
    let is_change =
        |event: &Event| matches!(event, Event::Applied { command: Order::Set { .. } | Order::Switch { .. }, .. });
    assert_eq!(replayed.changes, events(run).iter().filter(|event| is_change(event)).count() as u64, "{what}");
    replayed
}

/// Somebody who changes runs at random.
struct Hand {
    stream: Stream,
    changes: u32,
}

impl Hand {
    fn below(&mut self, count: usize) -> usize {
        (self.stream.uniform::<f64>() * count as f64) as usize
    }

    fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.stream.uniform())
    }

    /// A change that a run takes.
    fn change(&mut self, run: &Session) -> Order {
        use Hyperparameter as H;
        let kinds = Kind::all();
        let optimizer = kinds[self.below(kinds.len())];
        let known = run.handle.snapshot().hyperparameters.clone();
        let (hyperparameter, _) = known[self.below(known.len())];
        let value = match hyperparameter {
            H::LearningRate => self.log_uniform(1e-4, 0.3),
            H::KroneckerDamping | H::StepDamping => self.log_uniform(1e-2, 10.0),
            H::KroneckerDampingMin | H::StepDampingMin => self.log_uniform(1e-6, 1e-3),
            H::KroneckerDampingMax | H::StepDampingMax => self.log_uniform(1e2, 1e5),
            H::L2 | H::Epsilon => self.log_uniform(1e-8, 1e-2),
            H::DecayPeriod | H::InversePeriod => 1.0 + self.below(9) as f64,
            H::Samples => 1.0 + self.below(3) as f64,
            H::Batch => 20.0 + self.below(80) as f64,
            // Of a second-order method momentum is on or off.
            H::Momentum if self.below(2) == 0 => self.below(2) as f64,
            H::AdaptKroneckerDamping | H::AdaptStepDamping => self.below(2) as f64,
            H::Momentum | H::Beta1 | H::Beta2 | H::FactorAverage => self.stream.uniform::<f64>() * 0.95,
            H::Every(_) => self.below(20) as f64,
            H::Budget => self.stream.uniform(),
        };
        if self.below(4) == 0 { Order::Switch { optimizer } } else { Order::Set { hyperparameter, value } }
    }

    /// Changes a run that stands still or trains; the run it is then: this one, or one that starts at its
    /// checkpoint.
    fn steer(&mut self, run: Session, folder: &Path, runs: &mut Vec<PathBuf>) -> Session {
        self.changes += 1;
        // What it came to is known before the next change is chosen.
        let done = |order| {
            let ticket = run.handle.send(order);
            wait_for(|| run.handle.snapshot().messages.iter().any(|message| message.ticket == Some(ticket)));
        };
        match self.below(12) {
            0 => drop(run.handle.send(Order::Pause)),
            1 => drop(run.handle.send(Order::Resume)),
            2 => drop(run.handle.send(Order::RunThenPause(1 + self.below(4) as u64))),
            3 => {
                done(Order::Pause);
                done(Order::Checkpoint);
                let (now, checkpoint) = Checkpoint::list(runs.last().unwrap()).remove(0);
                done(Order::Fork(now));
                let next = folder.join(format!("fork-{}", runs.len()));
                let experiment = session::forked(&checkpoint, &[]).unwrap();
                let fork = spawn(experiment, &next, Start::Fork { checkpoint });
                // With settings at random it would not come far by itself.
                fork.handle.send(Order::Pause);
                stop(run);
                runs.push(next);
                wait_for(|| fork.handle.snapshot().status == Status::Paused);
                return fork;
            }
            _ => {
                let order = self.change(&run);
                done(order);
            }
        }
        // It makes some updates, and now and then goes on, so that changes come at any moment.
        let (updates, known) = (1 + self.below(3) as u64, run.handle.snapshot().step);
        run.handle.send(if self.below(4) == 0 { Order::Resume } else { Order::RunThenPause(updates) });
        wait_for(|| run.handle.snapshot().step >= known + updates);
        run
    }
}

/// A run, and those that start at its checkpoints, with 50 changes at random; their folders.
fn steered(folder: &Path, seed: u64) -> Vec<PathBuf> {
    let mut hand = Hand { stream: Stream::new(seed, "hand", 0), changes: 0 };
    let mut runs = vec![folder.join("out")];
    let mut run = start(folder, "out", &["train.updates=1000000"]);
    advance(&run, 3);
    while hand.changes < 50 {
        run = hand.steer(run, folder, &mut runs);
    }
    stop(run);
    runs
}

#[test]
fn a_run_with_50_random_changes_is_made_again_bit_by_bit_with_every_optimizer() {
    for (seed, optimizer) in (1..).zip(OPTIMIZERS) {
        let folder = folder(optimizer);
        let runs = steered(folder.path(), seed);
        let (mut updates, mut changes) = (0, 0);
        for run in &runs {
            let replayed = verify(run, &format!("{optimizer}: {}", run.display()));
            updates += replayed.updates.1 - replayed.updates.0;
            changes += replayed.changes;
        }
        eprintln!("{optimizer:?}: {} runs, {updates} updates, {changes} changes", runs.len());
        assert!(changes >= 20, "{changes}");
    }
}

#[test]
fn runs_that_were_resumed_and_those_that_began_at_a_checkpoint_are_made_again_too() {
    let folder = folder(OPTIMIZERS[9]);
    let path = folder.path();
    let session = start(path, "out", &["train.checkpoint_every=7"]);
    advance(&session, 10);
    session.handle.send(Order::Set { hyperparameter: Hyperparameter::KroneckerDamping, value: 0.3 });
    advance(&session, 12);
    stop(session);
    // The number of threads is part of what decides on the bits.
    let session = resume(path, "out", &["train.threads=2"]);
    advance(&session, 15);
    session.handle.send(Order::Switch { optimizer: Kind::Rule(Rule::Adam) });
    session.handle.send(Order::Resume);
    finish(session);
    let (run, fork) = (path.join("out"), path.join("fork"));
    assert_eq!(verify(&run, "resumed").updates, (0, 40));
    let checkpoint = file(&run, 28);
    let set = settings(&["optimizer.learning_rate=0.01", "train.updates=50", "seed=9"]);
    let experiment = session::forked(&checkpoint, &set).unwrap();
    finish(spawn(experiment, &fork, Start::Fork { checkpoint: checkpoint.clone() }));
    // It needs the other run no more.
    fs::remove_dir_all(&run).unwrap();
    assert_eq!(verify(&fork, "forked").updates, (28, 50));
}

#[test]
fn a_replay_from_a_checkpoint_makes_what_followed_from_it() {
    let folder = folder(OPTIMIZERS[4]);
    let path = folder.path();
    let session = start(path, "out", &["train.checkpoint_every=8", "train.keep_checkpoints=0"]);
    advance(&session, 20);
    let set = |value| Order::Set { hyperparameter: Hyperparameter::StepDamping, value };
    // Of two changes at one step, one is in the checkpoint.
    for order in [set(0.4), Order::Checkpoint, set(2.0), Order::Resume] {
        session.handle.send(order);
    }
    finish(session);
    let run = path.join("out");
    for (step, changes) in [(8, 2), (16, 2), (20, 1), (24, 0), (40, 0)] {
        let replayed = made(&Request { from: Some(file(&run, step)), ..request(&run) });
        assert_eq!((replayed.updates, replayed.changes, replayed.difference), ((step, 40), changes, None));
    }
}

#[test]
fn a_replay_up_to_an_update_leaves_a_checkpoint_that_others_go_on_from() {
    for optimizer in [OPTIMIZERS[3], OPTIMIZERS[9], OPTIMIZERS[11]] {
        let folder = folder(optimizer);
        let path = folder.path();
        let session = start(path, "out", &[]);
        advance(&session, 13);
        session.handle.send(Order::Set { hyperparameter: Hyperparameter::Batch, value: 50.0 });
        session.handle.send(Order::Resume);
        finish(session);
        let run = path.join("out");
        for until in [1, 13, 27] {
            let out = path.join(format!("at-{until}.safetensors"));
            let replayed = made(&Request { until: Some(until), out: Some(out.clone()), ..request(&run) });
            assert_eq!((replayed.updates, replayed.difference), ((0, until), None));
            let fork = path.join(format!("fork-{until}"));
            let experiment = session::forked(&out, &[]).unwrap();
            assert_eq!(experiment.train.batch, if until < 13 { 70 } else { 50 });
            let session = spawn(experiment, &fork, Start::Fork { checkpoint: out });
            if until < 13 {
                advance(&session, 13);
                session.handle.send(Order::Set { hyperparameter: Hyperparameter::Batch, value: 50.0 });
                session.handle.send(Order::Resume);
            }
            finish(session);
            assert_eq!(losses(&fork), losses(&run)[until as usize..], "{optimizer}: {until}");
        }
        let error = replay(&Request { until: Some(41), ..request(&run) }, &mut |_, _| {}).unwrap_err().to_string();
        assert!(error.contains("no update 41") && error.contains("from 0 to 40"), "{error}");
    }
}

/// The log of a run as a version without checksums wrote it, with one text in place of another.
fn forge(run: &Path, old: &str, new: &str) {
    let path = run.join("events.jsonl");
    let log = fs::read_to_string(&path).unwrap();
    let schema = format!("\"schema\":{},", session::log::SCHEMA);
    let unsealed: String =
        log.lines().map(|line| line[..line.rfind(",\"crc32c\"").unwrap()].replace(&schema, "") + "}\n").collect();
    assert_eq!(unsealed.matches(old).count(), 1, "{old}");
    fs::write(path, unsealed.replace(old, new)).unwrap();
    // What is known of another log does not count.
    let _ = fs::remove_file(run.join("events.index"));
}

#[test]
fn what_comes_out_otherwise_is_told_by_its_update_and_its_values() {
    let folder = folder(OPTIMIZERS[8]);
    let path = folder.path();
    finish(start(path, "out", &[]));
    let run = path.join("out");
    let Some(Event::Step(step)) =
        events(&run).into_iter().find(|event| matches!(event, Event::Step(s) if s.step == 17))
    else {
        panic!("an update")
    };
    let other = f64::from_bits(step.loss.to_bits() + 1);
    forge(&run, &format!("\"loss\":{:?}", step.loss), &format!("\"loss\":{other:?}"));
    let difference = made(&request(&run)).difference.unwrap();
    assert_eq!(difference, Difference::Number { step: 17, name: "the loss", recorded: other, found: step.loss });
    let told = format!("update 17: the loss is {:?}, in the log {other:?}", step.loss);
    assert_eq!(difference.to_string(), told);
    // The program says so, and goes on if it is not asked to verify.
    let verified = program(path, &["replay", "out", "--verify"]).output().unwrap();
    assert_eq!(verified.status.code(), Some(1));
    assert!(text(&verified.stderr).contains(&told), "{}", text(&verified.stderr));
    let whole = program(path, &["replay", "out"]).output().unwrap();
    assert_eq!(whole.status.code(), Some(0));
    assert!(text(&whole.stdout).contains("40 updates after 0, with 0 changes"), "{}", text(&whole.stdout));
    assert!(text(&whole.stdout).contains(&told), "{}", text(&whole.stdout));
    // A setting that was not that of the run shows at once.
    let settings = fs::read_to_string(run.join("experiment.toml")).unwrap();
    fs::write(run.join("experiment.toml"), settings.replace("seed = 3", "seed = 4")).unwrap();
    let Some(Difference::Number { step, .. }) = made(&request(&run)).difference else { panic!("a difference") };
    assert!(step <= 1, "{step}");
}

#[test]
fn a_run_that_could_not_go_on_and_was_helped_is_made_again() {
    let (folder, session) = diverged();
    let path = folder.path();
    let run = path.join("out");
    session.handle.send(Order::Set { hyperparameter: Hyperparameter::LearningRate, value: 1e-3 });
    session.handle.send(Order::Resume);
    finish(session);
    let made = losses(&run);
    assert!(made.len() < 40, "an update failed");
    assert_eq!(verify(&run, "helped").updates, (0, 40));
    // The log of one that made it is told from this one.
    let gap = (1..=40).find(|step| made.iter().all(|(known, _)| known != step)).unwrap();
    let other = Experiment::read(&run.join("experiment.toml"), &settings(&["optimizer.learning_rate=1e-3"])).unwrap();
    fs::write(run.join("experiment.toml"), other.to_toml()).unwrap();
    let difference = self::made(&Request { verify: false, ..request(&run) }).difference;
    assert!(difference.is_some(), "{gap}");
}

#[test]
fn a_run_whose_loss_diverged_is_made_again() {
    let (folder, session) = spoilt();
    session.handle.send(Order::Resume);
    stop(session);
    assert_eq!(verify(&folder.path().join("out"), "diverged").changes, 1);
}

#[test]
fn one_flipped_byte_of_the_log_or_of_a_checkpoint_is_told_with_its_place() {
    let folder = folder(OPTIMIZERS[7]);
    let path = folder.path();
    let session = start(path, "out", &["train.checkpoint_every=20"]);
    advance(&session, 5);
    session.handle.send(Order::Set { hyperparameter: Hyperparameter::L2, value: 1e-4 });
    session.handle.send(Order::Resume);
    finish(session);
    let run = path.join("out");
    let mut stream = Stream::new(1, "flips", 0);
    let mut flipped = |file: &Path| {
        let mut bytes = fs::read(file).unwrap();
        let place = (stream.uniform::<f64>() * bytes.len() as f64) as usize;
        bytes[place] ^= 1 << (stream.uniform::<f64>() * 8.0) as u32;
        fs::write(file, &bytes).unwrap();
        place
    };
    let log = run.join("events.jsonl");
    let kept = fs::read(&log).unwrap();
    for _ in 0..100 {
        let place = flipped(&log);
        let line = kept[..place].split(|byte| *byte == b'\n').count();
        let told = match replay(&request(&run), &mut |_, _| {}) {
            Err(error) => error.to_string(),
            // Without its last line break the last line is one that was not written to its end.
            Ok(replayed) => replayed.torn.expect("damage is noticed").to_string(),
        };
        assert!(told.contains(&format!("line {line}, byte ")), "byte {place}, line {line}: {told}");
        fs::write(&log, &kept).unwrap();
    }
    let checkpoint = file(&run, 20);
    let kept = fs::read(&checkpoint).unwrap();
    let header = 8 + u64::from_le_bytes(*kept.first_chunk().unwrap()) as usize;
    let whole = Checkpoint::read(&checkpoint).unwrap();
    let mut tensors = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let place = flipped(&checkpoint);
        match Checkpoint::read(&checkpoint).map_err(|error| error.to_string()) {
            Ok(read) => assert!(place < header && read == whole, "byte {place}"),
            Err(told) => {
                assert!(told.contains("step-20.safetensors"), "{told}");
                if place < header {
                    assert!(told.contains("header"), "byte {place}: {told}");
                } else {
                    let (_, rest) = told.split_once("tensor `").expect("the tensor is named");
                    let (name, rest) = rest.split_once("` (bytes ").unwrap();
                    let (from, rest) = rest.split_once(" to ").unwrap();
                    let to = rest.split_once(')').unwrap().0;
                    let within = from.parse::<usize>().unwrap()..=to.parse::<usize>().unwrap();
                    assert!(whole.archive.tensors.contains_key(name) && within.contains(&place), "{place}: {told}");
                    tensors.insert(name.to_owned());
                }
            }
        }
        fs::write(&checkpoint, &kept).unwrap();
    }
    assert!(tensors.len() > 5, "{tensors:?}");
}

#[test]
fn the_command_line_makes_a_run_again() {
    let folder = folder(OPTIMIZERS[8]);
    let path = folder.path();
    finish(start(path, "out", &["train.checkpoint_every=10"]));
    let succeed = |arguments: &[&str]| {
        let output = program(path, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let said = succeed(&["replay", "out", "--verify"]);
    assert!(said.contains("out: 40 updates after 0, with 0 changes: as in the log, bit by bit"), "{said}");
    let from = ["replay", "out", "--verify", "--from", "out/checkpoints/step-20.safetensors"];
    assert!(succeed(&from).contains("20 updates after 20,"));
    assert_eq!(succeed(&["replay", "out", "--until", "25", "--out", "at-25.safetensors", "--quiet"]), "");
    succeed(&["run", "--from", "at-25.safetensors", "--out", "fork"]);
    assert_eq!(losses(&path.join("fork")), losses(&path.join("out"))[25..]);
    assert_refused(path, &["replay", "nowhere"], &["nowhere", "not a run folder"]);
    assert_refused(path, &["replay", "out", "--until", "41"], &["out: the log has no update 41"]);
    assert_refused(path, &["replay", "out", "--out", "at-25.safetensors"], &["at-25.safetensors", "exists"]);
    assert_refused(path, &["replay", "out", "--from", "tiny.toml"], &["tiny.toml", "not a checkpoint"]);
    let log = path.join("out/events.jsonl");
    let whole = fs::read_to_string(&log).unwrap();
    fs::write(&log, whole.replacen("\"loss\":", "\"lose\":", 1)).unwrap();
    assert_refused(path, &["replay", "out"], &["out/events.jsonl: line ", "byte ", "damaged"]);
    fs::write(&log, &whole[..whole.len() - 30]).unwrap();
    let said = succeed(&["replay", "out", "--verify"]);
    assert!(said.contains("not written to its end"), "{said}");
}
