//! Saving and opening.

use std::path::Path;

use super::{Design, Mode, Origin, Question};
use crate::experiment::Document;
use crate::linalg::write_whole;

impl Design {
    /// Begins another experiment, a small one to start from.
    pub(super) fn renew(&mut self) {
        *self = Self { origin: Origin::New, ..Self::new() };
        self.note("a small experiment to start from");
    }

    /// Writes the experiment to a file, whole or not at all, and keeps it there from now on. Asks first if
    /// that would overwrite what is not known here, unless told to `replace` it.
    pub fn save(&mut self, file: &Path, replace: bool) {
        let text = self.document.text();
        let own = self.file.as_deref() == Some(file);
        let known = |there: &[u8]| there == text.as_bytes() || (own && there == self.kept.as_bytes());
        if !replace && file.exists() && !std::fs::read(file).is_ok_and(|there| known(&there)) {
            self.mode = Mode::Asking(Question::Replace(file.to_owned()));
            return;
        }
        match write_whole(file, text.as_bytes()) {
            Ok(()) => {
                self.kept = text.to_owned();
                self.file = Some(file.to_owned());
                self.mode = Mode::Browsing;
                // Paths in it are relative to the file, and it may be called after it.
                self.refresh();
                self.note(format!("saved in {}", file.display()));
            }
            Err(error) => self.complain(format!("{} cannot be written: {error}", file.display())),
        }
    }

    /// Reads the experiment of a file in place of this one. It need not be right, but it must be TOML. Where it
    /// is not, its name stays to be corrected, as that of a file that cannot be written does.
    pub fn open(&mut self, file: &Path) {
        match Document::read(file) {
            Ok(document) => {
                *self = Self::of(document, Some(file.to_owned()));
                self.note(format!("opened {}", file.display()));
            }
            Err(problems) => {
                let Some(problem) = problems.problems().first() else { return };
                let line = problems.line(problem).map(|line| format!(":{line}")).unwrap_or_default();
                self.complain(format!("{}{line}: {}", file.display(), problem.flaw.sentence()));
            }
        }
    }
}
