//! Bad weather: disks that fill, mounts that cannot be written, permissions that are taken away, folders that are
//! removed, two processes in one folder. A run goes on or stops with a message that says what, where and why, and what
//! was written before stays as it was.
//!
//! What needs a mount, or a user other than root, says so where it cannot be put to the test.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use kfra_tui::session::{Checkpoint, Event, Outcome, Summary};
use tempfile::TempDir;

const EXPERIMENT: &str = r#"
name = "storm"
seed = 5

[data]
source = "digits"
task = "classify"

[network]
layers = [{ units = 3, activation = "tanh" }]

[loss]
kind = "categorical"

[optimizer]
kind = "kfac"

[train]
batch = 50
updates = 12
threads = 1
checkpoint_every = 2
keep_checkpoints = 0

[diagnostics]
rank = { every = 0 }
hessian = { every = 0 }
fisher = { every = 0 }
"#;

/// A folder that everybody may enter, with `storm.toml`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("storm.toml"), EXPERIMENT).expect("a file");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("permissions");
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.current_dir(folder).arg("run").args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn system(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{program}: {}", errors(&output).trim())) }
}

/// A file system in memory of so many KiB, unmounted in the end.
struct Disk(PathBuf);

impl Disk {
    /// None, with the reason printed, where nothing can be mounted.
    fn mount(folder: &Path, kib: usize) -> Option<Self> {
        let place = folder.join("disk");
        fs::create_dir_all(&place).expect("a folder");
        let size = format!("size={kib}k");
        match system("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &place.to_string_lossy()]) {
            Ok(()) => Some(Self(place)),
            Err(reason) => {
                eprintln!("SKIPPED: nothing can be mounted here: {reason}");
                None
            }
        }
    }

    fn change(&self, options: &str) {
        let options = format!("remount,{options}");
        system("mount", &["-o", &options, &self.0.to_string_lossy()]).expect("the disk is mounted");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = system("umount", &[&self.0.to_string_lossy()]);
    }
}

fn wait_for(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(60), "it did not come to be");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The bits of the losses along a run.
fn losses(run: &Path) -> Vec<(u64, u64)> {
    let mut losses = Vec::new();
    kfra_tui::session::log::events(run, &mut |event| {
        if let Event::Step(step) = event {
            losses.push((step.step, step.loss.to_bits()));
        }
    })
    .expect("the log can be read");
    losses
}

/// Whether all that is in a run folder is [`readable`], and nothing half-written is there. The checkpoints.
fn intact(run: &Path) -> Vec<u64> {
    for part in [run.to_owned(), run.join("checkpoints")].iter().filter_map(|folder| fs::read_dir(folder).ok()) {
        for file in part.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            assert!(!name.contains(".part"), "{name} was left behind");
        }
    }
    readable(run)
}

/// Whether what is there by its name can be read, and the log reaches to every checkpoint. The checkpoints.
fn readable(run: &Path) -> Vec<u64> {
    if let Ok(text) = fs::read_to_string(run.join("experiment.toml")) {
        assert!(text.contains("name = \"storm\"") && text.parse::<toml::Table>().is_ok(), "{text}");
    }
    if let Ok(text) = fs::read(run.join("summary.json")) {
        serde_json::from_slice::<Summary>(&text).expect("the summary is whole");
    }
    let made = if run.join("events.jsonl").exists() { losses(run).len() as u64 } else { 0 };
    let checkpoints = Checkpoint::list(run);
    for (step, file) in &checkpoints {
        assert_eq!(Checkpoint::read(file).expect("the checkpoint is whole").step, *step);
        assert!(*step <= made, "the log ends at {made}, before the checkpoint of {step}");
    }
    checkpoints.into_iter().map(|(step, _)| step).collect()
}

#[test]
fn a_disk_that_fills_at_any_write_stops_the_run_and_spoils_nothing() {
    let folder = folder();
    let whole = run(folder.path(), &["storm.toml", "--out", "whole"]);
    assert!(whole.status.success(), "{}", errors(&whole));
    let expected = losses(&folder.path().join("whole"));
    let mut ends = [0; 3];
    let mut refused_at = std::collections::BTreeSet::new();
    // A page more each time at first, so that each of the small writes is the one too many once.
    for kib in (4..48).step_by(4).chain((48..).step_by(20)) {
        let Some(disk) = Disk::mount(folder.path(), kib) else { return };
        let out = disk.0.join("out");
        let output = run(folder.path(), &["storm.toml", "--out", "disk/out"]);
        let (code, said) = (output.status.code(), errors(&output));
        ends[usize::try_from(code.expect("it ends by itself")).expect("a code")] += 1;
        let checkpoints = intact(&out);
        if code == Some(0) {
            assert_eq!(losses(&out), expected);
            break;
        }
        assert!(said.contains("No space left on device") && said.contains("disk/out"), "{kib} KiB: {said}");
        for file in ["experiment.toml", "events.jsonl", "step-", "summary.json", "lock"] {
            if said.contains(file) {
                refused_at.insert(file);
            }
        }
        // With more room it goes on, from where there is something to go on from.
        disk.change("size=16m");
        let output = run(folder.path(), &["--resume", "disk/out"]);
        if checkpoints.is_empty() {
            assert_eq!(output.status.code(), Some(2), "{kib} KiB: {}", errors(&output));
        } else {
            assert_eq!(output.status.code(), Some(0), "{kib} KiB: {}", errors(&output));
            assert_eq!(losses(&out), expected, "{kib} KiB");
        }
    }
    println!("finished, failed, refused: {ends:?}; full at {refused_at:?}");
    assert!(ends[0] == 1 && ends[1] > 5 && ends[2] > 0, "{ends:?}");
    assert!(["events.jsonl", "step-"].iter().all(|file| refused_at.contains(file)), "{refused_at:?}");
}

#[test]
fn a_mount_that_cannot_be_written_is_refused_and_can_be_read() {
    let folder = folder();
    let Some(disk) = Disk::mount(folder.path(), 4096) else { return };
    let output = run(folder.path(), &["storm.toml", "--out", "disk/out"]);
    assert!(output.status.success(), "{}", errors(&output));
    disk.change("ro");
    for arguments in [&["storm.toml", "--out", "disk/new"][..], &["--resume", "disk/out", "--set", "train.updates=20"]]
    {
        let output = run(folder.path(), arguments);
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("Read-only file system") && said.contains("disk/"), "{said}");
    }
    assert_eq!(intact(&disk.0.join("out")).len(), 6);
    let fork = disk.0.join("out").join(Checkpoint::file(6));
    let output = run(folder.path(), &["--from", &fork.to_string_lossy(), "--out", "fork"]);
    assert!(output.status.success(), "{}", errors(&output));
}

/// A run without an end that has written a checkpoint, in `out`.
fn endless(mut command: Command, out: &Path) -> Child {
    command.args(["--set", "train.updates=100000000", "--set", "train.keep_checkpoints=3"]);
    let child = start(command);
    wait_for(|| Checkpoint::list(out).len() > 2);
    child
}

/// Waits for the end of a run that must stop by itself. What it said.
fn stopped(child: Child) -> String {
    let output = child.wait_with_output().expect("the program ends");
    let said = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

#[test]
fn a_run_whose_permissions_are_taken_away_stops_with_what_it_has() {
    let folder = folder();
    let out = folder.path().join("out");
    // To root, permissions mean nothing: the run is somebody else's then.
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let program = env!("CARGO_BIN_EXE_kfra-tui");
    let mut command = if is_root() {
        if let Err(reason) = system("setpriv", &[&nobody[..], &[program, "--version"]].concat()) {
            eprintln!("SKIPPED: root is not held to permissions, and cannot be another user: {reason}");
            return;
        }
        system("chown", &["65534:65534", &folder.path().to_string_lossy()]).expect("root may");
        let mut command = Command::new("setpriv");
        command.args(nobody).args([program, "run"]).current_dir(folder.path());
        command
    } else {
        command(folder.path(), &[])
    };
    command.args(["storm.toml", "--out", "out"]);
    let child = endless(command, &out);
    let closed = out.join("checkpoints");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).expect("permissions");
    let said = stopped(child);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).expect("permissions");
    assert!(said.contains("Permission denied") && said.contains("out/checkpoints/step-"), "{said}");
    let checkpoints = readable(&out);
    let summary: Summary =
        serde_json::from_slice(&fs::read(out.join("summary.json")).expect("a summary")).expect("JSON");
    assert!(summary.status == Outcome::Failed && !summary.diverged, "{summary:?}");
    assert!(summary.reason.is_some_and(|reason| said.contains(&reason)));
    assert!(!checkpoints.is_empty() && summary.updates >= checkpoints[0], "{checkpoints:?}");
    // What it was writing then it could not remove; that goes when the run goes on.
    let updates = summary.updates as usize + 1;
    let output = run(folder.path(), &["--resume", "out", "--set", &format!("train.updates={updates}")]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(losses(&out).len(), updates);
    intact(&out);
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("the system tells");
    status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}

#[test]
fn a_run_whose_folder_is_removed_stops() {
    let folder = folder();
    let out = folder.path().join("out");
    let child = endless(command(folder.path(), &["storm.toml", "--out", "out"]), &out);
    // While it writes, what is removed may come again.
    let removed = (0..1000).any(|_| fs::remove_dir_all(&out).is_ok());
    assert!(removed);
    let said = stopped(child);
    assert!(said.contains("No such file or directory") && said.contains("out/"), "{said}");
    assert!(!out.exists(), "it does not come back");
}

#[test]
fn two_processes_do_not_write_to_one_folder() {
    let folder = folder();
    let out = folder.path().join("out");
    let first = endless(command(folder.path(), &["storm.toml", "--out", "out"]), &out);
    let number = first.id().to_string();
    let held = format!("out: another run writes to this folder (process {number})");
    let output = run(folder.path(), &["--resume", "out", "--set", "train.updates=100000001"]);
    assert!(output.status.code() == Some(2) && errors(&output).contains(&held), "{}", errors(&output));
    let output = run(folder.path(), &["storm.toml", "--out", "out"]);
    assert!(output.status.code() == Some(2) && errors(&output).contains("not empty"), "{}", errors(&output));
    system("kill", &["-TERM", &number]).expect("it runs");
    let output = first.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(!intact(&out).is_empty());
    // What the second one was told is not in the first one's folder, and the folder is free.
    let updates = losses(&out).len() + 5;
    let output = run(folder.path(), &["--resume", "out", "--set", &format!("train.updates={updates}")]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(losses(&out).len(), updates);
}

#[test]
fn durations_are_not_those_of_a_clock_that_can_be_set() {
    // The clock of the wall names new folders; nothing else asks for it.
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut asked = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if fs::read_to_string(&path).is_ok_and(|text| text.contains("SystemTime::now")) {
                let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("it is ours");
                asked.push(path.to_string_lossy().into_owned());
            }
        }
    }
    assert_eq!(asked, ["src/session/folder.rs"]);
}
