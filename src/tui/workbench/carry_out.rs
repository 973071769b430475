//! What is asked of the runs and of files, and what is to be said of it.

use std::path::Path;

use super::Workbench;
use crate::experiment::Experiment;
use crate::export;
use crate::runs::{Entry, Id, Run};
use crate::session::snapshot::Level;
use crate::session::{Command, Ticket};
use crate::tui::design::Design;
use crate::tui::figure;
use crate::tui::line::Typed;
use crate::tui::panes::Scene;
use crate::tui::state::{Overlay, Pending, Question, Screen, Topic};
use crate::tui::update::Effect;

/// What is said of a run without a folder.
const UNKNOWN: &str = "nothing is known of this run yet";

impl Workbench<'_> {
    /// Does what was asked of the runs. What is to be said of it, if anything is.
    ///
    /// # Errors
    /// Why it was not done, in words.
    pub(super) fn carry_out(&mut self, effect: Effect) -> Result<Option<String>, String> {
        match effect {
            Effect::Send(command, text) => self.send(self.state.runs.shown, command, text)?,
            Effect::Measure(diagnostics, layer) => {
                for diagnostic in diagnostics {
                    let text = format!("measure {}", diagnostic.title());
                    let command = match layer.filter(|_| diagnostic.by_layer()) {
                        Some(layer) => Command::MeasureLayer(diagnostic, layer),
                        None => Command::Measure(diagnostic),
                    };
                    self.send(self.state.runs.shown, command, text)?;
                }
            }
            Effect::Scan => self.scan(),
            Effect::Open(id) => {
                self.shelf.open(id);
                self.state.runs.shown = id;
                self.state.pending.clear();
            }
            Effect::Read(id) => self.shelf.open(id),
            Effect::Stop(id) => self.send(id, Command::Stop, "stop".to_owned())?,
            Effect::StopAll => self.shelf.stop(),
            Effect::Again(id) => return self.again(id).map(Some),
            Effect::Start(experiment) => return self.start(*experiment).map(Some),
            Effect::Queue(experiment) => {
                self.shelf.enqueue(*experiment).map_err(in_words)?;
                return Ok(Some("queued".to_owned()));
            }
            Effect::Save { file, replace } => {
                self.state.design.save(&file, replace);
                self.note_design();
            }
            Effect::Load(file) => {
                self.state.design.open(&file);
                self.note_design();
            }
            Effect::Design(id) => self.design(id)?,
            Effect::Export { file, replace } => return self.export(&file, replace),
            Effect::Fork(id) => return self.fork(id),
            Effect::ForkAt(id, step) => return self.fork_at(id, Some(step)).map(Some),
            Effect::Resume(id) => {
                self.shelf.resume(id).map_err(in_words)?;
                self.state.pending.clear();
            }
            Effect::Hurry(id) if self.shelf.entry(id).is_some_and(Entry::is_waiting) => {
                self.shelf.hurry(id).map_err(in_words)?;
            }
            Effect::Hurry(_) => return Err("only a run that waits in the queue can begin".to_owned()),
            Effect::Delete(id) => {
                self.shelf.delete(id).map_err(|error| format!("not deleted: {error}"))?;
                self.state.runs.marked.retain(|marked| *marked != id);
            }
            Effect::Quit | Effect::Leave | Effect::Suspend | Effect::Redraw => {}
        }
        Ok(None)
    }

    /// Takes what the Design screen says of a file, which it shows itself, into the list of messages.
    fn note_design(&mut self) {
        if let Some((level, text)) = self.state.design.said() {
            self.state.log.say(level, text.to_owned());
        }
    }

    /// Sends a command to a run; of those to the run that is shown the answers are awaited.
    fn send(&mut self, id: Id, command: Command, text: String) -> Result<(), String> {
        let ticket = self.shelf.send(id, command);
        let ticket = ticket.ok_or("this run takes no commands: it does not run in this program")?;
        if id == self.state.runs.shown {
            self.state.pending.push(Pending { ticket, command, text });
        }
        Ok(())
    }

    /// Starts a run and shows it.
    fn start(&mut self, experiment: Experiment) -> Result<String, String> {
        let id = self.shelf.launch(experiment).map_err(in_words)?;
        (self.state.runs.shown, self.state.runs.selected) = (id, id);
        self.state.show(Screen::Train);
        self.state.pending.clear();
        Ok("started".to_owned())
    }

    /// Takes a run's experiment to the Design screen, unless changes there would be lost.
    fn design(&mut self, id: Id) -> Result<(), String> {
        if self.state.design.is_changed() {
            return Err("the Design screen has changes that are not saved: D, then w or u".to_owned());
        }
        let entry = self.shelf.entry(id);
        let (entry, run) = entry.and_then(|entry| Some((entry, entry.run.as_ref()?))).ok_or(UNKNOWN)?;
        let experiment = run.experiment(None).map_err(in_words)?;
        self.state.design = Design::of_run(id, entry.label(), &experiment);
        self.state.show(Screen::Design);
        Ok(())
    }

    /// Writes what is in sight to a file; asks before it writes over another, and a name that is not right stays to
    /// be corrected.
    fn export(&mut self, file: &Path, replace: bool) -> Result<Option<String>, String> {
        let entries = self.shelf.entries();
        let scene = Scene { state: &self.state, snapshot: &self.snapshot, entries, theme: &self.theme, graphics: None };
        match figure::write(&scene, &self.snapshot, file, replace) {
            Ok(()) if file.is_absolute() => Ok(Some(format!("wrote {}", file.display()))),
            Ok(()) => {
                let here = std::env::current_dir().unwrap_or_default();
                Ok(Some(format!("wrote {} in {}", file.display(), here.display())))
            }
            Err(export::Error::Exists { .. }) => {
                self.state.overlay = Some(Overlay::Ask(Question::Replace(file.to_owned())));
                Ok(None)
            }
            Err(error @ export::Error::Nothing(_)) => Err(error.to_string()),
            Err(error) => {
                self.state.overlay = Some(Overlay::Prompt(Topic::Export, Typed::new(file.display().to_string())));
                Err(error.to_string())
            }
        }
    }

    /// Starts another run where a run is now, for which it writes a checkpoint first. One that stands still because of
    /// something has its checkpoint from before that; among those of one that is over the user chooses.
    fn fork(&mut self, id: Id) -> Result<Option<String>, String> {
        if self.shelf.entry(id).is_none_or(|entry| entry.snapshot.back.is_some()) {
            return self.fork_at(id, None).map(Some);
        }
        if self.shelf.entry(id).is_some_and(|entry| entry.snapshot.astray) {
            return Err("no checkpoint is from before it diverged: on Runs a starts it anew".to_owned());
        }
        if let Some(ticket) = self.shelf.send(id, Command::Checkpoint) {
            self.forks.push((id, ticket));
            let label = self.shelf.entry(id).map(Entry::label).unwrap_or_default();
            return Ok(Some(format!("{label} writes a checkpoint, then it is forked")));
        }
        let steps = self.shelf.checkpoints(id);
        if steps.len() < 2 {
            return self.fork_at(id, None).map(Some);
        }
        self.state.overlay = Some(Overlay::Forks(id, steps, 0));
        Ok(None)
    }

    /// Starts the runs whose checkpoints are written.
    pub(super) fn begin_forks(&mut self) {
        let shelf = &self.shelf;
        let waits = |&(id, ticket): &(Id, Ticket)| {
            shelf.entry(id).is_some_and(|entry| entry.is_live() && !entry.snapshot.answers(ticket))
        };
        let (waiting, due): (Vec<_>, _) = self.forks.drain(..).partition(waits);
        self.forks = waiting;
        for (id, _) in due {
            match self.fork_at(id, None) {
                Ok(said) => self.state.say(Level::Info, said),
                Err(wrong) => self.state.say(Level::Error, wrong),
            }
            self.touched = true;
        }
    }

    /// Starts another run at a checkpoint of a run, if none is stated at the one that is due; their curves are laid
    /// over one another.
    fn fork_at(&mut self, id: Id, step: Option<u64>) -> Result<String, String> {
        let label = self.shelf.entry(id).map(Entry::label).unwrap_or_default();
        let fork = self.shelf.fork(id, step).map_err(in_words)?.ok_or("there is no such run any more")?;
        let list = &mut self.state.runs;
        list.marked.extend([id, fork]);
        list.marked.sort_unstable();
        list.marked.dedup();
        (list.shown, list.selected) = (fork, fork);
        self.state.pending.clear();
        self.shelf.open(id);
        Ok(match self.shelf.entry(fork).and_then(|entry| entry.run.as_ref()?.fact("train.updates").cloned()) {
            Some(updates) => format!("forked from {label}; ends after {updates} updates"),
            None => format!("forked from {label}"),
        })
    }

    /// Queues the experiment of a run with a seed that none of its repetitions has.
    fn again(&mut self, id: Id) -> Result<String, String> {
        let run = self.shelf.entry(id).and_then(|entry| entry.run.clone()).ok_or(UNKNOWN)?;
        let alike = self.shelf.entries().iter().filter_map(|entry| entry.run.as_ref());
        let seeds = alike.filter(|other| other.is_repetition_of(&run)).filter_map(Run::seed);
        let seed = seeds.max().unwrap_or(0).saturating_add(1);
        self.shelf.enqueue(run.experiment(Some(seed)).map_err(in_words)?).map_err(in_words)?;
        Ok(format!("queued with seed {seed}"))
    }
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
