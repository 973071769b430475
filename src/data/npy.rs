//! NPY files, as NumPy writes them: a magic, a version, the length of the header, the header (a dictionary in
//! Python's notation with type, order and shape), then the values. The header is read here rather than by a
//! library so that none can claim more memory than the file is long.

use winnow::ascii::{dec_uint, multispace0};
use winnow::combinator::{alt, delimited, opt, separated, separated_pair, terminated};
use winnow::error::ContextError;
use winnow::token::take_till;
use winnow::{ModalResult, Parser};

use super::Problem;
use super::array::{Layout, Role, Type};
use super::contents::LONGEST_HEADER;

const MAGIC: &[u8] = b"\x93NUMPY";

/// A value of the dictionary.
enum Value<'a> {
    Text(&'a str),
    Flag(bool),
    Sizes(Vec<usize>),
}

/// Checks the header of an uncompressed file; what follows it is not looked at.
///
/// # Errors
/// What is wrong with it.
pub(super) fn layout(bytes: &[u8], role: Role) -> Result<Layout, Problem> {
    if !bytes.starts_with(MAGIC) {
        let found = bytes.iter().take(MAGIC.len()).copied().collect();
        return Err(Problem::Magic { format: "NPY", expected: "93 4e 55 4d 50 59", found });
    }
    let truncated = |expected| Problem::Truncated { expected, found: bytes.len() };
    // Since version 2 the length has four bytes.
    let begin = if *bytes.get(6).ok_or_else(|| truncated(8))? < 2 { 10 } else { 12 };
    let length = bytes.get(8..begin).ok_or_else(|| truncated(begin))?;
    let length = length.iter().rev().fold(0, |sum, &byte| (sum << 8) | usize::from(byte));
    let header = begin + length;
    if header > LONGEST_HEADER {
        return Err(Problem::NpyHeader { offset: begin, found: format!("{length} bytes") });
    }
    let text = bytes.get(begin..header).ok_or_else(|| truncated(header))?;
    let text = String::from_utf8_lossy(text);
    let parsed = dictionary.parse(&text).ok().and_then(resolve);
    let beginning = || text.chars().take(80).collect::<String>().trim_end().to_owned();
    let (descr, columns_first, shape) =
        parsed.ok_or_else(|| Problem::NpyHeader { offset: begin, found: beginning() })?;
    let (kind, big_endian) = kind(descr).ok_or_else(|| Problem::NpyType { offset: begin, found: descr.to_owned() })?;
    Layout { kind, big_endian, columns_first, shape, header }.check(role, begin, begin)
}

/// The type that `descr` names, and whether its most significant byte comes first.
fn kind(descr: &str) -> Option<(Type, bool)> {
    let (order, name) = descr.split_at_checked(1)?;
    let kind = match name {
        "u1" => Type::U8,
        "i1" => Type::I8,
        "u2" => Type::U16,
        "i2" => Type::I16,
        "u4" => Type::U32,
        "i4" => Type::I32,
        "u8" => Type::U64,
        "i8" => Type::I64,
        "f4" => Type::F32,
        "f8" => Type::F64,
        _ => return None,
    };
    match order {
        "<" => Some((kind, false)),
        ">" => Some((kind, true)),
        "|" if kind.size() == 1 => Some((kind, false)),
        _ => None,
    }
}

/// Type, order and shape, each stated once.
fn resolve<'a>(entries: Vec<(&'a str, Value<'a>)>) -> Option<(&'a str, bool, Vec<usize>)> {
    let (mut descr, mut order, mut shape) = (None, None, None);
    for entry in entries {
        match entry {
            ("descr", Value::Text(text)) if descr.is_none() => descr = Some(text),
            ("fortran_order", Value::Flag(flag)) if order.is_none() => order = Some(flag),
            ("shape", Value::Sizes(sizes)) if shape.is_none() => shape = Some(sizes),
            _ => return None,
        }
    }
    Some((descr?, order?, shape?))
}

fn dictionary<'a>(input: &mut &'a str) -> ModalResult<Vec<(&'a str, Value<'a>)>> {
    let entries = separated(0.., separated_pair(quoted, token(":"), value), token(","));
    delimited(token("{"), terminated(entries, opt(token(","))), (token("}"), multispace0)).parse_next(input)
}

fn value<'a>(input: &mut &'a str) -> ModalResult<Value<'a>> {
    let size = delimited(multispace0, dec_uint::<_, usize, _>, multispace0);
    let sizes = terminated(separated(0.., size, ","), opt(token(",")));
    alt((
        quoted.map(Value::Text),
        token("True").map(|_| Value::Flag(true)),
        token("False").map(|_| Value::Flag(false)),
        delimited(token("("), sizes, token(")")).map(Value::Sizes),
    ))
    .parse_next(input)
}

fn quoted<'a>(input: &mut &'a str) -> ModalResult<&'a str> {
    let text = alt((delimited('\'', take_till(0.., '\''), '\''), delimited('"', take_till(0.., '"'), '"')));
    delimited(multispace0, text, multispace0).parse_next(input)
}

/// A sign, with spaces around it.
fn token<'a>(sign: &'static str) -> impl Parser<&'a str, &'a str, winnow::error::ErrMode<ContextError>> {
    delimited(multispace0, sign, multispace0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::array::Array;
    use crate::data::contents::unpack;

    fn file(header: &str, values: &[u8]) -> Vec<u8> {
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [MAGIC, &[1, 0], &length, header.as_bytes(), values].concat()
    }

    fn header(descr: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}   \n")
    }

    fn parse(bytes: &[u8], role: Role) -> Result<Array, Problem> {
        Array::new(layout(bytes, role)?, bytes.to_vec())
    }

    fn problem(bytes: &[u8], role: Role) -> String {
        parse(bytes, role).unwrap_err().to_string()
    }

    #[test]
    fn values_of_every_type_and_order_are_read() {
        let little: [(&str, Vec<u8>); 10] = [
            ("|u1", vec![3]),
            ("|i1", vec![3]),
            ("<u2", 3_u16.to_le_bytes().into()),
            ("<i2", 3_i16.to_le_bytes().into()),
            ("<u4", 3_u32.to_le_bytes().into()),
            ("<i4", 3_i32.to_le_bytes().into()),
            ("<u8", 3_u64.to_le_bytes().into()),
            ("<i8", 3_i64.to_le_bytes().into()),
            ("<f4", 3_f32.to_le_bytes().into()),
            ("<f8", 3_f64.to_le_bytes().into()),
        ];
        for (descr, bytes) in little {
            let big: Vec<u8> = bytes.iter().rev().copied().collect();
            for (descr, bytes) in [(descr.to_owned(), bytes), (descr.replace(['<', '|'], ">"), big)] {
                let bytes = file(&header(&descr, "False", "(1, 1)"), &bytes);
                assert_eq!(parse(&bytes, Role::Images).unwrap().values().collect::<Vec<_>>(), [3.0], "{descr}");
            }
        }
        let bytes = file(&header("<i2", "False", "(1,)"), &(-2_i16).to_le_bytes());
        assert_eq!(parse(&bytes, Role::Labels).unwrap().values().collect::<Vec<_>>(), [-2.0]);
    }

    #[test]
    fn the_first_dimension_may_be_the_fastest() {
        let rows = file(&header("|i1", "False", "(2, 3)"), &[1, 2, 3, 4, 5, 6]);
        let columns = file(&header("|i1", "True", "(2, 3)"), &[1, 4, 2, 5, 3, 6]);
        let values = |bytes: &[u8]| parse(bytes, Role::Images).unwrap().values().collect::<Vec<_>>();
        assert_eq!(values(&columns), values(&rows));
        let cube: Vec<u8> = [0, 4, 2, 6, 1, 5, 3, 7].into();
        assert_eq!(
            values(&file(&header("|i1", "True", "(2, 2, 2)"), &cube)),
            (0..8).map(f64::from).collect::<Vec<_>>()
        );
    }

    #[test]
    fn every_damage_is_named_with_its_place() {
        let images = |header: &str| problem(&file(header, &[0; 4]), Role::Images);
        assert!(problem(b"PK\x03\x04", Role::Images).starts_with("at byte 0: expected the NPY magic 93 4e"));
        assert!(problem(b"\x93NUMPY", Role::Images).starts_with("at byte 6: truncated"));
        assert!(problem(&file(&header("|u1", "False", "(2, 2)"), &[0; 3]), Role::Images).contains("truncated"));
        assert!(
            problem(&file(&header("|u1", "False", "(2, 2)"), &[0; 5]), Role::Images).contains("the end of the file")
        );
        for broken in ["", "{", "{'descr': '<f4'}", "[1]", "{'shape': (1, 2), 'shape': (1, 2)}", &"(".repeat(60_000)] {
            assert!(images(broken).starts_with("at byte 10: expected an NPY header"), "{broken}");
        }
        for descr in ["|O", "<U3", "<f2", "u1", "=f4", "é"] {
            let found = images(&header(descr, "False", "(2, 2)"));
            assert!(found.starts_with("at byte 10: expected numbers of 1 to 8 bytes"), "{found}");
        }
        assert!(images(&header("|u1", "False", "(4,)")).ends_with("found 1: are labels given as images?"));
        assert!(images(&header("|u1", "False", "()")).ends_with("found 0: are labels given as images?"));
        for shape in ["(0, 4)", "(99999999999, 99999999999)", "(4294967296, 1)"] {
            assert!(images(&header("|u1", "False", shape)).contains("less than 4 GiB"), "{shape}");
        }
        let long = [MAGIC, &[2, 0], &u32::MAX.to_le_bytes()].concat();
        assert!(problem(&long, Role::Images).ends_with("found 4294967295 bytes"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[ -~]{0,80}") {
            let shape = format!("{{'descr': '|u1', 'fortran_order': True, 'shape': {text}}}");
            for bytes in [[MAGIC, bytes.as_slice()].concat(), file(&text, &bytes), file(&shape, &bytes)] {
                let expected = |bytes: &[u8]| Ok(layout(bytes, Role::Images)?.expected());
                if let Ok(contents) = unpack(bytes.as_slice(), bytes.len() as u64, expected) && let Ok(array) = parse(&contents, Role::Images) {
                    let _ = array.inputs();
                }
            }
        }
    }
}
