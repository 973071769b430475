//! `--set key=value`: changes the tree before it is checked.

use toml::de::DeValue;

use super::node::{Convert, Entries, Entry, Node, Origin, Value};
use super::problem::Flaw;
use super::section::Sink;

/// Sets in `entries` what `argument`, source number `source`, says. A word without quotes is text.
pub(super) fn apply(entries: &mut Entries, argument: &str, source: usize, sink: &Sink) {
    let Some((key, text)) = argument.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
        sink.report(Origin { source, start: 0, end: argument.len() }, Flaw::Override);
        return;
    };
    let place = Origin { source, start: 0, end: key.len() };
    let convert = Convert { source, shift: argument.len() - text.trim_start().len() };
    let text = text.trim();
    let node = match DeValue::parse(text) {
        Ok(value) => convert.node(&value),
        Err(_) if is_word(text) => Node { origin: convert.origin(0..text.len()), value: Value::Text(text.to_owned()) },
        Err(error) => {
            let span = error.span().unwrap_or(0..text.len());
            sink.report(convert.origin(span), Flaw::Syntax { message: error.message().to_owned() });
            return;
        }
    };
    let path: Vec<_> = key.split('.').map(str::trim).collect();
    if let Err(Astray { at, found }) = set(entries, &path, place, node) {
        let key = path[..=at].join(".");
        let expected = "a section, or a list with the number of its item (from 1)".to_owned();
        sink.report(place, Flaw::Value { key, expected, found });
    }
}

/// A path that leads nowhere.
#[derive(Debug)]
pub(super) struct Astray {
    /// Up to which segment it leads somewhere.
    at: usize,
    /// What is there, in words.
    found: String,
}

impl Astray {
    fn further(self, segments: usize) -> Self {
        Self { at: self.at + segments, ..self }
    }
}

/// Sets the value at `path`; tells which segment of it is not a section.
pub(super) fn set(entries: &mut Entries, path: &[&str], place: Origin, node: Node) -> Result<(), Astray> {
    let Some((&first, rest)) = path.split_first() else { return Ok(()) };
    if rest.is_empty() {
        entries.insert(first.to_owned(), Entry { key: place, node });
        return Ok(());
    }
    let new = || Entry { key: place, node: Node { origin: place, value: Value::Table(Entries::new()) } };
    let below = &mut entries.entry(first.to_owned()).or_insert_with(new).node.value;
    match (below, rest) {
        (Value::Table(below), _) => set(below, rest, place, node).map_err(|astray| astray.further(1)),
        (Value::List(items), [number, rest @ ..]) => {
            let count = items.len();
            let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            match (index.and_then(|index| items.get_mut(index)), rest) {
                (Some(item), []) => *item = node,
                (Some(Node { value: Value::Table(item), .. }), _) => {
                    return set(item, rest, place, node).map_err(|astray| astray.further(2));
                }
                (Some(Node { value, .. }), _) => return Err(Astray { at: 1, found: value.describe() }),
                (None, _) => return Err(Astray { at: 1, found: format!("a list of {count}") }),
            }
            Ok(())
        }
        (value, _) => Err(Astray { at: 0, found: value.describe() }),
    }
}

fn is_word(text: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "_-./~+ ".contains(c);
    text.starts_with(|c: char| c.is_alphabetic() || "/._~".contains(c)) && text.chars().all(part)
}
