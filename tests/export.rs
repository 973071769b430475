//! `kfra-tui export`: what it writes of a run, what it refuses, and what other programs read of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// An experiment that takes a moment.
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

[optimizer]
kind = "kfra"

[train]
batch = 100
updates = 25
threads = 2
evaluate_every = 10

[diagnostics]
rank = { every = 5, data = 16 }
hessian = { every = 5, data = 16 }
"#;

fn program(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.current_dir(folder).args(arguments).output().expect("the program starts")
}

/// A folder with a run `out`, and what else the program said.
fn run() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tiny.toml"), EXPERIMENT).unwrap();
    let output = program(folder.path(), &["run", "tiny.toml", "--out", "out", "--quiet"]);
    assert!(output.status.success(), "{output:?}");
    folder
}

/// Exports, and expects success.
fn export(folder: &TempDir, arguments: &[&str]) {
    let output = program(folder.path(), &[&["export"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

/// Exports, and expects a refusal; returns what it said.
fn refused(folder: &TempDir, arguments: &[&str]) -> String {
    let output = program(folder.path(), &[&["export"], arguments].concat());
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Runs a script of `tests/peers` with the Python that `KFRA_PEERS_PYTHON` names, or any; where that or the
/// package is missing there is nothing to compare with.
fn peer(folder: &TempDir, script: &str, arguments: &[&str]) {
    let python = std::env::var("KFRA_PEERS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(script);
    let Ok(output) = Command::new(python).arg(script).args(arguments).current_dir(folder.path()).output() else {
        eprintln!("skipped: no Python");
        return;
    };
    match output.status.code() {
        Some(77) => eprintln!("skipped: {}", String::from_utf8_lossy(&output.stdout)),
        code => assert_eq!(code, Some(0), "{output:?}"),
    }
}

#[test]
fn every_quantity_is_written_in_every_format() {
    let folder = run();
    for what in ["loss", "damping", "step", "rank", "hessian", "timing"] {
        for (ending, beginning) in
            [("csv", "run,quantity,epoch,"), ("json", "["), ("svg", "<svg "), ("png", "\u{89}PNG")]
        {
            let file = format!("{what}.{ending}");
            export(&folder, &["out", "out", "--what", what, "--x", "epoch", "--log-x", "--out", &file]);
            let bytes = fs::read(folder.path().join(&file)).unwrap();
            let text: String = bytes.iter().take(40).map(|byte| char::from(*byte)).collect();
            assert!(text.starts_with(beginning), "{file}: {text}");
        }
    }
}

#[test]
fn what_cannot_be_is_refused_and_leaves_nothing() {
    let folder = run();
    fs::create_dir(folder.path().join("bare")).unwrap();
    fs::write(folder.path().join("bare/events.jsonl"), "").unwrap();
    fs::create_dir(folder.path().join("wrong")).unwrap();
    fs::write(folder.path().join("wrong/events.jsonl"), "{\"event\":\"paused\",\"step\":1}\nno event\n").unwrap();
    let before = fs::read_dir(folder.path()).unwrap().count();
    for (arguments, words) in [
        (vec!["out", "--what", "loss", "--out", "a.pdf"], "expected a file that ends in .csv, .json, .svg or .png"),
        (vec!["out", "--what", "loss", "--out", "a"], "expected a file that ends in"),
        (vec!["nowhere", "--what", "loss", "--out", "a.csv"], "nowhere/events.jsonl"),
        (vec!["wrong", "--what", "loss", "--out", "a.csv"], "wrong/events.jsonl: line 2, byte "),
        (vec!["bare", "--what", "rank", "--out", "a.csv"], "nothing was recorded for it in bare"),
        (vec!["out", "--what", "loss", "--out", "none/a.csv"], "cannot write none/a.csv"),
        (vec!["out", "--what", "loss", "--out", "tiny.toml", "--force"], "expected a file that ends in"),
        (vec!["out", "--what", "weights", "--out", "a.csv"], "expected a file that ends in .safetensors"),
        (vec!["bare", "--what", "weights", "--out", "a.safetensors"], "bare/checkpoints"),
        (vec!["out", "out", "--what", "weights", "--out", "a.safetensors"], "2 runs are named; expected one"),
        (vec!["out", "out", "--what", "tensorboard", "--out", "tfevents"], "2 runs are named; expected one"),
        (vec!["out", "--what", "tensorboard", "--out", "tiny.toml"], "expected a folder"),
        (vec!["out", "--what", "weights", "--out", "a.safetensors", "--log-x"], "--log-x"),
        (vec!["out", "--what", "loss", "--out", "out/summary.json", "--force"], "would overwrite an input"),
        (vec!["out", "--what", "nothing", "--out", "a.csv"], "possible values: loss, damping"),
        (vec!["--what", "loss", "--out", "a.csv"], "RUN"),
    ] {
        let said = refused(&folder, &arguments);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before);
}

#[test]
fn a_file_that_is_there_is_written_over_only_by_force() {
    let folder = run();
    fs::write(folder.path().join("a.csv"), "mine").unwrap();
    let arguments = ["out", "--what", "loss", "--out", "a.csv"];
    assert!(refused(&folder, &arguments).contains("--force"));
    assert_eq!(fs::read(folder.path().join("a.csv")).unwrap(), b"mine");
    export(&folder, &[&arguments[..], &["--force"]].concat());
    assert!(fs::read_to_string(folder.path().join("a.csv")).unwrap().starts_with("run,"));
}

#[test]
fn tensorboard_reads_the_scalars_of_the_log() {
    let folder = run();
    export(&folder, &["out", "--what", "tensorboard", "--out", "logs"]);
    export(&folder, &["out", "--what", "tensorboard", "--out", "events.out.tfevents.1"]);
    let log = fs::read_dir(folder.path().join("logs/out")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read(log).unwrap(), fs::read(folder.path().join("events.out.tfevents.1")).unwrap());
    peer(&folder, "tensorboard.py", &["out", "logs/out"]);
}

#[test]
fn a_run_that_went_on_is_one_run() {
    let folder = run();
    let output = program(folder.path(), &["run", "--resume", "out", "--set", "train.updates=40", "--quiet"]);
    assert!(output.status.success(), "{output:?}");
    export(&folder, &["out", "--what", "tensorboard", "--out", "logs"]);
    peer(&folder, "tensorboard.py", &["out", "logs/out"]);
    export(&folder, &["out", "--what", "loss", "--out", "a.csv"]);
    let table = fs::read_to_string(folder.path().join("a.csv")).unwrap();
    let minibatches = table.lines().filter(|line| line.starts_with("out,minibatch,")).count();
    assert_eq!(minibatches, 40);
}

#[test]
fn safetensors_reads_weights_and_checkpoints() {
    let folder = run();
    export(&folder, &["out", "--what", "weights", "--out", "weights.safetensors"]);
    peer(&folder, "safetensors.py", &["out", "weights.safetensors"]);
    peer(&folder, "safetensors.py", &["out", "out/checkpoints/step-25.safetensors"]);
}

#[test]
fn weights_of_a_damaged_checkpoint_are_not_exported() {
    let folder = run();
    let path = folder.path().join("out/checkpoints/step-25.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let said = refused(&folder, &["out", "--what", "weights", "--out", "weights.safetensors"]);
    assert!(said.contains("step-25.safetensors") && said.contains("does not have its checksum"), "{said}");
    assert!(!folder.path().join("weights.safetensors").exists());
}
