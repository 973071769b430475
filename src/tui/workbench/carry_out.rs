//! What is asked of the runs and of files, and what is to be said of it.

use std::path::Path;

use super::Workbench;
use crate::diagnostics::Diagnostic;
use crate::experiment::Experiment;
use crate::runs::{Entry, Id, Run};
use crate::session::Command;
use crate::tui::design::Design;
use crate::tui::figure;
use crate::tui::panes::Scene;
use crate::tui::state::{Pending, Screen};
use crate::tui::update::Effect;

impl Workbench<'_> {
    /// Does what was asked of the runs. What is to be said of it, if anything is.
    pub(super) fn carry_out(&mut self, effect: Effect) -> Option<String> {
        match effect {
            Effect::Send(command, text) => return self.send(command, text),
            Effect::Measure(diagnostics) => {
                let send = |diagnostic: Diagnostic| {
                    self.send(Command::Measure(diagnostic), format!("measure {}", diagnostic.title()))
                };
                return diagnostics.into_iter().find_map(send);
            }
            Effect::Scan => self.scan(),
            Effect::Open(id) => {
                self.shelf.open(id);
                self.state.runs.shown = id;
                self.state.pending.clear();
            }
            Effect::Read(id) => self.shelf.open(id),
            Effect::StopAll => {
                self.shelf.stop();
            }
            Effect::Again(id) => return Some(self.again(id)),
            Effect::Start(experiment) => return Some(self.start(*experiment)),
            Effect::Queue(experiment) => {
                return Some(
                    self.shelf.enqueue(*experiment).map_or_else(|error| error.to_string(), |_| "queued".to_owned()),
                );
            }
            Effect::Save { file, replace } => self.state.design.save(&file, replace),
            Effect::Load(file) => self.state.design.open(&file),
            Effect::Design(id) => return self.design(id).err(),
            Effect::Export(file) => return Some(self.export(&file)),
            Effect::Fork(id) => return Some(self.fork(id)),
            Effect::Resume(id) => match self.shelf.resume(id) {
                Ok(()) => self.state.pending.clear(),
                Err(error) => return Some(error.to_string()),
            },
            Effect::Hurry(id) => return self.shelf.hurry(id).err().map(|error| error.to_string()),
            Effect::Delete(id) => match self.shelf.delete(id) {
                Ok(()) => self.state.runs.marked.retain(|marked| *marked != id),
                Err(error) => return Some(format!("not deleted: {error}")),
            },
            Effect::Quit | Effect::Leave | Effect::Suspend | Effect::Redraw => {}
        }
        None
    }

    /// Sends a command to the run that is shown; says so where it takes none.
    fn send(&mut self, command: Command, text: String) -> Option<String> {
        match self.shelf.send(self.state.runs.shown, command) {
            Some(ticket) => self.state.pending.push(Pending { ticket, text }),
            None => return Some("this run takes no commands: it does not run in this program".to_owned()),
        }
        None
    }

    /// Starts a run and shows it.
    fn start(&mut self, experiment: Experiment) -> String {
        let folder = self.shelf.free_folder(&experiment.name);
        match self.shelf.start(experiment, folder) {
            Err(error) => error.to_string(),
            Ok(id) => {
                (self.state.runs.shown, self.state.runs.selected) = (id, id);
                self.state.show(Screen::Train);
                self.state.pending.clear();
                "started".to_owned()
            }
        }
    }

    /// Takes a run's experiment to the Design screen, unless changes there would be lost.
    fn design(&mut self, id: Id) -> Result<(), String> {
        if self.state.design.is_changed() {
            return Err("the Design screen has changes that are not saved: D, then w or u".to_owned());
        }
        let run = self.shelf.entry(id).and_then(|entry| entry.run.as_ref());
        let run = run.ok_or("nothing is known of this run yet")?;
        let experiment = run.experiment(None).map_err(|error| error.to_string())?;
        self.state.design = Design::from_experiment(&experiment);
        self.state.show(Screen::Design);
        Ok(())
    }

    /// Writes what is in sight to a file.
    fn export(&self, file: &Path) -> String {
        let entries = self.shelf.entries();
        let scene = Scene { state: &self.state, snapshot: &self.snapshot, entries, theme: &self.theme };
        match figure::write(&scene, &self.snapshot, file) {
            Ok(()) => format!("wrote {}", file.display()),
            Err(error) => error.to_string(),
        }
    }

    /// Starts another run at the latest checkpoint of a run; their curves are laid over one another.
    fn fork(&mut self, id: Id) -> String {
        let label = self.shelf.entry(id).map(Entry::label).unwrap_or_default();
        match self.shelf.fork(id) {
            Err(error) => error.to_string(),
            Ok(None) => "there is no such run any more".to_owned(),
            Ok(Some(fork)) => {
                let list = &mut self.state.runs;
                list.marked.extend([id, fork]);
                list.marked.sort_unstable();
                list.marked.dedup();
                (list.shown, list.selected) = (fork, fork);
                self.state.pending.clear();
                self.shelf.open(id);
                match self.shelf.entry(fork).and_then(|entry| entry.run.as_ref()?.fact("train.updates").cloned()) {
                    Some(updates) => format!("forked from {label}; ends after {updates} updates"),
                    None => format!("forked from {label}"),
                }
            }
        }
    }

    /// Queues the experiment of a run with a seed that none of its repetitions has.
    fn again(&mut self, id: Id) -> String {
        let run = self.shelf.entry(id).and_then(|entry| entry.run.clone());
        let Some(run) = run else { return "nothing is known of this run yet".to_owned() };
        let alike = self.shelf.entries().iter().filter_map(|entry| entry.run.as_ref());
        let seeds = alike.filter(|other| other.is_repetition_of(&run)).filter_map(Run::seed);
        let seed = seeds.max().unwrap_or(0).saturating_add(1);
        match run.experiment(Some(seed)) {
            Ok(experiment) => match self.shelf.enqueue(experiment) {
                Ok(_) => format!("queued with seed {seed}"),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        }
    }
}
