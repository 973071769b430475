//! Lines that are typed, and what they mean.

use std::path::{Path, PathBuf};

use crate::export::Format;
use crate::optim::Range;
use crate::runs::{Entry, Filter, Names};
use crate::tui::state::Topic;

/// What was typed, as a value for its topic; `entries`: the runs that there are.
///
/// # Errors
/// What would be right, in words.
pub fn read(topic: Topic, text: &str, entries: &[Entry]) -> Result<Value, String> {
    let range = match topic {
        Topic::Hyperparameter(hyperparameter) => hyperparameter.range(),
        Topic::Updates => Range::Count,
        Topic::Export if Format::of(Path::new(text.trim())).is_some() => return Ok(Value::File(text.trim().into())),
        Topic::Export => return Err("expected a file.svg, .png, .csv or .json".to_owned()),
        Topic::Filter if text.trim().is_empty() => return Ok(Value::Filter(None)),
        Topic::Filter => {
            let filter = Filter::parse(text).map_err(|error| error.to_string())?;
            let runs = entries.iter().filter_map(|entry| entry.run.as_ref());
            return match Names::of(runs).unknown(&filter) {
                None => Ok(Value::Filter(Some(filter))),
                Some(unknown) => Err(unknown.to_string()),
            };
        }
        Topic::Messages => return Ok(Value::Text),
    };
    match text.parse() {
        Ok(value) if range.contains(value) => Ok(Value::Number(value)),
        _ => Err(format!("expected {}", range.expectation())),
    }
}

/// What was typed.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// An expression that chooses runs; `None` chooses all.
    Filter(Option<Filter>),
    /// A file.
    File(PathBuf),
    /// Any text.
    Text,
}
