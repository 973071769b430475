//! What is known of a run without reading its log: its experiment and its summary.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::session::Summary;

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
    /// Settings by their place in the experiment file (`optimizer.l2`), and results (`train_loss`).
    facts: BTreeMap<String, Fact>,
}

/// Why a folder is not a run's.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
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
        let table: toml::Table = text("experiment.toml")?
            .parse()
            .map_err(|error: toml::de::Error| wrong("experiment.toml", error.to_string()))?;
        let summary = match text("summary.json") {
            Ok(text) => {
                Some(serde_json::from_str::<Summary>(&text).map_err(|error| wrong("summary.json", error.to_string()))?)
            }
            Err(Unreadable::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut facts = BTreeMap::new();
        settings("", &toml::Value::Table(table), &mut facts);
        if let Some(summary) = &summary {
            // A summary is a table of plain values, some of them not numbers of JSON.
            if let Ok(serde_json::Value::Object(results)) = serde_json::to_value(summary) {
                for (key, value) in results {
                    let fact = match value {
                        serde_json::Value::Number(number) => number.as_f64().map(Fact::Number),
                        serde_json::Value::Bool(flag) => Some(Fact::Flag(flag)),
                        serde_json::Value::String(text) => Some(text.parse().map_or(Fact::Text(text), Fact::Number)),
                        _ => None,
                    };
                    facts.extend(fact.map(|fact| (key, fact)));
                }
            }
        } else {
            facts.insert("status".to_owned(), Fact::Text("unfinished".to_owned()));
        }
        Ok(Self { folder: folder.to_owned(), summary, facts })
    }

    /// The name of its folder.
    pub fn label(&self) -> String {
        self.folder
            .file_name()
            .map_or_else(|| self.folder.display().to_string(), |name| name.to_string_lossy().into_owned())
    }

    /// A setting or result, by its whole key or by its last part: `kind` is `optimizer.kind`, as the
    /// optimizer comes first. `lr` is the learning rate.
    pub fn fact(&self, key: &str) -> Option<&Fact> {
        let key = if key == "lr" { "learning_rate" } else { key };
        let part_of = |section: &str| self.facts.get(&format!("{section}.{key}"));
        let last = || self.facts.iter().find(|(known, _)| known.rsplit('.').next() == Some(key)).map(|(_, fact)| fact);
        self.facts.get(key).or_else(|| part_of("optimizer")).or_else(last)
    }

    /// All settings and results.
    pub fn facts(&self) -> &BTreeMap<String, Fact> {
        &self.facts
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

/// Every run folder below `root`, by name, and what could not be read.
pub fn list(root: &Path) -> (Vec<Run>, Vec<Unreadable>) {
    let folders = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<_> = folders.filter(|folder| folder.join("experiment.toml").is_file()).collect();
    folders.sort();
    let (mut runs, mut unreadable) = (Vec::new(), Vec::new());
    for folder in folders {
        match Run::read(&folder) {
            Ok(run) => runs.push(run),
            Err(error) => unreadable.push(error),
        }
    }
    (runs, unreadable)
}
