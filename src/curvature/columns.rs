//! Square roots of the pre-activation Gauss-Newton matrices, propagated back:
//! C_L = S, C_λ = B_λ Ŵ_{λ+1}ᵀ C_{λ+1}, so that G_λ = C_λ C_λᵀ for each datum.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip, s};

use crate::linalg::{Real, Stream};
use crate::network::{Parameters, Pass, back_propagate};

/// The columns S of each datum that are propagated back from the outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Root {
    /// S Sᵀ = PSD(H_L): gives the Gauss-Newton matrix itself.
    Exact,
    /// ∂E(h_L, ỹ)/∂h_L / √m for m targets ỹ ~ p(y|h): gives it in expectation, for exponential families.
    Sampled {
        /// m.
        samples: usize,
        /// The experiment's seed.
        seed: u64,
        /// Which minibatch, so that each draws its own targets.
        step: u64,
    },
    /// √p(y|h) ∂E(h_L, y)/∂h_L for every label y: gives the expected Fisher. Only for losses whose
    /// labels can be enumerated.
    Fisher,
}

/// The columns of some data at one layer.
#[derive(Debug)]
pub struct Chunk<'a, T> {
    /// λ = 1 … L.
    pub layer: usize,
    /// The data they belong to.
    pub data: Range<usize>,
    /// The columns of C_λ as rows: (data · r) × d_λ, the r of a datum together.
    pub columns: ArrayView2<'a, T>,
}

/// Rows above which the data are taken in several chunks, to bound memory.
const ROWS: usize = 8192;

/// Memory for propagating columns back.
#[derive(Clone, Debug, Default)]
pub struct Columns<T> {
    /// The columns at layer λ, at index λ − 1.
    layers: Vec<Array2<T>>,
}

impl Root {
    /// r, the number of columns a datum has.
    pub fn rank<T: Real>(self, pass: &Pass<T>) -> usize {
        let outputs = pass.architecture().outputs();
        match self {
            Self::Exact => pass.loss().root_rank(outputs),
            Self::Sampled { samples, .. } => samples,
            Self::Fisher => pass.loss().labels(outputs).unwrap_or(0),
        }
    }

    /// rows ← the columns of the data of `range`, as rows: (data · r) × K.
    pub(super) fn fill<T: Real>(self, pass: &Pass<T>, range: &Range<usize>, mut rows: ArrayViewMut2<T>) {
        let kernel = pass.loss().kernel::<T>();
        let (outputs, targets) = (pass.output(), pass.targets());
        let rank = rows.nrows() / range.len();
        let width = rows.ncols();
        let chunks = rows.exact_chunks_mut((rank, width));
        let fill = |(datum, _): (usize, usize), mut rows: ArrayViewMut2<T>| {
            let datum = range.start + datum;
            let (h, y) = (outputs.row(datum), targets.row(datum));
            let (Some(h), Some(y)) = (h.to_slice(), y.to_slice()) else {
                unreachable!("rows of a pass are contiguous")
            };
            match self {
                Self::Exact => kernel.root(h, y, rows),
                Self::Sampled { samples, seed, step } => {
                    let mut stream = Stream::new(seed, "sampled targets", (step << 32) ^ datum as u64);
                    let scale = T::one() / T::of(samples as f64).sqrt();
                    let mut target = vec![T::zero(); y.len()];
                    for mut row in rows.outer_iter_mut() {
                        kernel.sample(h, &mut stream, &mut target);
                        if let Some(gradient) = row.as_slice_mut() {
                            kernel.value_and_gradient(h, &target, gradient);
                        }
                        row *= scale;
                    }
                }
                Self::Fisher => {
                    let mut target = vec![T::zero(); y.len()];
                    for (label, mut row) in rows.outer_iter_mut().enumerate() {
                        kernel.label(label, &mut target);
                        if let Some(gradient) = row.as_slice_mut() {
                            let value = kernel.value_and_gradient(h, &target, gradient);
                            let root_probability = (-value / T::of(2.0)).exp();
                            row *= root_probability;
                        }
                    }
                }
            }
        };
        Zip::indexed(chunks).par_for_each(fill);
    }
}

impl<T: Real> Columns<T> {
    /// Propagates the columns of all data back through the network, after a forward pass, and shows
    /// each layer's to `visit`: the data chunk by chunk, within a chunk from the last layer to the first.
    pub fn sweep(&mut self, pass: &Pass<T>, parameters: &Parameters<T>, root: Root, mut visit: impl FnMut(Chunk<T>)) {
        let rank = root.rank(pass);
        let chunks = (pass.data() * rank).div_ceil(ROWS).max(1);
        let length = pass.data().div_ceil(chunks);
        for start in (0..pass.data()).step_by(length) {
            let data = start..(start + length).min(pass.data());
            self.resize(pass, data.len() * rank);
            let depth = self.layers.len();
            root.fill(pass, &data, self.layers[depth - 1].view_mut());
            for layer in (1..=depth).rev() {
                if layer < depth {
                    let (earlier, later) = self.layers.split_at_mut(layer);
                    let slope = pass.slope(layer).slice_move(s![data.clone(), ..]);
                    back_propagate(later[0].view(), parameters.weights(layer + 1), slope, &mut earlier[layer - 1]);
                }
                visit(Chunk { layer, data: data.clone(), columns: self.layers[layer - 1].view() });
            }
        }
    }

    /// Makes room for `rows` rows a layer, keeping the memory where it fits.
    fn resize(&mut self, pass: &Pass<T>, rows: usize) {
        let architecture = pass.architecture();
        let fits = self.layers.len() == architecture.depth() && self.layers.iter().all(|x| x.nrows() == rows);
        if !fits {
            self.layers = (1..=architecture.depth()).map(|l| Array2::zeros((rows, architecture.width(l)))).collect();
        }
    }
}
