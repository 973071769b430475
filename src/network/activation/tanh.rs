use super::Kernel;
use crate::linalg::{Real, vectorised};

pub struct Tanh;

/// e ← exp(−2|h|), elementwise.
fn exponentials<T: Real>(h: &[T], e: &mut [T]) {
    vectorised!(e.iter_mut().zip(h).for_each(|(e, &h)| *e = T::of(-2.0) * h.abs()));
    T::exp_all(e);
}

/// f and f′ = 4e / (1 + e)², given e = exp(−2|h|), by one division: 1 − f² would lose the slope of saturated units.
#[inline]
fn value_and_slope<T: Real>(h: T, e: T) -> (T, T) {
    let inverse = (T::one() + e).recip();
    (T::tanh_given(h, e, inverse), T::of(4.0) * e * inverse * inverse)
}

impl<T: Real> Kernel<T> for Tanh {
    /// f and f′ of one exponential.
    fn apply(&self, h: &[T], value: &mut [T], slope: &mut [T]) {
        exponentials(h, slope);
        vectorised!({
            for ((&h, value), slope) in h.iter().zip(value).zip(slope) {
                (*value, *slope) = value_and_slope(h, *slope);
            }
        });
    }

    /// f″ = −2 f f′.
    fn bend(&self, h: &[T], bend: &mut [T]) {
        exponentials(h, bend);
        for (&h, b) in h.iter().zip(bend) {
            let (value, slope) = value_and_slope(h, *b);
            *b = T::of(-2.0) * value * slope;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_is_right_to_a_few_roundings() {
        let h: Vec<f32> = (-40_000..=40_000).map(|i| (i as f32 * 1e-3).powi(3) * 1e-3).collect();
        let (mut value, mut slope) = (vec![0.0; h.len()], vec![0.0; h.len()]);
        Tanh.apply(&h, &mut value, &mut slope);
        for ((&h, &value), &slope) in h.iter().zip(&value).zip(&slope) {
            let (exact, e) = (f64::from(h).tanh(), (-2.0 * f64::from(h).abs()).exp());
            let near = |found: f32, exact: f64, of| (f64::from(found) - exact).abs() <= of * exact.abs() + 1e-37;
            assert!(near(value, exact, 2.5e-7), "tanh {h} = {value}, not {exact}");
            // The exponent 2|h| is rounded too.
            let rounding = 4e-7 + 1.2e-7 * f64::from(h).abs();
            assert!(near(slope, 4.0 * e / (1.0 + e).powi(2), rounding), "tanh' {h} = {slope}");
        }
    }
}
