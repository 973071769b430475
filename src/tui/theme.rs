//! Styles, and the one panel every pane stands in.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

/// The background the colours are chosen for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// Light text on a dark background.
    #[default]
    Dark,
    /// Dark text on a light background.
    Light,
}

/// How everything looks.
#[derive(Clone, Debug)]
pub struct Theme {
    pub text: Style,
    pub faint: Style,
    pub strong: Style,
    pub accent: Style,
    pub good: Style,
    pub warning: Style,
    pub bad: Style,
    pub selected: Style,
    pub series: [Style; 8],
    pub ascii: bool,
}

/// Colours told apart by people with any colour vision, after Okabe and Ito, in the 256-colour palette.
const ON_DARK: [u8; 8] = [75, 214, 79, 176, 227, 209, 117, 250];
const ON_LIGHT: [u8; 8] = [25, 166, 29, 90, 94, 160, 31, 240];

impl Theme {
    /// The colours for a background, or none at all; `ascii`: no sign beyond ASCII is drawn.
    pub fn new(background: Background, colour: bool, ascii: bool) -> Self {
        let plain = Style::new();
        let faint = plain.add_modifier(Modifier::DIM);
        let bold = plain.add_modifier(Modifier::BOLD);
        let selected = plain.add_modifier(Modifier::REVERSED);
        if !colour {
            let series = [plain; 8];
            return Self {
                text: plain,
                faint,
                strong: bold,
                accent: bold,
                good: plain,
                warning: bold,
                bad: bold,
                selected,
                series,
                ascii,
            };
        }
        let (palette, grey) = match background {
            Background::Dark => (ON_DARK, 245),
            Background::Light => (ON_LIGHT, 242),
        };
        let of = |index: u8| plain.fg(Color::Indexed(index));
        Self {
            text: plain,
            faint: of(grey),
            strong: bold,
            accent: of(palette[0]).add_modifier(Modifier::BOLD),
            good: of(palette[2]),
            warning: of(palette[1]),
            bad: of(palette[5]).add_modifier(Modifier::BOLD),
            selected,
            series: palette.map(of),
            ascii,
        }
    }

    /// The panel of a pane: a title to the left and a remark to the right in its upper rule, a box
    /// where there is room for one. Returns what is left inside.
    pub fn panel(&self, buffer: &mut Buffer, area: Rect, title: Line<'_>, remark: Line<'_>, focused: bool) -> Rect {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return area;
        }
        let style = if focused { self.accent } else { self.faint };
        let boxed = area.height >= 13 && area.width >= 50;
        let inner = if boxed {
            let set = if focused { border::THICK } else { border::ROUNDED };
            let block = Block::bordered().border_set(set).border_style(style);
            let inner = block.inner(area);
            block.render(area, buffer);
            Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
        } else {
            let rule = if focused { "━" } else { "─" };
            buffer.set_stringn(area.x, area.y, rule.repeat(area.width.into()), area.width.into(), style);
            Rect { y: area.y + 1, height: area.height - 1, ..area }
        };
        let mut title = title;
        title.spans.insert(0, Span::raw(" "));
        title.spans.push(Span::raw(" "));
        let (left, room) = (area.x + 1, area.width.saturating_sub(3));
        let wide = title.width() as u16;
        if room > 0 {
            buffer.set_line(left, area.y, &title, room.min(wide));
        }
        let narrow = remark.width() as u16 + 2;
        if remark.width() > 0 && wide + narrow < room {
            let x = area.right() - 1 - narrow;
            buffer.set_stringn(x, area.y, " ".repeat(narrow.into()), narrow.into(), self.faint);
            buffer.set_line(x + 1, area.y, &remark, narrow - 2);
        }
        inner
    }
}

/// Replaces every sign beyond ASCII by one within it.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let substitute = cell.symbol().chars().next().map_or(' ', substitute);
            cell.set_char(substitute);
        }
    }
}

fn substitute(sign: char) -> char {
    match sign {
        '─' | '━' | '–' | '−' | '┄' => '-',
        '│' | '┃' | '┆' | '▏' => '|',
        '╭' | '╮' | '╰' | '╯' | '┏' | '┓' | '┗' | '┛' | '└' | '┬' | '┤' | '┼' | '┴' => '+',
        '…' => '~',
        '·' | '∙' => '.',
        '×' | '✗' => 'x',
        '●' => 'o',
        '◆' | '♦' => '*',
        '▲' | '↑' | '⇧' => '^',
        '▼' | '↓' => 'v',
        '■' => '#',
        '→' | '▶' => '>',
        '←' | '≤' => '<',
        '≥' => '>',
        'α' => 'a',
        'β' => 'b',
        'γ' => 'g',
        'η' => 'n',
        'λ' => 'l',
        'μ' => 'm',
        'ρ' => 'p',
        'τ' => 't',
        'θ' => 'h',
        'Ḡ' => 'G',
        '∞' => 'i',
        _ => '?',
    }
}
