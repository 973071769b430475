//! Bars of eighths of a cell, and sparklines.

/// A bar `width` cells long, filled to `share` of it.
pub fn bar(share: f64, width: usize, ascii: bool) -> String {
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    let eighths = (share * width as f64 * 8.0).round() as usize;
    let (full, rest) = (eighths / 8, eighths % 8);
    if ascii {
        return "#".repeat(full);
    }
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    "█".repeat(full) + parts[rest]
}

/// A curve one row high, of the last `width` values, from the least to the largest of them.
pub fn sparkline(values: &[f64], width: usize, ascii: bool) -> String {
    let values = &values[values.len().saturating_sub(width)..];
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (min, max) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), v| (min.min(v), max.max(v)));
    let levels: &[char] =
        if ascii { &['_', '.', '-', '=', '#'] } else { &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] };
    let level = |value: f64| {
        if !value.is_finite() {
            return if ascii { 'x' } else { '×' };
        }
        let share = (value / 2.0 - min / 2.0) / (max / 2.0 - min / 2.0);
        let share = if share.is_finite() { share } else { 0.0 };
        levels[((share * levels.len() as f64) as usize).min(levels.len() - 1)]
    };
    values.iter().copied().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(
            [0.0, 0.5, 0.5625, 1.0, 7.0, f64::NAN].map(|share| bar(share, 2, false)),
            ["", "█", "█▏", "██", "██", ""]
        );
        assert_eq!(bar(0.6, 10, true), "######");
    }

    #[test]
    fn a_sparkline_shows_the_latest_values_and_survives_any() {
        assert_eq!(sparkline(&[9.0, 0.0, 1.0, 2.0], 3, false), "▁▅█");
        assert_eq!(sparkline(&[1.0, f64::NAN, 1.0], 9, false), "▁×▁");
        assert_eq!(sparkline(&[-f64::MAX, f64::MAX], 9, true), "_#");
        assert_eq!(sparkline(&[], 9, false), "");
    }
}
