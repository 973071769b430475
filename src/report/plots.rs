//! Figures of a problem beside its losses: rank, alignment and time.

use std::collections::BTreeMap;

use super::problem::{Method, Problem};
use super::record::Record;
use super::words;
use crate::diagnostics::Scope;
use crate::diagnostics::rank::Rank;
use crate::export::figure::{Axis, Curve, Figure, Look, Point};
use crate::export::{Labelled, View, quantity};
use crate::session::history;
use crate::session::snapshot::Tracked;

/// The rank of Ḡ of a probe batch, once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// Updates made.
    pub step: u64,
    /// The rank is at least and at most this; exact where both are the same.
    pub bounds: (f64, f64),
}

/// The rank of Ḡ against the size of the probe batch: at the first measurement and at the last.
#[derive(Clone, Debug, PartialEq)]
pub struct RankRow {
    /// The method that trained.
    pub kind: String,
    /// Data of the probe batch.
    pub data: usize,
    /// Σ_n rank H_L^n.
    pub bound: usize,
    /// P.
    pub parameters: usize,
    /// At the beginning.
    pub first: Ranked,
    /// At the end.
    pub last: Ranked,
}

fn whole(record: &Record) -> Option<Tracked<'_, Rank>> {
    record.snapshot.tracked::<Rank>().into_iter().find(|rank| rank.latest.scope == Scope::Whole)
}

/// The runs in which the rank was measured.
pub fn ranked<'a>(problem: &Problem<'a>) -> Vec<&'a Record> {
    problem.records.iter().copied().filter(|record| whole(record).is_some()).collect()
}

/// Ranks by method and size of the probe batch.
pub fn ranks(problem: &Problem) -> Vec<RankRow> {
    let mut rows = BTreeMap::new();
    for record in ranked(problem) {
        let Some(rank) = whole(record) else { continue };
        let at = |lower: Option<&history::Point>, upper: Option<&history::Point>| {
            Some(Ranked { step: lower?.step, bounds: (lower?.min, upper?.max) })
        };
        let (lower, upper) = (rank.history, rank.third);
        let ends = (at(lower.points().first(), upper.points().first()), at(lower.last(), upper.last()));
        let (Some(first), Some(last)) = ends else { continue };
        let (data, bound, parameters) = (rank.latest.data, rank.latest.bound, rank.latest.parameters);
        let row = RankRow { kind: record.kind().to_owned(), data, bound, parameters, first, last };
        rows.entry((words::rank(record.kind()), data)).or_insert(row);
    }
    rows.into_values().collect()
}

/// Rank against the size of the minibatch, where several were measured.
pub fn rank_against_data(problem: &Problem) -> Option<Figure> {
    let rows = ranks(problem);
    let mut curves = Vec::new();
    let kinds: BTreeMap<usize, &str> = rows.iter().map(|row| (words::rank(&row.kind), row.kind.as_str())).collect();
    for kind in kinds.into_values() {
        let of: Vec<_> = rows.iter().filter(|row| row.kind == kind).collect();
        if of.len() < 2 {
            continue;
        }
        let curve = |quantity: &str, look, value: fn(&RankRow) -> (f64, f64)| {
            let point = |row: &&RankRow| {
                let (low, high) = value(row);
                Point { x: row.data as f64, y: low, low, high }
            };
            let run = words::method(kind).to_owned();
            Curve { run, quantity: quantity.to_owned(), look, points: of.iter().map(point).collect() }
        };
        curves.push(curve("at the start", Look::Line, |row| row.first.bounds));
        curves.push(curve("at the end", Look::Line, |row| row.last.bounds));
        curves.push(curve("bound", Look::Bound, |row| (row.bound as f64, row.bound as f64)));
    }
    let figure = Figure {
        title: format!("Rank of Ḡ, {}", problem.name()),
        x: Axis { label: "data in the minibatch".to_owned(), log: true },
        y: Axis { label: "rank".to_owned(), log: true },
        curves,
        ..Figure::default()
    };
    (!figure.is_empty()).then_some(figure)
}

/// The first run of each method's best settings, under its name.
pub fn best_runs<'a>(problem: &Problem<'a>) -> Vec<&'a Record> {
    let first = |method: &Method<'a>| method.best()?.records.first().copied();
    problem.methods.iter().filter_map(first).collect()
}

fn labelled(records: &[&Record]) -> Vec<Labelled> {
    records.iter().map(|record| (words::method(record.kind()).to_owned(), record.snapshot.clone())).collect()
}

/// The run of each method that measured the rank most often; of several that with the most data.
pub fn ranked_runs<'a>(problem: &Problem<'a>) -> Vec<&'a Record> {
    let often = |record: &Record| whole(record).map(|rank| (rank.history.points().len(), rank.latest.data));
    let of = |method: &Method<'a>| {
        let records = problem.records.iter().copied().filter(|record| record.kind() == method.kind);
        records.filter(|record| often(record).is_some()).max_by_key(|record| often(record))
    };
    problem.methods.iter().filter_map(of).collect()
}

/// The rank of all of Ḡ along training, of every method.
pub fn rank_along(problem: &Problem) -> Option<Figure> {
    let mut figures = quantity::rank(&labelled(&ranked_runs(problem)), View::default());
    let mut figure = figures.pop()?;
    // Blocks have their own table: here the whole is compared.
    figure.curves.retain(|curve| curve.quantity.starts_with("all layers"));
    figure.marks.clear();
    (!figure.is_empty()).then_some(figure)
}

/// Where the time of an update goes.
pub fn phases(problem: &Problem) -> Option<Figure> {
    let figures = quantity::timing(&labelled(&best_runs(problem)), View::default());
    figures.into_iter().find(|figure| !figure.bars.is_empty())
}
