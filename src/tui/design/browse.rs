//! Keys in the list of fields, and in a list of choices.

use super::input::{Choice, Input};
use super::rows::{self, Cell, Place};
use super::verdict::Verdict;
use super::{Action, Design, Mode, Purpose, Question, Wish};
use crate::experiment::Document;
use crate::network::{Activation, Layer};
use crate::tui::line::Typed;

/// The layer that is added where there is none to copy.
const FIRST_LAYER: Layer = Layer { units: 50, activation: Activation::Tanh };

/// States a choice, and takes out what another optimizer or source of data takes, if it was in its place before. How
/// many fields were taken out.
pub(super) fn state(document: &mut Document, key: &str, choice: Choice, name: &str) -> usize {
    let before: Vec<_> = Verdict::of(document, name).misplaced().map(str::to_owned).collect();
    choice.state(document, key);
    let after = Verdict::of(document, name);
    let misplaced = after.misplaced().filter(|key| !before.iter().any(|before| before == key));
    misplaced.filter(|key| document.remove(key)).count()
}

impl Design {
    pub(super) fn browse(&mut self, action: Action) -> Option<Wish> {
        let last = self.rows.len().saturating_sub(1);
        match action {
            Action::Up => self.select(self.selected.saturating_sub(1)),
            Action::Down => self.select(self.selected + 1),
            Action::PageUp => self.select(self.selected.saturating_sub(10)),
            Action::PageDown => self.select(self.selected + 10),
            Action::First => self.select(0),
            Action::Last => self.select(last),
            Action::NextSection => self.select(self.next_section()),
            Action::PreviousSection => self.select(self.previous_section()),
            Action::Left => self.sideways(Cell::Units, -1),
            Action::Right => self.sideways(Cell::Activation, 1),
            Action::Cycle => self.cycle(1),
            Action::Accept => self.edit(),
            Action::AddLayer => self.add_layer(),
            Action::Remove => self.remove(),
            Action::MoveUp => self.move_layer(-1),
            Action::MoveDown => self.move_layer(1),
            Action::Undo => self.go_back(),
            Action::Redo => self.go_forth(),
            Action::Start => return self.start(),
            Action::Save => match &self.file {
                Some(file) => return Some(Wish::Save { file: file.clone(), replace: false }),
                None => self.ask_for_file(Purpose::Save),
            },
            Action::SaveAs => self.ask_for_file(Purpose::Save),
            Action::Open => self.ask_for_file(Purpose::Open),
            Action::New if self.is_changed() => self.mode = Mode::Asking(Question::Begin),
            Action::New => self.renew(),
            other => return Some(Wish::Screen(other)),
        }
        None
    }

    fn select(&mut self, row: usize) {
        self.selected = row.min(self.rows.len().saturating_sub(1));
    }

    fn section(&self, row: usize) -> &'static str {
        self.rows.get(row).map_or("", |row| row.section)
    }

    /// The first row of a row's section.
    fn beginning(&self, row: usize) -> usize {
        let section = self.section(row);
        self.rows.iter().position(|row| row.section == section).unwrap_or(0)
    }

    fn next_section(&self) -> usize {
        let here = self.section(self.selected);
        (self.selected..self.rows.len()).find(|&row| self.section(row) != here).unwrap_or(self.selected)
    }

    fn previous_section(&self) -> usize {
        match self.beginning(self.selected) {
            beginning if beginning < self.selected => beginning,
            beginning => self.beginning(beginning.saturating_sub(1)),
        }
    }

    fn layer(&self) -> Option<usize> {
        match self.row()?.place {
            Place::Layer(index) => Some(index),
            _ => None,
        }
    }

    /// From one field of a layer to the other, or from one choice to the next.
    fn sideways(&mut self, cell: Cell, by: isize) {
        if self.layer().is_some() {
            self.cell = cell;
        } else {
            self.cycle(by);
        }
    }

    /// The choices of the selected field, and which of them it is now.
    fn choices(&self) -> Option<(Vec<Choice>, Option<usize>)> {
        let Input::Choice(choices) = self.input() else { return None };
        let key = self.key();
        let now = self.document.plain(&key);
        let nothing = |choice: &Choice| matches!(choice, Choice::Nothing(_)) && now.is_none();
        let at = choices.iter().position(nothing).or_else(|| {
            let now = now.clone().or_else(|| self.verdict.unstated(&key))?;
            choices.iter().position(|choice| choice.name() == now)
        });
        Some((choices, at))
    }

    fn cycle(&mut self, by: isize) {
        let Some((choices, at)) = self.choices().filter(|(choices, _)| !choices.is_empty()) else { return };
        let count = choices.len();
        let next = at.map_or(0, |at| at.wrapping_add(count).wrapping_add_signed(by) % count);
        self.take(choices[next]);
    }

    /// Takes a value of the selected field, and takes out what has no place beside it.
    fn take(&mut self, choice: Choice) {
        let (key, name) = (self.key(), self.name());
        let mut out = 0;
        self.change(|document| {
            out = state(document, &key, choice, &name);
            true
        });
        if out > 0 {
            let fields = if out == 1 { "field" } else { "fields" };
            self.note(format!("{out} {fields} taken out that {} does not take: u undoes both", choice.name()));
        }
    }

    fn edit(&mut self) {
        if self.row().is_none_or(|row| row.place == Place::Layers) {
            self.note("a adds a layer");
        } else if let Some((_, at)) = self.choices() {
            self.mode = Mode::Choosing(at.unwrap_or(0));
        } else {
            self.mode = Mode::Typing(Typed::new(self.document.plain(&self.key()).unwrap_or_default()));
        }
    }

    pub(super) fn choose(&mut self, at: usize, action: Action) -> Option<Wish> {
        let Some((choices, _)) = self.choices() else {
            self.mode = Mode::Browsing;
            return None;
        };
        match action {
            Action::Up => self.mode = Mode::Choosing(at.saturating_sub(1)),
            Action::Down => self.mode = Mode::Choosing((at + 1).min(choices.len().saturating_sub(1))),
            Action::Accept => {
                self.mode = Mode::Browsing;
                if let Some(choice) = choices.get(at) {
                    self.take(*choice);
                }
            }
            Action::Back => self.mode = Mode::Browsing,
            other => return Some(Wish::Screen(other)),
        }
        None
    }

    fn add_layer(&mut self) {
        let layers = self.document.layers();
        let (at, like) = match self.row().map(|row| &row.place) {
            Some(Place::Layer(index)) => (index + 1, Some(*index)),
            Some(Place::Layers) => (0, Some(0)),
            _ => (layers, layers.checked_sub(1)),
        };
        let like = like.map_or(FIRST_LAYER, |index| self.read_layer(index));
        self.change(|document| document.add_layer(at, like));
        self.show_layer(at);
    }

    /// A layer of the document; what is not right in it is replaced.
    fn read_layer(&self, index: usize) -> Layer {
        let part = |field| self.document.plain(&super::Document::layer_key(index, field)).unwrap_or_default();
        let name = part("activation");
        Layer {
            units: part("units").parse().ok().filter(|&units| units > 0).unwrap_or(FIRST_LAYER.units),
            activation: Activation::ALL
                .iter()
                .copied()
                .find(|activation| activation.name() == name)
                .unwrap_or(FIRST_LAYER.activation),
        }
    }

    fn show_layer(&mut self, index: usize) {
        if let Some(row) = self.rows.iter().position(|row| row.place == Place::Layer(index)) {
            (self.selected, self.cell) = (row, Cell::Units);
        }
    }

    fn remove(&mut self) {
        match self.row().map(|row| row.place.clone()) {
            Some(Place::Layer(index)) => {
                let last = index + 1 == self.document.layers();
                self.change(|document| document.remove_layer(index));
                if last && index > 0 {
                    self.show_layer(index - 1);
                }
            }
            Some(Place::Layers) => self.note("select a layer to take it out"),
            Some(Place::Field(key)) => {
                let removed = self.change(|document| document.remove(&key));
                if !removed {
                    self.note(format!("{key} is not stated"));
                }
            }
            None => {}
        }
    }

    fn move_layer(&mut self, by: isize) {
        let Some(index) = self.layer() else {
            self.note("select a layer to move it");
            return;
        };
        let there = index.wrapping_add_signed(by);
        if there < self.document.layers() {
            let cell = self.cell;
            self.change(|document| document.swap_layers(index, there));
            self.show_layer(there);
            self.cell = cell;
        }
    }

    fn go_back(&mut self) {
        match self.undo.pop() {
            Some(before) => {
                let after = self.turn_to(&before);
                self.redo.push(after);
            }
            None => self.note("nothing to undo"),
        }
    }

    fn go_forth(&mut self) {
        match self.redo.pop() {
            Some(after) => {
                let before = self.turn_to(&after);
                self.undo.push(before);
            }
            None => self.note("nothing to redo"),
        }
    }

    /// Goes to a text that the document had once; returns the one it has now.
    fn turn_to(&mut self, text: &str) -> String {
        let now = self.document.text().to_owned();
        // It was TOML then, and so it is now.
        if let Ok(document) = Document::parse("experiment.toml", text) {
            self.document = document;
        }
        self.refresh();
        now
    }

    fn start(&mut self) -> Option<Wish> {
        if let Some(experiment) = self.experiment() {
            return Some(Wish::Start(Box::new(experiment.clone())));
        }
        if let Some(trouble) = self.verdict.troubles.first().cloned() {
            if let Some(row) = rows::find(&self.rows, &trouble.key) {
                self.selected = row;
                let activation = self.rows[row].key(Cell::Activation) == trouble.key;
                self.cell = if activation { Cell::Activation } else { Cell::Units };
            }
            self.complain(format!("cannot start: {}", trouble.text));
        }
        None
    }
}
