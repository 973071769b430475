//! Optimizers that become others along the way.

use crate::zoo::{self, Problem};
use kfra_tui::network::Parameters;
use kfra_tui::optim::{
    Curvature, Damping, Kind, Method, Minibatch, Optimizer, Rule, SecondOrder, Settings, State, Stopwatch,
};

/// So many updates on the whole problem; returns the loss before each.
fn train(optimizer: &mut Optimizer<f64>, problem: &mut Problem, steps: std::ops::Range<u64>) -> Vec<f64> {
    steps
        .map(|step| {
            let gradient = problem.regularized_gradient(0.0);
            let mut next = Parameters::zeros(problem.architecture());
            let loss = problem.loss_at(&problem.parameters);
            let parameters = problem.parameters.clone();
            let pass = &mut problem.pass;
            let parts = Minibatch { pass, parameters: &parameters, gradient: &gradient, loss, l2: 0.0, seed: 7, step };
            optimizer.update(&mut { parts }, &mut next, &mut Stopwatch::start()).unwrap();
            problem.parameters = next;
            problem.refresh();
            loss
        })
        .collect()
}

fn optimizer(kind: Kind, problem: &Problem) -> Optimizer<f64> {
    let settings = Settings { method: kind.method(), l2: 0.0, polyak: 0.0 };
    Optimizer::new(settings, problem.architecture())
}

#[test]
fn every_kind_can_become_every_other_and_goes_on_downhill() {
    for (before, after) in Kind::all().into_iter().flat_map(|a| Kind::all().into_iter().map(move |b| (a, b))) {
        let mut problem = zoo::recipes()[0].cook();
        let mut changing = optimizer(before, &problem);
        train(&mut changing, &mut problem, 1..6);
        changing.switch(after, problem.architecture());
        assert_eq!(changing.settings.method.kind(), after);
        let losses = train(&mut changing, &mut problem, 6..30);
        assert!(losses[23] < losses[0], "{} → {}: {losses:?}", before.name(), after.name());
    }
}

#[test]
fn a_switch_to_another_family_is_a_fresh_start() {
    let rules = Kind::all().into_iter().filter(|kind| matches!(kind, Kind::Rule(_)));
    for (rule, curvature) in rules.flat_map(|rule| {
        Kind::all()
            .into_iter()
            .filter(|kind| matches!(kind, Kind::Curvature(_)))
            .map(move |curvature| (rule, curvature))
    }) {
        for (before, after) in [(rule, curvature), (curvature, rule)] {
            let mut problem = zoo::recipes()[0].cook();
            let mut changing = optimizer(before, &problem);
            train(&mut changing, &mut problem, 1..4);
            let mut fresh = (optimizer(after, &problem), zoo::recipes()[0].cook());
            fresh.1.parameters = problem.parameters.clone();
            fresh.1.refresh();
            changing.switch(after, problem.architecture());
            let (found, expected) = (train(&mut changing, &mut problem, 4..8), train(&mut fresh.0, &mut fresh.1, 4..8));
            assert_eq!(found, expected, "{} → {}", before.name(), after.name());
        }
    }
}

#[test]
fn between_second_order_methods_the_dampings_and_settings_stay() {
    let curvatures: Vec<_> = Kind::all().into_iter().filter(|kind| matches!(kind, Kind::Curvature(_))).collect();
    for (&before, &after) in curvatures.iter().flat_map(|a| curvatures.iter().map(move |b| (a, b))) {
        let mut problem = zoo::recipes()[0].cook();
        let mut changing = optimizer(before, &problem);
        let Method::SecondOrder(settings) = &mut changing.settings.method else { unreachable!() };
        settings.inverse_period = 3;
        train(&mut changing, &mut problem, 1..12);
        let dampings = |optimizer: &Optimizer<f64>| match &optimizer.state {
            State::SecondOrder(state) => [state.kronecker_damping.get(), state.step_damping.get()],
            State::FirstOrder(_) => unreachable!(),
        };
        let known = dampings(&changing);
        assert!(known[1] < 1.0, "τ has adapted: {known:?}");
        changing.switch(after, problem.architecture());
        assert_eq!(dampings(&changing).map(f64::to_bits), known.map(f64::to_bits));
        let Method::SecondOrder(settings) = &changing.settings.method else { unreachable!() };
        assert_eq!(settings.inverse_period, 3);
    }
}

#[test]
fn settings_of_another_family_hold_from_the_first_update_on() {
    for (before, after) in
        [(Kind::Rule(Rule::Adam), Curvature::Kfra), (Kind::Rule(Rule::Adam), Curvature::HESSIAN_FREE)]
    {
        let mut problem = zoo::recipes()[0].cook();
        let mut changing = optimizer(before, &problem);
        train(&mut changing, &mut problem, 1..4);
        let kronecker_damping = Damping { adapt: false, ..Damping::KRONECKER }.starting_from(0.1);
        let step_damping = Damping { adapt: false, ..Damping::STEP }.starting_from(0.2);
        let second = SecondOrder { kronecker_damping, step_damping, momentum: true, ..SecondOrder::new(after) };
        let settings = Settings { method: Method::SecondOrder(second), l2: 0.0, polyak: 0.0 };
        let mut fresh = (Optimizer::new(settings.clone(), problem.architecture()), zoo::recipes()[0].cook());
        fresh.1.parameters = problem.parameters.clone();
        fresh.1.refresh();
        changing.adopt(settings, problem.architecture());
        let State::SecondOrder(state) = &changing.state else { unreachable!() };
        let dampings = [state.kronecker_damping.get(), state.step_damping.get()];
        assert_eq!(dampings.map(f64::to_bits), [0.1, 0.2].map(f64::to_bits));
        let (found, expected) = (train(&mut changing, &mut problem, 4..8), train(&mut fresh.0, &mut fresh.1, 4..8));
        assert_eq!(found, expected, "{} → {}", before.name(), after.name());
    }
}
