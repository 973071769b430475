//! The index of a long log, `events.index`: the state of the run after most of it, so that only the rest has to
//! be read. It is a line as those of the log are, with a checksum, and goes with one log alone: whose first
//! bytes have the checksum that it states. It holds nothing that the log does not; without it, or with one that
//! does not go with the log, the whole log is read.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::checksum::Checksum;
use super::follower::{KNOWN, Progress};
use crate::session::Snapshot;

/// The version of the index that is written. Others are not read.
const VERSION: u32 = 2;
/// Bytes of the log after which the index is made anew: so many are read in a moment.
const GROWTH: u64 = 16 << 20;

#[derive(Serialize, Deserialize)]
struct Index<'a> {
    version: u32,
    bytes: u64,
    lines: u64,
    checksum: Checksum,
    schema: u32,
    snapshot: Cow<'a, Snapshot>,
}

/// The index of a log.
fn path(log: &Path) -> PathBuf {
    log.with_extension("index")
}

impl Progress {
    /// Whether the index should be made anew; `indexed` are the bytes of the log that it covers now.
    pub fn outgrows(&self, indexed: u64) -> bool {
        self.bytes >= indexed + GROWTH
    }

    /// Makes it the index of a log, which must have reached the file so far.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn index(&self, log: &Path) -> io::Result<()> {
        let &Self { bytes, lines, checksum, schema, ref snapshot, .. } = self;
        let index = Index { version: VERSION, bytes, lines, checksum, schema, snapshot: Cow::Borrowed(snapshot) };
        let mut text = serde_json::to_vec(&index)?;
        Checksum::default().seal(&mut text);
        // It need not survive a power cut: its checksum tells whether it did.
        let (path, part) = (path(log), log.with_extension(format!("index.{}.part", std::process::id())));
        std::fs::write(&part, &text).and_then(|()| std::fs::rename(&part, path)).inspect_err(|_| {
            let _ = std::fs::remove_file(&part);
        })
    }
}

/// The state that the index of a log holds, if there is one that goes with it.
pub fn load(log: &Path) -> Option<Progress> {
    let text = std::fs::read(path(log)).ok()?;
    let whole = Checksum::default().check(&text).ok()?;
    let Index { version, bytes, lines, checksum, schema, snapshot } = serde_json::from_slice(&text).ok()?;
    let known = begins_with(log, bytes, checksum).ok()??;
    let snapshot = Arc::new(snapshot.into_owned());
    (whole && version == VERSION).then_some(Progress { bytes, lines, checksum, schema, known, snapshot })
}

/// The last of the first `bytes` of a log, if these have a checksum.
fn begins_with(log: &Path, bytes: u64, expected: Checksum) -> io::Result<Option<Vec<u8>>> {
    let mut log = File::open(log)?.take(bytes);
    let (mut found, mut block) = (Checksum::default(), vec![0; 1 << 20]);
    let (mut left, mut known) = (bytes, Vec::new());
    while left > 0 {
        let read = log.read(&mut block)?;
        if read == 0 {
            return Ok(None);
        }
        found.take(&block[..read]);
        known.extend_from_slice(&block[read.saturating_sub(KNOWN)..read]);
        known.drain(..known.len().saturating_sub(KNOWN));
        left -= read as u64;
    }
    Ok((found == expected).then_some(known))
}
