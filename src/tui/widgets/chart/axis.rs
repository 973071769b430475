//! Axes of a chart: where a value lies, and the ticks that can be read off.

/// An axis from `min` to `max`, linear or logarithmic. Always finite and never empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    min: f64,
    max: f64,
    log: bool,
    /// Whether it counts: its ticks are whole numbers then.
    whole: bool,
}

/// A tick: where, and what it says.
pub type Tick = (f64, String);

/// Sizes beyond this are not told apart from it, so that differences stay finite.
const HUGE: f64 = 1e300;

impl Axis {
    /// The axis that holds all these values that can be drawn on it. A range too small for its numbers
    /// to be told apart is widened; without values it goes from 0 to 1 (1 to 10 if logarithmic).
    pub fn over(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let drawn = values.filter(|value| value.is_finite() && (!log || *value > 0.0));
        let (min, max) = drawn.fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), v| (min.min(v), max.max(v)));
        Self::between(min, max, log)
    }

    /// The axis from `min` to `max`, widened as for [`Axis::over`].
    pub fn between(min: f64, max: f64, log: bool) -> Self {
        if min.is_nan() || max.is_nan() || min > max || (log && max <= 0.0) {
            return if log {
                Self { min: 1.0, max: 10.0, log, whole: false }
            } else {
                Self { min: 0.0, max: 1.0, log, whole: false }
            };
        }
        let (min, max) = (min.clamp(-HUGE, HUGE), max.clamp(-HUGE, HUGE));
        if log {
            let max = max.max(1e-290);
            let min = if min > 0.0 { min.max(1e-300) } else { max / 1e3 };
            let (min, max) = if max / min < 1.001 { (min * 0.9, max * 1.1) } else { (min, max) };
            return Self { min, max, log, whole: false };
        }
        let least = 1e-6 * min.abs().max(max.abs());
        let (min, max) = if max - min > least {
            (min, max)
        } else if max == 0.0 && min == 0.0 {
            (-1.0, 1.0)
        } else {
            let half = 0.05 * min.abs().max(max.abs());
            (min - half, max + half)
        };
        Self { min, max, log, whole: false }
    }

    /// The same axis, of what is counted.
    pub fn counting(self) -> Self {
        Self { whole: true, ..self }
    }

    /// The same axis with a margin, as a share of it, at its upper end.
    pub fn with_headroom(self, share: f64) -> Self {
        Self { max: self.at(1.0 + share).min(HUGE), ..self }
    }

    /// Where a value lies: 0 at the lower end, 1 at the upper. `None` where it cannot be drawn.
    pub fn place(self, value: f64) -> Option<f64> {
        if !value.is_finite() || (self.log && value <= 0.0) {
            return None;
        }
        Some(if self.log {
            (value.ln() - self.min.ln()) / (self.max.ln() - self.min.ln())
        } else {
            (value / 2.0 - self.min / 2.0) / (self.max / 2.0 - self.min / 2.0)
        })
    }

    /// The value at a place; the inverse of [`Axis::place`].
    pub fn at(self, place: f64) -> f64 {
        if self.log {
            (self.min.ln() + place * (self.max.ln() - self.min.ln())).exp()
        } else {
            self.min + place * (self.max - self.min)
        }
    }

    /// Ticks, in order, about `wanted` of them, at most twice as many: at whole decades of a logarithmic axis,
    /// at 1, 2 and 5 or at 1 and 3 of each where there is room for them, at round numbers where it spans less.
    pub fn ticks(self, wanted: usize) -> Vec<Tick> {
        if wanted == 0 {
            return Vec::new();
        }
        let ticks = |wanted| {
            let ticks = if self.log { self.decades(wanted) } else { None };
            ticks.unwrap_or_else(|| self.round_numbers(wanted))
        };
        // One tick alone is no scale.
        let enough = (wanted..wanted + 4).map(ticks).find(|ticks| ticks.len() >= 2);
        enough.unwrap_or_else(|| ticks(wanted))
    }

    /// Ticks at 1, 2 and 5 of each decade, or where those are too many at 1 and 3, or at whole decades. `None`
    /// on an axis too short for two of them.
    fn decades(self, wanted: usize) -> Option<Vec<Tick>> {
        let (low, high) = ((self.min.log10() - 1e-9).ceil() as i32, (self.max.log10() + 1e-9).floor() as i32);
        let wanted = i32::try_from(wanted).unwrap_or(i32::MAX);
        let label = |mantissa: i32, exponent: i32| {
            let value = format!("{mantissa}e{exponent}").parse::<f64>().unwrap_or(0.0);
            (value, label(value, mantissa, exponent))
        };
        let inside = |tick: &Tick| self.place(tick.0).is_some_and(|place| (-1e-9..=1.0 + 1e-9).contains(&place));
        let within = |mantissas: &[i32]| -> Vec<Tick> {
            let all = (low - 1..=high).flat_map(|exponent| mantissas.iter().map(move |m| label(*m, exponent)));
            all.filter(inside).collect()
        };
        if high <= low {
            let ticks = within(&[1, 2, 5]);
            return (ticks.len() >= 2).then_some(ticks);
        }
        for mantissas in [&[1, 2, 5][..], &[1, 3]] {
            // No more decades are looked at than there may be ticks.
            let ticks = if high - low < wanted { within(mantissas) } else { Vec::new() };
            if (2..=wanted as usize).contains(&ticks.len()) {
                return Some(ticks);
            }
        }
        let stride = (high - low) / wanted + 1;
        let first = low.div_euclid(stride) * stride;
        let stops = (0..).map(|index| first + index * stride).take_while(|exponent| *exponent <= high);
        Some(stops.filter(|exponent| *exponent >= low).map(|exponent| label(1, exponent)).collect())
    }

    fn round_numbers(self, wanted: usize) -> Vec<Tick> {
        let least = if self.whole { 1.0 } else { f64::MIN_POSITIVE };
        let rough = (self.max / wanted as f64 - self.min / wanted as f64).max(least);
        let exponent = rough.log10().floor() as i32;
        let scale = format!("1e{exponent}").parse::<f64>().unwrap_or(rough);
        let mantissa = [1, 2, 5].into_iter().find(|m| f64::from(*m) * scale >= rough * 0.999).unwrap_or(10);
        let step = f64::from(mantissa) * scale;
        let first = (self.min / step - 1e-9).ceil();
        let multiples = (0..=2 * wanted).map(|index| first + index as f64);
        let inside = multiples.take_while(|multiple| multiple * step <= self.max + step * 1e-9);
        let multiples: Vec<f64> = inside.collect();
        let largest = multiples.iter().fold(0.0_f64, |largest, multiple| largest.max((multiple * step).abs()));
        let unit = unit_of(largest);
        multiples
            .into_iter()
            .map(|multiple| (multiple * step, multiple_label(multiple, mantissa, exponent, unit)))
            .collect()
    }
}

/// The power of ten that labels up to `largest` are written in.
fn unit_of(largest: f64) -> i32 {
    if largest == 0.0 || (1e-3..99_999.5).contains(&largest) {
        0
    } else {
        (largest.log10().floor() as i32).div_euclid(3) * 3
    }
}

/// `multiple · mantissa · 10^exponent`, exactly, in units of `10^unit`.
fn multiple_label(multiple: f64, mantissa: i32, exponent: i32, unit: i32) -> String {
    let whole = multiple * f64::from(mantissa);
    if whole == 0.0 {
        return "0".to_owned();
    }
    let shift = exponent - unit;
    let decimals = usize::try_from(-shift).unwrap_or(0);
    let text = format!("{:.decimals$}", whole * 10_f64.powi(shift));
    text.replace('-', "−") + &suffix(unit)
}

fn suffix(unit: i32) -> String {
    match unit {
        0 => String::new(),
        3 => "k".to_owned(),
        6 => "M".to_owned(),
        9 => "G".to_owned(),
        other => format!("e{other}"),
    }
}

/// `mantissa · 10^exponent` on a logarithmic axis.
fn label(value: f64, mantissa: i32, exponent: i32) -> String {
    match exponent {
        -3..0 => format!("{value:.*}", exponent.unsigned_abs() as usize),
        0..=3 => format!("{value:.0}"),
        4..=11 => {
            let unit = exponent.div_euclid(3) * 3;
            format!("{:.0}{}", f64::from(mantissa) * 10_f64.powi(exponent - unit), suffix(unit))
        }
        _ => format!("{mantissa}e{exponent}"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(axis: Axis, wanted: usize) -> Vec<String> {
        axis.ticks(wanted).into_iter().map(|(_, label)| label).collect()
    }

    /// The number a label stands for.
    pub fn read(label: &str) -> f64 {
        let label = label.replace('−', "-").replace('k', "e3").replace('M', "e6").replace('G', "e9");
        label.parse().unwrap()
    }

    #[test]
    fn what_is_counted_has_whole_numbers_only() {
        let axis = Axis::between(0.0, 2.0, false);
        assert_eq!(labels(axis, 4), ["0", "0.5", "1.0", "1.5", "2.0"]);
        assert_eq!(labels(axis.counting(), 4), ["0", "1", "2"]);
        assert_eq!(labels(Axis::between(0.0, 400.0, false).counting(), 4), ["0", "100", "200", "300", "400"]);
    }

    #[test]
    fn a_logarithmic_axis_has_its_ticks_at_decades() {
        assert_eq!(labels(Axis::between(0.5, 2e4, true), 5), ["1", "10", "100", "1000", "10k"]);
        assert_eq!(labels(Axis::between(55.0, 540.0, true), 4), ["100", "200", "500"]);
        assert_eq!(labels(Axis::between(0.03, 1.0, true), 8), ["0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(labels(Axis::between(2.0, 900.0, true), 6), ["3", "10", "30", "100", "300"]);
        assert_eq!(labels(Axis::between(1e-9, 1e12, true), 4), ["1e-6", "1", "1M", "1e12"]);
    }

    #[test]
    fn a_linear_axis_has_its_ticks_at_round_numbers() {
        assert_eq!(labels(Axis::between(0.0, 1000.0, false), 4), ["0", "500", "1000"]);
        assert_eq!(labels(Axis::between(0.0, 1e6, false), 4), ["0", "0.5M", "1.0M"]);
        assert_eq!(labels(Axis::between(-0.3, 0.3, false), 3), ["−0.2", "0", "0.2"]);
    }

    #[test]
    fn whatever_cannot_make_an_axis_gets_a_plain_one() {
        assert_eq!(Axis::over([].into_iter(), false), Axis { min: 0.0, max: 1.0, log: false, whole: false });
        assert_eq!(
            Axis::over([f64::NAN, -1.0].into_iter(), true),
            Axis { min: 1.0, max: 10.0, log: true, whole: false }
        );
        let constant = Axis::over([5.0, 5.0].into_iter(), false);
        assert!((constant.place(5.0).unwrap() - 0.5).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn ticks_lie_on_the_axis_in_order_and_say_what_they_are(a: f64, b: f64, log: bool, wanted in 1_usize..20) {
            let axis = Axis::over([a, b].into_iter(), log);
            let ticks = axis.ticks(wanted);
            prop_assert!(ticks.len() <= 3 * wanted + 6);
            prop_assert!(ticks.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1));
            for (value, label) in ticks {
                let place = axis.place(value).unwrap();
                prop_assert!((-1e-6..=1.0 + 1e-6).contains(&place), "{label} at {place}");
                prop_assert!((read(&label) - value).abs() <= 1e-9 * value.abs().max(axis.max - axis.min), "{label} is {value}");
            }
        }

        #[test]
        fn decades_are_true(low in -290..0_i32, decades in 1..290_i32, wanted in 1_usize..20, value in 1e-300..1e299) {
            let power = |exponent: i32| format!("1e{exponent}").parse::<f64>().unwrap();
            let axis = Axis::between(power(low), power(low + decades), true);
            let apart = axis.place(10.0 * value).unwrap() - axis.place(value).unwrap();
            prop_assert!((apart * f64::from(decades) - 1.0).abs() < 1e-9);
            let ticks = axis.ticks(wanted);
            if decades as usize >= wanted {
                let exponents: Vec<_> = ticks.iter().map(|(value, _)| value.log10().round() as i32).collect();
                prop_assert!(exponents.windows(3).all(|three| three[1] - three[0] == three[2] - three[1]));
                for ((value, label), exponent) in ticks.iter().zip(exponents) {
                    prop_assert!(value.total_cmp(&power(exponent)).is_eq(), "{value}");
                    prop_assert!(read(label).total_cmp(value).is_eq(), "{label} is {value}");
                }
            }
        }

        #[test]
        fn a_place_and_its_value_are_inverse(a in -1e6..1e6, b in -1e6..1e6, place in 0.0..1.0) {
            for log in [false, true] {
                let axis = Axis::over([a, b].into_iter(), log);
                prop_assert!((axis.place(axis.at(place)).unwrap() - place).abs() < 1e-6);
            }
        }
    }
}
