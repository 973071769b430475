//! Several series in one chart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::track::{Track, nearest};
use super::{Pane, Scene};
use crate::session::history::Series;
use crate::tui::number::digits;
use crate::tui::widgets::chart::{Axis, Chart, Layer, Shape, legend};
use crate::tui::widgets::put;

/// Draws several series as curves in one chart with a legend above; `empty` where there are none.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, pane: Pane, series: &[(&str, &Series)], empty: &str) {
    let series: Vec<_> = series.iter().copied().filter(|(_, series)| !series.is_empty()).collect();
    if series.is_empty() {
        put(buffer, area, 0, &Line::styled(empty.to_owned(), scene.theme.faint));
    } else {
        draw_signed(buffer, area, scene, pane, &series, 1.0);
    }
}

/// The same, every value times `sign`.
pub fn draw_signed(
    buffer: &mut Buffer,
    area: Rect,
    scene: &Scene<'_>,
    pane: Pane,
    series: &[(&str, &Series)],
    sign: f64,
) {
    let theme = scene.theme;
    let track = Track::of(scene);
    let turn = |(x, y): (f64, f64)| (x, sign * y);
    let signs = ['●', '◆', '▲', '■', '○', '◇', '△', '□'];
    let mut layers = Vec::new();
    let mut entries = Vec::new();
    for (index, (name, series)) in series.iter().enumerate() {
        let (style, mark) = (theme.series[index % 8], signs[index % 8]);
        let curve: Vec<_> = track.curve(series).into_iter().map(turn).collect();
        let at = scene.state.axes.crosshair;
        let shown = at.map_or_else(|| series.last(), |step| nearest(series, step));
        entries.push((
            mark,
            format!("{name} {}", shown.map_or_else(String::new, |p| digits(sign * p.mean(), 3))),
            style,
        ));
        // A few signs along the curve tell it from others where there are no colours.
        let apart = curve.len().div_ceil(6).max(1);
        let offset = (index * apart) / 8;
        let signs_at = curve.iter().copied().skip(offset).step_by(apart).collect();
        layers.push(Layer { shape: Shape::Curve(curve), style });
        layers.push(Layer { shape: Shape::Points(signs_at, mark), style });
    }
    let values = layers.iter().flat_map(|layer| match &layer.shape {
        Shape::Curve(points) => points.as_slice(),
        _ => &[],
    });
    let y = Axis::over(values.map(|(_, y)| *y), !scene.state.linear_y[pane.index()]).with_headroom(0.04);
    let chart = Chart { x: track.axis(), y, layers, rules: track.rules(scene, theme), unit: track.unit() };
    chart.draw(buffer, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, theme);
    legend(buffer, area, 0, entries);
}
