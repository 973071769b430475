//! The portraits that FACES is made of: ours, or those of the user.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::array::{Array, Role};
use super::images::{self, Folder};
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
    let file = find(places)?;
    let bytes = contents::read(&file, |bytes| Ok(npy::layout(bytes, Role::Images)?.expected()))?;
    let found = checksum::md5(&[&bytes]);
    if found != OURS.1 {
        return Err(Error::Checksum { file, of: "file", expected: OURS.1, found });
    }
    parse(&file, bytes)
}

/// Where ours are.
///
/// # Errors
/// [`Error::NotFound`].
pub(super) fn find(places: &Places) -> Result<PathBuf, Error> {
    places.find(OURS.0)
}

/// The user's portraits: a folder of images, or one with a folder for each person; or an NPY array of images, each
/// of another person, or of people × images.
///
/// # Errors
/// Those of reading, [`Error::Portraits`], [`Error::People`], [`Error::Brightness`].
pub(super) fn read(file: &Path) -> Result<Portraits, Error> {
    if file.is_dir() {
        let Folder { pixels, rows, columns, groups } = images::read(file)?;
        let count = pixels.len() / (rows * columns);
        let is_first = |portrait: &usize| {
            groups.as_ref().is_none_or(|groups| *portrait == 0 || groups[*portrait] != groups[portrait - 1])
        };
        return check(file, Portraits::new(pixels, rows, columns, (0..count).filter(is_first).collect()));
    }
    parse(file, contents::read(file, |bytes| Ok(npy::layout(bytes, Role::Images)?.expected()))?)
}

fn parse(file: &Path, bytes: Vec<u8>) -> Result<Portraits, Error> {
    let format = |problem| Error::Format { file: file.to_owned(), problem };
    let array = npy::layout(&bytes, Role::Images).and_then(|layout| Array::new(layout, bytes)).map_err(format)?;
    let (people, each, rows, columns) = match array.layout.shape[..] {
        [people, rows, columns] => (people, 1, rows, columns),
        [people, each, rows, columns] => (people, each, rows, columns),
        _ => {
            return Err(Error::Portraits { file: file.to_owned(), shape: array.layout.shape });
        }
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_of_portraits_has_a_folder_for_each_person_or_none() {
        let folder = tempfile::tempdir().unwrap();
        for (name, grey) in [("s1/1.pgm", 0), ("s1/2.pgm", 51), ("s2/1.pgm", 255)] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            image::GrayImage::from_pixel(4, 3, image::Luma([grey])).save(file).unwrap();
        }
        let portraits = read(folder.path()).unwrap();
        assert_eq!((portraits.people(), portraits.rows, portraits.columns), (2, 3, 4));
        assert_eq!([portraits.of(0), portraits.of(1)], [0..2, 2..3]);
        assert!([0.0, 0.2, 1.0].iter().enumerate().all(|(which, grey)| (portraits.mean(which) - grey).abs() < 1e-7));
        assert_eq!(read(&folder.path().join("s1")).unwrap().people(), 2);
        assert!(matches!(read(&folder.path().join("s2")), Err(Error::People { found: 1, .. })));
    }

    #[test]
    fn other_portraits_and_other_people_have_other_checksums() {
        let portraits = |first: Vec<usize>, grey| Portraits::new(vec![grey; 12], 2, 2, first).checksum();
        assert_ne!(portraits(vec![0, 1], 0.0), portraits(vec![0, 2], 0.0));
        assert_ne!(portraits(vec![0, 1], 0.0), portraits(vec![0, 1], 0.5));
    }

    #[test]
    fn brightness_is_linear_between_pixels_and_constant_beyond() {
        let portraits = Portraits::new(vec![0.0, 1.0, 0.5, 0.5], 2, 2, vec![0]);
        for ((x, y), expected) in [((0.5, 0.5), 0.0), ((1.0, 0.5), 0.5), ((1.0, 1.0), 0.5), ((9.0, -9.0), 1.0)] {
            assert!((portraits.brightness(0, x, y) - expected).abs() < 1e-12);
        }
    }
}
