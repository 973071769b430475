//! How well directions agree with the one of the exact Gauss-Newton matrix: block by block with
//! δ*_λ = −(Ḡ_λ + (γ + η) I)⁻¹ g_λ, and as a whole with δ* = −(Ḡ + (γ + η) I)⁻¹ g. The paper explains KFRA's
//! advantage over KFAC so (Botev, Ritter & Barber 2017, section 6).

#[cfg(test)]
mod tests;

use ndarray::{Array1, ArrayView1, s};
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::directions::Directions;
use super::reduced::Reduced;
use super::solve::{Solution, Solver};
use super::{Finding, Probe, Reading, Scope, Stop, Task, named};

/// How well directions agree with the exact one, for a block or the whole, on a probe batch. Every quantity is
/// of M(δ) = gᵀδ + ½ δᵀ(Ḡ + (γ + η) I)δ, restricted to the block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alignment {
    /// The step whose parameters were measured.
    pub step: u64,
    /// The whole, or one layer.
    pub scope: Scope,
    /// γ + η.
    pub damping: f64,
    /// ‖g‖, the L2 term included.
    pub gradient_norm: f64,
    /// ‖δ*‖ of the exact direction: that of [`Direction::Block`] for a layer, of [`Direction::Full`] for the
    /// whole.
    pub exact_norm: f64,
    /// ‖(Ḡ + (γ + η) I) δ* + g‖ / ‖g‖ of the exact direction as it was solved for.
    pub residual: f64,
    /// Products with the matrix that solving took.
    pub products: usize,
    /// One for each direction that was asked for, in the order of [`Direction::ALL`].
    pub directions: Vec<Aligned>,
    /// Data of the probe batch.
    pub data: usize,
    /// CPU seconds it took.
    pub cost: f64,
}

/// One direction δ against the exact one δ*.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aligned {
    /// Whose it is.
    pub direction: Direction,
    /// δᵀδ* / ‖δ‖‖δ*‖; 0 where one is zero.
    pub cosine: f64,
    /// δᵀḠδ* / √(δᵀḠδ · δ*ᵀḠδ*); 0 where one is zero.
    pub curvature_cosine: f64,
    /// ‖δ‖ / ‖δ*‖.
    pub norm_ratio: f64,
    /// −min_α M(α δ) ≥ 0: by how much the best step along δ lowers the quadratic model.
    pub decrease: f64,
}

/// Where a direction comes from. The factors are those of the probe batch alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// −g.
    Gradient,
    /// The update of Adam: with the moments of the run if it trains with Adam, else its first one.
    Adam,
    /// −(G + ω⁻¹kI)⁻¹ g (Q + ωkI)⁻¹ with KFAC's sampled factor.
    Kfac,
    /// KFAC's eigenvectors with the diagonal of Ḡ_λ in them, + (γ + η) I.
    Ekfac,
    /// As KFAC, with KFLR's factor.
    Kflr,
    /// As KFAC, with KFRA's factor.
    Kfra,
    /// −(Ḡ_λ + (γ + η) I)⁻¹ g_λ of each block.
    Block,
    /// −(Ḡ + (γ + η) I)⁻¹ g of the whole matrix.
    Full,
}

impl Direction {
    /// Every one.
    pub const ALL: &[Self] =
        &[Self::Gradient, Self::Adam, Self::Kfac, Self::Ekfac, Self::Kflr, Self::Kfra, Self::Block, Self::Full];

    /// Whether it is found by solving with the Gauss-Newton matrix or a block of it.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Block | Self::Full)
    }

    /// Its name in files: `block`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::Adam => "adam",
            Self::Kfac => "kfac",
            Self::Ekfac => "ekfac",
            Self::Kflr => "kflr",
            Self::Kfra => "kfra",
            Self::Block => "block",
            Self::Full => "full",
        }
    }

    /// Its name: `exact block`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::Adam => "Adam",
            Self::Kfac => "KFAC",
            Self::Ekfac => "EKFAC",
            Self::Kflr => "KFLR",
            Self::Kfra => "KFRA",
            Self::Block => "exact block",
            Self::Full => "exact Ḡ",
        }
    }
}

impl Finding for Alignment {
    const TITLE: &'static str = "alignment with Gauss-Newton";
    const SYMBOL: &'static str = "alignment";
    const PROBE: Probe = Probe { every: 0, data: 64 };

    /// Measures layer by layer, then the whole. The direction of the whole matrix, which costs most, is left out
    /// where only one layer is wanted; and so is the whole, where that direction is not asked for.
    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        let (architecture, mut clock) = (task.pass.architecture(), Clock::start());
        let mut product = Reduced::in_parameters(task.pass, task.parameters);
        let mut solver = Solver::new(task)?;
        let mut directions = Directions::new(task)?;
        let all = 1..=architecture.depth();
        let full = if task.directions.contains(&Direction::Full) && task.wants_whole() {
            let found = solver.solve(&all, &directions.gradient, task.progress)?;
            directions.set(Direction::Full, 1, found.direction.view());
            Some(found)
        } else {
            None
        };
        // The whole is compared with the directions of all blocks.
        let blocks = full.is_some() && task.directions.contains(&Direction::Block);
        let wanted: Vec<_> = all.clone().filter(|&layer| blocks || task.wants_layer(layer)).collect();
        let mut shared = clock.lap();
        let each = shared / (wanted.len() + 1) as f64;
        for layer in wanted {
            let range = architecture.range(layer);
            // Blocks tell by what is found of them how far it is.
            let exact = solver.solve(&(layer..=layer), &directions.gradient, &|_, _| {})?;
            directions.set(Direction::Block, layer, exact.direction.view());
            if task.wants_layer(layer) {
                let gradient = directions.gradient.flat.slice(s![range.clone()]).to_owned();
                let (scope, parts) = (Scope::Layer(layer), directions.parts(range));
                let mut found = compare(task, &mut product, scope, (&exact, gradient.view()), parts)?;
                found.cost = each + clock.lap();
                shared -= each;
                report(found);
            }
        }
        if let (Some(full), true) = (full, task.wants_whole()) {
            let gradient = directions.gradient.flat.clone();
            let parts = directions.parts(0..gradient.len());
            let mut found = compare(task, &mut product, Scope::Whole, (&full, gradient.view()), parts)?;
            found.cost = shared + clock.lap();
            report(found);
        }
        Ok(())
    }

    /// The cosines of KFRA, KFAC and KFLR.
    fn reading(&self) -> Reading {
        let of = |direction| {
            let found = self.directions.iter().find(|aligned| aligned.direction == direction);
            found.map_or(f64::NAN, |aligned| aligned.cosine)
        };
        let quantities = [of(Direction::Kfra), of(Direction::Kfac), of(Direction::Kflr)];
        Reading { step: self.step, scope: self.scope, cost: self.cost, quantities }
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        let each = self.directions.iter().flat_map(|aligned| {
            let of = |part: &str, value| (format!("{}_{part}", aligned.direction.key()), value);
            [
                of("cosine", aligned.cosine),
                of("curvature_cosine", aligned.curvature_cosine),
                of("norm_ratio", aligned.norm_ratio),
                of("decrease", aligned.decrease),
            ]
        });
        let shared = named([
            ("damping", self.damping),
            ("gradient_norm", self.gradient_norm),
            ("exact_norm", self.exact_norm),
            ("residual", self.residual),
            ("products", self.products as f64),
        ]);
        shared.into_iter().chain(each).collect()
    }
}

/// Compares the directions with the exact one. `exact`: with the gradient it belongs to.
fn compare(
    task: &Task,
    product: &mut Reduced,
    scope: Scope,
    (exact, gradient): (&Solution, ArrayView1<f64>),
    directions: impl Iterator<Item = (Direction, Array1<f64>)>,
) -> Result<Alignment, Stop> {
    let layers = match scope {
        Scope::Whole => 1..=task.pass.architecture().depth(),
        Scope::Layer(layer) => layer..=layer,
    };
    let damping = task.preconditioning.damping + task.preconditioning.l2;
    let best = &exact.direction;
    let mut image = Array1::zeros(best.len());
    product.apply(&layers, best.view(), image.view_mut(), task.cancelled)?;
    let (norm, curvature) = (best.dot(best).sqrt(), best.dot(&image));
    let mut aligned = Vec::new();
    for (direction, delta) in directions {
        task.go_on()?;
        let mixed = delta.dot(&image);
        let mut own = Array1::zeros(delta.len());
        product.apply(&layers, delta.view(), own.view_mut(), task.cancelled)?;
        let (squared, along, slope) = (delta.dot(&delta), delta.dot(&own).max(0.0), delta.dot(&gradient));
        let damped = along + damping * squared;
        aligned.push(Aligned {
            direction,
            cosine: ratio(delta.dot(best), squared.sqrt() * norm),
            curvature_cosine: ratio(mixed, (along * curvature.max(0.0)).sqrt()),
            norm_ratio: ratio(squared.sqrt(), norm),
            decrease: ratio(slope * slope / 2.0, damped),
        });
    }
    Ok(Alignment {
        step: task.step,
        scope,
        damping,
        gradient_norm: gradient.dot(&gradient).sqrt(),
        exact_norm: norm,
        residual: exact.residual,
        products: exact.products,
        directions: aligned,
        data: task.pass.data(),
        cost: 0.0,
    })
}

/// a / b, 0 where b is 0.
fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}
