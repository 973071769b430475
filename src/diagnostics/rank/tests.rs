use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use ndarray::{Array2, ArrayView2};

use super::*;
use crate::curvature::dense::{gauss_newton, jacobian_columns};
use crate::diagnostics::zoo::{Problem, problem, task, zoo};
use crate::linalg::{Stream, eigenvalues};
use crate::network::{Activation, Loss};

fn measure(problem: &Problem, exact_limit: usize) -> Vec<Rank> {
    let mut all = Vec::new();
    let task = Task { exact_limit, ..task(problem) };
    Rank::measure(&task, &mut |rank| all.push(rank)).unwrap();
    all
}

#[test]
fn one_part_alone_is_measured_as_among_all() {
    for (problem, exact_limit) in zoo().iter().flat_map(|problem| [(problem, 2048), (problem, 3)]) {
        for mut expected in measure(problem, exact_limit) {
            let mut found = Vec::new();
            let task = Task { exact_limit, only: Some(expected.scope), ..task(problem) };
            Rank::measure(&task, &mut |rank| found.push(rank)).unwrap();
            found.retain(|rank| rank.scope == expected.scope);
            expected.cost = found[0].cost;
            assert_eq!(found, [expected], "{}", problem.name);
        }
    }
}

/// Eigenvalues above max(M, P) ε λ_max, and (tr)² / tr of the square.
fn oracle(matrix: ArrayView2<f64>, columns: usize) -> (usize, Option<f64>) {
    let values = eigenvalues(matrix).unwrap();
    let tolerance = tolerance(columns, values.len(), values[values.len() - 1]);
    let squares = values.iter().map(|x| x * x).sum::<f64>();
    let effective = (squares > 0.0).then(|| values.sum().powi(2) / squares);
    (values.iter().filter(|&&value| value > tolerance.max(0.0)).count(), effective)
}

/// True rank and effective rank by scope.
fn truth(problem: &Problem, scope: Scope) -> (usize, Option<f64>) {
    let pass = &problem.pass;
    let dense = gauss_newton(pass, &problem.parameters);
    let data = pass.data();
    match scope {
        Scope::Whole => oracle(dense.view(), data * pass.loss().root_rank(pass.architecture().outputs())),
        Scope::Layer(layer) => {
            let range = pass.architecture().range(layer);
            oracle(dense.slice(s![range.clone(), range]), data * roots::columns(pass)[layer - 1])
        }
    }
}

#[test]
fn ranks_and_effective_ranks_are_those_of_the_dense_matrix() {
    for problem in zoo() {
        let found = measure(&problem, 2048);
        assert_eq!(found.len(), problem.pass.architecture().depth() + 1);
        assert_eq!(found.last().unwrap().scope, Scope::Whole);
        for rank in found {
            let (true_rank, effective) = truth(&problem, rank.scope);
            assert_eq!((rank.lower, rank.upper), (true_rank, true_rank), "{} {rank:?}", problem.name);
            assert!(true_rank <= rank.bound && rank.bound <= rank.parameters, "{} {rank:?}", problem.name);
            assert!(matches!(rank.method, RankMethod::Gram | RankMethod::Dense));
            match (rank.effective, effective) {
                (Some(x), Some(y)) => assert!((x - y).abs() < 1e-9 * y, "{} {rank:?} {y}", problem.name),
                (x, y) => assert_eq!(x, y),
            }
            assert_eq!((rank.step, rank.data), (3, problem.pass.data()));
        }
    }
}

#[test]
fn bounds_from_certificates_enclose_the_rank() {
    let (mut exact, mut all) = (0, 0);
    for problem in zoo() {
        for rank in measure(&problem, 1) {
            let (true_rank, _) = truth(&problem, rank.scope);
            assert!(rank.lower <= true_rank && true_rank <= rank.upper, "{} {true_rank} {rank:?}", problem.name);
            assert!(rank.upper <= rank.bound, "{rank:?}");
            match rank.method {
                RankMethod::Bounds => assert!(rank.lower < rank.upper),
                _ => assert_eq!(rank.lower, rank.upper),
            }
            exact += usize::from(rank.lower == rank.upper);
            all += 1;
        }
    }
    assert!(exact * 10 > all * 6, "{exact} of {all}");
}

#[test]
fn certificates_are_exact_where_inputs_are_independent() {
    let decoder = problem(&[3, 8, 8], Activation::Tanh, Loss::Bernoulli, true, 4);
    let wide = problem(&[6, 9, 8, 4], Activation::Sigmoid, Loss::Categorical, true, 6);
    let autoencoder = problem(&[8, 10, 3, 8, 8], Activation::Tanh, Loss::SquaredError, true, 4);
    for problem in [decoder, wide, autoencoder] {
        for rank in measure(&problem, 1) {
            assert_eq!(rank.lower, rank.upper, "{} {rank:?}", problem.name);
            assert_eq!(rank.lower, truth(&problem, rank.scope).0);
        }
    }
}

#[test]
fn units_without_slope_lower_the_upper_bound() {
    let problem = problem(&[9, 12, 10, 8], Activation::Relu, Loss::SquaredError, true, 6);
    for (limit, layers) in [(1, 1..=3), (2048, 1..=3)] {
        let found = measure(&problem, limit);
        for rank in &found {
            assert!(rank.lower <= truth(&problem, rank.scope).0 && truth(&problem, rank.scope).0 <= rank.upper);
        }
        let active = active_bounds(&problem.pass, &[8; 6]);
        assert!(active[0] < 6 * 8);
        for layer in layers {
            let rank = found.iter().find(|rank| rank.scope == Scope::Layer(layer)).unwrap();
            assert!(rank.upper <= active[layer - 1] && rank.bound == 6 * 8);
        }
    }
}

#[test]
fn repeated_data_are_no_more_rank() {
    let mut problem = problem(&[8, 9, 7], Activation::Tanh, Loss::Bernoulli, true, 6);
    let (mut x, _) = problem.pass.batch_mut();
    let first = x.row(0).to_owned();
    x.row_mut(4).assign(&first);
    x.row_mut(5).assign(&(&first * (1.0 + 1e-15)));
    problem.pass.forward(&problem.parameters);
    for limit in [1, 2048] {
        let found = measure(&problem, limit);
        assert!(found.iter().all(|rank| rank.lower <= 4 * 7), "{found:?}");
        // The structure does not tell that data are repeated.
        assert!(found.iter().all(|rank| rank.bound == 6 * 7), "{found:?}");
    }
    assert!(measure(&problem, 2048).iter().all(|rank| rank.upper == 4 * 7));
}

#[test]
fn compression_changes_no_gram_matrix_and_no_trace() {
    for problem in zoo() {
        let (pass, parameters) = (&problem.pass, &problem.parameters);
        let columns = roots::columns(pass);
        let depth = pass.architecture().depth();
        let mut blocks: Vec<_> = (1..=depth).map(|l| pass.architecture().layer_parameters(l)).collect();
        let mut blocks: Vec<Array2<f64>> = blocks.drain(..).map(|size| Array2::zeros((size, size))).collect();
        roots::sweep(pass, parameters, depth, &|| false, &mut |root| {
            assert_eq!(root.columns.nrows(), columns[root.layer - 1]);
            let g = root.columns.t().dot(&root.columns) / pass.data() as f64;
            let input = pass.input(root.layer).slice_move(s![root.datum..=root.datum, ..]);
            add_kronecker(g.view(), input.t().dot(&input).view(), &mut blocks[root.layer - 1]);
            Ok(())
        })
        .unwrap();
        let dense = gauss_newton(pass, parameters);
        let traces = roots::block_traces(pass, parameters, &|| false).unwrap();
        for layer in 1..=depth {
            let range = pass.architecture().range(layer);
            let exact = dense.slice(s![range.clone(), range]);
            let scale = exact.diag().sum();
            let error = (&blocks[layer - 1] - &exact).fold(0.0_f64, |most, x| most.max(x.abs()));
            assert!(error <= 1e-12 * scale, "{} layer {layer}: {error}", problem.name);
            assert!((traces[layer - 1] - scale).abs() <= 1e-12 * scale, "{}", problem.name);
        }
    }
}

#[test]
fn the_shares_of_independent_inputs_are_below_their_gram_matrix() {
    for (data, width) in [(5, 9), (9, 5), (1, 1), (12, 12)] {
        let mut stream = Stream::new(1, "test", data as u64);
        let mut inputs = Array2::from_shape_simple_fn((data, width), || stream.normal());
        inputs.row_mut(0).mapv_inplace(|x| x * 1e3);
        let gram = inputs.dot(&inputs.t());
        let shares = independent(&gram).unwrap();
        let chosen: Vec<usize> = (0..data).filter(|&i| shares[i] > 0.0).collect();
        assert_eq!(chosen.len(), data.min(width));
        let mut rest = Array2::from_shape_fn((chosen.len(), chosen.len()), |(i, j)| gram[(chosen[i], chosen[j])]);
        chosen.iter().enumerate().for_each(|(i, &n)| rest[(i, i)] -= shares[n]);
        let least = eigenvalues(rest.view()).unwrap()[0];
        assert!(least >= -1e-13 * gram.diag().sum(), "{least}");
    }
}

#[test]
fn the_largest_eigenvalue_of_a_block_and_of_the_whole_is_found_from_products() {
    for problem in zoo() {
        let pass = &problem.pass;
        let dense = gauss_newton(pass, &problem.parameters);
        let depth = pass.architecture().depth();
        let mut product = Reduced::gauss_newton(pass, &problem.parameters);
        for layers in (1..=depth).map(|layer| layer..=layer).chain([1..=depth]) {
            let range = pass.architecture().range(*layers.start()).start..pass.architecture().range(*layers.end()).end;
            let values = eigenvalues(dense.slice(s![range.clone(), range])).unwrap();
            let exact = values[values.len() - 1];
            let found = product.largest(&layers, &|| false).unwrap();
            assert!((found - exact).abs() <= 1e-3 * exact, "{} {layers:?} {found} {exact}", problem.name);
        }
    }
}

#[test]
fn the_gram_matrix_is_that_of_the_jacobian() {
    let problem = problem(&[3, 5, 4], Activation::Tanh, Loss::Categorical, true, 6);
    let u = jacobian_columns(&problem.pass, &problem.parameters, crate::curvature::Root::Exact);
    let mut gram = Array2::zeros((18, 18));
    let mut columns = crate::curvature::Columns::default();
    columns.sweep(&problem.pass, &problem.parameters, crate::curvature::Root::Exact, |chunk| {
        spectrum::add_gram(1.0, chunk.columns, &kernel(&problem.pass, chunk.layer), &mut gram);
    });
    assert!((gram - u.dot(&u.t())).iter().all(|x| x.abs() < 1e-12));
}

#[test]
fn a_cancelled_measurement_reports_nothing_more() {
    let problem = problem(&[3, 5, 4], Activation::Tanh, Loss::Bernoulli, true, 6);
    let seen = AtomicUsize::new(0);
    let cancelled = || seen.load(Relaxed) > 0;
    let task = Task { exact_limit: 1, cancelled: &cancelled, ..task(&problem) };
    assert!(matches!(Rank::measure(&task, &mut |_| _ = seen.fetch_add(1, Relaxed)), Err(Stop::Cancelled)));
    assert_eq!(seen.load(Relaxed), 1);
}
