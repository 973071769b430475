//! The loss on a plane through parameter space, as a heat map.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Scene, layer_name, measured, waiting};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::surface::{Axis, Surface as Found};
use crate::session::Snapshot;
use crate::tui::number::{digits, plain};
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::raster::{Raster, Scale, Sum, strip};
use crate::tui::widgets::{fit, put};

pub use crate::export::surfaces as figures;

pub const ABOUT: &[&str] = &[
    "The mean loss of a probe batch on a plane through parameter space, along the",
    "axes u (to the right) and v (up) of diagnostics.surface; + marks where the",
    "parameters are. The edges of the colours are contours.",
];

fn found<'a>(scene: &Scene<'a>) -> Option<&'a Found> {
    scene.snapshot.tracked::<Found>().first().map(|one| one.latest)
}

pub fn title(scene: &Scene<'_>) -> String {
    let layer = found(scene).and_then(|found| found.plane.layer());
    let within = layer.map(|layer| format!(" · within layer {}", layer_name(scene.snapshot, layer)));
    format!("Loss surface{}", within.unwrap_or_default())
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[Diagnostic::Surface]
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    found(scene).map_or_else(Vec::new, |found| measured(found.step, found.data, found.cost))
}

pub fn rows(_: &Snapshot) -> usize {
    0
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let theme = scene.theme;
    let Some(found) = found(scene) else {
        put(buffer, area, 0, &Line::styled(waiting(scene, Diagnostic::Surface), theme.faint));
        return 0;
    };
    let item =
        |name: &'static str, text: String| vec![Span::styled(name, theme.faint), Span::raw(" "), Span::raw(text)];
    let [u, v] = found.plane.axes.map(|axis| direction(scene, axis));
    let edges = item("|u|, |v| ≤", plain(found.plane.extent));
    let words = vec![item("+", digits(found.loss, 4)), item("u", u), item("v", v), edges];
    put(buffer, area, 0, &fit(words, 2, area.width, theme));
    let feet = u16::from(area.height >= 4);
    let room = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + feet), ..area };
    let height = Height::of(found);
    let last = found.plane.points - 1;
    let at = |column: usize, row: usize| height.at(found.at(column, last - row));
    let size = (found.plane.points, found.plane.points);
    let raster = Raster { size, at: &at, sum: Sum::Mean, scale: height.scale() };
    let place = raster.fit(room);
    raster.draw(buffer, place, theme);
    mark(buffer, place, found, theme);
    if feet > 0 {
        legend(buffer, Rect { y: room.bottom(), height: 1, ..area }, scene, height);
    }
    0
}

/// How an axis is called: `update of layer 2`.
fn direction(scene: &Scene<'_>, axis: Axis) -> String {
    let along = axis.along.name().replace('_', " ");
    axis.layer.map_or_else(|| along.clone(), |layer| format!("{along} of {}", layer_name(scene.snapshot, layer)))
}

/// From the least loss to the largest, by its logarithm where it is positive and spans a decade.
#[derive(Clone, Copy)]
struct Height {
    least: f64,
    largest: f64,
    log: bool,
}

impl Height {
    fn of(found: &Found) -> Self {
        let (least, largest) = found.range();
        Self { least, largest, log: found.spans_a_decade() }
    }

    /// The height of a loss; what is not finite is as high as the largest.
    fn at(self, loss: f64) -> f64 {
        let loss = if loss.is_finite() { loss } else { self.largest };
        if self.log { loss.log10() } else { loss }
    }

    fn scale(self) -> Scale {
        Scale::Rising { low: self.at(self.least), high: self.at(self.largest) }
    }
}

/// Marks where the parameters are, if that is in sight.
fn mark(buffer: &mut Buffer, place: Rect, found: &Found, theme: &Theme) {
    let (points, extent) = (found.plane.points as f64, found.plane.extent);
    let [u, v] = found.plane.here();
    if place.is_empty() || u.abs() > extent || v.abs() > extent {
        return;
    }
    // The middle of the point's part of the place.
    let part = |x: f64, cells: u16| {
        let share = ((x + extent) / (2.0 * extent) * (points - 1.0) + 0.5) / points;
        ((share * f64::from(cells)) as u16).min(cells - 1)
    };
    let at = (place.x + part(u, place.width), place.y + part(-v, place.height));
    if let Some(cell) = buffer.cell_mut(at) {
        // In the terminal's own colours: those of its place may be one and the same.
        cell.reset();
        cell.set_char('+').set_style(theme.strong);
    }
}

/// What the colours stand for.
fn legend(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, height: Height) {
    let theme = scene.theme;
    let [left, right] = [height.least, height.largest].map(|loss| digits(loss, 3));
    let taken = (left.chars().count() + right.chars().count() + 2) as u16;
    let wide = area.width.saturating_sub(taken).min(20);
    if wide < 5 {
        return;
    }
    let bar = Rect { x: area.x + left.chars().count() as u16 + 1, width: wide, ..area };
    put(buffer, area, 0, &Line::styled(left, theme.faint));
    strip(buffer, bar, wide, height.scale(), theme);
    let rest = Rect { x: bar.right() + 1, width: area.right().saturating_sub(bar.right() + 1), ..area };
    let mut parts = vec![vec![Span::styled(right, theme.faint)]];
    if height.log {
        parts.push(vec![Span::styled("log", theme.faint)]);
    }
    put(buffer, rest, 0, &fit(parts, 2, rest.width, theme));
}
