use ndarray::{Array2, s};

use super::*;
use crate::curvature::dense::{add_kronecker, gauss_newton};
use crate::curvature::factors::{self, from_columns, input_factors, kfra};
use crate::curvature::{Columns, KroneckerFactors, Root};
use crate::diagnostics::zoo::{Problem, problem, task, zoo};
use crate::linalg::eigen;
use crate::network::{Activation, Loss};

fn measure(problem: &Problem) -> Vec<Approximation> {
    let mut all = Vec::new();
    Approximation::measure(&task(problem), &mut |found| all.push(found)).unwrap();
    all
}

/// The factors of all layers, computed at once by the code of the optimizers.
fn all_factors(problem: &Problem, method: Kronecker) -> KroneckerFactors<f64> {
    let (pass, parameters) = (&problem.pass, &problem.parameters);
    let mut all = KroneckerFactors::zeros(pass.architecture());
    input_factors(pass, &mut all.input);
    let root = match method {
        Kronecker::Kfra => {
            kfra(pass, parameters, &mut factors::Scratch::default(), &mut all.preactivation);
            return all;
        }
        Kronecker::Kflr => Root::Exact,
        Kronecker::Kfac | Kronecker::Ekfac => Root::Sampled { samples: 1, seed: 1, step: 3 },
    };
    let (mut columns, mut scratch) = (Columns::default(), Array2::default((0, 0)));
    from_columns(pass, parameters, root, &mut columns, &mut scratch, &mut all.preactivation);
    all
}

/// The Kronecker block of a layer, densely.
fn dense(method: Kronecker, exact: &Array2<f64>, input: &Array2<f64>, factor: &Array2<f64>) -> Array2<f64> {
    let mut block = Array2::zeros(exact.dim());
    if method != Kronecker::Ekfac {
        add_kronecker(factor.view(), input.view(), &mut block);
        return block;
    }
    let (u, v) = (eigen(factor.view()).unwrap().1, eigen(input.view()).unwrap().1);
    let mut basis = Array2::zeros(exact.dim());
    add_kronecker(u.view(), v.view(), &mut basis);
    let scales = basis.t().dot(exact).dot(&basis).diag().to_owned();
    (&basis * &scales).dot(&basis.t())
}

fn norm(matrix: &Array2<f64>) -> f64 {
    matrix.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// a / b, 0 of a zero matrix.
fn share(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

#[test]
fn errors_are_those_of_the_dense_blocks() {
    for problem in zoo() {
        let whole = gauss_newton(&problem.pass, &problem.parameters);
        for found in measure(&problem) {
            let range = problem.pass.architecture().range(found.layer);
            let exact = whole.slice(s![range.clone(), range]).to_owned();
            assert!((found.norm - norm(&exact)).abs() <= 1e-9 * norm(&exact), "{}", problem.name);
            assert_eq!(found.errors.iter().map(|error| error.method).collect::<Vec<_>>(), Kronecker::ALL);
            let kflr = all_factors(&problem, Kronecker::Kflr).preactivation[found.layer - 1].to_dense();
            for error in &found.errors {
                let all = all_factors(&problem, error.method);
                let factor = all.preactivation[found.layer - 1].to_dense();
                let approximation = dense(error.method, &exact, &all.input[found.layer - 1], &factor);
                let expected = share(norm(&(&approximation - &exact)), norm(&exact));
                // EKFAC's eigenvectors of equal eigenvalues are a matter of choice: its errors differ with them.
                let unique = error.method != Kronecker::Ekfac;
                let close = (error.block.powi(2) - expected.powi(2)).abs() <= 1e-9 * (1.0 + expected.powi(2));
                assert!(close || !unique, "{} {found:?} {error:?} {expected}", problem.name);
                let expected = share(norm(&(&factor - &kflr)), norm(&kflr));
                assert!((error.factor - expected).abs() <= 1e-9 * (1.0 + expected), "{} {error:?}", problem.name);
            }
        }
    }
}

fn of(found: &Approximation, method: Kronecker) -> KroneckerError {
    *found.errors.iter().find(|error| error.method == method).unwrap()
}

#[test]
fn correcting_the_eigenvalues_never_makes_a_block_worse() {
    let mut better = 0;
    for problem in zoo() {
        for found in measure(&problem) {
            let [kfac, ekfac] = [Kronecker::Kfac, Kronecker::Ekfac].map(|method| of(&found, method).block);
            assert!(ekfac <= kfac + 1e-7, "{} {found:?}", problem.name);
            better += usize::from(ekfac < 0.9 * kfac);
        }
    }
    assert!(better > 50, "{better}");
}

#[test]
fn the_corrected_error_is_that_of_a_dense_projection() {
    // Inputs and samples enough that no eigenvalue of a factor is repeated.
    let problem = problem(&[3, 4, 3, 2], Activation::Tanh, Loss::SquaredError, true, 40);
    let whole = gauss_newton(&problem.pass, &problem.parameters);
    for found in measure(&problem) {
        let range = problem.pass.architecture().range(found.layer);
        let exact = whole.slice(s![range.clone(), range]).to_owned();
        let all = all_factors(&problem, Kronecker::Kfac);
        let (input, factor) = (&all.input[found.layer - 1], all.preactivation[found.layer - 1].to_dense());
        let expected = norm(&(dense(Kronecker::Ekfac, &exact, input, &factor) - &exact)) / norm(&exact);
        assert!((of(&found, Kronecker::Ekfac).block - expected).abs() < 1e-9, "{found:?} {expected}");
    }
}

#[test]
fn kfra_is_kflr_and_exact_where_the_method_says_so_and_differs_elsewhere() {
    let mut apart = 0;
    for problem in zoo() {
        let architecture = problem.pass.architecture();
        let depth = architecture.depth();
        let is_linear = architecture.layers().iter().all(|layer| layer.activation == Activation::Identity);
        let exact = problem.pass.data() == 1 || (is_linear && problem.pass.loss() == Loss::SquaredError);
        for found in measure(&problem) {
            let [kfra, kflr] = [Kronecker::Kfra, Kronecker::Kflr].map(|method| of(&found, method));
            assert!(kflr.factor < 1e-12, "{} {found:?}", problem.name);
            if exact {
                assert!(kfra.factor < 1e-12, "{} {found:?}", problem.name);
                assert!(kfra.block < 1e-7 && kflr.block < 1e-7, "{} {found:?}", problem.name);
            } else if found.layer < depth {
                apart += usize::from(kfra.factor > 1e-3);
            } else {
                assert!(kfra.factor < 1e-12, "{} {found:?}", problem.name);
            }
        }
    }
    assert!(apart > 50, "{apart}");
}
