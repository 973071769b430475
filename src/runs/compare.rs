//! What tells runs apart.

use std::collections::BTreeSet;

use super::{Fact, Run};

/// The settings in which some runs differ: the key, and what each of them has there. Their names are no
/// settings.
pub fn differences<'a>(runs: &[&'a Run]) -> Vec<(&'a str, Vec<Option<&'a Fact>>)> {
    let keys: BTreeSet<&str> = runs.iter().flat_map(|run| run.settings().keys().map(String::as_str)).collect();
    let of = |key: &'a str| (key, runs.iter().map(|run| run.settings().get(key)).collect::<Vec<_>>());
    let differ = |(key, facts): &(&str, Vec<Option<&Fact>>)| *key != "name" && facts.windows(2).any(|w| w[0] != w[1]);
    keys.into_iter().map(of).filter(differ).collect()
}

/// Runs grouped: those that differ only in their seeds together, in the order in which the first of each group
/// comes.
pub fn repetitions<'a, T>(runs: impl IntoIterator<Item = (&'a Run, T)>) -> Vec<Vec<(&'a Run, T)>> {
    let mut groups: Vec<Vec<(&Run, T)>> = Vec::new();
    for (run, item) in runs {
        match groups.iter_mut().find(|group| group[0].0.is_repetition_of(run)) {
            Some(group) => group.push((run, item)),
            None => groups.push(vec![(run, item)]),
        }
    }
    groups
}
