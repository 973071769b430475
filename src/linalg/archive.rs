//! What is kept of a computation so that it can go on another day: named tensors, bit by bit, and small
//! values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ndarray::{ArrayView, ArrayViewMut, Dimension};
use safetensors::tensor::{Dtype, View};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Real;

/// Something whose state can be kept, and put back into another of its kind that is made alike. What then
/// follows is the same, bit by bit.
pub trait Keep {
    /// Puts its state into the archive.
    fn save(&self, archive: &mut Archive);

    /// Takes its state from the archive.
    ///
    /// # Errors
    /// Where the archive lacks a part of it, or has it in another shape.
    fn restore(&mut self, archive: &Archive) -> Result<(), ArchiveError>;
}

/// Named tensors, and named small values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Archive {
    /// The tensors.
    pub tensors: BTreeMap<String, Tensor>,
    /// The values.
    pub values: BTreeMap<String, Value>,
}

/// A tensor as its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// The type of its numbers.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers in row-major order, little endian.
    pub bytes: Vec<u8>,
}

/// An archive does not hold what is looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It is not there.
    #[error("`{name}` is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// It has another shape.
    #[error("`{name}` has shape {found:?}, expected {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// It is something else.
    #[error("`{name}`: {reason}")]
    Content {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Archive {
    /// Puts a tensor in.
    pub fn put<T: Real, D: Dimension>(&mut self, name: impl Into<String>, x: ArrayView<T, D>) {
        let mut bytes = Vec::with_capacity(x.len() * size_of::<T>());
        x.iter().for_each(|x| x.append_to(&mut bytes));
        self.tensors.insert(name.into(), Tensor { dtype: T::DTYPE, shape: x.shape().to_vec(), bytes });
    }

    /// The shape of a tensor.
    ///
    /// # Errors
    /// Where it is missing.
    pub fn shape(&self, name: &str) -> Result<&[usize], ArchiveError> {
        Ok(&self.tensor(name)?.shape)
    }

    /// x ← a tensor of its shape.
    ///
    /// # Errors
    /// Where it is missing, has another shape, or does not hold numbers of single or double precision.
    pub fn fill<T: Real, D: Dimension>(&self, name: &str, mut x: ArrayViewMut<T, D>) -> Result<(), ArchiveError> {
        let Tensor { dtype, shape, bytes } = self.tensor(name)?;
        if *shape != x.shape() {
            let (found, expected) = (shape.clone(), x.shape().to_vec());
            return Err(ArchiveError::Shape { name: name.to_owned(), found, expected });
        }
        let (singles, _) = bytes.as_chunks::<4>();
        let (doubles, _) = bytes.as_chunks::<8>();
        match dtype {
            Dtype::F32 => x.iter_mut().zip(singles).for_each(|(x, b)| *x = T::of(f32::from_le_bytes(*b).into())),
            Dtype::F64 => x.iter_mut().zip(doubles).for_each(|(x, b)| *x = T::of(f64::from_le_bytes(*b))),
            other => {
                let reason = format!("found numbers of type {other:?}, expected F64 or F32");
                return Err(ArchiveError::Content { name: name.to_owned(), reason });
            }
        }
        Ok(())
    }

    /// Notes a value. What cannot be written as JSON is missed when it is looked for.
    pub fn note<V: Serialize>(&mut self, name: &str, value: &V) {
        if let Ok(value) = serde_json::to_value(value) {
            self.values.insert(name.to_owned(), value);
        }
    }

    /// A value that was noted.
    ///
    /// # Errors
    /// Where it is missing, or something else.
    pub fn value<V: DeserializeOwned>(&self, name: &str) -> Result<V, ArchiveError> {
        let value = self.values.get(name).ok_or_else(|| ArchiveError::Missing { name: name.to_owned() })?;
        V::deserialize(value)
            .map_err(|error| ArchiveError::Content { name: name.to_owned(), reason: error.to_string() })
    }

    fn tensor(&self, name: &str) -> Result<&Tensor, ArchiveError> {
        self.tensors.get(name).ok_or_else(|| ArchiveError::Missing { name: name.to_owned() })
    }
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn what_is_put_in_comes_out_bit_by_bit_whatever_its_layout() {
        let kept = array![[0.1_f32, -0.0, f32::MIN_POSITIVE], [1.0 / 3.0, f32::INFINITY, 1e-45]];
        let mut archive = Archive::default();
        archive.put("x", kept.t());
        let mut found = Array2::<f32>::zeros((3, 2));
        archive.fill("x", found.view_mut()).unwrap();
        assert_eq!(found.mapv(f32::to_bits), kept.t().mapv(f32::to_bits));
        assert_eq!(archive.shape("x"), Ok(&[3, 2][..]));
        let values = [0.1 + 0.2, 1.0 / 3.0, 5e-324, 1.797_693_134_862_315_7e308, 9_007_199_254_740_993.0];
        archive.note("values", &values);
        let text = serde_json::to_string(&archive.values).unwrap();
        let read = Archive { values: serde_json::from_str(&text).unwrap(), ..Archive::default() };
        assert_eq!(read.value::<[f64; 5]>("values").unwrap().map(f64::to_bits), values.map(f64::to_bits));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let mut archive = Archive::default();
        archive.put("x", array![1.0_f64, 2.0].view());
        let mut matrix = Array2::<f64>::zeros((2, 1));
        let wrong = archive.fill("x", matrix.view_mut()).unwrap_err().to_string();
        assert_eq!(wrong, "`x` has shape [2], expected [2, 1]");
        assert_eq!(archive.fill("y", matrix.view_mut()).unwrap_err().to_string(), "`y` is missing");
        archive.note("z", &"text");
        assert!(archive.value::<u64>("z").unwrap_err().to_string().starts_with("`z`: invalid type"));
    }
}
