//! IDX files: two zero bytes, the type of the values, the number of dimensions, the size of each
//! dimension (four bytes, most significant first), then the values, last dimension fastest.

use std::io::{BufRead, Read};

use flate2::bufread::MultiGzDecoder;

/// The most bytes of values a file may have, just below 4 GiB: in single precision they take up to four times
/// as many.
const MOST_BYTES: usize = u32::MAX as usize;

/// Bytes of the longest beginning, with 255 dimensions.
const LONGEST_BEGINNING: u64 = 4 + 4 * 255;

/// What is wrong with an IDX file. Bytes are counted from 0 in the uncompressed file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(std::io::Error),
    /// It begins as gzip but cannot be decompressed.
    #[error("corrupt gzip after {offset} uncompressed bytes: {source}; expected a complete gzip file")]
    Gzip {
        /// Bytes decompressed before the damage.
        offset: usize,
        /// What the decompressor says.
        source: std::io::Error,
    },
    /// It does not begin with two zero bytes.
    #[error("at byte 0: expected the IDX magic 00 00, found {:02x} {:02x}", found[0], found[1])]
    Magic {
        /// Its first two bytes.
        found: [u8; 2],
    },
    /// The type of its values is none of IDX.
    #[error("at byte 2: expected an IDX type (08, 09, 0b, 0c, 0d or 0e), found {found:02x}")]
    Type {
        /// Its third byte.
        found: u8,
    },
    /// It has fewer dimensions than images have.
    #[error("at byte 3: expected 2 or more dimensions (images), found {found}: are labels given as images?")]
    NotImages {
        /// Its fourth byte.
        found: u8,
    },
    /// It has another number of dimensions than labels have.
    #[error("at byte 3: expected 1 dimension (labels), found {found}: are images given as labels?")]
    NotLabels {
        /// Its fourth byte.
        found: u8,
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
    /// A value is NaN or infinite.
    #[error("at byte {offset}: expected a finite number in row {row}, column {column} (from 0), found {found}")]
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
}

/// The type of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Whole numbers 0 to 255.
    U8,
    /// Whole numbers of one byte, with sign.
    I8,
    /// Whole numbers of two bytes.
    I16,
    /// Whole numbers of four bytes.
    I32,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl Type {
    fn of(byte: u8) -> Option<Self> {
        match byte {
            0x08 => Some(Self::U8),
            0x09 => Some(Self::I8),
            0x0b => Some(Self::I16),
            0x0c => Some(Self::I32),
            0x0d => Some(Self::F32),
            0x0e => Some(Self::F64),
            _ => None,
        }
    }

    /// Bytes a value.
    fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// What the file is needed for: it decides how many dimensions are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Two dimensions or more: data, and what one datum consists of.
    Images,
    /// One dimension.
    Labels,
}

/// What a file says of itself before its values.
#[derive(Debug)]
pub struct Beginning {
    kind: Type,
    shape: Vec<usize>,
    /// Bytes before the values.
    header: usize,
    /// Bytes the uncompressed file should have.
    pub expected: usize,
}

impl Beginning {
    /// Checks the beginning of an uncompressed file; what follows it is not looked at.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8], role: Role) -> Result<Self, Problem> {
        let &[first, second, kind, dimensions, ..] = bytes else {
            return Err(Problem::Truncated { expected: 4, found: bytes.len() });
        };
        if (first, second) != (0, 0) {
            return Err(Problem::Magic { found: [first, second] });
        }
        let kind = Type::of(kind).ok_or(Problem::Type { found: kind })?;
        match role {
            Role::Images if dimensions < 2 => return Err(Problem::NotImages { found: dimensions }),
            Role::Labels if dimensions != 1 => return Err(Problem::NotLabels { found: dimensions }),
            _ => {}
        }
        let header = 4 + 4 * usize::from(dimensions);
        let Some(sizes) = bytes.get(4..header) else {
            return Err(Problem::Truncated { expected: header, found: bytes.len() });
        };
        let shape: Vec<usize> = sizes
            .chunks_exact(4)
            .map(|size| size.iter().fold(0, |sum, &byte| (sum << 8) | usize::from(byte)))
            .collect();
        let length = shape.iter().try_fold(kind.size(), |product, &size| product.checked_mul(size));
        match length {
            Some(length @ 1..=MOST_BYTES) => Ok(Self { kind, shape, header, expected: header + length }),
            _ => Err(Problem::Shape { offset: 4, shape }),
        }
    }
}

/// A checked IDX file over the bytes it was read from.
#[derive(Debug)]
pub struct Idx<'a> {
    /// Sizes of the dimensions, all above 0.
    pub shape: Vec<usize>,
    /// The type of the values.
    pub kind: Type,
    values: &'a [u8],
    header: usize,
}

impl<'a> Idx<'a> {
    /// Checks the uncompressed `bytes` of an IDX file.
    ///
    /// # Errors
    /// Every variant of [`Problem`] that is not of reading.
    pub fn parse(bytes: &'a [u8], role: Role) -> Result<Self, Problem> {
        let Beginning { kind, shape, header, expected } = Beginning::parse(bytes, role)?;
        match bytes.len() {
            found if found < expected => Err(Problem::Truncated { expected, found }),
            found if found > expected => Err(Problem::Trailing { expected }),
            _ => Ok(Self { shape, kind, values: &bytes[header..], header }),
        }
    }

    /// How many data there are.
    pub fn count(&self) -> usize {
        self.shape[0]
    }

    /// How many values a datum has.
    pub fn width(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// Where the value with a flat `index` lies in the file.
    pub fn offset(&self, index: usize) -> usize {
        self.header + index * self.kind.size()
    }

    /// The values, last dimension fastest.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let kind = self.kind;
        self.values.chunks_exact(kind.size()).map(move |value| match (kind, value) {
            (Type::U8, &[a]) => f64::from(a),
            (Type::I8, &[a]) => f64::from(i8::from_be_bytes([a])),
            (Type::I16, &[a, b]) => f64::from(i16::from_be_bytes([a, b])),
            (Type::I32, &[a, b, c, d]) => f64::from(i32::from_be_bytes([a, b, c, d])),
            (Type::F32, &[a, b, c, d]) => f64::from(f32::from_be_bytes([a, b, c, d])),
            (Type::F64, &[a, b, c, d, e, f, g, h]) => f64::from_be_bytes([a, b, c, d, e, f, g, h]),
            _ => f64::NAN,
        })
    }

    /// The values as inputs of a network: bytes scaled to [0, 1], other types as they are.
    ///
    /// # Errors
    /// [`Problem::NotFinite`].
    pub fn inputs(&self) -> Result<Vec<f32>, Problem> {
        if self.kind == Type::U8 {
            return Ok(self.values.iter().map(|&value| f32::from(value) / 255.0).collect());
        }
        let width = self.width();
        self.values()
            .enumerate()
            .map(|(index, found)| {
                let value = found as f32;
                let place = (index / width, index % width);
                let problem =
                    || Problem::NotFinite { offset: self.offset(index), row: place.0, column: place.1, found };
                if value.is_finite() { Ok(value) } else { Err(problem()) }
            })
            .collect()
    }
}

/// The uncompressed contents of a file; gzip is known by its first two bytes. `expected` tells from their
/// beginning how many bytes they should be. One more is read at most, and tells that there are more.
///
/// # Errors
/// [`Problem::Read`], [`Problem::Gzip`] and those of `expected`.
pub fn read<'a>(
    mut file: impl BufRead + 'a,
    expected: impl FnOnce(&[u8]) -> Result<usize, Problem>,
) -> Result<Vec<u8>, Problem> {
    let packed = file.fill_buf().map_err(Problem::Read)?.starts_with(&[0x1f, 0x8b]);
    let mut reader: Box<dyn Read + 'a> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut contents = Vec::new();
    let mut go_on = |contents: &mut Vec<u8>, most: u64| {
        let result = reader.by_ref().take(most).read_to_end(contents);
        let offset = contents.len();
        result.map_err(|source| if packed { Problem::Gzip { offset, source } } else { Problem::Read(source) })
    };
    go_on(&mut contents, LONGEST_BEGINNING)?;
    let end = (expected(&contents)? as u64).saturating_add(1);
    go_on(&mut contents, end.saturating_sub(LONGEST_BEGINNING))?;
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn file(kind: u8, shape: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, kind, shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    fn problem(bytes: &[u8], role: Role) -> String {
        Idx::parse(bytes, role).unwrap_err().to_string()
    }

    #[test]
    fn values_of_every_type_are_read() {
        let cases: [(u8, Vec<u8>); 6] = [
            (0x08, vec![3]),
            (0x09, 3_i8.to_be_bytes().into()),
            (0x0b, 3_i16.to_be_bytes().into()),
            (0x0c, 3_i32.to_be_bytes().into()),
            (0x0d, 3_f32.to_be_bytes().into()),
            (0x0e, 3_f64.to_be_bytes().into()),
        ];
        for (kind, bytes) in cases {
            let bytes = file(kind, &[1, 1], &bytes);
            assert_eq!(Idx::parse(&bytes, Role::Images).unwrap().values().collect::<Vec<_>>(), [3.0]);
        }
    }

    #[test]
    fn bytes_are_scaled_to_the_unit_interval() {
        let bytes = file(8, &[1, 3], &[0, 51, 255]);
        assert_eq!(Idx::parse(&bytes, Role::Images).unwrap().inputs().unwrap(), [0.0, 0.2, 1.0]);
    }

    #[test]
    fn every_damage_is_named_with_its_place() {
        assert_eq!(problem(b"PK\x03\x04", Role::Images), "at byte 0: expected the IDX magic 00 00, found 50 4b");
        assert_eq!(problem(&[0], Role::Images), "at byte 1: truncated: expected 4 bytes in all, found 1");
        assert!(problem(&file(7, &[1], &[0]), Role::Labels).starts_with("at byte 2: expected an IDX type"));
        assert!(problem(&file(8, &[1], &[0]), Role::Images).ends_with("found 1: are labels given as images?"));
        assert!(problem(&file(8, &[1, 1], &[0]), Role::Labels).ends_with("found 2: are images given as labels?"));
        assert!(problem(&file(8, &[2, 2], &[0; 3]), Role::Images).contains("expected 16 bytes in all, found 15"));
        assert!(problem(&file(8, &[2, 2], &[0; 6]), Role::Images).starts_with("at byte 16: expected the end"));
        for shape in [&[0, 2][..], &[u32::MAX; 3], &[1 << 16, 1 << 13, 1]] {
            assert!(problem(&file(14, shape, &[]), Role::Images).contains("sizes above 0 of less than 4 GiB"));
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_named_by_row_and_column() {
        let values: Vec<u8> = [0.0, 1.0, 2.0, f32::NAN].iter().flat_map(|value: &f32| value.to_be_bytes()).collect();
        let bytes = file(0x0d, &[2, 2], &values);
        let problem = Idx::parse(&bytes, Role::Images).unwrap().inputs().unwrap_err().to_string();
        assert_eq!(problem, "at byte 24: expected a finite number in row 1, column 1 (from 0), found NaN");
    }

    fn packed(contents: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(contents).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_recognised_and_its_damage_reported() {
        let contents = vec![7_u8; 10_000];
        let read = |bytes: &[u8]| read(bytes, |_| Ok(10_000));
        let packed = packed(&contents);
        assert_eq!(read(&packed).unwrap(), contents);
        assert_eq!(read(&contents).unwrap(), contents);
        assert!(matches!(read(&packed[..packed.len() - 5]), Err(Problem::Gzip { offset: 10_000, .. })));
    }

    #[test]
    fn no_more_is_read_than_the_beginning_says_and_one_byte() {
        let expected = |bytes: &[u8]| Ok(Beginning::parse(bytes, Role::Images)?.expected);
        let bomb = file(8, &[40, 50], &vec![0; 50_000_000]);
        // Where it is unpacked to its end, that is found to be missing.
        let cut = packed(&bomb);
        for bytes in [&bomb[..], &cut[..cut.len() - 5]] {
            let contents = read(bytes, expected).unwrap();
            assert_eq!(contents, bomb[..2013]);
            assert!(matches!(Idx::parse(&contents, Role::Images), Err(Problem::Trailing { expected: 2012 })));
        }
        let absurd = file(8, &[1 << 16, 1 << 16, 2], &[0; 5000]);
        for bytes in [&absurd, &packed(&absurd)] {
            assert!(matches!(read(bytes.as_slice(), expected), Err(Problem::Shape { .. })));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), labels: bool) {
            let role = if labels { Role::Labels } else { Role::Images };
            for bytes in [bytes.clone(), [&[0, 0, 8, 2], bytes.as_slice()].concat(), [&[0x1f, 0x8b, 8], bytes.as_slice()].concat()] {
                let expected = |bytes: &[u8]| Ok(Beginning::parse(bytes, role)?.expected);
                if let Ok(contents) = read(bytes.as_slice(), expected) && let Ok(idx) = Idx::parse(&contents, role) {
                    let _ = idx.inputs();
                }
            }
        }

        #[test]
        fn what_is_written_is_read(rows in 1_u32..5, columns in 1_u32..5, byte: u8) {
            let bytes = file(8, &[rows, columns], &vec![byte; (rows * columns) as usize]);
            let idx = Idx::parse(&bytes, Role::Images).unwrap();
            prop_assert_eq!((idx.count(), idx.width()), (rows as usize, columns as usize));
            prop_assert!(idx.values().all(|value| (value - f64::from(byte)).abs() < 1e-9));
        }
    }
}
