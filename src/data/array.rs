//! Arrays of numbers as files hold them: a header that states type and shape, then the values.

use super::Problem;

/// The most bytes of values a file may have, just below 4 GiB: in single precision they take up to four times
/// as many.
const MOST_BYTES: usize = u32::MAX as usize;

/// The type of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Whole numbers 0 to 255.
    U8,
    /// Whole numbers of one byte, with sign.
    I8,
    /// Whole numbers of two bytes.
    U16,
    /// Whole numbers of two bytes, with sign.
    I16,
    /// Whole numbers of four bytes.
    U32,
    /// Whole numbers of four bytes, with sign.
    I32,
    /// Whole numbers of eight bytes.
    U64,
    /// Whole numbers of eight bytes, with sign.
    I64,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl Type {
    /// Bytes a value.
    pub fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// The value of some bytes, as many as its size.
    fn value(self, bytes: &[u8], big_endian: bool) -> f64 {
        let mut eight = [0; 8];
        let used = &mut eight[..bytes.len()];
        used.copy_from_slice(bytes);
        if big_endian {
            used.reverse();
        }
        let bits = u64::from_le_bytes(eight);
        match self {
            Self::U8 | Self::U16 | Self::U32 | Self::U64 => bits as f64,
            Self::I8 => f64::from((bits as u8).cast_signed()),
            Self::I16 => f64::from((bits as u16).cast_signed()),
            Self::I32 => f64::from((bits as u32).cast_signed()),
            Self::I64 => bits.cast_signed() as f64,
            Self::F32 => f64::from(f32::from_bits(bits as u32)),
            Self::F64 => f64::from_bits(bits),
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
    /// Any dimensions: a number to predict for each datum, or several.
    Numbers,
}

/// What a file says of its values before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Their type.
    pub kind: Type,
    /// Whether the most significant byte of a value is its first.
    pub big_endian: bool,
    /// Whether the first dimension is the fastest, as in Fortran.
    pub columns_first: bool,
    /// Sizes of the dimensions, all above 0.
    pub shape: Vec<usize>,
    /// Bytes before the values.
    pub header: usize,
}

impl Layout {
    /// Makes sure that the shape is right for the `role`, and no more than is read. `dimensions` and `sizes`: where
    /// in the file they are stated.
    ///
    /// # Errors
    /// [`Problem::NotImages`], [`Problem::NotLabels`], [`Problem::Shape`].
    pub fn check(self, role: Role, dimensions: usize, sizes: usize) -> Result<Self, Problem> {
        let found = self.shape.len();
        match role {
            Role::Images if found < 2 => return Err(Problem::NotImages { offset: dimensions, found }),
            Role::Labels if found != 1 => return Err(Problem::NotLabels { offset: dimensions, found }),
            _ => {}
        }
        let bytes = self.shape.iter().try_fold(self.kind.size(), |product, &size| product.checked_mul(size));
        match bytes {
            Some(1..=MOST_BYTES) => Ok(self),
            _ => Err(Problem::Shape { offset: sizes, shape: self.shape }),
        }
    }

    /// Bytes the uncompressed file should have.
    pub fn expected(&self) -> usize {
        self.header + self.kind.size() * self.shape.iter().product::<usize>()
    }

    /// Where a value lies among the values of the file, given its place with the last dimension fastest.
    fn position(&self, index: usize) -> usize {
        if !self.columns_first {
            return index;
        }
        let (mut rest, mut position, mut stride) = (index, 0, self.shape.iter().product::<usize>());
        for &size in self.shape.iter().rev() {
            stride /= size;
            position += (rest % size) * stride;
            rest /= size;
        }
        position
    }
}

/// A layout and the values that belong to it.
#[derive(Debug)]
pub struct Array {
    /// How they are arranged.
    pub layout: Layout,
    /// The whole file.
    bytes: Vec<u8>,
}

impl Array {
    /// The values of an uncompressed file.
    ///
    /// # Errors
    /// [`Problem::Truncated`], [`Problem::Trailing`].
    pub fn new(layout: Layout, bytes: Vec<u8>) -> Result<Self, Problem> {
        let expected = layout.expected();
        match bytes.len() {
            found if found < expected => Err(Problem::Truncated { expected, found }),
            found if found > expected => Err(Problem::Trailing { expected }),
            _ => Ok(Self { layout, bytes }),
        }
    }

    /// The bytes of the values.
    fn raw(&self) -> &[u8] {
        &self.bytes[self.layout.header..]
    }

    /// How many values a datum has.
    pub fn width(&self) -> usize {
        self.layout.shape[1..].iter().product()
    }

    /// Rows and columns of a datum, where it is an image.
    pub fn image(&self) -> Option<(usize, usize)> {
        match self.layout.shape[..] {
            [_, rows, columns] => Some((rows, columns)),
            _ => None,
        }
    }

    /// Where in the file the value with a flat `index` lies.
    fn offset(&self, index: usize) -> usize {
        self.layout.header + self.layout.position(index) * self.layout.kind.size()
    }

    /// The values, last dimension fastest.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let (layout, size) = (&self.layout, self.layout.kind.size());
        (0..self.raw().len() / size).map(move |index| {
            let begin = layout.position(index) * size;
            layout.kind.value(&self.raw()[begin..begin + size], layout.big_endian)
        })
    }

    /// The values as inputs of a network: bytes scaled to [0, 1], other types as they are.
    ///
    /// # Errors
    /// [`Problem::NotFinite`].
    pub fn inputs(&self) -> Result<Vec<f32>, Problem> {
        if self.layout.kind == Type::U8 {
            let scaled = |index| f32::from(self.raw()[self.layout.position(index)]) / 255.0;
            return Ok((0..self.raw().len()).map(scaled).collect());
        }
        self.numbers()
    }

    /// The values as numbers to predict, as they are.
    ///
    /// # Errors
    /// [`Problem::NotFinite`].
    pub fn numbers(&self) -> Result<Vec<f32>, Problem> {
        let width = self.width();
        self.values()
            .enumerate()
            .map(|(index, found)| {
                let value = found as f32;
                let (row, column) = (index / width, index % width);
                let problem = || Problem::NotFinite { offset: self.offset(index), row, column, found };
                if value.is_finite() { Ok(value) } else { Err(problem()) }
            })
            .collect()
    }

    /// The values as classes.
    ///
    /// # Errors
    /// [`Problem::Label`].
    pub fn classes(&self) -> Result<Vec<u16>, Problem> {
        let class = |(row, found): (usize, f64)| {
            let most = u16::MAX;
            if found.fract() == 0.0 && (0.0..=f64::from(most)).contains(&found) {
                Ok(found as u16)
            } else {
                Err(Problem::Label { offset: self.offset(row), row, most, found })
            }
        };
        self.values().enumerate().map(class).collect()
    }
}
