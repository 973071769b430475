//! A line that is typed, with a cursor.

use super::action::Action;

/// The most signs of a line.
const MOST: usize = 1000;

/// A line of text and the place of its cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    text: String,
    /// Signs before the cursor.
    cursor: usize,
}

impl Typed {
    /// A line with the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.chars().count(), text }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor, the sign under it, and the text after that.
    pub fn parts(&self) -> (&str, &str, &str) {
        let (before, rest) = self.text.split_at(self.byte(self.cursor));
        let (under, after) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
        (before, under, after)
    }

    fn byte(&self, sign: usize) -> usize {
        self.text.char_indices().nth(sign).map_or(self.text.len(), |(byte, _)| byte)
    }

    fn len(&self) -> usize {
        self.text.chars().count()
    }

    /// Types a sign.
    pub fn insert(&mut self, sign: char) {
        if !sign.is_control() && self.len() < MOST {
            self.text.insert(self.byte(self.cursor), sign);
            self.cursor += 1;
        }
    }

    /// Erases the sign before the cursor.
    pub fn erase(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.delete();
        }
    }

    /// Erases the sign under the cursor.
    pub fn delete(&mut self) {
        if self.cursor < self.len() {
            self.text.remove(self.byte(self.cursor));
        }
    }

    /// Erases all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes in an action. Whether it is one on a line.
    pub fn edit(&mut self, action: Action) -> bool {
        match action {
            Action::Erase => self.erase(),
            Action::Remove => self.delete(),
            Action::Clear => self.clear(),
            Action::Left => self.go(-1),
            Action::Right => self.go(1),
            Action::First => self.go(isize::MIN),
            Action::Last => self.go(isize::MAX),
            _ => return false,
        }
        true
    }

    /// Moves the cursor.
    pub fn go(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_typed_and_erased_at_the_cursor() {
        let mut line = Typed::new("añb");
        line.go(-2);
        assert_eq!(line.parts(), ("a", "ñ", "b"));
        line.insert('é');
        assert_eq!(line.parts(), ("aé", "ñ", "b"));
        line.delete();
        line.erase();
        assert_eq!(line.text(), "ab");
        line.go(isize::MAX);
        line.delete();
        line.insert('\n');
        assert_eq!(line.parts(), ("ab", "", ""));
        line.clear();
        line.erase();
        assert_eq!(line, Typed::default());
    }
}
