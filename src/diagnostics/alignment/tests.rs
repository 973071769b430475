use ndarray::{Array2, s};

use super::*;
use crate::curvature::dense::gauss_newton;
use crate::diagnostics::Preconditioning;
use crate::diagnostics::zoo::{Problem, problem, task, zoo};
use crate::linalg::Cholesky;
use crate::network::{Activation, Loss, Parameters};
use crate::optim::kronecker::Kronecker;
use crate::optim::{Curvature, FirstOrder, Moments, Rule};

const DAMPING: f64 = 0.03;
const L2: f64 = 0.002;

fn preconditioning() -> Preconditioning {
    Preconditioning { damping: DAMPING, l2: L2, samples: 2, ..Preconditioning::default() }
}

fn measure(problem: &Problem, preconditioning: &Preconditioning) -> Vec<Alignment> {
    let mut all = Vec::new();
    let task = Task { preconditioning, ..task(problem) };
    Alignment::measure(&task, &mut |found| all.push(found)).unwrap();
    all
}

/// g with the L2 term, by the backward pass.
fn gradient(problem: &Problem) -> Parameters<f64> {
    let mut gradient = Parameters::zeros(problem.pass.architecture());
    problem.pass.clone().backward(&problem.parameters, &mut gradient);
    gradient.flat.scaled_add(L2, &problem.parameters.flat);
    gradient
}

/// −(A + κ I)⁻¹ g, by Cholesky.
fn exact(a: &Array2<f64>, gradient: ArrayView1<f64>) -> Array1<f64> {
    let mut a = a.clone();
    a.diag_mut().mapv_inplace(|x| x + DAMPING + L2);
    let mut b = gradient.to_owned().insert_axis(ndarray::Axis(1));
    Cholesky::default().solve(a.view_mut(), b.view_mut()).unwrap();
    -b.column(0).to_owned()
}

/// Every direction whose formula is the optimizers' own, from their code; EKFAC's with dense matrices.
fn directions(problem: &Problem) -> Vec<(Direction, Array1<f64>)> {
    let (pass, parameters, g) = (&problem.pass, &problem.parameters, gradient(problem));
    let architecture = pass.architecture();
    let mut all = vec![(Direction::Gradient, -&g.flat)];
    let origin = Parameters::zeros(architecture);
    let mut next = origin.clone();
    let mut moments = Moments::new(Rule::Adam, g.flat.len());
    moments.update(&FirstOrder::new(Rule::Adam), 1e-3, &g, &origin, &mut next);
    all.push((Direction::Adam, next.flat));
    let kfac = Curvature::Kfac { samples: 2, empirical: false };
    for (direction, curvature) in
        [(Direction::Kfac, kfac), (Direction::Kflr, Curvature::Kflr), (Direction::Kfra, Curvature::Kfra)]
    {
        let mut kronecker = Kronecker::new(curvature, architecture);
        kronecker.update_input(pass, 0.0).unwrap();
        kronecker.update_preactivation(curvature, pass, parameters, (1, 3), 0.0).unwrap();
        kronecker.invert(DAMPING, L2).unwrap();
        let mut delta = Parameters::zeros(architecture);
        kronecker.direction(&g, &mut delta);
        all.push((direction, delta.flat));
    }
    let whole = gauss_newton(pass, parameters);
    let mut blocks = Array1::zeros(g.flat.len());
    for layer in 1..=architecture.depth() {
        let range = architecture.range(layer);
        let block = whole.slice(s![range.clone(), range.clone()]).to_owned();
        blocks.slice_mut(s![range.clone()]).assign(&exact(&block, g.flat.slice(s![range])));
    }
    all.push((Direction::Block, blocks));
    all.push((Direction::Full, exact(&whole, g.flat.view())));
    all
}

#[test]
fn directions_compared_alone_are_as_among_all_others() {
    let problem = problem(&[3, 4, 5, 2], Activation::Tanh, Loss::Categorical, true, 6);
    let all = measure(&problem, &preconditioning());
    let of = |asked: &[Direction]| {
        let mut found = Vec::new();
        let task = Task { directions: asked, preconditioning: &preconditioning(), ..task(&problem) };
        Alignment::measure(&task, &mut |one| found.push(one)).unwrap();
        found
    };
    let asked: [&[Direction]; 4] = [
        &[Direction::Kfac, Direction::Kfra],
        &[Direction::Ekfac],
        &[Direction::Gradient, Direction::Full],
        &[Direction::Adam, Direction::Block, Direction::Full],
    ];
    for asked in asked {
        let found = of(asked);
        // The whole is compared with the exact direction of the whole.
        assert_eq!(found.len(), if asked.contains(&Direction::Full) { 4 } else { 3 });
        for one in found {
            let among = all.iter().find(|other| other.scope == one.scope).unwrap();
            let expected: Vec<_> =
                among.directions.iter().filter(|aligned| asked.contains(&aligned.direction)).copied().collect();
            assert_eq!(one.directions, expected, "{:?}", one.scope);
        }
    }
}

#[test]
fn directions_are_compared_as_with_dense_matrices() {
    for problem in zoo() {
        let (g, expected) = (gradient(&problem), directions(&problem));
        let whole = gauss_newton(&problem.pass, &problem.parameters);
        let depth = problem.pass.architecture().depth();
        let all = measure(&problem, &preconditioning());
        assert_eq!(all.len(), depth + 1);
        for found in all {
            let (range, reference) = match found.scope {
                Scope::Whole => (0..g.flat.len(), Direction::Full),
                Scope::Layer(layer) => (problem.pass.architecture().range(layer), Direction::Block),
            };
            let part = |direction: Direction| {
                let (_, whole) = expected.iter().find(|(known, _)| *known == direction).unwrap();
                whole.slice(s![range.clone()]).to_owned()
            };
            let matrix = whole.slice(s![range.clone(), range.clone()]);
            let (best, g) = (part(reference), g.flat.slice(s![range.clone()]));
            let what = format!("{} {found:?}", problem.name);
            assert!(found.residual <= 1e-9, "{what}");
            assert!((found.damping - DAMPING - L2).abs() < 1e-15);
            assert_eq!(found.directions.iter().map(|aligned| aligned.direction).collect::<Vec<_>>(), Direction::ALL);
            for aligned in &found.directions {
                if aligned.direction == Direction::Ekfac {
                    continue;
                }
                let delta = part(aligned.direction);
                let form = |a: &Array1<f64>, b: &Array1<f64>| a.dot(&matrix.dot(b));
                let squared: f64 = delta.dot(&delta);
                let close =
                    |a: f64, b: f64| assert!((a - b).abs() <= 1e-8 * (1.0 + b.abs()), "{a} {b} {aligned:?} {what}");
                close(aligned.cosine, delta.dot(&best) / (squared * best.dot(&best)).sqrt());
                let curvatures = form(&delta, &delta) * form(&best, &best);
                if curvatures > 1e-20 {
                    close(aligned.curvature_cosine, form(&delta, &best) / curvatures.sqrt());
                }
                close(aligned.norm_ratio, (squared / best.dot(&best)).sqrt());
                let damped = form(&delta, &delta) + (DAMPING + L2) * squared;
                close(aligned.decrease, delta.dot(&g).powi(2) / (2.0 * damped));
            }
            let decrease = |direction| found.directions.iter().find(|a| a.direction == direction).unwrap().decrease;
            // The exact direction has the least model there is.
            for aligned in &found.directions {
                assert!(aligned.decrease <= decrease(reference) * (1.0 + 1e-9), "{aligned:?} {what}");
            }
        }
    }
}

#[test]
fn the_corrected_direction_solves_with_the_corrected_block() {
    use crate::curvature::dense::add_kronecker;
    use crate::curvature::factors::input_factors;
    use crate::curvature::{Columns, KroneckerFactors, Root, factors::from_columns};
    use crate::linalg::eigen;
    // Enough data that no eigenvalue of a factor is repeated, and few enough that some inputs are not spanned.
    for (widths, data) in [(&[3, 4, 3, 2][..], 40), (&[12, 3, 2][..], 8)] {
        let problem = problem(widths, Activation::Tanh, Loss::SquaredError, true, data);
        let (g, pass) = (gradient(&problem), &problem.pass);
        let whole = gauss_newton(pass, &problem.parameters);
        let mut factors = KroneckerFactors::zeros(pass.architecture());
        input_factors(pass, &mut factors.input);
        let root = Root::Sampled { samples: 2, seed: 1, step: 3 };
        let (mut columns, mut scratch) = (Columns::default(), Array2::default((0, 0)));
        from_columns(pass, &problem.parameters, root, &mut columns, &mut scratch, &mut factors.preactivation);
        for found in measure(&problem, &preconditioning()) {
            let Scope::Layer(layer) = found.scope else { continue };
            let range = pass.architecture().range(layer);
            let exact_block = whole.slice(s![range.clone(), range.clone()]).to_owned();
            let u = eigen(factors.preactivation[layer - 1].to_dense().view()).unwrap().1;
            let v = eigen(factors.input[layer - 1].view()).unwrap().1;
            let mut basis = Array2::zeros(exact_block.dim());
            add_kronecker(u.view(), v.view(), &mut basis);
            let scales = basis.t().dot(&exact_block).dot(&basis).diag().to_owned();
            let corrected = (&basis * &scales).dot(&basis.t());
            let g = g.flat.slice(s![range]);
            let (delta, best) = (exact(&corrected, g), exact(&exact_block, g));
            let aligned = found.directions.iter().find(|a| a.direction == Direction::Ekfac).unwrap();
            let norms = (delta.dot(&delta) * best.dot(&best)).sqrt();
            assert!((aligned.cosine - delta.dot(&best) / norms).abs() < 1e-8, "{widths:?} {layer} {aligned:?}");
            let ratio = (delta.dot(&delta) / best.dot(&best)).sqrt();
            assert!((aligned.norm_ratio - ratio).abs() < 1e-8, "{widths:?} {layer} {aligned:?} {ratio}");
        }
    }
}

#[test]
fn for_one_datum_the_kronecker_block_is_exact_but_for_its_damping() {
    let problem = problem(&[5, 4, 3], Activation::Tanh, Loss::SquaredError, true, 1);
    let little = Preconditioning { damping: 1e-9, ..Preconditioning::default() };
    for found in measure(&problem, &little) {
        for aligned in found.directions.iter().filter(|a| matches!(a.direction, Direction::Kfra | Direction::Kflr)) {
            if found.scope != Scope::Whole {
                assert!(aligned.cosine > 0.999, "{found:?}");
            }
        }
    }
}

#[test]
fn adam_s_moments_are_those_of_the_run() {
    let problem = problem(&[3, 4, 3], Activation::Tanh, Loss::SquaredError, true, 5);
    let g = gradient(&problem);
    let settings = FirstOrder::new(Rule::Adam);
    let mut moments = Moments::new(Rule::Adam, g.flat.len());
    let mut next = Parameters::zeros(problem.pass.architecture());
    let mut other = g.clone();
    other.flat.indexed_iter_mut().for_each(|(i, x)| *x += if i % 3 == 0 { 0.5 } else { -0.1 });
    moments.update(&settings, 1e-3, &other, &next.clone(), &mut next);
    let mine = Preconditioning { adam: Some((settings, moments)), ..preconditioning() };
    let cosine = |preconditioning: &Preconditioning| {
        let found = measure(&problem, preconditioning);
        found[0].directions.iter().find(|a| a.direction == Direction::Adam).unwrap().cosine
    };
    assert!((cosine(&mine) - cosine(&preconditioning())).abs() > 1e-3);
}
