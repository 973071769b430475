//! What can be wrong with data.

use std::path::{Path, PathBuf};

use super::Problem;
use super::published::Published;
use super::selection::{Available, Split, Task};

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
    /// A file is not what it should be.
    #[error("{}: {problem}", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// What is wrong with it, and where.
        problem: Problem,
    },
    /// A file has other contents than the data set it is named after.
    #[error("{}: expected the MD5 checksum {expected} (of the {of}), found {found}", file.display())]
    Checksum {
        /// The file.
        file: PathBuf,
        /// What the checksum is of.
        of: &'static str,
        /// The published checksum.
        expected: &'static str,
        /// The file's.
        found: String,
    },
    /// A file of a data set is in none of the places where data are looked for.
    #[error("data file {name} (or {name}.gz) not found; looked in{}{}", listed(places), remedy(name))]
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
    /// The task needs classes or numbers, and no file of them is named.
    #[error(
        "the task {} needs {}: expected `labels = \"…\"` beside `images` in the data section",
        task.name(), task.needs()
    )]
    NoLabels {
        /// The task.
        task: Task,
    },
    /// The task needs classes or numbers, and the data have none.
    #[error(
        "the task {} needs {}: expected data that have them, found {source_name}, which have none",
        task.name(), task.needs()
    )]
    NoTargets {
        /// The task.
        task: Task,
        /// The data.
        source_name: &'static str,
    },
    /// More data are asked for than there are.
    #[error("expected at most {available}, found train = {}, validation = {}", wanted.train, wanted.validation)]
    TooFew {
        /// Data there are.
        available: Available,
        /// Data asked for.
        wanted: Split,
    },
    /// An array is none of portraits.
    #[error("{}: expected portraits × rows × columns, or people × portraits × rows × columns, found {shape:?}", file.display())]
    Portraits {
        /// The file.
        file: PathBuf,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// There are too few people for some to train and others to be tested on.
    #[error("{}: expected portraits of at least 2 people, found {found}", file.display())]
    People {
        /// The file or folder.
        file: PathBuf,
        /// How many there are.
        found: usize,
    },
    /// A pixel of a portrait is no brightness.
    #[error("{}: portrait {portrait} (from 0): expected pixels from 0 up to 1, or bytes, found {found}", file.display())]
    Brightness {
        /// The file.
        file: PathBuf,
        /// Which portrait.
        portrait: usize,
        /// The pixel.
        found: f32,
    },
    /// A file cannot be written.
    #[error("{}: cannot be written: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A data set that is not made by the program.
    #[error("{source_name} is read, not made: expected curves or faces")]
    NotMade {
        /// The data set.
        source_name: &'static str,
    },
    /// There is no folder for what is made.
    #[error("there is no cache folder: expected XDG_CACHE_HOME or a home folder")]
    NoCache,
    /// A download ended too early.
    #[error("{url}: {reason}; {}", remains(*kept))]
    Download {
        /// The address.
        url: String,
        /// Why.
        reason: String,
        /// Bytes that are there.
        kept: u64,
    },
    /// What was downloaded is not the published file.
    #[error("{url}: not the published file, and nothing of it is kept: {source}")]
    Fetched {
        /// The address.
        url: String,
        /// What is wrong with it.
        source: Box<Self>,
    },
    /// A line of the embedded digits is not as it should be; the program was built from a damaged copy.
    #[error("the embedded digits: line {line}: expected 64 pixels from 0 to 16 and a label from 0 to 9")]
    Digits {
        /// The line, counted from 1.
        line: usize,
    },
}

/// What a download that was given up leaves.
fn remains(kept: u64) -> String {
    if kept == 0 {
        "nothing is kept".to_owned()
    } else {
        format!("{kept} bytes are kept, and the next try goes on there")
    }
}

impl Error {
    /// Whether it is about what is read, rather than of the network or of a disk that is written to.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Download { .. } | Self::Fetched { .. } | Self::Write { .. } | Self::NoCache)
    }
}

/// How a file of a published data set is brought, on a line of its own.
fn remedy(name: &str) -> String {
    let published = Published::ALL.into_iter().find(|published| Path::new(name).starts_with(published.name));
    published.map_or_else(String::new, |published| format!("\nto bring it: {}", published.remedy()))
}

/// The places, one a line; or that there are none.
fn listed(places: &[PathBuf]) -> String {
    let lines: Vec<_> = places.iter().map(|place| format!("\n  {}", place.display())).collect();
    if lines.is_empty() { " no folder".to_owned() } else { lines.concat() }
}
