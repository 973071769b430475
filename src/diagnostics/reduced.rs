//! Products with curvature blocks in few coordinates.
//!
//! Block λ of the Gauss-Newton matrix or of the Hessian is 1/N Σ (ā ā ᵀ)_{λ−1} ⊗ A_λ, with A_λ = G_λ or
//! 𝓗_λ. A V of the shape of W_λ only matters through V ā for the N data: with an orthonormal basis Q of
//! the inputs' span, ā = Q z, the block has on V = X Qᵀ the eigenvalues of 1/N Σ z zᵀ ⊗ A_λ, and zero on
//! all that is orthogonal to it. X has min(N, d_{λ−1} + 1) columns.

use std::ops::RangeInclusive;

use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, s};

use super::error::{Error, Stop, go_on};
use crate::curvature::gauss_newton::output_product;
use crate::curvature::preactivation::{bends, output_hessian};
use crate::linalg::{
    LanczosSettings, Stream, Target, gemm, largest_eigenvalue, mirror, orthonormal_basis, triangular_factor,
};
use crate::network::{Parameters, Pass};

/// Accuracy of a largest eigenvalue, relative: it only scales the tolerance of a rank.
const TOLERANCE: f64 = 1e-3;

/// z of all data for the inputs of layer λ: N × s, s = min(N, d_{λ−1} + 1); its rows have the inner
/// products of the ā_{λ−1}.
pub(super) fn coordinates(pass: &Pass<f64>, layer: usize) -> Array2<f64> {
    let input = pass.input(layer);
    if input.nrows() < input.ncols() { triangular_factor(input.t()).reversed_axes() } else { input.to_owned() }
}

/// Q of the inputs of layer λ, (d_{λ−1} + 1) × N; none where that would be no fewer coordinates than there are.
pub(super) fn basis(pass: &Pass<f64>, layer: usize) -> Option<Array2<f64>> {
    let input = pass.input(layer);
    (input.nrows() < input.ncols()).then(|| orthonormal_basis(input.t()))
}

/// Which matrix is multiplied.
enum Matrix {
    GaussNewton,
    /// With f″ ⊙ ∂E/∂a of each layer, at index λ − 1, and H_L of each datum where it is not diagonal.
    Hessian(Vec<Array2<f64>>, Vec<Array2<f64>>),
}

/// Products with the Gauss-Newton matrix or one of its blocks, or with a block of the Hessian, in the
/// coordinates of the inputs' spans.
pub(super) struct Reduced<'a> {
    pass: &'a Pass<f64>,
    parameters: &'a Parameters<f64>,
    matrix: Matrix,
    /// z, at index λ − 1.
    coordinates: Vec<Array2<f64>>,
    /// R{h_λ}, at index λ − 1.
    tangents: Vec<Array2<f64>>,
    /// R{∂E/∂h_λ}, at index λ − 1.
    deltas: Vec<Array2<f64>>,
}

impl<'a> Reduced<'a> {
    /// Products with Ḡ, after a forward pass.
    pub fn gauss_newton(pass: &'a Pass<f64>, parameters: &'a Parameters<f64>) -> Self {
        let layers = 1..=pass.architecture().depth();
        let coordinates = layers.map(|layer| coordinates(pass, layer)).collect();
        Self::with_coordinates(pass, parameters, coordinates)
    }

    /// Products with Ḡ in coordinates of these bases, those of [`basis`].
    pub fn in_bases(pass: &'a Pass<f64>, parameters: &'a Parameters<f64>, bases: &[Option<Array2<f64>>]) -> Self {
        let of = |(layer, basis): (usize, &Option<Array2<f64>>)| match basis {
            Some(basis) => pass.input(layer).dot(basis),
            None => pass.input(layer).to_owned(),
        };
        Self::with_coordinates(pass, parameters, (1..).zip(bases).map(of).collect())
    }

    /// Products with Ḡ in the parameters themselves: all coordinates are theirs.
    pub fn in_parameters(pass: &'a Pass<f64>, parameters: &'a Parameters<f64>) -> Self {
        let inputs = (1..=pass.architecture().depth()).map(|layer| pass.input(layer).to_owned()).collect();
        Self::with_coordinates(pass, parameters, inputs)
    }

    fn with_coordinates(pass: &'a Pass<f64>, parameters: &'a Parameters<f64>, coordinates: Vec<Array2<f64>>) -> Self {
        let architecture = pass.architecture();
        let layers = 1..=architecture.depth();
        let arrays = || layers.clone().map(|l| Array2::zeros((pass.data(), architecture.width(l)))).collect::<Vec<_>>();
        Self { pass, parameters, matrix: Matrix::GaussNewton, coordinates, tangents: arrays(), deltas: arrays() }
    }

    /// Products with blocks of the Hessian of the mean loss, after a forward and a backward pass.
    pub fn hessian(pass: &'a Pass<f64>, parameters: &'a Parameters<f64>) -> Self {
        let bends = (1..pass.architecture().depth()).map(|layer| bends(pass, parameters, layer)).collect();
        let dense = if pass.loss().has_diagonal_hessian() { 0 } else { pass.data() };
        let output = (0..dense).map(|datum| output_hessian(pass, datum)).collect();
        Self { matrix: Matrix::Hessian(bends, output), ..Self::gauss_newton(pass, parameters) }
    }

    /// The number of coordinates of the parameters of `layers`.
    pub fn size(&self, layers: RangeInclusive<usize>) -> usize {
        layers.map(|layer| self.tangents[layer - 1].ncols() * self.coordinates[layer - 1].ncols()).sum()
    }

    /// Whether the coordinates of layer λ are fewer than its parameters, so that 0 is an eigenvalue of its
    /// block beside those of the product.
    pub fn leaves_null_space(&self, layer: usize) -> bool {
        self.coordinates[layer - 1].ncols() < self.pass.input(layer).ncols()
    }

    /// image ← A x for the part of the matrix that belongs to `layers` (for the Hessian: one layer).
    ///
    /// # Errors
    /// Where the image is not finite, and once `cancelled` says yes.
    pub fn apply(
        &mut self,
        layers: &RangeInclusive<usize>,
        x: ArrayView1<f64>,
        mut image: ArrayViewMut1<f64>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<(), Stop> {
        let (first, depth) = (*layers.start(), self.tangents.len());
        let mut offset = 0;
        for layer in first..=depth {
            go_on(cancelled)?;
            let (earlier, later) = self.tangents.split_at_mut(layer - 1);
            let tangent = &mut later[0];
            let mut target = Target::Replace;
            if layers.contains(&layer) {
                let z = &self.coordinates[layer - 1];
                let size = tangent.ncols() * z.ncols();
                let moved = matrix(x.slice(s![offset..offset + size]), (tangent.ncols(), z.ncols()));
                gemm(1.0, z.view(), moved.t(), target, tangent.view_mut());
                (target, offset) = (Target::Add, offset + size);
            }
            if layer > first {
                let moved = &earlier[layer - 2] * &self.pass.slope(layer - 1);
                gemm(1.0, moved.view(), self.parameters.weights(layer).t(), target, tangent.view_mut());
            }
        }
        self.output_delta();
        for layer in (first..=depth).rev() {
            go_on(cancelled)?;
            if layers.contains(&layer) {
                let (z, delta) = (&self.coordinates[layer - 1], &self.deltas[layer - 1]);
                let size = delta.ncols() * z.ncols();
                offset -= size;
                let part = image.slice_mut(s![offset..offset + size]);
                let part = matrix_mut(part, (delta.ncols(), z.ncols()));
                gemm(1.0 / self.pass.data() as f64, delta.t(), z.view(), Target::Replace, part);
            }
            if layer > first {
                self.back(layer);
            }
        }
        go_on(cancelled)?;
        if image.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(Error::NotFinite.into()) }
    }

    /// Column `unit` of A_λ = G_λ or 𝓗_λ of every datum: N × d_λ.
    ///
    /// # Errors
    /// Once `cancelled` says yes.
    fn column(&mut self, layer: usize, unit: usize, cancelled: &dyn Fn() -> bool) -> Result<ArrayView2<'_, f64>, Stop> {
        let depth = self.tangents.len();
        self.tangents[layer - 1].fill(0.0);
        self.tangents[layer - 1].column_mut(unit).fill(1.0);
        for later in layer + 1..=depth {
            go_on(cancelled)?;
            let moved = &self.tangents[later - 2] * &self.pass.slope(later - 1);
            let weights = self.parameters.weights(later);
            gemm(1.0, moved.view(), weights.t(), Target::Replace, self.tangents[later - 1].view_mut());
        }
        self.output_delta();
        (layer + 1..=depth).rev().for_each(|later| self.back(later));
        Ok(self.deltas[layer - 1].view())
    }

    /// The block of layer λ, 1/N Σ z zᵀ ⊗ A_λ, with d_λ sweeps: n × n, n = `size`.
    ///
    /// # Errors
    /// Where it is not finite, and once `cancelled` says yes.
    pub fn dense(&mut self, layer: usize, cancelled: &dyn Fn() -> bool) -> Result<Array2<f64>, Stop> {
        let z = self.coordinates[layer - 1].clone();
        let (data, inputs) = z.dim();
        let units = self.tangents[layer - 1].ncols();
        let mut dense = Array2::zeros((units * inputs, units * inputs));
        for unit in 0..units {
            let columns = self.column(layer, unit, cancelled)?;
            if columns.iter().any(|x| !x.is_finite()) {
                return Err(Error::NotFinite.into());
            }
            // Row by row below the diagonal of blocks.
            for other in unit..units {
                let mut scaled = z.clone();
                scaled.outer_iter_mut().zip(columns.column(other)).for_each(|(mut row, &a)| row *= a / data as f64);
                let rows = s![other * inputs..(other + 1) * inputs, unit * inputs..(unit + 1) * inputs];
                gemm(1.0, z.t(), scaled.view(), Target::Replace, dense.slice_mut(rows));
            }
        }
        mirror(dense.view_mut());
        Ok(dense)
    }

    /// R{∂E/∂h_{λ−1}} from R{∂E/∂h_λ} of `layer` = λ.
    fn back(&mut self, layer: usize) {
        let (earlier, later) = self.deltas.split_at_mut(layer - 1);
        let previous = &mut earlier[layer - 2];
        gemm(1.0, later[0].view(), self.parameters.weights(layer), Target::Replace, previous.view_mut());
        *previous *= &self.pass.slope(layer - 1);
        if let Matrix::Hessian(bends, _) = &self.matrix {
            ndarray::Zip::from(previous)
                .and(&bends[layer - 2])
                .and(&self.tangents[layer - 2])
                .for_each(|x, &bend, &tangent| *x += bend * tangent);
        }
    }

    /// R{∂E/∂h_L} = A_L R{h_L}.
    fn output_delta(&mut self) {
        let last = self.tangents.len() - 1;
        let (tangent, delta) = (&self.tangents[last], &mut self.deltas[last]);
        match &self.matrix {
            Matrix::Hessian(_, output) if !output.is_empty() => {
                for ((mut delta, tangent), hessian) in delta.outer_iter_mut().zip(tangent.outer_iter()).zip(output) {
                    delta.assign(&hessian.dot(&tangent));
                }
            }
            // A diagonal H_L of the losses here is positive semi-definite.
            _ => output_product(self.pass, tangent.view(), delta),
        }
    }

    /// The largest eigenvalue of the part of the Gauss-Newton matrix that belongs to `layers`: its Ritz
    /// value and residual added, so a little above it.
    ///
    /// # Errors
    /// Where it is not finite, and once `cancelled` says yes.
    pub fn largest(&mut self, layers: &RangeInclusive<usize>, cancelled: &dyn Fn() -> bool) -> Result<f64, Stop> {
        let settings = LanczosSettings { products: 100, tolerance: TOLERANCE };
        let mut stream = Stream::new(0, "rank", *layers.start() as u64);
        let found = largest_eigenvalue(self.size(layers.clone()), settings, &mut stream, |x, image| {
            self.apply(layers, x, image, cancelled)
        })?;
        Ok(found.largest + found.largest_residual)
    }
}

/// A run of a flat vector as a matrix, row by row. Vectors of Lanczos iterations are contiguous.
fn matrix(x: ArrayView1<'_, f64>, shape: (usize, usize)) -> ArrayView2<'_, f64> {
    x.into_shape_with_order(shape).unwrap_or_else(|error| unreachable!("contiguous: {error}"))
}

fn matrix_mut(x: ArrayViewMut1<'_, f64>, shape: (usize, usize)) -> ArrayViewMut2<'_, f64> {
    x.into_shape_with_order(shape).unwrap_or_else(|error| unreachable!("contiguous: {error}"))
}
