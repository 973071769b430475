//! The user's own IDX files, and what every source is read into before it is split.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use super::idx::{self, Beginning, Idx, Problem, Role};
use super::{Error, Task};

/// The largest class a label can be.
const MOST_CLASS: usize = 65_535;

/// All data of a source.
pub(super) struct Pool {
    /// For people.
    pub name: String,
    /// The inputs, one datum after the other.
    pub inputs: Vec<f32>,
    /// `d_0`, the length of one input.
    pub width: usize,
    /// Rows and columns, of images.
    pub image: Option<(usize, usize)>,
    /// Classes, where the task needs them.
    pub labels: Option<Vec<u16>>,
}

/// Reads images and, unless the task is to autoencode, labels.
///
/// # Errors
/// [`Error::Read`], [`Error::Idx`], [`Error::Counts`], [`Error::Label`], [`Error::NoLabels`].
pub(super) fn load(images: &Path, labels: Option<&Path>, task: Task) -> Result<Pool, Error> {
    let contents = read(images, |bytes| Ok(Beginning::parse(bytes, Role::Images)?.expected))?;
    let idx = |problem| Error::Idx { file: images.to_owned(), problem };
    let parsed = Idx::parse(&contents, Role::Images).map_err(idx)?;
    let inputs = parsed.inputs().map_err(idx)?;
    let image = match parsed.shape[..] {
        [_, rows, columns] => Some((rows, columns)),
        _ => None,
    };
    let labels = match (task, labels) {
        (Task::Autoencode, _) => None,
        (_, None) => return Err(Error::NoLabels { task: task.name() }),
        (_, Some(file)) => Some(read_labels(file, images, parsed.count())?),
    };
    let name = images.file_name().unwrap_or(images.as_os_str()).to_string_lossy().into_owned();
    Ok(Pool { name, inputs, width: parsed.width(), image, labels })
}

fn read_labels(file: &Path, images_file: &Path, images: usize) -> Result<Vec<u16>, Error> {
    let contents = read(file, |bytes| Ok(Beginning::parse(bytes, Role::Labels)?.expected))?;
    let parsed =
        Idx::parse(&contents, Role::Labels).map_err(|problem| Error::Idx { file: file.to_owned(), problem })?;
    let labels = parsed.count();
    if labels != images {
        let (images_file, labels_file) = (images_file.to_owned(), file.to_owned());
        return Err(Error::Counts { images_file, images, labels_file, labels });
    }
    classes_of(&parsed, file)
}

/// The values of a label file as classes.
///
/// # Errors
/// [`Error::Label`].
pub(super) fn classes_of(labels: &Idx, file: &Path) -> Result<Vec<u16>, Error> {
    let class = |(row, found): (usize, f64)| {
        let most = f64::from(u16::MAX);
        if found.fract() == 0.0 && (0.0..=most).contains(&found) {
            Ok(found as u16)
        } else {
            Err(Error::Label { file: file.to_owned(), offset: labels.offset(row), row, most: MOST_CLASS, found })
        }
    };
    labels.values().enumerate().map(class).collect()
}

/// The uncompressed contents of a file, but for what follows the first byte too many: as [`idx::read`].
///
/// # Errors
/// [`Error::Read`] and, for corrupt gzip and those of `expected`, [`Error::Idx`].
pub(super) fn read(file: &Path, expected: impl FnOnce(&[u8]) -> Result<usize, Problem>) -> Result<Vec<u8>, Error> {
    // A device or a pipe may never end.
    let opened = file.metadata().and_then(|metadata| {
        if metadata.is_file() { File::open(file) } else { Err(io::Error::other("expected a regular file")) }
    });
    let opened = opened.map_err(|source| Error::Read { file: file.to_owned(), source })?;
    idx::read(BufReader::new(opened), expected).map_err(|problem| Error::Idx { file: file.to_owned(), problem })
}
