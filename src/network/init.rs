//! Initial weights.

use serde::{Deserialize, Serialize};

use super::{Activation, Architecture, Parameters};
use crate::linalg::{Real, Stream};

/// Incoming weights of a unit that the sparse initialisation sets.
const INCOMING: usize = 15;

/// How the weights of a layer with n inputs and m outputs start. Biases start at 0, but where stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// Uniform with variance 2 / (n + m) (Glorot & Bengio 2010).
    Glorot,
    /// Normal with variance 2 / n (He et al. 2015).
    He,
    /// Normal with variance 1 / n (`LeCun` et al. 1998).
    LeCun,
    /// 15 incoming N(0, 1) weights a unit, the rest 0 (Martens 2010); for tanh units half that scale,
    /// with biases ½.
    Sparse,
}

impl Init {
    /// Every initialisation.
    pub const ALL: &[Self] = &[Self::Glorot, Self::He, Self::LeCun, Self::Sparse];

    /// Its name in experiment files and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Glorot => "glorot",
            Self::He => "he",
            Self::LeCun => "lecun",
            Self::Sparse => "sparse",
        }
    }

    /// The initial parameters of an experiment's `seed`. The same in both precisions, up to rounding.
    pub fn parameters<T: Real>(self, architecture: &Architecture, seed: u64) -> Parameters<T> {
        let mut parameters = Parameters::zeros(architecture);
        for layer in 1..=architecture.depth() {
            let mut stream = Stream::new(seed, "initial weights", layer as u64);
            let (inputs, outputs) = (architecture.width(layer - 1), architecture.width(layer));
            let tanh = architecture.layers()[layer - 1].activation == Activation::Tanh;
            let (scale, bias) = if tanh { (0.5, 0.5) } else { (1.0, 0.0) };
            for mut unit in parameters.layer_mut(layer).outer_iter_mut() {
                let (n, m) = (inputs as f64, outputs as f64);
                let mut fill = |draw: &mut dyn FnMut(&mut Stream) -> f64| {
                    unit.iter_mut().take(inputs).for_each(|w| *w = T::of(draw(&mut stream)));
                };
                match self {
                    Self::Glorot => fill(&mut |s| (6.0 / (n + m)).sqrt() * (2.0 * s.uniform::<f64>() - 1.0)),
                    Self::He => fill(&mut |s| (2.0 / n).sqrt() * s.normal()),
                    Self::LeCun => fill(&mut |s| n.sqrt().recip() * s.normal()),
                    Self::Sparse => {
                        for chosen in stream.choose(inputs, INCOMING) {
                            unit[chosen] = T::of(scale * stream.normal());
                        }
                        if architecture.bias() {
                            unit[inputs] = T::of(bias);
                        }
                    }
                }
            }
        }
        parameters
    }
}
