//! Numbers that are known exactly, or estimated from random vectors.

use serde::{Deserialize, Serialize};

/// A number, exact or estimated, with a 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number, or the middle of what is known of it.
    pub value: f64,
    /// The standard error of the mean over the random vectors; 0 where it is exact.
    pub error: f64,
    /// Where the 95 % confidence interval begins: the random error by Student's t, and the whole width of
    /// what is not random, such as the bounds of a quadrature.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// Random vectors it is from; 0 where it is exact.
    pub vectors: usize,
}

impl Estimate {
    /// A number that is known.
    pub fn exact(value: f64) -> Self {
        Self { value, error: 0.0, low: value, high: value, vectors: 0 }
    }

    /// The mean of samples that do not depend on each other.
    pub fn of(samples: &[f64]) -> Self {
        let parts: Vec<_> = samples.iter().map(|&x| [x; 3]).collect();
        Self::between(&parts, f64::NEG_INFINITY, f64::INFINITY)
    }

    /// The mean of positive samples that do not depend on each other. Its random error is taken of its logarithm:
    /// where few samples are large, as for quadratic forms with one large eigenvalue, the mean is more often
    /// too small than too large, and this interval reaches further up than down. Where the mean is 0, so is all.
    pub fn of_positive(samples: &[f64]) -> Self {
        let plain = Self::of(samples);
        if plain.value <= 0.0 {
            return plain;
        }
        let factor = ((plain.high - plain.value) / plain.value).exp();
        Self { low: plain.value / factor, high: plain.value * factor, ..plain }
    }

    /// The mean of samples, each with bounds: [least, best, most]. The interval reaches from the end of that
    /// of the mean lower bound to the end of that of the mean upper one, within `low` … `high`.
    pub fn between(samples: &[[f64; 3]], low: f64, high: f64) -> Self {
        let vectors = samples.len();
        let moments = |part: usize| {
            let mean = samples.iter().map(|sample| sample[part]).sum::<f64>() / vectors as f64;
            let squares: f64 = samples.iter().map(|sample| (sample[part] - mean).powi(2)).sum();
            (mean, (squares / (vectors * vectors.saturating_sub(1).max(1)) as f64).sqrt())
        };
        let quantile = student(vectors.saturating_sub(1));
        let [(least, least_error), (value, error), (most, most_error)] = [0, 1, 2].map(moments);
        Self {
            value: value.clamp(low, high),
            error,
            low: (least - quantile * least_error).clamp(low, high),
            high: (most + quantile * most_error).clamp(low, high),
            vectors,
        }
    }

    /// Whether nothing of it is random.
    pub fn is_exact(&self) -> bool {
        self.vectors == 0
    }
}

/// The 97.5 % quantile of Student's t: Cornish & Fisher's expansion in 1/ν about that of the normal
/// distribution, which is right to 1 % from ν = 3 on.
fn student(freedom: usize) -> f64 {
    const NORMAL: f64 = 1.959_963_984_540_054;
    let (z, n) = (NORMAL, freedom.max(1) as f64);
    let terms = [
        (z.powi(3) + z) / 4.0,
        (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0,
        (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0,
    ];
    z + terms[0] / n + terms[1] / n.powi(2) + terms[2] / n.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, expected) in [(3, 3.182), (5, 2.571), (7, 2.365), (10, 2.228), (30, 2.042)] {
            assert!((student(freedom) - expected).abs() < 0.01 * expected, "{freedom}: {}", student(freedom));
        }
    }

    #[test]
    fn the_interval_holds_the_bounds_and_the_random_error() {
        let found = Estimate::between(&[[1.0, 2.0, 4.0], [3.0, 4.0, 6.0], [2.0, 3.0, 5.0]], 0.0, 6.5);
        assert!((found.value - 3.0).abs() < 1e-12 && (found.error - 3.0_f64.sqrt().recip()).abs() < 1e-12);
        assert!(found.low < 2.0 && found.low >= 0.0 && (found.high - 6.5).abs() < 1e-12);
        assert!(Estimate::exact(3.0).is_exact() && !found.is_exact());
    }

    #[test]
    fn the_interval_of_a_positive_mean_reaches_further_up_than_down() {
        let samples = [0.2, 0.1, 0.4, 9.0];
        let (plain, found) = (Estimate::of(&samples), Estimate::of_positive(&samples));
        assert!(found.low > 0.0 && found.high > plain.high && plain.low < 0.0);
        assert!((found.low * found.high - found.value.powi(2)).abs() < 1e-9);
        assert_eq!((found.value, found.error), (plain.value, plain.error));
        let alike = [2.0, 2.0, 2.0];
        assert_eq!(Estimate::of_positive(&alike), Estimate::of(&alike));
        assert_eq!(Estimate::of_positive(&[0.0; 3]), Estimate::of(&[0.0; 3]));
    }
}
