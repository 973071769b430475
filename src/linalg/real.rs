//! The one number trait: what the numerical core asks of `f32` and `f64`.

use std::iter::Sum;

use ndarray::NdFloat;
use rten_simd::SimdUnaryOp as _;
use safetensors::tensor::Dtype;

/// A floating-point type the whole numerical core works in: `f32` or `f64`.
///
/// Elementary functions act on whole slices, in place, so that each precision can use the vector
/// unit in its own way.
pub trait Real: NdFloat + faer::traits::RealField + Sum + Default {
    /// The unit round-off of the type, ε: the gap between 1 and the next larger number.
    const EPSILON: f64;

    /// What safetensors files call the type.
    const DTYPE: Dtype;

    /// The number nearest to `value`.
    fn of(value: f64) -> Self;

    /// This number in double precision, exactly.
    fn double(self) -> f64;

    /// Appends the bits of this number, little endian.
    fn append_to(self, bytes: &mut Vec<u8>);

    /// x ← eˣ, elementwise.
    fn exp_all(x: &mut [Self]);

    /// tanh x, given e = exp(−2|x|) and 1 / (1 + e).
    fn tanh_given(x: Self, e: Self, inverse: Self) -> Self;

    /// x ← σ(x) = 1 / (1 + e⁻ˣ), elementwise; no overflow for any finite x.
    fn sigmoid_all(x: &mut [Self]);

    /// x ← Φ(x) = ½ erfc(−x/√2), the standard normal distribution function, elementwise.
    fn normal_all(x: &mut [Self]);

    /// ln(1 + x) for x in [0, 1], the only range the stable losses need.
    fn ln_1p_unit(x: Self) -> Self;
}

impl Real for f32 {
    const EPSILON: f64 = f32::EPSILON as f64;
    const DTYPE: Dtype = Dtype::F32;

    fn of(value: f64) -> Self {
        value as f32
    }

    fn double(self) -> f64 {
        f64::from(self)
    }

    fn append_to(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }

    fn exp_all(x: &mut [Self]) {
        rten_vecmath::Exp {}.map_mut(x);
    }

    /// By (1 − e) / (1 + e), where x is small and 1 − e loses digits by the series of tanh; the first term left out is
    /// below 2⁻²⁷ of the sum. Straight-line code, so that loops over it run on the vector unit.
    #[inline]
    fn tanh_given(x: Self, e: Self, inverse: Self) -> Self {
        let s = x * x;
        let tail = 17.0 / 315.0 - s * (62.0 / 2835.0 - s * (1382.0 / 155_925.0));
        let series = x * (1.0 - s * (1.0 / 3.0 - s * (2.0 / 15.0 - s * tail)));
        let ratio = ((1.0 - e) * inverse).copysign(x);
        if s < 0.1 { series } else { ratio }
    }

    fn sigmoid_all(x: &mut [Self]) {
        rten_vecmath::Sigmoid {}.map_mut(x);
    }

    /// By ½ (1 + erf): to the rounding of 1, not of small values.
    fn normal_all(x: &mut [Self]) {
        for x in &mut *x {
            *x *= std::f32::consts::FRAC_1_SQRT_2;
        }
        rten_vecmath::Erf {}.map_mut(x);
        for x in x {
            *x = 0.5 * (1.0 + *x);
        }
    }

    /// 2 artanh(z) with z = x / (2 + x) ≤ ⅓, by its series; the first term left out is below 2⁻²⁶
    /// of the sum. Straight-line code, so that loops over it run on the vector unit.
    #[inline]
    fn ln_1p_unit(x: Self) -> Self {
        let z = x / (2.0 + x);
        let s = z * z;
        let tail = 1.0 / 9.0 + s * (1.0 / 11.0 + s * (1.0 / 13.0 + s * (1.0 / 15.0)));
        2.0 * z * (1.0 + s * (1.0 / 3.0 + s * (1.0 / 5.0 + s * (1.0 / 7.0 + s * tail))))
    }
}

impl Real for f64 {
    const EPSILON: f64 = f64::EPSILON;
    const DTYPE: Dtype = Dtype::F64;

    fn of(value: f64) -> Self {
        value
    }

    fn double(self) -> f64 {
        self
    }

    fn append_to(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }

    fn exp_all(x: &mut [Self]) {
        for x in x {
            *x = x.exp();
        }
    }

    fn tanh_given(x: Self, _: Self, _: Self) -> Self {
        x.tanh()
    }

    fn sigmoid_all(x: &mut [Self]) {
        for x in x {
            let e = (-x.abs()).exp();
            *x = if *x >= 0.0 { 1.0 } else { e } / (1.0 + e);
        }
    }

    fn normal_all(x: &mut [Self]) {
        for x in x {
            *x = 0.5 * libm::erfc(-*x * std::f64::consts::FRAC_1_SQRT_2);
        }
    }

    fn ln_1p_unit(x: Self) -> Self {
        x.ln_1p()
    }
}
