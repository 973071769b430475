//! Figures as tables of numbers.

use super::Error;
use super::figure::Figure;

/// A row for each value: run, quantity, x under the name `x` of what it counts, value, and the least and the
/// largest of the values that a row sums up. Numbers have all their digits, and are `nan` where nothing was
/// finite. Bars have no x. Of heat maps, which are not put together with others, a row is run, quantity, x and y under
/// names of their own, and value.
///
/// # Errors
/// Only those of writing into memory.
pub fn csv(figures: &[Figure], x: &str) -> Result<Vec<u8>, Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    if let Some(heat) = figures.iter().find_map(|figure| figure.heat.as_ref()) {
        let [x, y] = &heat.coordinates;
        table.write_record(["run", "quantity", x, y, "value"])?;
        for heat in figures.iter().filter_map(|figure| figure.heat.as_ref()) {
            for [x, y, value] in heat.points().map(|point| point.map(number)) {
                table.write_record([&heat.run, &heat.quantity, &x, &y, &value])?;
            }
        }
        return bytes(table);
    }
    table.write_record(["run", "quantity", x, "value", "low", "high"])?;
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
    bytes(table)
}

/// A number with all its digits.
fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { "nan".to_owned() }
}

fn bytes(table: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, Error> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::quantity::{View, loss, timing};
    use crate::export::zoo::run;

    #[test]
    fn a_table_has_every_value_with_all_its_digits() {
        let runs = [run("one"), run("a, \"b\"")];
        let bytes = csv(&loss(&runs, View::default()), "update").unwrap();
        let mut table = csv::Reader::from_reader(bytes.as_slice());
        assert_eq!(table.headers().unwrap(), vec!["run", "quantity", "update", "value", "low", "high"]);
        let rows: Vec<_> = table.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2 * (4 + 3));
        assert_eq!(rows[2], vec!["one", "minibatch", "3", "nan", "nan", "nan"]);
        let exact = rows[3][3].parse::<f64>().unwrap();
        assert_eq!(exact.to_bits(), 0.123_456_789_012_345_68_f64.to_bits());
        assert_eq!(&rows[7][0], "a, \"b\"");
    }

    #[test]
    fn bars_have_no_x() {
        let text = String::from_utf8(csv(&timing(&[run("one")], View::default()), "second").unwrap()).unwrap();
        assert!(text.starts_with("run,quantity,second,value,low,high\n"), "{text}");
        assert!(text.contains("\none,forward,,0.04,0.04,0.04\n"), "{text}");
    }

    #[test]
    fn json_has_the_same_values_and_null_for_what_is_not_finite() {
        let figures = loss(&[run("one")], View::default());
        let read: serde_json::Value = serde_json::from_slice(&json(&figures).unwrap()).unwrap();
        let points = &read[0]["curves"][0]["points"];
        assert_eq!(points[3]["y"].as_f64(), Some(0.123_456_789_012_345_68));
        assert!(points[2]["y"].is_null());
        assert_eq!(read[0]["x"]["label"], "updates");
    }
}
