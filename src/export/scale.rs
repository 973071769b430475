//! Axes: where values lie on them, where their ticks are, and what is written at these.

use std::ops::RangeInclusive;

/// An axis from its least to its largest value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

/// A tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Its value.
    pub value: f64,
    /// What is written at it; `None` for a minor tick.
    pub label: Option<String>,
}

/// The most decades whose minor ticks are drawn.
const MINOR_DECADES: f64 = 10.0;
/// Where ticks lie, up to rounding.
const ON_THE_AXIS: RangeInclusive<f64> = -1e-9..=1.0 + 1e-9;

impl Scale {
    /// An axis over all values that it can show, with so much of its length free at either end.
    pub fn over(values: impl Iterator<Item = f64>, log: bool, margin: f64) -> Self {
        let shown = values.filter(|value| value.is_finite() && (!log || *value > 0.0));
        let ends =
            shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = match ends {
            (low, high) if low > high => (1.0, 10.0),
            (low, high) if low < high => (low, high),
            (only, _) if log => (only / 2.0, only * 2.0),
            (0.0, _) => (0.0, 1.0),
            (only, _) => (only - only.abs() / 2.0, only + only.abs() / 2.0),
        };
        let axis = Self { low, high, log };
        Self { low: axis.value(-margin), high: axis.value(1.0 + margin), log }
    }

    /// The same axis, which begins at 0 where it is linear.
    pub fn starting_at_zero(self) -> Self {
        Self { low: if self.log { self.low } else { 0.0 }, ..self }
    }

    /// Where a value lies: 0 at the beginning, 1 at the end; NaN for one that the axis does not have.
    pub fn place(&self, value: f64) -> f64 {
        match self.log {
            true if value <= 0.0 => f64::NAN,
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        }
    }

    /// The value at a place.
    pub fn value(&self, place: f64) -> f64 {
        if self.log { self.low * (self.high / self.low).powf(place) } else { self.low + place * (self.high - self.low) }
    }

    /// Its ticks, of which about so many have labels.
    pub fn ticks(&self, wanted: usize) -> Vec<Tick> {
        let decades = if self.log { (self.high / self.low).log10() } else { 0.0 };
        let ticks = if decades < 0.7 { self.linear(wanted) } else { self.logarithmic(wanted, decades) };
        ticks.into_iter().filter(|tick| ON_THE_AXIS.contains(&self.place(tick.value))).collect()
    }

    /// Multiples of 1, 2 or 5 times a power of ten.
    fn linear(&self, wanted: usize) -> Vec<Tick> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let power = rough.log10().floor();
        let unit = 10_f64.powf(power);
        let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * unit >= rough).unwrap_or(10.0);
        let step = factor * unit;
        let digits = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
        let (first, last) = ((self.low / step - 1e-9).ceil(), (self.high / step + 1e-9).floor());
        let count = (last - first).clamp(0.0, 1e3) as usize;
        let value = |index: usize| (first + index as f64) * step;
        (0..=count).map(|index| Tick { value: value(index), label: Some(label(value(index), digits)) }).collect()
    }

    /// Powers of ten with the digits between them as minor ticks; where there are few of them 2 and 5 have
    /// labels too, and where there are many only each second, third, … has one.
    fn logarithmic(&self, wanted: usize, decades: f64) -> Vec<Tick> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let stride = (decades / wanted.max(1) as f64).ceil().max(1.0) as i32;
        let few = decades < 2.6;
        let mut ticks = Vec::new();
        for power in first..=last {
            for digit in 1..=9_u8 {
                let value = f64::from(digit) * 10_f64.powi(power);
                let labelled = match digit {
                    1 => power.rem_euclid(stride) == 0,
                    2 | 5 => few,
                    _ => false,
                };
                if labelled || digit == 1 || decades <= MINOR_DECADES {
                    ticks.push(Tick { value, label: labelled.then(|| power_label(digit, power)) });
                }
            }
        }
        ticks
    }
}

/// A number with so many decimals, and with commas between its thousands; with a power of ten where it would
/// be long.
fn label(value: f64, decimals: usize) -> String {
    let size = value.abs();
    if size >= 1e7 || decimals > 4 {
        let text = format!("{value:.2e}");
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
        return if size == 0.0 { "0".to_owned() } else { format!("{}·10{}", signed(mantissa), superscript(power)) };
    }
    signed(&grouped(&format!("{value:.decimals$}")))
}

/// A digit times a power of ten.
fn power_label(digit: u8, power: i32) -> String {
    match power {
        -4..0 => format!("{:.*}", power.unsigned_abs() as usize, f64::from(digit) * 10_f64.powi(power)),
        0..=5 => grouped(&format!("{}", u64::from(digit) * 10_u64.pow(power.unsigned_abs()))),
        _ if digit == 1 => format!("10{}", superscript(&power.to_string())),
        _ => format!("{digit}·10{}", superscript(&power.to_string())),
    }
}

/// A true minus sign.
fn signed(text: &str) -> String {
    text.replace('-', "−")
}

/// With commas between thousands, from 10,000 on.
fn grouped(text: &str) -> String {
    let start = usize::from(text.starts_with('-'));
    let end = text.find('.').unwrap_or(text.len());
    if end - start < 5 {
        return text.to_owned();
    }
    let mut grouped = text[..start].to_owned();
    for (index, digit) in text[start..end].char_indices() {
        if index > 0 && (end - start - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &text[end..]
}

fn superscript(number: &str) -> String {
    let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |c: char| c.to_digit(10).and_then(|digit| digits.get(digit as usize).copied()).unwrap_or('⁻');
    number.chars().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale) -> Vec<String> {
        scale.ticks(6).into_iter().filter_map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_stand_at_round_numbers() {
        let scale = |low, high, log| Scale { low, high, log };
        for (scale, expected) in [
            (scale(0.0, 5000.0, false), "0 1000 2000 3000 4000 5000"),
            (scale(0.0, 50_000.0, false), "0 10,000 20,000 30,000 40,000 50,000"),
            (scale(-0.3, 0.25, false), "−0.3 −0.2 −0.1 0.0 0.1 0.2"),
            (scale(0.0, 1.2e-5, false), "0 2·10⁻⁶ 4·10⁻⁶ 6·10⁻⁶ 8·10⁻⁶ 1·10⁻⁵ 1.2·10⁻⁵"),
            (scale(0.9, 110_000.0, true), "1 10 100 1000 10,000 100,000"),
            (scale(0.015, 0.7, true), "0.02 0.05 0.1 0.2 0.5"),
            (scale(1e-8, 1e-6, true), "10⁻⁸ 2·10⁻⁸ 5·10⁻⁸ 10⁻⁷ 2·10⁻⁷ 5·10⁻⁷ 10⁻⁶"),
            (scale(1e-12, 1e6, true), "10⁻¹² 10⁻⁹ 10⁻⁶ 0.001 1 1000 10⁶"),
            (scale(60.0, 90.0, true), "60 65 70 75 80 85 90"),
        ] {
            assert_eq!(labels(scale).join(" "), expected, "{scale:?}");
        }
    }

    #[test]
    fn every_tick_lies_on_the_axis_and_there_are_never_too_many_labels() {
        for exponent in -12..12 {
            for factor in [1.001, 1.3, 3.0, 17.0, 1e3, 1e9, 1e14] {
                let low = 3.7 * 10_f64.powi(exponent);
                for log in [false, true] {
                    let scale = Scale { low, high: low * factor, log };
                    let ticks = scale.ticks(6);
                    assert!(ticks.iter().all(|tick| ON_THE_AXIS.contains(&scale.place(tick.value))), "{scale:?}");
                    let count = ticks.iter().filter(|tick| tick.label.is_some()).count();
                    assert!((1..=9).contains(&count), "{scale:?}: {count}");
                }
            }
        }
    }

    #[test]
    fn values_and_places_are_inverse() {
        for log in [false, true] {
            let scale = Scale::over([3.0, f64::NAN, 500.0].into_iter(), log, 0.05);
            for place in [0.0, 0.2, 1.0] {
                assert!((scale.place(scale.value(place)) - place).abs() < 1e-12);
            }
            assert!(scale.place(3.0) > 0.0 && scale.place(500.0) < 1.0);
        }
        assert!(Scale::over([-1.0, 2.0, 3.0].into_iter(), true, 0.0).place(-1.0).is_nan());
    }

    #[test]
    fn an_axis_over_nothing_or_over_one_value_is_an_axis() {
        for values in [vec![], vec![f64::NAN], vec![0.0], vec![7.0]] {
            for log in [false, true] {
                let scale = Scale::over(values.iter().copied(), log, 0.05);
                assert!(scale.low < scale.high && !scale.ticks(6).is_empty(), "{scale:?}");
            }
        }
    }
}
