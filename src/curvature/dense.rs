//! Dense matrices over the parameters, for networks small enough: the oracle of everything else.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

use super::columns::{Chunk, Columns, Root};
use super::hessian::HessianProduct;
use super::preactivation;
use crate::linalg::{Target, gemm, gram};
use crate::network::{Parameters, Pass};

/// U with Ḡ = UᵀU / N: row (n, k) is ā_{λ−1}^n ⊗ c_λ^{n,k} over all layers, in the order of the parameters.
/// (N·r) × P.
pub fn jacobian_columns(pass: &Pass<f64>, parameters: &Parameters<f64>, root: Root) -> Array2<f64> {
    let architecture = pass.architecture();
    let rank = root.rank(pass);
    let mut u = Array2::zeros((pass.data() * rank, architecture.parameters()));
    Columns::default().sweep(pass, parameters, root, |chunk| {
        let rows = chunk.data.start * rank..chunk.data.end * rank;
        expand(pass, &chunk, u.slice_mut(s![rows, architecture.range(chunk.layer)]));
    });
    u
}

/// The columns c_λ of a chunk as ā_{λ−1} ⊗ c_λ, a row each.
fn expand(pass: &Pass<f64>, chunk: &Chunk<f64>, mut u: ArrayViewMut2<f64>) {
    let rank = chunk.columns.nrows() / chunk.data.len();
    let inputs = pass.input(chunk.layer);
    for (index, (column, mut u)) in chunk.columns.outer_iter().zip(u.outer_iter_mut()).enumerate() {
        let input = inputs.row(chunk.data.start + index / rank);
        for (mut u, &c) in u.exact_chunks_mut(input.len()).into_iter().zip(column) {
            u.assign(&(&input * c));
        }
    }
}

/// Ḡ, P × P, a chunk of data at a time.
pub fn gauss_newton(pass: &Pass<f64>, parameters: &Parameters<f64>) -> Array2<f64> {
    let architecture = pass.architecture();
    let mut matrix = Array2::zeros((architecture.parameters(), architecture.parameters()));
    let mut u = Array2::zeros((0, 0));
    Columns::default().sweep(pass, parameters, Root::Exact, |chunk| {
        let rows = chunk.columns.nrows();
        if u.nrows() != rows {
            u = Array2::zeros((rows, architecture.parameters()));
        }
        expand(pass, &chunk, u.slice_mut(s![.., architecture.range(chunk.layer)]));
        if chunk.layer == 1 {
            gram(1.0 / pass.data() as f64, u.view(), Target::Add, matrix.view_mut());
        }
    });
    matrix
}

/// The exact Hessian of the mean loss: P × P, a column a product.
pub fn hessian(pass: &Pass<f64>, parameters: &Parameters<f64>) -> Array2<f64> {
    let size = parameters.flat.len();
    let mut matrix = Array2::zeros((size, size));
    let mut product = HessianProduct::new(pass, parameters, None);
    let mut unit = Parameters::zeros(pass.architecture());
    let mut image = Parameters::zeros(pass.architecture());
    for i in 0..size {
        unit.flat[i] = 1.0;
        product.apply(&unit, &mut image);
        unit.flat[i] = 0.0;
        matrix.row_mut(i).assign(&image.flat);
    }
    matrix
}

/// Block λ of the exact Hessian, 1/N Σ (ā ā ᵀ)_{λ−1} ⊗ 𝓗_λ in row-by-row order, and the mean of 𝓗_λ:
/// P_λ × P_λ and d_λ × d_λ; layer λ at index λ − 1.
pub fn hessian_blocks(pass: &Pass<f64>, parameters: &Parameters<f64>) -> (Vec<Array2<f64>>, Vec<Array2<f64>>) {
    let architecture = pass.architecture();
    let layers = 1..=architecture.depth();
    let square = |n| Array2::<f64>::zeros((n, n));
    let mut blocks: Vec<_> = layers.clone().map(|l| square(architecture.layer_parameters(l))).collect();
    let mut means: Vec<_> = layers.map(|l| square(architecture.width(l))).collect();
    let mean = 1.0 / pass.data() as f64;
    for datum in 0..pass.data() {
        preactivation::sweep(pass, parameters, datum, |layer, hessian| {
            means[layer - 1].scaled_add(mean, hessian);
            let input = pass.input(layer).row(datum).to_owned();
            let column = input.view().insert_axis(Axis(1));
            let mut outer = square(input.len());
            gemm(mean, column, column.t(), Target::Replace, outer.view_mut());
            add_kronecker(hessian.view(), outer.view(), &mut blocks[layer - 1]);
        });
    }
    (blocks, means)
}

/// block += G ⊗ Q in the row-by-row order of the parameters: entry ((i, a), (j, b)) += G_ij Q_ab.
pub fn add_kronecker(g: ArrayView2<f64>, q: ArrayView2<f64>, block: &mut Array2<f64>) {
    let inputs = q.nrows();
    for ((i, j), &g) in g.indexed_iter() {
        let mut part = block.slice_mut(s![i * inputs..(i + 1) * inputs, j * inputs..(j + 1) * inputs]);
        part.scaled_add(g, &q);
    }
}
