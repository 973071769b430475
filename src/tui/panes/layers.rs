//! The two lines below the panes of the Curvature and the Images screen: which layer or image is shown, and what is
//! being measured.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Scene, images};
use crate::diagnostics::{Diagnostic, Scope};
use crate::tui::number::{count, duration, percent};
use crate::tui::state::Screen;
use crate::tui::widgets::{fit, put};

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let chosen = match scene.state.screen {
        Screen::Images => images::choice(scene, area.width),
        _ => choice(scene, area.width),
    };
    put(buffer, area, 0, &chosen);
    put(buffer, area, 1, &measuring(scene, area.width));
}

/// The layers with their widths, the one that is shown marked; where there is no room for all, those about it.
fn choice(scene: &Scene<'_>, width: u16) -> Line<'static> {
    let theme = scene.theme;
    let Some(run) = &scene.snapshot.run else { return Line::default() };
    let layers = run.architecture.layers();
    let chosen = match scene.scope() {
        Scope::Whole => 0,
        Scope::Layer(layer) => layer,
    };
    let name = |index: usize| match index.checked_sub(1).and_then(|index| layers.get(index)) {
        None => " all ".to_owned(),
        Some(layer) => format!(" {index} {}·{} ", layer.activation.name(), layer.units),
    };
    let names: Vec<_> = (0..=layers.len()).map(name).collect();
    let wide =
        |range: std::ops::RangeInclusive<usize>| names[range].iter().map(|name| name.chars().count()).sum::<usize>();
    let room = usize::from(width).saturating_sub("layer ".len() + 4);
    // Grows to both sides from the chosen one as long as there is room.
    let (mut first, mut last) = (chosen, chosen);
    loop {
        let grown = [(first.saturating_sub(1), last), (first, (last + 1).min(layers.len()))];
        let fits = grown.into_iter().find(|&(from, to)| (from, to) != (first, last) && wide(from..=to) <= room);
        let Some(range) = fits else { break };
        (first, last) = range;
    }
    let mut spans = vec![Span::styled("layer ", theme.faint)];
    if first > 0 {
        spans.push(Span::styled("… ", theme.faint));
    }
    for (index, name) in names.iter().enumerate().take(last + 1).skip(first) {
        let style = if index == chosen { theme.selected } else { theme.text };
        spans.push(Span::styled(name.clone(), style));
    }
    if last < layers.len() {
        spans.push(Span::styled(" …", theme.faint));
    }
    Line::from(spans)
}

/// What is being measured and what waits, or what measuring has taken so far.
fn measuring(scene: &Scene<'_>, width: u16) -> Line<'static> {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let item =
        |name: &'static str, text: String| vec![Span::styled(name, theme.faint), Span::raw(" "), Span::raw(text)];
    let mut parts = Vec::new();
    if let Some((first, rest)) = snapshot.measuring.split_first() {
        let found = done(scene, *first);
        parts.push(vec![Span::styled(format!("… measuring {}{found}", first.title()), theme.warning)]);
        let rest: Vec<_> = rest.iter().map(|diagnostic| diagnostic.symbol()).collect();
        if !rest.is_empty() {
            parts.push(item("then", rest.join(", ")));
        }
    }
    parts.push(item("update", count(snapshot.step)));
    let (measured, share) = snapshot.diagnostics_share();
    if measured > 0.0 {
        parts.push(item("diagnostics took CPU", duration(measured)));
        parts.push(item("share", percent(share)));
    }
    fit(parts, 2, width, theme)
}

/// How far a measurement is that goes on: of its work, or how many of its results are there.
fn done(scene: &Scene<'_>, diagnostic: Diagnostic) -> String {
    if let Some((_, done, of)) = scene.snapshot.progress.filter(|(measured, ..)| *measured == diagnostic) {
        return format!(" ({})", percent(done as f64 / of.max(1) as f64));
    }
    let found = scene.snapshot.measurements().filter(|found| found.diagnostic() == diagnostic);
    let steps: Vec<_> = found.map(|found| found.reading().step).collect();
    let Some(latest) = steps.iter().max() else { return String::new() };
    // The results of an earlier measurement are all there, but those that were reported anew are of a later step.
    let anew = steps.iter().filter(|step| *step == latest).count();
    if anew < steps.len() { format!(" ({anew} of {})", steps.len()) } else { String::new() }
}
