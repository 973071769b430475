use ndarray::ArrayViewMut2;

use super::Kernel;
use crate::linalg::{Real, Stream, row_mut, sum, vectorised};

pub struct Bernoulli;

impl<T: Real> Kernel<T> for Bernoulli {
    /// With e = e^−|h|: softplus(h) = max(h, 0) + ln(1 + e); σ(h) and 1 − σ(h) are 1 and e, or e and 1,
    /// over 1 + e, and σ(h) − y = σ(h)(1 − y) − (1 − σ(h)) y, which keeps the digits of both.
    fn value_and_gradient(&self, h: &[T], y: &[T], gradient: &mut [T]) -> T {
        for (&h, g) in h.iter().zip(gradient.iter_mut()) {
            *g = -h.abs();
        }
        T::exp_all(gradient);
        // In this order a certain and right prediction keeps its small loss.
        let above = |h| if h >= T::zero() { h } else { T::zero() };
        let value = sum([h, y, gradient], |[h, y, e]| (above(h) - y * h) + T::ln_1p_unit(e));
        vectorised!({
            for ((&h, &y), g) in h.iter().zip(y).zip(gradient) {
                let e = *g;
                let (one, zero) = if h >= T::zero() { (T::one(), e) } else { (e, T::one()) };
                *g = (one * (T::one() - y) - zero * y) / (T::one() + e);
            }
        });
        value
    }

    fn hessian(&self, h: &[T], y: &[T], mut hessian: ArrayViewMut2<T>) {
        hessian.fill(T::zero());
        // The first row holds the diagonal until each of its numbers has gone to its place.
        self.diagonal(h, y, row_mut(&mut hessian.row_mut(0)));
        for k in 1..h.len() {
            hessian[(k, k)] = std::mem::take(&mut hessian[(0, k)]);
        }
    }

    /// σ(h)(1 − σ(h)) = e / (1 + e)², which keeps its relative accuracy in both tails.
    fn diagonal(&self, h: &[T], _: &[T], diagonal: &mut [T]) {
        for (&h, d) in h.iter().zip(diagonal.iter_mut()) {
            *d = -h.abs();
        }
        T::exp_all(diagonal);
        for d in diagonal {
            let s = T::one() + *d;
            *d /= s * s;
        }
    }

    fn root(&self, h: &[T], y: &[T], mut rows: ArrayViewMut2<T>) {
        self.hessian(h, y, rows.view_mut());
        rows.diag_mut().mapv_inplace(num_traits::Float::sqrt);
    }

    fn product(&self, h: &[T], y: &[T], v: &mut [T]) {
        let mut diagonal = [T::zero(); 64];
        let chunks = h.chunks(64).zip(y.chunks(64)).zip(v.chunks_mut(64));
        for ((h, y), v) in chunks {
            let d = &mut diagonal[..h.len()];
            self.diagonal(h, y, d);
            v.iter_mut().zip(d).for_each(|(v, d)| *v *= *d);
        }
    }

    fn sample(&self, h: &[T], stream: &mut Stream, target: &mut [T]) {
        target.copy_from_slice(h);
        T::sigmoid_all(target);
        for y in target {
            *y = if stream.uniform::<T>() < *y { T::one() } else { T::zero() };
        }
    }

    /// σ(h) − ỹ, without the value.
    fn sample_gradient(&self, h: &[T], stream: &mut Stream, _: &mut [T], gradient: &mut [T]) {
        gradient.copy_from_slice(h);
        T::sigmoid_all(gradient);
        for g in gradient {
            *g -= if stream.uniform::<T>() < *g { T::one() } else { T::zero() };
        }
    }
}
