//! What the program refuses: every file of `bad_input/`, with exit code 2, nothing on the standard output
//! and everything that its `# expect:` lines name on the standard error. And what `check` accepts.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn program(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
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
