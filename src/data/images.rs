//! Folders of images of one size: PNG, JPEG and PGM, in grey. Folders below are classes, or people.

use std::fs;
use std::path::{Path, PathBuf};

use image::{ImageReader, Limits};
use rayon::prelude::*;

use super::{Error, Problem, contents};

/// The endings of the names of images.
const ENDINGS: &[&str] = &["png", "jpg", "jpeg", "pgm"];
/// The longest side of an image.
const MOST_SIDE: u32 = 1 << 14;
/// The most pixels of one image: far more than the inputs of a network.
const MOST_SIZE: usize = 1 << 21;
/// The most bytes that decoding an image may take: 8 a pixel.
const MOST_BYTES: u64 = 8 * MOST_SIZE as u64;
/// The most pixels of all images of a folder.
const MOST_PIXELS: usize = 1 << 30;

/// The images of a folder, sorted by their names.
#[derive(Debug)]
pub(super) struct Folder {
    /// Brightness in [0, 1], one image after the other, row by row.
    pub pixels: Vec<f32>,
    pub rows: usize,
    pub columns: usize,
    /// The number of the folder below that each image is in, where there are such folders.
    pub groups: Option<Vec<u16>>,
}

/// Reads all images of a folder, or of the folders right below it. Other files are left alone.
///
/// # Errors
/// [`Error::Read`], and [`Error::Format`] with the first image that cannot be used.
pub(super) fn read(folder: &Path) -> Result<Folder, Error> {
    let format = |problem| Error::Format { file: folder.to_owned(), problem };
    let (files, groups) = files(folder)?;
    let Some(first) = files.first() else { return Err(format(Problem::NoImages { endings: ENDINGS })) };
    let (columns, rows) = dimensions(first)?;
    let size = rows * columns;
    if !(1..=MOST_SIZE).contains(&size) {
        let reason = format!("expected from 1 to {MOST_SIZE} pixels, found {columns} × {rows}");
        return Err(Error::Format { file: first.clone(), problem: Problem::Image { reason } });
    }
    if files.len().checked_mul(size).is_none_or(|pixels| pixels > MOST_PIXELS) {
        return Err(format(Problem::TooManyPixels { images: files.len(), rows, columns, most: MOST_PIXELS }));
    }
    let mut pixels = vec![0.0; files.len() * size];
    let decoded = pixels.par_chunks_exact_mut(size).zip(&files);
    let error = decoded.find_map_first(|(to, file)| decode(file, (columns, rows), to).err());
    error.map_or(Ok(Folder { pixels, rows, columns, groups }), Err)
}

/// The images, and the folder below that each is in.
fn files(folder: &Path) -> Result<(Vec<PathBuf>, Option<Vec<u16>>), Error> {
    let (files, folders) = listed(folder)?;
    let below = folders.iter().map(|folder| Ok(listed(folder)?.0)).collect::<Result<Vec<_>, Error>>()?;
    let below: Vec<_> = below.into_iter().filter(|files| !files.is_empty()).collect();
    if below.is_empty() {
        return Ok((files, None));
    }
    let problem = if files.is_empty() {
        (below.len() > usize::from(u16::MAX)).then_some(Problem::TooManyFolders { found: below.len() })
    } else {
        Some(Problem::Mixed { image: files[0].file_name().unwrap_or_default().to_string_lossy().into_owned() })
    };
    if let Some(problem) = problem {
        return Err(Error::Format { file: folder.to_owned(), problem });
    }
    let groups = below.iter().zip(0..).flat_map(|(files, group)| vec![group; files.len()]).collect();
    Ok((below.into_iter().flatten().collect(), Some(groups)))
}

/// The images of a folder and the folders below it, each sorted by their names.
fn listed(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Error> {
    let error = |source| Error::Read { file: folder.to_owned(), source };
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_dir() {
            folders.push(path);
        } else if ENDINGS.contains(&&*ending) {
            files.push(path);
        }
    }
    files.sort();
    folders.sort();
    Ok((files, folders))
}

fn open(file: &Path) -> Result<ImageReader<std::io::BufReader<fs::File>>, Error> {
    let error = |source| Error::Read { file: file.to_owned(), source };
    let mut reader = ImageReader::new(contents::open(file)?).with_guessed_format().map_err(error)?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MOST_SIDE), Some(MOST_SIDE));
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    Ok(reader)
}

fn unusable(file: &Path, error: &image::ImageError) -> Error {
    Error::Format { file: file.to_owned(), problem: Problem::Image { reason: error.to_string() } }
}

fn dimensions(file: &Path) -> Result<(usize, usize), Error> {
    let (columns, rows) = open(file)?.into_dimensions().map_err(|error| unusable(file, &error))?;
    Ok((columns as usize, rows as usize))
}

/// to ← the brightness of an image, which must have the size of the first.
fn decode(file: &Path, (columns, rows): (usize, usize), to: &mut [f32]) -> Result<(), Error> {
    let image = open(file)?.decode().map_err(|error| unusable(file, &error))?.to_luma32f();
    let found = (image.width() as usize, image.height() as usize);
    if found != (columns, rows) {
        let problem = Problem::Size { expected: (columns, rows), found };
        return Err(Error::Format { file: file.to_owned(), problem });
    }
    to.copy_from_slice(image.as_raw());
    Ok(())
}
