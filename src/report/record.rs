//! The runs of a report.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Error;
use crate::diagnostics::Measurement;
use crate::diagnostics::alignment::Alignment;
use crate::diagnostics::surface::Surface;
use crate::experiment::Shortening;
use crate::runs::Run;
use crate::session::{Event, Outcome, Snapshot, log};
use crate::sweep::{Plan, State};

/// How deep below a folder runs are looked for.
const DEPTH: usize = 4;

/// A run as it was recorded.
#[derive(Clone, Debug)]
pub struct Record {
    /// What is known of it without its log.
    pub run: Run,
    /// What its log tells.
    pub snapshot: Arc<Snapshot>,
    /// How well directions agreed with the exact one along it.
    pub alignment: Vec<Alignment>,
    /// The loss surfaces that were measured along it.
    pub surfaces: Vec<Surface>,
    /// In what it is shorter than its sweep at full scale.
    pub shortened: Vec<Shortening>,
    /// Whether its training came to nothing, and why.
    pub failure: Option<String>,
}

impl Record {
    /// A setting as words.
    pub fn setting(&self, key: &str) -> Option<String> {
        self.run.settings().get(key).map(ToString::to_string)
    }

    /// The label of its optimizer.
    pub fn kind(&self) -> &str {
        self.run.optimizer()
    }

    /// Training and validation loss at its latest evaluation.
    pub fn losses(&self) -> Option<(f64, f64)> {
        self.snapshot.evaluation.as_ref().map(|found| (found.train_loss, found.validation_loss))
    }
}

/// Every run of some folders, in their order, each once; and those that could not be read, with the reason.
///
/// # Errors
/// A folder without any.
pub fn collect(sources: &[PathBuf]) -> Result<(Vec<Record>, Vec<String>), Error> {
    let (mut records, mut unread, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for source in sources {
        let mut folders = Vec::new();
        find(source, DEPTH, &mut folders);
        if folders.is_empty() {
            return Err(Error::NoRuns { folder: source.clone() });
        }
        for folder in folders {
            if !seen.insert(folder.canonicalize().unwrap_or_else(|_| folder.clone())) {
                continue;
            }
            match read(&folder) {
                Ok(record) => records.push(record),
                Err(reason) => unread.push(reason),
            }
        }
    }
    Ok((records, unread))
}

/// Run folders at and below a folder, by name.
fn find(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if ["experiment.toml", "events.jsonl"].iter().any(|file| folder.join(file).is_file()) {
        found.push(folder.to_owned());
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut below: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    below.sort();
    for folder in &below {
        find(folder, depth, found);
    }
}

fn read(folder: &Path) -> Result<Record, String> {
    let run = Run::read(folder).map_err(|error| error.to_string())?;
    let (mut alignment, mut surfaces) = (Vec::new(), Vec::new());
    let snapshot = log::events(folder, &mut |event| match event {
        Event::Measured(Measurement::Alignment(found)) => alignment.push(found.clone()),
        Event::Measured(Measurement::Surface(found)) => surfaces.push(found.clone()),
        _ => {}
    });
    let snapshot = Arc::new(snapshot.map_err(|error| error.to_string())?);
    let (mut shortened, mut failure) = (Vec::new(), None);
    if let Some(root) = folder.parent()
        && let Ok(plan) = Plan::read(root)
        && let Some(point) = plan.runs.iter().find(|point| Some(point.folder.as_ref()) == folder.file_name())
    {
        shortened = point.shortened.iter().chain(&plan.shortened).cloned().collect();
        if let Ok(State::Failed(found)) = point.state(root) {
            failure = Some(found.reason);
        }
    }
    if let Some(summary) = run.summary.as_ref().filter(|summary| summary.status == Outcome::Failed) {
        failure = failure.or_else(|| Some(summary.reason.clone().unwrap_or_default()));
    }
    if failure.is_none() && snapshot.evaluation.is_none() {
        return Err(format!(
            "{}: the log tells of no loss; expected at least the one before training",
            folder.display()
        ));
    }
    let finished = run.summary.as_ref().is_some_and(|summary| summary.status == Outcome::Finished);
    if let (None, false, Some(info)) = (&failure, finished, &snapshot.run) {
        let [full, here] = [info.updates, snapshot.step].map(|updates| updates.to_string());
        shortened.push(Shortening { what: "updates of a run that did not end".to_owned(), full, here });
    }
    Ok(Record { run, snapshot, alignment, surfaces, shortened, failure })
}
