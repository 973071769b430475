//! Figures as tables of numbers.

use super::Error;
use super::figure::{Abscissa, Figure};

/// A row for each value: run, quantity, x under the name of what it counts, value, and the least and the
/// largest of the values that a row sums up. Numbers have all their digits, and are `nan` where nothing was
/// finite. Bars have no x.
///
/// # Errors
/// Only those of writing into memory.
pub fn csv(figures: &[Figure], x: Abscissa) -> Result<Vec<u8>, Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["run", "quantity", x.name(), "value", "low", "high"])?;
    let number = |value: f64| if value.is_finite() { value.to_string() } else { "nan".to_owned() };
    for figure in figures {
        for curve in &figure.curves {
            for point in &curve.points {
                let [x, y, low, high] = [point.x, point.y, point.low, point.high].map(number);
                table.write_record([&curve.run, &curve.quantity, &x, &y, &low, &high])?;
            }
        }
        for bar in &figure.bars {
            let [run, value] = [&bar.run, &number(bar.value)];
            table.write_record([run, &bar.name, "", value, value, value])?;
        }
    }
    table.into_inner().map_err(|error| Error::Encode(error.into_error().to_string()))
}

/// All that the figures hold. Numbers have all their digits, and are `null` where nothing was finite.
///
/// # Errors
/// Only those of writing into memory.
pub fn json(figures: &[Figure]) -> Result<Vec<u8>, Error> {
    let mut text = serde_json::to_vec_pretty(figures)?;
    text.push(b'\n');
    Ok(text)
}
