//! What is wrong with an experiment file, and where.

use std::borrow::Cow;
use std::fmt;

use codespan_reporting::diagnostic::{Diagnostic, Label};
use codespan_reporting::files::SimpleFiles;
use codespan_reporting::term::{self, termcolor};

use super::Mismatch;
use super::node::Origin;
use crate::data::{Available, Split, Task};

/// What is wrong at one place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Flaw {
    /// The file cannot be read.
    #[error("the experiment file cannot be read: {reason}")]
    Unreadable {
        /// Why.
        reason: String,
    },
    /// The file is not UTF-8 text.
    #[error("the experiment file must be UTF-8 text")]
    Encoding,
    /// It is not TOML.
    #[error("syntax error: {message}")]
    Syntax {
        /// What the TOML parser says.
        message: String,
    },
    /// A `--set` argument has no `=`, or no key before it.
    #[error("--set must be given KEY=VALUE, as in optimizer.l2=1e-5")]
    Override,
    /// It is the file of a sweep.
    #[error("this is a sweep, not an experiment")]
    Sweep,
    /// A key that no experiment has.
    #[error("unknown key `{key}`")]
    UnknownKey {
        /// The key, with its sections.
        key: String,
        /// The known key nearest to it.
        suggestion: Option<String>,
        /// Every known key of the section.
        known: Vec<&'static str>,
    },
    /// A value of a wrong type or outside its range.
    #[error("{key} must be {expected}")]
    Value {
        /// The key, with its sections.
        key: String,
        /// What is expected, in words.
        expected: String,
        /// The value, in words.
        found: String,
    },
    /// A name that is none of those there are.
    #[error("{key} must be {}", listed(known))]
    Name {
        /// The key, with its sections.
        key: String,
        /// The name.
        found: String,
        /// The names there are.
        known: Vec<&'static str>,
        /// The one nearest to it.
        suggestion: Option<String>,
    },
    /// A key that another optimizer takes.
    #[error("{key} does not belong to the optimizer {kind}")]
    NotForKind {
        /// The key, with its section.
        key: String,
        /// The optimizer of the experiment.
        kind: &'static str,
        /// The optimizers that take it.
        takers: &'static [&'static str],
    },
    /// A key that must be there is not.
    #[error("{key} is missing: expected {expected}")]
    Missing {
        /// The key, with its section.
        key: String,
        /// What is expected, in words.
        expected: String,
    },
    /// Two keys of which there can be only one.
    #[error("{key} cannot be combined with {other}: expected one of them")]
    Both {
        /// The key, with its section.
        key: &'static str,
        /// The other one.
        other: &'static str,
    },
    /// The bounds of a damping are the wrong way round.
    #[error("optimizer.{name}_min must be at most {name}_max = {max}")]
    BoundsCrossed {
        /// The damping.
        name: &'static str,
        /// Its lower bound.
        min: f64,
        /// Its upper bound.
        max: f64,
    },
    /// A damping that does not start between its bounds.
    #[error("optimizer.{name} must start between {name}_min = {min} and {name}_max = {max}")]
    Bounds {
        /// The damping.
        name: &'static str,
        /// Where it starts.
        initial: f64,
        /// Its lower bound.
        min: f64,
        /// Its upper bound.
        max: f64,
    },
    /// A task whose targets the loss cannot take.
    #[error("the loss {loss} does not fit the task {task}: expected {}", listed(fitting))]
    TaskLoss {
        /// The task.
        task: &'static str,
        /// The loss.
        loss: &'static str,
        /// The losses that fit.
        fitting: Vec<&'static str>,
    },
    /// More data are asked for than there are.
    #[error("expected at most {available}")]
    Counts {
        /// Data there are.
        available: Available,
        /// Data asked for.
        wanted: Split,
    },
    /// A task that needs classes or numbers, with data that have none.
    #[error("data.task must be another with the source {source_name}, which has no {}", task.needs())]
    NoTargets {
        /// The data.
        source_name: &'static str,
        /// The task.
        task: Task,
    },
    /// A key that another source takes.
    #[error("{key} does not belong to {found}")]
    NotForSource {
        /// The key, with its section.
        key: String,
        /// The source of the experiment.
        found: String,
        /// The sources that take it.
        takers: &'static [&'static str],
    },
    /// More data at a time than train.
    #[error("{key} must be at most {available}, the number of training data")]
    TooManyData {
        /// The key, with its section.
        key: String,
        /// Training data.
        available: usize,
        /// Data asked for.
        found: u64,
    },
    /// The network fits neither data nor loss.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

impl Flaw {
    /// What stands beside the carets.
    fn label(&self) -> String {
        match self {
            Self::Value { found, .. } => format!("found {found}"),
            Self::Name { found, .. } => format!("found {found:?}"),
            Self::Bounds { initial, .. } => format!("found {initial}"),
            Self::BoundsCrossed { min, .. } => format!("found {min}"),
            Self::Counts { wanted, .. } => {
                format!("found train = {}, validation = {}", wanted.train, wanted.validation)
            }
            Self::NoTargets { task, .. } => format!("found {:?}", task.name()),
            Self::TooManyData { found, .. } => format!("found {found}"),
            Self::UnknownKey { .. } => "not a key of an experiment".to_owned(),
            Self::Sweep => "only sweeps have a base".to_owned(),
            Self::NotForKind { kind, .. } => format!("not taken by {kind}"),
            Self::NotForSource { found, .. } => format!("not taken by {found}"),
            Self::TaskLoss { loss, .. } => format!("found {loss:?}"),
            Self::Mismatch(mismatch) => mismatch.found(),
            _ => String::new(),
        }
    }

    /// The field it is about, as messages name it, or its section; `None` where it is about no field.
    pub fn key(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unreadable { .. } | Self::Encoding | Self::Syntax { .. } | Self::Override => return None,
            Self::Sweep => "base".into(),
            Self::UnknownKey { key, .. }
            | Self::Value { key, .. }
            | Self::Name { key, .. }
            | Self::NotForKind { key, .. }
            | Self::NotForSource { key, .. }
            | Self::Missing { key, .. }
            | Self::TooManyData { key, .. } => key.into(),
            Self::Both { key, .. } | Self::Mismatch(Mismatch::Unknown { key }) => (*key).into(),
            Self::NoTargets { .. } => "data.task".into(),
            Self::BoundsCrossed { name, .. } => format!("optimizer.{name}_min").into(),
            Self::Bounds { name, .. } => format!("optimizer.{name}").into(),
            Self::TaskLoss { .. } => "loss.kind".into(),
            Self::Counts { .. } => "data.train".into(),
            Self::Mismatch(Mismatch::Input { .. }) => "network.input".into(),
            Self::Mismatch(Mismatch::Output { .. } | Mismatch::LossOutput { .. }) => "network.output".into(),
            Self::Mismatch(Mismatch::Parameters { .. }) => "network.layers".into(),
        })
    }

    /// All that is to be said of it, in one line: what is wrong, what was found, advice.
    pub fn sentence(&self) -> String {
        let parts = [self.to_string(), self.label(), self.help().unwrap_or_default()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }

    /// A line of advice.
    fn help(&self) -> Option<String> {
        match self {
            Self::UnknownKey { suggestion: Some(name), .. } | Self::Name { suggestion: Some(name), .. } => {
                Some(format!("did you mean `{name}`?"))
            }
            Self::UnknownKey { known, .. } => Some(format!("expected {}", listed(known))),
            Self::NotForKind { takers, .. } | Self::NotForSource { takers, .. } => {
                Some(format!("expected only with {}", listed(takers)))
            }
            Self::Sweep => Some("expected an experiment; for sweeps there is kfra-tui sweep".to_owned()),
            _ => None,
        }
    }
}

/// `a, b or c`.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// A flaw and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// What is wrong.
    pub flaw: Flaw,
    /// Where; `None` if the file could not be read.
    pub origin: Option<Origin>,
}

/// Everything that is wrong with an experiment, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Problems {
    /// Name and text of the file, then of each `--set` argument.
    pub(super) sources: Vec<(String, String)>,
    pub(super) problems: Vec<Problem>,
}

impl Problems {
    /// The problems, at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The line a problem is on, counted from 1; `None` if the file could not be read.
    pub fn line(&self, problem: &Problem) -> Option<usize> {
        let origin = problem.origin?;
        let before = self.sources.get(origin.source)?.1.get(..origin.start)?;
        Some(before.matches('\n').count() + 1)
    }

    /// For people: each problem with file, line, column, the line itself and carets; in `color` for a
    /// terminal.
    pub fn render(&self, color: bool) -> String {
        let mut buffer = if color { termcolor::Buffer::ansi() } else { termcolor::Buffer::no_color() };
        let mut files = SimpleFiles::new();
        for (name, text) in &self.sources {
            files.add(visible(name), visible(text));
        }
        for problem in &self.problems {
            let mut diagnostic = Diagnostic::error().with_message(visible(&problem.flaw.to_string()));
            match problem.origin {
                Some(origin) => {
                    let label = Label::primary(origin.source, origin.start..origin.end);
                    diagnostic = diagnostic.with_label(label.with_message(visible(&problem.flaw.label())));
                }
                None => {
                    diagnostic.notes.extend(self.sources.first().map(|(name, _)| format!("file: {}", visible(name))));
                }
            }
            diagnostic.notes.extend(problem.flaw.help().map(|help| visible(&help)));
            // Writing to memory does not fail, and every place is within its source.
            let _ = term::emit_to_write_style(&mut buffer, &term::Config::default(), &files, &diagnostic);
        }
        String::from_utf8_lossy(buffer.as_slice()).into_owned()
    }
}

/// The text without characters that a terminal obeys, each of which gives way to one of as many bytes: places stay
/// where they are.
fn visible(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' | '\t' => character,
        '\r' => ' ',
        _ if character.is_control() => {
            if character.is_ascii() {
                '?'
            } else {
                '¿'
            }
        }
        _ => character,
    };
    text.chars().map(shown).collect()
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}
