//! Pictures by the terminal's own means, where it has any: the protocols of kitty, of iTerm2, and sixel.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use image::{DynamicImage, RgbImage};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::widgets::Widget as _;
use ratatui_image::picker::cap_parser::QueryStdioOptions;
use ratatui_image::picker::{Picker, ProtocolType};
use ratatui_image::protocol::Protocol;
use ratatui_image::{FilterType, Image, Resize};

/// How long a terminal may take to say what it can.
const PATIENCE: Duration = Duration::from_millis(500);
/// Pictures that are kept encoded: so many, and as many that were in use before them.
const KEPT: usize = 64;

/// A picture and the cells it takes: what it is known by.
type Key = (Vec<u8>, u32, Size);

/// A terminal that draws pictures by itself.
pub struct Graphics {
    picker: Picker,
    kept: RefCell<[HashMap<Key, Protocol>; 2]>,
}

impl Graphics {
    /// Asks the terminal what it can, where its name promises something: others might not answer. It must be in raw
    /// mode, and nobody else may read from it.
    pub fn ask() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        if !is_promised(variable) {
            return None;
        }
        let options = QueryStdioOptions { timeout: PATIENCE, ..QueryStdioOptions::default() };
        let picker = Picker::from_query_stdio_with_options(options).ok()?;
        (picker.protocol_type() != ProtocolType::Halfblocks).then(|| Self::with(picker))
    }

    fn with(picker: Picker) -> Self {
        Self { picker, kept: RefCell::default() }
    }

    /// Draws a picture as large as it fits into a place, in its own proportions; whether it could be encoded.
    pub fn draw(&self, buffer: &mut Buffer, place: Rect, picture: &RgbImage) -> bool {
        if place.is_empty() {
            return true;
        }
        let mut kept = self.kept.borrow_mut();
        let [newer, older] = &mut *kept;
        let key = (picture.as_raw().clone(), picture.width(), place.as_size());
        if !newer.contains_key(&key) {
            let known = older.remove(&key).map(Ok);
            let encode = || {
                let scaled = Resize::Scale(Some(FilterType::Nearest));
                self.picker.new_protocol(DynamicImage::ImageRgb8(picture.clone()), place.as_size(), scaled)
            };
            let Ok(encoded) = known.unwrap_or_else(encode) else { return false };
            if newer.len() >= KEPT {
                *older = std::mem::take(newer);
            }
            newer.insert(key.clone(), encoded);
        }
        if let Some(encoded) = newer.get(&key) {
            Image::new(encoded).render(place, buffer);
        }
        true
    }

    /// Forgets what the terminal was sent, which it may have lost.
    pub fn forget(&self) {
        self.kept.take();
    }
}

/// Whether the environment names a terminal that draws pictures, not too far away for them. tmux hands them on only
/// after a change of its settings, which are the user's.
fn is_promised(variable: impl Fn(&str) -> String) -> bool {
    let (term, program) = (variable("TERM"), variable("TERM_PROGRAM"));
    let within = ["tmux", "screen"].iter().any(|name| term.starts_with(name) || program == *name);
    if within || !variable("TMUX").is_empty() || !variable("SSH_CONNECTION").is_empty() {
        return false;
    }
    let names = |name: &str, known: &[&str]| known.iter().any(|known| name.contains(known));
    names(&term, &["kitty", "ghostty", "wezterm", "foot", "contour", "mlterm"])
        || names(&program, &["iTerm", "WezTerm", "ghostty", "rio", "mintty", "vscode"])
        || !variable("KONSOLE_VERSION").is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sign in whose place kitty draws a part of a picture.
    const PLACEHOLDER: char = '\u{10EEEE}';

    fn kitty() -> Graphics {
        let mut picker = Picker::halfblocks();
        picker.set_protocol_type(ProtocolType::Kitty);
        Graphics::with(picker)
    }

    fn drawn(graphics: &Graphics, picture: &RgbImage) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 10));
        assert!(graphics.draw(&mut buffer, Rect::new(2, 1, 8, 4), picture));
        buffer
    }

    #[test]
    fn a_picture_is_sent_once_and_lies_in_its_place_alone() {
        let (graphics, picture) = (kitty(), RgbImage::from_fn(8, 8, |x, y| [x as u8, y as u8, 9].into()));
        let sent = |buffer: &Buffer| buffer.content.iter().any(|cell| cell.symbol().contains("a=T"));
        let cells = |buffer: &Buffer| {
            let places = buffer.area.positions().filter(|at| buffer[*at].symbol().contains(PLACEHOLDER));
            places.collect::<Vec<_>>()
        };
        let (first, second) = (drawn(&graphics, &picture), drawn(&graphics, &picture));
        assert!(sent(&first) && !sent(&second));
        assert_eq!(cells(&first), Rect::new(2, 1, 8, 4).positions().collect::<Vec<_>>());
        assert_eq!(cells(&first), cells(&second));
        assert!(sent(&drawn(&graphics, &RgbImage::new(8, 8))));
        graphics.forget();
        assert!(sent(&drawn(&graphics, &picture)));
    }

    #[test]
    fn no_more_pictures_are_kept_than_stated_and_those_in_use_are() {
        let (graphics, used) = (kitty(), RgbImage::new(2, 2));
        drawn(&graphics, &used);
        for number in 0..1000_u32 {
            drawn(&graphics, &RgbImage::from_pixel(2, 2, [1, (number % 256) as u8, (number / 256) as u8].into()));
            let again = drawn(&graphics, &used);
            assert!(!again.content.iter().any(|cell| cell.symbol().contains("a=T")), "{number}");
        }
        assert!(graphics.kept.borrow().iter().map(HashMap::len).sum::<usize>() <= 2 * KEPT);
    }

    #[test]
    fn only_terminals_that_promise_pictures_are_asked() {
        for (variables, promised) in [
            (&[("TERM", "xterm-kitty")][..], true),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], true),
            (&[("TERM", "xterm-256color"), ("KONSOLE_VERSION", "230800")], true),
            (&[("TERM", "xterm-256color")], false),
            (&[], false),
            (&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/tmux-1000/default,1,0")], false),
            (&[("TERM", "tmux-256color"), ("TERM_PROGRAM", "WezTerm")], false),
            (&[("TERM", "xterm-kitty"), ("SSH_CONNECTION", "::1 22 ::1 22")], false),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map_or_else(String::new, |(_, value)| (*value).to_owned())
            };
            assert_eq!(is_promised(variable), promised, "{variables:?}");
        }
    }
}
