//! Forward-mode differentiation (Pearlmutter's R-operator): how outputs move with the parameters.

use ndarray::{Array2, ArrayView2, Axis, Zip};

use super::{Architecture, Parameters, Pass};
use crate::linalg::{Real, Target, gemm};

/// Memory for forward-mode sweeps, which grows and shrinks with the minibatch and the number of
/// directions.
#[derive(Clone, Debug)]
pub struct Tangent<T> {
    /// R{h_λ} along m directions, at index λ − 1: (m·N) × d_λ, the N rows of a direction together; after a
    /// layer's activation R{a_λ}.
    layers: Vec<Array2<T>>,
}

impl<T: Real> Tangent<T> {
    /// Memory for one direction and minibatches of `data` = N data.
    pub fn new(architecture: &Architecture, data: usize) -> Self {
        Self { layers: (1..=architecture.depth()).map(|l| Array2::zeros((data, architecture.width(l)))).collect() }
    }

    /// v = J δ after a forward pass: R{h_λ} = Ŵ_λ R{a_{λ−1}} + V_λ ā_{λ−1}, R{a_λ} = f′(h_λ) ⊙ R{h_λ},
    /// where V_λ are the layers of a direction δ. For m directions at once, whose products with Ŵ are one.
    /// Returns R{h_L}, (m·N) × K, the N rows of a direction together.
    pub fn forward<const M: usize>(
        &mut self,
        pass: &Pass<T>,
        parameters: &Parameters<T>,
        directions: [&Parameters<T>; M],
    ) -> ArrayView2<'_, T> {
        let (data, depth) = (pass.data(), self.layers.len());
        for (index, layer) in self.layers.iter_mut().enumerate() {
            if layer.nrows() != M * data {
                *layer = Array2::zeros((M * data, pass.architecture().width(index + 1)));
            }
        }
        for layer in 1..=depth {
            let (earlier, later) = self.layers.split_at_mut(layer - 1);
            let out = &mut later[0];
            for (direction, rows) in directions.iter().zip(out.axis_chunks_iter_mut(Axis(0), data)) {
                gemm(T::one(), pass.input(layer), direction.layer(layer).t(), Target::Replace, rows);
            }
            if let Some(previous) = earlier.last() {
                gemm(T::one(), previous.view(), parameters.weights(layer).t(), Target::Add, out.view_mut());
            }
            if layer < depth {
                for mut rows in out.axis_chunks_iter_mut(Axis(0), data) {
                    Zip::from(&mut rows).and(pass.slope(layer)).par_for_each(|x, &slope| *x *= slope);
                }
            }
        }
        self.layers[depth - 1].view()
    }
}
