use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array1, s};

use super::*;
use crate::curvature::dense;
use crate::diagnostics::Preconditioning;
use crate::diagnostics::alignment::{Alignment, Direction};
use crate::diagnostics::directions::{gradient, single};
use crate::diagnostics::zoo::{Problem, problem, task, zoo};
use crate::linalg::eigenvalues;
use crate::network::{Activation, Loss, Pass};

fn plane(u: (Along, Option<usize>), v: (Along, Option<usize>), points: usize, extent: f64) -> Plane {
    let axis = |(along, layer)| Axis { along, layer };
    Plane { axes: [axis(u), axis(v)], points, extent }
}

fn measured(problem: &Problem, plane: &Plane) -> Surface {
    surface(&Task { plane, ..task(problem) }).unwrap()
}

/// The mean loss at other parameters, in one pass.
fn loss_at(problem: &Problem, flat: &Array1<f64>) -> f64 {
    let mut pass: Pass<f64> = problem.pass.clone();
    let mut parameters = problem.parameters.clone();
    parameters.flat.assign(flat);
    pass.forward(&parameters)
}

#[test]
fn every_point_is_the_loss_where_it_lies() {
    for problem in zoo().iter().step_by(3) {
        let plane = plane((Along::Weights, None), (Along::Random, Some(1)), 5, 1.0);
        let task = Task { plane: &plane, ..task(problem) };
        let found = surface(&task).unwrap();
        let [u, v] =
            [axis::direction(&task, plane.axes[0], 0), axis::direction(&task, plane.axes[1], 1)].map(Result::unwrap);
        let weights = &problem.parameters.flat;
        assert!((u.dot(&u) / weights.dot(weights) - 1.0).abs() < 1e-12, "{}", problem.name);
        for (j, y) in plane.coordinates().iter().enumerate() {
            for (i, x) in plane.coordinates().iter().enumerate() {
                let expected = loss_at(problem, &(weights + &(&u * (*x - 1.0)) + &(&v * *y)));
                assert!((found.at(i, j) - expected).abs() <= 1e-12 * expected.abs(), "{}", problem.name);
            }
        }
        assert!((found.at(4, 2) - found.loss).abs() <= 1e-14 * found.loss.abs());
    }
}

#[test]
fn along_its_weights_a_layer_is_what_the_coordinates_say() {
    let problem = problem(&[3, 4, 2], Activation::Tanh, Loss::SquaredError, true, 6);
    let found = measured(&problem, &plane((Along::Weights, Some(1)), (Along::Weights, Some(2)), 5, 2.0));
    for (j, v) in found.plane.coordinates().into_iter().enumerate() {
        for (i, u) in found.plane.coordinates().into_iter().enumerate() {
            let mut scaled = problem.parameters.clone();
            scaled.layer_mut(1).mapv_inplace(|w| u * w);
            scaled.layer_mut(2).mapv_inplace(|w| v * w);
            assert!((found.at(i, j) - loss_at(&problem, &scaled.flat)).abs() < 1e-12);
        }
    }
    assert!(found.plane.here().iter().all(|x| (x - 1.0).abs() < 1e-12));
    assert!((found.at(3, 3) - found.loss).abs() < 1e-12 && found.cosine == 0.0);
}

#[test]
fn uphill_is_along_the_gradient() {
    let problem = problem(&[3, 5, 4, 2], Activation::Tanh, Loss::Categorical, true, 7);
    let found = measured(&problem, &plane((Along::Gradient, None), (Along::Random, None), 3, 1e-5));
    let slope = (found.at(2, 1) - found.at(0, 1)) / (2e-5 * found.lengths[0]);
    let gradient = gradient(&task(&problem)).flat;
    assert!((slope / gradient.dot(&gradient).sqrt() - 1.0).abs() < 1e-6);
}

#[test]
fn eigenvectors_are_those_of_the_dense_hessian() {
    let problem = problem(&[3, 4, 3, 2], Activation::Tanh, Loss::SquaredError, true, 9);
    let (blocks, _) = dense::hessian_blocks(&problem.pass, &problem.parameters);
    for layer in 1..=3 {
        let range = problem.parameters.architecture().range(layer);
        let values = eigenvalues(blocks[layer - 1].view()).unwrap();
        let [first, second] = [Along::TopEigenvector, Along::SecondEigenvector].map(|along| {
            let found = axis::direction(&task(&problem), Axis { along, layer: Some(layer) }, 0).unwrap();
            let found = found.slice(s![range.clone()]).to_owned();
            &found / found.dot(&found).sqrt()
        });
        // Eigenvalues may be multiple: the quotients tell more than the vectors.
        let quotient = |vector: &Array1<f64>| vector.dot(&blocks[layer - 1].dot(vector));
        let expected = [values[values.len() - 1], values[values.len() - 2]];
        for (vector, expected) in [&first, &second].into_iter().zip(expected) {
            assert!((quotient(vector) / expected - 1.0).abs() < 1e-4, "{layer}: {} {expected}", quotient(vector));
        }
        assert!(first.dot(&second).abs() < 1e-3, "{layer}");
    }
}

#[test]
fn the_update_is_the_direction_of_the_optimizer() {
    for loss in [Loss::SquaredError, Loss::Categorical] {
        let problem = problem(&[3, 4, 3, 4], Activation::Tanh, loss, true, 5);
        // Against the directions that the alignment compares, by what it says of them.
        let mut aligned = Vec::new();
        Alignment::measure(&task(&problem), &mut |found| aligned.push(found)).unwrap();
        for direction in Direction::ALL.iter().copied() {
            let preconditioning = Preconditioning { update: direction, ..Preconditioning::default() };
            let task = Task { preconditioning: &preconditioning, ..task(&problem) };
            for found in &aligned {
                let layer = match found.scope {
                    Scope::Whole => None,
                    Scope::Layer(layer) => Some(layer),
                };
                let task = Task { only: layer.map(Scope::Layer), ..task };
                let own = single(&task, direction).unwrap().flat;
                let range = layer.map_or(0..own.len(), |layer| problem.parameters.architecture().range(layer));
                let length = own.slice(s![range.clone()]).mapv(|x| x * x).sum().sqrt();
                let known = found.directions.iter().find(|known| known.direction == direction).unwrap();
                // Restricted to a layer, the direction of the whole matrix is another one.
                if direction != Direction::Full || layer.is_none() {
                    let expected = known.norm_ratio * found.exact_norm;
                    assert!((length / expected - 1.0).abs() < 1e-7, "{direction:?} {layer:?}: {length} {expected}");
                }
            }
        }
    }
}

#[test]
fn within_a_layer_of_a_piecewise_linear_network_the_loss_is_convex_between_its_kinks() {
    let (mut all, mut kinks) = (0, 0);
    for loss in [Loss::SquaredError, Loss::Categorical, Loss::Bernoulli] {
        for activation in [Activation::Relu, Activation::LeakyRelu] {
            let problem = problem(&[3, 3, 3, 2], activation, loss, true, 4);
            for layer in 1..=3 {
                let plane = plane((Along::Weights, Some(layer)), (Along::Random, Some(layer)), 61, 2.0);
                let found = measured(&problem, &plane);
                let bends = found.bends();
                assert_eq!((found.plane.layer(), bends.negative), (Some(layer), 0), "{} {bends:?}", problem.name);
                all += bends.all;
                kinks += usize::from(found.pieces.iter().any(|piece| *piece > 0));
                // The outputs have no kinks in their own weights.
                assert_eq!(found.pieces.iter().all(|piece| *piece == 0), layer == 3);
            }
        }
    }
    assert!(all > 100_000 && kinks == 12, "{all} {kinks}");
}

#[test]
fn smooth_activations_bend_the_other_way_and_so_do_two_layers_together() {
    let problem_of = |activation| problem(&[3, 3, 3, 2], activation, Loss::SquaredError, true, 4);
    let within = plane((Along::Weights, Some(1)), (Along::Random, Some(1)), 41, 2.0);
    let smooth = measured(&problem_of(Activation::Tanh), &within);
    assert!(smooth.pieces.iter().all(|piece| *piece == 0));
    assert!(smooth.bends().negative > 0 && smooth.bends().least < -1e-6, "{:?}", smooth.bends());
    let across = plane((Along::Weights, Some(2)), (Along::Weights, Some(3)), 41, 2.0);
    let saddle = measured(&problem_of(Activation::Relu), &across);
    assert!(saddle.bends().negative > 0 && saddle.plane.layer().is_none(), "{:?}", saddle.bends());
}

#[test]
fn bends_are_second_differences_within_one_piece() {
    let mut found = measured(
        &problem(&[3, 4, 2], Activation::Tanh, Loss::SquaredError, true, 6),
        &plane((Along::Gradient, None), (Along::Random, None), 3, 1.0),
    );
    // E = u² − v²/2 at u, v ∈ {0, 1, 2}, all but one corner in one piece.
    found.losses = [0.0, 1.0, 4.0, -0.5, 0.5, 3.5, -2.0, -1.0, 2.0].to_vec();
    found.pieces = vec![0; 9];
    let bends = found.bends();
    assert_eq!((bends.all, bends.negative), (8, 3));
    assert!((bends.least + 1.0 / 3.0).abs() < 1e-15);
    found.pieces[8] = 1;
    assert_eq!(found.bends().all, 8 - 3);
    found.losses[8] = f64::NAN;
    found.pieces[8] = 0;
    assert_eq!(found.bends().all, 8 - 3);
}

#[test]
fn a_surface_is_the_same_on_any_number_of_threads() {
    let problem = problem(&[3, 4, 2], Activation::Relu, Loss::Categorical, true, 6);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        Surface { cost: 0.0, ..pool.install(|| measured(&problem, &Plane::default())) }
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn axes_that_span_no_plane_are_refused() {
    let problem = problem(&[3, 4, 2], Activation::Tanh, Loss::SquaredError, true, 6);
    // The update of the default is the negative gradient.
    let plane = plane((Along::Gradient, None), (Along::Update, None), 3, 1.0);
    let found = surface(&Task { plane: &plane, ..task(&problem) });
    assert!(matches!(found, Err(Stop::Failed(Error::NoPlane))), "{found:?}");
}

#[test]
fn progress_is_told_for_every_row_and_cancelling_ends_it() {
    let problem = problem(&[3, 4, 2], Activation::Tanh, Loss::SquaredError, true, 6);
    let rows = AtomicUsize::new(0);
    let most = AtomicUsize::new(0);
    let count = |done, of| {
        assert_eq!(of, Plane::default().points);
        most.fetch_max(done, Ordering::Relaxed);
        rows.fetch_add(1, Ordering::Relaxed);
    };
    surface(&Task { progress: &count, ..task(&problem) }).unwrap();
    assert_eq!([&rows, &most].map(|number| number.load(Ordering::Relaxed)), [Plane::default().points; 2]);
    let cancelled = || rows.load(Ordering::Relaxed) > Plane::default().points + 3;
    let stopped = surface(&Task { cancelled: &cancelled, progress: &count, ..task(&problem) });
    assert!(matches!(stopped, Err(Stop::Cancelled)));
    assert!(rows.load(Ordering::Relaxed) < 2 * Plane::default().points);
}

#[test]
fn losses_that_are_not_finite_are_kept() {
    let mut found = measured(
        &problem(&[3, 4, 2], Activation::Tanh, Loss::SquaredError, true, 6),
        &plane((Along::Gradient, None), (Along::Random, None), 3, 1.0),
    );
    (found.losses[0], found.losses[1]) = (f64::INFINITY, f64::NAN);
    let text = serde_json::to_string(&found).unwrap();
    let read: Surface = serde_json::from_str(&text).unwrap();
    assert!(read.losses[0].is_infinite() && read.losses[1].is_nan());
    assert_eq!((&read.losses[2..], read.pieces), (&found.losses[2..], found.pieces.clone()));
    assert!(found.range().1.is_finite());
}
