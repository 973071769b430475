//! Second-order updates: direction, step size, damping and what happens when something goes wrong.

use crate::zoo::{
    self, EXACT_SOLVE, KRONECKER, Problem, assert_close, column, dense, dense_factor, frozen, largest, plain, vector,
};
use kfra_tui::curvature::Root;
use kfra_tui::curvature::dense::jacobian_columns;
use kfra_tui::network::{Loss, Parameters};
use kfra_tui::optim::kronecker::damping_split;
use kfra_tui::optim::{Curvature, Damping, Minibatch, Report, SecondOrder, SecondOrderState, Stopwatch};
use nalgebra::{DMatrix, DVector};

/// One update of a problem; returns Δ.
fn update(
    settings: &SecondOrder,
    state: &mut SecondOrderState<f64>,
    problem: &mut Problem,
    l2: f64,
    step: u64,
) -> (Parameters<f64>, Report) {
    let gradient = problem.regularized_gradient(l2);
    let before = problem.parameters.clone();
    let mut next = Parameters::zeros(before.architecture());
    let mut batch = problem.minibatch(&gradient, l2, step);
    let report = state.update(settings, &mut batch, &mut next, &mut Stopwatch::start()).unwrap();
    next.flat -= &before.flat;
    problem.refresh();
    (next, report)
}

fn first_update(
    settings: &SecondOrder,
    problem: &mut Problem,
    l2: f64,
) -> (Parameters<f64>, Report, SecondOrderState<f64>) {
    let mut state = SecondOrderState::new(settings, problem.architecture());
    let (change, report) = update(settings, &mut state, problem, l2, 1);
    (change, report, state)
}

fn problems() -> Vec<Problem> {
    zoo::recipes().iter().map(zoo::Recipe::cook).collect()
}

/// A linear regression: its loss is a quadratic function of the parameters.
fn linear_regression() -> Problem {
    let recipe = zoo::Recipe { hidden: vec![], loss: Loss::SquaredError, data: 9, ..zoo::recipes()[0].clone() };
    recipe.cook()
}

/// C = Ḡ + shift · I.
fn damped_gauss_newton(problem: &Problem, shift: f64) -> DMatrix<f64> {
    let matrix = problem.gauss_newton();
    let size = matrix.nrows();
    matrix + DMatrix::identity(size, size) * shift
}

/// M(Δ) = gᵀΔ + ½ Δᵀ C Δ.
fn model(curvature: &DMatrix<f64>, gradient: &DVector<f64>, change: &DVector<f64>) -> f64 {
    gradient.dot(change) + change.dot(&(curvature * change)) / 2.0
}

/// Ē with the L2 term.
fn objective(problem: &Problem, parameters: &Parameters<f64>, l2: f64) -> f64 {
    problem.loss_at(parameters) + l2 / 2.0 * parameters.flat.dot(&parameters.flat)
}

#[test]
fn the_step_is_the_minimum_along_the_direction_of_a_quadratic_loss() {
    let (l2, tau) = (0.02, 0.3);
    for curvature in KRONECKER.into_iter().chain([EXACT_SOLVE]) {
        let mut problem = linear_regression();
        let settings = plain(curvature, 0.1, tau);
        let (change, report, state) = first_update(&settings, &mut problem, l2);
        let alpha = report.step_size.unwrap();
        // The damped objective Ē(θ + Δ) + τ/2 ‖Δ‖², a parabola in the step.
        let damped = |alpha: f64| {
            let direction = state.direction();
            let moved = problem.moved(direction, alpha);
            objective(&problem, &moved, l2) + tau / 2.0 * alpha * alpha * direction.flat.dot(&direction.flat)
        };
        for wrong in [0.9, 0.99, 1.01, 1.1] {
            assert!(damped(wrong * alpha) > damped(alpha), "{curvature:?}: {wrong} × α* is better");
        }
        let change_found = damped(alpha) - damped(0.0);
        let foreseen = alpha * vector(&problem.regularized_gradient(l2)).dot(&vector(state.direction())) / 2.0;
        assert!(change_found < 0.0 && (change_found / foreseen - 1.0).abs() < 1e-9, "{curvature:?}");
        let scaled = vector(state.direction()) * alpha;
        assert!(largest(&(vector(&change) - scaled)) < 1e-13);
    }
}

#[test]
fn the_reduction_ratio_of_a_quadratic_loss_is_known() {
    // ρ = (M − τ/2 ‖Δ‖²) / M, with M = α* δᵀg / 2.
    let (l2, tau) = (0.02, 0.3);
    let mut problem = linear_regression();
    let settings = SecondOrder {
        step_damping: Damping { adapt: true, ..frozen(tau) },
        step_period: 1,
        ..plain(Curvature::Kfra, 0.1, tau)
    };
    let gradient = vector(&problem.regularized_gradient(l2));
    let (change, report, state) = first_update(&settings, &mut problem, l2);
    let foreseen = report.step_size.unwrap() * gradient.dot(&vector(state.direction())) / 2.0;
    let expected = (foreseen - tau / 2.0 * change.flat.dot(&change.flat)) / foreseen;
    assert!((report.reduction_ratio.unwrap() - expected).abs() < 1e-9);
    // Better than foreseen: τ is lowered.
    assert!((state.step_damping.get() - 0.95 * tau).abs() < 1e-12);
}

#[test]
fn the_step_and_the_quadratic_form_are_those_of_the_dense_matrix() {
    let (l2, tau) = (0.01, 0.2);
    for mut problem in problems() {
        for curvature in KRONECKER {
            let (_, report, state) = first_update(&plain(curvature, 0.1, tau), &mut problem, l2);
            let (matrix, direction) = (damped_gauss_newton(&problem, tau + l2), vector(state.direction()));
            let quadratic = direction.dot(&(matrix * &direction));
            assert!((report.quadratic.unwrap() / quadratic - 1.0).abs() < 1e-10);
            let alpha = -direction.dot(&vector(&problem.regularized_gradient(l2))) / quadratic;
            assert!((report.step_size.unwrap() - alpha).abs() < 1e-10 * alpha.abs());
        }
    }
}

#[test]
fn the_direction_is_that_of_the_dense_damped_kronecker_product() {
    let (l2, gamma) = (0.03, 0.2_f64);
    let k = (gamma + l2).sqrt();
    for mut problem in problems() {
        for curvature in KRONECKER.into_iter().filter(|&curvature| curvature != Curvature::EKFAC) {
            let (_, _, state) = first_update(&plain(curvature, gamma, 0.1), &mut problem, l2);
            let (factors, gradient) = (state.factors().unwrap(), vector(&problem.regularized_gradient(l2)));
            for layer in 1..=problem.architecture().depth() {
                let q = dense(factors.input[layer - 1].view());
                let g = dense_factor(&factors.preactivation[layer - 1]);
                let mean = |factor: &DMatrix<f64>| factor.trace() / factor.nrows() as f64;
                let ratio = mean(&q) / mean(&g);
                let omega = if ratio.is_finite() && ratio > 0.0 { ratio.sqrt() } else { 1.0 };
                let damp =
                    |factor: &DMatrix<f64>, by: f64| factor + DMatrix::identity(factor.nrows(), factor.nrows()) * by;
                let block = damp(&g, k / omega).kronecker(&damp(&q, omega * k));
                let range = problem.architecture().range(layer);
                let expected = -block.lu().solve(&gradient.rows(range.start, range.len())).unwrap();
                let found = vector(state.direction()).rows(range.start, range.len()).into_owned();
                assert_close(&column(found.iter().copied()), &column(expected.iter().copied()), 1e-9);
            }
        }
    }
}

/// F_λ of the samples of the first update, densely.
fn sampled_block(problem: &Problem, samples: usize, layer: usize) -> DMatrix<f64> {
    let root = Root::Sampled { samples, seed: 7, step: 1 };
    let u = jacobian_columns(&problem.pass, &problem.parameters, root);
    let u = dense(u.slice(ndarray::s![.., problem.architecture().range(layer)]));
    u.transpose() * u / problem.pass.data() as f64
}

#[test]
fn corrected_eigenvalues_are_those_of_the_sampled_block_and_nearer_to_it_than_kfac() {
    let (l2, gamma) = (0.03, 0.2);
    let mut better = 0;
    for mut problem in problems() {
        let (_, _, state) = first_update(&plain(Curvature::Ekfac { samples: 2 }, gamma, 0.1), &mut problem, l2);
        let (factors, corrected) = (state.factors().unwrap(), state.corrected().unwrap());
        let gradient = vector(&problem.regularized_gradient(l2));
        for layer in 1..=problem.architecture().depth() {
            let exact = sampled_block(&problem, 2, layer);
            let (input, preactivation) = corrected.eigenvectors(layer);
            let (v, u) = (dense(input), dense(preactivation));
            let (q, g) = (dense(factors.input[layer - 1].view()), dense_factor(&factors.preactivation[layer - 1]));
            for (basis, factor) in [(&v, &q), (&u, &g)] {
                let turned = basis.transpose() * factor * basis;
                let beside = &turned - DMatrix::from_diagonal(&turned.diagonal());
                assert!(largest_of(&beside) <= 1e-12 * (1.0 + factor.trace()), "{layer}");
                let identity = DMatrix::identity(basis.nrows(), basis.nrows());
                assert!(largest_of(&(basis.transpose() * basis - identity)) < 1e-12);
            }
            let basis = u.kronecker(&v);
            let scales = (basis.transpose() * &exact * &basis).diagonal();
            let found = column(corrected.eigenvalues(layer).iter().copied());
            assert!(largest(&(&found - &scales)) <= 1e-12 * (1.0 + largest(&scales)), "{layer}");
            let block = &basis * DMatrix::from_diagonal(&scales) * basis.transpose();
            let (own, kfac) = ((&block - &exact).norm(), (g.kronecker(&q) - &exact).norm());
            assert!(own <= kfac + 1e-12 * exact.norm(), "{layer}: {own} {kfac}");
            better += usize::from(own < 0.99 * kfac);
            let range = problem.architecture().range(layer);
            let damped = block + DMatrix::identity(found.len(), found.len()) * (gamma + l2);
            let expected = -damped.lu().solve(&gradient.rows(range.start, range.len())).unwrap();
            let direction = vector(state.direction()).rows(range.start, range.len()).into_owned();
            assert_close(&column(direction.iter().copied()), &column(expected.iter().copied()), 1e-9);
        }
    }
    assert!(better > 10, "{better}");
}

#[test]
fn corrected_eigenvalues_keep_their_average_when_the_eigenvectors_change() {
    // The average over two minibatches, of which the first is then in other eigenvectors.
    let settings = SecondOrder { factor_average: 0.9, ..plain(Curvature::EKFAC, 0.2, 0.1) };
    for mut problem in problems() {
        let (_, _, mut state) = first_update(&settings, &mut problem, 0.0);
        let depth = problem.architecture().depth();
        let turned = |state: &SecondOrderState<f64>, layer: usize| {
            let (input, preactivation) = state.corrected().unwrap().eigenvectors(layer);
            dense(preactivation).kronecker(&dense(input))
        };
        let before: Vec<_> = (1..=depth)
            .map(|layer| {
                let basis = turned(&state, layer);
                let scales = column(state.corrected().unwrap().eigenvalues(layer).iter().copied());
                &basis * DMatrix::from_diagonal(&scales.column(0).into_owned()) * basis.transpose()
            })
            .collect();
        update(&settings, &mut state, &mut problem, 0.0, 2);
        for (layer, before) in (1..=depth).zip(before) {
            let basis = turned(&state, layer);
            let root = Root::Sampled { samples: 1, seed: 7, step: 2 };
            let u = jacobian_columns(&problem.pass, &problem.parameters, root);
            let u = dense(u.slice(ndarray::s![.., problem.architecture().range(layer)]));
            let batch = u.transpose() * u / problem.pass.data() as f64;
            // ε = 1 − 1/2 at the second update.
            let expected = (basis.transpose() * (before + batch) * &basis).diagonal() / 2.0;
            let found = column(state.corrected().unwrap().eigenvalues(layer).iter().copied());
            assert!(largest(&(&found - &expected)) <= 1e-10 * (1.0 + largest(&expected)), "{layer}");
        }
    }
}

fn largest_of(matrix: &DMatrix<f64>) -> f64 {
    matrix.iter().fold(0.0, |most, x| most.max(x.abs()))
}

#[test]
fn the_damping_is_split_by_the_mean_eigenvalues() {
    assert!((damping_split(6.0, 3, 16.0, 2) - 0.5).abs() < 1e-15);
    for (input, preactivation) in [(0.0, 1.0), (1.0, 0.0), (f64::NAN, 1.0), (1.0, f64::INFINITY), (0.0, 0.0)] {
        assert!((damping_split(input, 3, preactivation, 2) - 1.0).abs() < 1e-15);
    }
}

#[test]
fn kfra_and_kflr_agree_where_both_are_exact() {
    let recipe = zoo::recipes().into_iter().find(|recipe| recipe.hidden.len() == 2).unwrap();
    let mut problem = recipe.with_data(1).cook();
    let [(kflr, ..), (kfra, ..)] = [Curvature::Kflr, Curvature::Kfra]
        .map(|curvature| first_update(&plain(curvature, 0.1, 0.1), &mut problem, 0.0));
    assert!(largest(&(vector(&kflr) - vector(&kfra))) < 1e-12);
}

#[test]
fn hessian_free_solves_the_damped_system() {
    let (l2, tau) = (0.01, 0.2);
    for mut problem in problems() {
        let (_, report, state) = first_update(&plain(EXACT_SOLVE, 1.0, tau), &mut problem, l2);
        let matrix = damped_gauss_newton(&problem, tau + l2);
        let expected = -matrix.lu().solve(&vector(&problem.regularized_gradient(l2))).unwrap();
        let found = vector(state.direction());
        assert!(largest(&(found - &expected)) < 1e-9 * largest(&expected));
        assert!((report.step_size.unwrap() - 1.0).abs() < 1e-9, "the minimum of the model is one step away");
        assert!(report.kronecker_damping.is_none() && state.factors().is_none());
    }
}

#[test]
fn hessian_free_starts_from_its_last_solution() {
    let mut problem = zoo::recipes()[0].cook();
    let settings = plain(Curvature::HessianFree { iterations: 3, tolerance: 0.0 }, 1.0, 0.2);
    let mut state = SecondOrderState::new(&settings, problem.architecture());
    let values: Vec<_> = (1..30)
        .map(|step| {
            let (change, _) = update(&settings, &mut state, &mut problem, 0.0, step);
            model(&damped_gauss_newton(&problem, 0.2), &vector(&problem.gradient), &vector(&change))
        })
        .collect();
    assert!(values[28] < values[0], "{values:?}");
}

#[test]
fn two_directions_are_never_worse_than_one() {
    let (l2, tau) = (0.01, 0.2);
    for problem in problems() {
        for curvature in [Curvature::Kfra, EXACT_SOLVE] {
            let settings = SecondOrder { momentum: true, ..plain(curvature, 0.1, tau) };
            let mut problem = problem.clone();
            let mut state = SecondOrderState::new(&settings, problem.architecture());
            let mut previous: Option<DVector<f64>> = None;
            for step in 1..5 {
                let (matrix, gradient) =
                    (damped_gauss_newton(&problem, tau + l2), vector(&problem.regularized_gradient(l2)));
                let (change, report) = update(&settings, &mut state, &mut problem, l2, step);
                let (direction, change) = (vector(state.direction()), vector(&change));
                let (both, scale) = (model(&matrix, &gradient, &change), gradient.norm() * change.norm());
                let alone = -gradient.dot(&direction).powi(2) / direction.dot(&(&matrix * &direction)) / 2.0;
                assert!(both <= alone + 1e-12 * scale, "{both} {alone}");
                match &previous {
                    None => assert!(report.momentum.unwrap().abs() < 1e-300),
                    Some(previous) if report.momentum.unwrap().abs() > 0.0 => {
                        // At the minimum the model is flat in both directions.
                        let slope = &gradient + &matrix * &change;
                        for d in [&direction, previous] {
                            assert!(slope.dot(d).abs() < 1e-8 * slope.norm().max(gradient.norm()) * d.norm());
                        }
                    }
                    Some(_) => {}
                }
                problem.parameters.flat.iter_mut().zip(change.iter()).for_each(|(theta, x)| *theta += x);
                problem.refresh();
                previous = Some(change);
            }
        }
    }
}

#[test]
fn of_three_kronecker_dampings_the_best_is_kept() {
    let (l2, tau, period) = (0.01, 0.05, 1);
    let factor = 0.95_f64.sqrt();
    let mut moves = [0; 3];
    for mut problem in problems() {
        for gamma in [1e-3, 0.1, 10.0] {
            let adaptive = SecondOrder {
                kronecker_damping: Damping { adapt: true, ..frozen(gamma) },
                kronecker_period: period,
                ..plain(Curvature::Kfra, gamma, tau)
            };
            let (change, report, state) = first_update(&adaptive, &mut problem, l2);
            let value = |report: &Report| -report.step_size.unwrap().powi(2) * report.quadratic.unwrap() / 2.0;
            let tried = [gamma, gamma * factor, gamma / factor].map(|gamma| {
                let (change, report, _) = first_update(&plain(Curvature::Kfra, gamma, tau), &mut problem, l2);
                (gamma, value(&report), change)
            });
            let index = (0..3).min_by(|&i, &j| tried[i].1.total_cmp(&tried[j].1)).unwrap();
            moves[index] += 1;
            // Where nothing depends on γ, rounding decides.
            if tried.iter().all(|other| (other.1 / tried[index].1 - 1.0).abs() < 1e-10) {
                continue;
            }
            assert!((state.kronecker_damping.get() / tried[index].0 - 1.0).abs() < 1e-12, "{tried:?}");
            assert!((report.kronecker_damping.unwrap() / tried[index].0 - 1.0).abs() < 1e-12);
            assert_eq!(change, tried[index].2);
        }
    }
    assert!(moves[1] > 0 && moves[2] > 0, "dampings went one way only: {moves:?}");
}

#[test]
fn the_inverses_of_the_best_damping_are_kept() {
    let mut problem = zoo::recipes()[0].cook();
    let adaptive = SecondOrder {
        kronecker_damping: Damping { adapt: true, ..frozen(0.5) },
        kronecker_period: 4,
        inverse_period: 3,
        ..plain(Curvature::Kfra, 0.5, 0.1)
    };
    let mut state = SecondOrderState::new(&adaptive, problem.architecture());
    for step in 1..=4 {
        update(&adaptive, &mut state, &mut problem, 0.0, step);
    }
    let (kept, gamma) = (state.direction().clone(), state.kronecker_damping.get());
    assert!((gamma - 0.5).abs() > 1e-3, "the damping moved");
    // Not made anew at the fifth update, and the same gradient: the same direction.
    update(&adaptive, &mut state, &mut problem, 0.0, 5);
    assert_eq!(&kept, state.direction());
}

#[test]
fn dampings_stay_within_their_bounds() {
    for (curvature, initial) in [(Curvature::Kfra, 1.0), (Curvature::KFAC, 1.0), (Curvature::HESSIAN_FREE, 1.0)] {
        let bounds = Damping { initial, min: 0.8, max: 1.2, adapt: true };
        let settings = SecondOrder {
            kronecker_damping: bounds,
            step_damping: bounds,
            kronecker_period: 1,
            step_period: 1,
            momentum: true,
            ..SecondOrder::new(curvature)
        };
        for mut problem in problems() {
            let mut state = SecondOrderState::new(&settings, problem.architecture());
            let mut at_bound = false;
            for step in 1..30 {
                let (change, report) = update(&settings, &mut state, &mut problem, 1e-3, step);
                problem.parameters.flat += &change.flat;
                problem.refresh();
                for damping in [state.kronecker_damping.get(), state.step_damping.get()] {
                    assert!((0.8..=1.2).contains(&damping), "{damping}");
                    at_bound |= damping <= 0.8 || damping >= 1.2;
                }
                assert!(report.step_damping.is_some_and(|tau| (0.8..=1.2).contains(&tau)));
            }
            assert!(at_bound, "thirty updates never reached a bound");
        }
    }
}

#[test]
fn frozen_dampings_do_not_move() {
    let mut problem = zoo::recipes()[0].cook();
    let settings = SecondOrder { kronecker_period: 1, step_period: 1, ..plain(Curvature::Kfra, 0.1, 0.2) };
    let mut state = SecondOrderState::new(&settings, problem.architecture());
    for step in 1..5 {
        let (_, report) = update(&settings, &mut state, &mut problem, 0.0, step);
        assert_eq!(report.reduction_ratio, None);
    }
    assert_eq!(state.kronecker_damping.get().to_bits(), 0.1_f64.to_bits());
    assert_eq!(state.step_damping.get().to_bits(), 0.2_f64.to_bits());
}

#[test]
fn factors_are_running_averages() {
    // The last factor is diagonal where H_L is, of every method that knows it exactly.
    let recipes =
        zoo::recipes().into_iter().filter(|recipe| matches!(recipe.loss, Loss::Bernoulli | Loss::Categorical));
    for (recipe, curvature) in recipes.flat_map(|recipe| KRONECKER.map(|curvature| (recipe.clone(), curvature))) {
        let mut problem = recipe.cook();
        let settings = SecondOrder { factor_average: 0.6, ..plain(curvature, 0.1, 0.2) };
        let alone = SecondOrder { factor_average: 0.0, ..settings.clone() };
        let mut state = SecondOrderState::new(&settings, problem.architecture());
        let mut expected: Option<Vec<DMatrix<f64>>> = None;
        for step in 1..6_u64 {
            // Another minibatch each time.
            problem.pass.batch_mut().0.mapv_inplace(|x| (3.0 * x + step as f64).sin());
            problem.refresh();
            update(&settings, &mut state, &mut problem, 0.0, step);
            let mut single = SecondOrderState::new(&alone, problem.architecture());
            update(&alone, &mut single, &mut problem, 0.0, step);
            let [kept, new] = [&state, &single].map(|state| {
                let factors = state.factors().unwrap();
                let inputs = factors.input.iter().map(|factor| dense(factor.view()));
                inputs.chain(factors.preactivation.iter().map(dense_factor)).collect::<Vec<_>>()
            });
            let past = (1.0 - 1.0 / step as f64).min(0.6);
            let mix = |(old, new): (DMatrix<f64>, &DMatrix<f64>)| old * past + new * (1.0 - past);
            let mixed: Vec<_> = expected.map_or(new.clone(), |old| old.into_iter().zip(&new).map(mix).collect());
            kept.iter().zip(&mixed).for_each(|(kept, mixed)| assert_close(kept, mixed, 1e-12));
            expected = Some(mixed);
        }
    }
}

#[test]
fn single_precision_updates_agree_with_double_precision() {
    for problem in problems() {
        for curvature in [Curvature::Kflr, Curvature::Kfra, Curvature::HESSIAN_FREE] {
            let settings = plain(curvature, 0.1, 0.1);
            let (expected, ..) = first_update(&settings, &mut problem.clone(), 0.0);
            let (mut pass, parameters, gradient, loss) = problem.cast::<f32>();
            let mut next = parameters.clone();
            let mut batch = Minibatch {
                pass: &mut pass,
                parameters: &parameters,
                gradient: &gradient,
                loss,
                l2: 0.0,
                seed: 7,
                step: 1,
            };
            let mut state = SecondOrderState::<f32>::new(&settings, problem.architecture());
            state.update(&settings, &mut batch, &mut next, &mut Stopwatch::start()).unwrap();
            let found = vector(&next) - vector(&parameters);
            let error = largest(&(found - vector(&expected)));
            assert!(error <= 1e-3 * largest(&vector(&expected)), "{curvature:?}: {error}");
        }
    }
}

#[test]
fn every_method_minimizes_a_linear_regression() {
    for curvature in KRONECKER.into_iter().chain([Curvature::HESSIAN_FREE]) {
        let mut problem = linear_regression();
        let exact = {
            // The normal equations: zero gradient of a quadratic loss.
            let solution = problem.gauss_newton().pseudo_inverse(1e-12).unwrap() * vector(&problem.gradient);
            let mut best = problem.parameters.clone();
            best.flat.iter_mut().zip(solution.iter()).for_each(|(theta, x)| *theta -= x);
            problem.loss_at(&best)
        };
        let start = problem.mean_loss;
        let settings = SecondOrder { momentum: true, ..SecondOrder::new(curvature) };
        let mut state = SecondOrderState::new(&settings, problem.architecture());
        for step in 1..120 {
            let (change, _) = update(&settings, &mut state, &mut problem, 0.0, step);
            problem.parameters.flat += &change.flat;
            problem.refresh();
        }
        assert!(problem.mean_loss - exact < 1e-3 * (start - exact), "{curvature:?}: {} {exact}", problem.mean_loss);
    }
}
