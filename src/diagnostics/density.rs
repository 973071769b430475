//! A spectrum in bounded memory.

use serde::{Deserialize, Serialize};

/// Bins a decade of |λ|.
pub const PER_DECADE: usize = 4;

/// Decades below the largest |λ| that have bins of their own.
pub const DECADES: usize = 16;

/// Eigenvalues that are kept one by one.
pub const EIGENVALUES: usize = 256;

/// How the eigenvalues of a symmetric matrix are spread: a histogram over log |λ|, the negative part apart.
///
/// Bin i holds the eigenvalues with |λ| in (s 10^(−(i+1)/4), s 10^(−i/4)], s = `scale`. Estimated numbers are
/// not whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Density {
    /// The largest |λ|.
    pub scale: f64,
    /// Numbers of positive eigenvalues, the largest first: at most 64 bins, none empty at the end.
    pub positive: Vec<f64>,
    /// Numbers of negative eigenvalues, those of largest |λ| first.
    pub negative: Vec<f64>,
    /// The number of eigenvalues that are in no bin: zero, to rounding.
    pub zero: f64,
}

impl Density {
    /// The |λ| at which bin `bin` begins and ends, the larger one first.
    pub fn edges(&self, bin: usize) -> (f64, f64) {
        let edge = |bin: usize| self.scale * 10_f64.powf(-(bin as f64) / PER_DECADE as f64);
        (edge(bin), edge(bin + 1))
    }

    /// Of weighted eigenvalues (λ, how many); those of |λ| at most `tolerance` count as zero.
    pub fn of(values: impl IntoIterator<Item = (f64, f64)> + Clone, tolerance: f64) -> Self {
        let scale = values.clone().into_iter().fold(0.0, |most: f64, (value, _)| most.max(value.abs()));
        let mut density = Self { scale, positive: Vec::new(), negative: Vec::new(), zero: 0.0 };
        for (value, weight) in values {
            let depth = (scale / value.abs()).log10() * PER_DECADE as f64;
            if value.abs() <= tolerance || depth.is_nan() || depth >= (DECADES * PER_DECADE) as f64 {
                density.zero += weight;
                continue;
            }
            let bins = if value > 0.0 { &mut density.positive } else { &mut density.negative };
            let bin = depth.max(0.0) as usize;
            if bins.len() <= bin {
                bins.resize(bin + 1, 0.0);
            }
            bins[bin] += weight;
        }
        density
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_eigenvalue_is_in_the_bin_whose_edges_hold_it() {
        let values = [10.0, 9.0, 1e-3, -0.5, -9.99, 1e-15, 0.0, 3e-17].map(|x| (x, 2.0));
        let density = Density::of(values, 1e-14);
        let inside = |value: f64, bins: &[f64]| {
            (0..bins.len()).any(|bin| {
                let (high, low) = density.edges(bin);
                value.abs() > low && value.abs() <= high && bins[bin] >= 2.0
            })
        };
        assert!([10.0, 9.0, 1e-3].into_iter().all(|value| inside(value, &density.positive)));
        assert!([-0.5, -9.99].into_iter().all(|value| inside(value, &density.negative)));
        let sum = |bins: &[f64]| bins.iter().sum::<f64>();
        assert!((sum(&density.positive) - 6.0).abs() < 1e-12 && (sum(&density.negative) - 4.0).abs() < 1e-12);
        assert!((density.zero - 6.0).abs() < 1e-12);
    }

    #[test]
    fn a_zero_matrix_has_zeros_alone() {
        let density = Density::of([(0.0, 7.0)], 0.0);
        assert_eq!(density, Density { scale: 0.0, positive: vec![], negative: vec![], zero: 7.0 });
    }
}
