//! Every curvature quantity of one network on one batch, densely: for networks small enough, and the
//! numbers a sceptic checks against automatic differentiation.

use ndarray::{Array1, Array2, Array3, ArrayD, s};

use super::output;
use crate::curvature::factors::{self, from_columns, input_factors, kfra};
use crate::curvature::{Columns, Factor, KroneckerFactors, Root, dense, preactivation};
use crate::linalg::{NotConverged, eigenvalues};
use crate::network::{Parameters, Pass, tensors::Tensors};
use crate::optim::{
    BadFactor, Curvature, Damping, Method, Minibatch, Report, SecondOrder, SecondOrderState, Settings, Stopwatch,
};

/// A quantity could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum InspectionError {
    /// An eigenvalue iteration came to no end.
    #[error(transparent)]
    Eigenvalues(#[from] NotConverged),
    /// A factor could not be inverted.
    #[error(transparent)]
    Factor(#[from] BadFactor),
}

/// Computes all of it, by the names of the reference files: `loss`, `grad.λ`, `output_hessian`,
/// `preactivation_hessian.λ`, `hessian_block.λ`, `hessian`, `gauss_newton_block.λ`, `gauss_newton`,
/// `eigenvalues.gauss_newton`, `rank.gauss_newton`, `rank.bound`, `factor.{input,kflr,kfra,fisher}.λ`,
/// `update.kfra.λ`, `quadratic.kfra`, `alpha.kfra`.
///
/// `pass` holds the batch; dampings and η are those of `settings` (the defaults of a first-order method
/// are taken for the update of KFRA).
///
/// # Errors
/// Where a quantity is not finite.
pub fn inspect(
    pass: &mut Pass<f64>,
    parameters: &Parameters<f64>,
    settings: &Settings,
) -> Result<Tensors, InspectionError> {
    let architecture = pass.architecture().clone();
    let layers = 1..=architecture.depth();
    let mut out = Tensors::new();
    let mut gradient = Parameters::zeros(&architecture);
    let loss = pass.forward(parameters);
    pass.backward(parameters, &mut gradient);
    out.insert("loss".into(), scalar(loss));
    output_hessian(pass, &mut out);
    let (blocks, means) = dense::hessian_blocks(pass, parameters);
    let gauss_newton = dense::gauss_newton(pass, parameters);
    for layer in layers.clone() {
        let range = architecture.range(layer);
        let block = gauss_newton.slice(s![range.clone(), range]).to_owned();
        out.insert(format!("grad.{layer}"), gradient.layer(layer).to_owned().into_dyn());
        out.insert(format!("gauss_newton_block.{layer}"), block.into_dyn());
    }
    for (layer, (block, mean)) in layers.zip(blocks.into_iter().zip(means)) {
        out.insert(format!("hessian_block.{layer}"), block.into_dyn());
        out.insert(format!("preactivation_hessian.{layer}"), mean.into_dyn());
    }
    out.insert("hessian".into(), dense::hessian(pass, parameters).into_dyn());
    let spectrum = eigenvalues(gauss_newton.view())?;
    out.insert("rank.gauss_newton".into(), scalar(numerical_rank(&spectrum, pass) as f64));
    out.insert("rank.bound".into(), scalar(output_rank_bound(pass)? as f64));
    out.insert("eigenvalues.gauss_newton".into(), spectrum.into_dyn());
    out.insert("gauss_newton".into(), gauss_newton.into_dyn());
    kronecker_factors(pass, parameters, &mut out);
    kfra_update(pass, parameters, gradient, loss, settings, &mut out)?;
    Ok(out)
}

fn scalar(value: f64) -> ArrayD<f64> {
    Array1::from_elem(1, value).into_dyn()
}

/// H_L of each datum: N × K × K.
fn output_hessian(pass: &Pass<f64>, out: &mut Tensors) {
    let outputs = pass.architecture().outputs();
    let mut all = Array3::zeros((pass.data(), outputs, outputs));
    for (datum, mut slot) in all.outer_iter_mut().enumerate() {
        slot.assign(&preactivation::output_hessian(pass, datum));
    }
    out.insert("output_hessian".into(), all.into_dyn());
}

/// Eigenvalues above max(M, P) ε λ_max, M = N r.
fn numerical_rank(spectrum: &Array1<f64>, pass: &Pass<f64>) -> usize {
    let size = spectrum.len().max(pass.data() * Root::Exact.rank(pass));
    let largest = spectrum.last().copied().unwrap_or(0.0);
    spectrum.iter().filter(|&&value| value > size as f64 * f64::EPSILON * largest).count()
}

/// Σ_n rank PSD(H_L^n), at most P.
fn output_rank_bound(pass: &Pass<f64>) -> Result<usize, NotConverged> {
    let rank: usize = output::ranks(pass)?.into_iter().sum();
    Ok(rank.min(pass.architecture().parameters()))
}

fn kronecker_factors(pass: &Pass<f64>, parameters: &Parameters<f64>, out: &mut Tensors) {
    let architecture = pass.architecture();
    let mut all = KroneckerFactors::<f64>::zeros(architecture);
    let mut insert = |name: &str, layer: usize, factor: Array2<f64>| {
        out.insert(format!("factor.{name}.{layer}"), factor.into_dyn());
    };
    input_factors(pass, &mut all.input);
    for (index, factor) in all.input.iter().enumerate() {
        insert("input", index + 1, factor.clone());
    }
    let mut store = |name: &str, factors: &[Factor<f64>]| {
        for (index, factor) in factors.iter().enumerate() {
            insert(name, index + 1, factor.to_dense());
        }
    };
    kfra(pass, parameters, &mut factors::Scratch::default(), &mut all.preactivation);
    store("kfra", &all.preactivation);
    let (mut columns, mut scratch) = (Columns::default(), Array2::default((0, 0)));
    from_columns(pass, parameters, Root::Exact, &mut columns, &mut scratch, &mut all.preactivation);
    store("kflr", &all.preactivation);
    if pass.loss().labels(architecture.outputs()).is_some() {
        from_columns(pass, parameters, Root::Fisher, &mut columns, &mut scratch, &mut all.preactivation);
        store("fisher", &all.preactivation);
    }
}

/// δ, δᵀCδ and α* of KFRA on this batch alone.
fn kfra_update(
    pass: &mut Pass<f64>,
    parameters: &Parameters<f64>,
    mut gradient: Parameters<f64>,
    loss: f64,
    settings: &Settings,
    out: &mut Tensors,
) -> Result<(), BadFactor> {
    let method = match &settings.method {
        Method::SecondOrder(method) => method.clone(),
        Method::FirstOrder(_) => SecondOrder::new(Curvature::Kfra),
    };
    let frozen = |damping: Damping| Damping { adapt: false, ..damping };
    let method = SecondOrder {
        curvature: Curvature::Kfra,
        momentum: false,
        kronecker_damping: frozen(method.kronecker_damping),
        step_damping: frozen(method.step_damping),
        ..method
    };
    let architecture = pass.architecture().clone();
    let mut state = SecondOrderState::new(&method, &architecture);
    gradient.flat.scaled_add(settings.l2, &parameters.flat);
    let mut next = Parameters::zeros(&architecture);
    let mut batch = Minibatch { pass, parameters, gradient: &gradient, loss, l2: settings.l2, seed: 0, step: 1 };
    let report: Report = state.update(&method, &mut batch, &mut next, &mut Stopwatch::start())?;
    for layer in 1..=architecture.depth() {
        out.insert(format!("update.kfra.{layer}"), state.direction().layer(layer).to_owned().into_dyn());
    }
    out.insert("quadratic.kfra".into(), scalar(report.quadratic.unwrap_or(f64::NAN)));
    out.insert("alpha.kfra".into(), scalar(report.step_size.unwrap_or(f64::NAN)));
    Ok(())
}
