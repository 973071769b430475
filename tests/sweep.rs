//! `kfra-tui sweep`: every run once, side by side and apart from each other, whatever happens to one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const BASE: &str = r#"
name = "tiny"
[data]
source = "digits"
task = "classify"
[network]
layers = [{ units = 8, activation = "tanh" }]
[loss]
kind = "categorical"
[optimizer]
kind = "adam"
[train]
batch = 100
updates = 20
evaluate_every = 10
[diagnostics]
rank = { every = 0, data = 8 }
hessian = { every = 0, data = 8 }
"#;

const GRID: &str = r#"
base = "tiny.toml"
seeds = 2
[grid]
optimizer.learning_rate = [1e-3, 1e-2]
"#;

/// A folder with a base and a sweep.
fn folder(sweep: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("tiny.toml"), BASE).expect("a file");
    fs::write(folder.path().join("grid.toml"), sweep).expect("a file");
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.current_dir(folder).arg("sweep").args(arguments).stdin(Stdio::null());
    command
}

fn sweep(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The rows of a sweep's table.
fn rows(folder: &Path) -> Vec<BTreeMap<String, String>> {
    let mut table = csv::Reader::from_path(folder.join("out/summary.csv")).expect("the table");
    table.deserialize().map(|row| row.expect("a row")).collect()
}

/// The run folders of a sweep, by name.
fn runs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("out")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut runs: Vec<_> = entries.filter(|path| path.join("experiment.toml").is_file()).collect();
    runs.sort();
    runs
}

/// All losses of a run, as they stand in its log.
fn losses(run: &Path) -> Vec<(u64, String)> {
    let log = fs::read_to_string(run.join("events.jsonl")).expect("the log");
    let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an event"));
    events
        .filter(|event| event["event"] == "step")
        .map(|event| (event["step"].as_u64().unwrap(), event["loss"].to_string()))
        .collect()
}

/// Whether a run has a checkpoint that is written to its end.
fn has_checkpoint(run: &Path) -> bool {
    let files = fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
    files.map(|file| file.path()).any(|path| path.extension().is_some_and(|end| end == "safetensors"))
}

/// Waits until something holds.
fn wait(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(300), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn kill(process: &str) {
    assert!(Command::new("kill").args(["-9", process]).status().expect("kill starts").success());
}

#[test]
fn every_run_is_made_once_and_stands_in_the_table() {
    let folder = folder(GRID);
    let output = sweep(folder.path(), &["grid.toml", "--out", "out", "--cores", "2"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert_eq!(told.matches("started").count(), 4, "{told}");
    assert!(told.contains("4 finished of 4 runs"), "{told}");
    let rows = rows(folder.path());
    let settings: Vec<_> =
        rows.iter().map(|row| (row["optimizer.learning_rate"].as_str(), row["seed"].as_str())).collect();
    assert_eq!(settings, [("0.001", "1"), ("0.001", "2"), ("0.01", "1"), ("0.01", "2")]);
    for row in &rows {
        let summary = fs::read_to_string(folder.path().join("out").join(&row["run"]).join("summary.json")).unwrap();
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        assert_eq!((row["status"].as_str(), row["updates"].as_str()), ("finished", "20"));
        assert_eq!(row["train_loss"], summary["train_loss"].to_string());
    }
    let json = fs::read_to_string(folder.path().join("out/summary.json")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap().as_array().unwrap().len(), 4);

    // Once more: nothing is left.
    let before: Vec<_> = runs(folder.path())
        .iter()
        .map(|run| fs::metadata(run.join("events.jsonl")).unwrap().modified().unwrap())
        .collect();
    let output = sweep(folder.path(), &["--resume", "out"]);
    assert!(text(&output.stdout).contains("0 finished, 4 known before of 4 runs"), "{}", text(&output.stdout));
    let after: Vec<_> = runs(folder.path())
        .iter()
        .map(|run| fs::metadata(run.join("events.jsonl")).unwrap().modified().unwrap())
        .collect();
    assert_eq!(before, after);
}

#[test]
fn a_run_of_a_sweep_is_the_run_that_one_starts_by_hand() {
    let folder = folder(GRID);
    assert!(sweep(folder.path(), &["grid.toml", "--out", "out", "--shard", "4/4"]).status.success());
    let [run] = runs(folder.path()).try_into().expect("one run");
    let arguments = ["run", "tiny.toml", "--out", "hand", "--quiet", "--set", "train.threads=1", "--set", "seed=2"];
    let mut by_hand = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    by_hand.current_dir(folder.path()).args(arguments).args(["--set", "optimizer.learning_rate=1e-2"]);
    assert!(by_hand.status().unwrap().success());
    assert_eq!(losses(&run), losses(&folder.path().join("hand")));
}

#[test]
fn what_fails_or_diverges_is_taken_down_and_touches_no_other() {
    let text_of = r#"
base = "tiny.toml"
[[list]]
seed = 1
[[list]]
data.source = "mnist" # is not to be found
[[list]]
optimizer.learning_rate = 1e3
[[list]]
seed = 2
"#;
    let folder = folder(text_of);
    let empty = folder.path().join("home");
    let run = |arguments: &[&str]| {
        let mut command = command(folder.path(), arguments);
        command.env("HOME", &empty).env_remove("KFRA_DATA_DIR").env("XDG_DATA_HOME", &empty).output().unwrap()
    };
    let output = run(&["grid.toml", "--out", "out", "--cores", "2"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("1 of 4 runs failed"), "{}", text(&output.stderr));
    let rows = rows(folder.path());
    let states: Vec<_> = rows.iter().map(|row| row["status"].as_str()).collect();
    assert_eq!(states, ["finished", "failed", "diverged", "finished"]);
    assert!(rows[1]["reason"].contains("mnist"), "{}", rows[1]["reason"]);
    assert!(rows[2]["reason"].contains("times"), "{}", rows[2]["reason"]);

    // What failed is not tried again unless that is asked for; what diverged would diverge again.
    let output = run(&["grid.toml", "--out", "out"]);
    assert!(!text(&output.stdout).contains("started"), "{}", text(&output.stdout));
    let output = run(&["--resume", "out"]);
    assert_eq!(text(&output.stdout).matches("started").count(), 1, "{}", text(&output.stdout));

    // So it is with what a run itself says of its end.
    let summary = folder.path().join("out").join(&rows[0]["run"]).join("summary.json");
    let mut end: serde_json::Value = serde_json::from_slice(&fs::read(&summary).unwrap()).unwrap();
    for (diverged, expected) in [(true, 0), (false, 1)] {
        (end["status"], end["diverged"]) = ("failed".into(), diverged.into());
        fs::write(&summary, end.to_string()).unwrap();
        let output = run(&["--resume", "out"]);
        assert_eq!(text(&output.stdout).matches("goes on").count(), expected, "{}", text(&output.stdout));
    }
}

/// A sweep of runs that take long enough to be killed.
const LONG: &str = r#"
base = "tiny.toml"
seeds = 2
[set]
network.layers = [{ units = 100, activation = "tanh" }]
train = { updates = 4000, checkpoint_every = 20, evaluate_every = 0 }
"#;

#[test]
fn a_run_that_is_killed_is_taken_down_and_goes_on_when_asked_for() {
    let folder = folder(LONG);
    let child = command(folder.path(), &["grid.toml", "--out", "out", "--cores", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let first = || runs(folder.path()).into_iter().find(|run| has_checkpoint(run));
    wait("a checkpoint is written", || first().is_some());
    let killed = first().unwrap();
    kill(fs::read_to_string(killed.join("lock")).unwrap().trim());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let states: Vec<_> = rows(folder.path()).iter().map(|row| row["status"].clone()).collect();
    assert_eq!(states.iter().collect::<BTreeSet<_>>().len(), 2, "{states:?}");
    assert!(states.contains(&"failed".to_owned()) && states.contains(&"finished".to_owned()));
    assert!(text(&output.stdout).contains("signal: 9"), "{}", text(&output.stdout));

    let output = sweep(folder.path(), &["--resume", "out"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("goes on"), "{}", text(&output.stdout));
    let steps: Vec<_> = losses(&killed).into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, (1..=4000).collect::<Vec<_>>());
}

#[test]
fn runs_end_with_a_checkpoint_when_their_sweep_is_killed_and_nothing_is_lost() {
    let folder = folder(LONG);
    let mut child =
        command(folder.path(), &["grid.toml", "--out", "out", "--cores", "2"]).stdout(Stdio::null()).spawn().unwrap();
    wait("both runs go on", || runs(folder.path()).iter().filter(|run| has_checkpoint(run)).count() == 2);
    kill(&child.id().to_string());
    child.wait().unwrap();
    let stopped = |run: &PathBuf| {
        fs::read_to_string(run.join("summary.json"))
            .is_ok_and(|text| text.contains("stopped") || text.contains("finished"))
    };
    wait("both runs end", || runs(folder.path()).iter().all(stopped));
    assert!(sweep(folder.path(), &["grid.toml", "--out", "out"]).status.success());
    let whole = folder.path().join("whole");
    fs::create_dir(&whole).unwrap();
    for name in ["tiny.toml", "grid.toml"] {
        fs::copy(folder.path().join(name), whole.join(name)).unwrap();
    }
    assert!(sweep(&whole, &["grid.toml", "--out", "out", "--quiet"]).status.success());
    let [interrupted, uninterrupted] = [runs(folder.path()), runs(&whole)];
    assert_eq!(interrupted.len(), 2);
    for (one, other) in interrupted.iter().zip(&uninterrupted) {
        assert_eq!(one.file_name(), other.file_name());
        assert_eq!(losses(one), losses(other));
    }
}

#[test]
fn shards_make_every_run_once_and_the_list_tells_how_far_it_is() {
    let folder = folder(GRID);
    let list = |arguments: &[&str]| text(&sweep(folder.path(), arguments).stdout);
    let before = list(&["grid.toml", "--out", "out", "--list"]);
    assert_eq!(before.matches("waiting").count(), 4, "{before}");
    assert!(!folder.path().join("out").exists());
    assert!(sweep(folder.path(), &["grid.toml", "--out", "out", "--shard", "1/3"]).status.success());
    let between = list(&["--resume", "out", "--list"]);
    assert_eq!((between.matches("finished").count(), between.matches("waiting").count()), (2, 2), "{between}");
    let names =
        |text: &str| text.lines().map(|line| line.split_whitespace().last().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&before), names(&between));
    for shard in ["2/3", "3/3"] {
        assert!(sweep(folder.path(), &["--resume", "out", "--shard", shard]).status.success());
    }
    assert_eq!(list(&["--resume", "out", "--list"]).matches("finished").count(), 4);
}

#[test]
fn shards_may_begin_at_the_same_moment() {
    let folder = folder(GRID);
    // As far as another shard may have come.
    fs::create_dir_all(folder.path().join("out/planned")).unwrap();
    fs::write(folder.path().join("out/sweep.json.1.part"), "{").unwrap();
    let shards = ["1/4", "2/4", "3/4", "4/4"]
        .map(|shard| command(folder.path(), &["grid.toml", "--out", "out", "--shard", shard]).spawn().unwrap());
    assert!(shards.into_iter().all(|mut shard| shard.wait().unwrap().success()));
    assert_eq!(runs(folder.path()).len(), 4);
}

/// A `sbatch` that runs the tasks of an array one after the other, as Slurm would.
const SBATCH: &str = r#"#!/bin/sh
script=$2
for task in $(sed -n 's/^#SBATCH --array=//p' "$script" | tr , ' '); do
    SLURM_ARRAY_TASK_ID=$task sh "$script" >> sbatch.log 2>&1
done
echo 42
"#;

#[cfg(unix)]
#[test]
fn an_array_job_makes_every_run_and_only_what_is_left() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(GRID);
    let fake = folder.path().join("bin/sbatch");
    fs::create_dir(fake.parent().unwrap()).unwrap();
    fs::write(&fake, SBATCH).unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", fake.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let launch = |arguments: &[&str]| {
        let output = command(folder.path(), arguments).env("PATH", &path).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let told = launch(&[
        "grid.toml",
        "--out",
        "out",
        "--launcher",
        "slurm",
        "--shards",
        "3",
        "--threads",
        "2",
        "--option=--partition=one",
    ]);
    assert!(told.contains("submitted batch job 42"), "{told}");
    let script = fs::read_to_string(folder.path().join("out/job.sh")).unwrap();
    for line in [
        "#SBATCH --array=1,2,3\n",
        "#SBATCH --partition=one\n",
        "#SBATCH --cpus-per-task=2\n",
        " --cores 2 --threads 2\n",
    ] {
        assert!(script.contains(line), "{script}");
    }
    assert_eq!(runs(folder.path()).len(), 4, "{:?}", fs::read_to_string(folder.path().join("sbatch.log")));
    fs::remove_file(runs(folder.path())[0].join("summary.json")).unwrap();
    launch(&["--resume", "out", "--launcher", "slurm", "--shards", "3"]);
    let script = fs::read_to_string(folder.path().join("out/job.sh")).unwrap();
    assert_eq!(script.lines().find(|line| line.contains("--array")).unwrap().matches(',').count(), 0, "{script}");
    assert_eq!(text(&sweep(folder.path(), &["--resume", "out", "--list"]).stdout).matches("finished").count(), 4);
    assert!(launch(&["--resume", "out", "--launcher", "slurm"]).contains("nothing is left to run"));
}

#[test]
fn a_run_whose_end_cannot_be_read_goes_on_and_keeps_no_other_from_it() {
    let folder = folder(GRID);
    assert!(sweep(folder.path(), &["grid.toml", "--out", "out"]).status.success());
    let damaged = runs(folder.path())[0].join("summary.json");
    let summary = fs::read(&damaged).unwrap();
    fs::write(&damaged, "{").unwrap();
    let list = || text(&sweep(folder.path(), &["--resume", "out", "--list"]).stdout);
    assert_eq!(list().matches("finished").count() - list().matches("unfinished").count(), 3);
    assert!(sweep(folder.path(), &["--resume", "out"]).status.success());
    assert_eq!(list().matches("finished").count(), 4);
    let updates = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap()["updates"].clone();
    assert_eq!(updates(&fs::read(&damaged).unwrap()), updates(&summary));
}

#[test]
fn bad_input_is_refused_and_nothing_is_written() {
    let folder = folder(GRID);
    fs::create_dir(folder.path().join("other")).unwrap();
    fs::write(folder.path().join("other/notes.txt"), "mine").unwrap();
    fs::write(folder.path().join("bad.toml"), "base = \"tiny.toml\"\n[grid]\ntrain.batch = [0]\n").unwrap();
    for (arguments, expected) in [
        (&["bad.toml", "--out", "out"][..], "bad.toml:3:16"),
        (&["none.toml"], "none.toml"),
        (&["grid.toml", "--out", "other"], "the folder is not empty, and not that of a sweep"),
        (&["--resume", "other"], "not the folder of a sweep: expected sweep.json"),
        (&["grid.toml", "--scale", "huge"], "the scale must be one of full"),
        (&["grid.toml", "--shard", "5/4"], "expected i/n"),
        (&[], "required"),
    ] {
        let output = sweep(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(expected), "{arguments:?}: {}", text(&output.stderr));
    }
    assert!(!folder.path().join("out").exists() && !folder.path().join("runs").exists());
    assert_eq!(fs::read_dir(folder.path().join("other")).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_sweep_can_be_viewed_before_its_scheduler_begins_it() {
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    use std::io::{Read as _, Write as _};
    let folder = folder(GRID);
    assert!(sweep(folder.path(), &["grid.toml", "--out", "out", "--quiet"]).status.success());
    // Another one, of which nothing has run.
    let laid = folder.path().join("laid");
    fs::create_dir(&laid).unwrap();
    fs::copy(folder.path().join("out/sweep.json"), laid.join("sweep.json")).unwrap();
    let pty = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.args(["view", "laid"]);
    command.cwd(folder.path());
    command.env("TERM", "xterm-256color");
    command.env("XDG_STATE_HOME", folder.path().join("state"));
    let mut child = pty.slave.spawn_command(command).unwrap();
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut keys = pty.master.take_writer().unwrap();
    let mut seen = String::new();
    let mut read_until = |words: &str| {
        let mut buffer = [0; 4096];
        while !seen.contains(words) {
            let count = reader.read(&mut buffer).unwrap();
            assert!(count > 0, "{words}: {seen}");
            seen += &String::from_utf8_lossy(&buffer[..count]);
        }
    };
    read_until("waiting for the first one");
    let first = &runs(folder.path())[0];
    fs::rename(first, laid.join(first.file_name().unwrap())).unwrap();
    read_until("finished");
    keys.write_all(b"q").unwrap();
    assert!(child.wait().unwrap().success());
}
