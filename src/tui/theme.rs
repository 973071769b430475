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

/// The signs that may be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signs {
    /// Curves are of braille dots.
    #[default]
    Braille,
    /// Curves are of quarters of a cell, for fonts without braille.
    Blocks,
    /// No sign beyond ASCII is drawn.
    Ascii,
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
    pub signs: Signs,
}

/// Colours told apart by people with any colour vision, after Okabe and Ito, in the 256-colour palette.
const ON_DARK: [u8; 8] = [75, 214, 79, 176, 227, 209, 117, 250];
const ON_LIGHT: [u8; 8] = [25, 166, 29, 90, 94, 160, 31, 240];

impl Theme {
    /// The colours for a background, or none at all; and the signs.
    pub fn new(background: Background, colour: bool, signs: Signs) -> Self {
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
                signs,
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
            signs,
        }
    }

    /// Whether no sign beyond ASCII is drawn.
    pub fn is_ascii(&self) -> bool {
        self.signs == Signs::Ascii
    }

    /// The panel of a pane: a title to the left in its upper rule, and a box around it if `boxed`.
    /// Returns what is left inside.
    pub fn panel(&self, buffer: &mut Buffer, area: Rect, mut title: Line<'_>, boxed: bool, focused: bool) -> Rect {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return area;
        }
        let style = if focused { self.accent } else { self.faint };
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
        title.spans.insert(0, Span::raw(" "));
        title.spans.push(Span::raw(" "));
        if area.width > 3 {
            buffer.set_line(area.x + 1, area.y, &title, area.width - 3);
        }
        inner
    }
}

/// Writes the first of the remarks that fits beside a title `used` cells wide into a panel's upper rule,
/// to the right.
pub fn remark(buffer: &mut Buffer, area: Rect, used: usize, remarks: &[String], style: Style) {
    let area = area.intersection(buffer.area);
    let room = usize::from(area.width).saturating_sub(used + 6);
    let wide = |remark: &&String| (1..=room).contains(&Span::raw(remark.as_str()).width());
    if let (Some(remark), false) = (remarks.iter().find(wide), area.is_empty()) {
        let text = format!(" {remark} ");
        let width = Span::raw(&text).width() as u16;
        buffer.set_stringn(area.right() - 1 - width, area.y, text, width.into(), style);
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
        '│' | '┃' | '┆' | '‖' => '|',
        '╭' | '╮' | '╰' | '╯' | '┏' | '┓' | '┗' | '┛' | '└' | '┬' | '┤' | '┼' | '┴' => '+',
        '…' => '~',
        '·' | '∙' => '.',
        '×' | '✗' => 'x',
        '●' => 'o',
        '○' => 'O',
        '◇' => '%',
        '△' => 'A',
        '□' => 'H',
        '◆' | '♦' => '*',
        '▲' | '↑' | '⇧' => '^',
        '▼' | '↓' => 'v',
        '■' => '#',
        '→' | '▶' | '≥' => '>',
        '←' | '≤' => '<',
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
        'Σ' => 'S',
        '²' => '2',
        '³' => '3',
        _ => '?',
    }
}
