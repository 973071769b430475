//! The data section of an experiment.

use std::path::{Path, PathBuf};

use super::check::MOST;
use super::problem::Flaw;
use super::section::{Found, Section, Sink};
use crate::data::{self, Selection, Source, Split, Task};
use crate::optim::Range;

/// Checks the section. Relative paths are relative to `folder`. Returns `None` if there are problems that leave
/// no selection.
pub(super) fn check(mut section: Section, folder: &Path, sink: &Sink) -> Option<Found<Selection>> {
    let place = section.origin;
    let source = source(&mut section, folder, sink);
    if !section.has("task") {
        section.missing("task", "\"autoencode\", \"classify\", \"odd_even\" or \"regress\"");
    }
    let task = section.name("task", Task::ALL, Task::name);
    let train = section.whole("train", Range::Count, MOST);
    let validation = section.whole("validation", Range::Period, MOST);
    section.finish();
    let (source, task) = (source?, task?);
    if task.value != Task::Autoencode
        && let Source::Files { images, labels: None } = &source
        && (task.value == Task::Regress || !images.is_dir())
    {
        let expected = format!("the file of the {}, for the task {}", task.value.needs(), task.value.name());
        sink.report(task.origin, Flaw::Missing { key: "data.labels".to_owned(), expected });
    }
    let count = |found: Option<Found<u64>>| found.map(|found| found.value as usize);
    let mut selection = Selection { source, task: task.value, train: count(train), validation: count(validation) };
    if let Some(known) = selection.source.known() {
        if !selection.has_targets() {
            let flaw = Flaw::NoTargets { source_name: selection.source.name(), task: task.value };
            sink.report(task.origin, flaw);
        }
        match Split::new(known.available, known.train, selection.train, selection.validation) {
            Ok(split) => (selection.train, selection.validation) = (Some(split.train), Some(split.validation)),
            Err(data::Error::TooFew { available, wanted }) => {
                let origin = train.or(validation).map_or(place, |found| found.origin);
                sink.report(origin, Flaw::Counts { available, wanted });
            }
            Err(_) => {}
        }
    }
    Some(Found { value: selection, origin: place })
}

/// A named source, or paths.
fn source(section: &mut Section, folder: &Path, sink: &Sink) -> Option<Source> {
    let named = section.has("source");
    if !named && !section.has("images") {
        let names: Vec<_> = Source::NAMES.iter().map(|name| format!("{name:?}")).collect();
        section.missing("source", format!("{}, or the keys images and labels", names.join(", ")));
    }
    let other = [("images", "data.images"), ("labels", "data.labels")].into_iter().find(|(key, _)| section.has(key));
    let source = section.name("source", Source::NAMES, |name| name);
    let (images, labels) = (section.text("images"), section.text("labels"));
    let (seed, portraits) = (section.whole("seed", Range::Period, MOST), section.text("portraits"));
    if let (Some(source), Some((_, other))) = (&source, other) {
        sink.report(source.origin, Flaw::Both { key: "data.source", other });
    }
    let name = source.map(|source| source.value);
    let origins = [seed.as_ref().map(|found| found.origin), portraits.as_ref().map(|found| found.origin)];
    for (key, origin) in ["seed", "portraits"].into_iter().zip(origins) {
        let takers = Source::takers(key).unwrap_or_default();
        if let Some(origin) = origin
            && (source.is_some() || !named)
            && !takers.iter().any(|taker| Some(*taker) == name)
        {
            let found = name.map_or_else(|| "own files".to_owned(), |name| format!("the source {name}"));
            sink.report(origin, Flaw::NotForSource { key: section.key(key), found, takers });
        }
    }
    let file = |found: Found<String>| -> PathBuf {
        let file = folder.join(found.value);
        std::path::absolute(&file).unwrap_or(file)
    };
    let seed = seed.map_or(1, |seed| seed.value);
    match name {
        Some(name) => Source::named(name, seed, portraits.map(file)),
        None if named => None,
        None => Some(Source::Files { images: file(images?), labels: labels.map(file) }),
    }
}
