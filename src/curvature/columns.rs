//! Square roots of the pre-activation Gauss-Newton matrices, propagated back:
//! C_L = S, C_λ = B_λ Ŵ_{λ+1}ᵀ C_{λ+1}, so that G_λ = C_λ C_λᵀ for each datum.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip};

use crate::linalg::{Real, Stream, row_mut};
use crate::network::{Parameters, Pass};

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
pub const ROWS: usize = 8192;

/// Memory for propagating columns back.
#[derive(Clone, Debug, Default)]
pub struct Columns<T> {
    /// The columns at layer λ, at index λ − 1.
    layers: Vec<Array2<T>>,
    /// A target of each datum, where targets are made up.
    targets: Array2<T>,
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

    /// rows ← the columns of the data of `range`, as rows: (data · r) × K. `targets`: memory for a target
    /// of each of them, data × target width.
    fn fill<T: Real>(
        self,
        pass: &Pass<T>,
        range: &Range<usize>,
        mut rows: ArrayViewMut2<T>,
        mut targets: ArrayViewMut2<T>,
    ) {
        let (rank, width) = (rows.nrows() / range.len(), rows.ncols());
        let target_width = targets.ncols();
        let kernel = pass.loss().kernel::<T>();
        Zip::indexed(rows.exact_chunks_mut((rank, width)))
            .and(targets.exact_chunks_mut((1, target_width)))
            .par_for_each(|(index, _), mut rows, mut target| {
                let datum = range.start + index;
                let (h, y) = pass.output_and_target(datum);
                let mut target = target.row_mut(0);
                let target = row_mut(&mut target);
                match self {
                    Self::Exact => kernel.root(h, y, rows),
                    Self::Sampled { samples, seed, step } => {
                        let mut stream = Stream::new(seed, "sampled targets", (step << 32) ^ datum as u64);
                        let scale = T::one() / T::of(samples as f64).sqrt();
                        for mut row in rows.outer_iter_mut() {
                            kernel.sample_gradient(h, &mut stream, target, row_mut(&mut row));
                            row *= scale;
                        }
                    }
                    Self::Fisher => {
                        for (label, mut row) in rows.outer_iter_mut().enumerate() {
                            kernel.label(label, target);
                            let value = kernel.value_and_gradient(h, target, row_mut(&mut row));
                            row *= (-value / T::of(2.0)).exp();
                        }
                    }
                }
            });
    }
}

/// rows ← Sᵀ of all data: (N · r) × K.
pub(super) fn output_roots<T: Real>(pass: &Pass<T>, rows: &mut Array2<T>) {
    let (rank, width) = (Root::Exact.rank(pass), pass.architecture().outputs());
    if rows.dim() != (pass.data() * rank, width) {
        *rows = Array2::zeros((pass.data() * rank, width));
    }
    let kernel = pass.loss().kernel::<T>();
    Zip::indexed(rows.exact_chunks_mut((rank, width))).par_for_each(|(datum, _), rows| {
        let (h, y) = pass.output_and_target(datum);
        kernel.root(h, y, rows);
    });
}

impl<T: Real> Columns<T> {
    /// Propagates the columns of all data back through the network, after a forward pass, and shows
    /// each layer's to `visit`: the data chunk by chunk, within a chunk from the last layer to the first.
    pub fn sweep(&mut self, pass: &Pass<T>, parameters: &Parameters<T>, root: Root, mut visit: impl FnMut(Chunk<T>)) {
        self.propagate(pass, parameters, root, |data, layers| {
            for (index, columns) in layers.iter().enumerate().rev() {
                visit(Chunk { layer: index + 1, data: data.clone(), columns: columns.view() });
            }
        });
    }

    /// [`Columns::sweep`] that shows all layers' columns of a chunk at once, layer λ at index λ − 1.
    pub fn propagate(
        &mut self,
        pass: &Pass<T>,
        parameters: &Parameters<T>,
        root: Root,
        mut visit: impl FnMut(Range<usize>, &[Array2<T>]),
    ) {
        let rank = root.rank(pass);
        let chunks = (pass.data() * rank).div_ceil(ROWS).max(1);
        let length = pass.data().div_ceil(chunks);
        for start in (0..pass.data()).step_by(length) {
            let data = start..(start + length).min(pass.data());
            self.resize(pass, data.len(), rank);
            let depth = self.layers.len();
            root.fill(pass, &data, self.layers[depth - 1].view_mut(), self.targets.view_mut());
            pass.propagate_back(parameters, data.clone(), &mut self.layers);
            visit(data, &self.layers);
        }
    }

    /// Makes room for the columns of `data` data, `rank` each, keeping the memory where it fits.
    fn resize(&mut self, pass: &Pass<T>, data: usize, rank: usize) {
        let architecture = pass.architecture();
        let rows = data * rank;
        let fits = self.layers.len() == architecture.depth() && self.layers.iter().all(|x| x.nrows() == rows);
        if !fits {
            self.layers = (1..=architecture.depth()).map(|l| Array2::zeros((rows, architecture.width(l)))).collect();
        }
        if self.targets.nrows() != data {
            self.targets = Array2::zeros((data, pass.targets().ncols()));
        }
    }
}
