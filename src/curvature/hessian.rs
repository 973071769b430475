//! Products with the exact Hessian of the mean loss, or with one of its blocks, by forward-over-reverse
//! differentiation: no block is ever formed.

use ndarray::{Array2, Zip};

use super::preactivation::bends;
use crate::linalg::{Target, gemm};
use crate::network::{Parameters, Pass};

/// Products with the Hessian of the mean loss (without the L2 term) on one minibatch, at the parameters
/// of its forward and backward pass.
#[derive(Debug)]
pub struct HessianProduct<'a> {
    pass: &'a Pass<f64>,
    parameters: &'a Parameters<f64>,
    /// The one layer whose block is multiplied, or all.
    layer: Option<usize>,
    /// f″(h_λ) ⊙ ∂E/∂a_λ, at index λ − 1.
    bends: Vec<Array2<f64>>,
    /// H_L of each datum.
    output: Vec<Array2<f64>>,
    /// R{h_λ}, at index λ − 1.
    tangents: Vec<Array2<f64>>,
    /// R{∂E/∂h_λ}, at index λ − 1.
    deltas: Vec<Array2<f64>>,
}

impl<'a> HessianProduct<'a> {
    /// Products with block λ = `layer` (or with all of the Hessian), after a forward and a backward pass.
    pub fn new(pass: &'a Pass<f64>, parameters: &'a Parameters<f64>, layer: Option<usize>) -> Self {
        let architecture = pass.architecture();
        let depth = architecture.depth();
        let by_layer =
            || (1..=depth).map(|layer| Array2::zeros((pass.data(), architecture.width(layer)))).collect::<Vec<_>>();
        Self {
            pass,
            parameters,
            layer,
            bends: (1..depth).map(|layer| bends(pass, parameters, layer)).collect(),
            output: if pass.loss().has_diagonal_hessian() {
                Vec::new()
            } else {
                (0..pass.data()).map(|n| super::preactivation::output_hessian(pass, n)).collect()
            },
            tangents: by_layer(),
            deltas: by_layer(),
        }
    }

    /// Whether V_λ may differ from 0.
    fn moves(&self, layer: usize) -> bool {
        self.layer.is_none_or(|only| only == layer)
    }

    /// The first layer that moves.
    fn first(&self) -> usize {
        self.layer.unwrap_or(1)
    }

    /// image ← H v. Where a block is multiplied only its layer of `v` is read, and only its layer of
    /// `image` is written.
    pub fn apply(&mut self, v: &Parameters<f64>, image: &mut Parameters<f64>) {
        self.apply_unless(v, image, &|| false);
    }

    /// [`HessianProduct::apply`], unless `cancelled`, which is asked before each layer, says yes; whether it was
    /// done.
    pub fn apply_unless(
        &mut self,
        v: &Parameters<f64>,
        image: &mut Parameters<f64>,
        cancelled: &dyn Fn() -> bool,
    ) -> bool {
        let (first, depth) = (self.first(), self.tangents.len());
        for layer in first..=depth {
            if cancelled() {
                return false;
            }
            self.forward(v, layer);
        }
        self.output_delta();
        for layer in (first..=depth).rev() {
            if cancelled() {
                return false;
            }
            self.backward(v, image, layer);
        }
        true
    }

    /// R{h_λ} = Ŵ_λ R{a_{λ−1}} + V_λ ā_{λ−1}.
    fn forward(&mut self, v: &Parameters<f64>, layer: usize) {
        let (first, moves) = (self.first(), self.moves(layer));
        let (earlier, later) = self.tangents.split_at_mut(layer - 1);
        let tangent = &mut later[0];
        let mut target = Target::Replace;
        if moves {
            gemm(1.0, self.pass.input(layer), v.layer(layer).t(), target, tangent.view_mut());
            target = Target::Add;
        }
        if layer > first {
            let moved = &earlier[layer - 2] * &self.pass.slope(layer - 1);
            gemm(1.0, moved.view(), self.parameters.weights(layer).t(), target, tangent.view_mut());
        }
    }

    /// R{∂E/∂h_L} = H_L R{h_L}.
    fn output_delta(&mut self) {
        let depth = self.tangents.len();
        let (tangent, delta) = (&self.tangents[depth - 1], &mut self.deltas[depth - 1]);
        if self.output.is_empty() {
            // Diagonal, so positive semi-definite: PSD(H_L) is H_L.
            super::gauss_newton::output_product(self.pass, tangent.view(), delta);
        } else {
            for ((mut delta, tangent), hessian) in delta.outer_iter_mut().zip(tangent.outer_iter()).zip(&self.output) {
                delta.assign(&hessian.dot(&tangent));
            }
        }
    }

    /// R{∂E/∂h_λ} = f′ ⊙ (Ŵ_{λ+1}ᵀ R{∂E/∂h_{λ+1}} + V̂_{λ+1}ᵀ ∂E/∂h_{λ+1}) + f″ ⊙ ∂E/∂a_λ ⊙ R{h_λ}, and
    /// R{∂Ē/∂W_λ} = 1/N Σ R{∂E/∂h_λ} ā_{λ−1}ᵀ + ∂E/∂h_λ R{ā_{λ−1}}ᵀ.
    fn backward(&mut self, v: &Parameters<f64>, image: &mut Parameters<f64>, layer: usize) {
        let mean = 1.0 / self.pass.data() as f64;
        let (first, moves) = (self.first(), self.moves(layer));
        let (earlier, later) = self.deltas.split_at_mut(layer - 1);
        let delta = later[0].view();
        if moves {
            gemm(mean, delta.t(), self.pass.input(layer), Target::Replace, image.layer_mut(layer));
        }
        if layer == first {
            return;
        }
        if moves {
            let moved = &self.tangents[layer - 2] * &self.pass.slope(layer - 1);
            let width = moved.ncols();
            let mut weights = image.layer_mut(layer);
            let weights = weights.slice_mut(ndarray::s![.., ..width]);
            gemm(mean, self.pass.delta(layer).t(), moved.view(), Target::Add, weights);
        }
        let previous = &mut earlier[layer - 2];
        gemm(1.0, delta, self.parameters.weights(layer), Target::Replace, previous.view_mut());
        if moves {
            gemm(1.0, self.pass.delta(layer), v.weights(layer), Target::Add, previous.view_mut());
        }
        Zip::from(previous)
            .and(self.pass.slope(layer - 1))
            .and(&self.bends[layer - 2])
            .and(&self.tangents[layer - 2])
            .for_each(|x, &slope, &bend, &tangent| *x = *x * slope + bend * tangent);
    }
}
