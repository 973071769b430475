//! The two lines on the latest update.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Scene;
use crate::runs::Standing;
use crate::session::Status;
use crate::train::Hyperparameter;
use crate::tui::number::{count, digits, duration, figure, percent};
use crate::tui::widgets::{bar, fit, put};

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let item = |name: &'static str, text: String| {
        vec![Span::styled(name, theme.faint), Span::raw(" "), Span::styled(text, theme.text)]
    };
    let Some(run) = &snapshot.run else {
        let text = match scene.standing() {
            None => "there is no run: D designs one",
            Some(Standing::Queued) => "it waits for the runs before it: b on the Runs screen begins it at once",
            Some(_) if snapshot.status != Status::Loading => "",
            Some(standing) if standing.goes_on() => "loading the data…",
            Some(_) => "reading the log…",
        };
        put(buffer, area, 0, &Line::styled(text, theme.faint));
        return;
    };
    let done = snapshot.step as f64 / run.updates.max(1) as f64;
    let length = if area.width >= 120 { 24 } else { 10 };
    let filled = bar::bar(done, length, theme.is_ascii());
    let empty = if theme.is_ascii() { "." } else { "░" }.repeat(length.saturating_sub(filled.chars().count()));
    let mut first = vec![
        item("update", format!("{}/{}", count(snapshot.step), count(run.updates))),
        vec![
            Span::styled(filled, theme.series[0]),
            Span::styled(empty, theme.faint),
            Span::raw(format!(" {:.0} %", (done * 100.0).floor())),
        ],
    ];
    let mut second = Vec::new();
    if let Some(step) = &snapshot.latest {
        first.push(item("epoch", format!("{:.2}", step.epoch)));
        first.push(item("loss", figure(step.loss)));
        let known = [
            ("α*", step.step_size),
            ("τ", step.step_damping),
            ("γ", step.kronecker_damping),
            ("ρ", snapshot.latest_ratio),
            ("μ", step.momentum),
            ("rate", step.learning_rate),
        ];
        second.extend(known.into_iter().filter_map(|(name, value)| Some(item(name, digits(value?, 3)))));
    }
    if let Some(evaluation) = &snapshot.evaluation {
        first.push(item("train", figure(evaluation.train_loss)));
        if evaluation.validation_loss.is_finite() || !snapshot.validation_loss.is_empty() {
            first.push(item("val.", figure(evaluation.validation_loss)));
        }
        if let (Some(losses), true) = (first.last_mut(), evaluation.step < snapshot.step) {
            losses.push(Span::styled(format!(" @ {}", count(evaluation.step)), theme.faint));
        }
    }
    let (wall, _) = snapshot.step_seconds;
    let (training, evaluation) = snapshot.seconds;
    second.push(item("elapsed", duration(training + evaluation)));
    // Within a long update, as those with many products with a curvature matrix are.
    second.extend(scene.state.quiet.map(|seconds| item("no news for", duration(seconds as f64))));
    let left = snapshot.pace.seconds_for(run.updates.saturating_sub(snapshot.step));
    if let (Some(left), true) = (left, scene.standing().is_some_and(Standing::goes_on)) {
        second.push(item("ETA", duration(left)));
    }
    if let Some(evaluation) = &snapshot.evaluation {
        let errors = [("val. error", evaluation.validation_error), ("train error", evaluation.train_error)];
        second.extend(errors.into_iter().filter_map(|(name, value)| Some(item(name, percent(value?)))));
    }
    if wall > 0.0 {
        let batch = snapshot.hyperparameter(Hyperparameter::Batch).unwrap_or(run.batch as f64);
        second.push(vec![Span::raw(count((batch / wall) as u64)), Span::styled(" samples/s", theme.faint)]);
    }
    put(buffer, area, 0, &fit(first, 2, area.width, theme));
    put(buffer, area, 1, &fit(second, 2, area.width, theme));
}
