//! Keys while a value or a file name is typed.

use std::path::PathBuf;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Action, Design, Mode, Purpose, Question, Wish};
use crate::tui::line::Typed;

impl Design {
    fn line(&mut self) -> Option<&mut Typed> {
        match &mut self.mode {
            Mode::Typing(line) | Mode::Naming(_, line) => Some(line),
            _ => None,
        }
    }

    /// Takes in a key that has no other meaning.
    pub(super) fn type_in(&mut self, event: &KeyEvent) {
        let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        if let (KeyCode::Char(sign), true, Some(line)) = (event.code, plain, self.line()) {
            line.insert(sign);
        }
    }

    /// Types signs that were pasted. Whether there is where.
    pub fn paste(&mut self, signs: impl Iterator<Item = char>) -> bool {
        let Some(line) = self.line() else { return false };
        signs.for_each(|sign| line.insert(sign));
        self.message = None;
        self.judge();
        true
    }

    pub(super) fn edit_line(&mut self, action: Action) -> Option<Wish> {
        match action {
            Action::Accept => return self.accept(),
            Action::Back => self.mode = Mode::Browsing,
            other if self.line()?.edit(other) => {}
            other => return Some(Wish::Screen(other)),
        }
        None
    }

    /// Takes what was typed. A wrong value is taken too, and is marked until it is put right.
    fn accept(&mut self) -> Option<Wish> {
        match &self.mode {
            Mode::Typing(line) => {
                let (input, key, text) = (self.input(), self.key(), line.text().to_owned());
                self.mode = Mode::Browsing;
                self.change(|document| input.state(document, &key, &text));
                None
            }
            // The name stays until the file is saved or opened.
            Mode::Naming(purpose, line) => {
                let file = PathBuf::from(line.text().trim());
                if file.as_os_str().is_empty() {
                    self.mode = Mode::Browsing;
                    return None;
                }
                match purpose {
                    Purpose::Save => Some(Wish::Save { file, replace: false }),
                    Purpose::Open if self.is_changed() => {
                        self.mode = Mode::Asking(Question::Discard(file));
                        None
                    }
                    Purpose::Open => Some(Wish::Open(file)),
                }
            }
            _ => None,
        }
    }

    /// Asks for the name of a file; one to save in is suggested.
    pub(super) fn ask_for_file(&mut self, purpose: Purpose) {
        let line = match (purpose, &self.file) {
            (Purpose::Open, _) => Typed::default(),
            (Purpose::Save, Some(file)) => Typed::new(file.display().to_string()),
            (Purpose::Save, None) => {
                let name = self.document.plain("name").unwrap_or_else(|| "experiment".to_owned());
                Typed::new(format!("{name}.toml"))
            }
        };
        self.mode = Mode::Naming(purpose, line);
    }

    pub(super) fn answer(&mut self, question: Question, action: Action) -> Option<Wish> {
        let naming = |purpose, file: &PathBuf| Mode::Naming(purpose, Typed::new(file.display().to_string()));
        if !matches!(action, Action::Accept | Action::Back) {
            return Some(Wish::Screen(action));
        }
        // Another name can be given.
        self.mode = match &question {
            Question::Replace(file) => naming(Purpose::Save, file),
            Question::Discard(file) => naming(Purpose::Open, file),
            Question::Begin => Mode::Browsing,
        };
        match question {
            _ if action == Action::Back => {}
            Question::Replace(file) => return Some(Wish::Save { file, replace: true }),
            Question::Discard(file) => return Some(Wish::Open(file)),
            Question::Begin => self.renew(),
        }
        None
    }
}
