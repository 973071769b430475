//! The folder of a sweep: what is to be run, and what came of it.
//!
//! | file | what |
//! |---|---|
//! | `sweep.json` | the runs, in order, and what tells them apart |
//! | `planned/RUN.toml` | the experiment of each |
//! | `RUN/` | its run folder |
//! | `failures/RUN.json` | why it came to no end, where it did not |
//! | `planned/RUN.log` | what it said on the standard error, where it did |

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::experiment::{Shortening, Sweep};
use crate::linalg::write_whole;
use crate::session::{Outcome, Summary};

const PLAN: &str = "sweep.json";
/// The folder of the experiments of the runs, below that of the sweep.
const PLANNED: &str = "planned";
/// The folder of the reasons why runs failed.
const FAILURES: &str = "failures";

/// What a sweep is to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// The scale that was asked for.
    pub scale: String,
    /// A run whose minibatch loss is above so many times that of its beginning is ended; 0: none is.
    pub diverged: f64,
    /// In what the whole is shorter than at full scale.
    pub shortened: Vec<Shortening>,
    /// The runs, in order.
    pub runs: Vec<Point>,
}

/// A run of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The name of its folder.
    pub folder: String,
    /// Updates until it is finished.
    pub updates: u64,
    /// Threads that its experiment states.
    pub threads: Option<usize>,
    /// What tells it from others.
    pub settings: Vec<(String, String)>,
    /// In what it is shorter than at full scale.
    pub shortened: Vec<Shortening>,
}

/// Why a run came to no end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Why.
    pub reason: String,
    /// Whether its training did: its loss grew, or was not finite.
    pub diverged: bool,
    /// Updates made.
    pub updates: u64,
}

/// How far a run has come.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It has no folder.
    Waiting,
    /// It was begun, and is not over.
    Begun,
    /// It made all its updates.
    Finished(Box<Summary>),
    /// It came to no end.
    Failed(Failure),
}

impl Plan {
    /// Makes the folder of a sweep, or takes up one that is there.
    ///
    /// # Errors
    /// A folder with other things in it, and one that cannot be written.
    pub fn lay_out(sweep: &Sweep, scale: &str, root: &Path) -> Result<Self, Error> {
        if is_foreign(root) {
            return Err(Error::Foreign { folder: root.to_owned() });
        }
        if let Some(known) = Self::read(root).ok().filter(|known| known.scale != scale) {
            return Err(Error::Scale { folder: root.to_owned(), scale: known.scale });
        }
        let plan = Self::of(sweep, scale);
        make(&root.join(PLANNED))?;
        make(&root.join(FAILURES))?;
        for (run, point) in sweep.runs.iter().zip(&plan.runs) {
            write(&point.planned(root), run.experiment.to_toml().as_bytes())?;
        }
        write_json(&root.join(PLAN), &plan)?;
        Ok(plan)
    }

    /// The plan of a sweep at a scale.
    pub fn of(sweep: &Sweep, scale: &str) -> Self {
        let point = |run: &crate::experiment::Planned| Point {
            folder: run.folder.clone(),
            updates: run.experiment.train.updates,
            threads: run.experiment.train.threads,
            settings: run.settings.clone(),
            shortened: run.shortened.clone(),
        };
        Self {
            name: sweep.name.clone(),
            scale: scale.to_owned(),
            diverged: sweep.diverged,
            shortened: sweep.shortened.clone(),
            runs: sweep.runs.iter().map(point).collect(),
        }
    }

    /// The plan of a folder.
    ///
    /// # Errors
    /// Where it is not that of a sweep.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join(PLAN);
        if !path.is_file() {
            return Err(Error::NotASweep { folder: root.to_owned() });
        }
        read_json(&path)
    }
}

/// Whether a folder holds something that no sweep has laid out. One that a sweep has begun to lay out is not: all
/// shards may begin at the same moment, and each lays out the same.
fn is_foreign(root: &Path) -> bool {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    // Asked for last, as whoever adds anything else has written the plan before.
    names.any(|name| !name.starts_with(PLAN) && name != PLANNED && name != FAILURES) && !root.join(PLAN).is_file()
}

impl Point {
    /// Its experiment, as it is planned.
    pub fn planned(&self, root: &Path) -> PathBuf {
        root.join(PLANNED).join(format!("{}.toml", self.folder))
    }

    /// What it says on the standard error.
    pub(super) fn log(&self, root: &Path) -> PathBuf {
        root.join(PLANNED).join(format!("{}.log", self.folder))
    }

    fn failure(&self, root: &Path) -> PathBuf {
        root.join(FAILURES).join(format!("{}.json", self.folder))
    }

    /// How far it has come.
    ///
    /// # Errors
    /// A file of it that does not hold what it should.
    pub fn state(&self, root: &Path) -> Result<State, Error> {
        let folder = root.join(&self.folder);
        let (failure, summary) = (self.failure(root), folder.join("summary.json"));
        if failure.is_file() {
            return Ok(State::Failed(read_json(&failure)?));
        }
        if !summary.is_file() {
            return Ok(if folder.join("experiment.toml").is_file() { State::Begun } else { State::Waiting });
        }
        // What cannot be read is no end: the run goes on where it can, and comes to another.
        let Ok(summary) = read_json::<Summary>(&summary) else { return Ok(State::Begun) };
        Ok(match summary.status {
            Outcome::Finished => State::Finished(Box::new(summary)),
            Outcome::Stopped => State::Begun,
            Outcome::Failed => State::Failed(Failure {
                reason: summary.reason.unwrap_or_default(),
                diverged: summary.diverged,
                updates: summary.updates,
            }),
        })
    }

    /// Takes down why it came to no end.
    pub(super) fn fail(&self, root: &Path, failure: &Failure) -> Result<(), Error> {
        write_json(&self.failure(root), failure)
    }

    /// Forgets why it came to no end: it is tried again.
    pub(super) fn forget(&self, root: &Path) -> Result<(), Error> {
        for path in [self.failure(root), self.log(root)] {
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::File { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

pub(super) fn make(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|source| Error::File { path: folder.to_owned(), source })
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_whole(path, bytes).map_err(|source| Error::File { path: path.to_owned(), source })
}

pub(super) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let text = serde_json::to_vec_pretty(value);
    write(path, &text.map_err(|reason| Error::Content { path: path.to_owned(), reason: reason.to_string() })?)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes)
        .map_err(|reason| Error::Content { path: path.to_owned(), reason: reason.to_string() })
}
