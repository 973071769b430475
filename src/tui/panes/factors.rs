//! Kronecker factors as heat maps.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Pane, Scene, layer_name, measured, waiting};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::factors::{FactorKind, FactorMap, LayerFactors};
use crate::session::Snapshot;
use crate::tui::number::{count, digits};
use crate::tui::state::State;
use crate::tui::widgets::raster::{DECADES, Raster, Scale, Sum, strip};
use crate::tui::widgets::{fit, put};

pub use crate::export::curvature::factors as figures;

/// Whose factors can be shown: Q and G of each, and what they are called.
pub const SOURCES: [(FactorKind, FactorKind, &str); 4] = [
    (FactorKind::RunningInput, FactorKind::Running, "running average"),
    (FactorKind::Input, FactorKind::Kfac, "KFAC"),
    (FactorKind::Input, FactorKind::Kflr, "KFLR"),
    (FactorKind::Input, FactorKind::Kfra, "KFRA"),
];

/// The source that is chosen; KFLR's where the optimizer keeps no running averages.
fn source(scene: &Scene<'_>, found: Option<&LayerFactors>) -> (FactorKind, FactorKind, &'static str) {
    let chosen = SOURCES[scene.state.source % SOURCES.len()];
    let missing = found.is_some_and(|found| found.factor(chosen.1).is_none());
    if missing { SOURCES[2] } else { chosen }
}

/// The factors of the layer that is shown.
fn shown<'a>(scene: &Scene<'a>) -> Option<&'a LayerFactors> {
    let all = scene.snapshot.tracked::<LayerFactors>();
    all.iter().map(|one| one.latest).find(|found| found.layer == scene.layer())
}

pub const ABOUT: &[&str] = &[
    "The Kronecker factors of a layer, Q of its inputs, G of its pre-activations,",
    "as heat maps: orange above 0, blue below, six decades. Of a large factor",
    "every pixel shows the largest entry of those it stands for. s: whose.",
];

pub fn title(scene: &Scene<'_>) -> String {
    let (.., name) = source(scene, shown(scene));
    format!("Factors · {} · {name}", layer_name(scene.snapshot, scene.layer()))
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[Diagnostic::Factors]
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let all = scene.snapshot.tracked::<LayerFactors>();
    let Some(found) = shown(scene) else { return Vec::new() };
    let mut remarks = measured(found.step, found.data, all.iter().map(|one| one.latest.cost).sum());
    if source(scene, Some(found)).1 == FactorKind::Running {
        // An average over minibatches, not of the probe batch.
        remarks.remove(0);
    }
    remarks
}

pub fn rows(_: &Snapshot) -> usize {
    0
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let theme = scene.theme;
    let Some(found) = shown(scene) else {
        put(buffer, area, 0, &Line::styled(waiting(scene, Diagnostic::Factors), theme.faint));
        return 0;
    };
    let (input, preactivation, _) = source(scene, Some(found));
    let view = scene.state.view(Pane::Factors);
    let wanted = [("Q", input), ("G", preactivation)].into_iter().enumerate();
    let wanted = wanted.filter(|(index, _)| view == 0 || view == index + 1);
    let maps: Vec<_> = wanted.filter_map(|(_, (sign, kind))| Some((sign, found.factor(kind)?))).collect();
    let width = area.width.saturating_sub(maps.len().saturating_sub(1) as u16 * 2) / maps.len().max(1) as u16;
    for (index, (sign, map)) in maps.iter().enumerate() {
        let place = Rect { x: area.x + index as u16 * (width + 2), width, ..area };
        one(buffer, place, scene, sign, map);
    }
    0
}

/// A factor with what is said of it above and its scale below.
fn one(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, sign: &'static str, map: &FactorMap) {
    let theme = scene.theme;
    let side = map.side();
    let cells = || (0..side).flat_map(|row| (0..=row).map(move |column| map.at(row, column)));
    let most = cells().fold(0.0, |most: f64, x| most.max(x.abs()));
    let item =
        |name: &'static str, text: String| vec![Span::styled(name, theme.faint), Span::raw(" "), Span::raw(text)];
    let mut words =
        vec![vec![Span::styled(sign, theme.strong), Span::raw(format!(" {0} × {0}", count(map.size as u64)))]];
    words.push(item("tr", digits(map.trace, 3)));
    if side < map.size {
        words.push(item("extremes of", format!("{0} × {0}", map.size.div_ceil(side))));
    }
    put(buffer, area, 0, &fit(words, 2, area.width, theme));
    let feet = u16::from(area.height >= 4);
    let room = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + feet), ..area };
    let scale = Scale::SignedLog { most };
    let raster = Raster { size: (side, side), at: &|column, row| map.at(row, column), sum: Sum::Extreme, scale };
    raster.draw(buffer, raster.fit(room), theme);
    if feet > 0 {
        legend(buffer, Rect { y: room.bottom(), height: 1, ..area }, scene, most);
    }
}

/// The colours of a factor, from the most negative to the most positive entry.
fn legend(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, most: f64) {
    let theme = scene.theme;
    let ends = [digits(-most, 2), digits(most, 2)];
    let [left, right] = ends.each_ref().map(|text| text.chars().count() as u16);
    let wide = area.width.saturating_sub(left + right + 2).min(21);
    if wide < 5 {
        return;
    }
    put(buffer, area, 0, &Line::styled(ends[0].clone(), theme.faint));
    // Zero has a cell of its own.
    let wide = wide - (wide + 1) % 2;
    let bar = Rect { x: area.x + left + 1, width: wide, ..area };
    strip(buffer, bar, wide, Scale::SignedLog { most }, theme);
    let rest = Rect { x: bar.right() + 1, width: area.right().saturating_sub(bar.right() + 1), ..area };
    let decades = format!("log, {DECADES} decades");
    let parts = vec![vec![Span::styled(ends[1].clone(), theme.faint)], vec![Span::styled(decades, theme.faint)]];
    put(buffer, rest, 0, &fit(parts, 2, rest.width, theme));
}
