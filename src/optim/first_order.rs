//! First-order methods: the gradient, transformed elementwise, at a learning rate. One file each below
//! `first_order/`, one line each in the table of this file.

use std::array;

use ndarray::{ArrayView, ArrayViewMut};
use serde::{Deserialize, Serialize};

use super::Range;
use crate::linalg::{Archive, ArchiveError, Keep, Real, by_parts, sum};
use crate::network::Parameters;

/// A number that a rule depends on, as it stands in experiment files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficient {
    /// Its name.
    pub key: &'static str,
    /// What it can be.
    pub range: Range,
    /// What it is where nothing is stated.
    pub default: f64,
    /// What it is, in words.
    pub meaning: &'static str,
}

/// How a rule makes an update of the gradient.
pub trait Kernel<T: Real>: Sync {
    /// The numbers it depends on.
    fn coefficients(&self) -> &'static [Coefficient];

    /// The learning rate where none is stated.
    fn learning_rate(&self) -> f64 {
        1e-2
    }

    /// How many vectors of the size of θ it keeps from one update to the next, two at most. They start as zero.
    fn moments(&self) -> usize;

    /// next ← θ + Δ, with the coefficients in the order of [`Kernel::coefficients`].
    fn update(&self, coefficients: &[f64], step: &mut Step<T>);
}

/// What an update is made of, or that of a part of θ.
#[derive(Debug)]
pub struct Step<'a, T> {
    /// ℓ.
    pub rate: f64,
    /// t = 1, 2, …: updates made with these moments, this one included.
    pub count: i32,
    /// g.
    pub gradient: &'a [T],
    /// θ.
    pub parameters: &'a [T],
    /// Where θ + Δ goes.
    pub next: &'a mut [T],
    /// Those that the rule keeps; the others are empty.
    pub moments: [&'a mut [T]; 2],
}

impl<T> Step<'_, T> {
    /// The same of the first so many parameters, and of the others.
    fn split_at(self, middle: usize) -> (Self, Self) {
        let (rate, count) = (self.rate, self.count);
        let (gradient, parameters) = (self.gradient.split_at(middle), self.parameters.split_at(middle));
        let (next, [one, other]) = (self.next.split_at_mut(middle), self.moments);
        let (one, other) = (one.split_at_mut(middle.min(one.len())), other.split_at_mut(middle.min(other.len())));
        (
            Self {
                rate,
                count,
                gradient: gradient.0,
                parameters: parameters.0,
                next: next.0,
                moments: [one.0, other.0],
            },
            Self {
                rate,
                count,
                gradient: gradient.1,
                parameters: parameters.1,
                next: next.1,
                moments: [one.1, other.1],
            },
        )
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $module:ident :: $variant:ident;)*) => {
        $(mod $module;)*

        /// What a first-order method does with the gradient g, at the learning rate ℓ.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Rule {
            $($(#[$doc])* $variant,)*
        }

        impl Rule {
            /// Every rule, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in experiment files and on the screen.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($module),)* }
            }

            /// The code that computes it in precision `T`.
            pub fn kernel<T: Real>(self) -> &'static dyn Kernel<T> {
                match self { $(Self::$variant => &$module::$variant,)* }
            }
        }
    };
}

rules! {
    /// Δ = −ℓ g.
    sgd::Sgd;
    /// m ← μ m + g, Δ = −ℓ m.
    momentum::Momentum;
    /// m ← μ m + g, Δ = −ℓ (g + μ m).
    nesterov::Nesterov;
    /// Kingma & Ba 2015, with bias correction.
    adam::Adam;
}

/// Settings of the first-order methods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstOrder {
    /// What is done with the gradient.
    pub rule: Rule,
    /// The numbers the rule depends on, in its order.
    coefficients: Vec<f64>,
    /// The learning rate at the start, above 0.
    pub learning_rate: f64,
    /// The learning rate is halved every so many updates; 0: never.
    pub decay_period: u64,
}

impl Rule {
    /// The numbers it depends on.
    pub fn coefficients(self) -> &'static [Coefficient] {
        self.kernel::<f64>().coefficients()
    }
}

impl FirstOrder {
    /// The default settings of a rule, with a constant learning rate.
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            coefficients: rule.coefficients().iter().map(|coefficient| coefficient.default).collect(),
            learning_rate: rule.kernel::<f64>().learning_rate(),
            decay_period: 0,
        }
    }

    /// The numbers the rule depends on.
    pub fn coefficients(&self) -> impl Iterator<Item = (&'static Coefficient, f64)> {
        self.rule.coefficients().iter().zip(self.coefficients.iter().copied())
    }

    /// A coefficient of the rule; `None` if the rule has none of this name.
    pub fn coefficient(&self, key: &str) -> Option<f64> {
        self.position(key).map(|index| self.coefficients[index])
    }

    /// A coefficient of the rule, to be changed.
    pub fn coefficient_mut(&mut self, key: &str) -> Option<&mut f64> {
        self.position(key).map(|index| &mut self.coefficients[index])
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.rule.coefficients().iter().position(|coefficient| coefficient.key == key)
    }

    /// The learning rate of update `step` = 1, 2, …: halved every `decay_period` updates.
    pub fn rate(&self, step: u64) -> f64 {
        match (step - 1).checked_div(self.decay_period) {
            None => self.learning_rate,
            Some(halvings) => self.learning_rate * (-(halvings as f64)).exp2(),
        }
    }
}

/// What a first-order method keeps from one update to the next.
#[derive(Clone, Debug)]
pub struct Moments<T> {
    vectors: Vec<Vec<T>>,
    /// Updates made with them.
    count: i32,
}

impl<T: Real> Moments<T> {
    /// All zero.
    pub fn new(rule: Rule, parameters: usize) -> Self {
        Self { vectors: vec![vec![T::zero(); parameters]; rule.kernel::<T>().moments()], count: 0 }
    }

    /// The same in double precision.
    pub fn cast(&self) -> Moments<f64> {
        let vectors = self.vectors.iter().map(|vector| vector.iter().map(|x| x.double()).collect()).collect();
        Moments { vectors, count: self.count }
    }

    /// Sets all to zero.
    pub fn forget(&mut self) {
        self.vectors.iter_mut().for_each(|vector| vector.fill(T::zero()));
        self.count = 0;
    }

    /// next ← θ + Δ of this gradient at this learning rate; returns ‖Δ‖, in the same pass over memory.
    pub fn update(
        &mut self,
        settings: &FirstOrder,
        rate: f64,
        gradient: &Parameters<T>,
        parameters: &Parameters<T>,
        next: &mut Parameters<T>,
    ) -> f64 {
        self.count = self.count.saturating_add(1);
        let mut vectors = self.vectors.iter_mut();
        let step = Step {
            rate,
            count: self.count,
            gradient: gradient.as_slice(),
            parameters: parameters.as_slice(),
            next: next.as_mut_slice(),
            moments: array::from_fn(|_| vectors.next().map_or(&mut [][..], Vec::as_mut_slice)),
        };
        let (length, kernel) = (step.next.len(), settings.rule.kernel());
        let [squared] = by_parts(step, length, &Step::split_at, &|mut step| {
            kernel.update(&settings.coefficients, &mut step);
            [sum([step.next, step.parameters], |[next, theta]| (next.double() - theta.double()).powi(2))]
        });
        squared.sqrt()
    }
}

impl<T: Real> Keep for Moments<T> {
    fn save(&self, archive: &mut Archive) {
        archive.note("moments", &self.count);
        for (index, vector) in self.vectors.iter().enumerate() {
            archive.put(format!("state/moments/{}", index + 1), ArrayView::from(vector));
        }
    }

    fn restore(&mut self, archive: &Archive) -> Result<(), ArchiveError> {
        self.count = archive.value("moments")?;
        for (index, vector) in self.vectors.iter_mut().enumerate() {
            archive.fill(&format!("state/moments/{}", index + 1), ArrayViewMut::from(vector))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Architecture;

    fn run<T: Real>(rule: Rule, coefficients: &[f64], gradients: &[T]) -> Vec<f64> {
        let architecture = Architecture::new(1, &[], 1, false);
        let origin = Parameters::<T>::zeros(&architecture);
        let (mut gradient, mut next) = (origin.clone(), origin.clone());
        let settings = FirstOrder { coefficients: coefficients.to_vec(), ..FirstOrder::new(rule) };
        let mut moments = Moments::new(rule, 1);
        let mut step = |g: &T| {
            gradient.flat[0] = *g;
            moments.update(&settings, 0.1, &gradient, &origin, &mut next);
            next.flat[0].double()
        };
        gradients.iter().map(&mut step).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn updates_are_those_of_the_formulas() {
        assert_close(&run(Rule::Sgd, &[], &[2.0, -1.0]), &[-0.2, 0.1]);
        assert_close(&run(Rule::Momentum, &[0.5], &[2.0, 1.0]), &[-0.2, -0.2]);
        assert_close(&run(Rule::Nesterov, &[0.5], &[2.0, 1.0]), &[-0.3, -0.2]);
        // By hand: m = 0.2, 0.28; v = 0.004, 0.004996; corrected with 1 − 0.81 and 1 − 0.998001.
        let second = -0.1 * (0.28 / 0.19) / ((0.004_996_f64 / 0.001_999).sqrt() + 1e-8);
        assert_close(&run(Rule::Adam, &[0.9, 0.999, 1e-8], &[2.0, 1.0]), &[-0.1 * 2.0 / (2.0 + 1e-8), second]);
    }

    #[test]
    fn adam_averages_over_any_time_in_single_precision() {
        let found = run(Rule::Adam, &[0.999_999_99, 0.999_999_999, 1e-8], &[2.0_f32, 2.0]);
        assert!(found.iter().all(|step| (step / -0.1 - 1.0).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn parts_of_long_vectors_make_the_same_update_and_its_norm() {
        let architecture = Architecture::new(120, &[], 80, false);
        let origin = Parameters::<f64>::zeros(&architecture);
        let mut gradient = origin.clone();
        gradient.flat.iter_mut().enumerate().for_each(|(i, g)| *g = (i % 7) as f64 - 2.5);
        for &rule in Rule::ALL {
            let (settings, mut moments) = (FirstOrder::new(rule), Moments::new(rule, origin.flat.len()));
            let (mut once, mut twice) = (origin.clone(), origin.clone());
            moments.update(&settings, 0.1, &gradient, &origin, &mut once);
            let norm = moments.update(&settings, 0.1, &gradient, &once, &mut twice);
            assert!((norm / once.distance(&twice) - 1.0).abs() < 1e-12, "{}", rule.name());
            for (index, &found) in twice.flat.iter().enumerate().step_by(61) {
                let g = gradient.flat[index];
                let coefficients = &settings.coefficients;
                let change = found - once.flat[index];
                assert!((change - (run(rule, coefficients, &[g, g])[1])).abs() < 1e-12, "{}", rule.name());
            }
        }
    }

    #[test]
    fn every_default_lies_in_its_range() {
        for coefficient in Rule::ALL.iter().flat_map(|rule| rule.coefficients()) {
            assert!(coefficient.range.contains(coefficient.default), "{coefficient:?}");
        }
    }

    #[test]
    fn what_is_forgotten_leaves_no_trace() {
        for &rule in Rule::ALL {
            let settings = FirstOrder::new(rule);
            let origin = Parameters::<f64>::zeros(&Architecture::new(3, &[], 2, true));
            let mut gradient = origin.clone();
            gradient.flat.fill(0.5);
            let mut moments = Moments::new(rule, origin.flat.len());
            let update = |moments: &mut Moments<f64>| {
                let mut next = origin.clone();
                moments.update(&settings, 0.1, &gradient, &origin, &mut next);
                next
            };
            let first = update(&mut moments);
            update(&mut moments);
            moments.forget();
            assert_eq!(update(&mut moments), first, "{}", rule.name());
        }
    }

    #[test]
    fn the_learning_rate_is_halved_every_period() {
        let mut settings = FirstOrder { learning_rate: 0.8, decay_period: 3, ..FirstOrder::new(Rule::Sgd) };
        let rates: Vec<_> = (1..=7).map(|step| settings.rate(step)).collect();
        assert_close(&rates, &[0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]);
        settings.decay_period = 0;
        assert_close(&[settings.rate(1_000_000)], &[0.8]);
    }
}
