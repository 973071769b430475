//! Every activation: its derivatives against differences, its limits, its precision.

use kfra_tui::linalg::Real;
use kfra_tui::network::Activation;

/// f(h), f′(h), f″(h).
fn derivatives<T: Real>(activation: Activation, h: &[T]) -> [Vec<T>; 3] {
    let kernel = activation.kernel::<T>();
    let [mut value, mut slope, mut bend] = [(); 3].map(|()| vec![T::one(); h.len()]);
    kernel.apply(h, &mut value, &mut slope);
    kernel.bend(h, &mut bend);
    [value, slope, bend]
}

fn at<T: Real>(activation: Activation, h: T) -> [T; 3] {
    derivatives(activation, &[h]).map(|x| x[0])
}

/// From −30 to 30, never at 0.
fn points() -> Vec<f64> {
    (-1500..1500).map(|i| f64::from(i) * 0.02 + 0.007).collect()
}

/// f from its definition; Φ by Simpson's rule.
fn definition(activation: Activation, h: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-h).exp());
    match activation {
        Activation::Identity => h,
        Activation::Relu => h.max(0.0),
        Activation::LeakyRelu => h.max(0.01 * h),
        Activation::Tanh => (h.exp() - (-h).exp()) / (h.exp() + (-h).exp()),
        Activation::Sigmoid => sigmoid,
        Activation::Softplus => (1.0 + h.exp()).ln(),
        Activation::Elu => {
            if h > 0.0 {
                h
            } else {
                h.exp() - 1.0
            }
        }
        Activation::Silu => h * sigmoid,
        Activation::Gelu => {
            let steps = 2000;
            let step = h / f64::from(steps);
            let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let weight = |i| {
                if i == 0 || i == steps {
                    1.0
                } else if i % 2 == 1 {
                    4.0
                } else {
                    2.0
                }
            };
            let integral: f64 = (0..=steps).map(|i| weight(i) * density(f64::from(i) * step)).sum();
            h * (0.5 + integral * step / 3.0)
        }
    }
}

#[test]
fn values_are_those_of_the_definition() {
    for &activation in Activation::ALL {
        for h in (-160..160).map(|i| f64::from(i) * 0.05) {
            let (found, expected) = (at(activation, h)[0], definition(activation, h));
            assert!((found - expected).abs() < 1e-11, "{activation:?} at {h}: {found} instead of {expected}");
        }
    }
}

#[test]
fn derivatives_are_the_limits_of_differences() {
    let step = 1e-5;
    for &activation in Activation::ALL {
        for h in points() {
            let [below, here, above] = [h - step, h, h + step].map(|h| at::<f64>(activation, h));
            let slope = (above[0] - below[0]) / (2.0 * step);
            let bend = (above[1] - below[1]) / (2.0 * step);
            assert!((here[1] - slope).abs() < 2e-9, "{activation:?} at {h}: slope {} instead of {slope}", here[1]);
            assert!((here[2] - bend).abs() < 2e-9, "{activation:?} at {h}: bend {} instead of {bend}", here[2]);
        }
    }
}

#[test]
fn at_a_kink_the_left_derivative_is_taken() {
    let left = |activation| at(activation, 0.0_f64)[1];
    assert_eq!(left(Activation::Relu).to_bits(), 0.0_f64.to_bits());
    assert_eq!(left(Activation::LeakyRelu).to_bits(), 0.01_f64.to_bits());
    assert_eq!(left(Activation::Elu).to_bits(), 1.0_f64.to_bits());
    assert_eq!(at(Activation::Elu, 0.0_f64)[2].to_bits(), 1.0_f64.to_bits(), "the bend of elu jumps at 0");
    for &activation in Activation::ALL {
        for (zero, negative) in at(activation, 0.0_f64).iter().zip(at(activation, -0.0_f64)) {
            assert!((zero - negative).abs() < 1e-300, "{activation:?} tells −0 from 0");
        }
    }
}

#[test]
fn piecewise_linear_activations_and_no_others_have_no_bend() {
    for &activation in Activation::ALL {
        let bends = points().iter().any(|&h| at(activation, h)[2].abs() > 0.0);
        assert_eq!(bends, !activation.is_piecewise_linear(), "{activation:?}");
    }
}

fn stays_finite<T: Real>() {
    for &activation in Activation::ALL {
        for h in [1e4, 100.0, 20.0, 1e-30, 1e-300, 0.0, -1e-300, -1e-30, -20.0, -100.0, -1e4] {
            let found = at(activation, T::of(h));
            assert!(found.iter().all(|x| x.double().is_finite()), "{activation:?} at {h}: {found:?}");
            // Every activation lies between −1 and |h| + 1, with slopes and bends of a few units.
            let [value, slope, bend] = found.map(Real::double);
            assert!(value.abs() <= h.abs() + 1.0 && slope.abs() < 4.0 && bend.abs() < 4.0, "{activation:?} at {h}");
        }
    }
}

#[test]
fn huge_and_tiny_arguments_stay_finite() {
    stays_finite::<f64>();
    stays_finite::<f32>();
}

#[test]
fn limits_are_reached() {
    for (activation, low, high) in [
        (Activation::Relu, [0.0, 0.0], [1e4, 1.0]),
        (Activation::LeakyRelu, [-100.0, 0.01], [1e4, 1.0]),
        (Activation::Tanh, [-1.0, 0.0], [1.0, 0.0]),
        (Activation::Sigmoid, [0.0, 0.0], [1.0, 0.0]),
        (Activation::Softplus, [0.0, 0.0], [1e4, 1.0]),
        (Activation::Elu, [-1.0, 0.0], [1e4, 1.0]),
        (Activation::Silu, [0.0, 0.0], [1e4, 1.0]),
        (Activation::Gelu, [0.0, 0.0], [1e4, 1.0]),
    ] {
        for (h, expected) in [(-1e4, low), (1e4, high)] {
            let single = at(activation, h as f32).map(f64::from);
            for found in [at(activation, h), single] {
                for (found, expected) in found.iter().zip(expected) {
                    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1e-20), "{activation:?} at {h}");
                }
                assert!(found[2].abs() < 1e-30, "{activation:?} bends at {h}");
            }
        }
    }
}

#[test]
fn single_precision_agrees_with_double_precision() {
    for &activation in Activation::ALL {
        for h in points() {
            let h = h as f32;
            let (single, double) = (at(activation, h), at(activation, f64::from(h)));
            for (order, (found, expected)) in single.iter().zip(double).enumerate() {
                let error = (f64::from(*found) - expected).abs() / expected.abs().max(1.0);
                assert!(error < 1e-6, "{activation:?}, derivative {order} at {h}: off by {error:e}");
            }
        }
    }
}

fn does_not_depend_on_neighbours<T: Real>() {
    let all: Vec<T> = points().into_iter().step_by(37).map(T::of).collect();
    for &activation in Activation::ALL {
        for length in 1..all.len() {
            let runs = derivatives(activation, &all[..length]);
            for (i, &h) in all[..length].iter().enumerate() {
                let alone = at(activation, h);
                let same = (0..3).all(|order| runs[order][i] == alone[order]);
                assert!(same, "{activation:?} at {h}, number {i} of {length}");
            }
        }
    }
}

#[test]
fn a_number_does_not_depend_on_its_neighbours() {
    does_not_depend_on_neighbours::<f32>();
    does_not_depend_on_neighbours::<f64>();
}

fn propagates_nan<T: Real>() {
    for &activation in Activation::ALL {
        let mut h = vec![T::one(); 37];
        h[21] = T::of(f64::NAN);
        let [value, slope, bend] = derivatives(activation, &h);
        assert!(value[21].is_nan(), "{activation:?} hides NaN behind {}", value[21]);
        let elsewhere = |x: &[T]| x.iter().enumerate().all(|(i, x)| i == 21 || x.is_finite());
        assert!(elsewhere(&value) && elsewhere(&slope) && elsewhere(&bend), "{activation:?} spreads NaN");
    }
}

#[test]
fn nan_is_not_hidden() {
    propagates_nan::<f32>();
    propagates_nan::<f64>();
}

#[test]
fn saturated_units_keep_the_digits_of_their_slopes() {
    let close = |found: f64, expected: f64, what: &str| {
        assert!((found / expected - 1.0).abs() < 1e-13, "{what}: {found} instead of {expected}");
    };
    for h in [20.0_f64, -20.0, 40.0, -40.0, 300.0, -300.0] {
        let e = (-h.abs()).exp();
        close(at(Activation::Tanh, h)[1], 4.0 * e * e, "the slope of tanh");
        close(at(Activation::Tanh, h)[2], -8.0 * h.signum() * e * e, "the bend of tanh");
        close(at(Activation::Sigmoid, h)[1], e * (1.0 - 2.0 * e), "the slope of sigmoid");
        close(at(Activation::Softplus, h)[2], e * (1.0 - 2.0 * e), "the bend of softplus");
        close(at(Activation::Silu, h)[2], e * (2.0 - h.abs()) + e * e * (4.0 * h.abs() - 4.0), "the bend of silu");
    }
    // Φ as tables have it.
    for (h, distribution) in
        [(-8.0, 6.220_960_574_271_785e-16), (-10.0, 7.619_853_024_160_525e-24), (-20.0, 2.753_624_118_606_233_7e-89)]
    {
        close(at(Activation::Gelu, h)[0], h * distribution, "gelu");
    }
}
