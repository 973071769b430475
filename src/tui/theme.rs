//! Styles, and the one panel every pane stands in.

use std::borrow::Cow;

use clap::ValueEnum;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};
use serde::{Deserialize, Serialize};

use super::action::Key;

/// Which colours there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Palette {
    /// Colours for a dark background.
    #[default]
    Dark,
    /// Colours for a light background.
    Light,
    /// The sixteen colours of the terminal, the bright ones, and no grey: for weak eyes and bad screens.
    HighContrast,
    /// Blue to yellow, each lighter than the one before: told apart by their lightness alone.
    ColourBlind,
}

impl Palette {
    /// Every palette.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::HighContrast, Self::ColourBlind];

    /// The next one, in a circle.
    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high contrast",
            Self::ColourBlind => "colour-blind",
        }
    }

    /// The colours of pictures.
    fn heat(self) -> Heat {
        match self {
            Self::Dark | Self::ColourBlind => HEAT_ON_DARK,
            Self::Light => HEAT_ON_LIGHT,
            Self::HighContrast => HEAT_BRIGHT,
        }
    }

    /// The colours of the series, and that of what is faint.
    fn colours(self) -> ([u8; 8], u8) {
        match self {
            Self::Dark => (ON_DARK, 245),
            Self::Light => (ON_LIGHT, 242),
            Self::HighContrast => (BRIGHT, 15),
            Self::ColourBlind => (BLUE_TO_YELLOW, 247),
        }
    }
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

impl Signs {
    /// The next ones, in a circle.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Braille => Self::Blocks,
            Self::Blocks => Self::Ascii,
            Self::Ascii => Self::Braille,
        }
    }

    /// Their name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Braille => "braille",
            Self::Blocks => "blocks",
            Self::Ascii => "ASCII",
        }
    }
}

/// How everything looks.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The colours of pictures, where there are any.
    pub heat: Option<Heat>,
}

/// Colours of pictures, as indices of the 256-colour palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heat {
    /// From zero to what is large and positive.
    pub above: &'static [u8],
    /// From zero to what is large and negative.
    pub below: &'static [u8],
    /// From black to white.
    pub greys: &'static [u8],
}

/// Black, all greys, white.
const GREYS: &[u8] = &[
    16, 232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 244, 245, 246, 247, 248, 249, 250, 251, 252, 253,
    254, 255, 231,
];
/// Orange and blue, which people with any colour vision tell apart: brighter on a dark background where numbers
/// are larger, darker on a light one.
const HEAT_ON_DARK: Heat = Heat {
    above: &[233, 52, 94, 130, 166, 172, 208, 214, 221, 230],
    below: &[233, 17, 18, 19, 25, 26, 32, 39, 81, 159],
    greys: GREYS,
};
const HEAT_ON_LIGHT: Heat = Heat {
    above: &[255, 230, 223, 216, 215, 208, 166, 130, 94, 52],
    below: &[255, 195, 153, 117, 75, 33, 26, 19, 18, 17],
    greys: GREYS,
};
const HEAT_BRIGHT: Heat = Heat { above: &[0, 1, 3, 11, 15], below: &[0, 4, 6, 12, 14], greys: &[0, 8, 7, 15] };

/// Colours told apart by people with any colour vision, after Okabe and Ito, in the 256-colour palette.
const ON_DARK: [u8; 8] = [75, 214, 79, 176, 227, 209, 117, 250];
const ON_LIGHT: [u8; 8] = [25, 166, 29, 90, 94, 160, 31, 240];
/// Bright colours of the terminal itself.
const BRIGHT: [u8; 8] = [14, 11, 10, 13, 15, 9, 12, 7];
/// From blue to yellow through grey, after the colour map cividis; those that follow one another lie far apart.
const BLUE_TO_YELLOW: [u8; 8] = [69, 220, 110, 229, 179, 231, 103, 145];

/// Greek letters and other signs of formulas, and how they are written in ASCII.
const SPELT: [(char, &str); 15] = [
    ('₁', "1"),
    ('₂', "2"),
    ('Σ', "Sum"),
    ('α', "alpha"),
    ('β', "beta"),
    ('γ', "gamma"),
    ('ε', "epsilon"),
    ('η', "eta"),
    ('θ', "theta"),
    ('λ', "lambda"),
    ('μ', "mu"),
    ('ρ', "rho"),
    ('τ', "tau"),
    ('≤', "<="),
    ('≥', ">="),
];

impl Theme {
    /// The colours for a background, or none at all; and the signs.
    pub fn new(palette: Palette, colour: bool, signs: Signs) -> Self {
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
                heat: None,
            };
        }
        let (series, grey) = palette.colours();
        let of = |index: u8| plain.fg(Color::Indexed(index));
        Self {
            text: plain,
            faint: of(grey),
            strong: bold,
            accent: of(series[0]).add_modifier(Modifier::BOLD),
            good: of(series[2]),
            warning: of(series[1]),
            bad: of(series[5]).add_modifier(Modifier::BOLD),
            selected,
            series: series.map(of),
            signs,
            heat: Some(palette.heat()),
        }
    }

    /// Whether no sign beyond ASCII is drawn.
    pub fn is_ascii(&self) -> bool {
        self.signs == Signs::Ascii
    }

    /// A text in the signs that may be drawn: in ASCII mode Greek letters are spelt out.
    pub fn spell<'t>(&self, text: impl Into<Cow<'t, str>>) -> Cow<'t, str> {
        let text = text.into();
        if !self.is_ascii() || text.is_ascii() {
            return text;
        }
        let mut spelt = String::new();
        for sign in text.chars() {
            match SPELT.iter().find(|(letter, _)| *letter == sign) {
                Some((_, name)) => spelt.push_str(name),
                None => spelt.push(sign),
            }
        }
        spelt.into()
    }

    /// The name of a key in the signs that may be drawn.
    pub fn key(&self, key: Key) -> String {
        if self.is_ascii() { key.word() } else { key.name() }
    }

    /// A line of which every part is spelt so.
    pub fn spell_line<'l>(&self, mut line: Line<'l>) -> Line<'l> {
        for span in &mut line.spans {
            span.content = self.spell(std::mem::take(&mut span.content));
        }
        line
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
        title = self.spell_line(title);
        title.spans.insert(0, Span::raw(" "));
        title.spans.push(Span::raw(" "));
        if area.width > 3 {
            buffer.set_line(area.x + 1, area.y, &title, area.width - 3);
        }
        inner
    }

    /// Writes the first of the remarks that fits beside the `title` of a panel into its upper rule, to the right.
    pub fn remark(&self, buffer: &mut Buffer, area: Rect, title: &Line<'_>, remarks: &[String]) {
        let area = area.intersection(buffer.area);
        let used = self.spell_line(title.clone()).width();
        let room = usize::from(area.width).saturating_sub(used + 6);
        let mut spelt = remarks.iter().map(|remark| self.spell(remark));
        let fits = |remark: &Cow<'_, str>| (1..=room).contains(&Span::raw(remark.as_ref()).width());
        if let (Some(remark), false) = (spelt.find(fits), area.is_empty()) {
            let text = format!(" {remark} ");
            let width = Span::raw(&text).width() as u16;
            buffer.set_stringn(area.right() - 1 - width, area.y, text, width.into(), self.faint);
        }
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
        '│' | '┃' | '┆' | '‖' | '▏' => '|',
        '╭' | '╮' | '╰' | '╯' | '┏' | '┓' | '┗' | '┛' | '└' | '┬' | '┤' | '┼' | '┴' => '+',
        '…' | '≈' => '~',
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
        'Ḡ' => 'G',
        '∞' => 'i',
        '²' => '2',
        '³' => '3',
        _ => '?',
    }
}
