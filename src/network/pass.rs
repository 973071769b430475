//! Forward and backward pass of one minibatch, in memory that is reused from one to the next.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, Zip, s};
use rayon::prelude::*;

use super::{Architecture, Loss, Parameters};
use crate::linalg::{Real, Target, all, each, gemm, row, row_mut, rows_a_thread, vectorised};

/// Rows are data.
const DATA: Axis = Axis(0);

/// One minibatch of N data on its way through the network. Rows are data.
#[derive(Clone, Debug)]
pub struct Pass<T> {
    architecture: Architecture,
    loss: Loss,
    /// y: N × target width.
    targets: Array2<T>,
    /// ā_{λ−1}, at index λ − 1: N × (d_{λ−1} + 1), the last column one where there are biases.
    inputs: Vec<Array2<T>>,
    /// h_λ, at index λ − 1: N × d_λ.
    preactivations: Vec<Array2<T>>,
    /// f′(h_λ), at index λ − 1, for λ < L: N × d_λ.
    slopes: Vec<Array2<T>>,
    /// ∂E/∂h_λ of each datum, at index λ − 1: N × d_λ.
    deltas: Vec<Array2<T>>,
    /// E of each datum.
    losses: Array1<T>,
}

impl<T: Real> Pass<T> {
    /// Memory for minibatches of `data` = N data.
    pub fn new(architecture: &Architecture, loss: Loss, data: usize) -> Self {
        let depth = architecture.depth();
        let by_layer = |layers: std::ops::RangeInclusive<usize>| -> Vec<Array2<T>> {
            layers.map(|layer| Array2::zeros((data, architecture.width(layer)))).collect()
        };
        Self {
            loss,
            targets: Array2::zeros((data, loss.target_width(architecture.outputs()))),
            // Ones: the homogeneous coordinate is never written again.
            inputs: (0..depth).map(|layer| Array2::ones((data, architecture.homogeneous(layer)))).collect(),
            preactivations: by_layer(1..=depth),
            slopes: by_layer(1..=depth - 1),
            deltas: by_layer(1..=depth),
            losses: Array1::zeros(data),
            architecture: architecture.clone(),
        }
    }

    /// N.
    pub fn data(&self) -> usize {
        self.losses.len()
    }

    /// The network.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The loss.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// Where the minibatch goes: x, N × d_0, and y, N × target width.
    pub fn batch_mut(&mut self) -> (ArrayViewMut2<'_, T>, ArrayViewMut2<'_, T>) {
        let width = self.architecture.inputs();
        (self.inputs[0].slice_mut(s![.., ..width]), self.targets.view_mut())
    }

    /// y: N × target width.
    pub fn targets(&self) -> ArrayView2<'_, T> {
        self.targets.view()
    }

    /// ā_{λ−1}, what enters layer λ = 1 … L: N × (d_{λ−1} + 1).
    pub fn input(&self, layer: usize) -> ArrayView2<'_, T> {
        self.inputs[layer - 1].view()
    }

    /// h_λ, λ = 1 … L: N × d_λ.
    pub fn preactivation(&self, layer: usize) -> ArrayView2<'_, T> {
        self.preactivations[layer - 1].view()
    }

    /// h_L: N × K.
    pub fn output(&self) -> ArrayView2<'_, T> {
        self.preactivation(self.architecture.depth())
    }

    /// h_L and y of one datum.
    pub fn output_and_target(&self, datum: usize) -> (&[T], &[T]) {
        let row = |array: &Array2<T>| datum * array.ncols()..(datum + 1) * array.ncols();
        let output = &self.preactivations[self.architecture.depth() - 1];
        match (output.as_slice(), self.targets.as_slice()) {
            (Some(h), Some(y)) => (&h[row(output)], &y[row(&self.targets)]),
            _ => unreachable!("arrays of a pass are in standard order"),
        }
    }

    /// f′(h_λ), λ = 1 … L−1: N × d_λ.
    pub fn slope(&self, layer: usize) -> ArrayView2<'_, T> {
        self.slopes[layer - 1].view()
    }

    /// ∂E/∂h_λ of each datum, λ = 1 … L, after [`Pass::backward`] (that of h_L after
    /// [`Pass::forward`]): N × d_λ.
    pub fn delta(&self, layer: usize) -> ArrayView2<'_, T> {
        self.deltas[layer - 1].view()
    }

    /// Forward pass; returns the mean loss 1/N Σ E, without the L2 term.
    pub fn forward(&mut self, parameters: &Parameters<T>) -> f64 {
        let (depth, data) = (self.architecture.depth(), self.data());
        let rows = share_of_rows(data, 1, parameters);
        let layers = self.architecture.layers();
        let kernel = self.loss.kernel::<T>();
        let parts = (
            by_rows(&mut self.inputs, data, rows),
            by_rows(&mut self.preactivations, data, rows),
            by_rows(&mut self.slopes, data, rows),
            self.targets.axis_chunks_iter(DATA, rows),
            self.deltas[depth - 1].axis_chunks_iter_mut(DATA, rows),
            self.losses.axis_chunks_iter_mut(DATA, rows),
        );
        each(parts.into_par_iter(), |(mut inputs, mut preactivations, mut slopes, targets, mut gradients, losses)| {
            for layer in 1..=depth {
                let (input, h) = (inputs[layer - 1].view(), &mut preactivations[layer - 1]);
                gemm(T::one(), input, parameters.layer(layer).t(), Target::Replace, h.view_mut());
                if layer < depth {
                    let (a, slope) = (&mut inputs[layer], &mut slopes[layer - 1]);
                    let (kernel, width) = (layers[layer - 1].activation.kernel::<T>(), slope.ncols());
                    Zip::from(h.rows()).and(a.rows_mut()).and(slope.rows_mut()).for_each(|h, mut a, mut slope| {
                        kernel.apply(row(&h), &mut row_mut(&mut a)[..width], row_mut(&mut slope));
                    });
                }
            }
            let outputs = preactivations[depth - 1].rows();
            let data = Zip::from(outputs).and(targets.rows()).and(gradients.rows_mut()).and(losses);
            data.for_each(|h, y, mut gradient, loss| {
                *loss = kernel.value_and_gradient(row(&h), row(&y), row_mut(&mut gradient));
            });
        });
        self.losses.iter().map(|loss| loss.double()).sum::<f64>() / data as f64
    }

    /// Backward pass after [`Pass::forward`]: `gradient` ← the gradient of the mean loss, without the L2
    /// term.
    pub fn backward(&mut self, parameters: &Parameters<T>, gradient: &mut Parameters<T>) {
        let data = 0..self.data();
        back_propagate_all(&self.slopes, parameters, data, &mut self.deltas);
        let mean = T::one() / T::of(self.data() as f64);
        let layers = gradient.layers_mut().into_par_iter().zip(&self.deltas).zip(&self.inputs);
        all(layers, |((gradient, delta), input)| gemm(mean, delta.t(), input.view(), Target::Replace, gradient));
    }

    /// Columns of the data of `range`, r each, from the outputs back through the whole network:
    /// C_λ = (C_{λ+1} Ŵ_{λ+1}) ⊙ f′(h_λ). `columns`: C_λ at index λ − 1, (data · r) × d_λ, the r rows of a datum
    /// together; that of the last layer is given.
    pub fn propagate_back(&self, parameters: &Parameters<T>, range: Range<usize>, columns: &mut [Array2<T>]) {
        back_propagate_all(&self.slopes, parameters, range, columns);
    }

    /// Classes taken wrongly: the largest output is not where the largest target is.
    pub fn misclassified(&self) -> usize {
        let wrong = |(h, y): (ndarray::ArrayView1<T>, ndarray::ArrayView1<T>)| argmax(row(&h)) != argmax(row(&y));
        self.output().outer_iter().zip(self.targets.outer_iter()).filter(|&(h, y)| wrong((h, y))).count()
    }
}

/// One step of back-propagation for N data with r columns each, as rows: C ← (C_next Ŵ) ⊙ f′(h).
/// `next`: (N·r) × d_{λ+1}, the r rows of a datum together; `weights`: Ŵ_{λ+1}; `slope`: f′(h_λ), N × d_λ;
/// `columns`: (N·r) × d_λ.
pub fn back_propagate<T: Real>(
    next: ArrayView2<T>,
    weights: ArrayView2<T>,
    slope: ArrayView2<T>,
    mut columns: ArrayViewMut2<T>,
) {
    gemm(T::one(), next, weights, Target::Replace, columns.view_mut());
    let per_datum = next.nrows() / slope.nrows();
    let rows = columns.axis_chunks_iter_mut(DATA, per_datum).zip(slope.outer_iter());
    vectorised!({
        for (mut columns, slope) in rows {
            for mut column in columns.outer_iter_mut() {
                row_mut(&mut column).iter_mut().zip(row(&slope)).for_each(|(c, &s)| *c *= s);
            }
        }
    });
}

/// [`Pass::propagate_back`], given f′(h_λ) of all data at index λ − 1.
fn back_propagate_all<T: Real>(
    slopes: &[Array2<T>],
    parameters: &Parameters<T>,
    data: Range<usize>,
    columns: &mut [Array2<T>],
) {
    let total = columns[0].nrows();
    let per_datum = total / data.len();
    let share = share_of_rows(data.len(), per_datum, parameters);
    each(by_rows(columns, total, share * per_datum).into_par_iter().enumerate(), |(index, mut columns)| {
        let start = data.start + index * share;
        let data = start..(start + share).min(data.end);
        for layer in (1..columns.len()).rev() {
            let (earlier, later) = columns.split_at_mut(layer);
            let slope = slopes[layer - 1].slice(s![data.clone(), ..]);
            back_propagate(later[0].view(), parameters.weights(layer + 1), slope, earlier[layer - 1].view_mut());
        }
    });
}

/// How many of so many data each thread takes through the network, `columns` rows each.
pub(super) fn share_of_rows<T: Real>(data: usize, columns: usize, parameters: &Parameters<T>) -> usize {
    rows_a_thread(data, 2.0 * (data * columns * parameters.flat.len()) as f64)
}

/// The rows of all arrays, of which each has `total`, so many at a time. Where there are no arrays, each part is
/// empty.
pub(super) fn by_rows<T>(arrays: &mut [Array2<T>], total: usize, rows: usize) -> Vec<Vec<ArrayViewMut2<'_, T>>> {
    let mut parts: Vec<_> = (0..total.div_ceil(rows)).map(|_| Vec::with_capacity(arrays.len())).collect();
    for array in arrays {
        parts.iter_mut().zip(array.axis_chunks_iter_mut(DATA, rows)).for_each(|(part, rows)| part.push(rows));
    }
    parts
}

fn argmax<T: Real>(values: &[T]) -> usize {
    (0..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}
