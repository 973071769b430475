//! A run folder's log, folded into the snapshot that the run itself had.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::checksum::Checksum;
use super::{Damage, LogError, SCHEMA, index};
use crate::session::{Event, Snapshot};

/// Bytes of the log that are read at a time.
const BLOCK: u64 = 16 << 20;
/// How many of the bytes read last are known again, to tell a log that goes on from one written anew.
pub const KNOWN: usize = 256;
/// Lines that are worth several threads.
const MANY: usize = 512;
/// How the line of an update begins, as nearly all lines do.
const STEP: &[u8] = br#"{"event":"step","#;

/// What a run folder's log tells of its run. A last line that was not written to its end is left out.
///
/// # Errors
/// Where the log cannot be read, or a line of it is damaged.
pub fn read(folder: &Path) -> Result<Snapshot, LogError> {
    let mut follower = Follower::open(folder)?;
    follower.advance()?;
    Ok(Arc::unwrap_or_clone(follower.read.snapshot))
}

/// Hands on every event of a run folder's log, in order, and returns what they tell of the run.
///
/// # Errors
/// As [`read`]; the events before the line have been handed on.
pub fn events(folder: &Path, visit: &mut (dyn FnMut(&Event) + Send)) -> Result<Snapshot, LogError> {
    let mut follower = Follower::open(folder)?;
    follower.visit(visit)?;
    Ok(Arc::unwrap_or_clone(follower.read.snapshot))
}

/// Reads the log of a run that another process may be writing: each time what was appended since.
#[derive(Clone, Debug)]
pub struct Follower {
    path: PathBuf,
    read: Progress,
    /// Whether bytes without a line break follow.
    torn: bool,
}

/// How far a log was read or written, and what it tells up to there.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// So many bytes.
    pub bytes: u64,
    /// So many lines.
    pub lines: u64,
    /// The checksum of these bytes.
    pub checksum: Checksum,
    /// The schema of the lines that follow; 0 before the first.
    pub schema: u32,
    /// The last of the bytes.
    pub known: Vec<u8>,
    /// The state of the run.
    pub snapshot: Arc<Snapshot>,
}

impl Follower {
    /// Finds the log, and reads nothing yet.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, LogError> {
        let path = super::path(folder);
        match File::open(&path) {
            Ok(_) => Ok(Self { path, read: Progress::default(), torn: false }),
            Err(source) => Err(LogError::Read { path, source }),
        }
    }

    /// The run as far as it was read.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.read.snapshot)
    }

    /// How far the log was read.
    pub(in crate::session) fn into_progress(self) -> Progress {
        self.read
    }

    /// What stands behind the last whole line and is none: the beginning of one that is being written, or was
    /// when the run was killed.
    pub fn torn(&self) -> Option<Damage> {
        let reason = "the last line was not written to its end: it is left out".to_owned();
        self.torn.then(|| Damage { line: self.read.lines + 1, byte: self.read.bytes, reason })
    }

    /// Takes in every whole line that was appended; of a log that was cut or written anew, all of them.
    /// Returns whether there was anything new.
    ///
    /// # Errors
    /// Where the log cannot be read, or a line of it is damaged; what stands before it has been taken in.
    pub fn advance(&mut self) -> Result<bool, LogError> {
        self.advance_to(u64::MAX)
    }

    /// As [`Follower::advance`], up to a byte of the log.
    pub(in crate::session) fn advance_to(&mut self, end: u64) -> Result<bool, LogError> {
        let mut skipped = false;
        if self.read.bytes == 0
            && let Some(read) = index::load(&self.path).filter(|read| read.bytes <= end)
        {
            (self.read, skipped) = (read, true);
        }
        Ok(self.read_on(end, &mut |_| {})? | skipped)
    }

    /// As [`Follower::advance`], and hands on the events.
    ///
    /// # Errors
    /// As there; the events before the line have been handed on.
    pub(in crate::session) fn visit(&mut self, visit: &mut (dyn FnMut(&Event) + Send)) -> Result<bool, LogError> {
        self.read_on(u64::MAX, visit)
    }

    fn read_on(&mut self, end: u64, visit: &mut (dyn FnMut(&Event) + Send)) -> Result<bool, LogError> {
        let unreadable = |source| LogError::Read { path: self.path.clone(), source };
        let mut log = File::open(&self.path).map_err(unreadable)?;
        let goes_on = self.read.find(&mut log).map_err(unreadable)?;
        if !goes_on {
            self.read = Progress::default();
        }
        let (mut changed, mut block, mut lines) = (!goes_on, Vec::new(), Lines::default());
        let mut left = end.saturating_sub(self.read.bytes);
        loop {
            let read = log.by_ref().take(BLOCK.min(left)).read_to_end(&mut block).map_err(unreadable)?;
            left -= read as u64;
            let whole = block.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
            let rest = block.split_off(whole);
            let next = std::mem::replace(&mut block, rest);
            // While these are read, those before them are taken in.
            let (next, taken) = rayon::join(|| Lines::read(next), || self.read.take_in(&lines, visit));
            taken.map_err(|damage| LogError::Damaged { path: self.path.clone(), damage })?;
            if read == 0 {
                self.torn = !block.is_empty();
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

    /// Takes in lines, up to one that is damaged.
    fn take_in(&mut self, lines: &Lines, visit: &mut (dyn FnMut(&Event) + Send)) -> Result<(), Damage> {
        let mut taken = 0;
        let mut outcome = Ok(());
        for (length, event) in &lines.events {
            let line = &lines.text[taken..taken + length];
            match self.check(line, event) {
                Ok(event) => {
                    Arc::make_mut(&mut self.snapshot).apply(event);
                    visit(event);
                }
                Err((byte, reason)) => {
                    outcome = Err(Damage { line: self.lines + 1, byte: self.bytes + byte as u64, reason });
                    break;
                }
            }
            taken += length;
            self.bytes += *length as u64;
            self.lines += 1;
        }
        if taken > 0 {
            self.known = lines.text[taken.saturating_sub(KNOWN)..taken].to_vec();
        }
        outcome
    }

    /// The event of the next line, if it is one of the schema and has its checksum. Otherwise which byte of it
    /// is wrong, as far as that is known, and why.
    fn check<'a>(&mut self, line: &[u8], event: &'a serde_json::Result<Event>) -> Result<&'a Event, (usize, String)> {
        let mut checksum = self.checksum;
        let sealed = checksum.check(line).map_err(|wrong| {
            let reason = format!("damaged: the checksum is {:08x}, expected {:08x}", wrong.found, wrong.stated);
            (wrong.byte.unwrap_or(0), reason)
        })?;
        let event = event.as_ref().map_err(|error| {
            // Its own place in the log takes that of the text that serde_json saw.
            let whole = error.to_string();
            let reason = whole.split(" at line ").next().unwrap_or_default();
            (error.column().saturating_sub(1), format!("not an event: {reason}"))
        })?;
        let schema = if let Event::Started(run) = event { run.schema.max(self.schema) } else { self.schema };
        if schema > SCHEMA {
            return Err((
                0,
                format!("the log is of schema {schema}, expected at most {SCHEMA}: a later version made it"),
            ));
        }
        if schema > 1 && !sealed {
            return Err((0, "damaged: the line has no checksum".to_owned()));
        }
        (self.checksum, self.schema) = (checksum, schema);
        Ok(event)
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

/// The event of a line. Updates are read without first looking for what kind of event they are.
fn event(line: &[u8]) -> serde_json::Result<Event> {
    if line.starts_with(STEP) { serde_json::from_slice(line).map(Event::Step) } else { serde_json::from_slice(line) }
}

#[cfg(test)]
mod tests;
