//! The font of figures, and how wide its text is.

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

/// The font that figures ask for, and that pictures are drawn with.
pub const FAMILY: &str = "DejaVu Sans";

/// The files of the font: regular and bold.
pub fn fonts() -> [&'static [u8]; 2] {
    [dejavu::sans::regular(), dejavu::sans::bold()]
}

/// How wide a text is at a size; a guess for signs that the font has not.
pub fn width(text: &str, size: f64) -> f64 {
    let guess = 0.6 * size;
    let Ok(font) = FontRef::new(dejavu::sans::regular()) else {
        return guess * text.chars().count() as f64;
    };
    let metrics = font.glyph_metrics(Size::new(size as f32), LocationRef::default());
    let charmap = font.charmap();
    let advance = |c: char| charmap.map(c).and_then(|glyph| metrics.advance_width(glyph)).map_or(guess, f64::from);
    text.chars().map(advance).sum()
}

/// A text with its middle left out, where it is wider than there is room.
pub fn fitted(text: &str, size: f64, room: f64) -> String {
    without_middle(text, |text| width(text, size) <= room)
}

/// A text with as much of its middle left out as it takes to fit.
pub fn without_middle(text: &str, fits: impl Fn(&str) -> bool) -> String {
    if fits(text) {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).collect::<String>()
    };
    shortened((1..letters.len()).rev().find(|kept| fits(&shortened(*kept))).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_wide_keeps_its_ends() {
        let text = "mnist-autoencoder-kfra-2026-01-01T00-00-00";
        let short = fitted(text, 12.0, 150.0);
        assert!(short.starts_with("mnist") && short.ends_with("00") && short.contains('…'), "{short}");
        assert!(width(&short, 12.0) <= 150.0 && width(text, 12.0) > 150.0);
        assert_eq!(fitted("kfra", 12.0, 150.0), "kfra");
    }

    #[test]
    fn the_font_has_every_sign_of_figures() {
        let font = FontRef::new(dejavu::sans::regular()).unwrap();
        for sign in "λ−·⁰¹²³⁴⁵⁶⁷⁸⁹⁻…αγτρημβε→Ḡ".chars() {
            assert!(font.charmap().map(sign).is_some(), "{sign}");
        }
    }
}
