//! Forward and backward pass of one minibatch, in memory that is reused from one to the next.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Zip, s};

use super::{Architecture, Loss, Parameters};
use crate::linalg::{Real, Target, both, gemm};

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
        let depth = self.architecture.depth();
        for layer in 1..=depth {
            let (input, output) = (&self.inputs[layer - 1], &mut self.preactivations[layer - 1]);
            gemm(T::one(), input.view(), parameters.layer(layer).t(), Target::Replace, output.view_mut());
            if layer < depth {
                self.activate(layer);
            }
        }
        self.measure()
    }

    /// a_λ = f(h_λ) and f′(h_λ).
    fn activate(&mut self, layer: usize) {
        let kernel = self.architecture.layers()[layer - 1].activation.kernel::<T>();
        let width = self.architecture.width(layer);
        Zip::from(self.preactivations[layer - 1].rows())
            .and(self.inputs[layer].rows_mut())
            .and(self.slopes[layer - 1].rows_mut())
            .par_for_each(|h, mut a, mut slope| {
                kernel.apply(row(&h), &mut row_mut(&mut a)[..width], row_mut(&mut slope));
            });
    }

    /// E and ∂E/∂h_L of each datum; returns the mean of E, summed in double precision.
    fn measure(&mut self) -> f64 {
        let kernel = self.loss.kernel::<T>();
        let last = self.architecture.depth() - 1;
        Zip::from(self.preactivations[last].rows())
            .and(self.targets.rows())
            .and(self.deltas[last].rows_mut())
            .and(&mut self.losses)
            .par_for_each(|h, y, mut gradient, loss| {
                *loss = kernel.value_and_gradient(row(&h), row(&y), row_mut(&mut gradient));
            });
        self.losses.iter().map(|loss| loss.double()).sum::<f64>() / self.data() as f64
    }

    /// Backward pass after [`Pass::forward`]: `gradient` ← the gradient of the mean loss, without the L2
    /// term.
    pub fn backward(&mut self, parameters: &Parameters<T>, gradient: &mut Parameters<T>) {
        let mean = T::one() / T::of(self.data() as f64);
        for layer in (1..=self.architecture.depth()).rev() {
            let (earlier, later) = self.deltas.split_at_mut(layer - 1);
            let (delta, input) = (later[0].view(), self.inputs[layer - 1].view());
            let gradient = gradient.layer_mut(layer);
            let weights_gradient = || gemm(mean, delta.t(), input, Target::Replace, gradient);
            match earlier.last_mut() {
                Some(next) => both(weights_gradient, || {
                    back_propagate(delta, parameters.weights(layer), self.slopes[layer - 2].view(), next);
                }),
                None => weights_gradient(),
            }
        }
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
    columns: &mut Array2<T>,
) {
    gemm(T::one(), next, weights, Target::Replace, columns.view_mut());
    let width = slope.ncols();
    let per_datum = columns.nrows() / slope.nrows();
    Zip::from(columns.exact_chunks_mut((per_datum, width)))
        .and(slope.exact_chunks((1, width)))
        .par_for_each(|mut columns, slope| columns *= &slope);
}

/// The numbers of a row; arrays of this module are in standard order.
fn row<'a, T: Real>(row: &'a ndarray::ArrayView1<'a, T>) -> &'a [T] {
    row.as_slice().unwrap_or_else(|| unreachable!("rows of standard-order arrays are contiguous"))
}

fn row_mut<'a, T: Real>(row: &'a mut ndarray::ArrayViewMut1<'_, T>) -> &'a mut [T] {
    row.as_slice_mut().unwrap_or_else(|| unreachable!("rows of standard-order arrays are contiguous"))
}

fn argmax<T: Real>(values: &[T]) -> usize {
    (0..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}
