//! The first line: what runs, and whether it does.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use crate::runs::Standing;
use crate::session::Status;
use crate::train::Precision;
use crate::tui::number::compact;
use crate::tui::runs;
use crate::tui::state::Screen;
use crate::tui::widgets::{fit, put};

/// Least width of a screen with tabs.
const LEAST: u16 = 60;

/// The tabs of the first line of an area, where there is room for them.
pub fn tabs(area: Rect) -> Vec<(Screen, Rect)> {
    if area.width < LEAST {
        return Vec::new();
    }
    let mut x = area.x;
    let mut place = |screen: Screen| {
        let width = screen.name().len() as u16 + 2;
        x += width;
        (screen, Rect { x: x - width, y: area.y, width, height: 1 })
    };
    Screen::ALL.into_iter().map(&mut place).collect()
}

/// Draws the tabs, the one in sight marked, with the keys that show them. Returns what is left of the line.
fn draw_tabs(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> Rect {
    let theme = scene.theme;
    let mut left = area;
    for (screen, place) in tabs(area) {
        let style = if screen == scene.state.screen { theme.selected } else { theme.faint };
        // The first letter is the key that shows it.
        let (key, rest) = screen.name().split_at(1);
        let key = Span::styled(key, style.add_modifier(Modifier::UNDERLINED));
        put(
            buffer,
            place,
            0,
            &Line::from(vec![Span::styled(" ", style), key, Span::styled(format!("{rest} "), style)]),
        );
        left = Rect { x: place.right() + 1, width: area.right().saturating_sub(place.right() + 1), ..area };
    }
    left
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    let area = draw_tabs(buffer, area, scene);
    let status = scene.standing().map(|standing| status(scene, standing)).unwrap_or_default();
    let wide = status.width() as u16;
    let left = Rect { width: area.width.saturating_sub(wide + 2), ..area };
    let right = Rect { x: area.right().saturating_sub(wide).max(area.x), width: wide.min(area.width), ..area };
    put(buffer, right, 0, &status);
    let Some(run) = &snapshot.run else {
        put(buffer, left, 0, &Line::styled("kfra-tui", theme.strong));
        return;
    };
    let precision = match run.precision {
        Precision::F32 => "f32",
        Precision::F64 => "f64",
    };
    let method = run.optimizer.to_uppercase().replace('_', "-");
    let rest = [
        method,
        precision.to_owned(),
        format!("P {}", compact(run.architecture.parameters() as u64)),
        format!("seed {}", run.seed),
    ];
    let fixed = run.name.chars().count() + rest[0].len() + rest[1].len() + 6;
    let network = squeeze(&run.architecture.summary(), usize::from(left.width).saturating_sub(fixed));
    let mut parts = vec![vec![Span::styled(run.name.clone(), theme.strong)]];
    if !network.is_empty() {
        parts.push(vec![Span::raw(network)]);
    }
    parts.extend(rest.into_iter().map(|text| vec![Span::raw(text)]));
    put(buffer, left, 0, &fit(parts, 2, left.width, theme));
}

/// How a run stands.
fn status(scene: &Scene<'_>, standing: Standing) -> Line<'static> {
    let (theme, loads) = (scene.theme, scene.snapshot.status == Status::Loading);
    let (sign, style) = (runs::sign(standing), runs::style(standing, theme));
    match standing {
        _ if standing.is_live() && scene.state.stopping => Line::styled("■ stopping…", theme.warning),
        Standing::Running if loads => Line::styled("… loading", theme.warning),
        Standing::Elsewhere if scene.snapshot.status == Status::Paused => Line::styled("■ paused elsewhere", style),
        Standing::Elsewhere => Line::styled(format!("{sign} running elsewhere"), style),
        _ => Line::styled(format!("{sign} {}", standing.word()), style),
    }
}

/// The widths of a network, with the middle left out where there is no room for it.
fn squeeze(summary: &str, room: usize) -> String {
    if summary.len() <= room {
        return summary.to_owned();
    }
    let widths: Vec<_> = summary.split('-').collect();
    for kept in (1..widths.len() / 2).rev() {
        let text = format!("{}-…-{}", widths[..=kept].join("-"), widths[widths.len() - kept..].join("-"));
        if text.chars().count() <= room {
            return text;
        }
    }
    let text = format!("{}-…-{}", widths[0], widths[widths.len() - 1]);
    if text.chars().count() <= room { text } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::squeeze;

    #[test]
    fn a_long_network_keeps_its_ends() {
        let summary = "784-1000-500-250-30-250-500-1000-784";
        assert_eq!(squeeze(summary, 40), summary);
        assert_eq!(squeeze(summary, 24), "784-1000-500-…-1000-784");
        assert_eq!(squeeze(summary, 10), "784-…-784");
        assert_eq!(squeeze(summary, 3), "");
    }
}
