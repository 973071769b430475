//! Directions of the Hessian-free method (Martens 2010): (Ḡ + (τ + η) I) δ = −g by conjugate gradients.

use ndarray::Zip;

use crate::curvature::gauss_newton::GaussNewtonProduct;
use crate::linalg::{Archive, ArchiveError, Keep, Real, dot};
use crate::network::{Architecture, Parameters, Pass};

/// What is left of the last solution as the start of the next.
const WARM_START: f64 = 0.95;

/// Memory of the iteration.
#[derive(Debug)]
pub struct ConjugateGradients<T> {
    solution: Parameters<T>,
    residual: Parameters<T>,
    search: Parameters<T>,
    image: Parameters<T>,
    products: Option<GaussNewtonProduct<T>>,
    progress: Vec<f64>,
}

/// When the iteration ends.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After so many iterations.
    pub iterations: usize,
    /// Where the model's value changed by less than this share an iteration, over the last tenth of them.
    pub tolerance: f64,
}

impl<T: Real> ConjugateGradients<T> {
    /// Memory for a network.
    pub fn new(architecture: &Architecture) -> Self {
        let zeros = || Parameters::zeros(architecture);
        Self {
            solution: zeros(),
            residual: zeros(),
            search: zeros(),
            image: zeros(),
            products: None,
            progress: Vec::new(),
        }
    }

    /// Forgets the last solution: the next iteration starts from 0.
    pub fn forget(&mut self) {
        self.solution.flat.fill(T::zero());
    }

    /// direction ← δ of the minibatch, after a forward pass. `shift`: τ + η. Starts from 0.95 × the last
    /// solution.
    pub fn direction(
        &mut self,
        pass: &Pass<T>,
        parameters: &Parameters<T>,
        gradient: &Parameters<T>,
        shift: f64,
        limits: Limits,
        direction: &mut Parameters<T>,
    ) {
        let products = match &mut self.products {
            Some(products) if products.data() == pass.data() => products,
            other => other.insert(GaussNewtonProduct::new(pass)),
        };
        let shift = T::of(shift);
        let mut multiply = |v: &Parameters<T>, image: &mut Parameters<T>| {
            products.apply(pass, parameters, v, image);
            image.flat.scaled_add(shift, &v.flat);
        };
        self.solution.flat *= T::of(WARM_START);
        multiply(&self.solution, &mut self.image);
        Zip::from(&mut self.residual.flat)
            .and(&gradient.flat)
            .and(&self.image.flat)
            .for_each(|r, &g, &image| *r = -g - image);
        self.search.flat.assign(&self.residual.flat);
        let mut norm = dot(self.residual.flat.view(), self.residual.flat.view());
        self.progress.clear();
        for iteration in 1..=limits.iterations {
            multiply(&self.search, &mut self.image);
            let curvature = dot(self.search.flat.view(), self.image.flat.view());
            if norm == 0.0 || curvature.is_nan() || curvature <= 0.0 {
                break;
            }
            let step = norm / curvature;
            self.solution.flat.scaled_add(T::of(step), &self.search.flat);
            self.residual.flat.scaled_add(T::of(-step), &self.image.flat);
            // The model's value: ½ δᵀ(g − r).
            let along = dot(self.solution.flat.view(), gradient.flat.view());
            let left = dot(self.solution.flat.view(), self.residual.flat.view());
            self.progress.push((along - left) / 2.0);
            let window = 10.max(iteration / 10);
            if let Some(&before) = iteration.checked_sub(window + 1).and_then(|i| self.progress.get(i)) {
                let now = self.progress[iteration - 1];
                if now < 0.0 && (now - before) / now < window as f64 * limits.tolerance {
                    break;
                }
            }
            let next = dot(self.residual.flat.view(), self.residual.flat.view());
            let ratio = T::of(next / norm);
            norm = next;
            Zip::from(&mut self.search.flat).and(&self.residual.flat).for_each(|p, &r| *p = r + ratio * *p);
        }
        direction.flat.assign(&self.solution.flat);
    }
}

impl<T: Real> Keep for ConjugateGradients<T> {
    fn save(&self, archive: &mut Archive) {
        archive.put("state/conjugate_gradients", self.solution.flat.view());
    }

    fn restore(&mut self, archive: &Archive) -> Result<(), ArchiveError> {
        archive.fill("state/conjugate_gradients", self.solution.flat.view_mut())
    }
}
