//! Forward-mode differentiation (Pearlmutter's R-operator): how outputs move with the parameters.

use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

use super::pass::{by_rows, share_of_rows};
use super::{Architecture, Parameters, Pass};
use crate::linalg::{Real, Target, each, gemm};

/// Memory for forward-mode sweeps over minibatches of one size.
#[derive(Clone, Debug)]
pub struct Tangent<T> {
    /// R{h_λ}, at index λ − 1: N × d_λ; after a layer's activation R{a_λ}.
    layers: Vec<Array2<T>>,
}

impl<T: Real> Tangent<T> {
    /// Memory for minibatches of `data` = N data.
    pub fn new(architecture: &Architecture, data: usize) -> Self {
        Self { layers: (1..=architecture.depth()).map(|l| Array2::zeros((data, architecture.width(l)))).collect() }
    }

    /// v = J δ after a forward pass: R{h_λ} = Ŵ_λ R{a_{λ−1}} + V_λ ā_{λ−1}, R{a_λ} = f′(h_λ) ⊙ R{h_λ},
    /// where V_λ are the layers of `direction` = δ. Returns R{h_L}, N × K.
    pub fn forward(
        &mut self,
        pass: &Pass<T>,
        parameters: &Parameters<T>,
        direction: &Parameters<T>,
    ) -> ArrayView2<'_, T> {
        let (data, depth) = (pass.data(), self.layers.len());
        let share = share_of_rows(data, 2, parameters);
        each(by_rows(&mut self.layers, data, share).into_par_iter().enumerate(), |(index, mut layers)| {
            let data = index * share..((index + 1) * share).min(data);
            for layer in 1..=depth {
                let (earlier, later) = layers.split_at_mut(layer - 1);
                let out = &mut later[0];
                let input = pass.input(layer).slice_move(s![data.clone(), ..]);
                gemm(T::one(), input, direction.layer(layer).t(), Target::Replace, out.view_mut());
                if let Some(previous) = earlier.last() {
                    gemm(T::one(), previous.view(), parameters.weights(layer).t(), Target::Add, out.view_mut());
                }
                if layer < depth {
                    *out *= &pass.slope(layer).slice(s![data.clone(), ..]);
                }
            }
        });
        self.layers[depth - 1].view()
    }
}
