//! What is known of a run without reading its log: its experiment and its summary.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::names;
use crate::experiment::Experiment;
use crate::optim::{Curvature, Kind, Range};
use crate::session::log::LogError;
use crate::session::{Snapshot, Summary};
use crate::train::Hyperparameter;

/// A setting or a result of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
    /// Words.
    Text(String),
}

impl fmt::Display for Fact {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Flag(flag) => flag.fmt(formatter),
            Self::Text(text) => text.fmt(formatter),
        }
    }
}

/// A run folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Where it is.
    pub folder: PathBuf,
    /// Its end, if it has come.
    pub summary: Option<Summary>,
    /// Its experiment file.
    text: String,
    /// Its seed, which as a [`Fact`] would be rounded.
    seed: Option<u64>,
    /// Settings by their place in the experiment file: `optimizer.l2`.
    settings: BTreeMap<String, Fact>,
    /// Results by their name in the summary: `train_loss`.
    results: BTreeMap<String, Fact>,
}

/// Why a folder is not a run's.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Its log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Run {
    /// Reads a run folder: `experiment.toml` and, if it is there, `summary.json`.
    ///
    /// # Errors
    /// Where one of them cannot be read.
    pub fn read(folder: &Path) -> Result<Self, Unreadable> {
        let text = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).map_err(|source| Unreadable::File { path, source })
        };
        let wrong = |name: &str, reason: String| Unreadable::Content { path: folder.join(name), reason };
        let experiment = text("experiment.toml")?;
        let table: toml::Table = experiment.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| experiment.get(..span.start)).unwrap_or_default();
            let line = 1 + before.matches('\n').count();
            wrong("experiment.toml", format!("line {line}: {}", error.message()))
        })?;
        let summary = match text("summary.json") {
            Ok(text) => {
                Some(serde_json::from_str::<Summary>(&text).map_err(|error| wrong("summary.json", error.to_string()))?)
            }
            Err(Unreadable::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (mut known, mut found) = (BTreeMap::new(), BTreeMap::new());
        let seed = table.get("seed").and_then(toml::Value::as_integer).map(|seed| seed as u64);
        settings("", &toml::Value::Table(table), &mut known);
        if let Some(summary) = &summary {
            // A summary is a table of plain values, some of them not numbers of JSON.
            if let Ok(serde_json::Value::Object(results)) = serde_json::to_value(summary) {
                // It has the place of the one that the experiment states.
                if let Some(serde_json::Value::String(label)) = results.get("optimizer").filter(|label| *label != "") {
                    switch(&mut known, label);
                }
                for (key, value) in results {
                    let fact = match value {
                        serde_json::Value::Number(number) => number.as_f64().map(Fact::Number),
                        serde_json::Value::Bool(flag) => Some(Fact::Flag(flag)),
                        serde_json::Value::String(text) => Some(text.parse().map_or(Fact::Text(text), Fact::Number)),
                        _ => None,
                    };
                    found.extend(fact.map(|fact| (key, fact)));
                }
            }
        } else {
            found.insert("status".to_owned(), Fact::Text("unfinished".to_owned()));
        }
        Ok(Self { folder: folder.to_owned(), summary, text: experiment, seed, settings: known, results: found })
    }

    /// A run that has no folder yet.
    pub fn planned(folder: &Path, experiment: &Experiment) -> Self {
        let (mut known, text) = (BTreeMap::new(), experiment.to_toml());
        // What an experiment writes is TOML.
        if let Ok(table) = text.parse::<toml::Table>() {
            settings("", &toml::Value::Table(table), &mut known);
        }
        let results = BTreeMap::from([("status".to_owned(), Fact::Text("unfinished".to_owned()))]);
        Self { folder: folder.to_owned(), summary: None, text, seed: Some(experiment.seed), settings: known, results }
    }

    /// The name of its folder.
    pub fn label(&self) -> String {
        label(&self.folder)
    }

    /// The settings that it has now and, for a run without an end, the results as the log has them so far.
    pub fn follow(&mut self, snapshot: &Snapshot) {
        if let Some(run) = &snapshot.run {
            switch(&mut self.settings, &run.optimizer);
        }
        for &(hyperparameter, _) in &snapshot.hyperparameters {
            let key = hyperparameter.key();
            let stated = self.settings.get(&*key);
            // Dampings that adapt themselves are settings as they began.
            let began = matches!(hyperparameter, Hyperparameter::KroneckerDamping | Hyperparameter::StepDamping);
            if let (Some(value), false) = (snapshot.hyperparameter(hyperparameter), began && stated.is_some()) {
                let is_flag = matches!(stated, Some(Fact::Flag(_))) || hyperparameter.range() == Range::Switch;
                let fact = if is_flag { Fact::Flag(value != 0.0) } else { Fact::Number(value) };
                self.settings.insert(key.into_owned(), fact);
            }
        }
        if self.summary.is_some() {
            return;
        }
        let number = |value: f64| Fact::Number(value);
        let mut know = |key: &str, fact| self.results.insert(key.to_owned(), fact);
        know("updates", number(snapshot.step as f64));
        if let Some(evaluation) = &snapshot.evaluation {
            know("train_loss", number(evaluation.train_loss));
            know("validation_loss", number(evaluation.validation_loss));
        }
    }

    /// A setting or result, by its whole key or by its last part: `kind` is `optimizer.kind`, as the
    /// optimizer comes first; or by a name that stands for one, as `lr` does.
    pub fn fact(&self, key: &str) -> Option<&Fact> {
        let key = names::SHORT.iter().find(|(short, _)| *short == key).map_or(key, |(_, whole)| whole);
        let part_of = |section: &str| self.settings.get(&format!("{section}.{key}"));
        let last = || self.settings.iter().find(|(known, _)| known.rsplit('.').next() == Some(key));
        let whole = self.settings.get(key).or_else(|| self.results.get(key));
        whole.or_else(|| part_of("optimizer")).or_else(|| last().map(|(_, fact)| fact))
    }

    /// All settings, by their place in the experiment file.
    pub fn settings(&self) -> &BTreeMap<String, Fact> {
        &self.settings
    }

    /// The label of its optimizer; empty where the experiment states none.
    pub fn optimizer(&self) -> &str {
        optimizer(&self.settings)
    }

    /// The seed.
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// Whether two runs have the same settings but for their seeds and their names.
    pub fn is_repetition_of(&self, other: &Self) -> bool {
        let told = |run: &Self| {
            let mut settings = run.settings.clone();
            settings.retain(|key, _| key != "seed" && key != "name");
            settings
        };
        told(self) == told(other)
    }

    /// The experiment, with another seed if one is given.
    ///
    /// # Errors
    /// Where its file is none.
    pub fn experiment(&self, seed: Option<u64>) -> Result<Experiment, Unreadable> {
        let path = self.folder.join("experiment.toml");
        let set: Vec<_> = seed.map(|seed| format!("seed={seed}")).into_iter().collect();
        let found = Experiment::parse(&path.display().to_string(), &self.text, &set);
        found.map_err(|problems| Unreadable::Content { path, reason: problems.to_string() })
    }
}

/// The name of a folder.
pub(super) fn label(folder: &Path) -> String {
    folder.file_name().map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The label of the optimizer that settings are of; empty where they state none.
fn optimizer(settings: &BTreeMap<String, Fact>) -> &str {
    let empirical = Curvature::Kfac { samples: 1, empirical: true };
    match (settings.get("optimizer.kind"), settings.get("optimizer.empirical")) {
        (Some(Fact::Text(kind)), Some(Fact::Flag(true))) if kind == empirical.name() => empirical.label(),
        (Some(Fact::Text(kind)), _) => kind,
        _ => "",
    }
}

/// The optimizer that a run has now, by its label. What the experiment states of another one does not hold of it.
fn switch(settings: &mut BTreeMap<String, Fact>, label: &str) {
    if optimizer(settings) != label {
        settings.retain(|key, _| !key.starts_with("optimizer."));
        settings.insert("optimizer.kind".to_owned(), Fact::Text(Kind::name_of(label).to_owned()));
    }
}

/// The facts below a value of an experiment.
fn settings(key: &str, value: &toml::Value, facts: &mut BTreeMap<String, Fact>) {
    let fact = match value {
        toml::Value::Integer(number) => Fact::Number(*number as f64),
        toml::Value::Float(number) => Fact::Number(*number),
        toml::Value::Boolean(flag) => Fact::Flag(*flag),
        toml::Value::String(text) => Fact::Text(text.clone()),
        toml::Value::Datetime(time) => Fact::Text(time.to_string()),
        toml::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                settings(&format!("{key}.{}", index + 1), item, facts);
            }
            return;
        }
        toml::Value::Table(table) => {
            for (name, item) in table {
                settings(&if key.is_empty() { name.clone() } else { format!("{key}.{name}") }, item, facts);
            }
            return;
        }
    };
    facts.insert(key.to_owned(), fact);
}

/// Whether a folder is that of a run.
pub(super) fn is_run(folder: &Path) -> bool {
    folder.join("experiment.toml").is_file()
}

/// When the end of a run was written; `None` where it has come to none, or goes on since.
pub(super) fn concluded(folder: &Path) -> Option<SystemTime> {
    folder.join("summary.json").metadata().and_then(|summary| summary.modified()).ok()
}

/// Every run folder below `root`, by name.
pub(super) fn folders(root: &Path) -> Vec<PathBuf> {
    // The folder one is in can be called by no name.
    let there = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let entries = std::fs::read_dir(there).into_iter().flatten().flatten();
    let folders = entries.map(|entry| root.join(entry.file_name()));
    let mut folders: Vec<_> = folders.filter(|folder| is_run(folder)).collect();
    folders.sort();
    folders
}
