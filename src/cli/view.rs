//! `kfra-tui view`: runs that were recorded, or that another process records, on the screen.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use super::workbench::{Look, require_terminal, show};
use super::{Error, output};
use crate::data::Places;
use crate::runs::{Shelf, Unreadable};
use crate::sweep::Plan;
use crate::tui;

/// Arguments of `view`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// Run folders, or folders of run folders [default: runs]
    #[arg(value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    #[command(flatten)]
    pub look: Look,
}

/// How often it is looked whether a sweep has begun.
const PATIENCE: Duration = Duration::from_millis(500);

/// Waits until a run of a sweep that is laid out has begun, as a scheduler may take its time. Returns those that
/// cannot be read, where there are no others.
fn wait_for_a_run(shelf: &mut Shelf) -> Vec<Unreadable> {
    output::tell("no run has begun yet: waiting for the first one (Ctrl-C leaves)\n");
    loop {
        sleep(PATIENCE);
        shelf.scan();
        if !shelf.entries().is_empty() {
            return Vec::new();
        }
        let unread = shelf.unread();
        if !unread.is_empty() {
            return unread;
        }
    }
}

/// Shows run folders until the user quits; a run that goes on is followed.
///
/// # Errors
/// No terminal, and what is neither a run folder nor a folder of them.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let standard = [PathBuf::from("runs")];
    let given = if arguments.runs.is_empty() { &standard[..] } else { &arguments.runs };
    let (runs, roots): (Vec<_>, Vec<_>) = given.iter().partition(|folder| folder.join("experiment.toml").exists());
    if let Some(missing) = roots.iter().find(|root| !root.is_dir()) {
        return Err(Error::NoRuns { folder: (*missing).clone() });
    }
    require_terminal()?;
    let mut shelf = Shelf::new(Places::standard(), roots.into_iter().cloned().collect());
    let mut marked = Vec::new();
    for folder in runs {
        marked.push(shelf.add(folder)?);
    }
    shelf.scan();
    // The workbench tells of them where it has others to show.
    let mut unread = if shelf.entries().is_empty() { shelf.unread() } else { Vec::new() };
    let is_empty = shelf.entries().is_empty() && unread.is_empty();
    if is_empty && given.iter().any(|folder| Plan::read(folder).is_ok()) {
        unread = wait_for_a_run(&mut shelf);
    }
    let Some(first) = shelf.entries().first().map(|entry| entry.id) else {
        let no_runs = || Error::NoRuns { folder: given[0].clone() };
        return Err(unread.into_iter().next().map_or_else(no_runs, Error::Run));
    };
    let shown = marked.first().copied().unwrap_or(first);
    shelf.open(shown);
    if marked.len() == 1 && shelf.entries().len() == 1 {
        marked.clear();
    } else if marked.is_empty() {
        marked.push(shown);
    }
    show(shelf, tui::Opening { shown, marked, word: None }, arguments.look.options(), &given[0])
}
