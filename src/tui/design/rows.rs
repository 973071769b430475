//! The rows of the list: the fields that an experiment of its kind has, and its layers.

use super::verdict::Verdict;
use crate::data::Source;
use crate::experiment::{Document, FIELDS, Field};

/// A row that can be selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The heading it stands under.
    pub section: &'static str,
    /// What it shows.
    pub place: Place,
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A field, by its key.
    Field(String),
    /// How many layers there are.
    Layers,
    /// A layer, counted from 0.
    Layer(usize),
}

/// The two fields of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Its width.
    Units,
    /// Its activation.
    Activation,
}

impl Row {
    /// The key of its field; of a layer, of one of the two.
    pub fn key(&self, cell: Cell) -> String {
        match (&self.place, cell) {
            (Place::Field(key), _) => key.clone(),
            (Place::Layers, _) => "network.layers".to_owned(),
            (Place::Layer(index), Cell::Units) => Document::layer_key(*index, "units"),
            (Place::Layer(index), Cell::Activation) => Document::layer_key(*index, "activation"),
        }
    }

    /// Whether it shows a key.
    pub fn shows(&self, key: &str) -> bool {
        self.key(Cell::Units) == key || self.key(Cell::Activation) == key
    }

    /// Whether it shows a part of what a key names.
    pub fn lies_in(&self, key: &str) -> bool {
        self.key(Cell::Units).strip_prefix(key).is_some_and(|rest| rest.starts_with('.'))
    }
}

/// The row that a key is shown in, or the first one of its section.
pub fn find(rows: &[Row], key: &str) -> Option<usize> {
    let exact = rows.iter().position(|row| row.shows(key));
    exact.or_else(|| rows.iter().position(|row| row.lies_in(key)))
}

/// Headings, by the first part of the keys below them.
const SECTIONS: [(&str, &str); 7] = [
    ("", "Experiment"),
    ("data", "Data"),
    ("network", "Network"),
    ("loss", "Loss"),
    ("optimizer", "Optimizer"),
    ("train", "Training"),
    ("diagnostics", "Diagnostics"),
];

/// The rows of a document.
pub fn rows(document: &Document, verdict: &Verdict) -> Vec<Row> {
    let mut rows = Vec::new();
    for (part, section) in SECTIONS {
        if part == "network" {
            let layers = (0..document.layers()).map(Place::Layer);
            rows.extend([Place::Layers].into_iter().chain(layers).map(|place| Row { section, place }));
        }
        let own = |field: &&Field| field.key.split_once('.').map_or("", |(part, _)| part) == part;
        for field in FIELDS.iter().filter(own).filter(|field| is_shown(field, document)) {
            rows.push(Row { section, place: Place::Field(field.key.to_string()) });
        }
    }
    for trouble in verdict.troubles.iter().filter(|trouble| trouble.unknown) {
        let place = Place::Field(trouble.key.clone());
        if document.get(&trouble.key).is_some() && rows.iter().all(|row| row.place != place) {
            rows.push(Row { section: "Unknown", place });
        }
    }
    rows
}

/// Whether a field is shown: what the experiment's kind of data and of optimizer takes, and what is stated
/// although it does not.
fn is_shown(field: &Field, document: &Document) -> bool {
    let stated = || document.get(&field.key);
    let below = format!("{}.", field.key);
    match &*field.key {
        key if key.starts_with("network.layers") => false,
        "data.images" | "data.labels" => document.get("data.source").is_none() || stated().is_some(),
        "data.seed" | "data.portraits" => {
            let source = document.plain("data.source").unwrap_or_default();
            let takers = field.key.strip_prefix("data.").and_then(Source::takers).unwrap_or_default();
            takers.contains(&&*source) || stated().is_some()
        }
        // A section, unless something else stands in its place.
        _ if FIELDS.iter().any(|other| other.key.starts_with(&below)) => {
            stated().is_some_and(|value| !value.starts_with('{'))
        }
        _ => {
            let kind = document.plain("optimizer.kind").unwrap_or_default();
            field.takers.is_empty() || field.takers.contains(&&*kind) || stated().is_some()
        }
    }
}
