//! A run folder as it is read, on a thread of its own: whoever draws never waits for a disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::session::log::{Follower, LogError};
use crate::session::{Snapshot, Status, require_free};

/// How often a log that another process may be writing is looked at.
const PERIOD: Duration = Duration::from_millis(250);

/// Follows the log of a run folder until it is dropped.
#[derive(Debug)]
pub struct Watch {
    board: Arc<ArcSwap<Snapshot>>,
    /// Whether a run writes to the folder.
    written: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Watch {
    /// Begins to read the log of `folder`. A log that cannot be read shows as a run that failed, with the
    /// reason as its message.
    ///
    /// # Errors
    /// Where there can be no further thread.
    pub fn begin(folder: &Path) -> std::io::Result<Self> {
        let written = Arc::new(AtomicBool::new(require_free(folder).is_err()));
        let watch = Self { board: Arc::default(), written, over: Arc::default() };
        let Self { board, written, over } = &watch;
        let (board, written, over) = (Arc::clone(board), Arc::clone(written), Arc::clone(over));
        let folder = folder.to_owned();
        std::thread::Builder::new().name("watch".into()).spawn(move || {
            let followed = follow(folder, &board, &written, &over);
            written.store(false, Ordering::Relaxed);
            if let Err(error) = followed {
                let mut snapshot = Snapshot::clone(&board.load());
                snapshot.break_off(&error);
                board.store(Arc::new(snapshot));
            }
        })?;
        Ok(watch)
    }

    /// The run as far as its log has been read. Two calls give the same `Arc` where nothing changed.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.board.load_full()
    }

    /// Whether a run was writing to the folder at the last look at it.
    pub fn is_written(&self) -> bool {
        self.written.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Publishes a log until its run is over, or nobody watches any more.
fn follow(folder: PathBuf, board: &ArcSwap<Snapshot>, written: &AtomicBool, over: &AtomicBool) -> Result<(), LogError> {
    let mut follower = Follower::open(&folder)?;
    let mut told = false;
    while !over.load(Ordering::Relaxed) {
        // Looked at before the log: what is written last is read still.
        let free = require_free(&folder).is_ok();
        let advanced = follower.advance();
        if advanced.is_err() {
            board.store(follower.snapshot());
        }
        if advanced? {
            let snapshot = follower.snapshot();
            let ended = matches!(snapshot.status, Status::Ended(_));
            board.store(snapshot);
            if ended {
                return Ok(());
            }
        }
        // While a run goes on, the rest of a line is about to come.
        if !told
            && let Some(torn) = follower.torn()
            && free
        {
            let mut snapshot = Snapshot::clone(&follower.snapshot());
            snapshot.leave_out(&torn);
            board.store(Arc::new(snapshot));
            told = true;
        }
        written.store(!free, Ordering::Relaxed);
        std::thread::sleep(PERIOD);
    }
    Ok(())
}
