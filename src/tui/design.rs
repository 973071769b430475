//! The Design screen: an experiment is edited field by field, checked at every key, saved and started.
//!
//! Keys become changes of [`Design`] and wishes; only [`Design::save`] and [`Design::open`], which the
//! wishes ask for, touch files.

mod browse;
mod files;
mod input;
mod paint;
mod rows;
mod typing;
mod verdict;

use std::path::PathBuf;

use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::{Position, Rect};

use super::action;
use super::action::{Action, Context};
use super::line::Typed;
use crate::experiment::{Document, Experiment};
use crate::runs::Id;
use crate::session::snapshot::Level;
use input::Input;
pub use paint::draw;
use rows::{Cell, Row};
use verdict::Verdict;

/// Changes that can be undone.
const MOST_UNDONE: usize = 200;

/// What the world must do for the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Start a run.
    Start(Box<Experiment>),
    /// Call [`Design::save`].
    Save {
        /// The file.
        file: PathBuf,
        /// Whether another file of this name may be overwritten.
        replace: bool,
    },
    /// Call [`Design::open`].
    Open(PathBuf),
    /// Do what is not this screen's alone: help, commands, quit, redraw, suspend.
    Screen(Action),
}

/// What keys are for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mode {
    /// The list of fields.
    Browsing,
    /// The value of the selected field.
    Typing(Typed),
    /// One of the values that the selected field can have.
    Choosing(usize),
    /// The name of a file.
    Naming(Purpose, Typed),
    /// A question.
    Asking(Question),
}

/// What a file name is typed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Save,
    Open,
}

/// What is asked before something is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Question {
    /// Whether to overwrite a file.
    Replace(PathBuf),
    /// Whether to open a file although changes are not saved.
    Discard(PathBuf),
    /// Whether to begin another experiment although changes are not saved.
    Begin,
}

/// Where an experiment that is in no file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    /// Nobody asked for it.
    Example,
    /// The user began it.
    New,
    /// It is that of a run, with the run's label.
    Run(Id, String),
}

/// What is said of the last key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Message {
    Note(String),
    Wrong(String),
}

/// An experiment that is being edited, and what of it is on the screen.
#[derive(Clone, Debug)]
pub struct Design {
    document: Document,
    /// Where it is kept, if anywhere.
    file: Option<PathBuf>,
    origin: Origin,
    /// The text that was read or written last.
    kept: String,
    /// Texts that the document had before its changes, and those that were taken back: they take less memory than
    /// documents, which can have many layers.
    undo: Vec<String>,
    redo: Vec<String>,
    rows: Vec<Row>,
    selected: usize,
    cell: Cell,
    mode: Mode,
    verdict: Verdict,
    message: Option<Message>,
}

impl Default for Design {
    fn default() -> Self {
        Self::new()
    }
}

impl Design {
    /// A new experiment, a small one to start from.
    pub fn new() -> Self {
        Self::of(Document::new(), None)
    }

    /// The experiment of a run, to start from.
    pub fn of_run(id: Id, label: String, experiment: &Experiment) -> Self {
        // What an experiment writes is TOML.
        let document = Document::parse("experiment.toml", &experiment.to_toml()).unwrap_or_default();
        Self { origin: Origin::Run(id, label), ..Self::of(document, None) }
    }

    /// Whether the experiment of this run is better to see: nothing is lost by it, and nobody asked for what is
    /// here.
    pub fn gives_way_to(&self, run: Id) -> bool {
        let other = match &self.origin {
            Origin::Example => true,
            Origin::New => false,
            Origin::Run(id, _) => *id != run,
        };
        other && self.file.is_none() && !self.is_changed()
    }

    fn of(document: Document, file: Option<PathBuf>) -> Self {
        let mut design = Self {
            kept: document.text().to_owned(),
            document,
            file,
            origin: Origin::Example,
            undo: Vec::new(),
            redo: Vec::new(),
            rows: Vec::new(),
            selected: 0,
            cell: Cell::Units,
            mode: Mode::Browsing,
            verdict: Verdict::default(),
            message: None,
        };
        design.refresh();
        design
    }

    /// Where keys are meant now.
    pub fn context(&self) -> Context {
        match self.mode {
            Mode::Browsing => Context::Design,
            Mode::Typing(_) | Mode::Naming(..) => Context::DesignTyping,
            Mode::Choosing(_) => Context::DesignChoice,
            Mode::Asking(_) => Context::Question,
        }
    }

    /// The key of the field that is selected.
    #[cfg(test)]
    pub fn selected_key(&self) -> String {
        self.key()
    }

    /// The experiment's text.
    #[cfg(test)]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Whether there are changes that are not saved.
    pub fn is_changed(&self) -> bool {
        self.document.text() != self.kept
    }

    /// What is said of the last key, and how serious it is.
    pub fn said(&self) -> Option<(Level, &str)> {
        match self.message.as_ref()? {
            Message::Note(text) => Some((Level::Info, text)),
            Message::Wrong(text) => Some((Level::Error, text)),
        }
    }

    /// The experiment, if nothing is wrong with it.
    pub fn experiment(&self) -> Option<&Experiment> {
        self.verdict.sound.as_ref().map(|sound| &sound.experiment)
    }

    /// Selects the field at a place of the screen.
    pub fn point(&mut self, area: Rect, at: Position) {
        if self.mode == Mode::Browsing
            && let Some((row, cell)) = paint::field_at(self, area, at)
        {
            (self.selected, self.cell, self.message) = (row, cell, None);
        }
    }

    /// Takes in a key.
    pub fn press(&mut self, event: &KeyEvent) -> Option<Wish> {
        if let Some(action) = action::find(self.context(), event) {
            return self.act(action);
        }
        self.message = None;
        self.type_in(event);
        self.judge();
        None
    }

    /// Takes in an action.
    pub fn act(&mut self, action: Action) -> Option<Wish> {
        let said = self.message.take().is_some();
        let wish = match &self.mode {
            Mode::Browsing if said && action == Action::Back => None,
            Mode::Browsing => self.browse(action),
            Mode::Typing(_) | Mode::Naming(..) => self.edit_line(action),
            Mode::Choosing(at) => self.choose(*at, action),
            Mode::Asking(question) => self.answer(question.clone(), action),
        };
        self.judge();
        wish
    }

    /// The name of the file, for messages and for what an experiment without a name is called.
    fn name(&self) -> String {
        self.file.as_ref().map_or_else(|| "experiment.toml".to_owned(), |file| file.display().to_string())
    }

    fn row(&self) -> Option<&Row> {
        self.rows.get(self.selected)
    }

    /// The key of the selected field.
    fn key(&self) -> String {
        self.row().map_or_else(String::new, |row| row.key(self.cell))
    }

    /// What the selected field can be.
    fn input(&self) -> Input {
        let key = self.key();
        Input::of(&key, self.verdict.unstated(&key).as_deref())
    }

    /// The document as it would be if what is typed or chosen were taken.
    fn trial(&self) -> Option<Document> {
        let mut trial = self.document.clone();
        match &self.mode {
            Mode::Typing(line) => {
                self.input().state(&mut trial, &self.key(), line.text());
            }
            Mode::Choosing(at) => match self.input() {
                Input::Choice(choices) => {
                    browse::state(&mut trial, &self.key(), *choices.get(*at)?, &self.name());
                }
                _ => return None,
            },
            _ => return None,
        }
        Some(trial)
    }

    /// Checks what there is, with what is typed.
    fn judge(&mut self) {
        let trial = self.trial();
        let document = trial.as_ref().unwrap_or(&self.document);
        if !self.verdict.is_of(document.text()) {
            self.verdict = Verdict::of(document, &self.name());
        }
    }

    /// Makes a change that can be undone. Whether there was one to make.
    fn change(&mut self, change: impl FnOnce(&mut Document) -> bool) -> bool {
        let before = self.document.text().to_owned();
        if !change(&mut self.document) || self.document.text() == before {
            return false;
        }
        if self.undo.len() == MOST_UNDONE {
            self.undo.remove(0);
        }
        self.undo.push(before);
        self.redo.clear();
        self.refresh();
        true
    }

    /// Brings what follows from the document up to date; the selection stays where it is.
    fn refresh(&mut self) {
        self.verdict = Verdict::of(&self.document, &self.name());
        let place = self.row().map(|row| row.place.clone());
        self.rows = rows::rows(&self.document, &self.verdict);
        let same = place.and_then(|place| self.rows.iter().position(|row| row.place == place));
        self.selected = same.unwrap_or(self.selected).min(self.rows.len().saturating_sub(1));
    }

    fn note(&mut self, text: impl Into<String>) {
        self.message = Some(Message::Note(text.into()));
    }

    fn complain(&mut self, text: impl Into<String>) {
        self.message = Some(Message::Wrong(text.into()));
    }
}

#[cfg(test)]
mod tests;
