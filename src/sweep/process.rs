//! A run of a sweep as a process of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Instant;

use super::{Error, Failure, Point, State};
use crate::session::log::Follower;
use crate::session::{Checkpoint, Snapshot};

/// The most of what a run said that is kept as the reason of its failure.
const REASON: usize = 2000;

/// A run that goes on.
#[derive(Debug)]
pub struct Process {
    /// Its place in the plan.
    pub place: usize,
    /// Its threads.
    pub threads: usize,
    /// When it was started.
    pub began: Instant,
    root: PathBuf,
    child: Child,
    /// The run ends with a checkpoint when this is closed, as it is when this process ends in whatever way.
    tether: Option<ChildStdin>,
    follower: Option<Follower>,
    diverged: Option<Failure>,
}

impl Process {
    /// Starts the run of a point, or lets it go on where it was left. Whether it goes on.
    ///
    /// # Errors
    /// Where the program cannot be started, or the folder not be written.
    pub(super) fn start(
        program: &Path,
        root: &Path,
        (place, point): (usize, &Point),
        threads: usize,
    ) -> Result<(Self, bool), Error> {
        point.forget(root)?;
        let folder = root.join(&point.folder);
        let resumed = !Checkpoint::list(&folder).is_empty();
        if !resumed && folder.exists() {
            // It ended before its first checkpoint: nothing of it can be gone on with.
            std::fs::remove_dir_all(&folder).map_err(|source| Error::File { path: folder.clone(), source })?;
        }
        let path = point.log(root);
        let log = File::create(&path).map_err(|source| Error::File { path, source })?;
        let mut command = Command::new(program);
        command.args(["run", "--quiet", "--tether", "--set", &format!("train.threads={threads}")]);
        if resumed {
            command.arg("--resume").arg(&folder);
        } else {
            command.arg("--out").arg(&folder).arg(point.planned(root));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let started = command.spawn();
        let mut child = started.map_err(|source| Error::Start { program: program.display().to_string(), source })?;
        let tether = child.stdin.take();
        let root = root.to_owned();
        let began = Instant::now();
        Ok((Self { place, threads, began, root, child, tether, follower: None, diverged: None }, resumed))
    }

    /// Takes in what the run recorded since. A run whose loss grew beyond `limit` times that of its beginning is
    /// told to end; 0: none is.
    pub(super) fn follow(&mut self, point: &Point, limit: f64) {
        if self.follower.is_none() {
            self.follower = Follower::open(&self.root.join(&point.folder)).ok();
        }
        let Some(follower) = &mut self.follower else { return };
        // What cannot be read now is read later, or is told by how the run ends.
        let _ = follower.advance();
        if self.diverged.is_none() && limit > 0.0 {
            self.diverged = diverged(&follower.snapshot(), limit);
            if self.diverged.is_some() {
                self.stop();
            }
        }
    }

    /// The run as far as it was read.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.follower.as_ref().map(Follower::snapshot)
    }

    /// Tells the run to end with a checkpoint.
    pub(super) fn stop(&mut self) {
        self.tether = None;
    }

    /// What came of the run, once it is over.
    ///
    /// # Errors
    /// Where its end cannot be taken down.
    pub(super) fn end(&mut self, point: &Point, limit: f64, stopping: bool) -> Result<Option<State>, Error> {
        let status = match self.child.try_wait() {
            Ok(None) => return Ok(None),
            Ok(Some(status)) => Some(status),
            Err(_) => None,
        };
        // However quick it was, it is judged by all of its log.
        self.follow(point, limit);
        if let Some(failure) = self.diverged.take() {
            point.fail(&self.root, &failure)?;
            return Ok(Some(State::Failed(failure)));
        }
        let state = point.state(&self.root)?;
        let clean = status.is_some_and(|status| status.success());
        Ok(Some(match state {
            State::Finished(_) | State::Begun if clean => {
                // An empty log says nothing.
                point.forget(&self.root)?;
                state
            }
            State::Waiting | State::Begun if stopping => state,
            State::Failed(failure) => State::Failed(failure),
            _ => {
                let updates = self.snapshot().map_or(0, |snapshot| snapshot.step);
                let failure = Failure { reason: self.reason(point, status), diverged: false, updates };
                point.fail(&self.root, &failure)?;
                State::Failed(failure)
            }
        }))
    }

    /// Why the process ended as it did: what it said, or its exit status.
    fn reason(&self, point: &Point, status: Option<ExitStatus>) -> String {
        let said = std::fs::read_to_string(point.log(&self.root)).unwrap_or_default();
        let said = said.trim().trim_start_matches("error: ");
        let status = status.map_or_else(|| "no exit status".to_owned(), |status| status.to_string());
        if said.is_empty() { status } else { format!("{status}: {}", said.chars().take(REASON).collect::<String>()) }
    }
}

/// Whether the loss of a run grew beyond `limit` times that of its beginning.
fn diverged(snapshot: &Snapshot, limit: f64) -> Option<Failure> {
    let first = snapshot.train_loss.points().first()?.mean();
    let bound = limit * first.abs();
    let beyond = snapshot.loss.points().iter().find(|point| point.max > bound)?;
    let reason = format!(
        "loss {:.4e} after update {} is above {limit} times {first:.4e}, that of the beginning",
        beyond.max, beyond.step
    );
    Some(Failure { reason, diverged: true, updates: beyond.step })
}
