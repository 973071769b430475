//! From the text of a sweep to its axes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{DIVERGED, FULL, MOST_RUNS};
use crate::experiment::node::{Entries, Entry, Node, Origin, Value};
use crate::experiment::problem::Flaw;
use crate::experiment::section::Sink;
use crate::experiment::{Problems, read};

/// Messages show the experiment as the first source, and the sweep as the second.
pub(super) const SWEEP: usize = 1;
/// The keys of a sweep, and of one of its scales.
const KEYS: &[&str] = &["base", "diverged", "grid", "list", "name", "scale", "seeds", "set"];
const SCALE_KEYS: &[&str] = &["base", "grid", "list", "seeds", "set"];

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// As after `--set`: `network.layers.1.units`.
    pub key: String,
    pub place: Origin,
    pub node: Node,
}

/// One of the values of an axis: some settings.
pub(super) type Choice = Vec<Setting>;

/// A base file and the place where it is named.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub file: PathBuf,
    pub origin: Origin,
}

/// What a sweep varies.
#[derive(Clone, Debug, Default)]
pub(super) struct Axes {
    pub base: Vec<Base>,
    pub list: Vec<Choice>,
    pub grid: Vec<Vec<Choice>>,
    pub seeds: Vec<Choice>,
}

/// A sweep before its bases are read.
#[derive(Debug)]
pub(super) struct Plan {
    pub name: String,
    pub source: (String, String),
    pub diverged: f64,
    /// What holds of every run at full scale.
    pub set: Choice,
    /// What a scale sets besides.
    pub scaled: Choice,
    /// The axes at full scale, and here.
    pub full: Axes,
    pub axes: Axes,
}

impl Axes {
    /// Number of points, without seeds and bases.
    pub fn points(&self) -> usize {
        let lengths = self.grid.iter().map(Vec::len).chain([self.list.len()]);
        lengths.map(|length| length.max(1)).product()
    }

    /// Takes in the axes of a table; those it does not have stay.
    fn take(&mut self, entries: &mut Entries, folder: &Path, sink: &Sink) {
        if let Some(entry) = entries.remove("base") {
            self.base = bases(&entry.node, folder, sink);
        }
        if let Some(entry) = entries.remove("list") {
            self.list = list(&entry.node, sink);
        }
        if let Some(entry) = entries.remove("seeds") {
            self.seeds = seeds(&entry, sink);
        }
        let Some(entry) = entries.remove("grid") else { return };
        for Setting { key, place, node } in settings("grid", entry, sink) {
            let Value::List(items) = node.value else {
                wrong(sink, node.origin, &format!("grid.{key}"), "a list of values", &node.value);
                continue;
            };
            if items.is_empty() {
                wrong(sink, node.origin, &format!("grid.{key}"), "a list of at least one value", &Value::List(items));
                continue;
            }
            let choices = items.into_iter().map(|node| vec![Setting { key: key.clone(), place, node }]).collect();
            match self.grid.iter_mut().find(|axis| axis[0][0].key == key) {
                Some(axis) => *axis = choices,
                None => self.grid.push(choices),
            }
        }
    }

    /// Reports keys of which two axes would each have their say.
    fn check(&self, sink: &Sink) {
        let mut seen = BTreeSet::new();
        let lists = self.list.iter().flatten().map(|setting| (setting.key.clone(), setting.place));
        let lists: std::collections::BTreeMap<_, _> = lists.collect();
        let first = |axis: &Vec<Choice>| axis.first().and_then(|choice| choice.first()).cloned();
        let grids = self.grid.iter().filter_map(first).chain(first(&self.seeds)).map(|one| (one.key, one.place));
        for (key, place) in lists.into_iter().chain(grids) {
            if !seen.insert(key.clone()) {
                let (expected, found) = ("stated on one axis alone", "it on another one too");
                sink.report(place, Flaw::Value { key, expected: expected.into(), found: found.into() });
            }
        }
    }
}

impl Plan {
    /// Reads a sweep; `name` is its file's.
    pub fn parse(name: &str, text: &str, scale: &str) -> Result<Self, Problems> {
        let sink = Sink::default();
        let file = Path::new(name);
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut entries = read::entries(text, SWEEP, &sink);
        let stem = file.file_stem().map_or_else(|| "sweep".to_owned(), |stem| stem.to_string_lossy().into_owned());
        let mut plan = Self {
            name: stem,
            source: (name.to_owned(), text.to_owned()),
            diverged: DIVERGED,
            set: Vec::new(),
            scaled: Vec::new(),
            full: Axes::default(),
            axes: Axes::default(),
        };
        if sink.is_empty() {
            plan.take(&mut entries, folder, scale, &sink);
        }
        if sink.is_empty() { Ok(plan) } else { Err(plan.problems(sink, None)) }
    }

    /// The problems of a sink, with the texts they are in.
    pub fn problems(&self, sink: Sink, base: Option<(String, String)>) -> Problems {
        let sources = vec![base.unwrap_or_default(), self.source.clone()];
        Problems { sources, problems: sink.into_problems() }
    }

    fn take(&mut self, entries: &mut Entries, folder: &Path, scale: &str, sink: &Sink) {
        if let Some(entry) = entries.remove("name") {
            let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
            match entry.node.value {
                Value::Text(name) if !name.is_empty() && !name.starts_with('.') && name.chars().all(plain) => {
                    self.name = name;
                }
                other => wrong(sink, entry.node.origin, "name", "text of letters, digits, - _ and .", &other),
            }
        }
        if let Some(entry) = entries.remove("diverged") {
            match entry.node.value {
                Value::Whole(0) => self.diverged = 0.0,
                Value::Whole(number) if number > 1 => self.diverged = number as f64,
                Value::Number(number) if number.is_finite() && number > 1.0 => self.diverged = number,
                other => wrong(sink, entry.node.origin, "diverged", "a number above 1, or 0 for never", &other),
            }
        }
        if let Some(entry) = entries.remove("set") {
            self.set = settings("set", entry, sink);
        }
        let scales = entries.remove("scale");
        self.full.take(entries, folder, sink);
        if self.full.base.is_empty() && sink.is_empty() {
            let origin = Origin { source: SWEEP, start: 0, end: 0 };
            let expected = "the experiment file that the runs are based on, or a list of them".to_owned();
            sink.report(origin, Flaw::Missing { key: "base".into(), expected });
        }
        unknown(entries, "", KEYS, sink);
        self.axes = self.full.clone();
        self.scale(scales, folder, scale, sink);
        self.axes.check(sink);
        let runs = [self.axes.base.len(), self.axes.seeds.len().max(1)]
            .into_iter()
            .fold(self.axes.points(), usize::saturating_mul);
        if runs > MOST_RUNS {
            let origin = Origin { source: SWEEP, start: 0, end: 0 };
            let (expected, found) = (format!("of at most {MOST_RUNS} runs"), format!("{runs} runs"));
            sink.report(origin, Flaw::Value { key: "the sweep".into(), expected, found });
        }
    }

    /// Takes in a scale, and looks through the others.
    fn scale(&mut self, scales: Option<Entry>, folder: &Path, wanted: &str, sink: &Sink) {
        let place = scales.as_ref().map_or(Origin { source: SWEEP, start: 0, end: 0 }, |entry| entry.key);
        let mut known = Vec::new();
        for (name, entry) in tables(scales, sink) {
            let key = format!("scale.{name}");
            let Value::Table(mut entries) = entry.node.value else {
                wrong(sink, entry.node.origin, &key, "a table", &entry.node.value);
                continue;
            };
            if name == FULL {
                let (expected, found) = ("another name: full is what the file says", "full");
                sink.report(entry.key, Flaw::Value { key, expected: expected.into(), found: found.into() });
                continue;
            }
            let (mut axes, mut set) = (self.full.clone(), Vec::new());
            axes.take(&mut entries, folder, sink);
            if let Some(entry) = entries.remove("set") {
                set = settings(&format!("{key}.set"), entry, sink);
            }
            unknown(&entries, &key, SCALE_KEYS, sink);
            if name == wanted {
                (self.axes, self.scaled) = (axes, set);
            }
            known.push(name);
        }
        if wanted != FULL && !known.iter().any(|name| name == wanted) && sink.is_empty() {
            known.push(FULL.to_owned());
            let (expected, found) = (format!("one of {}", known.join(", ")), format!("{wanted:?} asked for"));
            sink.report(place, Flaw::Value { key: "the scale".into(), expected, found });
        }
    }
}

/// Reports a value that is not what it should be.
fn wrong(sink: &Sink, origin: Origin, key: &str, expected: &str, found: &Value) {
    let found = match found {
        Value::List(items) if items.is_empty() => "none".to_owned(),
        other => other.describe(),
    };
    sink.report(origin, Flaw::Value { key: key.to_owned(), expected: expected.to_owned(), found });
}

/// Reports what is left in a table.
fn unknown(entries: &Entries, section: &str, known: &[&'static str], sink: &Sink) {
    for (key, entry) in entries {
        let key = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        sink.report(entry.key, Flaw::UnknownKey { key, suggestion: None, known: known.to_vec() });
    }
}

fn tables(entry: Option<Entry>, sink: &Sink) -> Vec<(String, Entry)> {
    match entry.map(|entry| entry.node) {
        None => Vec::new(),
        Some(Node { value: Value::Table(entries), .. }) => entries.into_iter().collect(),
        Some(node) => {
            wrong(sink, node.origin, "scale", "a table of scales", &node.value);
            Vec::new()
        }
    }
}

/// The settings of a table, in the order of the file; sections below it are part of their keys.
fn settings(section: &str, entry: Entry, sink: &Sink) -> Vec<Setting> {
    let Value::Table(entries) = entry.node.value else {
        wrong(sink, entry.node.origin, section, "a table of settings", &entry.node.value);
        return Vec::new();
    };
    let mut found = Vec::new();
    flatten("", entries, &mut found);
    found.sort_by_key(|setting| setting.place);
    found
}

fn flatten(prefix: &str, entries: Entries, found: &mut Vec<Setting>) {
    for (name, Entry { key: place, node }) in entries {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match node.value {
            Value::Table(entries) => flatten(&key, entries, found),
            _ => found.push(Setting { key, place, node }),
        }
    }
}

fn bases(node: &Node, folder: &Path, sink: &Sink) -> Vec<Base> {
    let base = |node: &Node| match &node.value {
        Value::Text(file) if !file.is_empty() => Some(Base { file: folder.join(file), origin: node.origin }),
        other => {
            wrong(sink, node.origin, "base", "the name of an experiment file, or a list of them", other);
            None
        }
    };
    match &node.value {
        Value::List(items) if !items.is_empty() => items.iter().filter_map(base).collect(),
        _ => base(node).into_iter().collect(),
    }
}

fn list(node: &Node, sink: &Sink) -> Vec<Choice> {
    let Value::List(items) = &node.value else {
        wrong(sink, node.origin, "list", "a list of tables of settings", &node.value);
        return Vec::new();
    };
    let entry = |node: &Node| Entry { key: node.origin, node: node.clone() };
    items.iter().enumerate().map(|(n, node)| settings(&format!("list[{}]", n + 1), entry(node), sink)).collect()
}

fn seeds(entry: &Entry, sink: &Sink) -> Vec<Choice> {
    let choice = |node: Node| vec![Setting { key: "seed".to_owned(), place: entry.key, node }];
    let origin = entry.node.origin;
    match &entry.node.value {
        Value::Whole(count) if (1..=MOST_RUNS as i128).contains(count) => {
            (1..=*count).map(|seed| choice(Node { origin, value: Value::Whole(seed) })).collect()
        }
        Value::List(items) if !items.is_empty() => items.iter().cloned().map(choice).collect(),
        other => {
            wrong(sink, origin, "seeds", "a whole number of at least 1, or a list of seeds", other);
            Vec::new()
        }
    }
}
