//! What is read of logs, whole or not.

use std::fs::OpenOptions;
use std::io::Write as _;

use super::*;
use crate::diagnostics::rank::Rank;
use crate::session::Status;
use crate::train::Step;

/// The line of an update.
fn update(step: u64, loss: f64) -> String {
    let seconds = step as f64 * 1.000_000_1e-3;
    let step = Step {
        step,
        epoch: step as f64 / 3.0,
        loss,
        gradient_norm: loss / 3.0,
        update_norm: f64::NAN,
        learning_rate: None,
        step_size: Some(loss / 7.0),
        momentum: None,
        kronecker_damping: Some(1.0 / 3.0),
        step_damping: Some(1e-6),
        reduction_ratio: None,
        seconds_training: seconds,
        wall: seconds / 11.0,
        cpu: seconds / 13.0,
        flops: 26_704_347.0,
        escalations: 0,
        phases: crate::train::Phase::ALL
            .iter()
            .map(|&phase| crate::train::Spent { wall: seconds / 17.0, ..crate::train::Spent::nothing(phase) })
            .collect(),
    };
    serde_json::to_string(&Event::Step(step)).unwrap() + "\n"
}

/// A run folder with a log, and the log.
fn folder(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    std::fs::write(&log, text).unwrap();
    (folder, log)
}

fn append(log: &Path, text: &str) {
    OpenOptions::new().append(true).open(log).unwrap().write_all(text.as_bytes()).unwrap();
}

/// A log as it is written now: it begins with what is known of the run, and has checksums.
fn sealed(text: &str) -> String {
    let start = begun(Some(SCHEMA));
    let mut checksum = Checksum::default();
    let lines = start.lines().chain(text.lines()).map(|line| {
        let mut line = line.as_bytes().to_vec();
        checksum.seal(&mut line);
        String::from_utf8(line).unwrap()
    });
    lines.collect()
}

/// All that a snapshot holds; NaN equals itself.
fn all(snapshot: &Snapshot) -> String {
    format!("{snapshot:?}")
}

/// A log of updates and other events.
fn log(updates: u64) -> String {
    let others = |step: u64| {
        let lines = [
            r#"{"event":"evaluated","step":STEP,"train_loss":0.1,"validation_loss":"NaN","train_error":null,"validation_error":0.25,"seconds_training":0.3,"cost":0.1}"#,
            r#"{"event":"measured","diagnostic":"rank","step":STEP,"scope":{"layer":1},"lower":5,"upper":6,"bound":7,"parameters":8,"data":64,"effective":1.5,"method":"gram","cost":0.01}"#,
            r#"{"event":"warning","step":STEP,"text":"λ"}"#,
            "",
        ];
        lines.join("\n").replace("STEP", &step.to_string())
    };
    let lines = (1..=updates).map(|step| {
        let loss = if step == 7 { f64::INFINITY } else { 1.0 / step as f64 };
        update(step, loss) + &if step % 10 == 0 { others(step) } else { String::new() }
    });
    lines.collect::<String>() + "{\"event\":\"paused\",\"step\":9}\n"
}

#[test]
fn a_run_that_is_read_is_the_fold_over_its_events() {
    let text = log(1000);
    let mut expected = Snapshot::default();
    text.lines().for_each(|line| expected.apply(&serde_json::from_str(line).unwrap()));
    let (folder, _) = folder(&text);
    let snapshot = read(folder.path()).unwrap();
    assert_eq!(all(&snapshot), all(&expected));
    assert_eq!((snapshot.step, snapshot.status.clone()), (1000, Status::Paused));
    assert_eq!(snapshot.tracked::<Rank>()[0].latest.upper, 6);
}

#[test]
fn numbers_of_a_log_are_those_that_were_written_to_the_last_bit() {
    let values: Vec<_> = (1..2000_u64).map(|n| (n as f64).sqrt().exp_m1() / 3.0).collect();
    for (step, value) in (1..).zip(&values) {
        let Event::Step(found) = event(update(step, *value).as_bytes()).unwrap() else { panic!("a step") };
        assert_eq!(found.loss.to_bits(), value.to_bits(), "{value:?}");
        assert_eq!(found.step_size.unwrap().to_bits(), (value / 7.0).to_bits());
    }
}

#[test]
fn what_is_appended_piece_by_piece_is_read_as_if_at_once() {
    let text = log(300);
    let (folder, log) = folder("");
    let mut follower = Follower::open(folder.path()).unwrap();
    assert!(!follower.advance().unwrap());
    for piece in text.as_bytes().chunks(777) {
        OpenOptions::new().append(true).open(&log).unwrap().write_all(piece).unwrap();
        follower.advance().unwrap();
    }
    assert_eq!(all(&follower.snapshot()), all(&read(folder.path()).unwrap()));
    assert!(!follower.advance().unwrap());
}

#[test]
fn a_last_line_without_its_end_waits_for_it() {
    let line = update(2, 0.5);
    let (torn, rest) = line.split_at(100);
    let (folder, log) = folder(&(update(1, 0.7) + torn));
    let mut follower = Follower::open(folder.path()).unwrap();
    assert!(follower.advance().unwrap());
    assert_eq!((follower.snapshot().step, read(folder.path()).unwrap().step), (1, 1));
    assert!(!follower.advance().unwrap());
    append(&log, rest);
    assert!(follower.advance().unwrap());
    assert_eq!(follower.snapshot().step, 2);
}

#[test]
fn a_snapshot_that_is_looked_at_stays_as_it_is() {
    let (folder, log) = folder(&update(1, 0.7));
    let mut follower = Follower::open(folder.path()).unwrap();
    follower.advance().unwrap();
    let before = follower.snapshot();
    append(&log, &update(2, 0.5));
    follower.advance().unwrap();
    assert_eq!((before.step, follower.snapshot().step), (1, 2));
}

#[test]
fn a_line_that_is_no_event_is_named_and_what_stands_before_it_is_kept() {
    for wrong in ["{\"event\":\"step\",\"step\":3}\n", "{\"event\":\"unheard\"}\n", "\n", "\0\0\n", "\u{7f}λ\n"] {
        let (folder, _) = folder(&(update(1, 0.7) + &update(2, 0.6) + wrong + &update(4, 0.5)));
        let mut follower = Follower::open(folder.path()).unwrap();
        for _ in 0..2 {
            let error = follower.advance().unwrap_err().to_string();
            assert!(error.contains("events.jsonl: line 3, byte "), "{error}");
            assert!(!error.contains(" at line "), "{error}");
            assert_eq!(follower.snapshot().step, 2);
        }
    }
}

#[test]
fn a_log_that_is_cut_or_written_anew_is_read_anew() {
    let (folder, log) = folder(&(update(1, 0.7) + &update(2, 0.6) + &update(3, 0.5)));
    let mut follower = Follower::open(folder.path()).unwrap();
    follower.advance().unwrap();
    let (cut, longer) = (update(1, 0.7), (1..9).map(|step| update(step, 0.9)).collect::<String>());
    for (text, step) in [(cut, 1), (longer, 8)] {
        std::fs::write(&log, text).unwrap();
        assert!(follower.advance().unwrap());
        assert_eq!(follower.snapshot().step, step);
        assert_eq!(all(&follower.snapshot()), all(&read(folder.path()).unwrap()));
    }
}

#[test]
fn a_folder_without_a_log_is_told_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read ") && error.contains("events.jsonl"), "{error}");
}

#[test]
fn a_log_with_checksums_tells_what_one_without_tells() {
    let text = log(1000);
    let (old, new) = (folder(&text), folder(&sealed(&text)));
    let [mut old, new] = [old.0, new.0].map(|folder| read(folder.path()).unwrap());
    old.run.clone_from(&new.run);
    old.hyperparameters.clone_from(&new.hyperparameters);
    assert_eq!(all(&old), all(&new));
}

#[test]
fn a_flipped_byte_is_found_in_its_line_and_mostly_to_the_byte() {
    let text = sealed(&log(10));
    let lines: Vec<_> = text.match_indices('\n').map(|(end, _)| end).collect();
    let (folder, log) = folder("");
    let mut exact = 0;
    // The end of the last line is left out: without it the line is not yet whole.
    for index in (0..text.len() - 1).step_by(7) {
        let mut bytes = text.clone().into_bytes();
        bytes[index] ^= 1 << (index % 8);
        std::fs::write(&log, &bytes).unwrap();
        let LogError::Damaged { damage, .. } = read(folder.path()).unwrap_err() else { panic!("damage") };
        let line = lines.partition_point(|end| *end < index);
        assert_eq!(damage.line, line as u64 + 1, "byte {index}: {damage}");
        let begins = line.checked_sub(1).map_or(0, |before| lines[before] + 1);
        assert!((begins..=lines[line]).contains(&(damage.byte as usize)), "byte {index}: {damage}");
        exact += u32::from(damage.byte == index as u64);
    }
    assert!(exact > text.len() as u32 / 7 * 9 / 10, "{exact} of {}", text.len() / 7);
}

/// The line that a log of a schema begins with.
fn begun(schema: Option<u32>) -> String {
    let old = include_str!("../../../../tests/logs/schema-1/events.jsonl").lines().next().unwrap();
    let mut start: serde_json::Value = serde_json::from_str(old).unwrap();
    if let Some(schema) = schema {
        start["schema"] = schema.into();
    }
    start.to_string() + "\n"
}

#[test]
fn a_line_without_a_checksum_does_not_slip_into_a_log_with_them() {
    let text = sealed(&update(1, 0.5));
    for slipped in [update(2, 0.4), begun(None), begun(Some(1))] {
        let (folder, _) = folder(&format!("{text}{slipped}"));
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("line 3, byte ") && error.ends_with("the line has no checksum"), "{error}");
    }
    let (folder, _) = folder(&begun(Some(SCHEMA + 1)));
    let error = read(folder.path()).unwrap_err().to_string();
    let expected = format!("line 1, byte 0: the log is of schema {}, expected at most {SCHEMA}", SCHEMA + 1);
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn the_rest_of_a_line_is_told_by_its_place() {
    let text = sealed(&log(10));
    let (folder, _) = folder(&text[..text.len() - 1]);
    let mut follower = Follower::open(folder.path()).unwrap();
    follower.advance().unwrap();
    let torn = follower.torn().unwrap();
    let begins = text[..text.len() - 1].rfind('\n').unwrap() + 1;
    assert_eq!((torn.line, torn.byte), (text.lines().count() as u64, begins as u64));
}

#[test]
fn an_index_spares_the_way_to_it_and_never_hides_damage() {
    let text = sealed(&log(300));
    let (folder, log) = folder(&text);
    let expected = all(&read(folder.path()).unwrap());
    let cut = text.match_indices('\n').nth(200).unwrap().0 as u64 + 1;
    let mut part = Follower::open(folder.path()).unwrap();
    part.advance_to(cut).unwrap();
    assert_eq!(part.read.bytes, cut);
    part.read.index(&log).unwrap();
    let mut follower = Follower::open(folder.path()).unwrap();
    follower.read = index::load(&log).unwrap();
    assert_eq!(all(&follower.snapshot()), all(&part.snapshot()));
    let mut visited = 0;
    follower.visit(&mut |_| visited += 1).unwrap();
    assert_eq!(visited, text.lines().count() - 201);
    assert_eq!(all(&follower.snapshot()), expected);
    // One that goes with another log, or is itself damaged, is not used.
    for index in [10, cut as usize - 10] {
        let mut bytes = text.clone().into_bytes();
        bytes[index] ^= 4;
        std::fs::write(&log, &bytes).unwrap();
        assert!(index::load(&log).is_none());
        assert!(read(folder.path()).is_err());
    }
    std::fs::write(&log, &text).unwrap();
    let file = log.with_extension("index");
    let bytes = std::fs::read(&file).unwrap();
    for index in (0..bytes.len()).step_by(bytes.len() / 50) {
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        std::fs::write(&file, &changed).unwrap();
        assert!(index::load(&log).is_none(), "{index}");
        assert_eq!(all(&read(folder.path()).unwrap()), expected);
    }
    std::fs::write(&file, &bytes).unwrap();
    std::fs::write(&log, &text[..cut as usize - 1]).unwrap();
    assert!(index::load(&log).is_none());
}

#[test]
fn logs_of_former_schemas_are_read() {
    for (schema, lines) in [(1, 23), (2, 28)] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/logs/schema-{schema}"));
        let mut seen = 0;
        let snapshot = events(&folder, &mut |_| seen += 1).unwrap();
        let run = snapshot.run.as_ref().unwrap();
        assert_eq!((seen, run.schema, run.step, run.peak), (lines, schema, 0, None));
        assert_eq!((snapshot.step, snapshot.loss.points().len()), (6, 6));
        assert_eq!(snapshot.status, Status::Ended(crate::session::Outcome::Finished));
        assert!(!snapshot.tracked::<Rank>().is_empty());
    }
}

#[test]
#[ignore = "measures; in release: cargo test --release --lib log -- --ignored"]
fn a_million_updates_are_read_within_two_seconds_and_with_an_index_in_half_a_second() {
    let text = sealed(&(1..=1_000_000).map(|step| update(step, 1.0 / step as f64)).collect::<String>());
    let (folder, log) = folder(&text);
    let open = || {
        let began = std::time::Instant::now();
        let snapshot = read(folder.path()).unwrap();
        assert_eq!(snapshot.step, 1_000_000);
        (began.elapsed().as_secs_f64(), all(&snapshot))
    };
    let (whole, expected) = open();
    let mut part = Follower::open(folder.path()).unwrap();
    part.advance_to(text[..text.len() - (15 << 20)].rfind('\n').unwrap() as u64 + 1).unwrap();
    part.read.index(&log).unwrap();
    let index = std::fs::metadata(log.with_extension("index")).unwrap().len();
    let (indexed, found) = open();
    eprintln!("{} bytes in {whole:.2} s, with an index of {index} bytes in {indexed:.2} s", text.len());
    assert!(found == expected && whole < 2.0 && indexed < 0.5);
}
