//! Every loss: its derivatives against differences, its square roots, its tails, its model.

use crate::zoo::{self, assert_close, column, dense, largest, positive_part, root, target};
use kfra_tui::linalg::{Real, Stream};
use kfra_tui::network::{Loss, Targets};
use nalgebra::DMatrix;
use ndarray::Array2;

fn value<T: Real>(loss: Loss, h: &[T], y: &[T]) -> T {
    loss.kernel::<T>().value_and_gradient(h, y, &mut vec![T::zero(); h.len()])
}

fn gradient<T: Real>(loss: Loss, h: &[T], y: &[T]) -> Vec<T> {
    let mut gradient = vec![T::zero(); h.len()];
    loss.kernel::<T>().value_and_gradient(h, y, &mut gradient);
    gradient
}

fn hessian<T: Real>(loss: Loss, h: &[T], y: &[T]) -> DMatrix<f64> {
    let mut hessian = Array2::zeros((h.len(), h.len()));
    loss.kernel::<T>().hessian(h, y, hessian.view_mut());
    dense(hessian.view())
}

fn diagonal<T: Real>(loss: Loss, h: &[T], y: &[T]) -> Vec<T> {
    let mut diagonal = vec![T::zero(); h.len()];
    loss.kernel::<T>().diagonal(h, y, &mut diagonal);
    diagonal
}

/// PSD(H_L), a column a product.
fn products<T: Real>(loss: Loss, h: &[T], y: &[T]) -> DMatrix<f64> {
    let mut all = DMatrix::zeros(h.len(), h.len());
    for k in 0..h.len() {
        let mut v = vec![T::zero(); h.len()];
        v[k] = T::one();
        loss.kernel::<T>().product(h, y, &mut v);
        v.iter().enumerate().for_each(|(i, x)| all[(i, k)] = x.double());
    }
    all
}

fn widths(loss: Loss) -> Vec<usize> {
    loss.required_outputs().map_or(vec![1, 2, 3, 5, 70], |outputs| vec![outputs])
}

/// Moderate outputs and targets of every loss and width.
fn cases() -> Vec<(Loss, Vec<f64>, Vec<f64>)> {
    let mut cases = Vec::new();
    for &loss in Loss::ALL {
        for outputs in widths(loss) {
            for seed in 0..8 {
                let mut stream = Stream::new(seed, "losses", outputs as u64);
                let h = (0..outputs).map(|_| 2.0 * stream.normal()).collect();
                let y = target(loss, loss.target_width(outputs), &mut stream).to_vec();
                cases.push((loss, h, y));
            }
            if loss.targets() == Targets::Distribution && outputs == 3 {
                cases.push((loss, vec![0.3, -1.0, 2.0], vec![0.2, 0.5, 0.3]));
            }
        }
    }
    cases
}

/// All targets a loss has where they are finitely many, two values a coordinate for others.
fn corner_targets(loss: Loss, outputs: usize) -> Vec<Vec<f64>> {
    let unit = |k: usize| (0..outputs).map(|i| if i == k { 1.0 } else { 0.0 }).collect();
    match loss.targets() {
        Targets::Sign => vec![vec![-1.0], vec![1.0]],
        Targets::Distribution => (0..outputs).map(unit).collect(),
        Targets::Real | Targets::UnitInterval => {
            (0..1_usize << outputs).map(|bits| (0..outputs).map(|k| ((bits >> k) & 1) as f64).collect()).collect()
        }
    }
}

const EXTREMES: [f64; 13] = [-1e4, -9999.0, -1e3, -90.0, -17.0, -1.0, 0.0, 1e-30, 1.0, 17.0, 90.0, 1e3, 1e4];

/// Every combination of extreme outputs with every target.
fn extreme_cases() -> Vec<(Loss, Vec<f64>, Vec<f64>)> {
    let mut cases = Vec::new();
    for &loss in Loss::ALL {
        for outputs in loss.required_outputs().map_or(1..=3, |outputs| outputs..=outputs) {
            let combinations = EXTREMES.len().pow(outputs as u32);
            for index in 0..combinations {
                let digit = |k: usize| EXTREMES[index / EXTREMES.len().pow(k as u32) % EXTREMES.len()];
                let h: Vec<_> = (0..outputs).map(digit).collect();
                cases.extend(corner_targets(loss, outputs).into_iter().map(|y| (loss, h.clone(), y)));
            }
        }
    }
    cases
}

fn cast<T: Real>(x: &[f64]) -> Vec<T> {
    x.iter().map(|&x| T::of(x)).collect()
}

#[test]
fn gradients_and_hessians_are_the_limits_of_differences() {
    let step = 1e-5;
    for (loss, h, y) in cases() {
        let (found, curvature) = (gradient(loss, &h, &y), hessian(loss, &h, &y));
        for k in 0..h.len() {
            let moved = |by: f64| {
                let mut h = h.clone();
                h[k] += by;
                h
            };
            let (above, below) = (moved(step), moved(-step));
            let slope = (value(loss, &above, &y) - value(loss, &below, &y)) / (2.0 * step);
            assert!((found[k] - slope).abs() < 1e-8 * (1.0 + value(loss, &h, &y)), "{loss:?} {h:?} {y:?}");
            let differences = gradient(loss, &above, &y).into_iter().zip(gradient(loss, &below, &y));
            let row = column(differences.map(|(a, b)| (a - b) / (2.0 * step)));
            assert!(largest(&(row - curvature.column(k))) < 1e-9, "{loss:?} {h:?} {y:?}");
        }
    }
}

#[test]
fn root_product_and_diagonal_are_those_of_the_positive_hessian() {
    for (loss, h, y) in cases() {
        let exact = hessian(loss, &h, &y);
        assert!(largest(&(&exact - exact.transpose())) < 1e-15, "{loss:?}: not symmetric");
        let positive = positive_part(&exact);
        let rows = root(loss, &h, &y);
        assert_eq!(rows.nrows(), loss.root_rank(h.len()));
        assert!(largest(&(rows.transpose() * rows - &positive)) < 1e-13, "{loss:?} {h:?}: root");
        assert!(largest(&(products(loss, &h, &y) - &positive)) < 1e-13, "{loss:?} {h:?}: product");
        let error = largest(&(column(diagonal(loss, &h, &y)) - exact.diagonal()));
        assert!(error < 1e-15, "{loss:?} {h:?}: diagonal off by {error:e}");
        if loss.is_exponential_family() {
            assert!(largest(&(exact - positive)) < 1e-14, "{loss:?}: not convex");
        }
    }
}

#[test]
fn exponential_families_are_convex_and_the_mixture_is_not() {
    let indefinite = |loss: Loss| {
        cases()
            .into_iter()
            .filter(|case| case.0 == loss)
            .any(|(loss, h, y)| zoo::spectrum(&hessian(loss, &h, &y))[0] < -1e-6)
    };
    for &loss in Loss::ALL {
        assert!(!(indefinite(loss) && loss.is_exponential_family()), "{loss:?}");
    }
    assert!(indefinite(Loss::BinaryMixture));
}

fn is_stable<T: Real>() {
    for (loss, h, y) in extreme_cases() {
        let (h, y): (Vec<T>, Vec<T>) = (cast(&h), cast(&y));
        let e = value(loss, &h, &y);
        assert!(e.is_finite() && e >= T::zero(), "{loss:?} {h:?} {y:?}: value {e}");
        let g = gradient(loss, &h, &y);
        let bound = T::of(if loss == Loss::SquaredError { 1.1e4 } else { 1.0 });
        assert!(g.iter().all(|g| g.abs() <= bound), "{loss:?} {h:?} {y:?}: gradient {g:?}");
        let mut rows = Array2::zeros((loss.root_rank(h.len()), h.len()));
        loss.kernel::<T>().root(&h, &y, rows.view_mut());
        let (rows, exact) = (dense(rows.view()), hessian(loss, &h, &y));
        assert!(exact.iter().all(|x| x.abs() <= 1.0), "{loss:?} {h:?} {y:?}: Hessian {exact}");
        // Of its largest entry, however small that is; below 10⁻³⁶ single precision has fewer digits.
        let (positive, tolerance) = (positive_part(&exact), 20.0 * T::EPSILON * largest(&exact) + 1e-36);
        assert!(largest(&(rows.transpose() * &rows - &positive)) < tolerance, "{loss:?} {h:?} {y:?}: root {rows}");
        assert!(largest(&(products(loss, &h, &y) - positive)) < tolerance, "{loss:?} {h:?} {y:?}: product");
        let diagonal = diagonal(loss, &h, &y);
        let same = diagonal.iter().zip(exact.diagonal().iter()).all(|(a, b)| (a.double() - b).abs() < tolerance);
        assert!(same, "{loss:?} {h:?} {y:?}: diagonal {diagonal:?}");
    }
}

#[test]
fn extreme_outputs_in_double_precision_are_stable() {
    is_stable::<f64>();
}

#[test]
fn extreme_outputs_in_single_precision_are_stable() {
    is_stable::<f32>();
}

#[test]
fn single_precision_agrees_with_double_precision() {
    for (loss, h, y) in extreme_cases().into_iter().chain(cases()) {
        // The same numbers in both: what single precision can hold.
        let (h32, y32): (Vec<f32>, Vec<f32>) = (cast(&h), cast(&y));
        let widen = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        let (h, y) = (widen(&h32), widen(&y32));
        let (single, double) = (f64::from(value(loss, &h32, &y32)), value(loss, &h, &y));
        // Outputs cancel only with outputs as large as the loss itself.
        assert!((single - double).abs() <= 2e-6 * double + 1e-30, "{loss:?} {h:?} {y:?}: {single} or {double}");
        let gradients = gradient(loss, &h32, &y32).into_iter().zip(gradient(loss, &h, &y));
        for (single, double) in gradients {
            assert!((f64::from(single) - double).abs() <= 5e-7 * double.abs().max(1.0), "{loss:?} {h:?} {y:?}");
        }
        assert!(largest(&(hessian(loss, &h32, &y32) - hessian(loss, &h, &y))) < 5e-7, "{loss:?} {h:?} {y:?}");
    }
}

#[test]
fn certain_and_wrong_predictions_have_their_asymptotes() {
    let close =
        |found: f64, expected: f64| assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found} {expected}");
    let right = [1.0, 0.0];
    close(value(Loss::Categorical, &[1e4, -1e4], &right), 0.0);
    close(value(Loss::Categorical, &[-1e4, 1e4], &right), 2e4);
    close(value(Loss::Categorical, &[0.0, -30.0], &right), (-30.0_f64).exp().ln_1p());
    close(value(Loss::Bernoulli, &[1e4], &[1.0]), 0.0);
    close(value(Loss::Bernoulli, &[1e4], &[0.0]), 1e4);
    close(value(Loss::Bernoulli, &[-1e4], &[1.0]), 1e4);
    close(value(Loss::Bernoulli, &[30.0], &[1.0]), (-30.0_f64).exp().ln_1p());
    close(value(Loss::SquaredError, &[1e4, -1e4], &[0.0, 0.0]), 1e8);
    for (k, expected) in gradient(Loss::Categorical, &[-1e4, 1e4], &right).iter().zip([-1.0, 1.0]) {
        close(*k, expected);
    }
}

/// Where a prediction is certain and right, value, gradient and Hessian are all small, and known to all
/// their digits.
#[test]
fn certain_and_right_predictions_keep_their_digits() {
    fn close(found: &[f64], expected: &[f64]) {
        let most = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let error = found.iter().zip(expected).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
        assert!(error <= 1e-13 * most, "{found:?} in place of {expected:?}");
    }
    let flat = |matrix: DMatrix<f64>| matrix.iter().copied().collect::<Vec<_>>();
    // With e⁻ᵃ below ε, what is left out of 1 ± e⁻ᵃ is below the last digit.
    for a in [40.0, 100.0, 600.0_f64] {
        let (near, far) = ((-a).exp(), (-a - 1.0).exp());
        for (sign, y) in [(1.0, 1.0), (-1.0, 0.0)] {
            let h = [sign * a];
            close(&[value(Loss::Bernoulli, &h, &[y])], &[near]);
            close(&gradient(Loss::Bernoulli, &h, &[y]), &[-sign * near]);
            close(&flat(hessian(Loss::Bernoulli, &h, &[y])), &[near]);
        }
        for top in 0..3 {
            let place = |x: [f64; 3]| [0, 1, 2].map(|k| x[(k + 3 - top) % 3]);
            let (h, y) = (place([7.0, 7.0 - a, 6.0 - a]), place([1.0, 0.0, 0.0]));
            close(&[value(Loss::Categorical, &h, &y)], &[near + far]);
            close(&gradient(Loss::Categorical, &h, &y), &place([-near - far, near, far]));
            let rows = [place([near + far, -near, -far]), place([-near, near, 0.0]), place([-far, 0.0, far])];
            let expected: Vec<_> = [0, 1, 2].into_iter().flat_map(|k| rows[(k + 3 - top) % 3]).collect();
            close(&flat(hessian(Loss::Categorical, &h, &y)), &expected);
            close(&flat(products(Loss::Categorical, &h, &y)), &expected);
            close(&diagonal(Loss::Categorical, &h, &y), &place([near + far, near, far]));
            let rows = root(Loss::Categorical, &h, &y);
            close(&flat(rows.transpose() * rows), &expected);
        }
        for (y, gate) in [(1.0, 0.4), (-1.0, 0.4), (1.0, -0.4), (-1.0, -3.0_f64)] {
            let s = 1.0 / (1.0 + (-gate).exp());
            let (first, second) = (s * near, (1.0 - s) * far);
            let h = [gate, y * a, y * (a + 1.0)];
            close(&[value(Loss::BinaryMixture, &h, &[y])], &[first + second]);
            let slope = s * (1.0 - s) * (near - far);
            close(&gradient(Loss::BinaryMixture, &h, &[y]), &[slope, -y * first, -y * second]);
            let (one, two) = (-y * first * (1.0 - s), y * second * s);
            let expected = [slope * (1.0 - 2.0 * s), one, two, one, first, 0.0, two, 0.0, second];
            close(&flat(hessian(Loss::BinaryMixture, &h, &[y])), &expected);
        }
        // The branch that the gate chooses is wrong, but so much so that the other one explains the label, or
        // the other way round: what is left is σ(h₁)(1 − σ(h₁)).
        for y in [1.0, -1.0] {
            let expected = [near, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
            close(&flat(hessian(Loss::BinaryMixture, &[a, -3.0 * a * y, 3.0 * a * y], &[y])), &expected);
            close(&flat(hessian(Loss::BinaryMixture, &[-a, 3.0 * a * y, -3.0 * a * y], &[y])), &expected);
        }
    }
}

/// With h₁ = ±a choosing the branch: E is that of the chosen branch alone, or of the other where the
/// chosen one is impossible.
#[test]
fn the_mixture_has_its_asymptotes_in_all_sign_combinations() {
    for a in [100.0, 1e3, 1e4] {
        for signs in 0..16_u32 {
            let sign = |bit: u32| if signs >> bit & 1 == 1 { 1.0 } else { -1.0 };
            let (h, y) = ([sign(0) * a, sign(1) * a, sign(2) * a], sign(3));
            // −log σ(x) → max(−x, 0).
            let cost = |x: f64| (-x).max(0.0);
            let branches = [cost(h[0]) + cost(y * h[1]), cost(-h[0]) + cost(y * h[2])];
            let tie = if (branches[0] - branches[1]).abs() < 1.0 { 2.0_f64.ln() } else { 0.0 };
            let expected = branches[0].min(branches[1]) - tie;
            let found = value(Loss::BinaryMixture, &h, &[y]);
            assert!((found - expected.max(0.0)).abs() <= 1e-12 * a, "{h:?} {y}: {found} instead of {expected}");
            let single = value(Loss::BinaryMixture, &cast::<f32>(&h), &[y as f32]);
            assert!((f64::from(single) - expected.max(0.0)).abs() <= 1e-6 * a, "{h:?} {y}: {single}");
        }
    }
}

/// Whether the targets that are drawn are a continuum.
fn is_continuous(loss: Loss) -> bool {
    loss.targets() == Targets::Real
}

/// Every target that can be drawn.
fn all_targets(loss: Loss, outputs: usize) -> Vec<Vec<f64>> {
    assert!(!is_continuous(loss), "{loss:?}: its targets are a continuum");
    corner_targets(loss, outputs)
}

/// p(y|h) = e^−E(h, y) sums to one over all targets.
#[test]
fn probabilities_of_all_targets_sum_to_one() {
    for (loss, h, _) in extreme_cases().into_iter().chain(cases()) {
        if !is_continuous(loss) && h.len() < 6 {
            let sum: f64 = all_targets(loss, h.len()).iter().map(|y| (-value(loss, &h, y)).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-13, "{loss:?} {h:?}: {sum}");
        }
    }
}

/// For the negative logarithm of any density E\[∂²E\] = E\[∂E ∂Eᵀ\]; for exponential families H_L does not
/// depend on the target at all.
#[test]
fn the_expected_hessian_is_the_expected_square_of_the_gradient() {
    for (loss, h, y) in cases() {
        if is_continuous(loss) || h.len() > 5 {
            continue;
        }
        let outputs = h.len();
        let (mut square, mut mean) = (DMatrix::zeros(outputs, outputs), DMatrix::zeros(outputs, outputs));
        for y in all_targets(loss, outputs) {
            let (p, g) = ((-value(loss, &h, &y)).exp(), column(gradient(loss, &h, &y)));
            square += &g * g.transpose() * p;
            mean += hessian(loss, &h, &y) * p;
        }
        assert!(largest(&(&square - mean)) < 1e-14, "{loss:?} {h:?}");
        let same = largest(&(square - hessian(loss, &h, &y))) < 1e-14;
        assert_eq!(same, loss.is_exponential_family() || same && outputs == 1, "{loss:?} {h:?}");
    }
}

/// E[y] under the model, where it is known.
fn model_mean(loss: Loss, h: &[f64]) -> Option<Vec<f64>> {
    if is_continuous(loss) {
        return (loss == Loss::SquaredError).then(|| h.to_vec());
    }
    let mut mean = vec![0.0; loss.target_width(h.len())];
    for y in all_targets(loss, h.len()) {
        let p = (-value(loss, h, &y)).exp();
        mean.iter_mut().zip(y).for_each(|(mean, y)| *mean += p * y);
    }
    Some(mean)
}

fn samples_follow_the_model<T: Real>() {
    const SAMPLES: usize = 20_000;
    for (loss, h, _) in cases().into_iter().step_by(3).filter(|(_, h, _)| h.len() < 6) {
        let (kernel, outputs) = (loss.kernel::<T>(), cast::<T>(&h));
        let mut stream = Stream::new(5, "samples", 0);
        let mut y = vec![T::zero(); loss.target_width(h.len())];
        let (mut sum, mut squares) = (vec![0.0; y.len()], DMatrix::zeros(h.len(), h.len()));
        let mut slope = DMatrix::zeros(h.len(), 1);
        for _ in 0..SAMPLES {
            kernel.sample(&outputs, &mut stream, &mut y);
            sum.iter_mut().zip(&y).for_each(|(sum, y)| *sum += y.double());
            let g = column(gradient(loss, &outputs, &y).iter().map(|g| g.double()));
            squares += &g * g.transpose();
            slope += g;
        }
        // E[∂E] = 0 for the negative logarithm of any density.
        for (slope, square) in slope.iter().zip(squares.diagonal().iter()) {
            assert!(slope.abs() <= 6.0 * square.sqrt() + 1e-3, "{loss:?} {h:?}: mean gradient");
        }
        let Some(mean) = model_mean(loss, &h) else { continue };
        // No coordinate of a target has a standard deviation above 1; five of them.
        let bound = 5.0 / (SAMPLES as f64).sqrt();
        for (found, expected) in sum.iter().zip(&mean) {
            assert!((found / SAMPLES as f64 - expected).abs() < bound, "{loss:?} {h:?}");
        }
        if loss.is_exponential_family() {
            // The square of a normal number has standard deviation √2, the others less.
            let error = largest(&(squares / SAMPLES as f64 - hessian(loss, &h, &mean)));
            assert!(error < bound * 2.0_f64.sqrt(), "{loss:?} {h:?}: {error}");
        }
    }
}

#[test]
fn sampled_targets_follow_the_model() {
    samples_follow_the_model::<f64>();
    samples_follow_the_model::<f32>();
}

#[test]
fn samples_at_extreme_outputs_are_valid_targets() {
    for (loss, h, _) in extreme_cases() {
        let h: Vec<f32> = cast(&h);
        let mut y = vec![f32::NAN; loss.target_width(h.len())];
        loss.kernel::<f32>().sample(&h, &mut Stream::new(1, "samples", 0), &mut y);
        let valid = match loss.targets() {
            Targets::Real => y.iter().all(|y| y.is_finite()),
            Targets::UnitInterval => y.iter().all(|y| [0.0, 1.0].contains(y)),
            Targets::Sign => [-1.0, 1.0].contains(&y[0]),
            Targets::Distribution => y.iter().filter(|&&y| y > 0.5).count() == 1,
        };
        assert!(valid, "{loss:?} {h:?}: {y:?}");
    }
}

#[test]
fn labels_are_all_the_targets() {
    for &loss in Loss::ALL {
        let outputs = loss.required_outputs().unwrap_or(4);
        let Some(labels) = loss.labels(outputs) else { continue };
        let label = |label| {
            let mut y = vec![f64::NAN; loss.target_width(outputs)];
            loss.kernel::<f64>().label(label, &mut y);
            y
        };
        let mut found: Vec<_> = (0..labels).map(label).collect();
        let mut expected = all_targets(loss, outputs);
        let order = |a: &Vec<f64>, b: &Vec<f64>| a.partial_cmp(b).unwrap();
        found.sort_by(order);
        expected.sort_by(order);
        assert_close(&column(found.concat()), &column(expected.concat()), 0.0);
    }
}

#[test]
fn one_class_is_certain_and_flat() {
    let (h, y) = ([3.0_f64], [1.0]);
    assert!(value(Loss::Categorical, &h, &y).abs() < 1e-15);
    assert!(gradient(Loss::Categorical, &h, &y)[0].abs() < 1e-15);
    assert!(largest(&hessian(Loss::Categorical, &h, &y)) < 1e-15);
    assert_eq!(root(Loss::Categorical, &h, &y).shape(), (1, 1));
    assert!(largest(&root(Loss::Categorical, &h, &y)) < 1e-15);
}

fn hides_no_nan<T: Real>() {
    for (loss, h, y) in cases() {
        for k in 0..h.len() {
            let (mut h, y): (Vec<T>, Vec<T>) = (cast(&h), cast(&y));
            h[k] = T::of(f64::NAN);
            assert!(value(loss, &h, &y).is_nan(), "{loss:?}: output {k} of {}", h.len());
            assert!(gradient(loss, &h, &y).iter().any(|g| g.is_nan()), "{loss:?}: output {k} of {}", h.len());
        }
    }
}

#[test]
fn nan_is_not_hidden() {
    hides_no_nan::<f32>();
    hides_no_nan::<f64>();
}
