//! Numbers as people read them: three or four digits, aligned where they stand in a column.

/// A count with thousands apart: `50,176`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A large count in three digits: `785k`, `2.84M`; small ones in full.
pub fn compact(value: u64) -> String {
    if value < 10_000 {
        return count(value);
    }
    let mut scaled = value as f64;
    for suffix in ["", "k", "M", "G", "T", "P", "E"] {
        if scaled < 999.5 {
            return format!("{scaled:.*}{suffix}", decimals_for(scaled, 3));
        }
        scaled /= 1000.0;
    }
    count(value)
}

/// A number in four digits: `540.2`, `0.9312`, `1.234e-5`, `12,345`.
pub fn figure(value: f64) -> String {
    digits(value, 4)
}

/// A number in `n` digits.
pub fn digits(value: f64, n: usize) -> String {
    if let Some(word) = word(value) {
        return word.to_owned();
    }
    let size = value.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e6).contains(&size) {
        signed(format!("{value:.*e}", n.saturating_sub(1)))
    } else if size >= 9999.5 {
        format!("{}{}", if value < 0.0 { "−" } else { "" }, count(size.round() as u64))
    } else {
        signed(format!("{value:.*}", decimals_for(size, n)))
    }
}

/// A number as somebody would type it, in at most six digits.
pub fn plain(value: f64) -> String {
    if let Some(word) = word(value) {
        return word.to_owned();
    }
    let trimmed = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    let size = value.abs();
    if size == 0.0 || (1e-4..1e7).contains(&size) {
        return trimmed(&format!("{value:.*}", decimals_for(size.max(1e-4), 6)));
    }
    let text = format!("{value:.5e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{exponent}", trimmed(mantissa))
}

/// Numbers of a column, with their decimal points in line once they are flushed right: all with the
/// same decimals, or all in scientific notation where their sizes lie too far apart.
pub fn column(values: &[f64]) -> Vec<String> {
    let sizes = || values.iter().map(|value| value.abs()).filter(|size| size.is_finite() && *size > 0.0);
    let (least, most) = sizes().fold((f64::INFINITY, 0.0_f64), |(least, most), size| (least.min(size), most.max(size)));
    let decimals = if least.is_finite() { decimals_for(least, 2).max(decimals_for(most, 3)) } else { 0 };
    let fixed = most < 99_999.5 && decimals <= 4 && decimals + whole_digits(most) <= 6;
    let format = |&value: &f64| match word(value) {
        Some(word) => word.to_owned(),
        None if fixed => signed(format!("{value:.decimals$}")),
        None if value == 0.0 => "0".to_owned(),
        None => signed(format!("{value:.2e}")),
    };
    values.iter().map(format).collect()
}

/// A share: `12.3 %`, `0.31 %`, `< 0.01 %`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        "–".to_owned()
    } else if percent > 0.0 && percent < 0.01 {
        "< 0.01 %".to_owned()
    } else if percent.abs() < 0.005 {
        "0 %".to_owned()
    } else {
        format!("{percent:.*} %", if percent < 0.995 { 2 } else { 1 })
    }
}

/// Shares of a column, with their decimal points in line.
pub fn percents(shares: &[f64]) -> Vec<String> {
    let fine = shares.iter().any(|share| (1e-9..0.00995).contains(share));
    let text = |share: &f64| {
        if share.is_finite() { format!("{:.*} %", if fine { 2 } else { 1 }, share * 100.0) } else { "–".to_owned() }
    };
    shares.iter().map(text).collect()
}

/// A length of time: `12 ms`, `1.2 s`, `12 s`, `3:12`, `1:02:45`, `2 d 3 h`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".to_owned();
    }
    let whole = seconds.round() as u64;
    if 0.0 < seconds && seconds < 0.000_95 {
        "< 1 ms".to_owned()
    } else if 0.0 < seconds && seconds < 0.095 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else if seconds < 59.5 {
        format!("{whole} s")
    } else if whole < 3600 {
        format!("{}:{:02}", whole / 60, whole % 60)
    } else if whole < 86_400 {
        format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
    } else {
        format!("{} d {} h", whole / 86_400, whole / 3600 % 24)
    }
}

fn word(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("∞")
    } else if value == f64::NEG_INFINITY {
        Some("−∞")
    } else {
        None
    }
}

/// A typographic minus, as wide as a digit.
fn signed(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

fn whole_digits(size: f64) -> usize {
    if size < 1.0 { 1 } else { size.log10().floor() as usize + 1 }
}

/// Decimals with which a number of this size shows `n` digits.
fn decimals_for(size: f64, n: usize) -> usize {
    if size <= 0.0 {
        return 0;
    }
    let rounded = format!("{size:.*e}", n.saturating_sub(1));
    let exponent = rounded.split_once('e').and_then(|(_, e)| e.parse::<i32>().ok()).unwrap_or(0);
    let digits = i32::try_from(n).unwrap_or(0);
    usize::try_from(digits - 1 - exponent).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_as_many_digits_as_asked_for() {
        for (value, text) in [
            (540.234, "540.2"),
            (55.0, "55.00"),
            (0.931_24, "0.9312"),
            (9.999_96, "10.00"),
            (1.2344e-5, "1.234e-5"),
            (-1.2344e-5, "−1.234e-5"),
            (12_345.4, "12,345"),
            (9_999.7, "10,000"),
            (0.0, "0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "−∞"),
            (-3.25, "−3.250"),
        ] {
            assert_eq!(figure(value), text);
        }
    }

    #[test]
    fn counts_are_grouped_or_abbreviated() {
        assert_eq!([0, 999, 1920, 50_176].map(count), ["0", "999", "1,920", "50,176"]);
        assert_eq!([1920, 785_000, 2_837_314, 999_600].map(compact), ["1,920", "785k", "2.84M", "1.00M"]);
    }

    #[test]
    fn a_column_has_one_format() {
        assert_eq!(column(&[12.34, -1.5, 130.0]), ["12.3", "−1.5", "130.0"]);
        assert_eq!(column(&[1e-7, 5.0, f64::NAN, 0.0]), ["1.00e-7", "5.00e0", "NaN", "0"]);
        assert!(column(&[]).is_empty());
    }

    #[test]
    fn what_is_typed_is_short() {
        assert_eq!([1.0, 0.1, 1e-5, 0.95, 1000.0, 0.0].map(plain), ["1", "0.1", "1e-5", "0.95", "1000", "0"]);
        assert_eq!([2.697_126_537_9e-6, -1.5e-7, 1e20].map(plain), ["2.69713e-6", "-1.5e-7", "1e20"]);
    }

    #[test]
    fn durations_grow_with_their_units() {
        assert_eq!([3.21, 192.4, 3765.0, 183_600.0].map(duration), ["3.2 s", "3:12", "1:02:45", "2 d 3 h"]);
        assert_eq!([1e-5, 0.012, 0.096, 0.0].map(duration), ["< 1 ms", "12 ms", "0.1 s", "0.0 s"]);
        assert_eq!(duration(f64::NAN), "–");
    }
}
