//! `inspect` beside the dense matrices: single quantities, weights of PyTorch, checkpoints of runs.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use kfra_tui::data::Places;
use kfra_tui::diagnostics::{Diagnostic, Measurement};
use kfra_tui::experiment::Experiment;
use kfra_tui::network::tensors::{self, Tensors};
use kfra_tui::session::{Command as Order, Event, Options, Session, Snapshot, Start, Status};

const CASE: &str = "tanh-squared-error";

fn case(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(CASE).join(file)
}

fn program(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.current_dir(folder).args(arguments).output().expect("the program starts")
}

/// `inspect` of the reference case with some weights; the quantities it wrote.
fn inspect(folder: &Path, weights: &Path, more: &[&str]) -> Tensors {
    let (toml, weights, batch) = (case("case.toml"), weights.to_owned(), case("batch.safetensors"));
    let [toml, weights, batch] = [&toml, &weights, &batch].map(|path| path.to_str().unwrap());
    let fixed = ["inspect", toml, "--weights", weights, "--batch", batch, "--out", "out.safetensors"];
    let output = program(folder, &[&fixed[..], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    tensors::read(&folder.join("out.safetensors")).unwrap()
}

#[test]
fn weights_may_be_named_as_by_a_sequential_of_pytorch() {
    let folder = tempfile::tempdir().unwrap();
    let known = tensors::read(&case("weights.safetensors")).unwrap();
    let place = |name: &String| {
        let (layer, part) = name.strip_prefix("layers.").unwrap().split_once('.').unwrap();
        // Activations stand between the layers; ten and more are not in the order of their names.
        format!("{}.{part}", 5 * layer.parse::<usize>().unwrap() - 5)
    };
    let renamed: Tensors = known.iter().map(|(name, tensor)| (place(name), tensor.clone())).collect();
    let file = folder.path().join("sequential.safetensors");
    tensors::write(&file, &renamed, HashMap::<String, String>::new()).unwrap();
    let expected = inspect(folder.path(), &case("weights.safetensors"), &[]);
    assert_eq!(inspect(folder.path(), &file, &[]), expected);
}

#[test]
fn a_step_without_a_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["e.toml", "--weights", "w", "--batch", "b", "--out", "out.safetensors"];
    let output = program(folder.path(), &[&["inspect"][..], &files, &["--step", "3"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && errors.contains("--step <N>"), "{errors}");
}

#[test]
fn a_weight_of_a_sequential_that_is_missing_or_one_too_many_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let known = tensors::read(&case("weights.safetensors")).unwrap();
    let layers = known.len() / 2;
    let mut renamed = Tensors::new();
    for layer in 1..=layers {
        for part in ["weight", "bias"] {
            renamed.insert(format!("{}.{part}", 2 * layer - 2), known[&format!("layers.{layer}.{part}")].clone());
        }
    }
    let file = folder.path().join("sequential.safetensors");
    let (toml, batch) = (case("case.toml"), case("batch.safetensors"));
    let refused = |tensors: &Tensors| {
        tensors::write(&file, tensors, HashMap::<String, String>::new()).unwrap();
        let [toml, file, batch] = [&toml, &file, &batch].map(|path| path.to_str().unwrap());
        let output = program(folder.path(), &["inspect", toml, "--weights", file, "--batch", batch, "--out", "out"]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let mut more = renamed.clone();
    more.insert(format!("{}.weight", 2 * layers), known["layers.1.weight"].clone());
    assert!(refused(&more).contains(&format!("unexpected tensor `{}.weight`", 2 * layers)));
    let mut less = renamed;
    less.remove("2.bias");
    assert!(refused(&less).contains("`2.bias` is missing"));
}

#[test]
fn every_diagnostic_can_be_asked_for_as_a_quantity() {
    let folder = tempfile::tempdir().unwrap();
    // The inputs of the case are no images.
    let measured = Diagnostic::ALL.iter().filter(|&&diagnostic| diagnostic != Diagnostic::Images);
    let names: Vec<_> = measured.map(|diagnostic| diagnostic.name()).collect();
    let found = inspect(folder.path(), &case("weights.safetensors"), &["--quantities", &names.join(",")]);
    for name in &names {
        assert!(found.keys().any(|key| key.starts_with(&format!("{name}."))), "{name}");
        assert!(found.keys().any(|key| key.starts_with(&format!("{name}.cost."))), "{name}");
    }
    let dense = inspect(folder.path(), &case("weights.safetensors"), &["--quantities", "dense"]);
    let number = |key: &str| found[key].iter().next().copied().unwrap();
    let trace: f64 = dense["hessian_block.2"].clone().into_dimensionality::<ndarray::Ix2>().unwrap().diag().sum();
    assert!((number("hessian.trace.2") - trace).abs() < 1e-9 * trace.abs());
    let largest = dense["eigenvalues.gauss_newton"].iter().copied().fold(0.0, f64::max);
    assert!((number("spectrum.largest.all") - largest).abs() < 1e-9 * largest);
    let only =
        inspect(folder.path(), &case("weights.safetensors"), &["--quantities", "hessian,alignment", "--layers", "2"]);
    assert!(only.keys().all(|key| key.ends_with(".2")), "{:?}", only.keys());
    for (key, tensor) in only.iter().filter(|(key, _)| !key.contains(".cost.")) {
        assert_eq!(&found[key], tensor, "{key}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused_and_nothing_is_written_over_but_what_it_wrote_itself() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("note.txt"), "kept").unwrap();
    let socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    for (arguments, expected) in [
        (["--quantities=rank", "--out=none/out"], "cannot write none/out"),
        (["--quantities", "hesian"], "found \"hesian\", expected some of rank, hessian"),
        (["--quantities=rank", "--layers=9"], "found 9, expected layers from 1 up to"),
        (["--quantities=surface", "--layers=1"], "surface finds nothing of one layer"),
        (["--quantities=rank,images", "--layers=1"], "found images, expected inputs that are images"),
        (["--quantities= rank , rank", "--out=socket"], "socket is a device, a pipe or the like"),
        (["--quantities=rank", "--out=note.txt"], "note.txt is there and not by inspect"),
    ] {
        let [toml, weights, batch] = ["case.toml", "weights.safetensors", "batch.safetensors"].map(case);
        let [toml, weights, batch] = [&toml, &weights, &batch].map(|path| path.to_str().unwrap());
        let fixed = ["inspect", toml, "--weights", weights, "--batch", batch];
        let out: &[&str] = if arguments[1].starts_with("--out") { &[] } else { &["--out", "out.safetensors"] };
        let output = program(folder.path(), &[&fixed[..], &arguments, out].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{output:?}");
    }
    drop(socket);
    assert_eq!(std::fs::read(folder.path().join("note.txt")).unwrap(), b"kept");
}

#[test]
fn a_checkpoint_of_a_run_is_inspected_on_the_probe_batch_of_the_run() {
    const EXPERIMENT: &str = r#"
        name = "tiny"
        data = { source = "digits", task = "classify" }
        network.layers = [{ units = 6, activation = "tanh" }]
        loss.kind = "categorical"
        optimizer = { kind = "kfac", samples = 2, polyak = 0.9 }
        train = { batch = 50, updates = 1000, threads = 1 }
        [diagnostics]
        rank = { every = 0, data = 16 }
        hessian = { every = 0, data = 16 }
        alignment = { every = 0, data = 16 }
    "#;
    let folder = tempfile::tempdir().unwrap();
    let experiment = Experiment::parse("tiny.toml", EXPERIMENT, &[]).unwrap();
    let options = Options {
        folder: folder.path().join("run").into(),
        start: Start::New,
        places: Places::new(Vec::new()),
        watched: false,
        listener: None,
    };
    let asked = [Diagnostic::Rank, Diagnostic::Hessian, Diagnostic::Alignment];
    let session = Session::spawn(experiment, options).unwrap();
    let wait = |done: &dyn Fn(&Snapshot) -> bool| {
        let began = Instant::now();
        while !done(&session.handle.snapshot()) {
            assert!(began.elapsed() < Duration::from_secs(300), "{:?}", session.handle.snapshot().messages);
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    for step in [4, 8] {
        session.handle.send(Order::RunThenPause(4));
        wait(&|snapshot| snapshot.status == Status::Paused && snapshot.step == step);
        for diagnostic in asked {
            session.handle.send(Order::Measure(diagnostic));
        }
        let done = |snapshot: &Snapshot, diagnostic| {
            let mut found = snapshot.measurements().filter(|found| found.diagnostic() == diagnostic);
            found.next().is_some_and(|found| found.reading().step == step)
        };
        wait(&|snapshot| snapshot.measuring.is_empty() && asked.iter().all(|&diagnostic| done(snapshot, diagnostic)));
        session.handle.send(Order::Checkpoint);
        wait(&|snapshot| snapshot.messages.iter().any(|said| said.text.contains(&format!("step-{step}."))));
    }
    session.handle.send(Order::Stop);
    session.join().unwrap();
    let log = fs::read_to_string(folder.path().join("run/events.jsonl")).unwrap();
    let measured: Vec<_> = log
        .lines()
        .filter_map(|line| match serde_json::from_str(line) {
            Ok(Event::Measured(measurement)) => Some(measurement),
            _ => None,
        })
        .collect();
    let mut compared = 0;
    for step in [4, 8] {
        let names = "rank,hessian,alignment";
        let arguments = ["inspect", "--run", "run", "--step", &step.to_string(), "--quantities", names, "--out", "out"];
        let output = program(folder.path(), &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found = tensors::read(&folder.path().join("out")).unwrap();
        // What the schedule asks for may be measured at these updates too.
        let wanted =
            |measured: &&Measurement| measured.reading().step == step && asked.contains(&measured.diagnostic());
        for measurement in measured.iter().filter(wanted) {
            let reading = measurement.reading();
            for (name, value) in measurement.numbers().into_iter().filter(|(name, _)| name != "cost") {
                let key = format!("{}.{name}.{}", measurement.diagnostic().name(), reading.scope.name());
                let again = found[&key].iter().next().copied().unwrap();
                assert!((again - value).abs() <= 1e-9 * (1.0 + value.abs()), "{key} @ {step}: {again} {value}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
    let latest = program(folder.path(), &["inspect", "--run", "run", "--quantities", "rank", "--out", "out"]);
    assert!(latest.status.success());
    let none =
        program(folder.path(), &["inspect", "--run", "run", "--step", "5", "--quantities", "rank", "--out", "out"]);
    assert_eq!(none.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(errors.contains("run: expected a checkpoint at update 5; found 4, 8"), "{errors}");
}

#[test]
fn extremes_by_products_are_those_of_the_whole_spectrum_after_training() {
    // Of the first block a Lanczos iteration finds zeros to great accuracy long before it finds what is below.
    const EXPERIMENT: &str = r#"
        name = "trained"
        data = { source = "digits", task = "autoencode" }
        network.layers = [{ units = 24, activation = "tanh" }, { units = 10, activation = "tanh" }]
        loss.kind = "bernoulli"
        optimizer.kind = "kfra"
        train = { batch = 200, updates = 400, threads = 1 }
        [diagnostics]
        rank.every = 0
        hessian = { every = 0, data = 64 }
        hessian_spectrum = { every = 0, data = 64 }
    "#;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("trained.toml"), EXPERIMENT).unwrap();
    let quantities = "hessian,hessian_spectrum";
    for arguments in [
        &["run", "trained.toml", "--out", "run", "--quiet"][..],
        &["inspect", "--run", "run", "--quantities", quantities, "--out", "out"],
    ] {
        let output = program(folder.path(), arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let found = tensors::read(&folder.path().join("out")).unwrap();
    let numbers = |from: &str, layer: usize| {
        let number = |name| found[&format!("{from}.{name}.{layer}")].iter().next().copied().unwrap();
        ["smallest", "largest", "negative", "products"].map(number)
    };
    for (layer, accuracy, is_decomposed) in [(1, 0.02, false), (2, 1e-9, true), (3, 0.02, false)] {
        let (by_products, exact) = (numbers("hessian", layer), numbers("hessian_spectrum", layer));
        assert_eq!((by_products[3] == 0.0, exact[3] == 0.0), (is_decomposed, true), "{layer}");
        // That of the last layer has no negative eigenvalue, and its least one is next to nothing.
        let scale = if layer == 3 { exact[1] } else { exact[0].abs() };
        assert!((by_products[0] - exact[0]).abs() < accuracy * scale, "{layer}: {by_products:?}, expected {exact:?}");
        assert!(
            (by_products[1] - exact[1]).abs() < accuracy * exact[1],
            "{layer}: {by_products:?}, expected {exact:?}"
        );
        assert!(by_products[2] <= exact[2], "{layer}: {by_products:?}, expected {exact:?}");
        assert_eq!(by_products[2] > 0.0, exact[2] > 0.0, "{layer}: {by_products:?}, expected {exact:?}");
    }
}
