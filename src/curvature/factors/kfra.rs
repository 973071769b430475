use ndarray::Array2;

use super::{Factor, average_diagonal};
use crate::curvature::columns::output_roots;
use crate::linalg::{Real, Target, gemm_symmetric, gram};
use crate::network::{Activation, Parameters, Pass};

/// Memory of the recursion, reused from one call to the next.
#[derive(Clone, Debug, Default)]
pub struct Scratch<T> {
    /// G_{λ+1} Ŵ_{λ+1}, at index λ − 1.
    products: Vec<Array2<T>>,
    /// E[f′ f′ᵀ], at index λ − 1.
    slopes: Vec<Array2<T>>,
    /// diag H_L of each datum, or its columns.
    outputs: Array2<T>,
}

/// KFRA: the recursion of the expectation (Botev, Ritter & Barber 2017, eq. 25), after a forward pass:
///
/// G_L = E[PSD(H_L)], G_λ = (Ŵ_{λ+1}ᵀ G_{λ+1} Ŵ_{λ+1}) ⊙ E[f′(h_λ) f′(h_λ)ᵀ].
///
/// - `factors`: layer λ at index λ − 1
pub fn kfra<T: Real>(pass: &Pass<T>, parameters: &Parameters<T>, scratch: &mut Scratch<T>, factors: &mut [Factor<T>]) {
    let architecture = pass.architecture();
    let mean = T::one() / T::of(pass.data() as f64);
    scratch.resize(architecture);
    output_factor(pass, scratch, &mut factors[architecture.depth() - 1]);
    for layer in (1..architecture.depth()).rev() {
        let (earlier, later) = factors.split_at_mut(layer);
        let weights = parameters.weights(layer + 1);
        let product = &mut scratch.products[layer - 1];
        later[0].apply(weights, product.view_mut());
        let factor = earlier[layer - 1].dense_mut(architecture.width(layer));
        gemm_symmetric(T::one(), weights.t(), product.view(), Target::Replace, factor.view_mut());
        if architecture.layers()[layer - 1].activation != Activation::Identity {
            let slopes = &mut scratch.slopes[layer - 1];
            gram(mean, pass.slope(layer), Target::Replace, slopes.view_mut());
            ndarray::Zip::from(factor).and(slopes).par_for_each(|g, &mut f| *g *= f);
        }
    }
}

/// G_L = E[PSD(H_L)].
fn output_factor<T: Real>(pass: &Pass<T>, scratch: &mut Scratch<T>, factor: &mut Factor<T>) {
    if pass.loss().has_diagonal_hessian() {
        return average_diagonal(pass, 0.0, &mut scratch.outputs, factor);
    }
    output_roots(pass, &mut scratch.outputs);
    let mean = T::one() / T::of(pass.data() as f64);
    let factor = factor.dense_mut(pass.architecture().outputs());
    gram(mean, scratch.outputs.view(), Target::Replace, factor.view_mut());
}

impl<T: Real> Scratch<T> {
    fn resize(&mut self, architecture: &crate::network::Architecture) {
        let hidden = 1..architecture.depth();
        let width = |layer| architecture.width(layer);
        let fits = self.products.len() == hidden.len()
            && hidden.clone().all(|l| self.products[l - 1].dim() == (width(l + 1), width(l)));
        if !fits {
            self.products = hidden.clone().map(|l| Array2::zeros((width(l + 1), width(l)))).collect();
            self.slopes = hidden.map(|l| Array2::zeros((width(l), width(l)))).collect();
        }
    }
}
