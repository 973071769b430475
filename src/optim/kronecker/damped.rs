//! The damped inverses (Q + ω k I)⁻¹ and (G + ω⁻¹ k I)⁻¹ of one layer's Kronecker factors.

use ndarray::Array2;

use crate::curvature::Factor;
use crate::linalg::{Cholesky, NotPositiveDefinite, Real};

/// How often k is doubled before a factor counts as impossible to invert.
const DOUBLINGS: u32 = 60;

/// ω of one layer: how the damping is split between its two factors,
/// ω² = (tr Q / dim Q) / (tr G / dim G). 1 where a trace is zero or not finite.
pub fn damping_split(input_trace: f64, inputs: usize, preactivation_trace: f64, units: usize) -> f64 {
    let ratio = (input_trace / inputs as f64) / (preactivation_trace / units as f64);
    if ratio.is_finite() && ratio > 0.0 { ratio.sqrt() } else { 1.0 }
}

/// inverses ← the damped inverses of the factors (Q, G), and how often the damping of each had to be doubled.
/// `scratch` is overwritten.
///
/// # Errors
/// Where a factor cannot be inverted with any damping: it is not finite.
pub fn invert<T: Real>(
    (input, preactivation): (&Array2<T>, &Factor<T>),
    k: f64,
    scratch: (&mut Array2<T>, &mut Factor<T>),
    inverses: (&mut Array2<T>, &mut Factor<T>),
    cholesky: &mut Cholesky,
) -> Result<[u32; 2], NotPositiveDefinite> {
    let traces = [trace(input), preactivation.trace()];
    require_finite(traces[0], input.nrows())?;
    require_finite(traces[1], preactivation.size())?;
    let split = damping_split(traces[0], input.nrows(), traces[1], preactivation.size());
    let of_input = invert_damped(cholesky, input, split * k, scratch.0, inverses.0)?;
    let of_preactivation = match preactivation {
        Factor::Diagonal(diagonal) => {
            let damping = T::of(k / split);
            let inverse = inverses.1.diagonal_mut(diagonal.len());
            inverse.zip_mut_with(diagonal, |inverse, &x| *inverse = T::one() / (x + damping));
            0
        }
        Factor::Dense(factor) => {
            let size = factor.nrows();
            let (scratch, inverse) = (scratch.1.dense_mut(size), inverses.1.dense_mut(size));
            invert_damped(cholesky, factor, k / split, scratch, inverse)?
        }
    };
    Ok([of_input, of_preactivation])
}

/// inverse ← (factor + damping · I)⁻¹, and how often the damping had to be doubled: once more in double
/// precision, then with more and more damping. `scratch` is overwritten.
fn invert_damped<T: Real>(
    cholesky: &mut Cholesky,
    factor: &Array2<T>,
    damping: f64,
    scratch: &mut Array2<T>,
    inverse: &mut Array2<T>,
) -> Result<u32, NotPositiveDefinite> {
    scratch.assign(factor);
    scratch.diag_mut().mapv_inplace(|x| x + T::of(damping));
    if cholesky.invert(scratch.view_mut(), inverse.view_mut()).is_ok() {
        return Ok(0);
    }
    let size = factor.nrows();
    let exact = factor.mapv(Real::double);
    let mut wide = Array2::zeros((size, size));
    for doublings in 0..DOUBLINGS {
        let mut damped = exact.clone();
        damped.diag_mut().mapv_inplace(|x| x + damping * f64::from(doublings).exp2());
        if cholesky.invert(damped.view_mut(), wide.view_mut()).is_ok() {
            inverse.assign(&wide.mapv(T::of));
            return Ok(doublings);
        }
    }
    Err(NotPositiveDefinite { size })
}

/// tr A.
pub fn trace<T: Real>(matrix: &Array2<T>) -> f64 {
    matrix.diag().iter().map(|x| x.double()).sum()
}

/// A positive semi-definite factor is finite where its trace is.
pub fn require_finite(trace: f64, size: usize) -> Result<(), NotPositiveDefinite> {
    if trace.is_finite() { Ok(()) } else { Err(NotPositiveDefinite { size }) }
}
