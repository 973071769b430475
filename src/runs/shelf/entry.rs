//! A run on the shelf, and how it stands.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::experiment::Experiment;
use crate::runs::folder::{self, Run};
use crate::runs::watch::Watch;
use crate::session::{Checkpoint, Outcome, Session, Snapshot, Status};

/// Tells one run of a shelf from another, whatever happens to the rest.
pub type Id = usize;

/// A run on the shelf.
#[derive(Debug)]
pub struct Entry {
    /// Its name among the runs of the shelf.
    pub id: Id,
    /// Its folder.
    pub folder: PathBuf,
    /// What is known of it without its log; `None` while its folder is not made.
    pub run: Option<Run>,
    /// Its latest state; empty where its log has not been read.
    pub snapshot: Arc<Snapshot>,
    pub(super) source: Source,
    /// When the end that is known of it was written, where it has come to one.
    pub(super) concluded: Option<SystemTime>,
    /// Whether another process trains it.
    pub(super) elsewhere: bool,
    /// Whether its folder is its own: it has begun there.
    pub(super) begun: bool,
    /// Its state as it was left, while it is about to go on.
    pub(super) left: Option<Arc<Snapshot>>,
}

/// Where the state of a run comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// It waits for its turn.
    Queued(Box<Experiment>),
    /// It runs in this process.
    Live(Session),
    /// It ran in this process.
    Over,
    /// Its log, where it is read.
    Folder(Option<Watch>),
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It trains in this process.
    Running,
    /// It stands still in this process.
    Paused,
    /// It waits for its turn.
    Queued,
    /// Another process trains it.
    Elsewhere,
    /// It was left without an end.
    Unfinished,
    /// All updates were made.
    Finished,
    /// The user ended it.
    Stopped,
    /// It could not go on.
    Failed,
    /// Its log is damaged: what it came to is not known.
    Damaged,
}

impl Standing {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Queued => "queued",
            Self::Elsewhere => "elsewhere",
            Self::Unfinished => "unfinished",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Damaged => "damaged",
        }
    }

    /// Whether it trains or stands still in this process, which it obeys.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }

    /// Whether it trains or stands still in this process or another.
    pub fn goes_on(self) -> bool {
        self.is_live() || self == Self::Elsewhere
    }
}

impl From<&Outcome> for Standing {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Finished => Self::Finished,
            Outcome::Stopped => Self::Stopped,
            Outcome::Failed => Self::Failed,
        }
    }
}

impl Entry {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        match (&self.source, &self.snapshot.status) {
            (Source::Queued(_), _) => Standing::Queued,
            _ if self.snapshot.damage.is_some() => Standing::Damaged,
            (Source::Folder(_), _) if self.elsewhere => Standing::Elsewhere,
            (_, Status::Ended(outcome)) => outcome.into(),
            (Source::Live(_), Status::Paused) => Standing::Paused,
            (Source::Live(_), _) => Standing::Running,
            (Source::Over | Source::Folder(_), _) => {
                let summary = self.run.as_ref().and_then(|run| run.summary.as_ref());
                summary.map_or(Standing::Unfinished, |summary| (&summary.status).into())
            }
        }
    }

    /// Whether it belongs to this process and is not over.
    pub fn is_live(&self) -> bool {
        matches!(self.source, Source::Live(_))
    }

    /// Whether it waits for its turn.
    pub fn is_waiting(&self) -> bool {
        matches!(self.source, Source::Queued(_))
    }

    /// Its checkpoints with their steps, the latest first.
    pub(super) fn checkpoints(&self) -> Vec<(u64, PathBuf)> {
        if self.begun { Checkpoint::list(&self.folder) } else { Vec::new() }
    }

    /// Whether it has begun. The folder of one that has not is not its own: it may be that of another run.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// The name of its folder.
    pub fn label(&self) -> String {
        folder::label(&self.folder)
    }
}
