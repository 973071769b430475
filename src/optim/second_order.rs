//! A second-order update: direction from curvature, step from the exact quadratic model, damping that
//! adapts itself (Botev, Ritter & Barber 2017, section 4; Martens & Grosse 2015, sections 6 and 7).

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::conjugate_gradients::{ConjugateGradients, Limits};
use super::damping::{Damped, kronecker_factor, step_damping_after};
use super::ekfac::Corrected;
use super::kronecker::{BadFactor, Inverses, Kronecker};
use super::quadratic::{Minimum, QuadraticModel};
use super::{Curvature, Minibatch, Phase, Report, SecondOrder, Stopwatch};
use crate::curvature::KroneckerFactors;
use crate::curvature::gauss_newton::{inner_product, output_product};
use crate::linalg::{Archive, ArchiveError, Keep, Real, both, dot, inner_products};
use crate::network::{Architecture, Parameters, Pass, Tangent};

/// What a second-order method keeps from one update to the next.
pub struct SecondOrderState<T> {
    /// γ.
    pub kronecker_damping: Damped,
    /// τ.
    pub step_damping: Damped,
    /// Whether the inverses have to be made anew at the next update.
    pub stale: bool,
    updates: u64,
    kronecker: Option<Kronecker<T>>,
    conjugate_gradients: Option<ConjugateGradients<T>>,
    best_inverses: Option<Inverses<T>>,
    trial: Along<T>,
    best: Along<T>,
    /// Δ of the last update, where momentum needs it.
    previous: Option<Along<T>>,
}

/// A direction δ and how the outputs move along it.
struct Along<T> {
    direction: Parameters<T>,
    tangent: Tangent<T>,
    /// v = J δ: N × K.
    outputs: Array2<T>,
    /// PSD(H_L) v: N × K.
    product: Array2<T>,
}

impl<T: Real> Along<T> {
    fn new(architecture: &Architecture) -> Self {
        Self {
            direction: Parameters::zeros(architecture),
            tangent: Tangent::new(architecture, 0),
            outputs: Array2::default((0, 0)),
            product: Array2::default((0, 0)),
        }
    }

    /// v and PSD(H_L) v of the direction, after a forward pass.
    fn differentiate(&mut self, pass: &Pass<T>, parameters: &Parameters<T>) {
        if self.outputs.dim() != pass.output().dim() {
            self.tangent = Tangent::new(pass.architecture(), pass.data());
            self.outputs = Array2::zeros(pass.output().dim());
        }
        let outputs = self.tangent.forward(pass, parameters, &self.direction);
        self.outputs.assign(&outputs);
        output_product(pass, outputs, &mut self.product);
    }

    /// δᵀ Ḡ δ′.
    fn curvature(&self, other: &Self) -> f64 {
        inner_product(self.product.view(), other.outputs.view())
    }
}

impl<T: Real> SecondOrderState<T> {
    /// The state before the first update.
    pub fn new(settings: &SecondOrder, architecture: &Architecture) -> Self {
        let free = matches!(settings.curvature, Curvature::HessianFree { .. });
        Self {
            kronecker_damping: Damped::new(&settings.kronecker_damping),
            step_damping: Damped::new(&settings.step_damping),
            stale: true,
            updates: 0,
            kronecker: (!free).then(|| Kronecker::new(settings.curvature, architecture)),
            conjugate_gradients: free.then(|| ConjugateGradients::new(architecture)),
            best_inverses: None,
            trial: Along::new(architecture),
            best: Along::new(architecture),
            previous: settings.momentum.then(|| Along::new(architecture)),
        }
    }

    /// Takes another curvature, that of `settings`: both dampings and the previous update stay.
    pub fn switch(&mut self, settings: &SecondOrder, architecture: &Architecture) {
        let Self { kronecker_damping, step_damping, previous, .. } =
            std::mem::replace(self, Self::new(settings, architecture));
        (self.kronecker_damping, self.step_damping, self.previous) = (kronecker_damping, step_damping, previous);
    }

    /// Takes settings of the same curvature in place of `old`: γ and τ start anew where they state another
    /// start, and momentum where it was not.
    pub fn adopt(&mut self, old: &SecondOrder, new: &SecondOrder, architecture: &Architecture) {
        self.stale |= self.kronecker_damping.adopt(&old.kronecker_damping, &new.kronecker_damping);
        self.step_damping.adopt(&old.step_damping, &new.step_damping);
        self.follow(new.momentum, architecture);
    }

    /// Whether the last update is a second direction from now on; it is none yet where it was not.
    pub fn follow(&mut self, momentum: bool, architecture: &Architecture) {
        if momentum != self.previous.is_some() {
            self.previous = momentum.then(|| Along::new(architecture));
        }
    }

    /// Takes γ and τ into their bounds, where they adapt themselves.
    pub fn bound(&mut self, settings: &SecondOrder) {
        let before = self.kronecker_damping;
        self.kronecker_damping.adapt(&settings.kronecker_damping, before.get());
        self.step_damping.adapt(&settings.step_damping, self.step_damping.get());
        self.stale |= self.kronecker_damping != before;
    }

    /// The Kronecker factors, where the method has them.
    pub fn factors(&self) -> Option<KroneckerFactors<T>> {
        self.kronecker.as_ref().map(Kronecker::factors)
    }

    /// The eigenvectors and corrected eigenvalues, where the method has them.
    pub fn corrected(&self) -> Option<&Corrected<T>> {
        self.kronecker.as_ref()?.corrected()
    }

    /// δ of the last update, before it was scaled.
    pub fn direction(&self) -> &Parameters<T> {
        &self.best.direction
    }

    /// Raises both dampings after a rejected step, and forgets what led to it.
    pub fn reject(&mut self, settings: &SecondOrder) {
        self.kronecker_damping.raise(&settings.kronecker_damping);
        self.step_damping.raise(&settings.step_damping);
        self.stale = true;
        if let Some(previous) = &mut self.previous {
            previous.direction.flat.fill(T::zero());
        }
        if let Some(solver) = &mut self.conjugate_gradients {
            solver.forget();
        }
    }

    /// One update on a minibatch, after its forward and backward pass: next ← θ + Δ.
    ///
    /// # Errors
    /// Where a Kronecker factor cannot be used.
    pub fn update(
        &mut self,
        settings: &SecondOrder,
        batch: &mut Minibatch<T>,
        next: &mut Parameters<T>,
        watch: &mut Stopwatch,
    ) -> Result<Report, BadFactor> {
        let mut report = Report::default();
        self.update_factors(settings, batch, watch)?;
        self.updates += 1;
        let (model, minimum) = self.find_direction(settings, batch, watch, &mut report)?;
        watch.enter(Phase::Update);
        self.step(batch, minimum, next);
        report.step_size = Some(minimum.step_size);
        report.momentum = settings.momentum.then_some(minimum.momentum);
        report.quadratic = Some(model.curvature[0]);
        report.kronecker_damping = self.kronecker.is_some().then(|| self.kronecker_damping.get());
        report.step_damping = Some(self.step_damping.get());
        if settings.step_damping.adapt && self.updates.is_multiple_of(settings.step_period) {
            watch.enter(Phase::DampingTrials);
            let ratio = reduction_ratio(batch, next, minimum.change);
            let damping = step_damping_after(ratio, self.step_damping.get(), settings.step_period);
            self.step_damping.adapt(&settings.step_damping, damping);
            report.reduction_ratio = Some(ratio);
            report.rejected = !ratio.is_finite();
        }
        Ok(report)
    }

    /// The minibatch's factors enter the running averages, with weight ε = min(1 − 1/k, ε_max) of the past.
    /// Where one is not finite, averaging starts anew.
    fn update_factors(
        &mut self,
        settings: &SecondOrder,
        batch: &Minibatch<T>,
        watch: &mut Stopwatch,
    ) -> Result<(), BadFactor> {
        let Some(kronecker) = &mut self.kronecker else { return Ok(()) };
        let past = past(settings, self.updates + 1);
        watch.enter(Phase::InputFactors);
        let inputs = kronecker.update_input(batch.pass, past);
        watch.enter(Phase::PreactivationFactors);
        let streams = (batch.seed, batch.step);
        let updated = inputs.and_then(|()| {
            kronecker.update_preactivation(settings.curvature, batch.pass, batch.parameters, streams, past)
        });
        if updated.is_err() {
            // The averages are spoilt: those of the next update have no past.
            (self.updates, self.stale) = (0, true);
        }
        updated
    }

    /// Leaves δ in `self.best`, and returns the quadratic model along it with its minimum.
    fn find_direction(
        &mut self,
        settings: &SecondOrder,
        batch: &Minibatch<T>,
        watch: &mut Stopwatch,
        report: &mut Report,
    ) -> Result<(QuadraticModel, Minimum), BadFactor> {
        let period = settings.kronecker_period;
        let adapts = settings.kronecker_damping.adapt && self.updates.is_multiple_of(period);
        let Some(mut kronecker) = self.kronecker.take() else {
            self.solve_conjugate_gradients(settings, batch, watch);
            return Ok(self.measure(batch, watch));
        };
        let found = if adapts {
            self.try_dampings(settings, &mut kronecker, batch, watch, report)
        } else {
            self.precondition(settings, &mut kronecker, batch, watch, report)
        };
        self.kronecker = Some(kronecker);
        found
    }

    fn solve_conjugate_gradients(&mut self, settings: &SecondOrder, batch: &Minibatch<T>, watch: &mut Stopwatch) {
        watch.enter(Phase::Solve);
        if let (Some(solver), Curvature::HessianFree { iterations, tolerance }) =
            (&mut self.conjugate_gradients, settings.curvature)
        {
            let shift = self.step_damping.get() + batch.l2;
            let limits = Limits { iterations, tolerance };
            let direction = &mut self.trial.direction;
            solver.direction(batch.pass, batch.parameters, batch.gradient, shift, limits, direction);
        }
    }

    /// δ with the present γ; the inverses are made anew when their period is over.
    fn precondition(
        &mut self,
        settings: &SecondOrder,
        kronecker: &mut Kronecker<T>,
        batch: &Minibatch<T>,
        watch: &mut Stopwatch,
        report: &mut Report,
    ) -> Result<(QuadraticModel, Minimum), BadFactor> {
        // In the first period the running averages still form, and inverses age with every update.
        // Eigenvectors cost more: they are followed at the updates 1, 2, 4, ….
        let forming = self.updates <= settings.inverse_period
            && (kronecker.corrected().is_none() || self.updates.is_power_of_two());
        if self.stale || forming || self.updates.is_multiple_of(settings.inverse_period) {
            watch.enter(Phase::Factorization);
            report.escalations.extend(kronecker.invert(self.kronecker_damping.get(), batch.l2)?);
            self.stale = false;
        }
        self.rescale(settings, kronecker, batch, watch);
        watch.enter(Phase::Solve);
        kronecker.direction(batch.gradient, &mut self.trial.direction);
        Ok(self.measure(batch, watch))
    }

    /// Corrected eigenvalues follow the minibatch, in the eigenvectors there are now.
    fn rescale(
        &self,
        settings: &SecondOrder,
        kronecker: &mut Kronecker<T>,
        batch: &Minibatch<T>,
        watch: &mut Stopwatch,
    ) {
        if kronecker.corrected().is_some() {
            watch.enter(Phase::PreactivationFactors);
            let streams = (batch.seed, batch.step);
            let past = past(settings, self.updates);
            kronecker.rescale(settings.curvature, batch.pass, batch.parameters, streams, past);
        }
    }

    /// δ with that of γ, ω₂ γ and γ/ω₂ whose update has the lowest quadratic model.
    fn try_dampings(
        &mut self,
        settings: &SecondOrder,
        kronecker: &mut Kronecker<T>,
        batch: &Minibatch<T>,
        watch: &mut Stopwatch,
        report: &mut Report,
    ) -> Result<(QuadraticModel, Minimum), BadFactor> {
        let (damping, factor) = (self.kronecker_damping.get(), kronecker_factor(settings.kronecker_period));
        let mut best: Option<(f64, QuadraticModel, Minimum)> = None;
        for candidate in [damping, damping * factor, damping / factor] {
            let mut clamped = self.kronecker_damping;
            clamped.adapt(&settings.kronecker_damping, candidate);
            if best.is_some() && clamped == self.kronecker_damping {
                continue; // At its bound already: tried before.
            }
            watch.enter(if best.is_none() { Phase::Factorization } else { Phase::DampingTrials });
            let escalations = kronecker.invert(clamped.get(), batch.l2)?;
            if best.is_none() {
                self.rescale(settings, kronecker, batch, watch);
            }
            kronecker.direction(batch.gradient, &mut self.trial.direction);
            self.differentiate(batch, best.is_none());
            let (model, minimum) = self.model(batch);
            // What is not a number is no less than anything.
            if best.is_none_or(|(_, _, known)| minimum.change < known.change || known.change.is_nan()) {
                best = Some((clamped.get(), model, minimum));
                report.escalations = escalations;
                std::mem::swap(&mut self.trial, &mut self.best);
                let kept = self.best_inverses.get_or_insert_with(|| kronecker.inverses().clone());
                kronecker.swap_inverses(kept);
            }
        }
        if let Some(kept) = &mut self.best_inverses {
            kronecker.swap_inverses(kept);
        }
        self.stale = false;
        let Some((damping, model, minimum)) = best else { unreachable!("the first candidate is always tried") };
        self.kronecker_damping.adapt(&settings.kronecker_damping, damping);
        Ok((model, minimum))
    }

    /// How the outputs move along `self.trial`, and if `previous` along the previous update too, where there
    /// is momentum.
    fn differentiate(&mut self, batch: &Minibatch<T>, previous: bool) {
        let (pass, parameters) = (&*batch.pass, batch.parameters);
        let trial = &mut self.trial;
        match &mut self.previous {
            Some(other) if previous => {
                both(|| trial.differentiate(pass, parameters), || other.differentiate(pass, parameters));
            }
            _ => trial.differentiate(pass, parameters),
        }
    }

    /// The quadratic model along `self.trial`, which becomes the best.
    fn measure(&mut self, batch: &Minibatch<T>, watch: &mut Stopwatch) -> (QuadraticModel, Minimum) {
        watch.enter(Phase::ForwardMode);
        self.differentiate(batch, true);
        let found = self.model(batch);
        std::mem::swap(&mut self.trial, &mut self.best);
        found
    }

    /// The quadratic model along `self.trial`, and the previous update where there is momentum.
    fn model(&self, batch: &Minibatch<T>) -> (QuadraticModel, Minimum) {
        let shift = self.step_damping.get() + batch.l2;
        let (trial, gradient) = (&self.trial, batch.gradient.flat.view());
        let direction = trial.direction.flat.view();
        let model = match &self.previous {
            None => {
                let (slope, squared) = (dot(direction, gradient), dot(direction, direction));
                QuadraticModel::along(slope, trial.curvature(trial) + shift * squared)
            }
            Some(previous) => {
                let [slope, other_slope, squared, other_squared, mixed] =
                    inner_products(direction, previous.direction.flat.view(), gradient);
                QuadraticModel {
                    slope: [slope, other_slope],
                    curvature: [
                        trial.curvature(trial) + shift * squared,
                        previous.curvature(previous) + shift * other_squared,
                    ],
                    mixed: trial.curvature(previous) + shift * mixed,
                }
            }
        };
        (model, model.minimum(T::EPSILON))
    }

    /// next ← θ + Δ, Δ = α δ + μ δ₀, which is kept for the next update.
    fn step(&mut self, batch: &Minibatch<T>, minimum: Minimum, next: &mut Parameters<T>) {
        let (alpha, mu) = (T::of(minimum.step_size), T::of(minimum.momentum));
        let sum = ndarray::Zip::from(&mut next.flat).and(&batch.parameters.flat).and(&self.best.direction.flat);
        match &mut self.previous {
            None => sum.par_for_each(|next, &theta, &delta| *next = theta + alpha * delta),
            Some(previous) => sum.and(&mut previous.direction.flat).par_for_each(|next, &theta, &delta, previous| {
                *previous = alpha * delta + mu * *previous;
                *next = theta + *previous;
            }),
        }
    }
}

/// ε = min(1 − 1/k, ε_max), the weight of the past at update k = `updates`.
fn past(settings: &SecondOrder, updates: u64) -> f64 {
    (1.0 - 1.0 / updates as f64).min(settings.factor_average)
}

/// The numbers that are kept.
#[derive(Serialize, Deserialize)]
struct Numbers {
    kronecker_damping: Damped,
    step_damping: Damped,
    stale: bool,
    updates: u64,
}

impl<T: Real> Keep for SecondOrderState<T> {
    fn save(&self, archive: &mut Archive) {
        let Self { kronecker_damping, step_damping, stale, updates, .. } = *self;
        archive.note("second_order", &Numbers { kronecker_damping, step_damping, stale, updates });
        if let Some(previous) = &self.previous {
            archive.put("state/previous", previous.direction.flat.view());
        }
        if let Some(kronecker) = &self.kronecker {
            kronecker.save(archive);
        }
        if let Some(solver) = &self.conjugate_gradients {
            solver.save(archive);
        }
    }

    fn restore(&mut self, archive: &Archive) -> Result<(), ArchiveError> {
        let Numbers { kronecker_damping, step_damping, stale, updates } = archive.value("second_order")?;
        (self.kronecker_damping, self.step_damping) = (kronecker_damping, step_damping);
        (self.stale, self.updates) = (stale, updates);
        if let Some(previous) = &mut self.previous {
            archive.fill("state/previous", previous.direction.flat.view_mut())?;
        }
        if let Some(kronecker) = &mut self.kronecker {
            kronecker.restore(archive)?;
        }
        if let Some(solver) = &mut self.conjugate_gradients {
            solver.restore(archive)?;
        }
        Ok(())
    }
}

/// ρ = (Ē(θ + Δ) − Ē(θ)) / M(Δ) on the minibatch, whose forward pass is overwritten. 1 where no change was
/// foreseen and none came.
fn reduction_ratio<T: Real>(batch: &mut Minibatch<T>, next: &Parameters<T>, change: f64) -> f64 {
    let squared = |parameters: &Parameters<T>| dot(parameters.flat.view(), parameters.flat.view());
    let l2 = if batch.l2 == 0.0 { 0.0 } else { batch.l2 / 2.0 * (squared(next) - squared(batch.parameters)) };
    let actual = batch.pass.forward(next) - batch.loss + l2;
    if actual == 0.0 && change == 0.0 { 1.0 } else { actual / change }
}
