//! The lemmas of Botev, Ritter & Barber (2017), section 3, in numbers: over many random networks.

use crate::zoo::{Problem, Recipe};
use kfra_tui::curvature::dense;
use kfra_tui::diagnostics::alignment::Direction;
use kfra_tui::diagnostics::hessian::{Definite, HessianBlock};
use kfra_tui::diagnostics::rank::Rank;
use kfra_tui::diagnostics::surface::Plane;
use kfra_tui::diagnostics::{Finding, Preconditioning, Scope, Task};
use kfra_tui::linalg::{Stream, eigenvalues};
use kfra_tui::network::{Activation, Loss};

const PIECEWISE_LINEAR: [Activation; 3] = [Activation::Relu, Activation::LeakyRelu, Activation::Identity];
const PSD_LOSSES: [Loss; 3] = [Loss::SquaredError, Loss::Bernoulli, Loss::Categorical];

/// A random network of one to three hidden layers, each with one of the activations.
fn random(seed: u64, activations: &[Activation], losses: &[Loss]) -> Recipe {
    let mut stream = Stream::new(seed, "lemmas", 0);
    let depth = 1 + stream.below(3);
    Recipe {
        input: 1 + stream.below(6),
        hidden: (0..depth).map(|_| (1 + stream.below(6), activations[stream.below(activations.len())])).collect(),
        output: 1 + stream.below(4),
        bias: stream.below(2) == 0,
        loss: losses[stream.below(losses.len())],
        data: 1 + stream.below(8),
        seed,
    }
}

/// What a diagnostic finds of a problem.
fn measure<F: Finding>(problem: &Problem) -> Vec<F> {
    let mut all = Vec::new();
    let task = Task {
        pass: &problem.pass,
        parameters: &problem.parameters,
        only: None,
        exact_limit: 2048,
        plane: &Plane::default(),
        directions: Direction::ALL,
        preconditioning: &Preconditioning::default(),
        seed: 1,
        step: 0,
        image: None,
        progress: &|_, _| {},
        cancelled: &|| false,
    };
    F::measure(&task, &mut |found| all.push(found)).unwrap();
    all
}

/// The bounds of the diagnostic hold of the eigenvalues of the dense matrix, which knows of no bound.
fn assert_bounded(problem: &Problem, recipe: &Recipe) {
    let (pass, parameters) = (&problem.pass, &problem.parameters);
    let (whole, architecture, mut start) = (dense::gauss_newton(pass, parameters), pass.architecture(), 0);
    let mut dense = Vec::new();
    for layer in 1..=architecture.depth() {
        let end = start + architecture.layer_parameters(layer);
        dense.push(whole.slice(ndarray::s![start..end, start..end]).to_owned());
        start = end;
    }
    dense.push(whole);
    for rank in measure::<Rank>(problem) {
        let matrix = match rank.scope {
            Scope::Layer(layer) => &dense[layer - 1],
            Scope::Whole => &dense[architecture.depth()],
        };
        let values = eigenvalues(matrix.view()).unwrap();
        let beyond = |share: f64| values.iter().filter(|&&value| value > share * values[values.len() - 1]).count();
        assert!(beyond(1e-10) <= rank.bound, "{recipe:?} {rank:?} {values}");
        assert!(rank.lower <= beyond(1e-15) && beyond(1e-10) <= rank.upper, "{recipe:?} {rank:?} {values}");
    }
}

#[test]
fn no_block_of_a_piecewise_linear_network_has_a_negative_eigenvalue_and_there_is_no_maximum() {
    let mut blocks = 0;
    for seed in 0..1000 {
        let recipe = random(seed, &PIECEWISE_LINEAR, &PSD_LOSSES);
        let problem = recipe.cook();
        let (all, _) = dense::hessian_blocks(&problem.pass, &problem.parameters);
        let mut trace = 0.0;
        for block in all {
            let values = eigenvalues(block.view()).unwrap();
            let (least, most) = (values[0], values[values.len() - 1]);
            assert!(least >= -1e-10 * most, "{recipe:?}: {least} {most}");
            trace += block.diag().sum();
            blocks += 1;
        }
        assert!(trace >= 0.0, "{recipe:?}: {trace}");
        for found in measure::<HessianBlock>(&problem) {
            let is_block = found.scope != Scope::Whole;
            assert!(!is_block || found.smallest >= -1e-10 * found.largest, "{recipe:?}: {found:?}");
            assert_eq!(is_block, found.definite == Definite::ByStructure, "{recipe:?}: {found:?}");
        }
        assert_bounded(&problem, &recipe);
    }
    assert!(blocks > 2500, "{blocks}");
}

#[test]
fn blocks_of_tanh_networks_have_negative_eigenvalues() {
    let mut negative = 0;
    for seed in 0..200 {
        let recipe = random(seed, &[Activation::Tanh], &PSD_LOSSES);
        let problem = recipe.cook();
        let (all, _) = dense::hessian_blocks(&problem.pass, &problem.parameters);
        // All but the last, which is positive semi-definite with these losses.
        let below = |block: &ndarray::Array2<f64>| {
            let values = eigenvalues(block.view()).unwrap();
            values[0] < -1e-6 * values[values.len() - 1].abs()
        };
        let (last, hidden) = all.split_last().unwrap();
        assert!(!below(last), "{recipe:?}");
        negative += usize::from(hidden.iter().any(below));
        assert_bounded(&problem, &recipe);
    }
    assert!(negative > 150, "{negative}");
}

#[test]
fn where_the_jacobian_is_generic_the_rank_is_its_bound() {
    for seed in 0..100 {
        // Smooth, with no bottleneck, and more inputs than data: nothing makes columns of the Jacobian dependent.
        let mut stream = Stream::new(seed, "generic", 0);
        let output = 1 + stream.below(4);
        let recipe = Recipe {
            input: 8,
            hidden: (0..=stream.below(2)).map(|_| (7 + stream.below(3), Activation::Tanh)).collect(),
            output,
            bias: true,
            loss: Loss::SquaredError,
            data: 1 + stream.below(6),
            seed,
        };
        for rank in measure::<Rank>(&recipe.cook()) {
            assert_eq!((rank.lower, rank.upper), (rank.bound, rank.bound), "{recipe:?} {rank:?}");
            if rank.scope == Scope::Whole {
                assert_eq!(rank.bound, recipe.data * output);
            }
        }
    }
}
