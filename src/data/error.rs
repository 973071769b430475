//! What can be wrong with data.

use std::path::PathBuf;

use super::idx;

/// Why data cannot be used. Messages name the file, the place in it, what was expected and what was found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read at all.
    #[error("{}: cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not the IDX file that is needed.
    #[error("{}: {problem}", file.display())]
    Idx {
        /// The file.
        file: PathBuf,
        /// What is wrong with it, and at which byte.
        problem: idx::Problem,
    },
    /// A file has other contents than the data set it is named after.
    #[error("{}: expected the MD5 checksum {expected} (of the uncompressed file), found {found}", file.display())]
    Checksum {
        /// The file.
        file: PathBuf,
        /// The published checksum.
        expected: &'static str,
        /// The file's.
        found: String,
    },
    /// A file of a data set is in none of the places where data are looked for.
    #[error("data file {name} (or {name}.gz) not found; looked in{}", listed(places))]
    NotFound {
        /// The file, relative to a data folder.
        name: String,
        /// The folders looked in, in order.
        places: Vec<PathBuf>,
    },
    /// Images and labels do not belong together.
    #[error(
        "{}: expected as many labels as images, found {labels} labels for the {images} images of {}",
        labels_file.display(),
        images_file.display()
    )]
    Counts {
        /// The file of the images.
        images_file: PathBuf,
        /// How many images it has.
        images: usize,
        /// The file of the labels.
        labels_file: PathBuf,
        /// How many labels it has.
        labels: usize,
    },
    /// A label that is not a class.
    #[error("{}: at byte {offset}: label {row} must be a whole number from 0 up to {most}, found {found}", file.display())]
    Label {
        /// The file.
        file: PathBuf,
        /// Where in the uncompressed file.
        offset: usize,
        /// Which label, counted from 0.
        row: usize,
        /// The largest class there can be.
        most: usize,
        /// The label.
        found: f64,
    },
    /// The task needs labels and none are named.
    #[error("the task {task} needs labels: expected `labels = \"…\"` beside `images` in the data section")]
    NoLabels {
        /// The task.
        task: &'static str,
    },
    /// More data are asked for than there are.
    #[error(
        "expected at most {available} training and validation data in total, found train = {train}, validation = {validation}"
    )]
    TooFew {
        /// Data there are.
        available: usize,
        /// Training data asked for.
        train: usize,
        /// Validation data asked for.
        validation: usize,
    },
    /// A line of the embedded digits is not as it should be; the program was built from a damaged copy.
    #[error("the embedded digits: line {line}: expected 64 pixels from 0 to 16 and a label from 0 to 9")]
    Digits {
        /// The line, counted from 1.
        line: usize,
    },
}

/// The places, one a line; or that there are none.
fn listed(places: &[PathBuf]) -> String {
    let lines: Vec<_> = places.iter().map(|place| format!("\n  {}", place.display())).collect();
    if lines.is_empty() { " no folder".to_owned() } else { lines.concat() }
}
