//! IDX files: two zero bytes, the type of the values, the number of dimensions, the size of each
//! dimension (four bytes, most significant first), then the values, last dimension fastest.

use super::Problem;
use super::array::{Layout, Role, Type};

fn kind(byte: u8) -> Option<Type> {
    Some(match byte {
        0x08 => Type::U8,
        0x09 => Type::I8,
        0x0b => Type::I16,
        0x0c => Type::I32,
        0x0d => Type::F32,
        0x0e => Type::F64,
        _ => return None,
    })
}

/// Checks the header of an uncompressed file; what follows it is not looked at.
///
/// # Errors
/// What is wrong with it.
pub(super) fn layout(bytes: &[u8], role: Role) -> Result<Layout, Problem> {
    let &[first, second, byte, dimensions, ..] = bytes else {
        return Err(Problem::Truncated { expected: 4, found: bytes.len() });
    };
    if (first, second) != (0, 0) {
        return Err(Problem::Magic { format: "IDX", expected: "00 00", found: vec![first, second] });
    }
    let kind = kind(byte).ok_or(Problem::IdxType { found: byte })?;
    let header = 4 + 4 * usize::from(dimensions);
    let Some(sizes) = bytes.get(4..header) else {
        return Err(Problem::Truncated { expected: header, found: bytes.len() });
    };
    let size = |bytes: &[u8]| bytes.iter().fold(0, |sum, &byte| (sum << 8) | usize::from(byte));
    let shape = sizes.chunks_exact(4).map(size).collect();
    Layout { kind, big_endian: true, columns_first: false, shape, header }.check(role, 3, 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::array::Array;
    use crate::data::contents::unpack;

    fn file(kind: u8, shape: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, kind, shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    fn parse(bytes: &[u8], role: Role) -> Result<Array, Problem> {
        Array::new(layout(bytes, role)?, bytes.to_vec())
    }

    fn problem(bytes: &[u8], role: Role) -> String {
        parse(bytes, role).unwrap_err().to_string()
    }

    #[test]
    fn values_of_every_type_are_read() {
        let cases: [(u8, Vec<u8>); 6] = [
            (0x08, vec![3]),
            (0x09, 3_i8.to_be_bytes().into()),
            (0x0b, 3_i16.to_be_bytes().into()),
            (0x0c, 3_i32.to_be_bytes().into()),
            (0x0d, 3_f32.to_be_bytes().into()),
            (0x0e, 3_f64.to_be_bytes().into()),
        ];
        for (kind, bytes) in cases {
            let bytes = file(kind, &[1, 1], &bytes);
            assert_eq!(parse(&bytes, Role::Images).unwrap().values().collect::<Vec<_>>(), [3.0]);
        }
    }

    #[test]
    fn bytes_are_scaled_to_the_unit_interval() {
        let bytes = file(8, &[1, 3], &[0, 51, 255]);
        assert_eq!(parse(&bytes, Role::Images).unwrap().inputs().unwrap(), [0.0, 0.2, 1.0]);
    }

    #[test]
    fn every_damage_is_named_with_its_place() {
        assert_eq!(problem(b"PK\x03\x04", Role::Images), "at byte 0: expected the IDX magic 00 00, found 50 4b");
        assert_eq!(problem(&[0], Role::Images), "at byte 1: truncated: expected 4 bytes in all, found 1");
        assert!(problem(&file(7, &[1], &[0]), Role::Labels).starts_with("at byte 2: expected an IDX type"));
        assert!(problem(&file(8, &[1], &[0]), Role::Images).ends_with("found 1: are labels given as images?"));
        assert!(problem(&file(8, &[1, 1], &[0]), Role::Labels).ends_with("found 2: are images given as labels?"));
        assert!(problem(&file(8, &[2, 2], &[0; 3]), Role::Images).contains("expected 16 bytes in all, found 15"));
        assert!(problem(&file(8, &[2, 2], &[0; 6]), Role::Images).starts_with("at byte 16: expected the end"));
        for shape in [&[0, 2][..], &[u32::MAX; 3], &[1 << 16, 1 << 13, 1]] {
            let found = problem(&file(14, shape, &[]), Role::Images);
            assert!(found.starts_with("at byte 4: expected sizes above 0 of less than 4 GiB"), "{found}");
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_named_by_row_and_column() {
        let values: Vec<u8> = [0.0, 1.0, 2.0, f32::NAN].iter().flat_map(|value: &f32| value.to_be_bytes()).collect();
        let bytes = file(0x0d, &[2, 2], &values);
        let problem = parse(&bytes, Role::Images).unwrap().inputs().unwrap_err().to_string();
        assert_eq!(
            problem,
            "at byte 24: expected a finite number of single precision in row 1, column 1 (from 0), found NaN"
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), labels: bool) {
            let role = if labels { Role::Labels } else { Role::Images };
            for bytes in [bytes.clone(), [&[0, 0, 8, 2], bytes.as_slice()].concat(), [&[0x1f, 0x8b, 8], bytes.as_slice()].concat()] {
                let expected = |bytes: &[u8]| Ok(layout(bytes, role)?.expected());
                if let Ok(contents) = unpack(bytes.as_slice(), bytes.len() as u64, expected) && let Ok(array) = parse(&contents, role) {
                    let _ = array.inputs();
                }
            }
        }

        #[test]
        fn what_is_written_is_read(rows in 1_u32..5, columns in 1_u32..5, byte: u8) {
            let bytes = file(8, &[rows, columns], &vec![byte; (rows * columns) as usize]);
            let array = parse(&bytes, Role::Images).unwrap();
            prop_assert_eq!((array.layout.shape[0], array.width()), (rows as usize, columns as usize));
            prop_assert!(array.values().all(|value| (value - f64::from(byte)).abs() < 1e-9));
        }
    }
}
