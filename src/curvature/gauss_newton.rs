//! The Gauss-Newton matrix Ḡ = 1/N Σ Jᵀ PSD(H_L) J: products and quadratic form.

use ndarray::{Array2, ArrayView2, Zip};
use rayon::prelude::*;

use crate::linalg::{Real, Target, all, dot_matrix, gemm, row, row_mut};
use crate::network::{Parameters, Pass, Tangent};

/// δᵀ Ḡ δ′ without a backward sweep. `product`: PSD(H_L) J δ, from [`output_product`]; `outputs`: J δ′; both N × K.
pub fn inner_product<T: Real>(product: ArrayView2<T>, outputs: ArrayView2<T>) -> f64 {
    dot_matrix(product, outputs) / outputs.nrows() as f64
}

/// product ← PSD(H_L) v for each datum; v, product: N × K.
pub fn output_product<T: Real>(pass: &Pass<T>, v: ArrayView2<T>, product: &mut Array2<T>) {
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
