//! Loss surfaces of the runs of a problem, and how they bend.

use super::problem::Problem;
use super::record::Record;
use super::words::{brief, table};
use crate::diagnostics::surface::Surface;
use crate::export::{self, Figure};

/// The first surface of every run that measured one, in the order of the runs.
pub fn measured<'a>(problem: &Problem<'a>) -> Vec<(&'a Record, &'a Surface)> {
    problem.records.iter().filter_map(|&record| Some((record, record.surfaces.first()?))).collect()
}

/// What the experiment of a run is called.
fn name(record: &Record) -> String {
    record.snapshot.run.as_ref().map_or_else(|| record.run.label(), |info| info.name.clone())
}

/// A heat map of each.
pub fn figures(measured: &[(&Record, &Surface)]) -> Vec<Figure> {
    measured.iter().map(|(record, surface)| export::surface(&name(record), surface)).collect()
}

/// How each of them bends.
pub fn summary(measured: &[(&Record, &Surface)]) -> String {
    let head = ["run", "plane", "points", "smooth pieces", "second differences", "negative", "least, relative"];
    let row = |(record, surface): &(&Record, &Surface)| {
        let bends = surface.bends();
        let plane = surface.plane.layer().map_or_else(|| "across layers".to_owned(), |layer| format!("layer {layer}"));
        let pieces = surface.pieces.iter().max().map_or(0, |last| last + 1);
        let counts = [surface.losses.len(), pieces as usize, bends.all, bends.negative].map(|count| count.to_string());
        [name(record), plane].into_iter().chain(counts).chain([brief(bends.least)]).collect()
    };
    table(&head.map(str::to_owned), &measured.iter().map(row).collect::<Vec<Vec<String>>>())
}
