//! How far: the exact quadratic model of the minibatch along one direction or two.

use nalgebra::{Matrix2, Vector2};

/// The model M(Δ) = gᵀΔ + ½ Δᵀ C Δ on the span of δ and δ₀, with C = Ḡ + (τ + η) I: the inner products
/// it needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuadraticModel {
    /// (δᵀg, δ₀ᵀg).
    pub slope: [f64; 2],
    /// δᵀCδ, δ₀ᵀCδ₀.
    pub curvature: [f64; 2],
    /// δᵀCδ₀.
    pub mixed: f64,
}

/// The minimum of a quadratic model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minimum {
    /// α*, the multiple of δ.
    pub step_size: f64,
    /// μ*, the multiple of δ₀.
    pub momentum: f64,
    /// M(α* δ + μ* δ₀), never above 0.
    pub change: f64,
}

/// A difference of less than so many ε of two numbers has fewer than two digits left.
const ROUNDING: f64 = 100.0;

impl QuadraticModel {
    /// The model along δ alone: `slope` = δᵀg, `curvature` = δᵀCδ.
    pub fn along(slope: f64, curvature: f64) -> Self {
        Self { slope: [slope, 0.0], curvature: [curvature, 0.0], mixed: 0.0 }
    }

    /// Its minimum; along δ alone where the 2 × 2 system is singular:
    /// α* = −δᵀg / δᵀCδ (Botev, Ritter & Barber 2017, section 4.5; Martens & Grosse 2015, section 7).
    /// No step where δᵀCδ is not positive. `epsilon`: that of the precision in which the inner products were
    /// computed.
    pub fn minimum(&self, epsilon: f64) -> Minimum {
        let matrix = Matrix2::new(self.curvature[0], self.mixed, self.mixed, self.curvature[1]);
        let slope = Vector2::from(self.slope);
        // Singular to rounding: the determinant is lost in that of the product of the diagonal.
        let solvable = matrix.determinant() > ROUNDING * epsilon * self.curvature[0] * self.curvature[1];
        if solvable && let Some(inverse) = matrix.try_inverse() {
            let found = -(inverse * slope);
            return Minimum { step_size: found[0], momentum: found[1], change: slope.dot(&found) / 2.0 };
        }
        if self.curvature[0] > 0.0 {
            let step_size = -self.slope[0] / self.curvature[0];
            return Minimum { step_size, momentum: 0.0, change: step_size * self.slope[0] / 2.0 };
        }
        Minimum { step_size: 0.0, momentum: 0.0, change: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_has_no_slope_left() {
        let model = QuadraticModel { slope: [-3.0, 1.0], curvature: [2.0, 5.0], mixed: 0.5 };
        let Minimum { step_size, momentum, change } = model.minimum(f64::EPSILON);
        assert!((model.slope[0] + 2.0 * step_size + 0.5 * momentum).abs() < 1e-12);
        assert!((model.slope[1] + 0.5 * step_size + 5.0 * momentum).abs() < 1e-12);
        assert!(change < 0.0);
    }

    #[test]
    fn parallel_directions_fall_back_to_the_first() {
        let model = QuadraticModel { slope: [-2.0, -4.0], curvature: [1.0, 4.0], mixed: 2.0 };
        assert_eq!(model.minimum(f64::EPSILON), QuadraticModel::along(-2.0, 1.0).minimum(f64::EPSILON));
        assert_eq!(model.minimum(f64::EPSILON).step_size.to_bits(), 2.0_f64.to_bits());
    }

    #[test]
    fn directions_are_parallel_as_far_as_their_precision_tells() {
        let model = QuadraticModel { slope: [-2.0, -4.1], curvature: [1.0, 4.0], mixed: 2.0 - 1e-6 };
        assert!(model.minimum(f64::EPSILON).momentum != 0.0);
        assert_eq!(model.minimum(f32::EPSILON.into()), QuadraticModel::along(-2.0, 1.0).minimum(f64::EPSILON));
    }

    #[test]
    fn without_curvature_there_is_no_step() {
        assert!(QuadraticModel::along(0.0, 0.0).minimum(f64::EPSILON).step_size.abs() < 1e-300);
    }
}
