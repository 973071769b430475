//! All runs of a sweep in one table.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::folder::{write, write_json};
use super::{Error, Plan, Point, State};
use crate::session::Summary;

/// Writes `summary.csv` and `summary.json` of a folder: a row for each run of the plan, its settings and its end.
///
/// # Errors
/// Where the folder cannot be read or written.
pub fn write_tables(root: &Path, plan: &Plan) -> Result<(), Error> {
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in plan.runs.iter().flat_map(|point| &point.settings) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    let rows: Vec<_> = plan.runs.iter().map(|point| row(root, point)).collect::<Result<_, _>>()?;
    write_json(&root.join("summary.json"), &rows)?;
    let path = root.join("summary.csv");
    let wrong = |error: csv::Error| Error::Content { path: path.clone(), reason: error.to_string() };
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["run"].into_iter().chain(keys.iter().copied()).chain(Summary::NAMES)).map_err(wrong)?;
    let cell = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    for row in &rows {
        let cells = keys.iter().map(|key| cell(row["settings"].get(key)));
        let ends = Summary::NAMES.iter().map(|key| cell(row.get(*key)));
        table.write_record([cell(row.get("run"))].into_iter().chain(cells).chain(ends)).map_err(wrong)?;
    }
    let bytes = table.into_inner().map_err(|error| wrong(error.into_error().into()))?;
    write(&path, &bytes)
}

fn row(root: &Path, point: &Point) -> Result<Value, Error> {
    let settings: BTreeMap<_, _> = point.settings.iter().cloned().collect();
    let mut row = json!({ "run": point.folder, "settings": settings });
    match point.state(root)? {
        State::Waiting => row["status"] = "waiting".into(),
        State::Begun => row["status"] = "unfinished".into(),
        State::Failed(failure) => {
            row["status"] = if failure.diverged { "diverged" } else { "failed" }.into();
            row["reason"] = failure.reason.into();
            row["updates"] = failure.updates.into();
        }
        State::Finished(summary) => {
            // A summary is a table of plain values.
            if let Ok(Value::Object(results)) = serde_json::to_value(&summary) {
                for (key, value) in results {
                    row[key] = value;
                }
            }
        }
    }
    Ok(row)
}
