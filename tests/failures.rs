//! What second-order updates do with numbers that are not finite, or not exact enough.

use std::sync::Arc;

use crate::zoo::{self, KRONECKER, Problem, plain};
use kfra_tui::curvature::Factor;
use kfra_tui::data::Places;
use kfra_tui::experiment::Experiment;
use kfra_tui::linalg::{Archive, Keep as _, Real, Stream};
use kfra_tui::network::{Architecture, Loss, Parameters, Pass};
use kfra_tui::optim::kronecker::Kronecker;
use kfra_tui::optim::{
    BadFactor, Curvature, Damping, Method, Minibatch, Optimizer, Report, SecondOrder, Settings, State, Stopwatch,
};
use kfra_tui::train::{Hyperparameter, Trainer};
use ndarray::{Array2, ArrayD, ArrayViewMutD};

/// One update with what the passes gave, and whether it is finite.
fn attempt<T: Real>(
    optimizer: &mut Optimizer<T>,
    (pass, parameters, gradient, loss): &mut (Pass<T>, Parameters<T>, Parameters<T>, f64),
    step: u64,
) -> Result<(bool, Report), BadFactor> {
    let mut next = Parameters::zeros(parameters.architecture());
    let mut batch = Minibatch { pass, parameters, gradient, loss: *loss, l2: 0.0, seed: 7, step };
    let report = optimizer.update(&mut batch, &mut next, &mut Stopwatch::start())?;
    Ok((next.flat.iter().all(|x| x.is_finite()), report))
}

/// Whether the update is finite.
fn is_finite<T: Real>(
    optimizer: &mut Optimizer<T>,
    passes: &mut (Pass<T>, Parameters<T>, Parameters<T>, f64),
    step: u64,
) -> Result<bool, BadFactor> {
    attempt(optimizer, passes, step).map(|(finite, _)| finite)
}

fn optimizer<T: Real>(settings: SecondOrder, problem: &Problem) -> Optimizer<T> {
    let method = Method::SecondOrder(settings);
    Optimizer::new(Settings { method, l2: 0.0, polyak: 0.0 }, problem.architecture())
}

/// A trainer on the digits, with other weights than those it begins with: `change` is handed the number of each
/// layer and its weights, and then its biases.
fn trainer(optimizer: &str, loss: &str, change: impl Fn(usize, ArrayViewMutD<f32>)) -> Trainer<f32> {
    let text = format!(
        "[data]\nsource = \"digits\"\ntask = \"classify\"\n[network]\nlayers = [{{ units = 5, activation = \"relu\" }}]\n\
         [loss]\nkind = \"{loss}\"\n[train]\nbatch = 60\n[optimizer]\n{optimizer}\n"
    );
    let experiment = Experiment::parse("numbers.toml", &text, &[]).unwrap();
    let (data, architecture) = experiment.load(&Places::new(Vec::new())).unwrap();
    let mut trainer = Trainer::new(experiment.start(Arc::new(data), architecture));
    let mut archive = Archive::default();
    trainer.save(&mut archive);
    for layer in 1..=2 {
        for name in ["weight", "bias"].map(|part| format!("layers.{layer}.{part}")) {
            let mut values = ArrayD::<f32>::zeros(archive.shape(&name).unwrap());
            archive.fill(&name, values.view_mut()).unwrap();
            change(layer, values.view_mut());
            archive.put(name, values.view());
        }
    }
    trainer.restore(&archive).unwrap();
    trainer
}

#[test]
fn what_is_not_finite_is_named_at_the_update_in_which_it_arises() {
    let is_bias = |values: &ArrayViewMutD<f32>| values.ndim() == 1;
    // Units that never fire, with weights that overflow on the way back.
    let silent = |layer, mut values: ArrayViewMutD<f32>| match (layer, is_bias(&values)) {
        (1, true) => values.fill(-1e6),
        (2, true) => values.fill(10.0),
        (2, false) => values.fill(f32::MAX),
        _ => {}
    };
    let mut gradient = trainer("kind = \"sgd\"", "squared_error", silent);
    let made = gradient.update().unwrap();
    assert!(made.step.loss.is_finite() && made.step.update_norm.is_nan());
    let said = gradient.rejected().concat();
    assert!(said.starts_with("the gradient of layer 1 is not finite: the update was not made"), "{said}");
    assert!(gradient.parameters().flat.iter().all(|x| x.is_finite()));

    let far = |layer, mut values: ArrayViewMutD<f32>| {
        if layer == 2 && is_bias(&values) {
            values.fill(100.0);
        }
    };
    let mut step = trainer("kind = \"sgd\"\nlearning_rate = 1e38", "squared_error", far);
    let before = step.parameters().clone();
    step.update().unwrap();
    let said = step.rejected().concat();
    assert!(said.starts_with("the step of layer ") && said.contains(" is not finite: the update was not"), "{said}");
    assert_eq!(*step.parameters(), before);

    let large = |layer, mut values: ArrayViewMutD<f32>| {
        if layer == 1 {
            values.fill(1e24);
        }
    };
    for kind in ["kfac", "kflr", "kfra", "ekfac"] {
        let mut factor = trainer(&format!("kind = \"{kind}\""), "categorical", large);
        let said = factor.update().unwrap_err().to_string();
        assert_eq!(said, "update 1: the input factor of layer 2 is not finite", "{kind}");
    }

    let mut loss = trainer("kind = \"sgd\"", "squared_error", large);
    let said = loss.update().unwrap_err().to_string();
    assert!(said.starts_with("the loss is not finite at update 1"), "{said}");
}

#[test]
fn an_update_that_led_to_a_factor_that_is_not_finite_is_undone() {
    for kind in ["kfac", "kflr", "kfra", "ekfac"] {
        let mut trainer = trainer(&format!("kind = \"{kind}\""), "categorical", |_, _| {});
        trainer.update().unwrap();
        let mut archive = Archive::default();
        trainer.save(&mut archive);
        let mut earlier = ArrayD::<f32>::zeros(archive.shape("state/earlier").unwrap());
        archive.fill("state/earlier", earlier.view_mut()).unwrap();
        // As if that update had gone far.
        let name = "layers.1.weight";
        let far = ArrayD::<f32>::from_elem(archive.shape(name).unwrap(), 1e24);
        archive.put(name, far.view());
        trainer.restore(&archive).unwrap();
        let made = trainer.update().unwrap();
        let said = trainer.rejected().concat();
        let expected = "the input factor of layer 2 is not finite: the last update was undone, this one was not made";
        assert!(said.starts_with(expected), "{kind}: {said}");
        assert!(made.step.update_norm.is_nan());
        assert_eq!(trainer.parameters().flat.clone().into_dyn(), earlier, "{kind}");
        trainer.update().unwrap();
        assert!(trainer.rejected().is_empty(), "{kind}: {:?}", trainer.rejected());
    }
}

#[test]
fn factors_that_need_more_damping_are_counted() {
    // Of singular factors, as those of pixels that are never on.
    let settings = "kronecker_damping = 1e-20\nkronecker_damping_min = 1e-20\nadapt_kronecker_damping = false";
    for kind in ["kfac", "kflr", "kfra"] {
        let mut trainer = trainer(&format!("kind = \"{kind}\"\n{settings}"), "categorical", |_, _| {});
        let made = trainer.update().unwrap();
        assert!(made.step.escalations > 0, "{kind}");
        assert_eq!(made.warnings.len(), made.step.escalations, "{:?}", made.warnings);
        let is_named = |warning: &String| warning.starts_with("layer ") && warning.contains(" factor inverted with ");
        assert!(made.warnings.iter().all(is_named), "{:?}", made.warnings);
    }
}

#[test]
fn dampings_stay_within_their_bounds_whatever_happens() {
    use Hyperparameter as H;
    let bounds = [
        (H::KroneckerDamping, H::KroneckerDampingMin, H::KroneckerDampingMax),
        (H::StepDamping, H::StepDampingMin, H::StepDampingMax),
    ];
    let mut stream = Stream::new(5, "bounds", 0);
    for kind in ["kfac", "kflr", "kfra", "ekfac", "hessian_free"] {
        let periods = "step_period = 1\nmomentum = true";
        let mut trainer = trainer(&format!("kind = \"{kind}\"\n{periods}"), "categorical", |_, _| {});
        for _ in 0..60 {
            let (damping, low, high) = bounds[usize::from(stream.uniform::<f64>() < 0.5)];
            let value = 10_f64.powf(8.0 * stream.uniform::<f64>() - 4.0);
            let (min, max) = (trainer.get(low), trainer.get(high));
            match (stream.uniform::<f64>() * 6.0) as u32 {
                0 if max.is_some_and(|max| value <= max) => drop(trainer.set(low, value)),
                1 if min.is_some_and(|min| value >= min) => drop(trainer.set(high, value)),
                2 if min.is_some_and(|min| value >= min) && max.is_some_and(|max| value <= max) => {
                    trainer.set(damping, value);
                }
                _ => drop(trainer.update().unwrap()),
            }
            for (damping, low, high) in bounds {
                if let (Some(min), Some(value), Some(max)) = (trainer.get(low), trainer.get(damping), trainer.get(high))
                {
                    assert!(min <= value && value <= max, "{kind}: {damping:?} {value} in {min} to {max}");
                }
            }
        }
    }
}

#[test]
fn a_factor_that_is_not_finite_is_an_error() {
    for recipe in zoo::recipes() {
        for curvature in KRONECKER {
            for bad in [f64::NAN, f64::INFINITY] {
                let mut problem = recipe.cook();
                problem.pass.batch_mut().0.fill(bad);
                problem.refresh();
                let mut optimizer = optimizer::<f64>(plain(curvature, 0.1, 0.1), &problem);
                let found = attempt(&mut optimizer, &mut problem.cast(), 1);
                assert!(found.is_err(), "{recipe:?} {curvature:?} {bad}");
            }
        }
    }
}

#[test]
fn a_diagonal_factor_that_is_not_finite_is_an_error() {
    let recipe = zoo::recipes().into_iter().find(|recipe| recipe.loss == Loss::Bernoulli).unwrap();
    let mut problem = recipe.cook();
    let last = problem.parameters.flat.len() - 1;
    problem.parameters.flat[last] = f64::NAN;
    for curvature in [Curvature::Kflr, Curvature::Kfra] {
        let mut optimizer = optimizer::<f64>(plain(curvature, 0.1, 0.1), &problem);
        assert!(attempt(&mut optimizer, &mut problem.cast(), 1).is_err());
    }
}

#[test]
fn one_bad_minibatch_does_not_spoil_those_that_follow() {
    for curvature in KRONECKER.into_iter().chain([Curvature::HESSIAN_FREE]) {
        for factor_average in [0.0, 0.95] {
            let good = zoo::recipes()[0].cook();
            let settings = SecondOrder { factor_average, momentum: true, ..plain(curvature, 0.1, 0.1) };
            let mut optimizer = optimizer::<f64>(settings, &good);
            assert_eq!(is_finite(&mut optimizer, &mut good.cast(), 1), Ok(true));
            let mut bad = good.clone();
            bad.pass.batch_mut().0.fill(f64::NAN);
            let _ = attempt(&mut optimizer, &mut bad.cast(), 2);
            optimizer.reject();
            let found = is_finite(&mut optimizer, &mut good.cast(), 3);
            assert_eq!(found, Ok(true), "{curvature:?}, average {factor_average}: still spoilt");
        }
    }
}

#[test]
fn a_gradient_that_overflows_does_not_spoil_the_updates_that_follow() {
    for curvature in [Curvature::Kfra, Curvature::HESSIAN_FREE] {
        // One parameter: its square overflows, and nothing cancels to a NaN that would stop the solver early.
        let problem = zoo::Recipe { input: 1, ..zoo::recipes()[6].clone() }.cook();
        assert_eq!(problem.parameters.flat.len(), 1);
        let settings = SecondOrder { momentum: true, ..plain(curvature, 0.1, 0.1) };
        let mut optimizer = optimizer::<f64>(settings, &problem);
        let (good, mut bad) = (problem.cast::<f64>(), problem.cast::<f64>());
        bad.2.flat *= 1e200;
        assert_eq!(is_finite(&mut optimizer, &mut bad, 1), Ok(false), "{curvature:?}");
        optimizer.reject();
        assert_eq!(is_finite(&mut optimizer, &mut good.clone(), 2), Ok(true), "{curvature:?}: still spoilt");
    }
}

#[test]
fn rejection_raises_the_dampings_and_forgets_the_last_update() {
    let bounds = Damping { initial: 1.0, min: 0.1, max: 6.0, adapt: true };
    let settings = SecondOrder {
        kronecker_damping: bounds,
        step_damping: bounds,
        momentum: true,
        ..SecondOrder::new(Curvature::Kfra)
    };
    let problem = zoo::recipes()[0].cook();
    let mut optimizer = optimizer::<f64>(settings, &problem);
    attempt(&mut optimizer, &mut problem.cast(), 1).unwrap();
    // Other weights and data: another direction.
    let other = zoo::Recipe { seed: 12, ..zoo::recipes()[0].clone() }.cook();
    let (_, report) = attempt(&mut optimizer, &mut other.cast(), 2).unwrap();
    assert!(report.momentum.unwrap().abs() > 1e-6);
    let dampings = |optimizer: &Optimizer<f64>| match &optimizer.state {
        State::SecondOrder(state) => [state.kronecker_damping.get(), state.step_damping.get()],
        State::FirstOrder(..) => unreachable!(),
    };
    let mut before = dampings(&optimizer);
    for _ in 0..3 {
        optimizer.reject();
        let after = dampings(&optimizer);
        assert!(
            after.iter().zip(before).all(|(after, before)| *after > before || *after >= 6.0),
            "{before:?} {after:?}"
        );
        assert!(after.iter().all(|&damping| damping <= 6.0));
        before = after;
    }
    assert!(matches!(&optimizer.state, State::SecondOrder(state) if state.stale), "the inverses are made anew");
    let (_, report) = attempt(&mut optimizer, &mut problem.cast(), 3).unwrap();
    assert!(report.momentum.unwrap().abs() < 1e-300);
}

/// Factors as single precision spoils them: G = c cᵀ with a negative eigenvalue from rounding.
fn spoilt<T: Real>(scale: f64, size: usize) -> (Kronecker<T>, Parameters<T>) {
    let architecture = Architecture::new(size, &[], size, false);
    let mut kronecker = Kronecker::<T>::new(Curvature::Kfra, &architecture);
    let mut factor = Array2::from_elem((size, size), T::of(scale));
    // The smallest eigenvalue is about −ε · scale.
    factor.diag_mut().iter_mut().step_by(2).for_each(|x| *x *= T::of(1.0 - 4.0 * T::EPSILON));
    kronecker.averages.input = vec![factor.clone()];
    kronecker.averages.preactivation = vec![Factor::Dense(factor)];
    let mut gradient = Parameters::zeros(&architecture);
    let mut stream = Stream::new(2, "spoilt", 0);
    gradient.flat.mapv_inplace(|_| T::of(stream.normal()));
    (kronecker, gradient)
}

fn inverts_with_a_warning<T: Real>(scale: f64) {
    let (mut kronecker, gradient) = spoilt::<T>(scale, 6);
    let warnings = kronecker.invert(1e-12 * scale * scale * T::EPSILON * T::EPSILON, 0.0).unwrap_or_default();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("layer 1: input factor") && warnings[1].contains("layer 1: pre-activation factor"));
    let mut direction = gradient.clone();
    kronecker.direction(&gradient, &mut direction);
    assert!(direction.flat.iter().all(|x| x.is_finite()), "{direction:?}");
    assert!(direction.flat.dot(&gradient.flat) < T::zero(), "not downhill");
}

#[test]
fn a_factor_spoilt_by_rounding_is_inverted_with_more_damping_and_a_warning() {
    inverts_with_a_warning::<f32>(1.0);
    inverts_with_a_warning::<f32>(1e8);
    inverts_with_a_warning::<f64>(1.0);
    inverts_with_a_warning::<f64>(1e12);
}

#[test]
fn a_singular_factor_far_larger_than_its_damping_is_inverted() {
    let (mut kronecker, gradient) = spoilt::<f32>(1e15, 6);
    assert!(!kronecker.invert(1e-6, 0.0).unwrap().is_empty());
    let mut direction = gradient.clone();
    kronecker.direction(&gradient, &mut direction);
    assert!(direction.flat.iter().all(|x| x.is_finite()));
}
