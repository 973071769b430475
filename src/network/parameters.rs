//! The parameters θ of a network, and everything shaped like them: gradients, directions, updates.

use ndarray::{Array1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, s};

use super::Architecture;
use crate::linalg::{Real, squared_distance};

/// A vector of all parameters, layer after layer, each W_λ row by row with its bias column last.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<T> {
    architecture: Architecture,
    /// θ, of length P.
    pub flat: Array1<T>,
}

impl<T: Real> Parameters<T> {
    /// All zero.
    pub fn zeros(architecture: &Architecture) -> Self {
        Self { architecture: architecture.clone(), flat: Array1::zeros(architecture.parameters()) }
    }

    /// The network they are of.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// θ as a slice.
    pub fn as_slice(&self) -> &[T] {
        self.flat.as_slice().unwrap_or_else(|| unreachable!("the flat vector is contiguous"))
    }

    /// θ as a slice, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.flat.as_slice_mut().unwrap_or_else(|| unreachable!("the flat vector is contiguous"))
    }

    /// W_λ, λ = 1 … L: d_λ × (d_{λ−1} + 1), the bias last.
    pub fn layer(&self, layer: usize) -> ArrayView2<'_, T> {
        let shape = self.architecture.weight_shape(layer);
        matrix(self.flat.slice(s![self.architecture.range(layer)]).into_shape_with_order(shape))
    }

    /// W_λ, to be changed.
    pub fn layer_mut(&mut self, layer: usize) -> ArrayViewMut2<'_, T> {
        let shape = self.architecture.weight_shape(layer);
        matrix(self.flat.slice_mut(s![self.architecture.range(layer)]).into_shape_with_order(shape))
    }

    /// W_1 … W_L, to be changed at the same time.
    pub fn layers_mut(&mut self) -> Vec<ArrayViewMut2<'_, T>> {
        let mut rest = self.flat.view_mut();
        let layers = 1..=self.architecture.depth();
        layers
            .map(|layer| {
                let shape = self.architecture.weight_shape(layer);
                let flat = std::mem::replace(&mut rest, ArrayViewMut1::from(&mut []));
                let (flat, later) = flat.split_at(Axis(0), shape.0 * shape.1);
                rest = later;
                matrix(flat.into_shape_with_order(shape))
            })
            .collect()
    }

    /// Ŵ_λ, λ = 1 … L: d_λ × d_{λ−1}, W_λ without its bias column.
    pub fn weights(&self, layer: usize) -> ArrayView2<'_, T> {
        let inputs = self.architecture.width(layer - 1);
        self.layer(layer).slice_move(s![.., ..inputs])
    }

    /// ‖θ − θ′‖.
    pub fn distance(&self, other: &Self) -> f64 {
        squared_distance(self.flat.view(), other.flat.view()).sqrt()
    }

    /// The first layer with a number that is not finite.
    pub fn not_finite(&self) -> Option<usize> {
        (1..=self.architecture.depth()).find(|&layer| self.layer(layer).iter().any(|x| !x.is_finite()))
    }

    /// The same in another precision.
    pub fn cast<U: Real>(&self) -> Parameters<U> {
        Parameters { architecture: self.architecture.clone(), flat: self.flat.mapv(|x| U::of(x.double())) }
    }
}

/// A contiguous run of the flat vector always has the length of its layer's matrix.
fn matrix<M>(shaped: Result<M, ndarray::ShapeError>) -> M {
    shaped.unwrap_or_else(|error| unreachable!("a layer's range holds its matrix: {error}"))
}
