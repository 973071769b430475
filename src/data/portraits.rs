//! The portraits that FACES is made of: ours, or those of the user.

use std::ops::Range;
use std::path::Path;

use super::array::{Array, Role};
use super::locate::Places;
use super::{Error, checksum, contents, npy};

/// Our portraits, and the MD5 checksum of the file.
const OURS: (&str, &str) = ("faces/lfw-faces-25x25.npy", "9161d826497ac280c5bdda7c81ff8679");

/// Grey images of one size, sorted by whom they show.
#[derive(Clone, Debug)]
pub(super) struct Portraits {
    /// Brightness in [0, 1], one image after the other, row by row.
    pub pixels: Vec<f32>,
    pub rows: usize,
    pub columns: usize,
    /// Where the portraits of each person begin, and where they all end.
    bounds: Vec<usize>,
}

impl Portraits {
    /// `first`: the first portrait of each person.
    pub fn new(pixels: Vec<f32>, rows: usize, columns: usize, first: Vec<usize>) -> Self {
        let count = pixels.len() / (rows * columns);
        let bounds = first.into_iter().chain([count]).collect();
        Self { pixels, rows, columns, bounds }
    }

    /// How many people there are.
    pub fn people(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The portraits of a person.
    pub fn of(&self, person: usize) -> Range<usize> {
        self.bounds[person]..self.bounds[person + 1]
    }

    /// What tells them from others.
    pub fn checksum(&self) -> String {
        let shape = format!("{} x {}, people from {:?}; ", self.rows, self.columns, self.bounds);
        let pixels: Vec<u8> = self.pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
        checksum::md5(&[shape.as_bytes(), &pixels])
    }

    fn portrait(&self, portrait: usize) -> &[f32] {
        let size = self.rows * self.columns;
        &self.pixels[portrait * size..(portrait + 1) * size]
    }

    /// The mean brightness of a portrait.
    pub fn mean(&self, portrait: usize) -> f64 {
        let pixels = self.portrait(portrait);
        pixels.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / pixels.len() as f64
    }

    /// The brightness at a place, in pixels from the upper left corner; linear between the centres of pixels, and
    /// beyond the border as at its nearest place.
    pub fn brightness(&self, portrait: usize, x: f64, y: f64) -> f64 {
        let pixels = self.portrait(portrait);
        let place = |at: f64, size: usize| {
            let at = (at - 0.5).clamp(0.0, size as f64 - 1.0);
            let before = at as usize;
            (before, (before + 1).min(size - 1), at - before as f64)
        };
        let (left, right, u) = place(x, self.columns);
        let (above, below, v) = place(y, self.rows);
        let level = |row: usize| {
            let at = |column: usize| f64::from(pixels[row * self.columns + column]);
            at(left) + u * (at(right) - at(left))
        };
        level(above) + v * (level(below) - level(above))
    }
}

/// The 100 portraits of the project.
///
/// # Errors
/// Those of [`Places::find`], of reading, and [`Error::Checksum`].
pub(super) fn ours(places: &Places) -> Result<Portraits, Error> {
    let file = places.find(OURS.0)?;
    let bytes = contents::read(&file, |bytes| Ok(npy::layout(bytes, Role::Images)?.expected()))?;
    let found = checksum::md5(&[&bytes]);
    if found != OURS.1 {
        return Err(Error::Checksum { file, expected: OURS.1, found });
    }
    parse(&file, &bytes)
}

/// The user's portraits: an NPY array of images, each of another person, or of people × images.
///
/// # Errors
/// Those of reading, and [`Error::People`].
pub(super) fn read(file: &Path) -> Result<Portraits, Error> {
    parse(file, &contents::read(file, |bytes| Ok(npy::layout(bytes, Role::Images)?.expected()))?)
}

fn parse(file: &Path, bytes: &[u8]) -> Result<Portraits, Error> {
    let format = |problem| Error::Format { file: file.to_owned(), problem };
    let array = npy::layout(bytes, Role::Images).and_then(|layout| Array::new(layout, bytes)).map_err(format)?;
    let (people, each, rows, columns) = match array.layout.shape[..] {
        [people, rows, columns] => (people, 1, rows, columns),
        [people, each, rows, columns] => (people, each, rows, columns),
        _ => return Err(Error::Portraits { file: file.to_owned(), shape: array.layout.shape }),
    };
    let pixels = array.inputs().map_err(format)?;
    check(file, Portraits::new(pixels, rows, columns, (0..people).map(|person| person * each).collect()))
}

/// Whether there are people enough, and every brightness is one.
fn check(file: &Path, portraits: Portraits) -> Result<Portraits, Error> {
    if portraits.people() < 2 {
        return Err(Error::People { file: file.to_owned(), found: portraits.people() });
    }
    match portraits.pixels.iter().position(|pixel| !(0.0..=1.0).contains(pixel)) {
        Some(pixel) => {
            let portrait = pixel / (portraits.rows * portraits.columns);
            Err(Error::Brightness { file: file.to_owned(), portrait, found: portraits.pixels[pixel] })
        }
        None => Ok(portraits),
    }
}
