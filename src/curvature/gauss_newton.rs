//! The Gauss-Newton matrix Ḡ = 1/N Σ Jᵀ PSD(H_L) J: products, quadratic form, traces.

use ndarray::{Array2, Zip};
use rayon::prelude::*;

use super::columns::{Columns, Root};
use crate::linalg::{Real, Target, all, dot_matrix, gemm, row, row_mut};
use crate::network::{Parameters, Pass, Tangent};

/// vᵀ H_L v / N for the output directions v = J δ of each datum (N × K): δᵀ Ḡ δ without a backward
/// sweep. `scratch`: N × K, overwritten with PSD(H_L) v.
pub fn quadratic_form<T: Real>(pass: &Pass<T>, outputs: ndarray::ArrayView2<T>, scratch: &mut Array2<T>) -> f64 {
    output_product(pass, outputs, scratch);
    dot_matrix(outputs, scratch.view()) / pass.data() as f64
}

/// product ← PSD(H_L) v for each datum; v, product: N × K.
pub fn output_product<T: Real>(pass: &Pass<T>, v: ndarray::ArrayView2<T>, product: &mut Array2<T>) {
    let kernel = pass.loss().kernel::<T>();
    if product.dim() != v.dim() {
        *product = Array2::zeros(v.dim());
    }
    product.assign(&v);
    Zip::from(product.rows_mut()).and(pass.output().rows()).and(pass.targets().rows()).par_for_each(|mut v, h, y| {
        kernel.product(row(&h), row(&y), row_mut(&mut v));
    });
}

/// Products with Ḡ on one minibatch.
#[derive(Debug)]
pub struct GaussNewtonProduct<T> {
    tangent: Tangent<T>,
    output: Array2<T>,
    deltas: Vec<Array2<T>>,
}

impl<T: Real> GaussNewtonProduct<T> {
    /// Memory for minibatches like `pass`.
    pub fn new(pass: &Pass<T>) -> Self {
        let architecture = pass.architecture();
        let widths = (1..=architecture.depth()).map(|layer| architecture.width(layer));
        Self {
            tangent: Tangent::new(architecture, pass.data()),
            output: Array2::zeros(pass.output().dim()),
            deltas: widths.map(|width| Array2::zeros((pass.data(), width))).collect(),
        }
    }

    /// The size of the minibatches it has memory for.
    pub fn data(&self) -> usize {
        self.output.nrows()
    }

    /// image ← Ḡ v after a forward pass: forward mode, PSD(H_L), backward.
    pub fn apply(&mut self, pass: &Pass<T>, parameters: &Parameters<T>, v: &Parameters<T>, image: &mut Parameters<T>) {
        let outputs = self.tangent.forward(pass, parameters, v);
        output_product(pass, outputs, &mut self.output);
        let depth = self.deltas.len();
        self.deltas[depth - 1].assign(&self.output);
        pass.propagate_back(parameters, 0..pass.data(), &mut self.deltas);
        let mean = T::one() / T::of(pass.data() as f64);
        all(image.layers_mut().into_par_iter().zip(&self.deltas).enumerate(), |(index, (image, delta))| {
            gemm(mean, delta.t(), pass.input(index + 1), Target::Replace, image);
        });
    }
}

/// tr Ḡ_λ = 1/N Σ ‖ā_{λ−1}‖² ‖C_λ‖² for each layer, after a forward pass; layer λ at index λ − 1.
pub fn block_traces<T: Real>(pass: &Pass<T>, parameters: &Parameters<T>) -> Vec<f64> {
    let mut traces = vec![0.0; pass.architecture().depth()];
    Columns::default().sweep(pass, parameters, Root::Exact, |chunk| {
        let rank = chunk.columns.nrows() / chunk.data.len();
        let norms = pass.input(chunk.layer);
        for (index, columns) in chunk.columns.outer_iter().enumerate() {
            let input = norms.row(chunk.data.start + index / rank);
            traces[chunk.layer - 1] += input.dot(&input).double() * columns.dot(&columns).double();
        }
    });
    for trace in &mut traces {
        *trace /= pass.data() as f64;
    }
    traces
}
