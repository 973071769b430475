use ndarray::{ArrayViewMut2, Axis};

use super::Kernel;
use crate::linalg::{Real, Stream, row_mut};

pub struct Categorical;

/// The largest of the probabilities p, and what would lose its digits in a difference from one or in a
/// sum with large outputs.
struct Top<T> {
    /// Which it is.
    class: usize,
    /// Its output, max h.
    output: T,
    /// The sum of the others' probabilities, 1 − max p.
    others: T,
    /// logsumexp(h) − max h.
    log_sum: T,
}

impl<T: Real> Top<T> {
    /// 1 − p_k.
    fn complement(&self, k: usize, p: T) -> T {
        if k == self.class { self.others } else { T::one() - p }
    }
}

/// p ← softmax(h).
fn softmax<T: Real>(h: &[T], p: &mut [T]) -> Top<T> {
    let top = largest(h);
    // Σ e^(h − max h) without the 1 of the largest; not a number where max h is none, also of one class.
    let mut others = h[top] * T::zero();
    for (k, (&x, p)) in h.iter().zip(p.iter_mut()).enumerate() {
        *p = (x - h[top]).exp();
        if k != top {
            others += *p;
        }
    }
    let sum = T::one() + others;
    for p in p {
        *p /= sum;
    }
    Top { class: top, output: h[top], others: others / sum, log_sum: others.ln_1p() }
}

/// The first class of the largest output.
fn largest<T: Real>(h: &[T]) -> usize {
    (0..h.len()).fold(0, |top, k| if h[k] > h[top] { k } else { top })
}

impl<T: Real> Kernel<T> for Categorical {
    fn value_and_gradient(&self, h: &[T], y: &[T], gradient: &mut [T]) -> T {
        let top = softmax(h, gradient);
        let mut value = T::zero();
        for (k, ((&h, &y), g)) in h.iter().zip(y).zip(gradient).enumerate() {
            // The targets sum to one, so this is logsumexp(h) − y·h without their cancellation.
            if y != T::zero() {
                value += y * ((top.output - h) + top.log_sum);
            }
            *g = if k == top.class { (T::one() - y) - top.others } else { *g - y };
        }
        value
    }

    /// diag(p) − ppᵀ.
    fn hessian(&self, h: &[T], _: &[T], mut hessian: ArrayViewMut2<T>) {
        let mut p = vec![T::zero(); h.len()];
        let top = softmax(h, &mut p);
        for ((i, j), x) in hessian.indexed_iter_mut() {
            *x = if i == j { p[i] * top.complement(i, p[i]) } else { -p[i] * p[j] };
        }
    }

    fn diagonal(&self, h: &[T], _: &[T], diagonal: &mut [T]) {
        let top = softmax(h, diagonal);
        for (k, p) in diagonal.iter_mut().enumerate() {
            *p *= top.complement(k, *p);
        }
    }

    /// S = diag(√p) − p√pᵀ annihilates √p. The Householder reflection that takes √p to the last axis
    /// therefore turns the last column to zero, and leaves K − 1:
    /// √p_j [(e_j − p) − √p_K/(1 + √p_K) (e_K − p)], j < K.
    fn root(&self, h: &[T], _: &[T], mut rows: ArrayViewMut2<T>) {
        let last = h.len() - 1;
        if last == 0 {
            rows.fill(T::zero());
            return;
        }
        // The last row holds p until it is overwritten itself.
        let (mut earlier, mut holder) = rows.split_at(Axis(0), last - 1);
        let top = softmax(h, row_mut(&mut holder.row_mut(0)));
        let share = holder[(0, last)].sqrt() / (T::one() + holder[(0, last)].sqrt());
        let entry = |j: usize, k: usize, scale: T, p: T| {
            let off = |class: usize| if k == class { top.complement(k, p) } else { -p };
            scale * (off(j) - share * off(last))
        };
        for (j, mut row) in earlier.outer_iter_mut().enumerate() {
            let scale = holder[(0, j)].sqrt();
            for (k, x) in row.iter_mut().enumerate() {
                *x = entry(j, k, scale, holder[(0, k)]);
            }
        }
        let scale = holder[(0, last - 1)].sqrt();
        for (k, x) in holder.iter_mut().enumerate() {
            *x = entry(last - 1, k, scale, *x);
        }
    }

    /// p ⊙ (v − p·v), with the exponentials computed twice in place of memory for p, and all of v less its
    /// element of the largest p, which H_L does not see.
    fn product(&self, h: &[T], _: &[T], v: &mut [T]) {
        let top = largest(h);
        let base = v[top];
        let (mut sum, mut weighted) = (T::zero(), T::zero());
        for (&x, v) in h.iter().zip(v.iter_mut()) {
            let e = (x - h[top]).exp();
            *v -= base;
            sum += e;
            weighted += e * *v;
        }
        let mean = weighted / sum;
        v.iter_mut().zip(h).for_each(|(v, &x)| *v = (x - h[top]).exp() / sum * (*v - mean));
    }

    /// H_L annihilates the vector of ones.
    fn root_rank(&self, outputs: usize) -> usize {
        (outputs - 1).max(1)
    }

    fn labels(&self, outputs: usize) -> Option<usize> {
        Some(outputs)
    }

    fn label(&self, label: usize, target: &mut [T]) {
        target.fill(T::zero());
        target[label] = T::one();
    }

    fn sample(&self, h: &[T], stream: &mut Stream, target: &mut [T]) {
        softmax(h, target);
        let mut left = stream.uniform::<T>();
        let last = target.len() - 1;
        let mut chosen = last;
        for (k, &p) in target.iter().enumerate() {
            if left < p {
                chosen = k;
                break;
            }
            left -= p;
        }
        target.fill(T::zero());
        target[chosen] = T::one();
    }
}
