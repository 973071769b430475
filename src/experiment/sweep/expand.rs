//! From the axes of a sweep to its runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use md5::{Digest as _, Md5};

use super::read::{Base, Choice, Plan, SWEEP, Setting};
use super::{Planned, Shortening, Sweep};
use crate::experiment::node::{Entries, Origin, Value};
use crate::experiment::problem::Flaw;
use crate::experiment::section::Sink;
use crate::experiment::{Experiment, Problems, check, overrides, read};

/// The most characters of a folder's name that tell a run from others.
const LABEL: usize = 80;
/// Sections whose name is left out before a key.
const SECTIONS: [&str; 6] = ["data", "network", "loss", "optimizer", "train", "diagnostics"];

/// An experiment file, and where to tell what is wrong with it.
struct Source<'a> {
    plan: &'a Plan,
    base: &'a Base,
    text: String,
    overrides: &'a [String],
}

impl Plan {
    /// The runs of the sweep.
    ///
    /// # Errors
    /// What is wrong with a base, as it is changed for a run.
    pub fn expand(&self, overrides: &[String]) -> Result<Sweep, Problems> {
        let points = self.points();
        let mut runs = Vec::new();
        let mut known = BTreeMap::new();
        for base in &self.axes.base {
            let source = Source::read(self, base, overrides)?;
            let shortened = source.shortened(points.first())?;
            for point in &points {
                let experiment = source.experiment(&self.scaled, point)?;
                let folder = folder(&experiment, point);
                if let Some(other) = known.insert(folder.clone(), runs.len()) {
                    return Err(source.twice(point, other + 1));
                }
                let settings = point.iter().map(|setting| (setting.key.clone(), setting.node.value.brief())).collect();
                runs.push(Planned { folder, experiment, settings, shortened: shortened.clone() });
            }
        }
        Ok(Sweep { name: self.name.clone(), diverged: self.diverged, runs, shortened: self.fewer() })
    }

    /// All of list × grid × seeds, the last of them the fastest.
    fn points(&self) -> Vec<Choice> {
        let axes = std::iter::once(&self.axes.list).chain(&self.axes.grid).chain([&self.axes.seeds]);
        axes.filter(|axis| !axis.is_empty()).fold(vec![Vec::new()], |points, axis| {
            let extended =
                |point: &Choice| axis.iter().map(|choice| [point.as_slice(), choice].concat()).collect::<Vec<_>>();
            points.iter().flat_map(extended).collect()
        })
    }

    /// What there is less of than at full scale.
    fn fewer(&self) -> Vec<Shortening> {
        let counts = [
            ("methods", self.full.base.len(), self.axes.base.len()),
            ("points of the grid", self.full.points(), self.axes.points()),
            ("seeds", self.full.seeds.len().max(1), self.axes.seeds.len().max(1)),
        ];
        let differ = counts.into_iter().filter(|(_, full, here)| full != here);
        differ
            .map(|(what, full, here)| Shortening { what: what.into(), full: full.to_string(), here: here.to_string() })
            .collect()
    }
}

impl<'a> Source<'a> {
    fn read(plan: &'a Plan, base: &'a Base, overrides: &'a [String]) -> Result<Self, Problems> {
        match read::text(&base.file) {
            Ok(text) => Ok(Self { plan, base, text, overrides }),
            Err(problems) => {
                let sink = Sink::default();
                let reason = problems.problems().first().map(|problem| problem.flaw.sentence()).unwrap_or_default();
                let found = format!("{}: {reason}", base.file.display());
                let expected = "an experiment file that can be read".to_owned();
                sink.report(base.origin, Flaw::Value { key: "base".into(), expected, found });
                Err(plan.problems(sink, None))
            }
        }
    }

    /// The experiment of a run.
    fn experiment(&self, scaled: &Choice, point: &Choice) -> Result<Experiment, Problems> {
        let sink = Sink::default();
        let mut entries = read::entries(&self.text, 0, &sink);
        for setting in self.plan.set.iter().chain(scaled) {
            put(&mut entries, setting, &sink);
        }
        for (index, argument) in self.overrides.iter().enumerate() {
            overrides::apply(&mut entries, argument, SWEEP + 1 + index, &sink);
            refuse_varied(argument, SWEEP + 1 + index, point, &sink);
        }
        for setting in point {
            put(&mut entries, setting, &sink);
        }
        let file = &self.base.file;
        let stem = file.file_stem().map_or_else(|| "experiment".to_owned(), |stem| stem.to_string_lossy().into_owned());
        let folder = file.parent().unwrap_or(Path::new(""));
        let checked = if sink.is_empty() { check::check(entries, &stem, folder, &sink) } else { None };
        checked.ok_or_else(|| self.problems(sink))
    }

    fn problems(&self, sink: Sink) -> Problems {
        let mut problems = self.plan.problems(sink, Some((self.base.file.display().to_string(), self.text.clone())));
        problems.sources.extend(self.overrides.iter().map(|argument| ("--set".to_owned(), argument.clone())));
        problems
    }

    /// In what the runs are shorter than at full scale.
    fn shortened(&self, point: Option<&Choice>) -> Result<Vec<Shortening>, Problems> {
        let none = Vec::new();
        let point = point.unwrap_or(&none);
        if self.plan.scaled.is_empty() {
            return Ok(Vec::new());
        }
        // The axes at full scale have other points: what they vary is no matter here.
        let full = self.experiment(&none, point)?;
        let here = self.experiment(&self.plan.scaled, point)?;
        let of =
            |key: &str| Some(Shortening { what: key.to_owned(), full: stated(&full, key), here: stated(&here, key) });
        Ok(self.plan.scaled.iter().filter_map(|setting| of(&setting.key)).filter(|s| s.full != s.here).collect())
    }

    fn twice(&self, point: &Choice, other: usize) -> Problems {
        let sink = Sink::default();
        let origin = point.last().map_or(self.base.origin, |setting| setting.node.origin);
        let found = format!("the settings of run {other} once more");
        sink.report(
            origin,
            Flaw::Value { key: "the runs".into(), expected: "different from each other".into(), found },
        );
        self.problems(sink)
    }
}

/// That an override, source number `source`, is not of what the point sets: the point would prevail.
fn refuse_varied(argument: &str, source: usize, point: &Choice, sink: &Sink) {
    let key = argument.split('=').next().unwrap_or_default();
    let plain: String = key.chars().filter(|c| !c.is_whitespace()).collect();
    let lies_in = |setting: &&Setting| plain == setting.key || plain.starts_with(&format!("{}.", setting.key));
    if let Some(setting) = point.iter().find(lies_in) {
        let expected = "of a key that the sweep does not vary".to_owned();
        let found = format!("{}, of which every run has a value of its own", setting.key);
        let place = Origin { source, start: 0, end: key.len() };
        sink.report(place, Flaw::Value { key: "--set".into(), expected, found });
    }
}

fn put(entries: &mut Entries, setting: &Setting, sink: &Sink) {
    let path: Vec<_> = setting.key.split('.').collect();
    if overrides::set(entries, &path, setting.place, setting.node.clone()).is_err() {
        let expected = "a setting of an experiment, a layer by its number (from 1)".to_owned();
        let (key, found) = (setting.key.clone(), "no place for it".to_owned());
        sink.report(setting.place, Flaw::Value { key, expected, found });
    }
}

/// What an experiment says of a key, in brief.
fn stated(experiment: &Experiment, key: &str) -> String {
    let table = experiment.to_toml().parse::<toml::Table>().unwrap_or_default();
    let found = key.split('.').try_fold(toml::Value::Table(table), |value, part| match value {
        toml::Value::Array(items) => items.get(part.parse::<usize>().ok()?.checked_sub(1)?).cloned(),
        other => other.get(part).cloned(),
    });
    match found {
        None => "all".to_owned(),
        Some(toml::Value::Array(items)) => {
            let units = |item: &toml::Value| item.get("units").map_or_else(|| item.to_string(), ToString::to_string);
            items.iter().map(units).collect::<Vec<_>>().join("-")
        }
        Some(value) => value.to_string(),
    }
}

/// The name of a run's folder.
fn folder(experiment: &Experiment, point: &Choice) -> String {
    let label = point.iter().fold(String::new(), |mut label, setting| {
        // Writing to a string does not fail.
        let _ = write!(label, ",{}={}", short(&setting.key), setting.node.value.brief());
        label
    });
    let plain = |c: char| if c.is_alphanumeric() || "=,.+-_".contains(c) { c } else { '_' };
    let label: String = label.replacen(',', "-", 1).replace('"', "").chars().map(plain).take(LABEL).collect();
    format!("{}{label}-{}", experiment.name, hash(experiment))
}

/// A key without its section.
fn short(key: &str) -> &str {
    key.split_once('.').filter(|(section, _)| SECTIONS.contains(section)).map_or(key, |(_, rest)| rest)
}

/// A hash of what determines what a run computes: all settings, without its name and the number of its threads.
fn hash(experiment: &Experiment) -> String {
    let mut settings = experiment.clone();
    settings.name.clear();
    settings.train.threads = None;
    let digest = Md5::digest(settings.to_toml().as_bytes());
    digest.iter().take(5).fold(String::new(), |mut text, byte| {
        // As above.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Value {
    /// The value as a file has it; of a table its kind.
    fn brief(&self) -> String {
        match self {
            Self::Table(entries) => match entries.get("kind").map(|entry| &entry.node.value) {
                Some(Self::Text(kind)) => kind.clone(),
                _ => entries
                    .iter()
                    .map(|(key, entry)| format!("{key}:{}", entry.node.value.brief()))
                    .collect::<Vec<_>>()
                    .join(" "),
            },
            Self::List(items) => items.iter().map(|item| item.value.brief()).collect::<Vec<_>>().join(" "),
            Self::Text(text) => text.clone(),
            other => other.describe(),
        }
    }
}
