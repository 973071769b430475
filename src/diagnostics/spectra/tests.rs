use ndarray::{Array2, s};

use super::*;
use crate::curvature::dense::{gauss_newton, hessian, hessian_blocks};
use crate::diagnostics::hessian_spectrum::HessianSpectrum;
use crate::diagnostics::spectrum::GaussNewtonSpectrum;
use crate::diagnostics::zoo::{Problem, problem, task, zoo};
use crate::diagnostics::{Error, Finding};
use crate::network::{Activation, Loss};

/// Both spectra of every block and of the whole, with the dense matrices.
fn measured(problem: &Problem, exact_limit: usize, seed: u64) -> Vec<(bool, Spectrum, Array2<f64>)> {
    let task = Task { exact_limit, seed, ..task(problem) };
    let pass = &problem.pass;
    let dense = gauss_newton(pass, &problem.parameters);
    let whole = hessian(pass, &problem.parameters);
    let (blocks, _) = hessian_blocks(pass, &problem.parameters);
    let mut all = Vec::new();
    GaussNewtonSpectrum::measure(&task, &mut |found| {
        let range = match found.0.scope {
            Scope::Whole => 0..dense.nrows(),
            Scope::Layer(layer) => pass.architecture().range(layer),
        };
        all.push((true, found.0, dense.slice(s![range.clone(), range]).to_owned()));
    })
    .unwrap();
    HessianSpectrum::measure(&task, &mut |found| {
        let matrix = match found.0.scope {
            Scope::Whole => whole.clone(),
            Scope::Layer(layer) => blocks[layer - 1].clone(),
        };
        all.push((false, found.0, matrix));
    })
    .unwrap();
    all
}

#[test]
fn spectra_are_those_of_the_dense_matrices() {
    for problem in zoo() {
        let all = measured(&problem, 2048, 1);
        assert_eq!(all.len(), 2 * (problem.pass.architecture().depth() + 1));
        for (_, found, matrix) in all {
            let values = eigenvalues(matrix.view()).unwrap();
            let scale = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let what = format!("{} {found:?}", problem.name);
            let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * scale, "{a} {b} {what}");
            assert_ne!(found.method, SpectrumMethod::Quadrature, "{what}");
            assert_eq!((found.parameters, found.data, found.step), (values.len(), problem.pass.data(), 3));
            close(found.largest, values[values.len() - 1]);
            close(found.smallest, values[0]);
            close(found.trace.value, values.sum());
            // Those not listed are zero to rounding.
            let mut listed = found.eigenvalues.clone();
            assert!(listed.iter().all(|x| x.abs() > found.tolerance));
            listed.resize(values.len(), 0.0);
            listed.sort_by(f64::total_cmp);
            listed.iter().zip(&values).for_each(|(&a, &b)| close(a, b));
            // Counts, but for eigenvalues so near to the tolerance that rounding decides.
            let near =
                |sign: f64| values.iter().filter(|&&x| (sign * x).abs() > 1e-13 * scale && sign * x > 0.0).count();
            assert!(found.positive.is_exact() && found.negative.is_exact());
            assert!(found.positive.value <= near(1.0) as f64 && found.negative.value <= near(-1.0) as f64, "{what}");
            let clearly = |sign: f64| values.iter().filter(|&&x| sign * x > 1e-9 * scale).count() as f64;
            assert!(found.positive.value >= clearly(1.0) && found.negative.value >= clearly(-1.0), "{what}");
            let binned: f64 = found.density.positive.iter().chain(&found.density.negative).sum();
            assert!((binned + found.density.zero - values.len() as f64).abs() < 1e-9, "{what}");
            if scale > 0.0 {
                let squares: f64 = values.iter().map(|x| x * x).sum();
                let effective = values.sum().powi(2) / squares;
                assert!((found.effective.unwrap().value - effective).abs() <= 1e-9 * (1.0 + effective), "{what}");
            } else {
                assert_eq!(found.effective, None);
            }
        }
    }
}

/// A network with P between 2,000 and 5,000, and its matrices.
fn large() -> Problem {
    problem(&[30, 40, 20, 30, 10], Activation::Tanh, Loss::Categorical, true, 24)
}

/// How often the interval of each estimate holds the true value, over some seeds: (held, all) by what it is.
fn coverage(seeds: u64) -> Vec<(String, usize, usize)> {
    let problem = large();
    assert!((2000..5000).contains(&problem.parameters.flat.len()));
    let mut counted: Vec<(String, usize, usize)> = Vec::new();
    let mut truths = Vec::new();
    for seed in 0..seeds {
        for (index, (gauss_newton, found, matrix)) in measured(&problem, 1, seed).into_iter().enumerate() {
            if found.method != SpectrumMethod::Quadrature {
                continue;
            }
            while truths.len() <= index {
                truths.push(None);
            }
            let values = truths[index].get_or_insert_with(|| eigenvalues(matrix.view()).unwrap());
            let scale = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let count = |of: &dyn Fn(f64) -> bool| values.iter().filter(|&&x| of(x)).count() as f64;
            let sum = values.sum();
            let squares: f64 = values.iter().map(|x| x * x).sum();
            let truths = [
                ("positive", Some(found.positive), count(&|x| x > found.tolerance)),
                ("negative", Some(found.negative), count(&|x| x < -found.tolerance)),
                ("trace", Some(found.trace), sum),
                ("effective", found.effective, sum * sum / squares),
            ];
            for (name, estimate, truth) in truths {
                let Some(estimate) = estimate else { continue };
                let rounding = 1e-9 * truth.abs().max(1e-9 * scale);
                let holds = (estimate.low - rounding..=estimate.high + rounding).contains(&truth);
                let name = format!("{} {:?} {name}", if gauss_newton { "Ḡ" } else { "H" }, found.scope);
                match counted.iter_mut().find(|(known, ..)| *known == name) {
                    Some((_, held, all)) => (*held, *all) = (*held + usize::from(holds), *all + 1),
                    None => counted.push((name, usize::from(holds), 1)),
                }
            }
            assert!(
                found.largest <= values[values.len() - 1] * (1.0 + 1e-9)
                    && found.largest >= 0.9 * values[values.len() - 1]
            );
        }
    }
    counted
}

#[test]
fn the_intervals_of_estimates_hold_the_truth() {
    let counted = coverage(6);
    // Few of each: none fails mostly, and all together they hold as often as they say.
    assert!(counted.iter().all(|(_, held, all)| held * 2 > *all), "{counted:?}");
    let (held, all) = counted.iter().fold((0, 0), |(held, all), one| (held + one.1, all + one.2));
    assert!(held * 10 >= all * 9, "{held} of {all}: {counted:?}");
}

#[test]
#[ignore = "minutes; cargo test --release --lib the_intervals -- --ignored --nocapture"]
fn the_intervals_of_estimates_hold_the_truth_for_two_hundred_seeds() {
    let counted = coverage(200);
    for (name, held, all) in &counted {
        println!("{name}: {held} of {all}");
    }
    assert!(counted.iter().all(|(_, held, all)| held * 10 >= all * 9), "{counted:?}");
}

#[test]
fn an_estimated_rank_is_within_what_the_data_allow() {
    let problem = problem(&[20, 30, 4], Activation::Tanh, Loss::Bernoulli, true, 5);
    let mut estimated = 0;
    for seed in 1..6 {
        for (gauss_newton, found, _) in measured(&problem, 4, seed) {
            if gauss_newton && found.method == SpectrumMethod::Quadrature {
                assert!(found.positive.high <= 20.0 && found.positive.value <= found.positive.high, "{found:?}");
                estimated += 1;
            }
        }
    }
    assert!(estimated > 0);
}

#[test]
fn only_what_is_wanted_is_measured() {
    let problem = problem(&[3, 5, 4], Activation::Tanh, Loss::Bernoulli, true, 6);
    for only in [Scope::Whole, Scope::Layer(1), Scope::Layer(2)] {
        let task = Task { only: Some(only), image: Some((1, 3)), ..task(&problem) };
        for &diagnostic in crate::diagnostics::Diagnostic::ALL {
            diagnostic.measure(&task, &mut |found| assert_eq!(found.reading().scope, only)).unwrap();
        }
    }
}

#[test]
fn the_rank_is_that_of_the_diagnostic_of_ranks() {
    for problem in zoo() {
        let mut ranks = Vec::new();
        crate::diagnostics::rank::Rank::measure(&task(&problem), &mut |rank| ranks.push(rank)).unwrap();
        GaussNewtonSpectrum::measure(&task(&problem), &mut |found| {
            let rank = ranks.iter().find(|rank| rank.scope == found.0.scope).unwrap();
            let found_rank = found.0.positive.value;
            assert!((rank.lower as f64 - found_rank).abs() < 0.5, "{} {found:?} {rank:?}", problem.name);
        })
        .unwrap();
    }
}

#[test]
fn a_matrix_that_is_not_finite_is_an_error() {
    let problem = problem(&[3, 4], Activation::Tanh, Loss::Bernoulli, true, 4);
    let matrix = Array2::from_elem((2, 2), f64::NAN);
    assert!(matches!(decompose(&task(&problem), matrix), Err(Stop::Failed(Error::Eigenvalues(_)))));
}

#[test]
fn eigenvalues_that_are_known_to_be_zero_are_those_of_smallest_size() {
    let values = vec![(3.0, 2.0), (-1e-3, 4.0), (0.0, 1.0), (1e-6, 3.0)];
    assert_eq!(with_zeros(values.clone(), 6.0), [(-1e-3, 2.0), (3.0, 2.0), (0.0, 6.0)]);
    assert_eq!(with_zeros(values, 0.0), [(0.0, 1.0), (1e-6, 3.0), (-1e-3, 4.0), (3.0, 2.0)]);
}

#[test]
fn a_histogram_holds_every_eigenvalue_once_and_what_is_zero_by_rank_is_in_no_bin() {
    for problem in zoo() {
        for (semidefinite, found, _) in measured(&problem, 1, 7) {
            let density = &found.density;
            let positive: f64 = density.positive.iter().sum();
            let all = positive + density.negative.iter().sum::<f64>() + density.zero;
            assert!((all - found.parameters as f64).abs() < 1e-6, "{found:?}");
            // The interval ends where the rank is known to end.
            if semidefinite && found.method == SpectrumMethod::Quadrature {
                let rank = problem.pass.data() * problem.pass.architecture().outputs();
                assert!(positive <= rank as f64 + 1e-6, "{found:?}");
                assert!(rank >= found.parameters || found.smallest == 0.0, "{found:?}");
            }
        }
    }
}
