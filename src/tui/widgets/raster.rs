//! A grid of numbers as a picture: two pixels a cell where there are half blocks and colours, else a sign a cell.

use image::RgbImage;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use crate::tui::theme::{Heat, Theme};

/// Decades below the largest size that a signed scale tells apart.
pub const DECADES: f64 = 6.0;

/// Signs of growing weight, for numbers above zero and below it.
const ABOVE: [char; 5] = [' ', '░', '▒', '▓', '█'];
const BELOW: [char; 5] = [' ', '-', '=', '≡', '≣'];
const ABOVE_ASCII: [char; 5] = [' ', '.', ':', '*', '#'];
const BELOW_ASCII: [char; 5] = [' ', '-', '=', '%', '@'];

/// How a number looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// From black to white.
    Grey {
        /// What is black.
        low: f64,
        /// What is white.
        high: f64,
    },
    /// From the darkest to the brightest of the colours for what is above zero.
    Rising {
        /// What is darkest.
        low: f64,
        /// What is brightest.
        high: f64,
    },
    /// By sign, and by the logarithm of the size from 10⁻⁶ `most` on.
    SignedLog {
        /// The largest size.
        most: f64,
    },
    /// By sign and size.
    Signed {
        /// The largest size.
        most: f64,
    },
}

/// A pixel.
struct Ink {
    /// None without colours.
    colour: Option<Color>,
    sign: char,
}

impl Scale {
    /// How large a number is on a signed scale, from −1 to 1; from 0 to 1 on one that rises.
    fn place(self, value: f64) -> f64 {
        let place = match self {
            Self::Grey { low, high } | Self::Rising { low, high } => (value - low) / (high - low),
            Self::Signed { most } => value / most,
            Self::SignedLog { most } => {
                let size = 1.0 + (value.abs() / most).log10() / DECADES;
                if size > 0.0 { size.copysign(value) } else { 0.0 }
            }
        };
        if place.is_finite() { place.clamp(-1.0, 1.0) } else { 0.0 }
    }

    fn ink(self, value: f64, theme: &Theme) -> Ink {
        let place = self.place(value);
        let (ramp, below) = match (self, &theme.heat) {
            (Self::Grey { .. }, Some(heat)) => (heat.greys, false),
            (_, Some(Heat { below, .. })) if place < 0.0 => (*below, true),
            (_, Some(heat)) => (heat.above, false),
            (_, None) => (&[][..], place < 0.0),
        };
        let signs = match (below, theme.is_ascii()) {
            (false, false) => ABOVE,
            (true, false) => BELOW,
            (false, true) => ABOVE_ASCII,
            (true, true) => BELOW_ASCII,
        };
        // Whatever is not zero is told from it.
        let step = |steps: usize| {
            let step = (place.abs() * (steps - 1) as f64).round() as usize;
            if place == 0.0 { 0 } else { step.clamp(1, steps - 1) }
        };
        let colour = (!ramp.is_empty()).then(|| Color::Indexed(ramp[step(ramp.len())]));
        Ink { colour, sign: signs[step(signs.len())] }
    }
}

/// What of the numbers that fall into a pixel it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// The one of largest size, with its sign.
    Extreme,
    /// Their mean.
    Mean,
}

/// A grid of numbers.
pub struct Raster<'a> {
    /// Its numbers of columns and of rows.
    pub size: (usize, usize),
    /// The number in a column and a row.
    pub at: &'a dyn Fn(usize, usize) -> f64,
    pub sum: Sum,
    pub scale: Scale,
}

impl Raster<'_> {
    /// The largest place within an area that has the shape of the grid: a whole number of pixels for each of its
    /// numbers, where there is room for one at least.
    pub fn fit(&self, area: Rect) -> Rect {
        let (columns, rows) = (self.size.0.max(1) as f64, self.size.1.max(1) as f64);
        let room = (f64::from(area.width) / columns).min(2.0 * f64::from(area.height) / rows);
        let each = if room >= 1.0 { room.floor() } else { room };
        let cells = |numbers: f64, pixels: f64| ((numbers * each / pixels).ceil() as u16).max(1);
        Rect { width: cells(columns, 1.0).min(area.width), height: cells(rows, 2.0).min(area.height), ..area }
    }

    /// A pixel for each of its numbers, where there are colours.
    pub fn pixels(&self, theme: &Theme) -> Option<RgbImage> {
        theme.heat.filter(|_| !theme.is_ascii())?;
        let (columns, rows) = self.size;
        Some(RgbImage::from_fn(columns as u32, rows as u32, |column, row| {
            let value = (self.at)(column as usize, row as usize);
            match (self.scale, self.scale.ink(value, theme).colour) {
                (Scale::Grey { .. }, _) => [(self.scale.place(value).max(0.0) * 255.0).round() as u8; 3].into(),
                (_, Some(Color::Indexed(index))) => rgb(index).into(),
                _ => [0; 3].into(),
            }
        }))
    }

    /// Draws it over the whole of an area.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, theme: &Theme) {
        let area = area.intersection(buffer.area);
        if area.is_empty() || self.size.0 == 0 || self.size.1 == 0 {
            return;
        }
        let halves = theme.heat.is_some() && !theme.is_ascii();
        let across = usize::from(area.width);
        let down = usize::from(area.height) * if halves { 2 } else { 1 };
        let ink = |x, y| self.scale.ink(self.value((x, across), (y, down)), theme);
        for (y, row) in (area.y..area.bottom()).enumerate() {
            for (x, column) in (area.x..area.right()).enumerate() {
                let Some(cell) = buffer.cell_mut((column, row)) else { continue };
                if halves {
                    let (upper, lower) = (ink(x, 2 * y), ink(x, 2 * y + 1));
                    let style = Style::new().fg(upper.colour.unwrap_or_default()).bg(lower.colour.unwrap_or_default());
                    cell.set_char('▀').set_style(style);
                } else {
                    let ink = ink(x, y);
                    cell.set_char(ink.sign).set_style(ink.colour.map_or(theme.text, |colour| Style::new().fg(colour)));
                }
            }
        }
    }

    /// What a pixel, one of so many across and down, shows of the numbers that it covers in part or whole.
    fn value(&self, (x, across): (usize, usize), (y, down): (usize, usize)) -> f64 {
        let covered = |pixel: usize, pixels: usize, numbers: usize| {
            let first = pixel * numbers / pixels;
            first..((pixel + 1) * numbers).div_ceil(pixels).max(first + 1)
        };
        let columns = covered(x, across, self.size.0);
        let rows = covered(y, down, self.size.1);
        let count = (columns.len() * rows.len()) as f64;
        let numbers = rows.flat_map(|row| columns.clone().map(move |column| (column, row)));
        let numbers = numbers.map(|(column, row)| (self.at)(column, row));
        match self.sum {
            Sum::Extreme => numbers.fold(0.0, |most: f64, x| if x.abs() > most.abs() { x } else { most }),
            Sum::Mean => numbers.sum::<f64>() / count,
        }
    }
}

/// A colour of the 256-colour palette: sixteen of the terminal's own, which are taken to be those of xterm, a cube
/// of 6 × 6 × 6, and 24 greys.
fn rgb(index: u8) -> [u8; 3] {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match index {
        0..8 => [0, 1, 2].map(|part| if (index >> part) & 1 == 1 { 205 } else { 0 }),
        8..16 => [0, 1, 2].map(|part| if (index >> part) & 1 == 1 { 255 } else { 127 }),
        16..232 => [36, 6, 1].map(|part| LEVELS[usize::from((index - 16) / part % 6)]),
        232.. => [8 + 10 * (index - 232); 3],
    }
}

/// A scale as a strip from its lower end to its upper one, `width` cells long.
pub fn strip(buffer: &mut Buffer, area: Rect, width: u16, scale: Scale, theme: &Theme) {
    let area = area.intersection(buffer.area);
    for column in 0..width.min(area.width) {
        let place = f64::from(column) / f64::from(width.max(2) - 1);
        let value = match scale {
            Scale::Grey { low, high } | Scale::Rising { low, high } => low + place * (high - low),
            Scale::Signed { most } => (2.0 * place - 1.0) * most,
            Scale::SignedLog { most } => {
                let signed = 2.0 * place - 1.0;
                let size = if signed == 0.0 { 0.0 } else { most * 10_f64.powf((signed.abs() - 1.0) * DECADES) };
                size.copysign(signed)
            }
        };
        let ink = scale.ink(value, theme);
        if let Some(cell) = buffer.cell_mut((area.x + column, area.y)) {
            match ink.colour {
                Some(colour) if !theme.is_ascii() => cell.set_char('█').set_style(Style::new().fg(colour)),
                Some(colour) => cell.set_char(ink.sign).set_style(Style::new().fg(colour)),
                None => cell.set_char(ink.sign).set_style(theme.text),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::{Palette, Signs};

    #[test]
    fn a_pixel_shows_the_extreme_of_all_that_it_covers_with_its_sign() {
        let at = |column: usize, row: usize| if (column, row) == (13, 7) { -9.0 } else { 1.0 };
        let raster = Raster { size: (20, 11), at: &at, sum: Sum::Extreme, scale: Scale::Signed { most: 9.0 } };
        for (across, down) in [(1, 1), (3, 2), (7, 5), (20, 11), (40, 33)] {
            let all = || (0..across).flat_map(|x| (0..down).map(move |y| (x, y)));
            let negative = |&(x, y): &(usize, usize)| raster.value((x, across), (y, down)) < 0.0;
            assert!(all().any(|place| negative(&place)), "{across} × {down}");
            // Of those that border on the cell none is left out, and no others are taken in.
            let most = (across.div_ceil(20) + 1) * (down.div_ceil(11) + 1);
            assert!(all().filter(negative).count() <= most, "{across} × {down}");
        }
    }

    #[test]
    fn signs_and_decades_have_looks_of_their_own() {
        let scale = Scale::SignedLog { most: 2.0 };
        for (palette, colour) in Palette::ALL.into_iter().map(|palette| (palette, true)).chain([(Palette::Dark, false)])
        {
            for signs in [Signs::Braille, Signs::Ascii] {
                let theme = Theme::new(palette, colour, signs);
                let look = |value| {
                    let ink = scale.ink(value, &theme);
                    (ink.colour, ink.colour.is_none().then_some(ink.sign))
                };
                let looks = [2.0, 2e-3, 0.0, -2e-3, -2.0].map(look);
                for (index, one) in looks.iter().enumerate() {
                    assert!(!looks[index + 1..].contains(one), "{palette:?} {colour} {signs:?} {looks:?}");
                }
                assert_eq!(look(1e-9), look(0.0));
            }
        }
    }

    #[test]
    fn pixels_are_as_bright_as_numbers_and_of_the_colour_of_their_cells() {
        let at = |column: usize, row: usize| [[0.0, 1.0], [-1.0, 0.5]][row][column];
        let raster = |scale| Raster { size: (2, 2), at: &at, sum: Sum::Mean, scale };
        let theme = |colour, signs| Theme::new(Palette::Dark, colour, signs);
        let of = |scale| raster(scale).pixels(&theme(true, Signs::Braille)).unwrap().into_raw();
        assert_eq!(of(Scale::Grey { low: -1.0, high: 1.0 }), [[128; 3], [255; 3], [0; 3], [191; 3]].concat());
        // 233, 230, 159 and 172 of the palette.
        let signed = [[18, 18, 18], [255, 255, 215], [175, 255, 255], [215, 135, 0]].concat();
        assert_eq!(of(Scale::Signed { most: 1.0 }), signed);
        for theme in [theme(false, Signs::Braille), theme(true, Signs::Ascii)] {
            assert!(raster(Scale::Signed { most: 1.0 }).pixels(&theme).is_none());
        }
    }

    #[test]
    fn a_picture_keeps_its_shape() {
        let raster =
            Raster { size: (28, 28), at: &|_, _| 0.0, sum: Sum::Mean, scale: Scale::Grey { low: 0.0, high: 1.0 } };
        for (area, shape) in [((30, 40), (28, 14)), ((80, 30), (56, 28)), ((10, 10), (10, 5)), ((60, 6), (12, 6))] {
            let fit = raster.fit(Rect::new(3, 4, area.0, area.1));
            assert_eq!((fit.width, fit.height), shape, "{area:?}");
        }
    }
}
