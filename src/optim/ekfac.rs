//! Eigenvalue-corrected Kronecker factors (George, Laurent, Bouthillier, Ballas & Vincent 2018): the block in the
//! eigenvectors of KFAC's factors, with a diagonal S of its own in place of the products of their eigenvalues,
//!
//! F_λ ≈ (U_G ⊗ U_Q) S (U_G ⊗ U_Q)ᵀ,   S_ij = E[(u_iᵀ ∂E/∂h_λ)² (v_jᵀ ā_{λ−1})²],
//! δ_λ = −U_G [(U_Gᵀ g_λ U_Q) / (S + γ + η)] U_Qᵀ.
//!
//! S is the diagonal that the sampled F_λ has in this basis, so no block with these eigenvectors is nearer to it
//! in the Frobenius norm, KFAC's included.

use ndarray::{Array2, ArrayView2, Zip, s};

use super::kronecker::{BadFactor, Side};
use crate::curvature::{Columns, KroneckerFactors, Root};
use crate::linalg::{Archive, ArchiveError, Keep, Real, Target, eigen, gemm};
use crate::network::{Architecture, Parameters, Pass};

/// Eigenvectors and corrected eigenvalues of all layers; layer λ at index λ − 1.
pub struct Corrected<T> {
    /// U_Q, as columns: (d_{λ−1} + 1)².
    input: Vec<Array2<T>>,
    /// U_G, as columns: d_λ².
    preactivation: Vec<Array2<T>>,
    /// S, the running average: d_λ × (d_{λ−1} + 1).
    scales: Vec<Array2<T>>,
    columns: Columns<T>,
    /// Whether the eigenvectors are of factors that have changed since.
    aged: bool,
    /// Whether there is an average yet.
    begun: bool,
}

impl<T: Real> Corrected<T> {
    /// Before the first factors.
    pub fn new(architecture: &Architecture) -> Self {
        let layers = 1..=architecture.depth();
        let scales: Vec<_> = layers.clone().map(|l| Array2::zeros(architecture.weight_shape(l))).collect();
        Self {
            input: layers.clone().map(|l| Array2::eye(architecture.homogeneous(l - 1))).collect(),
            preactivation: layers.map(|l| Array2::eye(architecture.width(l))).collect(),
            scales,
            columns: Columns::default(),
            aged: true,
            begun: false,
        }
    }

    /// U_Q and U_G of layer λ, as columns: (d_{λ−1} + 1)² and d_λ².
    pub fn eigenvectors(&self, layer: usize) -> (ArrayView2<'_, T>, ArrayView2<'_, T>) {
        (self.input[layer - 1].view(), self.preactivation[layer - 1].view())
    }

    /// S of layer λ, the running average: d_λ × (d_{λ−1} + 1).
    pub fn eigenvalues(&self, layer: usize) -> ArrayView2<'_, T> {
        self.scales[layer - 1].view()
    }

    /// Takes note that the factors are others.
    pub fn age(&mut self) {
        self.aged = true;
    }

    /// The eigenvectors of the present factors, unless they are that already. The average S goes on as the
    /// diagonal that U S Uᵀ has in the new ones: S′_ij = Σ_kl (u′_i·u_k)² (v′_j·v_l)² S_kl.
    ///
    /// # Errors
    /// Where a factor is not finite.
    pub fn refresh(&mut self, factors: &KroneckerFactors<T>) -> Result<(), BadFactor> {
        if !self.aged {
            return Ok(());
        }
        for index in 0..self.scales.len() {
            let bad = |side| BadFactor { layer: index + 1, side, finite: false };
            let input = eigenvectors(&factors.input[index]).ok_or(bad(Side::Input))?;
            let preactivation = eigenvectors(&factors.preactivation[index].to_dense());
            let preactivation = preactivation.ok_or(bad(Side::Preactivation))?;
            if self.begun {
                let left = squared_overlaps(&preactivation, &self.preactivation[index]);
                let right = squared_overlaps(&input, &self.input[index]);
                let scales = &mut self.scales[index];
                let mut half = Array2::zeros(scales.dim());
                gemm(T::one(), left.view(), scales.view(), Target::Replace, half.view_mut());
                gemm(T::one(), half.view(), right.t(), Target::Replace, scales.view_mut());
            }
            (self.input[index], self.preactivation[index]) = (input, preactivation);
        }
        self.aged = false;
        Ok(())
    }

    /// S of the minibatch enters the running average, with weight `past` of what was; after a forward pass.
    /// `root`: the columns that the factors are of.
    pub fn rescale(&mut self, pass: &Pass<T>, parameters: &Parameters<T>, root: Root, past: f64) {
        let past = if self.begun { past } else { 0.0 };
        let weight = T::of((1.0 - past) / pass.data() as f64);
        let Self { input, preactivation, scales, columns, .. } = self;
        columns.propagate(pass, parameters, root, |data, layers| {
            let target = if data.start == 0 { Target::Decay(past) } else { Target::Add };
            for (index, columns) in layers.iter().enumerate() {
                let rank = columns.nrows() / data.len();
                let gradients = squares(columns.view(), &preactivation[index], rank);
                let inputs = pass.input(index + 1);
                let inputs = squares(inputs.slice(s![data.clone(), ..]), &input[index], 1);
                gemm(weight, gradients.t(), inputs.view(), target, scales[index].view_mut());
            }
        });
        // An average that is not finite would never be again: the next one has no past.
        self.begun = self.scales.iter().flatten().all(|x| x.is_finite());
    }

    /// direction ← δ. `damping`: γ + η.
    pub fn direction(&self, damping: f64, gradient: &Parameters<T>, direction: &mut Parameters<T>) {
        let damping = T::of(damping);
        for (index, scales) in self.scales.iter().enumerate() {
            let (u, v) = (self.preactivation[index].view(), self.input[index].view());
            let (mut rotated, mut half) = (Array2::zeros(scales.dim()), Array2::zeros(scales.dim()));
            gemm(T::one(), u.t(), gradient.layer(index + 1), Target::Replace, half.view_mut());
            gemm(T::one(), half.view(), v, Target::Replace, rotated.view_mut());
            Zip::from(&mut rotated).and(scales).par_for_each(|x, &scale| *x /= scale + damping);
            gemm(T::one(), u, rotated.view(), Target::Replace, half.view_mut());
            gemm(-T::one(), half.view(), v.t(), Target::Replace, direction.layer_mut(index + 1));
        }
    }
}

/// Eigenvectors as columns, found in double precision; none where the factor is not finite.
fn eigenvectors<T: Real>(factor: &Array2<T>) -> Option<Array2<T>> {
    let (_, vectors) = eigen(factor.mapv(Real::double).view()).ok()?;
    Some(vectors.mapv(T::of))
}

/// (u′_i · u_k)² of the columns of two matrices.
fn squared_overlaps<T: Real>(new: &Array2<T>, old: &Array2<T>) -> Array2<T> {
    let mut overlaps = Array2::zeros((new.ncols(), old.ncols()));
    gemm(T::one(), new.t(), old.view(), Target::Replace, overlaps.view_mut());
    overlaps.mapv_inplace(|x| x * x);
    overlaps
}

/// Σ_k (u_i · c_k)² over the `rank` rows of each datum, for each column u_i of the basis: N × d.
fn squares<T: Real>(rows: ArrayView2<T>, basis: &Array2<T>, rank: usize) -> Array2<T> {
    let mut rotated = Array2::zeros((rows.nrows(), basis.ncols()));
    gemm(T::one(), rows, basis.view(), Target::Replace, rotated.view_mut());
    rotated.par_mapv_inplace(|x| x * x);
    if rank == 1 {
        return rotated;
    }
    let mut sums = Array2::zeros((rows.nrows() / rank, basis.ncols()));
    for (mut sum, part) in sums.outer_iter_mut().zip(rotated.exact_chunks((rank, basis.ncols()))) {
        part.outer_iter().for_each(|row| sum += &row);
    }
    sums
}

/// The eigenvectors and the running average.
impl<T: Real> Keep for Corrected<T> {
    fn save(&self, archive: &mut Archive) {
        archive.note("corrected", &(self.aged, self.begun));
        for index in 0..self.scales.len() {
            let name = |part: &str| format!("state/corrected/{}/{part}", index + 1);
            archive.put(name("input"), self.input[index].view());
            archive.put(name("preactivation"), self.preactivation[index].view());
            archive.put(name("scales"), self.scales[index].view());
        }
    }

    fn restore(&mut self, archive: &Archive) -> Result<(), ArchiveError> {
        (self.aged, self.begun) = archive.value("corrected")?;
        for index in 0..self.scales.len() {
            let name = |part: &str| format!("state/corrected/{}/{part}", index + 1);
            archive.fill(&name("input"), self.input[index].view_mut())?;
            archive.fill(&name("preactivation"), self.preactivation[index].view_mut())?;
            archive.fill(&name("scales"), self.scales[index].view_mut())?;
        }
        Ok(())
    }
}
