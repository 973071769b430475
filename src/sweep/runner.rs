//! Works off the runs of a sweep, as many side by side as there are cores for.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Error, Failure, Plan, Point, Process, Shard, State};
use crate::session::{Summary, require_free};

/// How often the processes are looked at, and how often their logs.
const TICK: Duration = Duration::from_millis(20);
const READ: Duration = Duration::from_millis(400);

/// How a sweep is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// This program.
    pub program: PathBuf,
    /// Cores that all runs together may take.
    pub cores: usize,
    /// Threads of a run whose experiment does not state them.
    pub threads: usize,
    /// Whether runs that failed are tried again.
    pub retry: bool,
    /// Which of the runs.
    pub shard: Shard,
}

/// What happens while a sweep is run.
#[derive(Debug)]
pub enum News<'a> {
    /// A run was started, or goes on.
    Started {
        /// The run.
        point: &'a Point,
        /// Whether it goes on.
        resumed: bool,
    },
    /// A run made all its updates.
    Finished {
        /// The run.
        point: &'a Point,
        /// How it ended.
        summary: &'a Summary,
    },
    /// A run came to no end.
    Failed {
        /// The run.
        point: &'a Point,
        /// Why.
        failure: &'a Failure,
    },
    /// A run is another process's.
    Elsewhere {
        /// The run.
        point: &'a Point,
        /// Whose.
        reason: String,
    },
    /// Time passed; the runs that go on.
    Tick(&'a [Process]),
}

/// How many runs ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Runs that had made all their updates before.
    pub known: usize,
    /// Runs that made all their updates now.
    pub finished: usize,
    /// Runs that failed, now or before.
    pub failed: usize,
    /// Runs whose training diverged, now or before.
    pub diverged: usize,
    /// Runs that are left.
    pub left: usize,
}

impl Totals {
    fn count(&mut self, failure: &Failure) {
        *(if failure.diverged { &mut self.diverged } else { &mut self.failed }) += 1;
    }
}

/// Runs what is not finished of a plan, until all of it is or `stop` is set: runs that go on then end with a
/// checkpoint. A run that fails touches no other.
///
/// # Errors
/// Where the folder cannot be read or written.
pub fn run(
    root: &Path,
    plan: &Plan,
    options: &Options,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(News),
) -> Result<Totals, Error> {
    let mut totals = Totals::default();
    let mut queue = waiting(root, plan, options, &mut totals)?;
    let mut running: Vec<Process> = Vec::new();
    let mut read = Instant::now();
    loop {
        let stopping = stop.load(Ordering::Relaxed);
        if stopping {
            running.iter_mut().for_each(Process::stop);
        }
        while !stopping && let Some(&place) = queue.front() {
            let point = &plan.runs[place];
            let threads = point.threads.unwrap_or(options.threads).max(1);
            let busy: usize = running.iter().map(|process| process.threads).sum();
            if !running.is_empty() && busy + threads > options.cores {
                break;
            }
            queue.pop_front();
            if let Err(held) = require_free(&root.join(&point.folder)) {
                totals.left += 1;
                watch(News::Elsewhere { point, reason: held.to_string() });
                continue;
            }
            let (process, resumed) = Process::start(&options.program, root, (place, point), threads)?;
            running.push(process);
            watch(News::Started { point, resumed });
        }
        let due = read.elapsed() >= READ;
        if due {
            read = Instant::now();
        }
        let mut ended = Vec::new();
        for (index, process) in running.iter_mut().enumerate() {
            let point = &plan.runs[process.place];
            if due {
                process.follow(point, plan.diverged);
            }
            let Some(state) = process.end(point, plan.diverged, stopping)? else { continue };
            ended.push(index);
            match &state {
                State::Finished(summary) => {
                    totals.finished += 1;
                    watch(News::Finished { point, summary });
                }
                State::Failed(failure) => {
                    totals.count(failure);
                    watch(News::Failed { point, failure });
                }
                State::Waiting | State::Begun => totals.left += 1,
            }
        }
        ended.into_iter().rev().for_each(|index| drop(running.remove(index)));
        watch(News::Tick(&running));
        if running.is_empty() && (stopping || queue.is_empty()) {
            totals.left += queue.len();
            return Ok(totals);
        }
        std::thread::sleep(TICK);
    }
}

/// The places of the runs that are to be run.
fn waiting(root: &Path, plan: &Plan, options: &Options, totals: &mut Totals) -> Result<VecDeque<usize>, Error> {
    let mut queue = VecDeque::new();
    for (place, point) in plan.runs.iter().enumerate().filter(|(place, _)| options.shard.has(*place)) {
        match point.state(root)? {
            State::Finished(_) => totals.known += 1,
            // It would diverge again.
            State::Failed(failure) if failure.diverged || !options.retry => totals.count(&failure),
            State::Waiting | State::Begun | State::Failed(_) => queue.push_back(place),
        }
    }
    Ok(queue)
}
