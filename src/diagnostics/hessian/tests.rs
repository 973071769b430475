use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::*;
use crate::curvature::dense::{gauss_newton, hessian, hessian_blocks};
use crate::diagnostics::zoo::{Problem, task, zoo};
use crate::linalg::eigenvalues;
use crate::network::Layer;

fn measure(problem: &Problem) -> Vec<HessianBlock> {
    let mut all = Vec::new();
    HessianBlock::measure(&task(problem), &mut |block| all.push(block)).unwrap();
    all
}

/// The dense matrices in the order they are measured in: every block, then the whole.
fn dense(problem: &Problem) -> Vec<ndarray::Array2<f64>> {
    let (mut all, _) = hessian_blocks(&problem.pass, &problem.parameters);
    all.push(hessian(&problem.pass, &problem.parameters));
    all
}

#[test]
fn traces_are_those_of_the_dense_blocks() {
    for problem in zoo() {
        let blocks = dense(&problem);
        let whole = gauss_newton(&problem.pass, &problem.parameters);
        let layers = 1..=problem.pass.architecture().depth();
        let trace = |layer| whole.diag().slice(ndarray::s![problem.pass.architecture().range(layer)]).sum();
        let gauss_newton = layers.map(trace).chain([whole.diag().sum()]);
        let found = measure(&problem);
        assert_eq!(found.len(), blocks.len());
        for ((block, exact), gauss_newton) in found.iter().zip(&blocks).zip(gauss_newton) {
            let scale = exact.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            let error = (block.trace - exact.diag().sum()).abs();
            assert!(error <= 1e-9 * scale * exact.nrows() as f64, "{} {block:?}", problem.name);
            assert!(
                (block.gauss_newton_trace - gauss_newton).abs() <= 1e-9 * gauss_newton,
                "{} {block:?}",
                problem.name
            );
        }
    }
}

/// Measures every matrix of the zoo, and its eigenvalues in ascending order.
fn each_block(mut check: impl FnMut(&str, &HessianBlock, &[f64])) {
    for problem in zoo() {
        for (block, exact) in measure(&problem).iter().zip(&dense(&problem)) {
            check(&problem.name, block, &eigenvalues(exact.view()).unwrap().to_vec());
        }
    }
}

#[test]
fn what_is_found_lies_between_the_extremes_and_within_the_residual_of_an_eigenvalue() {
    each_block(|name, block, values| {
        let scale = block.largest.abs().max(block.smallest.abs());
        let (least, most) = (values[0], values[values.len() - 1]);
        for found in [block.smallest, block.largest] {
            assert!((least - 1e-9 * scale..=most + 1e-9 * scale).contains(&found), "{name} {block:?}");
            let nearest = values.iter().map(|value| (value - found).abs()).fold(f64::INFINITY, f64::min);
            assert!(nearest <= block.residual + 1e-9 * scale, "{name} {block:?} {nearest}");
        }
    });
}

#[test]
fn of_small_blocks_the_extremes_are_found() {
    each_block(|name, block, values| {
        let (least, most) = (values[0], values[values.len() - 1]);
        let scale = most.abs().max(least.abs());
        let error = (block.smallest - least).max(most - block.largest);
        let known = block.products == 0;
        assert_eq!(known, values.len() <= DECOMPOSED, "{name} {block:?}");
        assert!(error <= if known { 1e-9 } else { ACCURACY.tolerance } * scale, "{name} {block:?} {error}");
        let negative = values.iter().filter(|&&value| value < -ROUNDING * scale).count();
        assert!(if known { block.negative == negative } else { block.negative <= negative }, "{name} {block:?}");
    });
}

#[test]
fn a_convex_loss_has_semi_definite_blocks_wherever_all_later_activations_are_piecewise_linear() {
    let mut seen = 0;
    for problem in zoo() {
        let (architecture, convex) = (problem.pass.architecture(), problem.pass.loss().is_exponential_family());
        for block in measure(&problem) {
            let is_block = block.scope != Scope::Whole;
            let first = match block.scope {
                Scope::Whole => 1,
                Scope::Layer(layer) => layer,
            };
            let linear = |layer: &Layer| layer.activation.is_piecewise_linear();
            let structure = convex && architecture.layers()[first - 1..].iter().all(linear);
            assert_eq!(block.definite == Definite::ByStructure, structure && is_block, "{} {block:?}", problem.name);
            if structure && !is_block {
                // No differentiable maximum: the trace of the whole is not negative.
                assert!(block.trace >= 0.0, "{} {block:?}", problem.name);
            }
            if structure && is_block {
                assert!(block.smallest >= -1e-10 * block.largest, "{} {block:?}", problem.name);
                let error = (block.trace - block.gauss_newton_trace).abs();
                assert!(error <= 1e-10 * block.trace, "{} {block:?}", problem.name);
                seen += 1;
            }
        }
    }
    assert!(seen > 10);
}

#[test]
fn what_is_called_definite_or_indefinite_is() {
    let mut indefinite = 0;
    each_block(|name, block, values| {
        let scale = values[values.len() - 1].abs().max(values[0].abs());
        if block.definite == Definite::Indefinite {
            assert!(values[0] < -0.5 * ROUNDING * scale, "{name} {block:?}");
            indefinite += 1;
        } else if block.definite != Definite::Undecided {
            assert!(values[0] >= -2.0 * ROUNDING * scale, "{name} {block:?}");
        }
    });
    assert!(indefinite > 10, "{indefinite}");
}

#[test]
fn what_an_earlier_version_called_measured_is_open() {
    let read = |word: &str| serde_json::from_str::<Definite>(word).unwrap();
    assert_eq!(read("\"measured\""), Definite::Undecided);
    for definite in [Definite::ByStructure, Definite::Decomposed, Definite::Undecided, Definite::Indefinite] {
        assert_eq!(read(&serde_json::to_string(&definite).unwrap()), definite);
    }
}

#[test]
fn a_repeated_measurement_is_the_same_to_the_last_bit() {
    let problem = zoo().remove(12);
    let numbers = |block: HessianBlock| HessianBlock { cost: 0.0, ..block };
    let [first, second] = [(); 2].map(|()| measure(&problem).into_iter().map(numbers).collect::<Vec<_>>());
    assert_eq!(first, second);
}

#[test]
fn a_cancelled_measurement_reports_nothing_more() {
    let problem = zoo().remove(0);
    let seen = AtomicUsize::new(0);
    let cancelled = || seen.load(Relaxed) > 0;
    let task = Task { cancelled: &cancelled, ..task(&problem) };
    assert!(matches!(HessianBlock::measure(&task, &mut |_| _ = seen.fetch_add(1, Relaxed)), Err(Stop::Cancelled)));
    assert_eq!(seen.load(Relaxed), 1);
}
