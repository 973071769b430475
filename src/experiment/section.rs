//! Reading one section of the tree: each value is taken out once, and what is left is unknown.

use std::cell::RefCell;

use super::fields;
use super::node::{Entries, Entry, Node, Origin, Value};
use super::problem::{Flaw, Problem};
use crate::optim::Range;

/// Where problems are collected.
#[derive(Debug, Default)]
pub(super) struct Sink(RefCell<Vec<Problem>>);

impl Sink {
    pub fn report(&self, origin: Origin, flaw: Flaw) {
        self.0.borrow_mut().push(Problem { flaw, origin: Some(origin) });
    }

    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The problems in the order of the sources.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.0.into_inner();
        problems.sort_by_key(|problem| problem.origin);
        // The parser reports every level of nesting that the end of the file leaves open.
        problems.dedup();
        problems
    }
}

/// A value that was found, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<T> {
    pub value: T,
    pub origin: Origin,
}

/// A section whose values are taken out one by one.
pub(super) struct Section<'a> {
    /// Its place in the table of fields.
    path: String,
    /// Its name in messages.
    shown: String,
    /// Where it is; the start of the file where it is not.
    pub origin: Origin,
    entries: Entries,
    sink: &'a Sink,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub fn root(entries: Entries, sink: &'a Sink) -> Self {
        let origin = Origin { source: 0, start: 0, end: 0 };
        Self { path: String::new(), shown: String::new(), origin, entries, sink }
    }

    /// A key of this section, in full, as messages name it.
    pub fn key(&self, key: &str) -> String {
        below(&self.shown, key)
    }

    /// Whether there is a value that was not taken out yet.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Takes out a value.
    pub fn take(&mut self, key: &'static str) -> Option<Entry> {
        debug_assert!(fields::keys(&self.path).contains(&key), "{key} is not in the table of fields");
        self.entries.remove(key)
    }

    /// Takes out every value whose key satisfies `test`, with the place of the key.
    pub fn take_if(&mut self, test: impl Fn(&str) -> bool) -> Vec<(String, Origin)> {
        let keys: Vec<_> = self.entries.keys().filter(|key| test(key)).cloned().collect();
        keys.into_iter().filter_map(|key| self.entries.remove(&key).map(|entry| (key, entry.key))).collect()
    }

    /// A section below this one, if it is there.
    pub fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let Entry { key: origin, node } = self.take(key)?;
        if let Value::Table(entries) = node.value {
            return Some(self.part(key, self.key(key), origin, entries));
        }
        self.wrong(key, &node, "a table");
        None
    }

    /// A section below this one, empty if it is not there.
    pub fn section_or_empty(&mut self, key: &'static str) -> Section<'a> {
        self.section(key).unwrap_or_else(|| self.part(key, self.key(key), self.origin, Entries::new()))
    }

    fn part(&self, key: &str, shown: String, origin: Origin, entries: Entries) -> Section<'a> {
        Self { path: below(&self.path, key), shown, origin, entries, sink: self.sink }
    }

    /// The tables of a list.
    pub fn tables(&mut self, key: &'static str) -> Option<Found<Vec<Section<'a>>>> {
        let node = self.take(key)?.node;
        let origin = node.origin;
        let Value::List(items) = node.value else {
            self.wrong(key, &node, "a list of tables");
            return None;
        };
        let mut sections = Vec::new();
        for (index, node) in items.into_iter().enumerate() {
            let shown = format!("{}.{}", self.key(key), index + 1);
            let Node { origin, value } = node;
            if let Value::Table(entries) = value {
                sections.push(self.part(key, shown, origin, entries));
            } else {
                let expected = "a table, as in { units = 100, activation = \"tanh\" }".to_owned();
                self.sink.report(origin, Flaw::Value { key: shown, expected, found: value.describe() });
            }
        }
        Some(Found { value: sections, origin })
    }

    /// Text.
    pub fn text(&mut self, key: &'static str) -> Option<Found<String>> {
        let node = self.take(key)?.node;
        if let Value::Text(value) = node.value {
            return Some(Found { value, origin: node.origin });
        }
        self.wrong(key, &node, "text in quotes");
        None
    }

    /// One of some names.
    pub fn name<T: Copy>(
        &mut self,
        key: &'static str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Option<Found<T>> {
        let node = self.take(key)?.node;
        let known: Vec<_> = all.iter().map(|&item| name(item)).collect();
        let Value::Text(text) = &node.value else {
            let quoted: Vec<_> = known.iter().map(|name| format!("{name:?}")).collect();
            let quoted: Vec<_> = quoted.iter().map(String::as_str).collect();
            self.wrong(key, &node, &super::problem::listed(&quoted));
            return None;
        };
        if let Some(&value) = all.iter().find(|&&item| name(item) == text) {
            return Some(Found { value, origin: node.origin });
        }
        let suggestion = nearest(text, &known).map(str::to_owned);
        self.sink.report(node.origin, Flaw::Name { key: self.key(key), found: text.clone(), known, suggestion });
        None
    }

    /// Some names, in the order of `all`, at least one.
    pub fn names<T: Copy>(&mut self, key: &'static str, all: &[T], name: impl Fn(T) -> &'static str) -> Option<Vec<T>> {
        let node = self.take(key)?.node;
        let known: Vec<_> = all.iter().map(|&item| name(item)).collect();
        let Value::List(items) = &node.value else {
            self.wrong(key, &node, &format!("a list of names, some of {}", known.join(", ")));
            return None;
        };
        if items.is_empty() {
            self.wrong(key, &node, &format!("a list of one or more of {}", known.join(", ")));
            return None;
        }
        let mut found = Vec::new();
        for item in items {
            let shown = self.key(key);
            match &item.value {
                Value::Text(text) if known.contains(&text.as_str()) => found.push(text.as_str()),
                Value::Text(text) => {
                    let suggestion = nearest(text, &known).map(str::to_owned);
                    let flaw = Flaw::Name { key: shown, found: text.clone(), known: known.clone(), suggestion };
                    self.sink.report(item.origin, flaw);
                }
                other => {
                    let expected = format!("a name, one of {}", known.join(", "));
                    self.sink.report(item.origin, Flaw::Value { key: shown, expected, found: other.describe() });
                }
            }
        }
        Some(all.iter().copied().filter(|&item| found.contains(&name(item))).collect())
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let node = self.take(key)?.node;
        if let Value::Flag(flag) = node.value {
            return Some(flag);
        }
        self.wrong(key, &node, "true or false");
        None
    }

    /// A number within a range.
    pub fn number(&mut self, key: &'static str, range: Range) -> Option<Found<f64>> {
        let node = self.take(key)?.node;
        let value = match node.value {
            Value::Whole(number) => number as f64,
            Value::Number(number) => number,
            _ => f64::NAN,
        };
        if range.contains(value) {
            return Some(Found { value, origin: node.origin });
        }
        self.wrong(key, &node, range.expectation());
        None
    }

    /// A whole number within a range, up to `most`.
    pub fn whole(&mut self, key: &'static str, range: Range, most: u64) -> Option<Found<u64>> {
        let node = self.take(key)?.node;
        if let Value::Whole(number) = node.value {
            match u64::try_from(number) {
                Ok(value) if range.contains(value as f64) && value <= most => {
                    return Some(Found { value, origin: node.origin });
                }
                _ if number > 0 => {
                    let least = u64::from(matches!(range, Range::Count));
                    self.wrong(key, &node, &format!("a whole number from {least} up to {most}"));
                    return None;
                }
                _ => {}
            }
        }
        self.wrong(key, &node, range.expectation());
        None
    }

    /// Reports what is wrong with a value.
    pub fn wrong(&self, key: &str, node: &Node, expected: &str) {
        let (expected, found) = (expected.to_owned(), node.value.describe());
        self.sink.report(node.origin, Flaw::Value { key: self.key(key), expected, found });
    }

    /// Reports a key that must be there.
    pub fn missing(&self, key: &str, expected: impl Into<String>) {
        self.sink.report(self.origin, Flaw::Missing { key: self.key(key), expected: expected.into() });
    }

    /// Reports what is left as unknown.
    pub fn finish(self) {
        let known = fields::keys(&self.path);
        for (key, entry) in &self.entries {
            let elsewhere = || fields::FIELDS.iter().find(|field| field.key.rsplit('.').next() == Some(key));
            let suggestion =
                nearest(key, &known).map(str::to_owned).or_else(|| elsewhere().map(|field| field.key.to_string()));
            let flaw = Flaw::UnknownKey { key: self.key(key), suggestion, known: known.clone() };
            self.sink.report(entry.key, flaw);
        }
    }
}

/// The full path of a key below `path`.
fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The name nearest to `text`, if it is near enough to be meant.
pub fn nearest<'n>(text: &str, names: &[&'n str]) -> Option<&'n str> {
    let distance = |name: &&str| strsim::damerau_levenshtein(&text.to_lowercase(), name);
    let best = names.iter().copied().min_by_key(distance)?;
    (distance(&best) <= (text.chars().count() / 3).max(1)).then_some(best)
}
