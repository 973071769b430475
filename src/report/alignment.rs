//! How well the directions of methods agree with the exact Gauss-Newton direction along a run.

use super::problem::Problem;
use super::record::Record;
use super::words::{brief, table};
use crate::diagnostics::Scope;
use crate::diagnostics::alignment::{Alignment, Direction};
use crate::export::figure::{Axis, Curve, Figure, Look, Point};

/// The directions that are compared with the exact one.
const COMPARED: [Direction; 5] =
    [Direction::Kfra, Direction::Kfac, Direction::Kflr, Direction::Adam, Direction::Gradient];

/// The run of a problem whose alignment was measured most often.
pub fn measured<'a>(problem: &Problem<'a>) -> Option<&'a Record> {
    let measured = problem.records.iter().copied().filter(|record| !record.alignment.is_empty());
    measured.max_by_key(|record| record.alignment.len())
}

fn cosine(found: &Alignment, direction: Direction) -> Option<f64> {
    found.directions.iter().find(|aligned| aligned.direction == direction).map(|aligned| aligned.cosine)
}

/// Mean cosine of a direction with the exact one over the updates of a run, and its least: of all layers together, or
/// of each layer by itself, over the layers too.
pub fn mean(record: &Record, direction: Direction, together: bool) -> Option<(f64, f64)> {
    let of = record.alignment.iter().filter(|found| (found.scope == Scope::Whole) == together);
    let cosines: Vec<f64> = of.filter_map(|found| cosine(found, direction)).collect();
    let least = cosines.iter().copied().fold(f64::INFINITY, f64::min);
    (!cosines.is_empty()).then(|| (cosines.iter().sum::<f64>() / cosines.len() as f64, least))
}

/// Cosines along the run: a figure for each layer.
pub fn figures(record: &Record) -> Vec<Figure> {
    let mut scopes: Vec<Scope> = record.alignment.iter().map(|found| found.scope).collect();
    scopes.sort();
    scopes.dedup();
    let figure = |scope: Scope| {
        let title = match scope {
            Scope::Whole => "All layers".to_owned(),
            Scope::Layer(layer) => format!("Layer {layer}"),
        };
        let curve = |direction: Direction| {
            let of = record.alignment.iter().filter(|found| found.scope == scope);
            let points = of.filter_map(|found| {
                let y = cosine(found, direction)?;
                Some(Point { x: found.step as f64, y, low: y, high: y })
            });
            let quantity = format!("cosine, {}", title.to_lowercase());
            Curve { run: direction.name().to_owned(), quantity, look: Look::Line, points: points.collect() }
        };
        Figure {
            title: format!("{title}: alignment with the exact Gauss-Newton direction"),
            x: Axis { label: "updates".to_owned(), log: false },
            y: Axis { label: "cosine".to_owned(), log: false },
            curves: COMPARED.into_iter().map(curve).filter(|curve| !curve.points.is_empty()).collect(),
            ..Figure::default()
        }
    };
    scopes.into_iter().map(figure).filter(|figure| !figure.is_empty()).collect()
}

/// Mean and least cosine of every direction.
pub fn summary(record: &Record) -> String {
    let head =
        ["direction", "mean cosine over layers and updates", "least", "mean cosine, all layers together", "least"]
            .map(str::to_owned);
    let row = |direction: Direction| {
        let numbers = |together| mean(record, direction, together).map(|(mean, least)| [mean, least].map(brief));
        let together = numbers(true).unwrap_or_else(|| ["–", "–"].map(str::to_owned));
        Some([direction.name().to_owned()].into_iter().chain(numbers(false)?).chain(together).collect())
    };
    table(&head, &COMPARED.into_iter().filter_map(row).collect::<Vec<_>>())
}
