//! What diagnostics find of the made-up run when they are asked.

use ndarray::Array2;

use super::architecture;
use crate::curvature::Factor;
use crate::diagnostics::alignment::{Aligned, Alignment, Direction};
use crate::diagnostics::approximation::{Approximation, KroneckerError};
use crate::diagnostics::factors::{FactorKind, FactorMap, LayerFactors};
use crate::diagnostics::fisher::FisherDistance;
use crate::diagnostics::hessian_spectrum::HessianSpectrum;
use crate::diagnostics::images::{Image, Images, Verdict};
use crate::diagnostics::rank_curve::{RankCurve, RankPoint};
use crate::diagnostics::spectrum::GaussNewtonSpectrum;
use crate::diagnostics::surface::{Plane, Surface};
use crate::diagnostics::{Density, Estimate, Kronecker, Measurement, Scope, Spectrum, SpectrumMethod};
use crate::session::Event;

/// All that the Curvature screen shows, measured at a step.
pub fn curvature(step: u64) -> Vec<Event> {
    let scopes = || std::iter::once(Scope::Whole).chain((1..=8).map(Scope::Layer));
    let mut all = Vec::new();
    for scope in scopes() {
        all.push(Measurement::Spectrum(GaussNewtonSpectrum(spectrum(step, scope, false))));
        all.push(Measurement::HessianSpectrum(HessianSpectrum(spectrum(step, scope, true))));
        all.push(Measurement::Alignment(alignment(step, scope)));
        all.push(Measurement::RankCurve(rank_curve(step, scope)));
    }
    all.extend((1..=8).map(|layer| Measurement::Approximation(approximation(step, layer))));
    all.extend((1..=8).map(|layer| {
        let (block, factor) = (0.02 * layer as f64, 0.01 * layer as f64);
        Measurement::Fisher(FisherDistance { step, layer, block, factor, by_structure: false, data: 64, cost: 0.2 })
    }));
    all.extend((1..=8).map(|layer| Measurement::Factors(factors(step, layer))));
    all.push(Measurement::Surface(surface(step)));
    all.push(Measurement::Images(images(step, false)));
    all.into_iter().map(Event::Measured).collect()
}

fn factors(step: u64, layer: usize) -> LayerFactors {
    use FactorKind as K;
    let factor = |kind: FactorKind, size: usize| {
        let entry = |(i, j): (usize, usize)| {
            let waves = (i as f64 / 9.0).cos() * (j as f64 / 9.0).cos();
            waves * (-(i.abs_diff(j) as f64) / 8.0).exp() * 0.4_f64.powi(kind as i32)
        };
        FactorMap::new(kind, &Factor::Dense(Array2::from_shape_fn((size, size), entry))).unwrap()
    };
    let wide = 90 + layer;
    let inputs = [K::RunningInput, K::Input].map(|kind| factor(kind, wide));
    let others = [K::Running, K::Kfac, K::Kflr, K::Kfra].map(|kind| factor(kind, 30));
    LayerFactors { step, layer, factors: inputs.into_iter().chain(others).collect(), data: 64, cost: 0.8 }
}

/// Rings of another size each, and what the made-up network makes of them, as an autoencoder or as a classifier.
pub fn images(step: u64, classifies: bool) -> Images {
    let ring = |radius: f64, soft: f64| -> Vec<u8> {
        let pixel = |index: usize| {
            let (row, column) = ((index / 28) as f64 - 13.5, (index % 28) as f64 - 13.5);
            let away = (row.hypot(column) - radius) / soft;
            (255.0 * (-away * away).exp()) as u8
        };
        (0..784).map(pixel).collect()
    };
    let image = |number: usize| {
        let radius = 2.0 + number as f64;
        let verdict = Verdict { truth: number % 10, predicted: 7, probability: 0.97, probability_of_truth: 0.012 };
        Image {
            loss: 40.0 + number as f64,
            input: ring(radius, 1.2),
            output: if classifies { Vec::new() } else { ring(radius + 0.4, 1.7) },
            verdict: classifies.then_some(verdict),
        }
    };
    Images {
        step,
        shape: (28, 28),
        range: (0.0, 1.0),
        first: (0..12).map(image).collect(),
        worst: (0..12).rev().map(image).collect(),
        wrong: classifies.then_some(21),
        loss: 54.2,
        data: 256,
        cost: 0.31,
    }
}

fn parameters(scope: Scope) -> usize {
    match scope {
        Scope::Whole => architecture().parameters(),
        Scope::Layer(layer) => architecture().layer_parameters(layer),
    }
}

/// λ max of the made-up matrices.
fn largest(scope: Scope) -> f64 {
    match scope {
        Scope::Whole => 312.0,
        Scope::Layer(layer) => 221.0 / (layer * layer) as f64,
    }
}

fn spectrum(step: u64, scope: Scope, hessian: bool) -> Spectrum {
    let (parameters, top) = (parameters(scope), largest(scope));
    let exact = scope != Scope::Whole;
    let positive: Vec<_> = (0..1920).map(|index| top * (-f64::from(index) / 110.0).exp()).collect();
    let below = if hessian { 640 } else { 0 };
    let negative = (0..below).map(|index| -0.04 * top * (-f64::from(index) / 60.0).exp());
    let values: Vec<_> = positive.into_iter().chain(negative).collect();
    let zeros = (parameters - values.len()) as f64;
    let tolerance = 1e-12 * top;
    let count = |positive: bool| {
        let count = values.iter().filter(|x| x.abs() > tolerance && (**x > 0.0) == positive).count() as f64;
        if exact || count == 0.0 {
            return Estimate::exact(count);
        }
        Estimate { value: count, error: 31.0, low: count - 80.0, high: count + 80.0, vectors: 8 }
    };
    let trace: f64 = values.iter().sum();
    let squares: f64 = values.iter().map(|x| x * x).sum();
    Spectrum {
        step,
        scope,
        parameters,
        data: 64,
        method: match (exact, hessian) {
            (true, false) => SpectrumMethod::Gram,
            (true, true) => SpectrumMethod::Dense,
            (false, _) => SpectrumMethod::Quadrature,
        },
        positive: count(true),
        negative: count(false),
        tolerance,
        largest: top,
        smallest: if hessian { -0.04 * top } else { 0.0 },
        trace: Estimate::exact(trace),
        effective: Some(Estimate::exact(trace * trace / squares)),
        eigenvalues: Vec::new(),
        density: Density::of(values.iter().map(|&x| (x, 1.0)).chain([(0.0, zeros)]), tolerance),
        products: if exact { 0 } else { 256 },
        cost: 1.7,
    }
}

fn approximation(step: u64, layer: usize) -> Approximation {
    let errors = [0.42, 0.31, 0.07, 0.19].map(|error| error * (1.0 + layer as f64 / 3.0));
    let errors = Kronecker::ALL.iter().zip(errors).map(|(&method, block)| KroneckerError {
        method,
        block,
        factor: if method == Kronecker::Kflr { 0.0 } else { block * 0.4 },
    });
    let norm = largest(Scope::Layer(layer));
    Approximation { step, layer, norm, errors: errors.collect(), data: 64, cost: 0.9 }
}

fn alignment(step: u64, scope: Scope) -> Alignment {
    let cosines = [0.21, 0.34, 0.71, 0.82, 0.94, 0.93, 1.0, 0.99];
    let turned = if scope == Scope::Layer(1) { -1.0 } else { 1.0 };
    let directions = Direction::ALL.iter().zip(cosines).map(|(&direction, cosine)| Aligned {
        direction,
        cosine: if direction == Direction::Adam { turned * cosine } else { cosine },
        curvature_cosine: cosine.sqrt(),
        norm_ratio: 1.0 / cosine,
        decrease: 3.2 * cosine * cosine,
    });
    Alignment {
        step,
        scope,
        damping: 0.1,
        gradient_norm: 2.3,
        exact_norm: 0.7,
        residual: 1e-9,
        products: 40,
        directions: directions.collect(),
        data: 64,
        cost: 2.2,
    }
}

/// A bowl whose lowest point is not where the parameters are.
pub fn surface(step: u64) -> Surface {
    let plane = Plane::default();
    let loss = |u: f64, v: f64| 40.0 + 300.0 * (u + 0.4).powi(2) + 900.0 * (v - 0.2 * u).powi(2);
    let along = plane.coordinates();
    let losses: Vec<_> = along.iter().flat_map(|&v| along.iter().map(move |&u| loss(u, v))).collect();
    let pieces = vec![0; losses.len()];
    Surface { step, plane, lengths: [9.0; 2], cosine: 0.01, loss: loss(0.0, 0.0), losses, pieces, data: 64, cost: 18.0 }
}

fn rank_curve(step: u64, scope: Scope) -> RankCurve {
    let parameters = parameters(scope);
    let outputs = if scope == Scope::Whole { 784 } else { 30 };
    let point = |data: usize| {
        let bound = (outputs * data).min(parameters);
        let upper = bound - bound / 40;
        RankPoint { data, lower: if data == 64 { upper - upper / 10 } else { upper }, upper, bound }
    };
    RankCurve { step, scope, parameters, points: [1, 2, 4, 8, 16, 32, 64].map(point).into(), cost: 1.1 }
}
