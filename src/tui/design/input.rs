//! What can be typed or chosen for a field.

use crate::data::Source;
use crate::experiment::{Document, Field};

/// The ways to give a field its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Any text.
    Text,
    /// A value of TOML, as a number is.
    Value,
    /// One of some values.
    Choice(Vec<Choice>),
}

/// A value to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A name.
    Name(&'static str),
    /// `true` or `false`.
    Flag(bool),
    /// Nothing is stated, which has a name too.
    Nothing(&'static str),
}

impl Input {
    /// The way for a key whose default is known or not.
    pub fn of(key: &str, default: Option<&str>) -> Self {
        let names = |names: &[&'static str]| names.iter().map(|&name| Choice::Name(name)).collect::<Vec<_>>();
        match key {
            "name" | "data.images" | "data.labels" | "data.portraits" => return Self::Text,
            "precision" => return Self::Choice(names(&["f32", "f64"])),
            "data.source" => {
                let mut sources = names(Source::NAMES);
                sources.push(Choice::Nothing("own files"));
                return Self::Choice(sources);
            }
            _ => {}
        }
        let choices = Field::of(key).map(Field::choices).unwrap_or_default();
        if !choices.is_empty() {
            Self::Choice(names(&choices))
        } else if matches!(default, Some("true" | "false")) {
            Self::Choice(vec![Choice::Flag(true), Choice::Flag(false)])
        } else {
            Self::Value
        }
    }

    /// States in a document what was typed; nothing typed, nothing stated. Whether something changed.
    pub fn state(&self, document: &mut Document, key: &str, text: &str) -> bool {
        match (text.trim(), self) {
            ("", _) => document.remove(key),
            (text, Self::Text) => document.set_text(key, text),
            (text, _) => document.set(key, text),
        }
    }
}

impl Choice {
    /// Its name on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name(name) | Self::Nothing(name) => name,
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
        }
    }

    /// States it in a document. Whether something changed.
    pub fn state(self, document: &mut Document, key: &str) -> bool {
        match self {
            Self::Name(name) => document.set_text(key, name),
            Self::Flag(_) => document.set(key, self.name()),
            Self::Nothing(_) => document.remove(key),
        }
    }
}
