//! `kfra-tui run`: the run folder it leaves, how it ends, and that it repeats itself bit by bit.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use kfra_tui::data::Places;
use kfra_tui::diagnostics::{Diagnostic, Probe, Scope};
use kfra_tui::experiment::{Experiment, FIELDS};
use kfra_tui::network::tensors;
use kfra_tui::optim::{Curvature, Kind};
use kfra_tui::runs::{Fact, Run};
use kfra_tui::session::{Command as Order, Event, Options, Outcome, Session, Snapshot, Start, Status, Summary};
use kfra_tui::train::Hyperparameter;
use tempfile::TempDir;

/// An experiment that takes a moment, but for its optimizer.
const EXPERIMENT: &str = r#"
name = "tiny"
seed = 3

[data]
source = "digits"
task = "classify"

[network]
layers = [{ units = 12, activation = "tanh" }]

[loss]
kind = "categorical"

[train]
batch = 100
updates = 25
threads = 2
evaluate_every = 10

[diagnostics]
rank = { every = 5, data = 16 }
hessian = { every = 5, data = 16 }
"#;

/// The experiment with an optimizer, in a folder of its own.
fn experiment(optimizer: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{EXPERIMENT}\n[optimizer]\n{optimizer}\n");
    fs::write(folder.path().join("tiny.toml"), text).expect("a file");
    folder
}

/// `kfra-tui run tiny.toml --out out` in a folder.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.current_dir(folder).args(["run", "tiny.toml", "--out", "out"]).args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn summary(folder: &Path) -> Summary {
    let bytes = fs::read(folder.join("out/summary.json")).expect("the summary is there");
    serde_json::from_slice(&bytes).expect("the summary can be read")
}

fn events(folder: &Path) -> Vec<Event> {
    let log = fs::read_to_string(folder.join("out/events.jsonl")).expect("the log is there");
    log.lines().map(|line| serde_json::from_str(line).expect("a line of the log is an event")).collect()
}

/// The bits of every loss along a run.
fn losses(folder: &Path) -> Vec<u64> {
    let loss = |event| if let Event::Step(step) = event { Some(step.loss.to_bits()) } else { None };
    events(folder).into_iter().filter_map(loss).collect()
}

fn checkpoint(folder: &Path, updates: u64) -> PathBuf {
    folder.join(format!("out/checkpoints/step-{updates}.safetensors"))
}

/// Waits until something is so, for a minute at most; whether it came to be.
fn wait_for(what: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !what() {
        if start.elapsed() > Duration::from_secs(60) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

#[test]
fn a_finished_run_leaves_its_summary() {
    let folder = experiment("kind = \"kfra\"");
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("finished after 25 updates"), "{}", text(&output.stdout));
    let bytes = fs::read(folder.path().join("out/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(summary["status"], "finished");
    assert_eq!(summary["updates"], 25);
    assert_eq!(summary["version"], env!("CARGO_PKG_VERSION"));
    assert!(summary["machine"].is_object(), "{summary}");
    for key in ["train_loss", "validation_loss", "seconds", "seconds_training", "samples_per_second"] {
        assert!(summary[key].as_f64().is_some_and(|number| number > 0.0), "{key}: {summary}");
    }
    assert!(summary["seconds_training"].as_f64() <= summary["seconds"].as_f64(), "{summary}");
}

#[test]
fn the_log_folds_to_the_summary() {
    let folder = experiment("kind = \"kfra\"");
    let output = run(folder.path(), &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (events, summary) = (events(folder.path()), summary(folder.path()));
    assert!(matches!(events.first(), Some(Event::Started(_))) && matches!(events.last(), Some(Event::Ended(_))));
    let mut snapshot = Snapshot::default();
    for event in &events {
        snapshot.apply(event);
    }
    let evaluation = snapshot.evaluation.unwrap();
    assert_eq!(snapshot.step, summary.updates);
    assert_eq!(evaluation.step, summary.updates);
    assert_eq!(evaluation.train_loss.to_bits(), summary.train_loss.to_bits());
    assert_eq!(evaluation.validation_loss.to_bits(), summary.validation_loss.to_bits());
    assert_eq!(snapshot.status, Status::Ended(Outcome::Finished));
    assert_eq!(snapshot.summary, Some(summary));
    let steps: Vec<_> =
        events.iter().filter_map(|e| if let Event::Step(s) = e { Some(s.step) } else { None }).collect();
    assert_eq!(steps, (1..=25).collect::<Vec<_>>());
}

#[test]
fn the_checkpoint_holds_the_weights_of_the_network() {
    let folder = experiment("kind = \"kfra\"");
    let output = run(folder.path(), &["--set", "train.checkpoint_every=10"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let events = events(folder.path());
    let Some(Event::Started(started)) = events.first() else { panic!("the log begins with the start") };
    for updates in [10, 20, 25] {
        let file = checkpoint(folder.path(), updates);
        let weights = tensors::read(&file).unwrap();
        tensors::parameters(&file, &weights, &started.architecture).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path().join("out/checkpoints")).unwrap().count(), 3);
}

#[test]
fn the_experiment_kept_with_a_run_is_the_one_that_ran() {
    let folder = experiment("kind = \"kfra\"");
    let output = run(folder.path(), &["--set", "train.updates=7"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(summary(folder.path()).updates, 7);
    assert_eq!(losses(folder.path()).len(), 7);
    assert!(checkpoint(folder.path(), 7).is_file());
    let kept = fs::read_to_string(folder.path().join("out/experiment.toml")).unwrap();
    let kept: toml::Table = kept.parse().unwrap();
    assert_eq!(kept["train"]["updates"].as_integer(), Some(7));
}

#[test]
fn a_quiet_run_prints_nothing() {
    let folder = experiment("kind = \"adam\"");
    let output = run(folder.path(), &["--quiet"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), String::new()));
    assert_eq!(summary(folder.path()).status, Outcome::Finished);
}

#[test]
fn a_folder_with_files_is_refused_and_left_as_it_is() {
    let folder = experiment("kind = \"adam\"");
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/thesis.txt"), "years of work").unwrap();
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let errors = text(&output.stderr);
    assert!(errors.contains("out") && errors.contains("the folder is not empty"), "{errors}");
    let entries: Vec<_> = fs::read_dir(folder.path().join("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(entries, ["thesis.txt"]);
    assert_eq!(fs::read_to_string(folder.path().join("out/thesis.txt")).unwrap(), "years of work");
}

#[test]
fn a_run_folder_that_cannot_be_made_is_refused() {
    let folder = experiment("kind = \"adam\"");
    fs::write(folder.path().join("out"), "a file").unwrap();
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot write out"), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("out")).unwrap(), "a file");
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_goes_on_where_nobody_can_be_told_of_it() {
    let folder = experiment("kind = \"adam\"");
    let full = fs::File::create("/dev/full").unwrap();
    let output = command(folder.path(), &[]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(summary(folder.path()).status, Outcome::Finished);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_stops_with_a_checkpoint() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let folder = experiment("kind = \"kfra\"");
        let mut command = command(folder.path(), &["--set", "train.updates=1000000"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // The log reaches the disk about once a second.
        let log = folder.path().join("out/events.jsonl");
        let begun = wait_for(|| fs::metadata(&log).is_ok_and(|log| log.len() > 0));
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(begun && status.success(), "{}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{signal}: {}", text(&output.stderr));
        let summary = summary(folder.path());
        assert_eq!(summary.status, Outcome::Stopped, "{signal}");
        assert!(0 < summary.updates && summary.updates < 1_000_000, "{signal}: {summary:?}");
        tensors::read(&checkpoint(folder.path(), summary.updates)).unwrap();
        assert!(matches!(events(folder.path()).last(), Some(Event::Ended(_))));
    }
}

#[cfg(unix)]
#[test]
fn time_for_which_a_run_is_stopped_does_not_count() {
    let folder = experiment("kind = \"kfra\"");
    let began = Instant::now();
    let mut child = command(folder.path(), &["--quiet", "--set", "train.updates=1000000"]).spawn().unwrap();
    let number = child.id().to_string();
    let log = folder.path().join("out/events.jsonl");
    let begun = wait_for(|| fs::metadata(&log).is_ok_and(|log| log.len() > 0));
    let signalled = ["-STOP", "-CONT", "-INT"].map(|signal| {
        let status = Command::new("kill").args([signal, &number]).status().unwrap();
        std::thread::sleep(Duration::from_secs(3));
        status.success()
    });
    assert!(begun && signalled == [true; 3] && child.wait().unwrap().success());
    let (summary, whole) = (summary(folder.path()), began.elapsed().as_secs_f64());
    // Of the nine seconds it had three.
    assert!(summary.seconds < whole - 5.0, "{summary:?} of {whole} s");
    let wall = |event| if let Event::Step(step) = event { step.wall } else { 0.0 };
    assert!(events(folder.path()).into_iter().map(wall).fold(0.0, f64::max) < 2.0);
}

#[test]
fn a_diverging_run_fails_with_a_reason() {
    let folder = experiment("kind = \"sgd\"\nlearning_rate = 1e38");
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let summary = summary(folder.path());
    assert!(summary.status == Outcome::Failed && summary.diverged, "{summary:?}");
    let reason = summary.reason.unwrap();
    assert!(!reason.is_empty() && text(&output.stderr).contains(&reason), "{reason}: {}", text(&output.stderr));
}

#[test]
fn an_empirical_run_keeps_its_settings_and_is_told_from_a_sampled_one() {
    // A seed that double precision has no place for.
    let (settings, seed) = ("kronecker_damping = 0.5", 9_007_199_254_740_993);
    let folder = experiment(&format!("kind = \"kfac\"\nempirical = true\n{settings}"));
    let output = run(folder.path(), &["--set", "train.updates=2", "--set", &format!("seed={seed}")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let empirical = Run::read(&folder.path().join("out")).unwrap();
    assert_eq!(empirical.optimizer(), "kfac (empirical, not the Fisher)");
    assert_eq!(empirical.fact("optimizer.kind"), Some(&Fact::Text("kfac".into())));
    assert_eq!(empirical.fact("kronecker_damping"), Some(&Fact::Number(0.5)));
    assert_eq!(empirical.seed(), Some(seed));

    let folder = experiment(&format!("kind = \"kfac\"\n{settings}"));
    assert!(run(folder.path(), &["--set", "train.updates=2"]).status.success());
    let sampled = Run::read(&folder.path().join("out")).unwrap();
    assert_eq!(sampled.optimizer(), "kfac");
    assert!(!sampled.is_repetition_of(&empirical));
}

#[test]
fn a_run_of_which_every_update_is_undone_fails_however_short_it_is() {
    for (updates, reason) in [(1, "every one of the 1 updates"), (10, "every one of the 10 updates")] {
        let folder = experiment("kind = \"sgd\"\nlearning_rate = 1e39");
        let output = run(folder.path(), &["--set", &format!("train.updates={updates}")]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
        let summary = summary(folder.path());
        assert_eq!((summary.status, summary.updates), (Outcome::Failed, updates));
        assert!(summary.reason.unwrap().starts_with(reason), "{}", text(&output.stderr));
    }
}

#[test]
fn a_run_too_short_for_its_diagnostics_is_measured_at_its_end() {
    let folder = experiment("kind = \"kfra\"");
    let short = ["--set", "train.updates=3"];
    for (settings, expected) in [
        ([&["--set", "diagnostics.hessian.every=0"], &short[..]].concat(), &[0, 3][..]),
        ([&["--set", "diagnostics.budget=0.0"], &short[..]].concat(), &[]),
    ] {
        let output = run(folder.path(), &settings);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let measured = |event| if let Event::Measured(found) = event { Some(found.reading().step) } else { None };
        let mut steps: Vec<_> = events(folder.path()).into_iter().filter_map(measured).collect();
        steps.dedup();
        assert_eq!(steps, expected, "{settings:?}");
        fs::remove_dir_all(folder.path().join("out")).unwrap();
    }
}

#[test]
fn runs_that_start_at_once_get_folders_of_their_own_and_a_bad_one_leaves_none() {
    let folder = experiment("kind = \"adam\"");
    let start = |settings: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
        command.current_dir(folder.path()).args(["run", "tiny.toml", "--quiet"]).args(settings).spawn().unwrap()
    };
    let children: Vec<_> = (0..4).map(|_| start(&[])).collect();
    assert!(children.into_iter().all(|mut child| child.wait().unwrap().success()));
    let runs = || fs::read_dir(folder.path().join("runs")).unwrap().count();
    assert_eq!(runs(), 4);
    fs::write(folder.path().join("images"), "no images").unwrap();
    let bad = ["--set", "data={ images = \"images\", task = \"autoencode\" }", "--set", "loss.kind=bernoulli"];
    assert_eq!(start(&bad).wait().unwrap().code(), Some(2));
    assert_eq!(runs(), 4);
}

/// A new run in a folder, of data that are embedded.
fn options(folder: PathBuf, watched: bool) -> Options {
    Options { folder: folder.into(), start: Start::New, places: Places::new(Vec::new()), watched, listener: None }
}

#[test]
fn a_diverging_run_that_is_watched_stands_still_and_goes_on_with_other_settings() {
    let folder = experiment("kind = \"sgd\"\nlearning_rate = 1e30");
    let settings = ["train.updates=1000000".to_owned()];
    let experiment = Experiment::read(&folder.path().join("tiny.toml"), &settings).unwrap();
    let options = options(folder.path().join("out"), true);
    let session = Session::spawn(experiment, options).unwrap();
    let wait = |status: Status, step: u64| {
        let began = std::time::Instant::now();
        while session.handle.snapshot().status != status || session.handle.snapshot().step < step {
            assert!(began.elapsed().as_secs() < 60, "{:?}", session.handle.snapshot().messages);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    };
    wait(Status::Paused, 0);
    let paused = session.handle.snapshot();
    let said = paused
        .messages
        .iter()
        .any(|message| message.text.contains("diverges") && message.text.contains("change settings"));
    assert!(said, "{:?}", paused.messages);
    session.handle.send(Order::Set { hyperparameter: Hyperparameter::LearningRate, value: 1e-3 });
    session.handle.send(Order::Resume);
    wait(Status::Running, paused.step + 20);
    session.handle.send(Order::Stop);
    let summary = session.join().unwrap();
    assert_eq!(summary.status, Outcome::Stopped);
    assert!(summary.train_loss.is_finite());
}

#[test]
fn a_run_that_nobody_watches_goes_on_where_its_loss_diverges_and_says_so_once() {
    let folder = experiment("kind = \"adam\"\nlearning_rate = 1e4");
    let output = run(folder.path(), &["--set", "train.updates=100"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert_eq!(told.matches("update 25: the loss diverges: ").count(), 1, "{told}");
    assert_eq!((losses(folder.path()).len(), summary(folder.path()).status), (100, Outcome::Finished));
    assert!(!events(folder.path()).iter().any(|event| matches!(event, Event::Paused { .. })));
}

/// Settings by which every diagnostic is measured every so many updates; 0: never.
fn measured_every(updates: u64) -> Vec<String> {
    Diagnostic::ALL.iter().map(|diagnostic| format!("diagnostics.{}.every={updates}", diagnostic.name())).collect()
}

/// Settings by which no diagnostic is measured.
fn never_measured() -> Vec<String> {
    measured_every(0)
}

#[test]
fn a_run_repeats_itself_bit_by_bit_with_and_without_diagnostics() {
    let always = [measured_every(1), vec!["diagnostics.budget=1.0".to_owned()]].concat();
    let never = never_measured();
    let arguments = |settings: &[String]| settings.iter().flat_map(|set| ["--set".to_owned(), set.clone()]).collect();
    let settings: [Vec<String>; 4] = [arguments(&never), arguments(&never), vec![], arguments(&always)];
    let kinds = Kind::all().into_iter().map(|kind| format!("kind = \"{}\"", kind.name()));
    for optimizer in kinds.chain(["kind = \"kfac\"\nmomentum = true".to_owned()]) {
        let runs = settings.clone().map(|arguments| {
            let folder = experiment(&optimizer);
            let output = run(folder.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(output.status.success(), "{optimizer}: {}", text(&output.stderr));
            let found: HashSet<_> = events(folder.path())
                .iter()
                .filter_map(|event| match event {
                    Event::Measured(measurement) => Some(measurement.diagnostic()),
                    _ => None,
                })
                .collect();
            assert_eq!(found.is_empty(), arguments == settings[0], "{optimizer}");
            if arguments == settings[3] {
                assert_eq!(found.len(), Diagnostic::ALL.len(), "{optimizer}");
            }
            losses(folder.path())
        });
        assert_eq!(runs[0].len(), 25);
        for other in &runs[1..] {
            assert_eq!(other, &runs[0], "{optimizer}");
        }
    }
}

#[test]
fn a_run_whose_diagnostics_are_asked_for_and_cancelled_all_along_has_the_same_losses() {
    for optimizer in ["kfra", "adam"] {
        let start = |every, updates: u64| {
            let folder = experiment(&format!("kind = \"{optimizer}\""));
            let settings = [measured_every(every), vec![format!("train.updates={updates}")]].concat();
            let experiment = Experiment::read(&folder.path().join("tiny.toml"), &settings).unwrap();
            let session = Session::spawn(experiment, options(folder.path().join("out"), false)).unwrap();
            (folder, session)
        };
        let (watched, session) = start(1, 1_000_000);
        let all = || Diagnostic::ALL.iter().map(|&diagnostic| Order::Measure(diagnostic));
        for _ in 0..5 {
            for order in all().chain([Order::Pause, Order::CancelMeasurements, Order::Resume]) {
                session.handle.send(order);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        session.handle.send(Order::Measure(Diagnostic::Factors));
        assert!(wait_for(|| session.handle.snapshot().messages.iter().any(|said| said.text.contains("measured in"))));
        session.handle.send(Order::Stop);
        let updates = session.join().unwrap().updates;
        let (quiet, session) = start(0, updates);
        session.join().unwrap();
        assert_eq!(losses(watched.path()), losses(quiet.path()), "{optimizer}");
        assert!(updates > 0 && losses(quiet.path()).len() as u64 == updates);
        let is_cancelled = |event: &Event| matches!(event, Event::MeasurementEnded { cancelled: true, .. });
        assert!(events(watched.path()).iter().any(is_cancelled), "{optimizer}");
    }
}

#[test]
fn a_damping_beyond_its_bounds_is_refused_while_the_run_goes_on() {
    let folder = experiment("kind = \"kfra\"\nkronecker_damping_max = 10.0\nstep_damping_min = 0.5");
    let settings = ["train.updates=1000000".to_owned()];
    let experiment = Experiment::read(&folder.path().join("tiny.toml"), &settings).unwrap();
    let options = options(folder.path().join("out"), false);
    let session = Session::spawn(experiment, options).unwrap();
    for (hyperparameter, value) in [
        (Hyperparameter::KroneckerDamping, 10.5),
        (Hyperparameter::StepDamping, 0.4),
        (Hyperparameter::KroneckerDamping, 9.5),
    ] {
        session.handle.send(Order::Set { hyperparameter, value });
    }
    session.handle.send(Order::Stop);
    session.join().unwrap();
    let answers: Vec<_> = events(folder.path())
        .into_iter()
        .filter_map(|event| match event {
            Event::Refused { reason, .. } => Some(reason),
            Event::Applied { command: Order::Set { value, .. }, .. } => Some(value.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(
        answers,
        ["γ must be at most γ max = 10.0, found 10.5", "τ must be at least τ min = 0.5, found 0.4", "9.5"]
    );
}

#[test]
fn whether_dampings_adapt_and_momentum_are_switched_along_the_run() {
    use Hyperparameter as H;
    let folder = experiment("kind = \"kfra\"");
    let settings = ["train.updates=1000000".to_owned()];
    let experiment = Experiment::read(&folder.path().join("tiny.toml"), &settings).unwrap();
    let session = Session::spawn(experiment, options(folder.path().join("out"), true)).unwrap();
    let advance = |changes: &[(H, f64)], to: u64| {
        for &(hyperparameter, value) in changes {
            session.handle.send(Order::Set { hyperparameter, value });
        }
        session.handle.send(Order::RunThenPause(40));
        let there = |snapshot: &Snapshot| snapshot.status == Status::Paused && snapshot.step == to;
        assert!(wait_for(|| there(&session.handle.snapshot())));
    };
    advance(&[(H::AdaptKroneckerDamping, 0.0), (H::AdaptStepDamping, 0.0), (H::Momentum, 1.0), (H::Momentum, 0.5)], 40);
    assert_eq!(session.handle.snapshot().hyperparameter(H::AdaptStepDamping), Some(0.0));
    advance(&[(H::AdaptStepDamping, 1.0), (H::Momentum, 0.0)], 80);
    session.handle.send(Order::Stop);
    session.join().unwrap();
    let events = events(folder.path());
    let refused = "μ must be 0 (off) or 1 (on), found 0.5";
    assert!(events.iter().any(|event| matches!(event, Event::Refused { reason, .. } if reason == refused)));
    let mut damped = 0;
    for event in events {
        let Event::Step(step) = event else { continue };
        let first = step.step <= 40;
        assert_eq!((step.kronecker_damping, step.momentum.is_some()), (Some(1.0), first), "{step:?}");
        assert!(!first || step.step_damping == Some(1.0), "{step:?}");
        damped += u32::from(step.step_damping < Some(1.0));
    }
    assert!(damped > 20, "{damped}");
}

#[test]
fn a_scaled_hyperparameter_is_scaled_from_the_value_in_force() {
    let folder = experiment("kind = \"kfra\"\nadapt_kronecker_damping = false");
    let settings = ["train.updates=1000000".to_owned()];
    let experiment = Experiment::read(&folder.path().join("tiny.toml"), &settings).unwrap();
    let session = Session::spawn(experiment, options(folder.path().join("out"), true)).unwrap();
    let scale = |hyperparameter, factor| session.handle.send(Order::Scale { hyperparameter, factor });
    // Nobody waits to see what came of the first before sending the second.
    scale(Hyperparameter::KroneckerDamping, 2.0);
    scale(Hyperparameter::KroneckerDamping, 2.0);
    scale(Hyperparameter::KroneckerDamping, 0.5);
    scale(Hyperparameter::LearningRate, 2.0);
    session.handle.send(Order::Stop);
    session.join().unwrap();
    let events = events(folder.path());
    let set: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Applied { command: Order::Set { value, .. }, .. } => Some(*value),
            _ => None,
        })
        .collect();
    assert_eq!(set, [2.0, 4.0, 2.0]);
    let refused =
        |event: &Event| matches!(event, Event::Refused { reason, .. } if reason == "kfra has no learning rate");
    assert!(events.iter().any(refused), "{events:?}");
}

#[test]
fn what_followed_from_data_and_machine_is_in_the_run_folder() {
    let folder = experiment("kind = \"adam\"");
    let output = run(folder.path(), &["--set", "train.updates=1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let resolved = Experiment::read(&folder.path().join("out/experiment.toml"), &[]).unwrap();
    assert!(resolved.network.input.is_some() && resolved.network.output.is_some());
    assert!(resolved.train.threads.is_some());
}

#[test]
fn diagnostics_that_are_off_at_the_start_measure_once_they_are_switched_on() {
    let folder = experiment("kind = \"kfra\"");
    let settings = [vec!["train.updates=1000000".to_owned()], never_measured()].concat();
    let experiment = Experiment::read(&folder.path().join("tiny.toml"), &settings).unwrap();
    let options = options(folder.path().join("out"), false);
    let session = Session::spawn(experiment, options).unwrap();
    assert!(wait_for(|| session.handle.snapshot().step > 1));
    assert_eq!(session.handle.snapshot().measurements().count(), 0);
    for &diagnostic in Diagnostic::ALL {
        session.handle.send(Order::Set { hyperparameter: Hyperparameter::Every(diagnostic), value: 1.0 });
    }
    let every = |snapshot: &Snapshot| {
        let measured = |&diagnostic| snapshot.measurements().any(|found| found.diagnostic() == diagnostic);
        Diagnostic::ALL.iter().all(measured)
    };
    let shown = wait_for(|| every(&session.handle.snapshot()));
    session.handle.send(Order::Stop);
    session.join().unwrap();
    assert!(shown);
    let mut replayed = Snapshot::default();
    for event in events(folder.path()) {
        replayed.apply(&event);
    }
    assert!(every(&replayed));
}

#[test]
fn diagnostics_are_measured_on_demand_also_while_the_run_stands_still_and_cancelled() {
    let folder = experiment("kind = \"adam\"");
    let settings = [vec!["train.updates=1000000".to_owned()], never_measured()].concat();
    let experiment = Experiment::read(&folder.path().join("tiny.toml"), &settings).unwrap();
    let session = Session::spawn(experiment, options(folder.path().join("out"), false)).unwrap();
    assert!(wait_for(|| session.handle.snapshot().step > 1));
    session.handle.send(Order::Measure(Diagnostic::Alignment));
    let has = |diagnostic| session.handle.snapshot().measurements().any(|found| found.diagnostic() == diagnostic);
    assert!(wait_for(|| has(Diagnostic::Alignment)));
    session.handle.send(Order::Pause);
    assert!(wait_for(|| session.handle.snapshot().status == Status::Paused));
    session.handle.send(Order::CancelMeasurements);
    // What is still measured would be refused.
    assert!(wait_for(|| session.handle.snapshot().measuring.is_empty()));
    for &diagnostic in Diagnostic::ALL {
        session.handle.send(Order::Measure(diagnostic));
    }
    assert!(wait_for(|| Diagnostic::ALL.iter().all(|&diagnostic| has(diagnostic))));
    assert!(wait_for(|| session.handle.snapshot().measuring.is_empty()));
    // All at once: what waits is told to be over without having begun.
    for &diagnostic in Diagnostic::ALL {
        session.handle.send(Order::Measure(diagnostic));
    }
    session.handle.send(Order::Measure(*Diagnostic::ALL.last().unwrap()));
    session.handle.send(Order::CancelMeasurements);
    assert!(wait_for(|| session.handle.snapshot().measuring.is_empty()));
    session.handle.send(Order::Stop);
    session.join().unwrap();
    let events = events(folder.path());
    let count = |of: &dyn Fn(&Event) -> bool| events.iter().filter(|event| of(event)).count();
    let asked = count(&|event| matches!(event, Event::Applied { command: Order::Measure(_), .. }));
    let ended = count(&|event| matches!(event, Event::MeasurementEnded { .. }));
    assert_eq!((asked, ended), (1 + 2 * Diagnostic::ALL.len(), asked));
    assert!(count(&|event| matches!(event, Event::MeasurementEnded { cancelled: true, .. })) > 0);
    assert!(count(&|event| matches!(event, Event::Refused { command: Order::Measure(_), .. })) > 0);
}

#[test]
fn one_layer_alone_is_measured_on_demand() {
    let folder = experiment("kind = \"adam\"");
    let settings = [vec!["train.updates=1000000".to_owned()], never_measured()].concat();
    let experiment = Experiment::read(&folder.path().join("tiny.toml"), &settings).unwrap();
    let session = Session::spawn(experiment, options(folder.path().join("out"), false)).unwrap();
    for diagnostic in [Diagnostic::Hessian, Diagnostic::Alignment, Diagnostic::RankCurve] {
        session.handle.send(Order::MeasureLayer(diagnostic, 1));
    }
    let refused = [(Diagnostic::Surface, 1), (Diagnostic::Hessian, 0), (Diagnostic::Hessian, 99)];
    let asked = || session.handle.snapshot().said > 0 && session.handle.snapshot().measuring.is_empty();
    assert!(wait_for(|| asked() && session.handle.snapshot().measurements().count() == 3));
    for (diagnostic, layer) in refused {
        session.handle.send(Order::MeasureLayer(diagnostic, layer));
    }
    session.handle.send(Order::Stop);
    session.join().unwrap();
    let (mut scopes, mut refusals) = (Vec::new(), Vec::new());
    for event in events(folder.path()) {
        match event {
            Event::Measured(found) => scopes.push(found.reading().scope),
            Event::Refused { command: Order::MeasureLayer(diagnostic, layer), .. } => {
                refusals.push((diagnostic, layer));
            }
            _ => {}
        }
    }
    assert_eq!((scopes, refusals), (vec![Scope::Layer(1); 3], refused.to_vec()));
}

#[test]
fn every_diagnostic_is_documented_configurable_and_live() {
    let folder = experiment("kind = \"kfra\"");
    for &diagnostic in Diagnostic::ALL {
        let key = |of: &str| format!("diagnostics.{}{of}", diagnostic.name());
        for key in [key(""), key(".every"), key(".data")] {
            assert!(FIELDS.iter().any(|field| field.key == key && !field.meaning.is_empty()), "{key}");
        }
        let settings = [key(".every=7"), key(".data=3")];
        let experiment = Experiment::read(&folder.path().join("tiny.toml"), &settings).unwrap();
        assert_eq!(experiment.diagnostics.probes[diagnostic], Probe { every: 7, data: 3 });
        let live = Hyperparameter::all().into_iter().find(|live| live.key() == key(".every"));
        assert_eq!(live, Some(Hyperparameter::Every(diagnostic)));
        assert_eq!(serde_json::to_value(diagnostic).unwrap(), diagnostic.name());
    }
}

#[test]
fn the_optimizer_is_switched_while_the_run_goes_on() {
    let folder = experiment("kind = \"adam\"");
    let settings = ["train.updates=1000000".to_owned()];
    let experiment = Experiment::read(&folder.path().join("tiny.toml"), &settings).unwrap();
    let options = options(folder.path().join("out"), false);
    let session = Session::spawn(experiment, options).unwrap();
    assert!(wait_for(|| session.handle.snapshot().step > 1));
    let has = |hyperparameter| session.handle.snapshot().hyperparameter(hyperparameter).is_some();
    assert!(has(Hyperparameter::Beta1) && !has(Hyperparameter::StepDamping));
    session.handle.send(Order::Switch { optimizer: Kind::Curvature(Curvature::Kfra) });
    assert!(wait_for(|| has(Hyperparameter::StepDamping) && !has(Hyperparameter::Beta1)));
    let switched = session.handle.snapshot();
    assert_eq!(switched.run.as_ref().unwrap().optimizer, "kfra");
    assert!(wait_for(|| session.handle.snapshot().latest.as_ref().is_some_and(|step| step.step > switched.step + 3)));
    session.handle.send(Order::Stop);
    session.join().unwrap();
    let events = events(folder.path());
    let at = events.iter().find_map(|event| match event {
        Event::Applied { step, command: Order::Switch { .. }, change, .. } => Some((*step, change.clone())),
        _ => None,
    });
    let (at, change) = at.unwrap();
    assert_eq!(change, "adam → kfra (all starts afresh)");
    for event in &events {
        if let Event::Step(step) = event {
            assert_eq!(step.step_damping.is_some(), step.step > at, "{step:?}");
        }
    }
}

#[test]
fn another_seed_makes_another_run() {
    let runs = ["seed=1", "seed=2"].map(|seed| {
        let folder = experiment("kind = \"kfra\"");
        let output = run(folder.path(), &["--set", seed, "--set", "train.updates=2"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        losses(folder.path())
    });
    assert_ne!(runs[0], runs[1]);
}
