//! What is known of the selected field: what is wrong with it, what it means, the values it takes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::input::Input;
use super::super::rows::{self, Place};
use super::super::{Design, Message, Mode};
use super::{list, words};
use crate::experiment::Field;
use crate::train::Hyperparameter;
use crate::tui::theme::Theme;
use crate::tui::widgets::put;

/// Draws it, below a rule with the key of the field and how many lines of the list, `seen` of which are in
/// sight, are left over.
pub fn draw(buffer: &mut Buffer, area: Rect, design: &Design, seen: u16, theme: &Theme) {
    if area.height < 2 {
        return;
    }
    let key = design.key();
    let title = Line::styled(key.clone(), theme.strong);
    let inner = theme.panel(buffer, area, title.clone(), false, false);
    let below = list::below(design, seen);
    if below > 0 {
        theme.remark(buffer, area, &title, &[format!("↓ {below} more")]);
    }
    let mut lines = Vec::new();
    if let (Mode::Naming(..), Some(Message::Wrong(text))) = (&design.mode, &design.message) {
        lines.extend(words(&format!("× {text}"), theme.bad, inner.width, theme));
    }
    for trouble in &design.verdict.troubles {
        if rows::find(&design.rows, &trouble.key) == Some(design.selected) {
            lines.extend(words(&format!("× {}", trouble.text), theme.bad, inner.width, theme));
        }
    }
    lines.extend(words(&meaning(design, &key), theme.text, inner.width, theme));
    let more = further(design, &key);
    lines.extend(words(&more, theme.faint, inner.width, theme));
    for (row, line) in lines.iter().take(inner.height.into()).enumerate() {
        put(buffer, inner, row as u16, line);
    }
}

/// What the field means.
fn meaning(design: &Design, key: &str) -> String {
    match (list::meaning(design, key), design.row().map(|row| &row.place)) {
        (Some(meaning), Some(Place::Layers)) => format!("{meaning} a adds one before the first."),
        (Some(meaning), _) => meaning,
        (None, _) => "No experiment has this key: d takes it out.".to_owned(),
    }
}

/// The values it takes, its default, whether it can be changed later.
fn further(design: &Design, key: &str) -> String {
    let mut parts = Vec::new();
    if let Input::Choice(choices) = design.input()
        && !matches!(design.mode, Mode::Choosing(_))
    {
        let names: Vec<_> = choices.iter().map(|choice| choice.name()).collect();
        parts.push(format!("One of {}.", names.join(", ")));
    }
    if let Some(field) = Field::of(key) {
        match &*field.default {
            "-" => {}
            "required" => parts.push("Required.".to_owned()),
            default => parts.push(format!("Default: {}.", default.trim_matches('"'))),
        }
        if !field.takers.is_empty() {
            parts.push(format!("Only with {}.", field.takers.join(", ")));
        }
    }
    if Hyperparameter::all().iter().any(|live| live.key() == key) {
        parts.push("Can be changed while the run goes on.".to_owned());
    }
    parts.join(" ")
}
