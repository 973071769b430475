//! What can be wrong inside a file of numbers.

use std::io;

/// What is wrong with a file, and where. Bytes are counted from 0 in the uncompressed file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// It begins as gzip but cannot be decompressed.
    #[error("corrupt gzip after {offset} uncompressed bytes: {source}; expected a complete gzip file")]
    Gzip {
        /// Bytes decompressed before the damage.
        offset: usize,
        /// What the decompressor says.
        source: io::Error,
    },
    /// It is far larger uncompressed than compressed.
    #[error(
        "its header claims {claimed} bytes, expected at most {most} of {size} compressed ones: if they are good, unpack it first"
    )]
    Bomb {
        /// Bytes it claims to have.
        claimed: usize,
        /// Bytes it has while it is compressed.
        size: u64,
        /// The most bytes it may claim.
        most: usize,
    },
    /// It does not begin as its format does.
    #[error("at byte 0: expected the {format} magic {expected}, found {}", hexadecimal(found))]
    Magic {
        /// The format.
        format: &'static str,
        /// What it begins with, in hexadecimal.
        expected: &'static str,
        /// The first bytes of the file.
        found: Vec<u8>,
    },
    /// The type of its values is none of IDX.
    #[error("at byte 2: expected an IDX type (08, 09, 0b, 0c, 0d or 0e), found {found:02x}")]
    IdxType {
        /// Its third byte.
        found: u8,
    },
    /// The type of its values is none that can be read from NPY.
    #[error("at byte {offset}: expected numbers of 1 to 8 bytes (u1 to u8, i1 to i8, f4 or f8), found {found:?}")]
    NpyType {
        /// Where the header begins.
        offset: usize,
        /// Its `descr`.
        found: String,
    },
    /// The header of an NPY file is none, or too long for one.
    #[error(
        "at byte {offset}: expected an NPY header as in {{'descr': '<f4', 'fortran_order': False, 'shape': (60, 28, 28)}}, found {found}"
    )]
    NpyHeader {
        /// Where it begins.
        offset: usize,
        /// How it begins, or how long it is.
        found: String,
    },
    /// It has fewer dimensions than images have.
    #[error("at byte {offset}: expected 2 or more dimensions (images), found {found}: are labels given as images?")]
    NotImages {
        /// Where the number of dimensions is stated.
        offset: usize,
        /// The number.
        found: usize,
    },
    /// It has another number of dimensions than labels have.
    #[error("at byte {offset}: expected 1 dimension (labels), found {found}: are images given as labels?")]
    NotLabels {
        /// Where the number of dimensions is stated.
        offset: usize,
        /// The number.
        found: usize,
    },
    /// A dimension is zero, or all together are more than is read.
    #[error("at byte {offset}: expected sizes above 0 of less than 4 GiB of values, found {shape:?}")]
    Shape {
        /// Where the sizes are stated.
        offset: usize,
        /// The sizes.
        shape: Vec<usize>,
    },
    /// It ends too early.
    #[error("at byte {found}: truncated: expected {expected} bytes in all, found {found}")]
    Truncated {
        /// Bytes it should have.
        expected: usize,
        /// Bytes it has.
        found: usize,
    },
    /// It goes on where it should end.
    #[error("at byte {expected}: expected the end of the file, found more bytes")]
    Trailing {
        /// Bytes it should have.
        expected: usize,
    },
    /// A value is NaN, infinite, or beyond single precision.
    #[error(
        "at byte {offset}: expected a finite number of single precision in row {row}, column {column} (from 0), found {found:?}"
    )]
    NotFinite {
        /// Where it is.
        offset: usize,
        /// Which datum.
        row: usize,
        /// Which of its values.
        column: usize,
        /// The value.
        found: f64,
    },
    /// A label that is not a class.
    #[error("at byte {offset}: label {row} must be a whole number from 0 up to {most}, found {found}")]
    Label {
        /// Where it is.
        offset: usize,
        /// Which label, counted from 0.
        row: usize,
        /// The largest class there can be.
        most: u16,
        /// The label.
        found: f64,
    },
    /// A field of a table is not what it should be.
    #[error("line {line}, column {column}: expected {expected}, found {found:?}")]
    Cell {
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        column: usize,
        /// What is expected, in words.
        expected: &'static str,
        /// The field.
        found: String,
    },
    /// A line of a table has more or fewer fields than the first.
    #[error("line {line}: expected {expected} numbers, found {found}")]
    Fields {
        /// The line, from 1.
        line: u64,
        /// How many the first line has.
        expected: usize,
        /// How many this one has.
        found: usize,
    },
    /// A table has no line of numbers.
    #[error("expected at least one line of numbers, found none")]
    NoRows,
    /// A line does not end where it should.
    #[error("line {line}: found a carriage return within the line, expected lines that end in a line feed")]
    CarriageReturn {
        /// The line, from 1.
        line: u64,
    },
    /// Several columns of a table have the name.
    #[error("line 1: {count} columns are named {name:?}, expected one, or its number")]
    Ambiguous {
        /// The name.
        name: String,
        /// How many columns have it.
        count: usize,
    },
    /// A table has no such column.
    #[error("line 1: expected {}, found {found:?}", columns_listed(names, *columns))]
    NoColumn {
        /// The names of its columns, where it has any.
        names: Vec<String>,
        /// How many there are.
        columns: usize,
        /// The one that is looked for.
        found: String,
    },
    /// It is not a zip archive, or not one that can be read.
    #[error("not a zip archive of arrays: {reason}")]
    Zip {
        /// Why.
        reason: String,
    },
    /// It is not said which array of several is meant, or there is none of the name.
    #[error(
        "expected FILE#NAME with one of the arrays {}, found {}",
        known.join(", "),
        found.as_ref().map_or_else(|| "no name".to_owned(), |name| format!("{name:?}"))
    )]
    NoArray {
        /// The names of the arrays.
        known: Vec<String>,
        /// The name that is looked for, if one is.
        found: Option<String>,
    },
    /// An image cannot be decoded.
    #[error("expected an image: {reason}")]
    Image {
        /// Why.
        reason: String,
    },
    /// An image has another size than the first one.
    #[error("expected {} × {} pixels, as of the first image, found {} × {}", expected.0, expected.1, found.0, found.1)]
    Size {
        /// Columns and rows of the first.
        expected: (usize, usize),
        /// Columns and rows of this one.
        found: (usize, usize),
    },
    /// A folder holds no images.
    #[error("no images; expected files that end in {}", endings.join(", "))]
    NoImages {
        /// The endings.
        endings: &'static [&'static str],
    },
    /// A folder holds images beside folders with images.
    #[error(
        "expected images either in the folder or in folders right below it, found {image} beside folders with images"
    )]
    Mixed {
        /// The first image of the folder itself.
        image: String,
    },
    /// There are more folders than classes.
    #[error("expected at most {most} folders with images, found {found}", most = u16::MAX)]
    TooManyFolders {
        /// How many there are.
        found: usize,
    },
    /// The images of a folder take too much memory.
    #[error("expected at most {most} pixels in all, found {images} images of {rows} × {columns}")]
    TooManyPixels {
        /// How many images there are.
        images: usize,
        /// Rows of the first one.
        rows: usize,
        /// Its columns.
        columns: usize,
        /// The most pixels of all.
        most: usize,
    },
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// The columns there are, for `expected …`.
fn columns_listed(names: &[String], columns: usize) -> String {
    if names.is_empty() {
        format!("a column by its number from 1 up to {columns}")
    } else {
        let shown: Vec<_> = names.iter().take(20).map(String::as_str).collect();
        let more = if names.len() > shown.len() { ", …" } else { "" };
        format!("a column among {}{more}, or a number from 1 up to {columns}", shown.join(", "))
    }
}
