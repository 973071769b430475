//! NPZ files: zip archives of NPY files, as `numpy.savez` and `numpy.savez_compressed` write them.

use std::io::{BufRead, BufReader, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use super::array::Role;
use super::{Problem, contents, npy};

/// The uncompressed bytes of an array, an NPY file: the one called `name`, or the only one.
///
/// # Errors
/// [`Problem::Zip`], [`Problem::NoArray`], [`Problem::Bomb`], and those of [`npy::layout`].
pub(super) fn read(file: impl BufRead + Seek, name: Option<&str>, role: Role) -> Result<Vec<u8>, Problem> {
    let mut archive = ZipArchive::new(file).map_err(problem)?;
    let files = archive.file_names().map(|name| Ok(name.map_err(problem)?.into_owned()));
    let files: Vec<String> = files.collect::<Result<_, Problem>>()?;
    let arrays: Vec<&str> = files.iter().filter_map(|file| file.strip_suffix(".npy")).collect();
    let chosen = match (name, arrays.as_slice()) {
        (Some(name), arrays) => arrays.iter().find(|known| **known == name),
        (None, [only]) => Some(only),
        _ => None,
    };
    let Some(chosen) = chosen else {
        let (known, found) = (arrays.iter().map(|&name| name.to_owned()).collect(), name.map(str::to_owned));
        return Err(Problem::NoArray { known, found });
    };
    let entry = archive.by_name(&format!("{chosen}.npy")).map_err(problem)?;
    let size = entry.compressed_size();
    contents::unpack(BufReader::new(entry), size, |bytes| contents::bounded(npy::layout(bytes, role)?.expected(), size))
}

fn problem(error: ZipError) -> Problem {
    match error {
        ZipError::Io(source) => Problem::Read(source),
        other => Problem::Zip { reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use proptest::prelude::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// An NPY file of bytes.
    fn array(shape: &str, values: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), values].concat()
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn found(bytes: &[u8], name: Option<&str>) -> Result<Vec<u8>, String> {
        read(Cursor::new(bytes), name, Role::Images).map_err(|problem| problem.to_string())
    }

    #[test]
    fn an_array_is_found_by_its_name_or_alone() {
        let (x, y) = (array("(2, 2)", &[1, 2, 3, 4]), array("(1, 1)", &[5]));
        let both = archive(&[("x.npy", &x), ("y.npy", &y), ("notes.txt", b"")]);
        assert_eq!(found(&both, Some("y")).unwrap(), y);
        assert_eq!(found(&archive(&[("x.npy", &x)]), None).unwrap(), x);
        assert_eq!(found(&both, None).unwrap_err(), "expected FILE#NAME with one of the arrays x, y, found no name");
        assert_eq!(found(&both, Some("z")).unwrap_err(), "expected FILE#NAME with one of the arrays x, y, found \"z\"");
    }

    #[test]
    fn damage_is_reported() {
        let whole = archive(&[("x.npy", &array("(2, 2)", &[1, 2, 3, 4]))]);
        assert!(found(b"no archive", None).unwrap_err().starts_with("not a zip archive"));
        assert!(found(&whole[..whole.len() - 30], None).is_err());
        assert!(found(&archive(&[("x.npy", b"text")]), None).unwrap_err().contains("NPY magic"));
        let mut changed = whole;
        // Inside of the compressed bytes.
        changed[45] ^= 0xff;
        assert!(found(&changed, None).is_err());
    }

    #[test]
    fn no_more_is_unpacked_than_the_header_says_and_one_byte() {
        let bomb = archive(&[("x.npy", &array("(2, 2)", &vec![0; 50_000_000]))]);
        assert_eq!(found(&bomb, None).unwrap().len(), array("(2, 2)", &[0; 5]).len());
    }

    #[test]
    fn what_claims_to_unpack_to_far_more_is_refused() {
        let bomb = archive(&[("x.npy", &array("(50000, 50000)", &vec![0; 1_000_000]))]);
        assert!(found(&bomb, None).unwrap_err().contains("its header claims 2500000"));
    }

    proptest! {
        #[test]
        fn arbitrary_damage_never_panics(place in any::<prop::sample::Index>(), byte: u8) {
            let mut bytes = archive(&[("x.npy", &array("(2, 2)", &[1, 2, 3, 4]))]);
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let _ = found(&bytes, None);
        }
    }
}
