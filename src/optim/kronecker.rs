//! Directions preconditioned with Kronecker factors:
//! δ_λ = −(G_λ + ω⁻¹ k I)⁻¹ g_λ (Q_λ + ω k I)⁻¹, k = √(γ + η).

use std::fmt;

use ndarray::Array2;
use rayon::prelude::*;

use super::Curvature;
use super::ekfac::Corrected;
use crate::curvature::factors::{self, average_from_columns, average_input_factors, kfra};
use crate::curvature::{Columns, Factor, KroneckerFactors, Root};
use crate::linalg::{Archive, ArchiveError, Cholesky, Keep, Real, Target, all, gemm, gram_lower};
use crate::network::{Architecture, Parameters, Pass};

/// How often k is doubled before a factor counts as impossible to invert.
const DOUBLINGS: u32 = 60;

/// A Kronecker factor cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {side} factor of layer {layer} {}", if *finite { "cannot be inverted with any damping" } else { "is not finite" })]
pub struct BadFactor {
    /// λ.
    pub layer: usize,
    /// Which of the two.
    pub side: Side,
    /// Whether all its numbers are finite.
    pub finite: bool,
}

/// The two factors of a layer's block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Q_λ.
    Input,
    /// G_λ.
    Preactivation,
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Input => "input",
            Self::Preactivation => "pre-activation",
        })
    }
}

/// Running averages of the Kronecker factors, and their damped inverses.
pub struct Kronecker<T> {
    /// The running averages, of dense ones the lower triangles.
    pub averages: KroneckerFactors<T>,
    /// KFRA's factors of the minibatch; memory for what is inverted.
    scratch: KroneckerFactors<T>,
    inverses: Inverses<T>,
    /// In place of inverses, where eigenvalues are corrected.
    corrected: Option<Corrected<T>>,
    columns: Columns<T>,
    recursion: factors::Scratch<T>,
    outputs: Array2<T>,
    cholesky: Cholesky,
    product: Parameters<T>,
}

/// The damped inverses of all factors; layer λ at index λ − 1. None where eigenvalues are corrected.
#[derive(Clone, Debug)]
pub struct Inverses<T> {
    /// γ + η.
    damping: f64,
    input: Vec<Array2<T>>,
    preactivation: Vec<Factor<T>>,
}

/// ω of one layer: how the damping is split between its two factors,
/// ω² = (tr Q / dim Q) / (tr G / dim G). 1 where a trace is zero or not finite.
pub fn damping_split(input_trace: f64, inputs: usize, preactivation_trace: f64, units: usize) -> f64 {
    let ratio = (input_trace / inputs as f64) / (preactivation_trace / units as f64);
    if ratio.is_finite() && ratio > 0.0 { ratio.sqrt() } else { 1.0 }
}

impl<T: Real> Kronecker<T> {
    /// Memory for a network.
    pub fn new(curvature: Curvature, architecture: &Architecture) -> Self {
        let averages = KroneckerFactors::zeros(architecture);
        let corrected = matches!(curvature, Curvature::Ekfac { .. }).then(|| Corrected::new(architecture));
        let (input, preactivation) = match corrected {
            Some(_) => Default::default(),
            None => (averages.input.clone(), averages.preactivation.clone()),
        };
        let inverses = Inverses { damping: 0.0, input, preactivation };
        Self {
            scratch: averages.clone(),
            averages,
            inverses,
            corrected,
            columns: Columns::default(),
            recursion: factors::Scratch::default(),
            outputs: Array2::default((0, 0)),
            cholesky: Cholesky::default(),
            product: Parameters::zeros(architecture),
        }
    }

    /// The running averages.
    pub fn factors(&self) -> KroneckerFactors<T> {
        let mut factors = self.averages.clone();
        factors.mirror();
        factors
    }

    /// Q_λ of the minibatch enters the running average, with weight `past` of what was.
    ///
    /// # Errors
    /// Where a factor of the minibatch is not finite. So is its average, until one with no past replaces it.
    pub fn update_input(&mut self, pass: &Pass<T>, past: f64) -> Result<(), BadFactor> {
        average_input_factors(pass, past, &mut self.averages.input);
        require_finite(Side::Input, self.averages.input.iter().map(trace))
    }

    /// G_λ of the minibatch enters the running average, with weight `past` of what was; after a forward
    /// and a backward pass. `seed` and `step` choose the targets that KFAC draws.
    ///
    /// # Errors
    /// Where a factor of the minibatch is not finite. So is its average, until one with no past replaces it.
    pub fn update_preactivation(
        &mut self,
        curvature: Curvature,
        pass: &Pass<T>,
        parameters: &Parameters<T>,
        (seed, step): (u64, u64),
        past: f64,
    ) -> Result<(), BadFactor> {
        let averages = &mut self.averages.preactivation;
        let mut columnwise = |root| {
            let (columns, outputs) = (&mut self.columns, &mut self.outputs);
            average_from_columns(pass, parameters, (root, past), columns, outputs, averages);
        };
        match curvature {
            Curvature::Kfra => {
                let batch = &mut self.scratch.preactivation;
                kfra(pass, parameters, &mut self.recursion, batch);
                averages.iter_mut().zip(batch).for_each(|(kept, new)| kept.average(new, past));
            }
            Curvature::Kflr => columnwise(Root::Exact),
            Curvature::Kfac { samples, empirical: false } | Curvature::Ekfac { samples } => {
                columnwise(Root::Sampled { samples, seed, step });
            }
            Curvature::Kfac { empirical: true, .. } => {
                let weight = T::of((1.0 - past) / pass.data() as f64);
                all(averages.par_iter_mut().enumerate(), |(index, factor)| {
                    let delta = pass.delta(index + 1);
                    gram_lower(weight, delta, Target::Decay(past), factor.dense_mut(delta.ncols()).view_mut());
                });
            }
            Curvature::HessianFree { .. } => unreachable!("Hessian-free has no Kronecker factors"),
        }
        if let Some(corrected) = &mut self.corrected {
            corrected.age();
        }
        require_finite(Side::Preactivation, self.averages.preactivation.iter().map(Factor::trace))
    }

    /// The corrected eigenvalues of the minibatch enter their running average, with weight `past` of what was;
    /// after [`Kronecker::invert`]. Nothing where eigenvalues are not corrected.
    pub fn rescale(
        &mut self,
        curvature: Curvature,
        pass: &Pass<T>,
        parameters: &Parameters<T>,
        (seed, step): (u64, u64),
        past: f64,
    ) {
        if let (Some(corrected), Curvature::Ekfac { samples }) = (&mut self.corrected, curvature) {
            corrected.rescale(pass, parameters, Root::Sampled { samples, seed, step }, past);
        }
    }

    /// The eigenvectors and corrected eigenvalues, where eigenvalues are corrected.
    pub fn corrected(&self) -> Option<&Corrected<T>> {
        self.corrected.as_ref()
    }

    /// Makes the damped inverses anew, or the eigenvectors where eigenvalues are corrected. Returns, in words,
    /// each factor that needed more damping than asked for.
    ///
    /// # Errors
    /// Where a factor cannot be inverted with any damping: it is not finite.
    pub fn invert(&mut self, damping: f64, l2: f64) -> Result<Vec<String>, BadFactor> {
        self.inverses.damping = damping + l2;
        if let Some(corrected) = &mut self.corrected {
            corrected.refresh(&self.averages)?;
            return Ok(Vec::new());
        }
        require_finite(Side::Input, self.averages.input.iter().map(trace))?;
        require_finite(Side::Preactivation, self.averages.preactivation.iter().map(Factor::trace))?;
        let k = (damping + l2).sqrt();
        let mut warnings = Vec::new();
        for index in 0..self.averages.input.len() {
            let (input, preactivation) = (&self.averages.input[index], &self.averages.preactivation[index]);
            let traces = [trace(input), preactivation.trace()];
            let split = damping_split(traces[0], input.nrows(), traces[1], preactivation.size());
            let mut warn = |side: Side, doublings: Option<u32>| {
                let layer = index + 1;
                let doublings = doublings.ok_or(BadFactor { layer, side, finite: true })?;
                if doublings > 0 {
                    let times = 2_u64.pow(doublings);
                    warnings.push(format!("layer {layer}: {side} factor inverted with {times} × k"));
                }
                Ok(())
            };
            let doublings = invert_damped(
                &mut self.cholesky,
                input,
                split * k,
                &mut self.scratch.input[index],
                &mut self.inverses.input[index],
            );
            warn(Side::Input, doublings)?;
            let inverse = &mut self.inverses.preactivation[index];
            match (preactivation, &mut self.scratch.preactivation[index]) {
                (Factor::Diagonal(diagonal), _) => {
                    let damping = T::of(k / split);
                    inverse.diagonal_mut(diagonal.len()).zip_mut_with(diagonal, |inverse, &x| {
                        *inverse = T::one() / (x + damping);
                    });
                }
                (Factor::Dense(factor), scratch) => {
                    let size = factor.nrows();
                    let inverse = inverse.dense_mut(size);
                    let scratch = scratch.dense_mut(size);
                    let doublings = invert_damped(&mut self.cholesky, factor, k / split, scratch, inverse);
                    warn(Side::Preactivation, doublings)?;
                }
            }
        }
        Ok(warnings)
    }

    /// Exchanges the damped inverses, to keep those of the best damping tried.
    pub fn swap_inverses(&mut self, other: &mut Inverses<T>) {
        std::mem::swap(&mut self.inverses, other);
    }

    /// The damped inverses.
    pub fn inverses(&self) -> &Inverses<T> {
        &self.inverses
    }

    /// direction ← δ, the gradient preconditioned with the damped inverses.
    pub fn direction(&mut self, gradient: &Parameters<T>, direction: &mut Parameters<T>) {
        if let Some(corrected) = &self.corrected {
            return corrected.direction(self.inverses.damping, gradient, direction);
        }
        let layers = (self.product.layers_mut(), direction.layers_mut());
        all(layers.into_par_iter().enumerate(), |(index, (mut product, direction))| {
            self.inverses.preactivation[index].apply(gradient.layer(index + 1), product.view_mut());
            let inverse = self.inverses.input[index].view();
            gemm(-T::one(), product.view(), inverse, Target::Replace, direction);
        });
    }
}

/// The running averages, and the damped inverses or the corrected eigenvalues.
impl<T: Real> Keep for Kronecker<T> {
    fn save(&self, archive: &mut Archive) {
        if let Some(corrected) = &self.corrected {
            corrected.save(archive);
            archive.note("inverses_damping", &self.inverses.damping);
        }
        let factors = self.factors();
        let kept = [("factors", &factors.input), ("inverses", &self.inverses.input)];
        for (name, matrices) in kept {
            for (index, matrix) in matrices.iter().enumerate() {
                archive.put(format!("state/{name}/{}/input", index + 1), matrix.view());
            }
        }
        let kept = [("factors", &factors.preactivation), ("inverses", &self.inverses.preactivation)];
        for (name, factors) in kept {
            for (index, factor) in factors.iter().enumerate() {
                factor.save(&format!("state/{name}/{}/preactivation", index + 1), archive);
            }
        }
    }

    fn restore(&mut self, archive: &Archive) -> Result<(), ArchiveError> {
        if let Some(corrected) = &mut self.corrected {
            corrected.restore(archive)?;
            self.inverses.damping = archive.value("inverses_damping")?;
        }
        let kept = [("factors", &mut self.averages.input), ("inverses", &mut self.inverses.input)];
        for (name, matrices) in kept {
            for (index, matrix) in matrices.iter_mut().enumerate() {
                archive.fill(&format!("state/{name}/{}/input", index + 1), matrix.view_mut())?;
            }
        }
        let kept = [("factors", &mut self.averages.preactivation), ("inverses", &mut self.inverses.preactivation)];
        for (name, factors) in kept {
            for (index, factor) in factors.iter_mut().enumerate() {
                factor.restore(&format!("state/{name}/{}/preactivation", index + 1), archive)?;
            }
        }
        Ok(())
    }
}

fn trace<T: Real>(matrix: &Array2<T>) -> f64 {
    matrix.diag().iter().map(|x| x.double()).sum()
}

/// A positive semi-definite factor is finite where its trace is. `traces`: those of all layers.
fn require_finite(side: Side, mut traces: impl Iterator<Item = f64>) -> Result<(), BadFactor> {
    match traces.position(|trace| !trace.is_finite()) {
        None => Ok(()),
        Some(index) => Err(BadFactor { layer: index + 1, side, finite: false }),
    }
}

/// inverse ← (factor + damping · I)⁻¹, and how often the damping had to be doubled: once more in double
/// precision, then with more and more damping. None where no damping is enough. `scratch` is overwritten.
fn invert_damped<T: Real>(
    cholesky: &mut Cholesky,
    factor: &Array2<T>,
    damping: f64,
    scratch: &mut Array2<T>,
    inverse: &mut Array2<T>,
) -> Option<u32> {
    scratch.assign(factor);
    scratch.diag_mut().mapv_inplace(|x| x + T::of(damping));
    if cholesky.invert(scratch.view_mut(), inverse.view_mut()).is_ok() {
        return Some(0);
    }
    let size = factor.nrows();
    let exact = factor.mapv(Real::double);
    let mut wide = Array2::zeros((size, size));
    for doublings in 0..DOUBLINGS {
        let mut damped = exact.clone();
        damped.diag_mut().mapv_inplace(|x| x + damping * f64::from(doublings).exp2());
        if cholesky.invert(damped.view_mut(), wide.view_mut()).is_ok() {
            inverse.assign(&wide.mapv(T::of));
            return Some(doublings);
        }
    }
    None
}
