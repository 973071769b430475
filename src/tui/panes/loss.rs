//! Loss along the run.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::curves::{Curves, Look, Quantity, smoothing};
use super::{Pane, Scene};
use crate::diagnostics::Diagnostic;
use crate::session::Snapshot;
use crate::train::Hyperparameter;
use crate::tui::number::count;
use crate::tui::runs::{Overlaid, overlay};
use crate::tui::state::State;

pub use crate::export::quantity::loss as figures;

/// The view of γ, τ and the learning rate.
pub const DAMPING: usize = 1;
/// The view of step size and reduction ratio.
pub const STEP: usize = 2;

pub const ABOUT: &[&str] = &[
    "The loss of each minibatch before its update, without the L2 term:",
    "a smoothed line above the range of the values. Points: the mean loss over",
    "the first 10,000 training data, and over the validation data.",
    "Further views: γ, τ and the learning rate; the step size α* and the",
    "reduction ratio ρ, measured over predicted decrease.",
];

pub fn title(scene: &Scene<'_>) -> String {
    ["Loss", "Damping", "Step size, reduction ratio"][scene.state.view(Pane::Loss)].to_owned()
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let snapshot = scene.snapshot;
    let lost: u64 = snapshot.loss.points().iter().map(|point| u64::from(point.not_finite)).sum();
    let view = scene.state.view(Pane::Loss);
    let scale = if log(scene) { "log" } else { "linear" };
    let past = smoothing(scene.state);
    let smoothed = if past == 0.0 { "not smoothed".to_owned() } else { format!("smoothed {past}") };
    match (lost, view) {
        (_, 1) => vec![scale.to_owned()],
        (0, _) | (_, STEP) => vec![format!("{scale} · {smoothed}"), scale.to_owned()],
        _ => {
            let lost = format!("× {} not finite", count(lost));
            vec![format!("{scale} · {smoothed} · {lost}"), lost]
        }
    }
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[]
}

pub fn rows(_: &Snapshot) -> usize {
    0
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let snapshot = scene.snapshot;
    let has = |hyperparameter| snapshot.hyperparameter(hyperparameter).is_some();
    let steps = snapshot.latest.as_ref().is_none_or(|step| step.step_size.is_some());
    // Whether a quantity is one of the present optimizer is told last.
    let (quantities, empty) = match scene.state.view(Pane::Loss) {
        0 => (
            vec![
                (if area.width < 48 { "batch" } else { "minibatch" }, &snapshot.loss, Look::Noisy, true),
                ("train", &snapshot.train_loss, Look::Points, true),
                ("val.", &snapshot.validation_loss, Look::Points, true),
            ],
            "no update yet",
        ),
        DAMPING => (
            vec![
                ("γ", &snapshot.kronecker_damping, Look::Curve, has(Hyperparameter::KroneckerDamping)),
                ("τ", &snapshot.step_damping, Look::Curve, has(Hyperparameter::StepDamping)),
                ("rate", &snapshot.learning_rate, Look::Curve, has(Hyperparameter::LearningRate)),
            ],
            "this optimizer has no damping",
        ),
        _ => (
            vec![
                ("α*", &snapshot.step_size, Look::Noisy, steps),
                ("ρ", &snapshot.reduction_ratio, Look::Noisy, snapshot.latest_ratio.is_some()),
            ],
            "this optimizer has no quadratic model",
        ),
    };
    let empty = if snapshot.run.is_some() { empty } else { "no update yet" };
    let mut quantities: Vec<_> = quantities
        .into_iter()
        .map(|(name, series, look, present)| Quantity {
            name: match series.points().last() {
                Some(last) if !present => format!("{name} until {}:", count(last.step)),
                _ => name.to_owned(),
            },
            series: Cow::Borrowed(series),
            look,
            run: snapshot,
        })
        .collect();
    if scene.state.view(Pane::Loss) == 0 {
        let others: Vec<_> = scene.marked(scene.state.runs.shown).collect();
        quantities.extend(overlay(scene, &others, Overlaid::Loss));
    }
    Curves { quantities, log: log(scene), sign: 1.0, empty }.draw(buffer, area, scene);
    0
}

/// Whether y is logarithmic. ρ can be negative: linear unless asked otherwise.
fn log(scene: &Scene<'_>) -> bool {
    scene.state.linear_y[Pane::Loss.index()] == (scene.state.view(Pane::Loss) == STEP)
}
