//! The optimizer section: which keys it has depends on its kind.

use super::fields;
use super::problem::{Flaw, listed};
use super::section::{Found, Section, Sink};
use crate::optim::{Curvature, Damping, FirstOrder, Kind, Method, Range, Rule, SecondOrder, Settings};

/// The greatest of the whole numbers here.
const MOST: u64 = 1_000_000_000;

/// Checks the section; `None` if its kind is missing or unknown.
pub(super) fn check(root: &mut Section, sink: &Sink) -> Option<Settings> {
    let kinds = Kind::all();
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    if !root.has("optimizer") {
        root.missing("optimizer", format!("a section [optimizer] whose kind is {}", listed(&names)));
        return None;
    }
    let mut section = root.section("optimizer")?;
    if !section.has("kind") {
        section.missing("kind", listed(&names));
    }
    let Some(Found { value: kind, .. }) = section.name("kind", &kinds, Kind::name) else {
        // What belongs to the section is not known then, but that some keys belong to none is.
        section.take_if(|key| fields::keys("optimizer").contains(&key));
        section.finish();
        return None;
    };
    let takers = |key: &str| fields::takers(key).filter(|takers| !takers.contains(&kind.name()));
    for (key, origin) in section.take_if(|key| takers(key).is_some()) {
        let takers = takers(&key).unwrap_or_default();
        sink.report(origin, Flaw::NotForKind { key: format!("optimizer.{key}"), kind: kind.name(), takers });
    }
    let method = match kind {
        Kind::Rule(rule) => Method::FirstOrder(first_order(&mut section, rule)),
        Kind::Curvature(default) => {
            let curvature = curvature(&mut section, default);
            Method::SecondOrder(second_order(&mut section, curvature, sink))
        }
    };
    let l2 = number(&mut section, "l2", Range::NonNegative, 0.0);
    let polyak = number(&mut section, "polyak", Range::Fraction, 0.0);
    section.finish();
    Some(Settings { method, l2, polyak })
}

fn first_order(section: &mut Section, rule: Rule) -> FirstOrder {
    let mut first = FirstOrder::new(rule);
    for coefficient in rule.coefficients() {
        if let Some(value) = first.coefficient_mut(coefficient.key) {
            *value = number(section, coefficient.key, coefficient.range, coefficient.default);
        }
    }
    first.learning_rate = number(section, "learning_rate", Range::Positive, first.learning_rate);
    if let Some(period) = section.whole("decay_period", Range::Period, MOST) {
        first.decay_period = period.value;
    }
    first
}

fn curvature(section: &mut Section, default: Curvature) -> Curvature {
    match default {
        Curvature::Kfac { samples, empirical } => Curvature::Kfac {
            samples: whole(section, "samples", samples as u64) as usize,
            empirical: section.flag("empirical").unwrap_or(empirical),
        },
        Curvature::Ekfac { samples } => {
            Curvature::Ekfac { samples: whole(section, "samples", samples as u64) as usize }
        }
        Curvature::HessianFree { iterations, tolerance } => Curvature::HessianFree {
            iterations: whole(section, "iterations", iterations as u64) as usize,
            tolerance: number(section, "tolerance", Range::Positive, tolerance),
        },
        Curvature::Kflr | Curvature::Kfra => default,
    }
}

fn second_order(section: &mut Section, curvature: Curvature, sink: &Sink) -> SecondOrder {
    let default = SecondOrder::new(curvature);
    let kronecker = ["kronecker_damping", "kronecker_damping_min", "kronecker_damping_max", "adapt_kronecker_damping"];
    let step = ["step_damping", "step_damping_min", "step_damping_max", "adapt_step_damping"];
    SecondOrder {
        curvature,
        kronecker_damping: damping(section, kronecker, default.kronecker_damping, sink),
        step_damping: damping(section, step, default.step_damping, sink),
        kronecker_period: whole(section, "kronecker_period", default.kronecker_period),
        step_period: whole(section, "step_period", default.step_period),
        inverse_period: whole(section, "inverse_period", default.inverse_period),
        factor_average: number(section, "factor_average", Range::Fraction, default.factor_average),
        momentum: section.flag("momentum").unwrap_or(default.momentum),
    }
}

/// A damping with its bounds. A bound that is not stated gives way to the value at the start.
fn damping(section: &mut Section, keys: [&'static str; 4], default: Damping, sink: &Sink) -> Damping {
    let [name, min, max, adapt] = keys;
    let place = section.origin;
    let stated = section.number(name, Range::Positive);
    let (stated_min, stated_max) = (section.number(min, Range::Positive), section.number(max, Range::Positive));
    let adapt = section.flag(adapt).unwrap_or(default.adapt);
    let value = |found: Option<Found<f64>>| found.map(|found| found.value);
    let initial = value(stated).unwrap_or(default.initial);
    let min = value(stated_min).unwrap_or(default.min.min(initial));
    let max = value(stated_max).unwrap_or(default.max.max(initial));
    if let (Some(stated_min), Some(_), true) = (stated_min, stated_max, min > max) {
        sink.report(stated_min.origin, Flaw::BoundsCrossed { name, min, max });
    } else if !(min..=max).contains(&initial) {
        let origin = stated.or(stated_min).or(stated_max).map_or(place, |found| found.origin);
        sink.report(origin, Flaw::Bounds { name, initial, min, max });
    }
    Damping { initial, min, max, adapt }
}

fn number(section: &mut Section, key: &'static str, range: Range, default: f64) -> f64 {
    section.number(key, range).map_or(default, |found| found.value)
}

fn whole(section: &mut Section, key: &'static str, default: u64) -> u64 {
    section.whole(key, Range::Count, MOST).map_or(default, |found| found.value)
}
