//! `kfra-tui surface`: the loss on a plane, from an experiment's start or from a checkpoint, in every format.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const SMALL: &str = r#"
name = "small"
[data]
source = "digits"
task = "classify"
[network]
layers = [{ units = 6, activation = "tanh" }]
[loss]
kind = "categorical"
[optimizer]
kind = "kfac"
[train]
batch = 100
updates = 4
checkpoint_every = 2
[diagnostics]
surface = { data = 20, u = "update", v = "top_eigenvector", v_layer = 1, points = 9 }
"#;

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    let command = command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn program(folder: &Path, arguments: &[&str]) -> Output {
    start(folder, arguments).wait_with_output().expect("the program ends")
}

fn done(folder: &Path, arguments: &[&str]) {
    let output = program(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn small() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.toml"), SMALL).unwrap();
    folder
}

/// The losses of a table, and what it says of the point of training.
fn read(folder: &Path, name: &str) -> (Vec<f64>, String) {
    let json: Value = serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap();
    let heat = &json[0]["heat"];
    let values = heat["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
    (values, heat["spot"]["text"].as_str().unwrap().to_owned())
}

#[test]
fn a_surface_is_written_in_every_format_at_once() {
    let folder = small();
    let outs = ["a.csv", "a.json", "a.svg", "a.png"];
    let named: Vec<_> = outs.iter().flat_map(|out| ["--out", out]).collect();
    done(folder.path(), &[&["surface", "small.toml"][..], &named].concat());
    let table = fs::read_to_string(folder.path().join("a.csv")).unwrap();
    let (losses, spot) = read(folder.path(), "a.json");
    let middle: Vec<_> = table.lines().nth(1 + 40).unwrap().split(',').collect();
    assert_eq!((losses.len(), &middle[2..4]), (81, &["0", "0"][..]));
    assert_eq!(middle[4].parse::<f64>().unwrap().to_bits(), losses[40].to_bits());
    assert_eq!(spot, format!("update 0: {:.4}", losses[40]));
    // Half a unit along the update is lower than half a unit against it.
    assert!(losses[42] < losses[38], "{losses:?}");
    let drawing = fs::read_to_string(folder.path().join("a.svg")).unwrap();
    assert!(drawing.contains("v, along the top Hessian eigenvector of layer 1"), "{drawing}");
    assert!(fs::read(folder.path().join("a.png")).unwrap().starts_with(b"\x89PNG"));
    // Nothing is written over, and nothing else of a call that would.
    let again = program(folder.path(), &["surface", "small.toml", "--out", "b.csv", "--out", "a.csv"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(!folder.path().join("b.csv").exists());
}

#[test]
fn the_surface_of_a_checkpoint_is_around_its_weights_and_as_the_run_measured_it() {
    let folder = small();
    let set = "diagnostics.surface.every=4";
    done(
        folder.path(),
        &["run", "small.toml", "--out", "run", "--set", set, "--set", "diagnostics.budget=1.0", "--quiet"],
    );
    done(folder.path(), &["surface", "small.toml", "--out", "start.json"]);
    done(folder.path(), &["surface", "--run", "run", "--out", "end.json"]);
    done(folder.path(), &["surface", "--run", "run", "--step", "2", "--out", "two.json"]);
    let log = fs::read_to_string(folder.path().join("run/events.jsonl")).unwrap();
    let measured = log.lines().find(|line| line.contains("\"diagnostic\":\"surface\"")).expect("it is in the log");
    let measured: Value = serde_json::from_str(measured).unwrap();
    let (losses, _) = read(folder.path(), "start.json");
    // The run trains in single precision, and starts from weights that are rounded to it.
    let known = measured["losses"].as_array().unwrap();
    for (loss, known) in losses.iter().zip(known) {
        assert!((loss / known.as_f64().unwrap() - 1.0).abs() < 1e-4, "{loss} {known}");
    }
    let [start, two, end] = ["start", "two", "end"].map(|name| read(folder.path(), &format!("{name}.json")));
    assert!(two.1.starts_with("update 2: ") && end.1.starts_with("update 4: "), "{} {}", two.1, end.1);
    assert!(end.0[40] < two.0[40] && two.0[40] < start.0[40]);
}

#[test]
fn what_cannot_be_measured_is_told() {
    let folder = small();
    for (arguments, expected) in [
        (&["surface", "small.toml", "--out", "a.txt"][..], "expected a file that ends in .csv, .json, .svg or .png"),
        (&["surface", "none.toml", "--out", "a.csv"], "none.toml"),
        (&["surface", "--run", "none", "--out", "a.csv"], "expected a run folder"),
        (&["surface", "--out", "a.csv"], "required"),
        (&["surface", "small.toml"], "--out"),
        (&["surface", "small.toml", "--step", "3", "--out", "a.csv"], "--step <N>"),
        (&["surface", "small.toml", "--set", "diagnostics.surface.v_layer=9", "--out", "a.csv"], "from 0 up to 2"),
    ] {
        let output = program(folder.path(), arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains(expected), "{arguments:?}: {errors}");
    }
    let parallel = ["--set", "optimizer.kind=\"sgd\"", "--set", "diagnostics.surface.v=\"gradient\"", "--set"];
    let whole = ["diagnostics.surface.v_layer=0", "--out", "a.csv"];
    let output = program(folder.path(), &[&["surface", "small.toml"][..], &parallel, &whole].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && errors.contains("do not span a plane"), "{errors}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_signal_ends_a_large_surface_at_once_without_a_file() {
    let folder = small();
    let large = "network.layers=[{ units = 2000, activation = \"relu\" }, { units = 2000, activation = \"relu\" }]";
    let set = [large, "diagnostics.surface={ points = 401, data = 200 }"].map(|value| ["--set", value]).concat();
    let mut child = start(folder.path(), &[&["surface", "small.toml", "--out", "a.csv"][..], &set].concat());
    std::thread::sleep(Duration::from_secs(3));
    assert!(child.try_wait().unwrap().is_none(), "too small to be stopped");
    let began = Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing is written"));
    assert!(!folder.path().join("a.csv").exists());
}
