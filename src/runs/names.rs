//! The names by which expressions ask for settings and results.

use std::collections::BTreeSet;

use super::{Filter, Run};
use crate::experiment::{FIELDS, Field, nearest};
use crate::session::Summary;

/// Names that stand for others.
pub(super) const SHORT: [(&str, &str); 9] = [
    ("error", "validation_error"),
    ("gamma", "optimizer.kronecker_damping"),
    ("loss", "train_loss"),
    ("lr", "learning_rate"),
    ("optimizer", "optimizer.kind"),
    ("state", "status"),
    ("tau", "optimizer.step_damping"),
    ("time", "seconds"),
    ("val", "validation_loss"),
];

/// The names that an expression on some runs can ask for.
#[derive(Clone, Debug)]
pub struct Names(BTreeSet<String>);

/// A name that no run has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no run has `{name}`{}", nearest.as_ref().map_or_else(String::new, |nearest| format!(": did you mean `{nearest}`?")))]
pub struct UnknownName {
    /// The name.
    pub name: String,
    /// The known one nearest to it, if it is near enough to be meant.
    pub nearest: Option<String>,
}

impl Names {
    /// All that an experiment and a summary can have, and what these runs have.
    pub fn of<'a>(runs: impl Iterator<Item = &'a Run>) -> Self {
        let fields = FIELDS.iter().map(|field| field.key.to_string());
        let known = runs.flat_map(|run| run.settings().keys().cloned());
        let whole: BTreeSet<String> = fields.chain(known).collect();
        let last = |key: &String| key.rsplit('.').next().map(str::to_owned);
        let short = SHORT.iter().map(|(short, _)| (*short).to_owned());
        let results = Summary::NAMES.iter().map(|name| (*name).to_owned());
        let mut names: BTreeSet<String> = whole.iter().filter_map(last).chain(short).chain(results).collect();
        names.extend(whole);
        Self(names)
    }

    /// The first name of an expression that is none of these.
    pub fn unknown(&self, filter: &Filter) -> Option<UnknownName> {
        let known = |name: &str| self.0.contains(name) || Field::of(name).is_some();
        let name = filter.names().into_iter().find(|name| !known(name))?;
        let all: Vec<&str> = self.0.iter().map(String::as_str).collect();
        Some(UnknownName { name: name.to_owned(), nearest: nearest(name, &all).map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<String> {
        Names::of(std::iter::empty()).unknown(&Filter::parse(text).unwrap()).map(|unknown| unknown.to_string())
    }

    #[test]
    fn a_name_that_no_run_has_is_told_with_the_nearest_one() {
        for known in ["lr > 1 and kind = adam", "train_loss < 2 or network.layers.3.units = 5", "not (seed = 1)"] {
            assert_eq!(said(known), None, "{known}");
        }
        for (text, name, near) in [
            ("learning_rat > 1", "learning_rat", Some("learning_rate")),
            ("seed = 1 and (not optimizer.knd = adam)", "optimizer.knd", Some("optimizer.kind")),
            ("validation_los < 1", "validation_los", Some("validation_loss")),
            ("moonshine = 1", "moonshine", None),
        ] {
            let found = said(text).unwrap();
            assert!(found.starts_with(&format!("no run has `{name}`")), "{found}");
            match near {
                Some(near) => assert!(found.ends_with(&format!("did you mean `{near}`?")), "{found}"),
                None => assert!(found.ends_with('`'), "{found}"),
            }
        }
    }

    #[test]
    fn a_short_name_stands_for_a_setting_or_a_result() {
        for (short, whole) in SHORT {
            let is = |key: &str| key == whole || key.ends_with(&format!(".{whole}"));
            let is_setting = FIELDS.iter().any(|field| is(field.key.as_ref()));
            assert!(is_setting || Summary::NAMES.contains(&whole), "{short}: {whole}");
            assert_eq!(said(&format!("{short} = 1")), None);
        }
    }
}
