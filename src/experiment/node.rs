//! What TOML says, with the place of every key and value: a tree that an override can change.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// A place in one of the sources: the file, or a `--set` argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Index of the source.
    pub source: usize,
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub origin: Origin,
    pub value: Value,
}

/// A value of TOML.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Whole(i128),
    Number(f64),
    Flag(bool),
    Date,
    List(Vec<Node>),
    Table(Entries),
}

/// The entries of a table.
pub(super) type Entries = BTreeMap<String, Entry>;

/// A value and the place of its key.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: Origin,
    pub node: Node,
}

/// Turns what the TOML parser found into a tree. Places are moved by `shift` bytes in `source`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Convert {
    pub source: usize,
    pub shift: usize,
}

impl Convert {
    pub fn origin(self, span: std::ops::Range<usize>) -> Origin {
        Origin { source: self.source, start: span.start + self.shift, end: span.end + self.shift }
    }

    pub fn entries(self, table: &DeTable) -> Entries {
        let entry = |(key, value): (&Spanned<DeString>, &Spanned<DeValue>)| {
            (key.get_ref().to_string(), Entry { key: self.origin(key.span()), node: self.node(value) })
        };
        table.iter().map(entry).collect()
    }

    pub fn node(self, value: &Spanned<DeValue>) -> Node {
        let converted = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            // A whole number beyond 128 bits is out of every range, as is the number it becomes.
            DeValue::Integer(digits) => {
                i128::from_str_radix(digits.as_str(), digits.radix()).map_or(Value::Number(f64::INFINITY), Value::Whole)
            }
            DeValue::Float(digits) => Value::Number(digits.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(_) => Value::Date,
            DeValue::Array(items) => Value::List(items.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => Value::Table(self.entries(table)),
        };
        Node { origin: self.origin(value.span()), value: converted }
    }
}

impl Value {
    /// The value in words, for `found …`.
    pub fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("{text:?}"),
            Self::Whole(number) => number.to_string(),
            // With its decimal point: 100.0 is not the whole number 100.
            Self::Number(number) => format!("{number:?}"),
            Self::Flag(flag) => flag.to_string(),
            Self::Date => "a date or time".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}
