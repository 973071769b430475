//! Kronecker factors of the Gauss-Newton blocks: Ḡ_λ ≈ Q_λ ⊗ G_λ with Q_λ = E[ā ā ᵀ] of the layer's
//! inputs, and three ways to the pre-activation factor G_λ.

mod columnwise;
mod kfra;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, s};
use rayon::prelude::*;

pub use columnwise::{average_from_columns, from_columns};
pub use kfra::{Scratch, kfra};

use crate::linalg::{Archive, ArchiveError, Real, Target, all, gemm, gram_lower, mirror, row, row_mut, vectorised};
use crate::network::Pass;

/// A symmetric positive semi-definite factor. The last layer's is diagonal where H_L is, for every
/// method that knows its expectation exactly.
#[derive(Clone, Debug, PartialEq)]
pub enum Factor<T> {
    /// Its diagonal.
    Diagonal(Array1<T>),
    /// All of it.
    Dense(Array2<T>),
}

impl<T: Real> Factor<T> {
    /// Its number of rows.
    pub fn size(&self) -> usize {
        match self {
            Self::Diagonal(diagonal) => diagonal.len(),
            Self::Dense(matrix) => matrix.nrows(),
        }
    }

    /// Its trace.
    pub fn trace(&self) -> f64 {
        match self {
            Self::Diagonal(diagonal) => diagonal.iter().map(|x| x.double()).sum(),
            Self::Dense(matrix) => matrix.diag().iter().map(|x| x.double()).sum(),
        }
    }

    /// All of it.
    pub fn to_dense(&self) -> Array2<T> {
        match self {
            Self::Diagonal(diagonal) => Array2::from_diag(diagonal),
            Self::Dense(matrix) => matrix.clone(),
        }
    }

    /// product ← F M.
    pub fn apply(&self, matrix: ArrayView2<T>, mut product: ArrayViewMut2<T>) {
        match self {
            Self::Diagonal(diagonal) => {
                ndarray::Zip::from(product.rows_mut())
                    .and(matrix.rows())
                    .and(diagonal)
                    .par_for_each(|mut to, from, &scale| to.zip_mut_with(&from, |to, &x| *to = x * scale));
            }
            Self::Dense(factor) => gemm(T::one(), factor.view(), matrix, Target::Replace, product),
        }
    }

    /// F ← ε F + (1 − ε) F_batch, the running average with weight ε of the past. Of a dense one the lower
    /// triangle; where ε = 0 whatever was kept is forgotten, NaN too.
    pub fn average(&mut self, batch: &Self, past: f64) {
        match batch {
            Self::Diagonal(new) => mix(past, self.diagonal_mut(new.len()).view_mut(), new.view()),
            Self::Dense(new) => {
                let rows = ndarray::Zip::indexed(self.dense_mut(new.nrows()).rows_mut()).and(new.rows());
                rows.par_for_each(|i, kept, new| {
                    mix(past, kept.slice_move(s![..=i]), new.slice_move(s![..=i]));
                });
            }
        }
    }

    /// Copies the lower triangle of a dense one to the upper one.
    pub fn mirror(&mut self) {
        if let Self::Dense(matrix) = self {
            mirror(matrix.view_mut());
        }
    }

    /// Puts it into an archive, in the form it has.
    pub fn save(&self, name: &str, archive: &mut Archive) {
        match self {
            Self::Diagonal(diagonal) => archive.put(name, diagonal.view()),
            Self::Dense(matrix) => archive.put(name, matrix.view()),
        }
    }

    /// Takes it from an archive, in the form it had.
    ///
    /// # Errors
    /// Where it is missing, or is no square matrix.
    pub fn restore(&mut self, name: &str, archive: &Archive) -> Result<(), ArchiveError> {
        match *archive.shape(name)? {
            [size] => archive.fill(name, self.diagonal_mut(size).view_mut()),
            [size, _] => archive.fill(name, self.dense_mut(size).view_mut()),
            ref other => {
                let (found, expected) = (other.to_vec(), vec![self.size(); 2]);
                Err(ArchiveError::Shape { name: name.to_owned(), found, expected })
            }
        }
    }

    /// Its diagonal, made the form it has where it has another one.
    pub(crate) fn diagonal_mut(&mut self, size: usize) -> &mut Array1<T> {
        if !matches!(self, Self::Diagonal(diagonal) if diagonal.len() == size) {
            *self = Self::Diagonal(Array1::zeros(size));
        }
        match self {
            Self::Diagonal(diagonal) => diagonal,
            Self::Dense(_) => unreachable!("made diagonal above"),
        }
    }

    /// All of it, made the form it has where it has another one.
    pub(crate) fn dense_mut(&mut self, size: usize) -> &mut Array2<T> {
        if !matches!(self, Self::Dense(matrix) if matrix.nrows() == size) {
            *self = Self::Dense(Array2::zeros((size, size)));
        }
        match self {
            Self::Dense(matrix) => matrix,
            Self::Diagonal(_) => unreachable!("made dense above"),
        }
    }
}

/// kept ← ε kept + (1 − ε) new; with ε = 0 whatever was kept is forgotten, NaN too.
fn mix<T: Real>(past: f64, kept: ArrayViewMut1<T>, new: ArrayView1<T>) {
    let (weight, present) = (T::of(past), T::of(1.0 - past));
    let pairs = ndarray::Zip::from(kept).and(new);
    if past == 0.0 {
        pairs.for_each(|kept, &new| *kept = new);
    } else {
        vectorised!(pairs.for_each(|kept, &new| *kept = weight * *kept + present * new));
    }
}

/// The Kronecker factors of all layers; layer λ at index λ − 1.
#[derive(Clone, Debug, PartialEq)]
pub struct KroneckerFactors<T> {
    /// Q_λ: (d_{λ−1} + 1)².
    pub input: Vec<Array2<T>>,
    /// G_λ: d_λ².
    pub preactivation: Vec<Factor<T>>,
}

impl<T: Real> KroneckerFactors<T> {
    /// All zero.
    pub fn zeros(architecture: &crate::network::Architecture) -> Self {
        let layers = 1..=architecture.depth();
        let square = |n| Array2::zeros((n, n));
        Self {
            input: layers.clone().map(|l| square(architecture.homogeneous(l - 1))).collect(),
            preactivation: layers.map(|_| Factor::Diagonal(Array1::zeros(0))).collect(),
        }
    }

    /// The same in another precision.
    pub fn cast<U: Real>(&self) -> KroneckerFactors<U> {
        let convert = |x: &T| U::of(x.double());
        let input = self.input.iter().map(|factor| factor.map(convert)).collect();
        let preactivation = self.preactivation.iter().map(|factor| match factor {
            Factor::Diagonal(diagonal) => Factor::Diagonal(diagonal.map(convert)),
            Factor::Dense(matrix) => Factor::Dense(matrix.map(convert)),
        });
        KroneckerFactors { input, preactivation: preactivation.collect() }
    }

    /// Copies the lower triangles of all to the upper ones.
    pub fn mirror(&mut self) {
        self.input.iter_mut().for_each(|factor| mirror(factor.view_mut()));
        self.preactivation.iter_mut().for_each(Factor::mirror);
    }
}

/// Q_λ ← 1/N Σ ā_{λ−1} ā_{λ−1}ᵀ for every layer, after a forward pass.
pub fn input_factors<T: Real>(pass: &Pass<T>, factors: &mut [Array2<T>]) {
    average_input_factors(pass, 0.0, factors);
    all(factors.par_iter_mut(), |factor| mirror(factor.view_mut()));
}

/// Q_λ ← ε Q_λ + (1 − ε)/N Σ ā_{λ−1} ā_{λ−1}ᵀ for every layer, after a forward pass: their lower triangles.
/// `past`: ε.
pub fn average_input_factors<T: Real>(pass: &Pass<T>, past: f64, factors: &mut [Array2<T>]) {
    let weight = T::of((1.0 - past) / pass.data() as f64);
    all(factors.par_iter_mut().enumerate(), |(index, factor)| {
        gram_lower(weight, pass.input(index + 1), Target::Decay(past), factor.view_mut());
    });
}

/// factor ← ε factor + (1 − ε) E[PSD(H_L)] for a loss whose H_L is diagonal. `past`: ε; `diagonals`: N × K,
/// overwritten.
fn average_diagonal<T: Real>(pass: &Pass<T>, past: f64, diagonals: &mut Array2<T>, factor: &mut Factor<T>) {
    let kernel = pass.loss().kernel::<T>();
    let (outputs, targets) = (pass.output(), pass.targets());
    if diagonals.dim() != outputs.dim() {
        *diagonals = Array2::zeros(outputs.dim());
    }
    ndarray::Zip::from(diagonals.rows_mut())
        .and(outputs.rows())
        .and(targets.rows())
        .par_for_each(|mut diagonal, h, y| kernel.diagonal(row(&h), row(&y), row_mut(&mut diagonal)));
    let (kept, weight) = (factor.diagonal_mut(outputs.ncols()), T::of((1.0 - past) / pass.data() as f64));
    if past == 0.0 {
        kept.fill(T::zero());
    } else {
        *kept *= T::of(past);
    }
    for row in diagonals.outer_iter() {
        kept.scaled_add(weight, &row);
    }
}
