//! What the run will need; or, where something is wrong, what.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::Design;
use super::super::verdict::Sound;
use super::words;
use crate::experiment::{Estimate, scaled};
use crate::network::Architecture;
use crate::tui::number::count;
use crate::tui::theme::Theme;
use crate::tui::widgets::put;

/// With fewer lines than this, what is needed is said in one.
const LEAST: u16 = 8;

/// Draws it, below a rule.
pub fn draw(buffer: &mut Buffer, area: Rect, design: &Design, theme: &Theme) {
    if area.height < 2 {
        return;
    }
    let title = match (&design.verdict.sound, design.verdict.troubles.len()) {
        (Some(_), _) => "What the run needs".to_owned(),
        (None, 1) => "1 problem".to_owned(),
        (None, many) => format!("{many} problems"),
    };
    let inner = theme.panel(buffer, area, Line::styled(title, theme.strong), false, false);
    let lines = match &design.verdict.sound {
        Some(sound) => needs(sound, inner, theme),
        None => problems(design, inner.width, theme),
    };
    let room = usize::from(inner.height);
    for (row, line) in lines.iter().take(room).enumerate() {
        put(buffer, inner, row as u16, line);
    }
    if lines.len() > room && inner.width > 0 {
        buffer.set_stringn(inner.right() - 1, inner.bottom() - 1, "…", 1, theme.faint);
    }
}

fn problems(design: &Design, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let texts = design.verdict.troubles.iter().map(|trouble| format!("× {}", trouble.text));
    texts.flat_map(|text| words(&text, theme.bad, width, theme)).collect()
}

fn needs(sound: &Sound, area: Rect, theme: &Theme) -> Vec<Line<'static>> {
    match &sound.network {
        Ok((architecture, estimate)) if area.height < LEAST => short(architecture, estimate, area.width, theme),
        Ok((architecture, estimate)) => long(sound, architecture, estimate, area, theme),
        Err(mismatch) => {
            let text = format!("{mismatch}. The run finds it in the data.");
            words(&text, theme.warning, area.width, theme)
        }
    }
}

fn short(architecture: &Architecture, estimate: &Estimate, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = words(&format!("network {}", architecture.summary()), theme.text, width, theme);
    let parameters = count(estimate.parameters as u64);
    let (memory, flops) = (scaled(estimate.bytes(), "B"), scaled(estimate.flops(), "FLOP"));
    lines.extend(words(
        &format!("{parameters} parameters, about {memory}, {flops} an update"),
        theme.text,
        width,
        theme,
    ));
    lines
}

fn long(
    sound: &Sound,
    architecture: &Architecture,
    estimate: &Estimate,
    area: Rect,
    theme: &Theme,
) -> Vec<Line<'static>> {
    let line = |name: &str, value: String, how: &str| {
        // The formulas in full, or none.
        let how = if area.width < 62 { "" } else { how };
        let style = if name.starts_with(' ') { theme.text } else { theme.strong };
        Line::from(vec![
            Span::styled(format!("{name:<25}"), style),
            Span::styled(format!("{value:>11}"), style),
            Span::styled(theme.spell(format!("  {how}")), theme.faint),
        ])
    };
    let bytes = |name: &str, bytes: f64, how: &str| line(name, scaled(bytes, "B"), how);
    let mut lines = words(&architecture.summary().replace('-', " - "), theme.strong, area.width, theme);
    lines.extend([
        Line::default(),
        line("parameters", count(estimate.parameters as u64), ""),
        bytes("memory, about", estimate.bytes(), ""),
        bytes("  parameters", estimate.parameter_bytes, "and what is kept of each"),
        bytes("  factors", estimate.factor_bytes, "and their inverses"),
        bytes("  minibatch", estimate.batch_bytes, "on its way and back"),
        bytes("  data", estimate.data_bytes, ""),
        line("arithmetic an update", scaled(estimate.flops(), "FLOP"), sound.experiment.optimizer.method.label()),
    ]);
    for work in &estimate.work {
        lines.push(line(&format!("  {}", work.name), scaled(work.flops, "FLOP"), work.formula));
    }
    lines
}
