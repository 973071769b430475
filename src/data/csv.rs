//! CSV files: a datum a line, a number a field, with a line of names before them or not.

use std::io::BufRead;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::{Error, Problem, contents};

/// Which columns are read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Columns<'a> {
    /// All of them, but one.
    AllBut(Option<&'a str>),
    /// One of them.
    Only(&'a str),
}

/// Numbers in rows of as many columns.
#[derive(Debug, PartialEq)]
pub(super) struct Table<T> {
    /// Row by row.
    pub values: Vec<T>,
    /// How many columns there are.
    pub width: usize,
}

/// A kind of number in a field.
pub(super) trait Cell: Sized {
    /// What is expected, in words.
    const EXPECTED: &str;

    fn parse(text: &str) -> Option<Self>;
}

impl Cell for f32 {
    const EXPECTED: &str = "a finite number";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|value: &f32| value.is_finite())
    }
}

/// A class.
impl Cell for u16 {
    const EXPECTED: &str = "a whole number from 0 up to 65535";

    fn parse(text: &str) -> Option<Self> {
        let value: f64 = text.parse().ok()?;
        (value.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&value)).then_some(value as u16)
    }
}

/// Reads some columns of a file, gzip or not. A column is named as in the first line, or by its number from 1.
///
/// # Errors
/// [`Error::Read`], and [`Error::Format`] with the line and the column.
pub(super) fn read<T: Cell>(file: &Path, columns: Columns) -> Result<Table<T>, Error> {
    parse(contents::text(file)?, columns).map_err(|problem| Error::Format { file: file.to_owned(), problem })
}

fn parse<T: Cell>(text: impl BufRead, columns: Columns) -> Result<Table<T>, Problem> {
    let mut table = Table { values: Vec::new(), width: 0 };
    let (mut first, mut chosen) = (None, Vec::new());
    for (line, text) in (1..).zip(text.split(b'\n')) {
        let text = text.map_err(Problem::Read)?;
        let text = text.trim_ascii();
        if text.contains(&b'\r') {
            return Err(Problem::CarriageReturn { line });
        }
        let fields = fields(text)?;
        if fields.is_empty() {
            continue;
        }
        let found = fields.len();
        let expected = *first.get_or_insert(found);
        if found != expected {
            return Err(Problem::Fields { line, expected, found });
        }
        if table.width == 0 {
            let is_head = are_names(&fields);
            chosen = choose(&fields, is_head, columns)?;
            table.width = chosen.len();
            if is_head {
                continue;
            }
        }
        for &column in &chosen {
            let found = &fields[column];
            let value = T::parse(found).ok_or_else(|| Problem::Cell {
                line,
                column: column + 1,
                expected: T::EXPECTED,
                found: found.chars().take(40).collect(),
            })?;
            table.values.push(value);
        }
    }
    if table.values.is_empty() { Err(Problem::NoRows) } else { Ok(table) }
}

/// Whether the fields of the first line are names: not all are numbers, and those that are number the columns. Others
/// are data, one of which is damaged.
fn are_names(fields: &[String]) -> bool {
    let numbers: Vec<&String> = fields.iter().filter(|field| field.parse::<f64>().is_ok()).collect();
    let whole: Result<Vec<i64>, _> = numbers.iter().map(|number| number.parse()).collect();
    let in_turn = |whole: Vec<i64>| whole.windows(2).all(|pair| pair[1].checked_sub(pair[0]) == Some(1));
    numbers.len() < fields.len() && whole.is_ok_and(in_turn)
}

/// The fields of a line; none if it is blank.
fn fields(line: &[u8]) -> Result<Vec<String>, Problem> {
    let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(line);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).map_err(|error| Problem::Read(error.into()))?;
    Ok(record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect())
}

/// The places of the columns that are read.
fn choose(names: &[String], is_head: bool, columns: Columns) -> Result<Vec<usize>, Problem> {
    let place = |name: &str| {
        let count = names.iter().filter(|known| is_head && *known == name).count();
        if count > 1 {
            return Err(Problem::Ambiguous { name: name.to_owned(), count });
        }
        let named = names.iter().position(|known| is_head && known == name);
        let numbered =
            || name.parse().ok().filter(|number| (1..=names.len()).contains(number)).map(|number| number - 1);
        named.or_else(numbered).ok_or_else(|| Problem::NoColumn {
            columns: names.len(),
            names: if is_head { names.to_vec() } else { Vec::new() },
            found: name.to_owned(),
        })
    };
    Ok(match columns {
        Columns::Only(name) => vec![place(name)?],
        Columns::AllBut(None) => (0..names.len()).collect(),
        Columns::AllBut(Some(name)) => {
            let left_out = place(name)?;
            (0..names.len()).filter(|&column| column != left_out).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn floats(text: &str, columns: Columns) -> Result<Table<f32>, String> {
        parse(text.as_bytes(), columns).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_line_of_names_is_one_or_is_not() {
        let expected = Ok(Table { values: vec![1.0, 2.5, -3.0, 4e2], width: 2 });
        let numbered = floats("label,0,1,2\n7,1,2,3\n", Columns::AllBut(Some("label"))).unwrap();
        assert_eq!(numbered, Table { values: vec![1.0, 2.0, 3.0], width: 3 });
        for text in ["1,2.5\n-3,4e2\n", "a,b\r\n1, 2.5\r\n\r\n-3 ,4e2", "\"x\",2\n1,2.5\n-3,4e2"] {
            assert_eq!(floats(text, Columns::AllBut(None)), expected, "{text}");
        }
    }

    #[test]
    fn columns_are_chosen_by_name_or_number() {
        let text = "a,label,b\n1,7,2\n3,8,4\n";
        for name in ["label", "2"] {
            let images = floats(text, Columns::AllBut(Some(name))).unwrap();
            assert_eq!(images, Table { values: vec![1.0, 2.0, 3.0, 4.0], width: 2 });
            let labels: Table<u16> = parse(text.as_bytes(), Columns::Only(name)).unwrap();
            assert_eq!(labels, Table { values: vec![7, 8], width: 1 });
        }
        let unknown = floats(text, Columns::Only("c")).unwrap_err();
        assert_eq!(unknown, "line 1: expected a column among a, label, b, or a number from 1 up to 3, found \"c\"");
        let unnamed = floats("1,2\n", Columns::Only("3")).unwrap_err();
        assert_eq!(unnamed, "line 1: expected a column by its number from 1 up to 2, found \"3\"");
    }

    #[test]
    fn damage_is_named_by_line_and_column() {
        for (text, expected) in [
            ("", "expected at least one line of numbers, found none"),
            ("a,b\n", "expected at least one line of numbers, found none"),
            ("a,b\n1,x\n", "line 2, column 2: expected a finite number, found \"x\""),
            ("0.1.2,5,9\n1,2,3\n", "line 1, column 1: expected a finite number, found \"0.1.2\""),
            ("1,,0.5\n1,2,3\n", "line 1, column 2: expected a finite number, found \"\""),
            ("1,2\n\n3,nan\n", "line 3, column 2: expected a finite number, found \"nan\""),
            ("1,2\n3,1e99\n", "line 2, column 2: expected a finite number, found \"1e99\""),
            ("1,2\n3,\n", "line 2, column 2: expected a finite number, found \"\""),
            ("1,2\n3\n", "line 2: expected 2 numbers, found 1"),
            ("1,2\n3,4,5\n", "line 2: expected 2 numbers, found 3"),
        ] {
            assert_eq!(floats(text, Columns::AllBut(None)), Err(expected.to_owned()), "{text}");
        }
        for label in ["1.5", "-1", "65536", "x"] {
            let labels: Result<Table<u16>, _> = parse(format!("3\n{label}\n").as_bytes(), Columns::Only("1"));
            let expected = format!("line 2, column 1: expected a whole number from 0 up to 65535, found {label:?}");
            assert_eq!(labels.unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse::<f32>(bytes.as_slice(), Columns::AllBut(Some("1")));
        }

        #[test]
        fn what_is_written_is_read(values in prop::collection::vec(-1e6_f32..1e6, 1..20)) {
            let text = values.iter().map(|value| format!("{value},0\n")).collect::<Vec<_>>().concat();
            prop_assert_eq!(floats(&text, Columns::Only("1")).unwrap().values, values);
        }
    }
}
