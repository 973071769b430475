//! A sheet of samples: images of a data set side by side.

use std::fmt::Write as _;
use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};

use super::Error;
use crate::data::Samples;

/// Brightness between the images.
const GAP: u8 = 64;
/// Pixels of a file, across and down, that a pixel becomes.
const SCALE: u32 = 3;
/// Signs from dark to light.
const RAMP: &[u8] = b" .:-=+*#%@";

/// Grey pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet(GrayImage);

/// How a sheet is put in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Half blocks in grey, two pixels a cell.
    Blocks,
    /// Signs of ASCII, a pixel a cell across and two down.
    Ascii,
}

impl Sheet {
    /// The first samples in `rows` and `columns` of images of `size` (rows, columns); black is the least value
    /// of them, white the greatest.
    pub fn new(samples: &Samples, size: (usize, usize), rows: usize, columns: usize) -> Self {
        let count = samples.len().min(rows * columns);
        let shown = samples.inputs.rows().into_iter().take(count);
        let values = || shown.clone().flatten();
        let (low, high) =
            values().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
        let grey = |&value: &f32| {
            let share = if high > low { (value - low) / (high - low) } else { 0.0 };
            (255.0 * share).round() as u8
        };
        let images: Vec<Vec<u8>> = shown.clone().map(|sample| sample.iter().map(grey).collect()).collect();
        Self::of(&images, size, columns)
    }

    /// Images of `size` (rows, columns) in grey, row by row, so many side by side.
    pub fn of(images: &[Vec<u8>], size: (usize, usize), columns: usize) -> Self {
        let across = columns.min(images.len().max(1));
        let down = images.len().div_ceil(across);
        let mut sheet = GrayImage::from_pixel(
            (across * (size.1 + 1) - 1) as u32,
            (down * (size.0 + 1)).max(2) as u32 - 1,
            Luma([GAP]),
        );
        for (number, image) in images.iter().enumerate() {
            let (left, top) = (number % across * (size.1 + 1), number / across * (size.0 + 1));
            for (pixel, &grey) in image.iter().enumerate() {
                sheet.put_pixel((left + pixel % size.1) as u32, (top + pixel / size.1) as u32, Luma([grey]));
            }
        }
        Self(sheet)
    }

    /// As a PNG file, enlarged.
    ///
    /// # Errors
    /// [`Error::Encode`].
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        let (width, height) = (self.0.width() * SCALE, self.0.height() * SCALE);
        let larger = GrayImage::from_fn(width, height, |x, y| *self.0.get_pixel(x / SCALE, y / SCALE));
        let mut bytes = Cursor::new(Vec::new());
        larger.write_to(&mut bytes, ImageFormat::Png).map_err(|error| Error::Encode(error.to_string()))?;
        Ok(bytes.into_inner())
    }

    /// As lines of text.
    pub fn text(&self, look: Look) -> String {
        let mut text = String::new();
        for row in (0..self.0.height()).step_by(2) {
            for column in 0..self.0.width() {
                let above = self.0.get_pixel(column, row)[0];
                let below = self.0.get_pixel_checked(column, row + 1).map_or(0, |pixel| pixel[0]);
                match look {
                    // Writing to memory does not fail.
                    Look::Blocks => {
                        let _ = write!(text, "\x1b[38;2;{above};{above};{above};48;2;{below};{below};{below}m▀");
                    }
                    Look::Ascii => {
                        let grey = (usize::from(above) + usize::from(below)) * (RAMP.len() - 1) / 510;
                        text.push(char::from(RAMP[grey]));
                    }
                }
            }
            text.push_str(if look == Look::Blocks { "\x1b[0m\n" } else { "\n" });
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::data::Targets;

    fn sheet() -> Sheet {
        let inputs = array![[0.0, 1.0, 2.0, 4.0], [4.0, 4.0, 4.0, 4.0], [0.0, 0.0, 0.0, 0.0], [9.0, 9.0, 9.0, 9.0]];
        Sheet::new(&Samples { inputs, targets: Targets::Inputs }, (2, 2), 2, 2)
    }

    #[test]
    fn images_stand_side_by_side_from_black_to_white() {
        let inputs = array![[0.0, 1.0, 2.0, 4.0], [4.0, 4.0, 4.0, 4.0], [0.0, 0.0, 0.0, 0.0]];
        let samples = Samples { inputs, targets: Targets::Inputs };
        let Sheet(image) = Sheet::new(&samples, (2, 2), 3, 2);
        let row = |row: u32| (0..5).map(|column| image.get_pixel(column, row)[0]).collect::<Vec<_>>();
        assert_eq!((image.width(), image.height()), (5, 5));
        assert_eq!([row(0), row(1)], [[0, 64, GAP, 255, 255], [128, 255, GAP, 255, 255]]);
        assert_eq!([row(2), row(3)], [[GAP; 5], [0, 0, GAP, GAP, GAP]]);
    }

    #[test]
    fn a_png_is_read_back_pixel_by_pixel() {
        let image = image::load_from_memory(&sheet().png().unwrap()).unwrap().to_luma8();
        assert_eq!((image.width(), image.height()), (5 * SCALE, 5 * SCALE));
        for (x, y, pixel) in image.enumerate_pixels() {
            assert_eq!(pixel, sheet().0.get_pixel(x / SCALE, y / SCALE));
        }
    }

    #[test]
    fn text_is_two_pixels_a_cell() {
        assert_eq!(sheet().text(Look::Ascii).lines().map(str::len).collect::<Vec<_>>(), [5, 5, 5]);
        assert_eq!(sheet().text(Look::Blocks).matches('▀').count(), 15);
        let Sheet(first) = sheet();
        let grey = first.get_pixel(3, 0)[0];
        assert!(sheet().text(Look::Blocks).contains(&format!("38;2;{grey};{grey};{grey};48;2;{grey};{grey};{grey}m▀")));
    }
}
