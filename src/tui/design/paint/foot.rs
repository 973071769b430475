//! The line at the top, and those at the bottom: what is edited, what is said or asked, the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::{Design, Message, Mode, Origin, Purpose, Question};
use crate::tui::theme::Theme;
use crate::tui::widgets::{put, typed_line};

/// Which experiment it is, and whether it is right.
pub fn title(buffer: &mut Buffer, area: Rect, design: &Design, theme: &Theme) {
    let state = match design.verdict.troubles.len() {
        0 => Line::styled("● ready to start", theme.good),
        1 => Line::styled("× 1 problem", theme.bad),
        many => Line::styled(format!("× {many} problems"), theme.bad),
    };
    let wide = (state.width() as u16).min(area.width);
    put(buffer, Rect { x: area.right() - wide, width: wide, ..area }, 0, &state);
    let name = match (&design.file, &design.origin) {
        (Some(file), _) => file.display().to_string(),
        (None, Origin::Run(_, label)) => format!("experiment of {label}"),
        (None, Origin::Example | Origin::New) => "new experiment".to_owned(),
    };
    let mut line = Line::from(vec![Span::styled("Design  ", theme.accent), Span::styled(name, theme.strong)]);
    if design.is_changed() {
        line.push_span(Span::styled("  not saved", theme.warning));
    }
    put(buffer, Rect { width: area.width.saturating_sub(wide + 2), ..area }, 0, &line);
}

/// What is said of the last key, or asked.
pub fn message(buffer: &mut Buffer, area: Rect, design: &Design, theme: &Theme) {
    let line = match (&design.mode, &design.message) {
        (Mode::Naming(purpose, typed), _) => {
            let name = match purpose {
                Purpose::Save => "save in the file: ",
                Purpose::Open => "open the file: ",
            };
            let room = usize::from(area.width).saturating_sub(name.len());
            let mut line = Line::styled(name, theme.strong);
            line.spans.extend(typed_line(typed, room, theme));
            if let Some(Message::Wrong(text)) = &design.message {
                line.push_span(Span::styled(format!("  × {text}"), theme.bad));
            }
            line
        }
        (Mode::Asking(Question::Replace(file)), _) => {
            Line::styled(format!("{} is another file: overwrite it?", file.display()), theme.warning)
        }
        (Mode::Asking(Question::Discard(file)), _) => {
            Line::styled(format!("changes are not saved: open {} without them?", file.display()), theme.warning)
        }
        (Mode::Asking(Question::Begin), _) => {
            Line::styled("changes are not saved: begin another experiment without them?", theme.warning)
        }
        (_, Some(Message::Wrong(text))) => Line::styled(format!("× {text}"), theme.bad),
        (_, Some(Message::Note(text))) => Line::styled(format!("· {text}"), theme.text),
        (_, None) => Line::default(),
    };
    put(buffer, area, 0, &theme.spell_line(line));
}
