//! A run folder's log, folded into the snapshot that the run itself had.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::Unreadable;
use crate::session::{Event, Snapshot};

/// Bytes of the log that are read at a time.
const BLOCK: u64 = 16 << 20;
/// How many of the bytes read last are known again, to tell a log that goes on from one written anew.
const KNOWN: usize = 256;
/// Lines that are worth several threads.
const MANY: usize = 512;
/// How the line of an update begins, as nearly all lines do.
const STEP: &[u8] = br#"{"event":"step","#;

/// What a run folder's log tells of its run. A last line that was not written to its end is left out.
///
/// # Errors
/// Where the log cannot be read, or a line of it is no event; the message names the line.
pub fn replay(folder: &Path) -> Result<Snapshot, Unreadable> {
    events(folder, &mut |_| {})
}

/// Hands on every event of a run folder's log, in order, and returns what they tell of the run.
///
/// # Errors
/// As [`replay`]; the events before the line have been handed on.
pub fn events(folder: &Path, visit: &mut (dyn FnMut(&Event) + Send)) -> Result<Snapshot, Unreadable> {
    let mut follower = Follower::open(folder)?;
    follower.read_on(visit)?;
    Ok(Arc::unwrap_or_clone(follower.read.snapshot))
}

/// Reads the log of a run that another process may be writing: each time what was appended since.
#[derive(Clone, Debug)]
pub struct Follower {
    path: PathBuf,
    read: Progress,
}

/// How far a log was read.
#[derive(Clone, Debug, Default)]
struct Progress {
    bytes: u64,
    lines: u64,
    /// The last of the bytes.
    known: Vec<u8>,
    snapshot: Arc<Snapshot>,
}

impl Follower {
    /// Finds the log, and reads nothing yet.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, Unreadable> {
        let path = folder.join("events.jsonl");
        match File::open(&path) {
            Ok(_) => Ok(Self { path, read: Progress::default() }),
            Err(source) => Err(Unreadable::File { path, source }),
        }
    }

    /// The run as far as it was read.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.read.snapshot)
    }

    /// Takes in every whole line that was appended; of a log that was cut or written anew, all of them.
    /// Returns whether there was anything new.
    ///
    /// # Errors
    /// Where the log cannot be read, or a line of it is no event; the message names the line, and what stands
    /// before it has been taken in.
    pub fn advance(&mut self) -> Result<bool, Unreadable> {
        self.read_on(&mut |_| {})
    }

    fn read_on(&mut self, visit: &mut (dyn FnMut(&Event) + Send)) -> Result<bool, Unreadable> {
        let unreadable = |source| Unreadable::File { path: self.path.clone(), source };
        let mut log = File::open(&self.path).map_err(unreadable)?;
        let goes_on = self.read.find(&mut log).map_err(unreadable)?;
        if !goes_on {
            self.read = Progress::default();
        }
        let (mut changed, mut block, mut lines) = (!goes_on, Vec::new(), Lines::default());
        loop {
            let read = log.by_ref().take(BLOCK).read_to_end(&mut block).map_err(unreadable)?;
            let whole = block.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
            let rest = block.split_off(whole);
            let next = std::mem::replace(&mut block, rest);
            // While these are read, those before them are taken in.
            let (next, taken) = rayon::join(|| Lines::read(next), || self.read.take_in(&lines, visit));
            taken.map_err(|reason| Unreadable::Content { path: self.path.clone(), reason })?;
            if read == 0 {
                return Ok(changed);
            }
            changed |= whole > 0;
            lines = next;
        }
    }
}

impl Progress {
    /// Finds the place in the log up to which it was read; whether what was read is still there. If it is not,
    /// the place is the beginning.
    fn find(&self, log: &mut File) -> io::Result<bool> {
        let mut found = Vec::new();
        log.seek(SeekFrom::Start(self.bytes - self.known.len() as u64))?;
        log.by_ref().take(self.known.len() as u64).read_to_end(&mut found)?;
        let goes_on = found == self.known;
        if !goes_on {
            log.rewind()?;
        }
        Ok(goes_on)
    }

    /// Takes in lines, up to one that is no event; the error tells which, and why.
    fn take_in(&mut self, lines: &Lines, visit: &mut (dyn FnMut(&Event) + Send)) -> Result<(), String> {
        let mut taken = 0;
        let mut outcome = Ok(());
        for (length, event) in &lines.events {
            match event {
                Ok(event) => {
                    Arc::make_mut(&mut self.snapshot).apply(event);
                    visit(event);
                }
                Err(error) => {
                    outcome = Err(describe(self.lines + 1, error));
                    break;
                }
            }
            taken += length;
            self.lines += 1;
        }
        self.bytes += taken as u64;
        if taken > 0 {
            self.known = lines.text[taken.saturating_sub(KNOWN)..taken].to_vec();
        }
        outcome
    }
}

/// Whole lines of the log, and what each of them is.
#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    /// Its bytes, and its event.
    events: Vec<(usize, serde_json::Result<Event>)>,
}

impl Lines {
    fn read(text: Vec<u8>) -> Self {
        let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let read = |line: &&[u8]| (line.len(), event(line));
        let events = if lines.len() < MANY {
            lines.iter().map(read).collect()
        } else {
            lines.par_iter().with_min_len(64).map(read).collect()
        };
        Self { text, events }
    }
}

/// What is wrong with a line. Its own place in the log takes that of the text that serde_json saw.
fn describe(line: u64, error: &serde_json::Error) -> String {
    let whole = error.to_string();
    let reason = whole.split(" at line ").next().unwrap_or_default();
    format!("line {line}, column {}: {reason}", error.column())
}

/// The event of a line. Updates are read without first looking for what kind of event they are.
fn event(line: &[u8]) -> serde_json::Result<Event> {
    if line.starts_with(STEP) { serde_json::from_slice(line).map(Event::Step) } else { serde_json::from_slice(line) }
}

#[cfg(test)]
mod tests {
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
            phases: crate::train::Phase::ALL.iter().map(|&phase| (phase, seconds / 17.0)).collect(),
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
    fn a_replayed_run_is_the_fold_over_its_events() {
        let text = log(1000);
        let mut expected = Snapshot::default();
        text.lines().for_each(|line| expected.apply(&serde_json::from_str(line).unwrap()));
        let (folder, _) = folder(&text);
        let snapshot = replay(folder.path()).unwrap();
        assert_eq!(all(&snapshot), all(&expected));
        assert_eq!((snapshot.step, snapshot.status.clone()), (1000, Status::Paused));
        assert_eq!(snapshot.tracked::<Rank>()[0].latest.upper, 6);
    }

    #[test]
    fn numbers_of_a_log_are_those_that_were_written_to_the_last_bit() {
        let values: Vec<_> = (1..2000_u64).map(|n| (n as f64).sqrt().exp_m1() / 3.0).collect();
        for (step, value) in (1..).zip(&values) {
            let Event::Step(read) = event(update(step, *value).as_bytes()).unwrap() else { panic!("a step") };
            assert_eq!(read.loss.to_bits(), value.to_bits(), "{value:?}");
            assert_eq!(read.step_size.unwrap().to_bits(), (value / 7.0).to_bits());
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
        assert_eq!(all(&follower.snapshot()), all(&replay(folder.path()).unwrap()));
        assert!(!follower.advance().unwrap());
    }

    #[test]
    fn a_last_line_without_its_end_waits_for_it() {
        let line = update(2, 0.5);
        let (torn, rest) = line.split_at(100);
        let (folder, log) = folder(&(update(1, 0.7) + torn));
        let mut follower = Follower::open(folder.path()).unwrap();
        assert!(follower.advance().unwrap());
        assert_eq!((follower.snapshot().step, replay(folder.path()).unwrap().step), (1, 1));
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
                assert!(error.contains("events.jsonl: line 3, column "), "{error}");
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
            assert_eq!(all(&follower.snapshot()), all(&replay(folder.path()).unwrap()));
        }
    }

    #[test]
    fn a_folder_without_a_log_is_told_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = replay(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot read ") && error.contains("events.jsonl"), "{error}");
    }

    #[test]
    #[ignore = "measures; in release: cargo test --release --lib runs -- --ignored"]
    fn a_million_updates_are_read_within_two_seconds() {
        let text: String = (1..=1_000_000).map(|step| update(step, 1.0 / step as f64)).collect();
        let (folder, _) = folder(&text);
        let began = std::time::Instant::now();
        let snapshot = replay(folder.path()).unwrap();
        let seconds = began.elapsed().as_secs_f64();
        eprintln!("{} bytes in {seconds:.2} s", text.len());
        assert_eq!(snapshot.step, 1_000_000);
        assert!(seconds < 2.0, "{seconds}");
    }
}
