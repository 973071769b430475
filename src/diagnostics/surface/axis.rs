//! The directions that span the plane.

use ndarray::{Array1, ArrayView1, ArrayViewMut1, s};

use super::{Along, Axis, Stop, Task};
use crate::curvature::hessian::HessianProduct;
use crate::diagnostics::directions::{gradient, single};
use crate::diagnostics::{Error, Scope};
use crate::linalg::{LanczosSettings, Stream, leading_eigenvector};
use crate::network::Parameters;

/// When an eigenvector is accurate enough to point its way.
const ACCURACY: LanczosSettings = LanczosSettings { products: 60, tolerance: 1e-3 };

/// The direction of an axis, as long as the weights that it moves; `index` tells random ones apart.
///
/// # Errors
/// Where it is not finite, and once the task is cancelled.
pub fn direction(task: &Task, axis: Axis, index: u64) -> Result<Array1<f64>, Stop> {
    let architecture = task.pass.architecture();
    let range = axis.layer.map_or(0..architecture.parameters(), |layer| architecture.range(layer));
    let whole = match axis.along {
        Along::Weights => task.parameters.flat.clone(),
        Along::Gradient => gradient(task).flat,
        Along::Update => {
            let task = Task { only: axis.layer.map(Scope::Layer), ..*task };
            single(&task, task.preconditioning.update)?.flat
        }
        Along::TopEigenvector => eigenvector(task, axis.layer, &[])?,
        Along::SecondEigenvector => {
            let first = eigenvector(task, axis.layer, &[])?;
            eigenvector(task, axis.layer, &[first])?
        }
        Along::Random => {
            let mut stream = Stream::new(task.seed, "surface", index);
            Array1::from_shape_simple_fn(architecture.parameters(), || stream.normal())
        }
    };
    task.go_on()?;
    let mut direction = Array1::zeros(whole.len());
    let own = whole.slice(s![range.clone()]);
    let weights = task.parameters.flat.slice(s![range.clone()]);
    let [length, wanted] = [own, weights].map(|vector| vector.dot(&vector).sqrt());
    if !length.is_finite() {
        return Err(Error::NotFinite.into());
    }
    // Of weights that are all zero the direction itself is the measure.
    let scale = if wanted > 0.0 && length > 0.0 { wanted / length } else { 1.0 };
    direction.slice_mut(s![range]).assign(&(&own * scale));
    task.go_on().map(|()| direction)
}

/// The eigenvector of the largest eigenvalue of the Hessian or of one of its blocks, apart from those of `known`.
///
/// # Errors
/// Where a product is not finite, and once the task is cancelled.
fn eigenvector(task: &Task, layer: Option<usize>, known: &[Array1<f64>]) -> Result<Array1<f64>, Stop> {
    let architecture = task.pass.architecture();
    let range = layer.map_or(0..architecture.parameters(), |layer| architecture.range(layer));
    let zeros = || Parameters::zeros(architecture);
    let mut product = HessianProduct::new(task.pass, task.parameters, layer);
    let (mut vector, mut image) = (zeros(), zeros());
    let known: Vec<_> = known.iter().map(|vector| vector.slice(s![range.clone()])).collect();
    let without_known = |mut x: ArrayViewMut1<f64>| {
        for vector in &known {
            let share = vector.dot(&x);
            x.scaled_add(-share, vector);
        }
    };
    let apply = |x: ArrayView1<f64>, mut y: ArrayViewMut1<f64>| {
        let mut own = vector.flat.slice_mut(s![range.clone()]);
        own.assign(&x);
        without_known(own);
        if !product.apply_unless(&vector, &mut image, task.cancelled) {
            return Err(Stop::Cancelled);
        }
        y.assign(&image.flat.slice(s![range.clone()]));
        without_known(y.view_mut());
        if y.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(Error::NotFinite.into()) }
    };
    let found = leading_eigenvector(range.len(), ACCURACY, &mut Stream::new(task.seed, "lanczos", 0), apply)?;
    let mut direction = Array1::zeros(architecture.parameters());
    direction.slice_mut(s![range]).assign(&found);
    Ok(direction)
}
