use nalgebra::{Matrix3, Vector3};
use ndarray::ArrayViewMut2;

use super::Kernel;
use crate::linalg::{Real, Stream};

pub struct BinaryMixture;

/// σ(x), stable in both tails.
fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

/// log σ(x) = min(x, 0) − ln(1 + e^−|x|).
fn log_sigmoid(x: f64) -> f64 {
    x.min(0.0) - (-x.abs()).exp().ln_1p()
}

/// σ(x) − σ(x + d) = σ(x) σ(−x − d)(1 − eᵈ), which keeps its digits wherever x and d have theirs.
fn fall(x: f64, d: f64) -> f64 {
    if d > 0.0 { sigmoid(-x) * sigmoid(x + d) * (-d).exp_m1() } else { -sigmoid(x) * sigmoid(-x - d) * d.exp_m1() }
}

/// What value, gradient and Hessian have in common. δ = log σ(y h₂) − log σ(y h₃).
struct Branches {
    /// E.
    value: f64,
    /// h.
    h: [f64; 3],
    /// y.
    y: f64,
    /// Responsibility of the first branch, r = σ(h₁ + δ), and of the second.
    responsibility: [f64; 2],
    /// σ(h₁) − r.
    gate: f64,
    /// 1 − σ(h₁) − r.
    rest: f64,
}

impl Branches {
    fn of<T: Real>(h: &[T], y: &[T]) -> Self {
        let h = [h[0].double(), h[1].double(), h[2].double()];
        let y = y[0].double();
        let [first, second] = [log_sigmoid(y * h[1]), log_sigmoid(y * h[2])];
        // The probability of the other label, whose digits 1 − p(y|h) would lose where it is small.
        let other = sigmoid(h[0]) * sigmoid(-y * h[1]) + sigmoid(-h[0]) * sigmoid(-y * h[2]);
        let value = if other < 0.5 {
            -(-other).ln_1p()
        } else {
            let [first, second] = [log_sigmoid(h[0]) + first, log_sigmoid(-h[0]) + second];
            -(first.max(second) + (-(first - second).abs()).exp().ln_1p())
        };
        let delta = first - second;
        let responsibility = [sigmoid(h[0] + delta), sigmoid(-h[0] - delta)];
        Self { value, h, y, responsibility, gate: fall(h[0], delta), rest: fall(-h[0], 2.0 * h[0] + delta) }
    }

    /// (σ(h₁) − r, −r y σ(−y h₂), −(1 − r) y σ(−y h₃)).
    fn gradient(&self) -> [f64; 3] {
        let [r, q] = self.responsibility;
        let [_, h2, h3] = self.h;
        [self.gate, -r * self.y * sigmoid(-self.y * h2), -q * self.y * sigmoid(-self.y * h3)]
    }

    /// diag(s(1−s), r s₂(1−s₂), (1−r) s₃(1−s₃)) − r(1−r) d dᵀ, with s = σ(h₁), s₂ = σ(y h₂),
    /// s₃ = σ(y h₃), d = (1, y(1−s₂), −y(1−s₃)). Its first element is (s − r)(1 − s − r).
    fn hessian(&self) -> Matrix3<f64> {
        let [r, q] = self.responsibility;
        let [h2, h3] = [self.y * self.h[1], self.y * self.h[2]];
        let both = |x: f64| sigmoid(x) * sigmoid(-x);
        let d = Vector3::new(1.0, self.y * sigmoid(-h2), -self.y * sigmoid(-h3));
        let mut hessian =
            d * d.transpose() * (-r * q) + Matrix3::from_diagonal(&Vector3::new(0.0, r * both(h2), q * both(h3)));
        hessian[(0, 0)] = self.gate * self.rest;
        hessian
    }

    /// S with S Sᵀ = PSD(H_L), from the eigendecomposition.
    fn root(&self) -> Matrix3<f64> {
        let eigen = self.hessian().symmetric_eigen();
        eigen.eigenvectors * Matrix3::from_diagonal(&eigen.eigenvalues.map(|e| e.max(0.0).sqrt()))
    }
}

impl<T: Real> Kernel<T> for BinaryMixture {
    fn value_and_gradient(&self, h: &[T], y: &[T], gradient: &mut [T]) -> T {
        let branches = Branches::of(h, y);
        for (g, value) in gradient.iter_mut().zip(branches.gradient()) {
            *g = T::of(value);
        }
        T::of(branches.value)
    }

    fn hessian(&self, h: &[T], y: &[T], mut hessian: ArrayViewMut2<T>) {
        let exact = Branches::of(h, y).hessian();
        for ((i, j), x) in hessian.indexed_iter_mut() {
            *x = T::of(exact[(i, j)]);
        }
    }

    fn diagonal(&self, h: &[T], y: &[T], diagonal: &mut [T]) {
        let exact = Branches::of(h, y).hessian();
        for (i, d) in diagonal.iter_mut().enumerate() {
            *d = T::of(exact[(i, i)]);
        }
    }

    fn root(&self, h: &[T], y: &[T], mut rows: ArrayViewMut2<T>) {
        let root = Branches::of(h, y).root();
        for ((i, j), x) in rows.indexed_iter_mut() {
            *x = T::of(root[(j, i)]);
        }
    }

    fn product(&self, h: &[T], y: &[T], v: &mut [T]) {
        let root = Branches::of(h, y).root();
        let image = root * (root.transpose() * Vector3::new(v[0].double(), v[1].double(), v[2].double()));
        v.iter_mut().zip(image.iter()).for_each(|(v, &x)| *v = T::of(x));
    }

    fn required_outputs(&self) -> Option<usize> {
        Some(3)
    }

    fn labels(&self, _: usize) -> Option<usize> {
        Some(2)
    }

    fn label(&self, label: usize, target: &mut [T]) {
        target[0] = if label == 0 { T::one() } else { -T::one() };
    }

    fn sample(&self, h: &[T], stream: &mut Stream, target: &mut [T]) {
        let positive = (-Branches::of(h, &[T::one()]).value).exp();
        target[0] = if stream.uniform::<f64>() < positive { T::one() } else { -T::one() };
    }
}
