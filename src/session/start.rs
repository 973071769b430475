//! Where a run starts: afresh, where a run folder was left, or at a checkpoint of another run.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::divergence::Divergence;
use super::kept::Kept;
use super::lock::Lock;
use super::log::{self, Damage, Follower, LogError, Progress};
use super::{Checkpoint, CheckpointError, Command, Error, Evaluation, Event};
use crate::experiment::Experiment;
use crate::network::{Architecture, Loss};
use crate::{diagnostics, train};

/// Where a run starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At its initial weights, in a folder that is new or empty.
    #[default]
    New,
    /// Where the run of the folder was left: at the latest checkpoint that can be read, and the log as far as
    /// there. The experiment is that of [`resumed`].
    Resume,
    /// At a checkpoint of another run, in a folder that is new or empty. The experiment is that of
    /// [`forked`], or any other with the same network and loss: its settings hold.
    Fork {
        /// The checkpoint.
        checkpoint: PathBuf,
    },
}

/// The experiment of a run folder, changed by `overrides` (each `key=value`), to be resumed there.
///
/// # Errors
/// Where the folder is not that of a run, and what is wrong with its experiment or the overrides.
pub fn resumed(folder: &Path, overrides: &[String]) -> Result<Experiment, Error> {
    let file = folder.join("experiment.toml");
    if !file.is_file() {
        return Err(Error::NotARun { folder: folder.to_owned() });
    }
    Ok(Experiment::read(&file, overrides)?)
}

/// The experiment of a checkpoint with the settings of its step, changed by `overrides`, for a run that
/// starts there.
///
/// # Errors
/// Where the file is not a checkpoint, and what is wrong with the overrides.
pub fn forked(checkpoint: &Path, overrides: &[String]) -> Result<Experiment, Error> {
    let text = Checkpoint::read(checkpoint)?.experiment;
    Ok(Experiment::parse(&checkpoint.display().to_string(), &text, overrides)?)
}

/// The checkpoint a run started from: `origin.json` in its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The file.
    pub checkpoint: PathBuf,
    /// The name of its run.
    pub name: String,
    /// Updates made.
    pub step: u64,
}

impl Origin {
    /// The file of a run folder that holds it.
    pub const FILE: &str = "origin.json";

    /// The origin of the run of a folder; `None` where it started afresh.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(Self::FILE)).ok()?).ok()
    }
}

/// What the session keeps of a run in a checkpoint, beside the training.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Journal {
    /// Bytes of the log up to the checkpoint.
    pub log: u64,
    /// Wall seconds of the run.
    pub seconds: f64,
    /// Data trained on.
    pub samples: u64,
    /// The latest evaluation.
    pub evaluated: Option<Evaluation>,
    /// The checkpoints of the folder, this one included.
    pub kept: Kept,
    /// What tells whether the loss diverges.
    #[serde(default)]
    pub divergence: Divergence,
}

/// What a run goes on from.
pub(super) enum Beginning {
    /// Nothing.
    New,
    /// What was left of it.
    Resumed(Box<Remains>),
    /// A checkpoint of another run.
    Forked(Box<Checkpoint>, Origin),
}

/// What is left of a run in its folder.
pub(super) struct Remains {
    /// The folder is this run's.
    pub lock: Lock,
    /// The experiment that the folder holds.
    pub experiment: Experiment,
    /// The checkpoint to go on from.
    pub checkpoint: Checkpoint,
    /// Its file.
    pub file: PathBuf,
    /// The log up to the checkpoint.
    pub read: Progress,
    /// What the user should know: what is lost.
    pub remarks: Vec<String>,
}

impl Beginning {
    /// Reads what the run goes on from, and makes the folder of a run that is resumed its own.
    ///
    /// # Errors
    /// Where it cannot go on from there.
    pub(super) fn read(start: &Start, folder: &Path, experiment: &Experiment) -> Result<Self, Error> {
        match start {
            Start::New => Ok(Self::New),
            Start::Resume => Ok(Self::Resumed(Box::new(Remains::read(folder, experiment)?))),
            Start::Fork { checkpoint: path } => {
                let checkpoint = Checkpoint::read(path)?;
                let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                let updates = experiment.train.updates;
                if updates <= checkpoint.step {
                    return Err(Error::NoUpdates { checkpoint: path.clone(), step: checkpoint.step, updates });
                }
                let origin = Origin { checkpoint: whole, name: checkpoint.name.clone(), step: checkpoint.step };
                Ok(Self::Forked(Box::new(checkpoint), origin))
            }
        }
    }

    /// Makes sure that what the run goes on from is of its network and loss.
    ///
    /// # Errors
    /// Where it is of others.
    pub(super) fn require(&self, architecture: &Architecture, loss: Loss) -> Result<(), CheckpointError> {
        match self {
            Self::New => Ok(()),
            Self::Resumed(remains) => remains.checkpoint.require(&remains.file, architecture, loss),
            Self::Forked(checkpoint, origin) => checkpoint.require(&origin.checkpoint, architecture, loss),
        }
    }
}

impl Remains {
    fn read(folder: &Path, experiment: &Experiment) -> Result<Self, Error> {
        let kept = resumed(folder, &[])?;
        if fixed(&kept) != fixed(experiment) {
            return Err(Error::Changed { folder: folder.to_owned() });
        }
        let lock = Lock::take(folder)?;
        let path = log::path(folder);
        let error = |source| LogError::Read { path: path.clone(), source };
        let mut log = File::open(&path).map_err(error)?;
        let length = log.metadata().map_err(error)?.len();
        let (mut remarks, mut damaged) = (Vec::new(), None);
        for (_, file) in Checkpoint::list(folder) {
            let (checkpoint, bytes) = match usable(&file, &mut log, length) {
                Ok(found) => found,
                Err(remark) => {
                    remarks.push(remark);
                    continue;
                }
            };
            match read_to(folder, bytes) {
                Ok((read, lost)) => {
                    let updates = experiment.train.updates;
                    // A run that was asked for more has more than its experiment states.
                    if updates < checkpoint.step && updates != kept.train.updates {
                        return Err(Error::NoUpdates { checkpoint: file, step: checkpoint.step, updates });
                    }
                    remarks.extend(lost.describe(checkpoint.step));
                    remarks.extend(edited(folder, &kept, &checkpoint));
                    return Ok(Self { lock, experiment: kept, checkpoint, file, read, remarks });
                }
                Err(error @ LogError::Damaged { .. }) => {
                    remarks.push(format!("{}: the log of the run is damaged before this checkpoint", file.display()));
                    damaged = Some(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let none = Error::NoCheckpoint { folder: folder.to_owned(), reasons: remarks };
        Err(damaged.map_or(none, Error::Log))
    }

    /// Sets aside the checkpoints beyond the one to go on from, which cannot be used, and removes files that
    /// were not written to their end.
    pub(super) fn tidy(&self, folder: &Path) -> std::io::Result<()> {
        for (step, file) in Checkpoint::list(folder) {
            if step > self.checkpoint.step {
                std::fs::rename(&file, file.with_extension("safetensors.aside"))?;
            }
        }
        for folder in [folder.to_owned(), folder.join("checkpoints")] {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == "part") {
                    std::fs::remove_file(&path)?;
                }
            }
        }
        Ok(())
    }
}

/// An experiment without what may change when its run is resumed.
fn fixed(experiment: &Experiment) -> Experiment {
    let train = train::Settings { batch: experiment.train.batch, ..train::Settings::default() };
    Experiment { train, diagnostics: diagnostics::Settings::default(), ..experiment.clone() }
}

/// What the experiment of a run folder says otherwise than that of a checkpoint of the run, although it cannot change
/// along a run; `None` where there is nothing.
fn edited(folder: &Path, kept: &Experiment, checkpoint: &Checkpoint) -> Option<String> {
    // Relative paths are those of the run folder in both.
    let name = folder.join("experiment.toml");
    let begun = Experiment::parse(&name.display().to_string(), &checkpoint.experiment, &[]).ok()?;
    let parts = [
        ("seed", kept.seed != begun.seed),
        ("precision", kept.precision != begun.precision),
        ("data", kept.data != begun.data),
        ("network", kept.network != begun.network),
        ("loss", kept.loss != begun.loss),
    ];
    let changed: Vec<_> = parts.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect();
    let step = checkpoint.step;
    let text = || format!("experiment.toml was changed: {} not as up to update {step}", changed.join(", "));
    (!changed.is_empty()).then(text)
}

/// The checkpoint of a file and the length of the log at its step, where the log reaches so far; else why
/// it cannot be used.
fn usable(file: &Path, log: &mut File, length: u64) -> Result<(Checkpoint, u64), String> {
    let checkpoint = Checkpoint::read(file).map_err(|error| error.to_string())?;
    let state = |source| CheckpointError::State { path: file.to_owned(), source }.to_string();
    let bytes = checkpoint.archive.value::<Journal>("session").map_err(state)?.log;
    let mut last = [0];
    let ends_a_line = bytes <= length
        && bytes > 0
        && log.seek(SeekFrom::Start(bytes - 1)).and_then(|_| log.read_exact(&mut last)).is_ok()
        && last == *b"\n";
    if ends_a_line {
        Ok((checkpoint, bytes))
    } else {
        Err(format!("{}: the log of the run does not reach to this checkpoint", file.display()))
    }
}

/// What of a log lies beyond a checkpoint.
#[derive(Debug, Default)]
struct Lost {
    updates: u64,
    changes: u64,
    /// Where it cannot be read any further.
    damage: Option<Damage>,
}

impl Lost {
    fn count(&mut self, event: &Event) {
        match event {
            Event::Step(_) => self.updates += 1,
            Event::Applied { command: Command::Set { .. } | Command::Switch { .. }, .. } => self.changes += 1,
            _ => {}
        }
    }

    fn describe(&self, step: u64) -> Vec<String> {
        let some = |count: u64, what: &str| {
            (count > 0).then(|| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
        };
        let again = some(self.updates, "update").map(|some| format!("{some} after update {step} made again"));
        let lost = some(self.changes, "change").map(|some| format!("{some} of settings after update {step} lost"));
        let parts: Vec<_> = again.into_iter().chain(lost).collect();
        let damage = self.damage.as_ref().map(|damage| format!("events.jsonl: {damage}"));
        damage.into_iter().chain((!parts.is_empty()).then(|| parts.join("; "))).collect()
    }
}

/// The first `bytes` of the log of a run folder, and what lies beyond them.
fn read_to(folder: &Path, bytes: u64) -> Result<(Progress, Lost), LogError> {
    let mut follower = Follower::open(folder)?;
    follower.advance_to(bytes)?;
    let (mut beyond, mut lost) = (follower.clone(), Lost::default());
    lost.damage = match beyond.visit(&mut |event| lost.count(event)) {
        Ok(_) => beyond.torn(),
        Err(LogError::Damaged { damage, .. }) => Some(damage),
        Err(error) => return Err(error),
    };
    Ok((follower.into_progress(), lost))
}
