//! `kfra-tui view`: runs that were recorded, or that another process records, on the screen.

use std::path::PathBuf;

use super::Error;
use super::workbench::{Look, require_terminal, show};
use crate::data::Places;
use crate::runs::Shelf;
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
    let Some(first) = shelf.entries().first().map(|entry| entry.id) else {
        let unread = shelf.unread().into_iter().next();
        return Err(unread.map_or_else(|| Error::NoRuns { folder: given[0].clone() }, Error::Run));
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
