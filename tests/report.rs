//! `kfra-tui report`: what it says is what the logs say.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use svg::parser::Event;
use tempfile::TempDir;

const BASE: &str = r#"
name = "tiny"
[data]
source = "digits"
task = "autoencode"
[network]
layers = [{ units = 8, activation = "relu" }]
[loss]
kind = "bernoulli"
[optimizer]
kind = "kfra"
[train]
batch = 100
updates = 8
threads = 1
evaluate_every = 2
[diagnostics]
rank = { every = 4, data = 4 }
hessian = { every = 4, data = 4 }
alignment = { every = 4, data = 4 }
budget = 1.0
"#;

/// Second-order methods, a grid of Adam, and another size of the probe batch.
const SWEEPS: [(&str, &str); 3] = [
    (
        "methods",
        "base = \"tiny.toml\"\ngrid.optimizer = [{ kind = \"kfra\" }, { kind = \"kfac\" }]\n[scale.small]\nset.train.updates = 6\n",
    ),
    (
        "grid",
        "base = \"adam.toml\"\n[grid]\noptimizer.learning_rate = [1e-3, 1e-2, 1e3]\n[scale.small]\ngrid.optimizer.learning_rate = [1e-2]\n",
    ),
    ("rank", "base = \"tiny.toml\"\n[grid]\ndiagnostics.rank.data = [2, 8]\n[scale.small]\n"),
];

fn program(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfra-tui"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with the sweeps at a scale, run.
fn swept(scale: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("tiny.toml"), BASE).unwrap();
    let adam = BASE.replace("kind = \"kfra\"", "kind = \"adam\"");
    fs::write(folder.path().join("adam.toml"), adam).unwrap();
    for (name, sweep) in SWEEPS {
        fs::write(folder.path().join(format!("{name}.toml")), sweep).unwrap();
        let out = format!("runs/{name}");
        let output = program(folder.path(), &["sweep", &format!("{name}.toml"), "--out", &out, "--scale", scale]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    folder
}

fn reported(folder: &TempDir) -> String {
    let output = program(folder.path(), &["report", "runs", "--out", "report"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    fs::read_to_string(folder.path().join("report/report.md")).expect("the page")
}

/// A text with its numbers as `#`, and without what follows from them: losses and times are the machine's.
fn without_numbers(page: &str) -> String {
    let letters: Vec<char> = page.chars().collect();
    let is_digit = |place: usize| letters.get(place).is_some_and(char::is_ascii_digit);
    let (mut shown, mut place) = (String::new(), 0);
    while let Some(&letter) = letters.get(place) {
        let inside = place > 0 && letters[place - 1].is_alphanumeric();
        let signed = letter == '-' && is_digit(place + 1);
        if inside || !(is_digit(place) || signed) {
            shown.push(letter);
            place += 1;
            continue;
        }
        place += usize::from(signed);
        while is_digit(place) || (letters.get(place) == Some(&'.') && is_digit(place + 1)) {
            place += 1;
        }
        if letters.get(place) == Some(&'e') {
            place += 1 + usize::from(letters.get(place + 1) == Some(&'-'));
            while is_digit(place) {
                place += 1;
            }
        }
        shown.push('#');
    }
    for verdict in ["confirmed", "refuted"] {
        shown = shown.replace(verdict, "judged");
    }
    shown.replace("# ms", "# s")
}

#[test]
fn the_page_has_findings_figures_tables_and_what_was_shortened() {
    let folder = swept("small");
    let page = reported(&folder);
    let lines: Vec<_> = page.lines().filter(|line| !line.contains(" runs of kfra-tui ")).collect();
    insta::assert_snapshot!(without_numbers(&lines.join("\n")));
    for part in ["train.updates 8 → 6 (KFRA, KFAC)", "points of the grid 3 → 1 (Adam)", "runs.csv"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn figures_are_drawn_and_their_tables_are_the_logs() {
    let folder = swept("full");
    let page = reported(&folder);
    let files: Vec<_> = fs::read_dir(folder.path().join("report")).unwrap().map(|file| file.unwrap().path()).collect();
    let drawings: Vec<_> = files.iter().filter(|file| file.extension().is_some_and(|end| end == "svg")).collect();
    assert_eq!(drawings.len(), 6, "{files:?}");
    for file in &drawings {
        let drawing = fs::read_to_string(file).unwrap();
        assert!(svg::read(&drawing).unwrap().all(|event| !matches!(event, Event::Error(_))), "{}", file.display());
        // Its text is outlined: it looks the same everywhere.
        assert!(!drawing.contains("<text") && drawing.contains("<path"), "{}", file.display());
        assert!(page.contains(&*file.file_name().unwrap().to_string_lossy()), "{page}");
    }

    let log = fs::read_dir(folder.path().join("runs/methods")).unwrap().map(|entry| entry.unwrap().path());
    let kfac = log
        .filter(|path| path.join("events.jsonl").is_file())
        .find(|path| path.to_string_lossy().contains("kfac"))
        .unwrap();
    let events = fs::read_to_string(kfac.join("events.jsonl")).unwrap();
    let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let expected: Vec<_> = events
        .filter(|event| event["event"] == "evaluated")
        .map(|event| {
            (
                event["step"].as_f64().unwrap(),
                event["train_loss"].as_f64().unwrap(),
                event["seconds_training"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(expected.len(), 5);
    for (name, place) in [("updates", 0), ("seconds", 1)] {
        let table = files.iter().find(|file| file.to_string_lossy().ends_with(&format!("loss-{name}.csv"))).unwrap();
        let mut table = csv::Reader::from_path(table).unwrap();
        let rows: Vec<_> =
            table.records().map(Result::unwrap).filter(|row| &row[0] == "KFAC" && &row[1] == "training set").collect();
        let found: Vec<(f64, f64)> =
            rows.iter().map(|row| (row[2].parse().unwrap(), row[3].parse().unwrap())).collect();
        let of: Vec<_> =
            expected.iter().map(|&(step, loss, seconds)| (if place == 0 { step } else { seconds }, loss)).collect();
        assert_eq!(found, of);
    }

    // The grid: the best of its points within the spread of those that did not diverge.
    assert!(page.contains("Adam, best of 3: lr 0.01"), "{page}");
    let finals = page.lines().find(|line| line.starts_with("| Adam, best of 3")).unwrap();
    let cells: Vec<_> = finals.split('|').map(str::trim).collect();
    assert_eq!((cells[2], cells[3], cells[5]), ("3", "1", "8"), "{finals}");
    assert!(page.contains("| KFRA | 8 |") && page.contains("| KFRA | 2 |"), "{page}");
}

#[test]
fn what_are_no_runs_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = program(folder.path(), &["report", ".", "--out", "report"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no run folder in it or below"), "{}", text(&output.stderr));
    assert!(!folder.path().join("report").exists());
}

#[test]
fn nothing_is_written_over_but_an_earlier_report_and_that_not_by_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tiny.toml"), BASE).unwrap();
    assert!(program(folder.path(), &["run", "tiny.toml", "--out", "one", "--quiet"]).status.success());
    let refused = |run: &str, out: &str| {
        let output = program(folder.path(), &["report", run, "--out", out]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        text(&output.stderr)
    };
    for (out, name) in [("a", "report.md"), ("b", "runs.csv")] {
        let file = folder.path().join(out).join(name);
        fs::create_dir(folder.path().join(out)).unwrap();
        fs::write(&file, "mine").unwrap();
        assert!(refused("one", out).contains("is of no report"));
        assert_eq!(fs::read(file).unwrap(), b"mine");
    }
    let report = || program(folder.path(), &["report", "one", "--out", "report"]).status.success();
    assert!(report() && report());
    let page = fs::read(folder.path().join("report/report.md")).unwrap();
    let log = folder.path().join("one/events.jsonl");
    let damaged = fs::read_to_string(&log).unwrap().replacen("\"loss\":", "\"lost\":", 1);
    fs::write(&log, damaged).unwrap();
    fs::remove_file(folder.path().join("one/events.index")).ok();
    assert!(refused("one", "report").contains("no run can be read"));
    assert_eq!(fs::read(folder.path().join("report/report.md")).unwrap(), page);
}
