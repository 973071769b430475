//! Small runs on the digits, with every optimizer, for the tests of what becomes of runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kfra_tui::data::Places;
use kfra_tui::experiment::Experiment;
use kfra_tui::session::{self, Checkpoint, Command as Order, Event, Options, Outcome, Session, Start, Status, Summary};
use kfra_tui::train::Hyperparameter;
use tempfile::TempDir;

const EXPERIMENT: &str = r#"
name = "tiny"
seed = 3

[data]
source = "digits"
task = "classify"

[network]
layers = [{ units = 8, activation = "tanh" }, { units = 6, activation = "elu" }]

[loss]
kind = "categorical"

[train]
batch = 70
updates = 40
threads = 1
evaluate_every = 16

[diagnostics]
rank = { every = 0, data = 16 }
hessian = { every = 0, data = 16 }
fisher = { every = 0, data = 16 }
"#;

/// The sections of every optimizer, with what each can keep.
pub const OPTIMIZERS: [&str; 13] = [
    "kind = \"sgd\"\ndecay_period = 9",
    "kind = \"momentum\"\npolyak = 0.9",
    "kind = \"nesterov\"\nl2 = 1e-3",
    "kind = \"adam\"\npolyak = 0.9\nl2 = 1e-4",
    "kind = \"kfac\"\nmomentum = true\npolyak = 0.9\nkronecker_period = 7\ninverse_period = 4",
    "kind = \"kfac\"\nsamples = 2\nadapt_kronecker_damping = false\ninverse_period = 6",
    "kind = \"kfac\"\nempirical = true\ninverse_period = 5",
    "kind = \"kflr\"\nl2 = 1e-3\nkronecker_period = 5\ninverse_period = 7\nmomentum = true",
    "kind = \"kfra\"",
    "kind = \"kfra\"\nmomentum = true\npolyak = 0.99\nl2 = 1e-5\nkronecker_period = 6\ninverse_period = 9\nstep_period = 4",
    "kind = \"hessian_free\"\niterations = 10",
    "kind = \"hessian_free\"\niterations = 10\nmomentum = true\npolyak = 0.5\nstep_period = 3",
    "kind = \"ekfac\"\nsamples = 2\nmomentum = true\nkronecker_period = 7\ninverse_period = 4",
];

/// A folder with `tiny.toml` in it.
pub fn folder(optimizer: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("tiny.toml"), format!("{EXPERIMENT}\n[optimizer]\n{optimizer}\n")).expect("a file");
    folder
}

pub fn settings(settings: &[&str]) -> Vec<String> {
    settings.iter().map(|&setting| setting.to_owned()).collect()
}

pub fn spawn(experiment: Experiment, folder: &Path, start: Start) -> Session {
    begin(experiment, folder, start, false)
}

fn begin(experiment: Experiment, folder: &Path, start: Start, watched: bool) -> Session {
    let (folder, places) = (folder.to_owned().into(), Places::new(Vec::new()));
    Session::spawn(experiment, Options { folder, start, places, watched, listener: None }).expect("a thread")
}

/// A watched run in `out` that soon stands still, because its loss diverges. The folder holds it.
pub fn diverged() -> (TempDir, Session) {
    let folder = folder("kind = \"sgd\"\nlearning_rate = 1e30");
    let squared = settings(&["loss.kind=squared_error"]);
    let experiment = Experiment::read(&folder.path().join("tiny.toml"), &squared).expect("an experiment");
    let session = begin(experiment, &folder.path().join("out"), Start::New, true);
    wait_for(|| session.handle.snapshot().status == Status::Paused);
    (folder, session)
}

/// A watched run in `out` that has learnt for 203 updates, of which every fifth has a checkpoint, and stands still
/// because its loss diverges since. The folder holds it.
pub fn spoilt() -> (TempDir, Session) {
    let folder = folder("kind = \"adam\"\nlearning_rate = 1e-2");
    let set = settings(&["train.updates=1000000", "train.checkpoint_every=5", "train.keep_checkpoints=0"]);
    let experiment = Experiment::read(&folder.path().join("tiny.toml"), &set).expect("an experiment");
    let session = begin(experiment, &folder.path().join("out"), Start::New, true);
    advance(&session, 203);
    session.handle.send(Order::Set { hyperparameter: Hyperparameter::LearningRate, value: 1e4 });
    session.handle.send(Order::Resume);
    wait_for(|| session.handle.snapshot().status == Status::Paused && session.handle.snapshot().step > 203);
    (folder, session)
}

/// Starts a run in `out`.
pub fn start(folder: &Path, out: &str, set: &[&str]) -> Session {
    let experiment = Experiment::read(&folder.join("tiny.toml"), &settings(set)).expect("an experiment");
    spawn(experiment, &folder.join(out), Start::New)
}

/// Goes on with the run in `out`.
pub fn resume(folder: &Path, out: &str, set: &[&str]) -> Session {
    let experiment = session::resumed(&folder.join(out), &settings(set)).expect("an experiment");
    spawn(experiment, &folder.join(out), Start::Resume)
}

pub fn finish(session: Session) -> Summary {
    let summary = session.join().expect("the run ends");
    assert_eq!(summary.status, Outcome::Finished, "{summary:?}");
    summary
}

pub fn wait_for(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(60), "it did not come to be");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Lets a run that has just begun, or stands still, go on to a step, where it stands still.
pub fn advance(session: &Session, to: u64) {
    let stands = || session.handle.snapshot().status == Status::Paused;
    session.handle.send(Order::Pause);
    wait_for(stands);
    let step = session.handle.snapshot().step;
    assert!(step < to, "{step}");
    session.handle.send(Order::RunThenPause(to - step));
    wait_for(|| stands() && session.handle.snapshot().step == to);
}

pub fn stop(session: Session) -> Summary {
    session.handle.send(Order::Stop);
    let summary = session.join().expect("the run ends");
    assert_eq!(summary.status, Outcome::Stopped);
    summary
}

pub fn events(run: &Path) -> Vec<Event> {
    let log = fs::read_to_string(run.join("events.jsonl")).expect("the log is there");
    log.lines().map(|line| serde_json::from_str(line).expect("a line of the log is an event")).collect()
}

/// The steps and the bits of the losses along a run.
pub fn losses(run: &Path) -> Vec<(u64, u64)> {
    let loss = |event| if let Event::Step(step) = event { Some((step.step, step.loss.to_bits())) } else { None };
    events(run).into_iter().filter_map(loss).collect()
}

pub fn file(run: &Path, step: u64) -> PathBuf {
    run.join(Checkpoint::file(step))
}

pub fn checkpoint(run: &Path, step: u64) -> Checkpoint {
    Checkpoint::read(&file(run, step)).expect("a checkpoint")
}

/// The program in a folder.
pub fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.current_dir(folder).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Makes sure that the program takes it for bad input and says all of `parts`.
pub fn assert_refused(folder: &Path, arguments: &[&str], parts: &[&str]) {
    let output = program(folder, arguments).output().expect("the program starts");
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
    for part in parts {
        assert!(errors.contains(part), "{arguments:?}: {part}: {errors}");
    }
}
