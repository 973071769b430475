//! How the screen looks, as the environment and the command line ask for.

use std::path::PathBuf;

use super::preferences;
use super::theme::{Palette, Signs};

/// How the screen looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The colours that fit the terminal.
    pub palette: Palette,
    /// The colours that are asked for, whatever fits and whatever was chosen before.
    pub wanted: Option<Palette>,
    /// Where the screen remembers its colours and its layout.
    pub preferences: Option<PathBuf>,
    /// Whether there are colours.
    pub colour: bool,
    /// The signs that may be drawn.
    pub signs: Signs,
    /// Frames a second, at most.
    pub frames: u32,
    /// Whether the terminal may draw pictures by itself, where it can.
    pub pictures: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            palette: Palette::Dark,
            wanted: None,
            preferences: None,
            colour: true,
            signs: Signs::Braille,
            frames: 30,
            pictures: true,
        }
    }
}

impl Options {
    /// What the environment asks for: `NO_COLOR`, `COLORFGBG`, ASCII signs where the locale names a character
    /// set other than UTF-8, blocks on the Linux console, whose font has no braille, and fewer frames over SSH.
    pub fn from_environment() -> Self {
        let read = |name| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(read).into_iter().find(|locale| !locale.is_empty());
        let light = matches!(read("COLORFGBG").rsplit(';').next(), Some("7" | "15"));
        Self {
            palette: if light { Palette::Light } else { Palette::Dark },
            wanted: None,
            preferences: preferences::standard_file(),
            colour: read("NO_COLOR").is_empty(),
            signs: if names_other_than_utf8(locale.as_deref()) {
                Signs::Ascii
            } else if read("TERM") == "linux" {
                Signs::Blocks
            } else {
                Signs::Braille
            },
            frames: if read("SSH_CONNECTION").is_empty() { 30 } else { 10 },
            pictures: true,
        }
    }
}

/// Whether a locale names a character set that is not UTF-8, as `de_DE.ISO-8859-1` does. `C` and `POSIX` name
/// none.
fn names_other_than_utf8(locale: Option<&str>) -> bool {
    let set = locale.and_then(|locale| locale.split_once('.')).map(|(_, set)| set.to_ascii_lowercase());
    set.is_some_and(|set| !set.starts_with("utf-8") && !set.starts_with("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_locale_that_names_another_character_set_asks_for_ascii() {
        for (locale, other) in [
            (None, false),
            (Some("C"), false),
            (Some("C.UTF-8"), false),
            (Some("de_DE.utf8@euro"), false),
            (Some("de_DE.ISO-8859-1"), true),
        ] {
            assert_eq!(names_other_than_utf8(locale), other, "{locale:?}");
        }
    }
}
