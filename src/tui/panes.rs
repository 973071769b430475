//! The panes of the Train screen. They only draw.

pub mod header;
pub mod hessian;
pub mod loss;
pub mod rank;
pub mod status;
pub mod steps;
pub mod timing;
mod track;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::state::{Pane, State};
use super::theme::Theme;
use crate::session::{Snapshot, Status};

/// What a pane needs to draw itself.
pub struct Scene<'a> {
    pub state: &'a State,
    pub snapshot: &'a Snapshot,
    pub theme: &'a Theme,
}

/// Draws a pane.
pub fn draw(pane: Pane, buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let (title, remark, draw): (_, _, fn(&mut Buffer, Rect, &Scene<'_>)) = match pane {
        Pane::Loss => (loss::title(scene), loss::remark(scene), loss::draw),
        Pane::Rank => (rank::title(scene), rank::remark(scene), rank::draw),
        Pane::Hessian => (hessian::title(scene), hessian::remark(scene), hessian::draw),
        Pane::Timing => (timing::title(scene), timing::remark(scene), timing::draw),
    };
    let focused = scene.state.focus == pane;
    let style = if focused { scene.theme.accent } else { scene.theme.strong };
    let number = Span::styled(format!("{} ", pane.index() + 1), scene.theme.faint);
    let title = Line::from(vec![number, Span::styled(title, style)]);
    let remark = Line::styled(remark, scene.theme.faint);
    let inner = scene.theme.panel(buffer, area, title, remark, focused);
    draw(buffer, inner, scene);
}

/// What an empty pane says.
fn waiting(snapshot: &Snapshot, every: Option<f64>, key: &str) -> String {
    match (&snapshot.status, every) {
        (Status::Loading, _) => "waiting for the data".to_owned(),
        (Status::Ended(_), _) => "never measured".to_owned(),
        (_, Some(0.0)) => format!("not measured: {key} is 0 (set it with e)"),
        _ => "measuring…".to_owned(),
    }
}

/// The name of layer λ: its number, width and activation.
fn layer_name(snapshot: &Snapshot, layer: usize) -> String {
    let known = snapshot.run.as_ref().and_then(|run| run.architecture.layers().get(layer.wrapping_sub(1)));
    known.map_or_else(|| layer.to_string(), |known| format!("{layer} {}", known.activation.name()))
}
