//! Figures as pictures of pixels.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree, WriteOptions};

use super::text::{FAMILY, fonts};
use super::{Error, Figure, svg};

/// Pixels for each unit of the vector graphics: 192 a inch.
const PIXELS: f32 = 2.0;

/// Figures as a picture, with the font that comes with the program.
fn tree(figures: &[Figure]) -> Result<Tree, Error> {
    let mut fonts_known = Database::new();
    for font in fonts() {
        fonts_known.load_font_source(Source::Binary(Arc::new(font)));
    }
    let options = Options { font_family: FAMILY.to_owned(), fontdb: Arc::new(fonts_known), ..Options::default() };
    Tree::from_str(&svg(figures), &options).map_err(|error| Error::Encode(error.to_string()))
}

/// Figures, one below the other, as an SVG document that looks the same everywhere: its text is outlined.
///
/// # Errors
/// Where they cannot be drawn.
pub fn outlined(figures: &[Figure]) -> Result<String, Error> {
    // A hundredth of a pixel is finer than any print.
    let options = WriteOptions { coordinates_precision: 2, transforms_precision: 5, ..WriteOptions::default() };
    Ok(tree(figures)?.to_string(&options))
}

/// Figures, one below the other, as a PNG picture. Its font comes with the program.
///
/// # Errors
/// A picture larger than memory.
pub fn png(figures: &[Figure]) -> Result<Vec<u8>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Encode(error.to_string());
    let tree = tree(figures)?;
    let size = tree.size().to_int_size().scale_by(PIXELS).ok_or_else(|| failed(&"the picture has no size"))?;
    let mut picture =
        Pixmap::new(size.width(), size.height()).ok_or_else(|| failed(&"the picture is larger than memory"))?;
    resvg::render(&tree, Transform::from_scale(PIXELS, PIXELS), &mut picture.as_mut());
    picture.encode_png().map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::quantity::{View, loss};
    use crate::export::zoo::run;

    #[test]
    fn a_picture_has_the_data_and_the_words_of_the_figure() {
        let mut figures = loss(&[run("one")], View::default());
        let read = |figures: &[Figure]| Pixmap::decode_png(&png(figures).unwrap()).unwrap();
        let picture = read(&figures);
        assert!(picture.width() > 1000 && picture.height() > 600);
        // Vermilion, of the second curve.
        let has = |picture: &Pixmap, color: (u8, u8, u8)| {
            picture.pixels().iter().any(|pixel| (pixel.red(), pixel.green(), pixel.blue()) == color)
        };
        assert!(has(&picture, (0xd5, 0x5e, 0x00)));
        figures[0].title = "Another title".to_owned();
        assert_ne!(read(&figures).data(), picture.data());
    }
}
