//! The run folder: what is written of a run, and what is shown of it.

use std::fs::File;
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::folder::require_vacant;
use super::lock::Lock;
use super::log::{self, Progress};
use super::start::Remains;
use super::{Error, Event, Snapshot};
use crate::experiment::Experiment;
use crate::linalg::write_whole;

/// Updates reach the disk and who watches no more often than this.
const PUBLISH: Duration = Duration::from_millis(60);

/// The run folder cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct RecordError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

/// Writes the log, folds the snapshot, publishes it.
pub(super) struct Recorder {
    folder: PathBuf,
    log: BufWriter<File>,
    written: Progress,
    /// Bytes of the log that its index covers.
    indexed: u64,
    /// Memory for a line.
    line: Vec<u8>,
    board: Arc<ArcSwap<Snapshot>>,
    listener: Option<Sender<Event>>,
    published: Instant,
    _lock: Lock,
}

fn error(path: &Path) -> impl FnOnce(std::io::Error) -> RecordError {
    let path = path.to_owned();
    move |source| RecordError { path, source }
}

impl Recorder {
    /// Makes the run folder, with the resolved experiment and an empty log.
    ///
    /// # Errors
    /// Where the folder holds files already, or cannot be written.
    pub(super) fn create(
        folder: &Path,
        experiment: &Experiment,
        board: Arc<ArcSwap<Snapshot>>,
        listener: Option<Sender<Event>>,
    ) -> Result<Self, Error> {
        require_vacant(folder)?;
        let checkpoints = folder.join("checkpoints");
        std::fs::create_dir_all(&checkpoints).map_err(error(&checkpoints)).map_err(Error::Folder)?;
        let lock = Lock::take(folder)?;
        let path = log::path(folder);
        let log = File::create_new(&path).map_err(error(&path)).map_err(Error::Folder)?;
        Self::new(folder, experiment, lock, (log, Progress::default()), board, listener)
    }

    /// Goes on with the log of a run folder, from which all is cut that lies beyond a checkpoint. What
    /// followed from it, checkpoints and a summary, is no longer the run's.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub(super) fn reopen(
        folder: &Path,
        experiment: &Experiment,
        remains: Remains,
        board: Arc<ArcSwap<Snapshot>>,
        listener: Option<Sender<Event>>,
    ) -> Result<Self, Error> {
        let Remains { lock, read, .. } = remains;
        let path = log::path(folder);
        let log = File::options().write(true).open(&path).and_then(|mut log| {
            log.set_len(read.bytes)?;
            log.seek(SeekFrom::End(0))?;
            Ok(log)
        });
        let log = log.map_err(error(&path)).map_err(Error::Folder)?;
        let summary = folder.join("summary.json");
        match std::fs::remove_file(&summary) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::Folder(error(&summary)(source)));
            }
            _ => {}
        }
        Self::new(folder, experiment, lock, (log, read), board, listener)
    }

    fn new(
        folder: &Path,
        experiment: &Experiment,
        lock: Lock,
        (log, written): (File, Progress),
        board: Arc<ArcSwap<Snapshot>>,
        listener: Option<Sender<Event>>,
    ) -> Result<Self, Error> {
        let file = folder.join("experiment.toml");
        write_whole(&file, experiment.to_toml().as_bytes()).map_err(error(&file)).map_err(Error::Folder)?;
        let (folder, log) = (folder.to_owned(), BufWriter::new(log));
        Ok(Self {
            folder,
            log,
            written,
            indexed: 0,
            line: Vec::new(),
            board,
            listener,
            published: Instant::now(),
            _lock: lock,
        })
    }

    /// The run folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Updates that were taken down.
    pub(super) fn updates(&self) -> u64 {
        self.written.snapshot.step
    }

    /// Takes down an event: first into the log, then into the snapshot.
    ///
    /// # Errors
    /// Where the log cannot be written.
    pub(super) fn emit(&mut self, event: Event) -> Result<(), RecordError> {
        self.log(&event).map_err(error(&log::path(&self.folder)))?;
        Arc::make_mut(&mut self.written.snapshot).apply(&event);
        if self.written.outgrows(self.indexed) {
            self.index()?;
        }
        let frequent = matches!(event, Event::Step(_));
        if !frequent || self.published.elapsed() >= PUBLISH {
            self.publish()?;
        }
        if let Some(listener) = &self.listener {
            // Who stopped listening does not want to know.
            let _ = listener.send(event);
        }
        Ok(())
    }

    fn log(&mut self, event: &Event) -> std::io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, event)?;
        self.written.checksum.seal(&mut self.line);
        self.log.write_all(&self.line)?;
        self.written.bytes += self.line.len() as u64;
        self.written.lines += 1;
        Ok(())
    }

    /// Makes the index of the log anew.
    fn index(&mut self) -> Result<(), RecordError> {
        let path = log::path(&self.folder);
        self.written.schema = log::SCHEMA;
        self.log.flush().map_err(error(&path))?;
        self.indexed = self.written.bytes;
        // The run does without it.
        let _ = self.written.index(&path);
        Ok(())
    }

    /// Brings the log to the disk; returns its length.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn sync(&mut self) -> Result<u64, RecordError> {
        self.log
            .flush()
            .and_then(|()| self.log.get_ref().sync_data())
            .and_then(|()| self.log.stream_position())
            .map_err(error(&log::path(&self.folder)))
    }

    /// Brings the log to the disk, then shows the present state to who watches: what is seen can be read there.
    ///
    /// # Errors
    /// Where the log cannot be written.
    fn publish(&mut self) -> Result<(), RecordError> {
        self.published = Instant::now();
        self.log.flush().map_err(error(&log::path(&self.folder)))?;
        self.board.store(Arc::clone(&self.written.snapshot));
        Ok(())
    }

    /// Brings everything to the disk, and writes `summary.json`.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn finish(&mut self, summary: &super::Summary) -> Result<(), RecordError> {
        self.emit(Event::Ended(Box::new(summary.clone())))?;
        let path = self.folder.join("summary.json");
        serde_json::to_vec_pretty(summary)
            .map_err(std::io::Error::from)
            .and_then(|text| write_whole(&path, &text))
            .map_err(|source| RecordError { path, source })
    }
}
