//! The shape of a network: how many units in which layers, with which activations.

use serde::{Deserialize, Serialize};

use super::Activation;

/// One layer λ: its width d_λ and its activation f_λ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// d_λ, at least 1.
    pub units: usize,
    /// f_λ.
    pub activation: Activation,
}

/// A fully connected network: h_λ = W_λ ā_{λ−1}, a_λ = f_λ(h_λ), λ = 1 … L. The last layer is always
/// linear, so the loss sees h_L.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    input: usize,
    layers: Vec<Layer>,
    bias: bool,
}

impl Architecture {
    /// A network of `input` = d_0 inputs, the `hidden` layers and `output` = d_L linear outputs, with a
    /// homogeneous coordinate in every layer if `bias`.
    pub fn new(input: usize, hidden: &[Layer], output: usize, bias: bool) -> Self {
        let mut layers = hidden.to_vec();
        layers.push(Layer { units: output, activation: Activation::Identity });
        Self { input, layers, bias }
    }

    /// L.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// The layers 1 … L; the first has index 0.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Whether the layers have biases.
    pub fn bias(&self) -> bool {
        self.bias
    }

    /// d_0.
    pub fn inputs(&self) -> usize {
        self.input
    }

    /// K = d_L.
    pub fn outputs(&self) -> usize {
        self.width(self.depth())
    }

    /// d_λ, for λ = 0 … L.
    pub fn width(&self, layer: usize) -> usize {
        if layer == 0 { self.input } else { self.layers[layer - 1].units }
    }

    /// d_λ + 1 with biases, d_λ without: the length of ā_λ.
    pub fn homogeneous(&self, layer: usize) -> usize {
        self.width(layer) + usize::from(self.bias)
    }

    /// The shape of W_λ for λ = 1 … L: [d_λ, d_{λ−1} + 1], or without the + 1 where there are no biases.
    pub fn weight_shape(&self, layer: usize) -> (usize, usize) {
        (self.width(layer), self.homogeneous(layer - 1))
    }

    /// P_λ, the number of parameters of layer λ = 1 … L.
    pub fn layer_parameters(&self, layer: usize) -> usize {
        let (rows, columns) = self.weight_shape(layer);
        rows * columns
    }

    /// P, the number of parameters.
    pub fn parameters(&self) -> usize {
        (1..=self.depth()).map(|layer| self.layer_parameters(layer)).sum()
    }

    /// Where layer λ = 1 … L lies in the flat parameter vector.
    pub fn range(&self, layer: usize) -> std::ops::Range<usize> {
        let start = (1..layer).map(|before| self.layer_parameters(before)).sum();
        start..start + self.layer_parameters(layer)
    }

    /// Whether every activation is piecewise linear.
    pub fn is_piecewise_linear(&self) -> bool {
        self.layers.iter().all(|layer| layer.activation.is_piecewise_linear())
    }

    /// One line for people: `784-1000-500-30-500-1000-784`.
    pub fn summary(&self) -> String {
        let widths: Vec<_> = (0..=self.depth()).map(|layer| self.width(layer).to_string()).collect();
        widths.join("-")
    }
}
