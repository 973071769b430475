//! The tables of a report.

use std::collections::BTreeSet;

use super::plots::{RankRow, best_runs, ranks};
use super::problem::{Method, Problem};
use super::record::Record;
use super::words::{brief, method, percent, seconds, table};
use crate::diagnostics::Scope;
use crate::diagnostics::hessian::HessianBlock;
use crate::export::Error;
use crate::linalg::ROUNDING;
use crate::runs::differences;

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Mean of a number over seeds, with its least and largest.
fn spread(values: &[f64]) -> String {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    if values.len() > 1 { format!("{} ({} … {})", brief(mean), brief(low), brief(high)) } else { brief(mean) }
}

/// What each method came to.
pub fn finals(problem: &Problem) -> String {
    let head = [
        "method",
        "settings tried",
        "failed or diverged",
        "seeds",
        "updates",
        "training time",
        "training loss",
        "validation loss",
        "training error",
        "validation error",
    ];
    let row = |one: &Method| {
        let failed = one.variants.iter().filter(|variant| !variant.is_sound()).count();
        let mut row = vec![one.label(), one.variants.len().to_string(), failed.to_string()];
        let Some(best) = one.best() else {
            row.resize(head.len(), "–".to_owned());
            return row;
        };
        let of = |value: fn(&Record) -> Option<f64>| {
            let values: Option<Vec<f64>> = best.records.iter().map(|record| value(record)).collect();
            values.filter(|values| !values.is_empty()).map_or_else(|| "–".to_owned(), |values| spread(&values))
        };
        let error = |value: Option<f64>| value.map(|share| 100.0 * share);
        row.push(best.records.len().to_string());
        let steps = || best.records.iter().map(|record| record.snapshot.step);
        row.push(match (steps().min().unwrap_or(0), steps().max().unwrap_or(0)) {
            (least, most) if least < most => format!("{least} … {most}"),
            (_, most) => most.to_string(),
        });
        row.push(of(|record| Some(record.snapshot.seconds.0)) + " s");
        row.push(of(|record| record.losses().map(|(train, _)| train)));
        row.push(of(|record| record.losses().map(|(_, validation)| validation)));
        let percent = |text: String| if text == "–" { text } else { text + " %" };
        let train = best.records.iter().map(|r| error(r.snapshot.evaluation?.train_error)).collect::<Option<Vec<_>>>();
        let other =
            best.records.iter().map(|r| error(r.snapshot.evaluation?.validation_error)).collect::<Option<Vec<_>>>();
        for errors in [train, other] {
            row.push(errors.map_or_else(|| "–".to_owned(), |errors| percent(spread(&errors))));
        }
        row
    };
    table(&texts(&head), &problem.methods.iter().map(row).collect::<Vec<_>>())
}

/// Seconds an update of the best runs, by phase.
pub fn phases(problem: &Problem) -> String {
    let best = best_runs(problem);
    let names: BTreeSet<_> =
        best.iter().flat_map(|record| record.snapshot.phases.iter().map(|spent| spent.phase)).collect();
    let head = ["method", "an update", "threads"]
        .map(str::to_owned)
        .into_iter()
        .chain(names.iter().map(|phase| phase.name().to_owned()));
    let row = |record: &&Record| {
        let threads = record.snapshot.run.as_ref().map_or(0, |run| run.threads);
        let mut row =
            vec![method(record.kind()).to_owned(), seconds(record.snapshot.step_seconds.0), threads.to_string()];
        row.extend(names.iter().map(|name| {
            let found = record.snapshot.phases.iter().find(|spent| spent.phase == *name);
            found.map_or_else(|| "–".to_owned(), |spent| seconds(spent.wall))
        }));
        row
    };
    table(&head.collect::<Vec<_>>(), &best.iter().map(row).collect::<Vec<_>>())
}

/// In which settings the best runs differ.
pub fn settings(problem: &Problem) -> String {
    let best = best_runs(problem);
    let runs: Vec<_> = best.iter().map(|record| &record.run).collect();
    let head: Vec<_> = ["setting"].into_iter().chain(best.iter().map(|record| method(record.kind()))).collect();
    let row = |(key, facts): (&str, Vec<Option<&crate::runs::Fact>>)| {
        let words = facts.into_iter().map(|fact| fact.map_or_else(|| "–".to_owned(), ToString::to_string));
        [format!("`{key}`")].into_iter().chain(words).collect::<Vec<_>>()
    };
    table(&texts(&head), &differences(&runs).into_iter().map(row).collect::<Vec<_>>())
}

/// Ranks of Ḡ by size of the minibatch; `None` where none was measured.
pub fn rank(problem: &Problem) -> Option<String> {
    let rows = ranks(problem);
    let head = ["method", "data", "rank at the start", "rank at the end", "bound", "P", "rank/bound", "rank/P"];
    let words = |(low, high): (f64, f64)| if low < high { format!("{low} … {high}") } else { low.to_string() };
    let row = |row: &RankRow| {
        let last = row.last.bounds.1;
        vec![
            method(&row.kind).to_owned(),
            row.data.to_string(),
            format!("{} (update {})", words(row.first.bounds), row.first.step),
            format!("{} (update {})", words(row.last.bounds), row.last.step),
            row.bound.to_string(),
            row.parameters.to_string(),
            percent(last / row.bound as f64),
            percent(last / row.parameters as f64),
        ]
    };
    (!rows.is_empty()).then(|| table(&texts(&head), &rows.iter().map(row).collect::<Vec<_>>()))
}

/// The extremes of the Hessian blocks over all runs of a problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Convexity {
    /// The problem.
    pub title: String,
    /// Whether all activations are piecewise linear.
    pub piecewise_linear: bool,
    /// Whether the loss is convex in the outputs.
    pub convex_loss: bool,
    /// Whether some of its runs were shortened.
    pub shortened: bool,
    /// Runs, and blocks measured in them, each at its layers and updates.
    pub runs: usize,
    /// Layers measured in all runs together.
    pub blocks: usize,
    /// Of how many of these all eigenvalues are known: of the others, an iteration finds the extreme ones.
    pub decomposed: usize,
    /// Of how many of these a negative eigenvalue was found, beyond rounding.
    pub negative: usize,
    /// The least λ min/λ max.
    pub least: f64,
}

/// Whether the Hessian blocks of a problem have negative eigenvalues; `None` where none was measured.
pub fn convexity(problem: &Problem) -> Option<Convexity> {
    let run = problem.records.iter().find_map(|record| record.snapshot.run.as_ref())?;
    let piecewise_linear = run.architecture.is_piecewise_linear();
    let convex_loss = run.loss.is_exponential_family();
    let shortened = problem.records.iter().any(|record| !record.shortened.is_empty());
    let mut found = Convexity {
        shortened,
        title: problem.title.clone(),
        piecewise_linear,
        convex_loss,
        runs: 0,
        blocks: 0,
        decomposed: 0,
        negative: 0,
        least: f64::INFINITY,
    };
    for record in &problem.records {
        let mut blocks = record.snapshot.tracked::<HessianBlock>();
        // The Hessian of all layers together is another matter.
        blocks.retain(|block| block.latest.scope != Scope::Whole);
        found.runs += usize::from(!blocks.is_empty());
        for block in blocks {
            // λ min is the main quantity, λ max the third.
            let ends = block.history.points().iter().zip(block.third.points());
            let ratios = ends.map(|(smallest, largest)| smallest.min / largest.max.abs().max(f64::MIN_POSITIVE));
            let least = ratios.fold(f64::INFINITY, f64::min);
            found.blocks += 1;
            found.decomposed += usize::from(block.latest.products == 0);
            found.negative += usize::from(least < -ROUNDING);
            found.least = found.least.min(least);
        }
    }
    (found.blocks > 0).then_some(found)
}

/// A row for each problem whose Hessian blocks were measured.
pub fn convexities(found: &[Convexity]) -> String {
    let head =
        ["problem", "activations", "runs", "blocks", "of them decomposed", "with λ min < 0", "least λ min / λ max"];
    let row = |one: &Convexity| {
        let kind = if one.piecewise_linear { "piecewise linear" } else { "smooth" };
        let counts = [one.runs, one.blocks, one.decomposed, one.negative].map(|count| count.to_string());
        [one.title.clone(), kind.to_owned()].into_iter().chain(counts).chain([brief(one.least)]).collect()
    };
    table(&texts(&head), &found.iter().map(row).collect::<Vec<_>>())
}

/// All runs, a row for each.
///
/// # Errors
/// Only those of writing into memory.
pub fn all(records: &[Record]) -> Result<Vec<u8>, Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let keys: BTreeSet<&str> =
        records.iter().flat_map(|record| record.run.settings().keys().map(String::as_str)).collect();
    let head = [
        "run",
        "state",
        "updates",
        "train_loss",
        "validation_loss",
        "train_error",
        "validation_error",
        "seconds_training",
        "processor",
        "cores",
        "threads",
    ];
    table.write_record(head.into_iter().chain(keys.iter().copied()))?;
    for record in records {
        let found = record.snapshot.evaluation;
        let number =
            |value: Option<f64>| value.filter(|value| value.is_finite()).map_or_else(String::new, |v| v.to_string());
        let state = match (&record.failure, &record.run.summary) {
            (Some(_), _) => "failed".to_owned(),
            (None, Some(summary)) => format!("{:?}", summary.status).to_lowercase(),
            (None, None) => "unfinished".to_owned(),
        };
        let mut row = vec![record.run.folder.display().to_string(), state, record.snapshot.step.to_string()];
        row.push(number(found.map(|found| found.train_loss)));
        row.push(number(found.map(|found| found.validation_loss)));
        row.push(number(found.and_then(|found| found.train_error)));
        row.push(number(found.and_then(|found| found.validation_error)));
        row.push(number(Some(record.snapshot.seconds.0)));
        let info = record.snapshot.run.as_ref();
        row.push(info.map_or_else(String::new, |info| info.machine.processor.clone()));
        row.push(info.map_or_else(String::new, |info| info.machine.cores.to_string()));
        row.push(info.map_or_else(String::new, |info| info.threads.to_string()));
        row.extend(keys.iter().map(|key| record.setting(key).unwrap_or_default()));
        table.write_record(row)?;
    }
    table.into_inner().map_err(|error| Error::Encode(error.into_error().to_string()))
}
