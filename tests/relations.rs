//! The relations between Hessian, Gauss-Newton matrix and their Kronecker factors, on random networks.

use crate::zoo::{self, Problem, any_recipe, assert_close, dense_factor, largest, positive_part, spectrum, vector};
use kfra_tui::curvature::factors::{Scratch, from_columns, input_factors, kfra};
use kfra_tui::curvature::gauss_newton::{GaussNewtonProduct, inner_product, output_product};
use kfra_tui::curvature::hessian::HessianProduct;
use kfra_tui::curvature::{Columns, Factor, KroneckerFactors, Root, dense};
use kfra_tui::linalg::Real;
use kfra_tui::network::{Activation, Loss, Parameters, Pass, Tangent};
use nalgebra::DMatrix;
use ndarray::Array2;
use proptest::prelude::*;

const PIECEWISE_LINEAR: [Activation; 3] = [Activation::Identity, Activation::Relu, Activation::LeakyRelu];

fn columnwise<T: Real>(pass: &Pass<T>, parameters: &Parameters<T>, root: Root) -> Vec<Factor<T>> {
    let mut factors = KroneckerFactors::zeros(pass.architecture()).preactivation;
    let (mut columns, mut scratch) = (Columns::default(), Array2::default((0, 0)));
    from_columns(pass, parameters, root, &mut columns, &mut scratch, &mut factors);
    factors
}

fn recursive<T: Real>(pass: &Pass<T>, parameters: &Parameters<T>) -> Vec<Factor<T>> {
    let mut factors = KroneckerFactors::zeros(pass.architecture()).preactivation;
    kfra(pass, parameters, &mut Scratch::default(), &mut factors);
    factors
}

fn kflr_of(problem: &Problem) -> Vec<DMatrix<f64>> {
    columnwise(&problem.pass, &problem.parameters, Root::Exact).iter().map(dense_factor).collect()
}

fn kfra_of(problem: &Problem) -> Vec<DMatrix<f64>> {
    recursive(&problem.pass, &problem.parameters).iter().map(dense_factor).collect()
}

fn inputs_of<T: Real>(pass: &Pass<T>) -> Vec<DMatrix<f64>> {
    let mut factors = KroneckerFactors::zeros(pass.architecture()).input;
    input_factors(pass, &mut factors);
    factors.iter().map(|factor| zoo::dense(factor.view())).collect()
}

/// G_λ ⊗ Q_λ, in the row-by-row order of the parameters, against block λ of Ḡ.
fn assert_factors_give_the_blocks(problem: &Problem, preactivation: &[DMatrix<f64>]) {
    let (exact, inputs) = (problem.gauss_newton(), inputs_of(&problem.pass));
    for (index, (g, q)) in preactivation.iter().zip(&inputs).enumerate() {
        assert_close(&g.kronecker(q), &problem.block(&exact, index + 1), 1e-11);
    }
}

proptest! {
    #![proptest_config(zoo::sixty_cases())]

    #[test]
    fn kflr_and_input_factors_are_the_expectations(recipe in any_recipe()) {
        let problem = recipe.cook();
        for (found, expected) in kflr_of(&problem).iter().zip(problem.preactivation_factors()) {
            assert_close(found, &expected, 1e-11);
        }
        for (found, expected) in inputs_of(&problem.pass).iter().zip(problem.input_factors()) {
            assert_close(found, &expected, 1e-13);
        }
    }

    #[test]
    fn the_gauss_newton_matrix_is_that_of_forward_mode_jacobians(recipe in any_recipe()) {
        let problem = recipe.cook();
        let found = dense::gauss_newton(&problem.pass, &problem.parameters);
        assert_close(&zoo::dense(found.view()), &problem.gauss_newton(), 1e-11);
    }

    #[test]
    fn piecewise_linear_networks_have_gauss_newton_blocks_for_hessian_blocks(
        recipe in any_recipe(), choices in prop::array::uniform4(0_usize..3), loss in 0_usize..3,
    ) {
        let mut recipe = recipe.with_loss(Loss::ALL[loss]);
        prop_assert!(recipe.loss.is_exponential_family());
        for (layer, choice) in recipe.hidden.iter_mut().zip(choices) {
            layer.1 = PIECEWISE_LINEAR[choice];
        }
        let problem = recipe.cook();
        let gauss_newton = problem.gauss_newton();
        let (blocks, _) = dense::hessian_blocks(&problem.pass, &problem.parameters);
        for (index, block) in blocks.iter().enumerate() {
            let block = zoo::dense(block.view());
            assert_close(&block, &problem.block(&gauss_newton, index + 1), 1e-11);
            prop_assert!(spectrum(&block)[0] >= -1e-12 * largest(&block).max(1e-300));
        }
    }

    #[test]
    fn without_residual_the_hessian_is_the_gauss_newton_matrix(recipe in any_recipe()) {
        let problem = recipe.with_loss(Loss::SquaredError).cook().without_residual();
        let found = dense::hessian(&problem.pass, &problem.parameters);
        assert_close(&zoo::dense(found.view()), &problem.gauss_newton(), 1e-11);
    }

    #[test]
    fn all_factors_are_exact_for_a_single_datum(recipe in any_recipe()) {
        let problem = recipe.with_data(1).cook();
        let (kfra, kflr) = (kfra_of(&problem), kflr_of(&problem));
        for ((kfra, kflr), expected) in kfra.iter().zip(&kflr).zip(problem.preactivation_factors()) {
            assert_close(kfra, &expected, 1e-11);
            assert_close(kflr, &expected, 1e-11);
        }
        assert_factors_give_the_blocks(&problem, &kfra);
        assert_factors_give_the_blocks(&problem, &kflr);
    }

    #[test]
    fn all_factors_are_exact_for_deep_linear_networks(recipe in any_recipe()) {
        let problem = recipe.with_activation(Activation::Identity).with_loss(Loss::SquaredError).cook();
        let (kfra, kflr) = (kfra_of(&problem), kflr_of(&problem));
        for (kfra, kflr) in kfra.iter().zip(&kflr) {
            assert_close(kfra, kflr, 1e-11);
        }
        assert_factors_give_the_blocks(&problem, &kfra);
        assert_factors_give_the_blocks(&problem, &kflr);
    }

    #[test]
    fn kfra_is_the_recursion_of_the_expectation(recipe in any_recipe()) {
        let problem = recipe.cook();
        let depth = problem.architecture().depth();
        let data = problem.pass.data() as f64;
        let mut expected = problem.preactivation_factors().pop().unwrap();
        for (index, found) in kfra_of(&problem).iter().enumerate().rev() {
            if index + 1 < depth {
                let (weights, slope) = (zoo::dense(problem.parameters.weights(index + 2)), problem.pass.slope(index + 1));
                let slope = zoo::dense(slope);
                expected = (weights.transpose() * expected * weights).component_mul(&(slope.transpose() * slope / data));
            }
            assert_close(found, &expected, 1e-11);
        }
    }

    #[test]
    fn the_gram_matrix_has_the_nonzero_eigenvalues_of_the_gauss_newton_matrix(recipe in any_recipe()) {
        let problem = recipe.cook();
        let u = zoo::dense(dense::jacobian_columns(&problem.pass, &problem.parameters, Root::Exact).view());
        let mut gram = spectrum(&(&u * u.transpose() / problem.pass.data() as f64));
        let mut full = spectrum(&problem.gauss_newton());
        let most = full.last().copied().unwrap().max(1e-12);
        // The longer list has nothing but zeros more.
        let size = gram.len().max(full.len());
        for list in [&mut gram, &mut full] {
            let zeros = vec![0.0; size - list.len()];
            list.splice(0..0, zeros);
        }
        for (a, b) in gram.iter().zip(&full) {
            prop_assert!((a - b).abs() < 1e-12 * most, "{a} {b}");
        }
        let rank = |values: &[f64], threshold: f64| values.iter().filter(|&&x| x > threshold).count();
        let bound: usize = (0..problem.pass.data())
            .map(|datum| rank(&spectrum(&problem.positive_output_hessian(datum)), 1e-13))
            .sum();
        let found = rank(&full, size as f64 * f64::EPSILON * most);
        prop_assert!(found <= bound.min(problem.parameters.flat.len()), "{found} {bound}");
    }

    #[test]
    fn three_ways_to_the_quadratic_form_agree(recipe in any_recipe(), seed in 0_u64..100) {
        let problem = recipe.cook();
        let (pass, parameters, v) = (&problem.pass, &problem.parameters, problem.direction(seed));
        let exact = problem.gauss_newton();
        let image = exact.clone() * vector(&v);
        let expected = vector(&v).dot(&image);
        let mut product = Parameters::zeros(problem.architecture());
        GaussNewtonProduct::new(pass).apply(pass, parameters, &v, &mut product);
        assert_close(&DMatrix::from_column_slice(image.len(), 1, vector(&product).as_slice()),
            &DMatrix::from_column_slice(image.len(), 1, image.as_slice()), 1e-11);
        let mut tangent = Tangent::new(problem.architecture(), pass.data());
        let outputs = tangent.forward(pass, parameters, &v);
        let mut image = Array2::default((0, 0));
        output_product(pass, outputs, &mut image);
        let form = inner_product(image.view(), outputs);
        prop_assert!((form - expected).abs() <= 1e-11 * expected.abs() + 1e-14, "{form} {expected}");
        prop_assert!((v.flat.dot(&product.flat) - expected).abs() <= 1e-11 * expected.abs() + 1e-14);
    }

    #[test]
    fn output_products_are_those_of_the_positive_hessian(recipe in any_recipe()) {
        let problem = recipe.cook();
        let mut product = Array2::default((0, 0));
        output_product(&problem.pass, problem.pass.output(), &mut product);
        for datum in 0..problem.pass.data() {
            let h = zoo::column(problem.pass.output().row(datum).iter().copied());
            let found = zoo::column(product.row(datum).iter().copied());
            assert_close(&found, &(problem.positive_output_hessian(datum) * h), 1e-12);
        }
    }

    #[test]
    fn hessian_products_are_the_limits_of_differences_of_the_gradient(recipe in any_recipe(), seed in 0_u64..100) {
        let problem = recipe.cook();
        let (v, step) = (problem.direction(seed), 1e-6);
        let mut image = Parameters::zeros(problem.architecture());
        HessianProduct::new(&problem.pass, &problem.parameters, None).apply(&v, &mut image);
        let above = vector(&problem.gradient_at(&problem.moved(&v, step)));
        let below = vector(&problem.gradient_at(&problem.moved(&v, -step)));
        let difference = (above - below) / (2.0 * step);
        let error = largest(&(vector(&image) - &difference));
        prop_assert!(error < 1e-6 * (1.0 + largest(&difference)), "{error} of {}", largest(&difference));
    }

    #[test]
    fn blocks_of_the_hessian_are_its_blocks(recipe in any_recipe(), seed in 0_u64..100) {
        let problem = recipe.cook();
        let (pass, parameters, v) = (&problem.pass, &problem.parameters, problem.direction(seed));
        let full = zoo::dense(dense::hessian(pass, parameters).view());
        assert_close(&full, &full.transpose(), 1e-12);
        let (blocks, means) = dense::hessian_blocks(pass, parameters);
        for layer in 1..=problem.architecture().depth() {
            let block = problem.block(&full, layer);
            assert_close(&zoo::dense(blocks[layer - 1].view()), &block, 1e-11);
            prop_assert_eq!(means[layer - 1].nrows(), problem.architecture().width(layer));
            let mut image = Parameters::zeros(problem.architecture());
            HessianProduct::new(pass, parameters, Some(layer)).apply(&v, &mut image);
            let range = problem.architecture().range(layer);
            let expected = block * vector(&v).rows(range.start, range.len());
            let found = vector(&image).rows(range.start, range.len()).into_owned();
            prop_assert!(largest(&(found - &expected)) <= 1e-11 * (1.0 + largest(&expected)));
            prop_assert!(image.flat.iter().enumerate().all(|(i, x)| range.contains(&i) || x.abs() < 1e-300));
        }
    }

    #[test]
    fn factors_are_symmetric_and_positive(recipe in any_recipe(), samples in 1_usize..4, step in 1_u64..9) {
        let problem = recipe.cook();
        are_symmetric_and_positive::<f64>(&problem, samples, step);
        are_symmetric_and_positive::<f32>(&problem, samples, step);
    }
}

fn are_symmetric_and_positive<T: Real>(problem: &Problem, samples: usize, step: u64) {
    let (pass, parameters, ..) = problem.cast::<T>();
    let sampled = Root::Sampled { samples, seed: 3, step };
    let check = |factor: &DMatrix<f64>, scale: f64| {
        assert!(largest(&(factor - factor.transpose())).to_bits() == 0, "not symmetric");
        let (smallest, rounding) = (spectrum(factor)[0], 10.0 * factor.nrows() as f64 * T::EPSILON * scale);
        assert!(smallest >= -rounding, "{smallest:e} below {rounding:e}");
    };
    let mut sums = inputs_of(&pass);
    for root in [Root::Exact, sampled] {
        sums.extend(columnwise(&pass, &parameters, root).iter().map(dense_factor));
    }
    for factor in sums {
        check(&factor, largest(&factor));
    }
    // The recursion rounds at the scale of the factor it starts from, even where its terms cancel.
    let mut scale = 0.0;
    for (index, factor) in recursive(&pass, &parameters).iter().map(dense_factor).enumerate().rev() {
        scale = match index + 1 {
            layer if layer == pass.architecture().depth() => largest(&factor),
            layer => scale * zoo::dense(parameters.weights(layer + 1)).norm_squared().max(1.0) * 1.2,
        };
        check(&factor, scale);
    }
}

/// How far KFAC's factors of m samples are from `limit`, as a share of its largest entry; the worst layer.
fn kfac_error(problem: &Problem, samples: usize, limit: &[DMatrix<f64>]) -> f64 {
    let sampled = Root::Sampled { samples, seed: 1, step: 1 };
    let factors = columnwise(&problem.pass, &problem.parameters, sampled);
    let error =
        |(found, limit): (&Factor<f64>, &DMatrix<f64>)| largest(&(dense_factor(found) - limit)) / largest(limit);
    factors.iter().zip(limit).map(error).fold(0.0, f64::max)
}

#[test]
fn kfac_tends_to_kflr_with_the_root_of_the_samples() {
    for recipe in zoo::recipes().iter().filter(|recipe| recipe.loss.is_exponential_family() && recipe.output > 1) {
        let problem = recipe.cook();
        let limit = kflr_of(&problem);
        // Single squares of a gradient spread about as widely as their mean, twice that for normal targets.
        for samples in [100, 10_000] {
            let bound = 6.0 / (samples as f64).sqrt();
            let error = kfac_error(&problem, samples, &limit);
            assert!(error < bound, "{recipe:?}, {samples} samples: {error} above {bound}");
            assert!(error > bound / 1000.0, "{recipe:?}, {samples} samples: {error} is too good to be sampled");
        }
    }
}

#[test]
fn kfac_of_a_mixture_tends_to_the_fisher_and_not_to_kflr() {
    let recipe = zoo::recipes().into_iter().find(|recipe| recipe.loss == Loss::BinaryMixture).unwrap();
    let problem = recipe.with_data(20).cook();
    let fisher = columnwise(&problem.pass, &problem.parameters, Root::Fisher);
    let fisher: Vec<_> = fisher.iter().map(dense_factor).collect();
    let kflr = kflr_of(&problem);
    for samples in [100, 10_000] {
        let bound = 6.0 / (samples as f64).sqrt();
        assert!(kfac_error(&problem, samples, &fisher) < bound);
    }
    let distance = kfac_error(&problem, 10_000, &kflr);
    assert!(distance > 0.3, "{distance}");
}

#[test]
fn the_fisher_of_classes_is_kflr() {
    for recipe in zoo::recipes().iter().filter(|recipe| recipe.loss == Loss::Categorical) {
        let problem = recipe.cook();
        let fisher = columnwise(&problem.pass, &problem.parameters, Root::Fisher);
        for (fisher, kflr) in fisher.iter().zip(kflr_of(&problem)) {
            assert_close(&dense_factor(fisher), &kflr, 1e-12);
        }
    }
}

#[test]
fn many_data_taken_in_chunks_give_the_same_factors() {
    // More rows than are propagated back at once: 3 × 4000.
    let problem = zoo::recipes()[0].clone().with_data(4000).cook();
    for (found, expected) in kflr_of(&problem).iter().zip(problem.preactivation_factors()) {
        assert_close(found, &expected, 1e-11);
    }
}

#[test]
fn sampled_targets_differ_between_steps_and_data_and_repeat_with_the_seed() {
    let problem = zoo::recipes()[0].clone().cook();
    let factors = |seed, step| columnwise(&problem.pass, &problem.parameters, Root::Sampled { samples: 1, seed, step });
    assert_eq!(factors(1, 1), factors(1, 1));
    assert_ne!(factors(1, 1), factors(1, 2));
    assert_ne!(factors(1, 1), factors(2, 1));
    let rows =
        dense::jacobian_columns(&problem.pass, &problem.parameters, Root::Sampled { samples: 2, seed: 1, step: 1 });
    for (i, a) in rows.outer_iter().enumerate() {
        assert!(rows.outer_iter().skip(i + 1).all(|b| a != b));
    }
}

#[test]
fn the_hessian_of_a_tanh_network_has_negative_blocks() {
    let recipe = zoo::recipes()[0].clone().with_data(2);
    let smallest = |activation| {
        let problem = recipe.clone().with_activation(activation).cook();
        let (blocks, _) = dense::hessian_blocks(&problem.pass, &problem.parameters);
        blocks.iter().map(|block| spectrum(&zoo::dense(block.view()))[0]).fold(f64::INFINITY, f64::min)
    };
    assert!(smallest(Activation::Tanh) < -1e-3);
    assert!(smallest(Activation::Relu) > -1e-12);
}

#[test]
fn a_mixture_has_a_positive_gauss_newton_matrix_and_an_indefinite_hessian() {
    let recipe = zoo::recipes().into_iter().find(|recipe| recipe.loss == Loss::BinaryMixture).unwrap();
    let problem = recipe.cook();
    let gauss_newton = zoo::dense(dense::gauss_newton(&problem.pass, &problem.parameters).view());
    assert!(spectrum(&gauss_newton)[0] > -1e-13);
    assert_close(&gauss_newton, &positive_part(&gauss_newton), 1e-12);
    let hessian = zoo::dense(dense::hessian(&problem.pass, &problem.parameters).view());
    assert!(spectrum(&hessian)[0] < -1e-4);
}
