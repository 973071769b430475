//! Inputs with their targets, and the copying of minibatches out of them.

use crc32c::{crc32c, crc32c_append};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView1, ArrayViewMut1, ArrayViewMut2, Axis, Zip};
use rayon::slice::ParallelSlice as _;

use crate::linalg::Real;

/// A block of fewer numbers is copied by one thread.
const PARALLEL_FROM: usize = 1 << 16;

/// N inputs and their targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// N × `d_0`, all finite.
    pub inputs: Array2<f32>,
    /// The N targets.
    pub targets: Targets,
}

/// Numbers that one thread takes at a time for a checksum.
const CHUNK: usize = 1 << 16;

/// The CRC-32C of each part of so many numbers.
fn of_chunks<T: Copy + Sync, const BYTES: usize>(numbers: &[T], bytes: fn(T) -> [u8; BYTES]) -> Vec<u32> {
    let of = |chunk: &[T]| crc32c(&chunk.iter().flat_map(|&x| bytes(x)).collect::<Vec<_>>());
    numbers.par_chunks(CHUNK).map(of).collect()
}

/// What is to be predicted.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// The inputs themselves.
    Inputs,
    /// Classes, one-hot.
    Classes {
        /// N classes, below `classes`.
        labels: Vec<u16>,
        /// How many classes there are.
        classes: usize,
    },
    /// N signs, −1 or +1.
    Signs(Vec<i8>),
    /// N × `d_L` numbers, all finite.
    Numbers(Array2<f32>),
}

impl Samples {
    /// The CRC-32C of all inputs and targets, after that of others.
    pub(super) fn checksum(&self, others: u32) -> u32 {
        let numbers = |numbers: &Array2<f32>| match numbers.as_slice() {
            Some(numbers) => of_chunks(numbers, f32::to_le_bytes),
            None => unreachable!("data are row by row"),
        };
        let targets = match &self.targets {
            Targets::Inputs => Vec::new(),
            Targets::Classes { labels, .. } => of_chunks(labels, u16::to_le_bytes),
            Targets::Signs(signs) => of_chunks(signs, i8::to_le_bytes),
            Targets::Numbers(found) => numbers(found),
        };
        [numbers(&self.inputs), targets]
            .concat()
            .iter()
            .fold(others, |sum, part| crc32c_append(sum, &part.to_le_bytes()))
    }

    /// N.
    pub fn len(&self) -> usize {
        self.inputs.nrows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `d_0`, the length of one input.
    pub fn input_width(&self) -> usize {
        self.inputs.ncols()
    }

    /// The length of one target.
    pub fn target_width(&self) -> usize {
        match &self.targets {
            Targets::Inputs => self.input_width(),
            Targets::Classes { classes, .. } => *classes,
            Targets::Signs(_) => 1,
            Targets::Numbers(numbers) => numbers.ncols(),
        }
    }

    /// The least and the greatest input; `None` where there are none.
    pub fn range(&self) -> Option<(f32, f32)> {
        range(&self.inputs)
    }

    /// The least and the greatest target, where targets are numbers and there are any.
    pub fn target_range(&self) -> Option<(f32, f32)> {
        match &self.targets {
            Targets::Inputs => self.range(),
            Targets::Numbers(numbers) => range(numbers),
            Targets::Classes { .. } | Targets::Signs(_) => None,
        }
    }

    /// The class of a datum, where there are classes.
    pub fn class(&self, index: usize) -> Option<usize> {
        match &self.targets {
            Targets::Classes { labels, .. } => labels.get(index).copied().map(usize::from),
            _ => None,
        }
    }

    /// Copies the data `indices` into `inputs`, |indices| × `d_0`, and their targets into `targets`,
    /// |indices| × [`Samples::target_width`]. Either may be part of a wider buffer. Allocates nothing.
    ///
    /// # Panics
    /// If an index is not below N or a shape is another.
    pub fn gather<T: Real>(&self, indices: &[usize], inputs: ArrayViewMut2<T>, mut targets: ArrayViewMut2<T>) {
        assert_eq!(inputs.dim(), (indices.len(), self.input_width()), "shape of the block for inputs");
        assert_eq!(targets.dim(), (indices.len(), self.target_width()), "shape of the block for targets");
        copy(&self.inputs, indices, inputs);
        match &self.targets {
            Targets::Inputs => copy(&self.inputs, indices, targets),
            Targets::Numbers(numbers) => copy(numbers, indices, targets),
            Targets::Classes { labels, .. } => {
                targets.fill(T::zero());
                for (mut row, &index) in targets.rows_mut().into_iter().zip(indices) {
                    row[usize::from(labels[index])] = T::one();
                }
            }
            Targets::Signs(signs) => {
                for (mut row, &index) in targets.rows_mut().into_iter().zip(indices) {
                    row[0] = T::of(f64::from(signs[index]));
                }
            }
        }
    }
}

/// Copies the rows `indices` into a block.
fn copy<T: Real>(numbers: &Array2<f32>, indices: &[usize], mut block: ArrayViewMut2<T>) {
    let parallel = block.len() >= PARALLEL_FROM;
    let rows = block.axis_iter_mut(Axis(0));
    if parallel {
        rows.into_par_iter().zip(indices).for_each(|(row, &index)| copy_row(numbers.row(index), row));
    } else {
        rows.zip(indices).for_each(|(row, &index)| copy_row(numbers.row(index), row));
    }
}

fn copy_row<T: Real>(from: ArrayView1<f32>, mut to: ArrayViewMut1<T>) {
    if let (Some(from), Some(to)) = (from.as_slice(), to.as_slice_mut()) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = T::of(f64::from(from)));
    } else {
        Zip::from(to).and(from).for_each(|to, &from| *to = T::of(f64::from(from)));
    }
}

fn range(numbers: &Array2<f32>) -> Option<(f32, f32)> {
    let &first = numbers.first()?;
    Some(numbers.iter().fold((first, first), |(low, high), &value| (low.min(value), high.max(value))))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Slice, array};

    use super::*;

    fn samples(targets: Targets) -> Samples {
        Samples { inputs: array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], targets }
    }

    #[test]
    fn rows_go_into_a_part_of_a_wider_buffer() {
        let mut buffer = Array2::<f64>::ones((2, 3));
        let mut targets = Array2::<f64>::zeros((2, 2));
        samples(Targets::Inputs).gather(&[2, 0], buffer.slice_axis_mut(Axis(1), Slice::from(..2)), targets.view_mut());
        assert_eq!(buffer, array![[5.0, 6.0, 1.0], [1.0, 2.0, 1.0]]);
        assert_eq!(targets, array![[5.0, 6.0], [1.0, 2.0]]);
    }

    #[test]
    fn classes_are_one_hot() {
        let samples = samples(Targets::Classes { labels: vec![0, 2, 1], classes: 3 });
        let (mut inputs, mut targets) = (Array2::<f32>::zeros((2, 2)), Array2::<f32>::ones((2, 3)));
        samples.gather(&[1, 2], inputs.view_mut(), targets.view_mut());
        assert_eq!(targets, array![[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]);
        assert_eq!(samples.class(1), Some(2));
    }

    #[test]
    fn signs_are_one_number() {
        let samples = samples(Targets::Signs(vec![1, -1, 1]));
        let (mut inputs, mut targets) = (Array2::<f32>::zeros((3, 2)), Array2::<f32>::zeros((3, 1)));
        samples.gather(&[0, 1, 2], inputs.view_mut(), targets.view_mut());
        assert_eq!(targets, array![[1.0], [-1.0], [1.0]]);
    }

    #[test]
    fn numbers_are_copied_as_they_are() {
        let samples = samples(Targets::Numbers(array![[1.5, -2.0], [0.0, 7.0], [300.0, 1e-9]]));
        let (mut inputs, mut targets) = (Array2::<f64>::zeros((2, 2)), Array2::<f64>::ones((2, 2)));
        samples.gather(&[2, 0], inputs.view_mut(), targets.view_mut());
        assert_eq!(targets, array![[300.0, f64::from(1e-9_f32)], [1.5, -2.0]]);
        assert_eq!(samples.target_range(), Some((-2.0, 300.0)));
        assert_eq!(samples.target_width(), 2);
    }

    #[test]
    fn a_large_block_is_copied_like_a_small_one() {
        let inputs = Array2::from_shape_fn((100, 784), |(row, column)| (row * 1000 + column) as f32);
        let samples = Samples { inputs: inputs.clone(), targets: Targets::Inputs };
        let indices: Vec<_> = (0..100).rev().collect();
        let (mut block, mut targets) = (Array2::<f32>::zeros((100, 784)), Array2::<f32>::zeros((100, 784)));
        samples.gather(&indices, block.view_mut(), targets.view_mut());
        assert_eq!(block, inputs.slice_axis(Axis(0), Slice::new(0, None, -1)));
        assert_eq!(targets, block);
    }

    #[test]
    fn the_range_is_that_of_the_inputs() {
        assert_eq!(samples(Targets::Inputs).range(), Some((1.0, 6.0)));
    }
}
