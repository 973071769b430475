//! What the program refuses: every file of `bad_input/`, with exit code 2, nothing on the standard output
//! and everything that its `# expect:` lines name on the standard error. What `inspect` refuses likewise. And
//! what `check` accepts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use kfra_tui::network::tensors::{self, Tensors};
use ndarray::{ArrayD, IxDyn};
use tempfile::TempDir;

fn program(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    // Data that are made are kept with what the tests make.
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("the folder is there");
    let files = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    files
}

#[test]
fn every_bad_file_is_refused_with_place_and_expectation() {
    let files = files("tests/bad_input");
    assert!(files.len() > 40);
    let mut failures = Vec::new();
    for file in files {
        let contents = text(&fs::read(&file).expect("the file can be read"));
        let expectations: Vec<_> = contents.lines().filter_map(|line| line.strip_prefix("# expect: ")).collect();
        let output = program(&["check", &file.to_string_lossy()]);
        let errors = text(&output.stderr);
        let name = file.file_name().expect("a file").to_string_lossy();
        let missing: Vec<_> = expectations.iter().filter(|expectation| !errors.contains(**expectation)).collect();
        let refused = output.status.code() == Some(2) && output.stdout.is_empty() && errors.contains(&*name);
        if !refused || expectations.is_empty() || !missing.is_empty() {
            failures.push(format!("{name}: {:?}, expected {missing:#?}\nfound {errors}", output.status));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_experiment_of_the_project_is_accepted() {
    for file in files("experiments") {
        let output = program(&["check", &file.to_string_lossy()]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let resolved = text(&output.stdout);
        assert!(resolved.parse::<toml::Table>().is_ok(), "{resolved}");
        assert!(resolved.contains("# parameters") && resolved.contains("# arithmetic an update"), "{resolved}");
    }
}

#[test]
fn what_check_prints_is_checked_to_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = program(&["check", "experiments/digits-quickstart.toml", "--set", "optimizer.kind=hessian_free"]);
    // Kronecker damping does not belong to it.
    assert_eq!(first.status.code(), Some(2));
    let first = program(&["check", "experiments/digits-quickstart.toml", "--set", "optimizer.kind=kflr"]);
    let file = folder.path().join("again.toml");
    fs::write(&file, &first.stdout).expect("the file can be written");
    let second = program(&["check", &file.to_string_lossy()]);
    assert_eq!(text(&second.stdout), text(&first.stdout), "{}", text(&second.stderr));
}

#[test]
fn bad_arguments_are_refused() {
    for arguments in [
        &["check"][..],
        &["check", "no/such/file.toml"],
        &["check", "experiments"],
        &["check", "experiments/digits-quickstart.toml", "--set", "train.batch=0"],
        &["check", "experiments/digits-quickstart.toml", "--set", "batch"],
        &["run", "experiments/digits-quickstart.toml", "--unknown"],
        &["bench", "--repeat", "0"],
        &["frobnicate"],
        &["inspect", "--run", "no/such/run", "--out", "nothing"],
    ] {
        let output = program(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["check", "experiments/digits-quickstart.toml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn data_that_are_not_there_are_a_warning_with_every_place_looked_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/mnist-classifier-kfra.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_kfra-tui"))
        .current_dir(folder.path())
        .args(["check".as_ref(), file.as_os_str()])
        .env("KFRA_DATA_DIR", "first/place")
        .env("XDG_DATA_HOME", folder.path())
        .output()
        .expect("the program starts");
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    for part in
        ["train-images-idx3-ubyte", "datasets", "first/place", &*folder.path().join("kfra-tui").to_string_lossy()]
    {
        assert!(errors.contains(part), "{errors}");
    }
    assert!(text(&output.stdout).contains("784-1000-500-250-30-10"));
}

#[test]
fn other_contents_than_the_published_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("datasets/mnist")).expect("a folder");
    fs::write(folder.path().join("datasets/mnist/train-images-idx3-ubyte"), [0, 0, 8, 3]).expect("a file");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/mnist-classifier-kfra.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    let output = command.current_dir(folder.path()).args(["check".as_ref(), file.as_os_str()]).output();
    let output = output.expect("the program starts");
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("expected the MD5 checksum 6bbc9ace898e44ae57da46a324031adb"), "{errors}");
}

/// A reference case in a folder of its own.
fn reference(case: &str) -> TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(case);
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["case.toml", "weights.safetensors", "batch.safetensors"] {
        fs::copy(from.join(name), folder.path().join(name)).expect("the file can be copied");
    }
    folder
}

/// `kfra-tui inspect` of the case in a folder.
fn inspect(folder: &Path, out: &Path) -> Output {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (weights, batch) = (path("weights.safetensors"), path("batch.safetensors"));
    let out = out.to_string_lossy();
    program(&["inspect", &path("case.toml"), "--weights", &weights, "--batch", &batch, "--out", &out])
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn change(file: &Path, change: impl FnOnce(&mut Tensors)) {
    let mut tensors = tensors::read(file).expect("the file can be read");
    change(&mut tensors);
    tensors::write(file, &tensors, std::collections::HashMap::new()).expect("the file can be written");
}

/// Writes a file that begins as safetensors do, with the length of a header and the header; zeros follow.
fn raw(file: &Path, length: u64, header: &str) {
    fs::write(file, [&length.to_le_bytes(), header.as_bytes(), &[0; 64]].concat()).expect("a file");
}

/// Gives a tensor another shape, and a constant value.
fn refill(file: &Path, name: &str, shape: &[usize], value: f64) {
    change(file, |tensors| drop(tensors.insert(name.to_owned(), ArrayD::from_elem(IxDyn(shape), value))));
}

/// Changes one element of a matrix.
fn put(file: &Path, name: &str, place: [usize; 2], value: f64) {
    change(file, |tensors| tensors.get_mut(name).expect("the tensor is there")[place] = value);
}

/// A reference case, what is done to a file of it, and what must be said.
type Damaged<'a> = (&'a str, fn(&Path), &'a [&'a str]);

/// Does each damage to the weights or the batch, and sees it refused by the file's name, with the output as it was.
fn refused(file: &str, cases: &[Damaged]) {
    for (number, (case, damage, expectations)) in cases.iter().enumerate() {
        let folder = reference(case);
        let out = folder.path().join("out.safetensors");
        damage(&folder.path().join(file));
        fs::write(&out, "kept").expect("a file");
        let before = names(folder.path());
        let output = inspect(folder.path(), &out);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{number}: {errors}");
        for part in expectations.iter().copied().chain([file]) {
            assert!(errors.contains(part), "{number}: expected {part}, found {errors}");
        }
        assert_eq!(fs::read_to_string(&out).expect("the output is there"), "kept", "{number}");
        assert_eq!(names(folder.path()), before, "{number}");
    }
}

const SQUARES: &str = "tanh-squared-error";

#[test]
fn weights_that_do_not_fit_are_refused_by_tensor_and_expectation() {
    refused(
        "weights.safetensors",
        &[
            (
                SQUARES,
                |f| refill(f, "layers.1.weight", &[5, 3], 0.1),
                &["`layers.1.weight`", "[5, 3]", "expected [5, 4]"],
            ),
            (SQUARES, |f| refill(f, "layers.2.weight", &[15], 0.1), &["`layers.2.weight`", "[15]", "expected [3, 5]"]),
            (SQUARES, |f| refill(f, "layers.2.bias", &[3, 1], 0.1), &["`layers.2.bias`", "[3, 1]", "expected [3]"]),
            (
                SQUARES,
                |f| refill(f, "layers.4.bias", &[1], 0.1),
                &["`layers.4.bias` (expected: layers.1.bias, layers.1"],
            ),
            (
                SQUARES,
                |f| refill(f, "layers.3.bias", &[2], f64::INFINITY),
                &["`layers.3.bias`", "inf, expected finite"],
            ),
            (SQUARES, |f| change(f, |all| drop(all.remove("layers.2.bias"))), &["`layers.2.bias` is missing"]),
        ],
    );
}

#[test]
fn batches_that_do_not_fit_are_refused_by_tensor_and_expectation() {
    let class = "expected a probability for each class, 1 together";
    refused(
        "batch.safetensors",
        &[
            (SQUARES, |f| refill(f, "inputs", &[6, 5], 0.1), &["`inputs`", "[6, 5]", "expected [any, 4]"]),
            (SQUARES, |f| refill(f, "inputs", &[24], 0.1), &["`inputs`", "[24]", "expected [any, 4]"]),
            (SQUARES, |f| refill(f, "inputs", &[0, 4], 0.1), &["`inputs`", "[0, 4]", "expected at least one row of 4"]),
            (SQUARES, |f| refill(f, "targets", &[6, 3], 0.1), &["`targets`", "[6, 3]", "expected [6, 2]"]),
            (SQUARES, |f| refill(f, "targets", &[5, 2], 0.1), &["`targets`", "[5, 2]", "expected [6, 2]"]),
            (SQUARES, |f| change(f, |all| drop(all.remove("targets"))), &["`targets` is missing (found: inputs)"]),
            (SQUARES, |f| put(f, "inputs", [1, 2], f64::NAN), &["`inputs`", "6 is NaN, expected finite"]),
            ("sigmoid-categorical", |f| refill(f, "targets", &[5, 3], 1.0), &["`targets`, row 0", class]),
            ("sigmoid-categorical", |f| put(f, "targets", [2, 0], -1.0), &["`targets`, row 2", class]),
            (
                "relu-bernoulli-autoencoder",
                |f| refill(f, "targets", &[7, 5], 1.5),
                &["`targets`, row 0", "from 0 up to 1"],
            ),
            ("tanh-binary-mixture", |f| refill(f, "targets", &[8, 1], 0.0), &["`targets`, row 0", "expected −1 or 1"]),
        ],
    );
}

#[test]
fn what_is_not_finite_is_named_and_not_written() {
    for (name, shape, value) in [("targets", [6, 2], 1e200), ("inputs", [6, 4], 1e300)] {
        let folder = reference(SQUARES);
        refill(&folder.path().join("batch.safetensors"), name, &shape, value);
        let before = names(folder.path());
        let output = inspect(folder.path(), &folder.path().join("out.safetensors"));
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains("weights.safetensors with ") && errors.contains("batch.safetensors: "), "{errors}");
        assert!(errors.contains(" is not finite"), "{errors}");
        assert_eq!(names(folder.path()), before);
    }
}

#[test]
fn files_that_hold_no_tensors_are_refused() {
    let not: &[&str] = &["not a safetensors file"];
    for file in ["weights.safetensors", "batch.safetensors"] {
        refused(
            file,
            &[
                (SQUARES, |f| fs::remove_file(f).unwrap(), &["cannot be read"]),
                (SQUARES, |f| fs::write(f, "").unwrap(), not),
                (SQUARES, |f| fs::write(f, &fs::read(f).unwrap()[..100]).unwrap(), not),
                (SQUARES, |f| fs::write(f, fs::read(f).unwrap().split_last().unwrap().1).unwrap(), not),
                (SQUARES, |f| raw(f, 4, "\u{1}\u{2}\u{3}\u{4}"), not),
                (SQUARES, |f| raw(f, 8, r#"{"x": ]}"#), not),
                (SQUARES, |f| raw(f, 1 << 32, r#"{"x":{"dtype":"F64","shape":[8],"data_offsets":[0,64]}}"#), not),
                (
                    SQUARES,
                    |f| raw(f, 71, r#"{"x":{"dtype":"F64","shape":[536870912],"data_offsets":[0,4294967296]}}"#),
                    not,
                ),
                (
                    SQUARES,
                    |f| raw(f, 55, r#"{"x":{"dtype":"I64","shape":[8],"data_offsets":[0,64]}}"#),
                    &["`x`", "type I64", "expected F64 or F32"],
                ),
            ],
        );
    }
}

#[test]
fn an_output_never_takes_the_place_of_an_input() {
    let folder = reference("tanh-squared-error");
    for input in ["weights.safetensors", "batch.safetensors"] {
        let path = folder.path().join(input);
        let before = fs::read(&path).expect("an input");
        let output = inspect(folder.path(), &path);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(input) && errors.contains("would overwrite an input"), "{errors}");
        assert_eq!(fs::read(&path).expect("an input"), before);
    }
}

#[test]
fn an_output_that_cannot_be_written_is_refused_and_nothing_stays_behind() {
    let folder = reference("tanh-squared-error");
    fs::create_dir(folder.path().join("taken")).expect("a folder");
    let before = names(folder.path());
    for (out, expected) in [
        ("no/such/folder/out.safetensors", "No such file"),
        ("taken", "is a folder; expected a file"),
        ("case.toml/out.safetensors", "not a directory"),
    ] {
        let out = folder.path().join(out);
        let output = inspect(folder.path(), &out);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(&out.display().to_string()) && errors.contains(expected), "{errors}");
        assert_eq!(names(folder.path()), before);
    }
}
