//! Passes through the network: gradients, forward mode, initial weights, reproducibility.

use crate::zoo::{self, Problem, any_recipe, assert_close, column, largest, vector};
use kfra_tui::linalg::Real;
use kfra_tui::network::{Activation, Architecture, Init, Layer, Loss, Parameters, Pass, Tangent};
use proptest::prelude::*;

/// (f(θ + s δ) − f(θ − s δ)) / 2 s.
fn difference(problem: &Problem, direction: &Parameters<f64>, f: impl Fn(&Parameters<f64>) -> Vec<f64>) -> Vec<f64> {
    let step = 1e-6;
    let (above, below) = (f(&problem.moved(direction, step)), f(&problem.moved(direction, -step)));
    above.iter().zip(below).map(|(a, b)| (a - b) / (2.0 * step)).collect()
}

proptest! {
    #![proptest_config(zoo::sixty_cases())]

    #[test]
    fn the_gradient_is_the_limit_of_differences_of_the_loss(recipe in any_recipe(), seed in 0_u64..100) {
        let problem = recipe.cook();
        let direction = problem.direction(seed);
        let slope = difference(&problem, &direction, |parameters| vec![problem.loss_at(parameters)])[0];
        let found = problem.gradient.flat.dot(&direction.flat);
        prop_assert!((found - slope).abs() < 1e-7 * (1.0 + found.abs() + problem.mean_loss), "{found} {slope}");
    }

    #[test]
    fn forward_mode_is_the_limit_of_differences_of_the_outputs(recipe in any_recipe(), seed in 0_u64..100) {
        let problem = recipe.cook();
        let direction = problem.direction(seed);
        let outputs = difference(&problem, &direction, |parameters| {
            let mut pass = problem.pass.clone();
            pass.forward(parameters);
            pass.output().iter().copied().collect()
        });
        let mut tangent = Tangent::new(problem.architecture(), problem.pass.data());
        let found = tangent.forward(&problem.pass, &problem.parameters, &direction);
        let error = largest(&(column(found.iter().copied()) - column(outputs)));
        prop_assert!(error < 1e-6, "{error}");
    }

    #[test]
    fn every_partial_derivative_is_the_backward_pass_of_its_datum(recipe in any_recipe()) {
        // Σ_n J^nᵀ ∂E/∂h_L: forward mode and backward pass are transposes of one another.
        let problem = recipe.cook();
        let jacobians = problem.jacobians();
        let depth = problem.architecture().depth();
        let mut sum = column(vec![0.0; problem.gradient.flat.len()]);
        for (datum, jacobian) in jacobians.iter().enumerate() {
            sum += jacobian.transpose() * column(problem.pass.delta(depth).row(datum).iter().copied());
        }
        let found = column(vector(&problem.gradient).iter().copied());
        assert_close(&found, &(sum / jacobians.len() as f64), 1e-12);
    }

    #[test]
    fn single_precision_passes_agree_with_double_precision(recipe in any_recipe()) {
        let problem = recipe.cook();
        let (_, _, gradient, loss) = problem.cast::<f32>();
        prop_assert!((loss - problem.mean_loss).abs() < 1e-5 * (1.0 + problem.mean_loss));
        let error = largest(&(vector(&gradient) - vector(&problem.gradient)));
        prop_assert!(error < 2e-5 * (1.0 + largest(&vector(&problem.gradient))), "{error}");
    }
}

#[test]
fn the_zoo_has_every_activation_and_loss() {
    let problems: Vec<_> = zoo::recipes().iter().map(zoo::Recipe::cook).collect();
    for loss in Loss::ALL {
        assert!(problems.iter().any(|problem| problem.pass.loss() == *loss), "{loss:?}");
    }
    for activation in Activation::ALL {
        let has =
            |problem: &Problem| problem.architecture().layers().iter().any(|layer| layer.activation == *activation);
        assert!(problems.iter().any(has), "{activation:?}");
    }
}

fn wide(activation: Activation, bias: bool) -> Architecture {
    Architecture::new(80, &[Layer { units: 120, activation }], 60, bias)
}

/// Mean and variance of the weights of a layer, without biases.
fn moments(parameters: &Parameters<f64>, layer: usize) -> (f64, f64) {
    let weights = parameters.weights(layer);
    let mean = weights.mean().unwrap();
    (mean, weights.mapv(|w| (w - mean) * (w - mean)).mean().unwrap())
}

#[test]
fn initial_weights_have_the_variance_they_promise() {
    let architecture = wide(Activation::Relu, true);
    for layer in 1..=2 {
        let (n, m) = (architecture.width(layer - 1) as f64, architecture.width(layer) as f64);
        for (init, expected) in [(Init::Glorot, 2.0 / (n + m)), (Init::He, 2.0 / n), (Init::LeCun, 1.0 / n)] {
            let parameters = init.parameters::<f64>(&architecture, 3);
            let (mean, variance) = moments(&parameters, layer);
            // The variance of k normal numbers is known to √(2/k); five of these.
            let count = n * m;
            assert!((variance / expected - 1.0).abs() < 5.0 * (2.0 / count).sqrt(), "{init:?}: {variance}");
            assert!(mean.abs() < 5.0 * (expected / count).sqrt(), "{init:?}: {mean}");
            assert!(parameters.layer(layer).column(n as usize).iter().all(|b| b.abs() < 1e-300), "{init:?}: biases");
            if init == Init::Glorot {
                let most = (6.0 / (n + m)).sqrt();
                assert!(parameters.weights(layer).iter().all(|w| w.abs() <= most));
            }
        }
    }
}

#[test]
fn sparse_weights_are_fifteen_a_unit() {
    for (activation, scale, bias) in [(Activation::Tanh, 0.5, 0.5), (Activation::Sigmoid, 1.0, 0.0)] {
        let parameters = Init::Sparse.parameters::<f64>(&wide(activation, true), 4);
        for unit in parameters.weights(1).outer_iter() {
            assert_eq!(unit.iter().filter(|w| w.abs() > 0.0).count(), 15);
        }
        assert!(parameters.layer(1).column(80).iter().all(|b| (b - bias).abs() < 1e-300));
        // Outputs are linear, whatever the hidden layers are.
        assert!(parameters.layer(2).column(120).iter().all(|b| b.abs() < 1e-300));
        let set: Vec<_> = parameters.weights(1).iter().copied().filter(|w| w.abs() > 0.0).collect();
        let variance = set.iter().map(|w| w * w).sum::<f64>() / set.len() as f64;
        assert!((variance / (scale * scale) - 1.0).abs() < 5.0 * (2.0 / set.len() as f64).sqrt(), "{variance}");
    }
}

#[test]
fn sparse_weights_are_all_where_inputs_are_few() {
    let narrow = Architecture::new(4, &[], 3, false);
    let parameters = Init::Sparse.parameters::<f64>(&narrow, 4);
    assert!(parameters.flat.iter().all(|w| w.abs() > 0.0));
}

#[test]
fn initial_weights_depend_on_the_seed_and_not_on_the_precision() {
    let architecture = wide(Activation::Tanh, true);
    for &init in Init::ALL {
        let parameters = init.parameters::<f64>(&architecture, 3);
        assert_eq!(parameters, init.parameters::<f64>(&architecture, 3));
        assert_ne!(parameters, init.parameters::<f64>(&architecture, 4));
        assert_eq!(parameters.cast::<f32>(), init.parameters::<f32>(&architecture, 3));
    }
}

/// Loss, outputs and gradient of a network large enough for several threads.
fn passes<T: Real>(threads: usize) -> (u64, Vec<T>, Vec<T>) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let architecture = Architecture::new(150, &[Layer { units: 130, activation: Activation::Gelu }], 140, true);
        let parameters = Init::LeCun.parameters::<T>(&architecture, 1);
        let mut pass = Pass::new(&architecture, Loss::Bernoulli, 200);
        let mut stream = kfra_tui::linalg::Stream::new(9, "data", 0);
        pass.batch_mut().0.mapv_inplace(|_| T::of(stream.normal()));
        let mut gradient = Parameters::zeros(&architecture);
        let loss = pass.forward(&parameters);
        pass.backward(&parameters, &mut gradient);
        let first = gradient.clone();
        assert_eq!(pass.forward(&parameters).to_bits(), loss.to_bits());
        pass.backward(&parameters, &mut gradient);
        assert_eq!(first, gradient);
        (loss.to_bits(), pass.output().iter().copied().collect(), gradient.flat.to_vec())
    })
}

#[test]
fn passes_are_the_same_bit_for_bit_in_pools_of_one_size() {
    for threads in [1, 2, 3] {
        assert_eq!(passes::<f32>(threads), passes::<f32>(threads));
        assert_eq!(passes::<f64>(threads), passes::<f64>(threads));
    }
}
