//! The contents of files, unpacked where they are gzip, and no more of them than is needed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::{Error, Problem};

/// Bytes of the longest header of a format.
pub(super) const LONGEST_HEADER: usize = 1 << 16;
/// The most bytes of a text, uncompressed.
const MOST_TEXT: u64 = 1 << 30;
/// What is compressed may unpack to so many times its size, and to any size up to the second number.
const MOST_GROWTH: usize = 100;
const ANY_SIZE: usize = 64 << 20;

/// The uncompressed contents of a file, but for what follows the first byte too many: as [`unpack`].
///
/// # Errors
/// [`Error::Read`] and, for corrupt gzip and those of `expected`, [`Error::Format`].
pub(super) fn read(file: &Path, expected: impl FnOnce(&[u8]) -> Result<usize, Problem>) -> Result<Vec<u8>, Error> {
    let opened = open(file)?;
    let size = opened.get_ref().metadata().map_err(|source| Error::Read { file: file.to_owned(), source })?.len();
    unpack(opened, size, expected).map_err(|problem| Error::Format { file: file.to_owned(), problem })
}

/// Opens a file. A device or a pipe, which may never end, is none.
///
/// # Errors
/// [`Error::Read`].
pub(super) fn open(file: &Path) -> Result<BufReader<File>, Error> {
    let opened = file.metadata().and_then(|metadata| {
        if metadata.is_file() { File::open(file) } else { Err(io::Error::other("expected a regular file")) }
    });
    opened.map(BufReader::new).map_err(|source| Error::Read { file: file.to_owned(), source })
}

/// A text file, unpacked where it is gzip, to be read line by line. No more than 1 GiB is read, and of gzip no more than
/// [`bounded`] allows for its size.
///
/// # Errors
/// [`Error::Read`]; what comes later is an error of the reader.
pub(super) fn text(file: &Path) -> Result<impl BufRead, Error> {
    let mut opened = open(file)?;
    let unread = |source| Error::Read { file: file.to_owned(), source };
    let size = opened.get_ref().metadata().map_err(unread)?.len();
    let packed = opened.fill_buf().map_err(unread)?.starts_with(&[0x1f, 0x8b]);
    let (reader, most): (Box<dyn Read>, _) = if packed {
        (Box::new(MultiGzDecoder::new(opened)), MOST_TEXT.min(most_unpacked(size) as u64))
    } else {
        (Box::new(opened), MOST_TEXT)
    };
    Ok(BufReader::new(Limited { reader, most, read: 0 }))
}

/// A reader that refuses to go beyond a number of bytes.
struct Limited {
    reader: Box<dyn Read>,
    most: u64,
    read: u64,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.read += count as u64;
        if self.read > self.most {
            return Err(io::Error::other(format!("expected at most {} bytes of text", self.most)));
        }
        Ok(count)
    }
}

/// The uncompressed contents of a file of `size` bytes; gzip is known by its first two bytes. `expected` tells from
/// their beginning how many bytes they should be. One more is returned at most, and tells that there are more.
///
/// # Errors
/// [`Problem::Read`], [`Problem::Gzip`], [`Problem::Bomb`] and those of `expected`.
pub(super) fn unpack<'a>(
    mut file: impl BufRead + 'a,
    size: u64,
    expected: impl FnOnce(&[u8]) -> Result<usize, Problem>,
) -> Result<Vec<u8>, Problem> {
    let packed = file.fill_buf().map_err(Problem::Read)?.starts_with(&[0x1f, 0x8b]);
    let mut reader: Box<dyn Read + 'a> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut contents = Vec::new();
    let mut go_on = |contents: &mut Vec<u8>, most: usize| {
        let result = reader.by_ref().take(most as u64).read_to_end(contents);
        let offset = contents.len();
        result.map_err(|source| if packed { Problem::Gzip { offset, source } } else { Problem::Read(source) })
    };
    go_on(&mut contents, LONGEST_HEADER)?;
    let end = expected(&contents)?;
    let end = if packed { bounded(end, size)? } else { end }.saturating_add(1);
    go_on(&mut contents, end.saturating_sub(LONGEST_HEADER))?;
    contents.truncate(end);
    Ok(contents)
}

/// A number of uncompressed bytes that `size` compressed ones may claim.
///
/// # Errors
/// [`Problem::Bomb`].
pub(super) fn bounded(claimed: usize, size: u64) -> Result<usize, Problem> {
    let most = most_unpacked(size);
    if claimed > most { Err(Problem::Bomb { claimed, size, most }) } else { Ok(claimed) }
}

/// The most bytes that `size` compressed ones may unpack to.
fn most_unpacked(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX).saturating_mul(MOST_GROWTH).saturating_add(ANY_SIZE)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::data::array::{Array, Role};
    use crate::data::idx;

    fn packed(contents: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(contents).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_recognised_and_its_damage_reported() {
        let contents = vec![7_u8; 100_000];
        let read = |bytes: &[u8]| unpack(bytes, bytes.len() as u64, |_| Ok(100_000));
        let packed = packed(&contents);
        assert_eq!(read(&packed).unwrap(), contents);
        assert_eq!(read(&contents).unwrap(), contents);
        assert!(matches!(read(&packed[..packed.len() - 5]), Err(Problem::Gzip { offset: 100_000, .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused_before_it_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(matches!(open(&pipe), Err(Error::Read { .. })));
    }

    #[test]
    fn no_more_is_read_than_the_header_says_and_one_byte() {
        let expected = |bytes: &[u8]| Ok(idx::layout(bytes, Role::Images)?.expected());
        let bomb = [&[0, 0, 8, 2, 0, 0, 4, 0, 0, 0, 1, 0][..], &vec![0; 50_000_000]].concat();
        // Where it is unpacked to its end, that is found to be missing.
        let cut = packed(&bomb);
        for bytes in [&bomb[..], &cut[..cut.len() - 5]] {
            let contents = unpack(bytes, bytes.len() as u64, expected).unwrap();
            assert_eq!(contents.len(), 12 + 1024 * 256 + 1);
            let layout = idx::layout(&contents, Role::Images).unwrap();
            assert!(matches!(Array::new(layout, contents), Err(Problem::Trailing { expected: 262_156 })));
        }
        let absurd = [&[0, 0, 8, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2][..], &[0; 5000]].concat();
        for bytes in [&absurd, &packed(&absurd)] {
            assert!(matches!(unpack(bytes.as_slice(), bytes.len() as u64, expected), Err(Problem::Shape { .. })));
        }
    }
    #[test]
    fn what_is_compressed_may_claim_to_be_a_hundred_times_larger_or_64_mib() {
        assert_eq!(bounded(64 << 20, 0).unwrap(), 64 << 20);
        assert_eq!(bounded((64 << 20) + 500, 5).unwrap(), (64 << 20) + 500);
        assert!(matches!(bounded((64 << 20) + 501, 5), Err(Problem::Bomb { size: 5, .. })));
    }

    #[test]
    fn text_is_not_unpacked_far_beyond_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ones.csv.gz");
        let mut encoder = flate2::write::GzEncoder::new(File::create(&file).unwrap(), flate2::Compression::best());
        io::copy(&mut io::repeat(b'1').take(80 << 20), &mut encoder).unwrap();
        encoder.finish().unwrap();
        let error = io::copy(&mut text(&file).unwrap(), &mut io::sink()).unwrap_err().to_string();
        let most = most_unpacked(file.metadata().unwrap().len());
        assert!((ANY_SIZE..80 << 20).contains(&most));
        assert_eq!(error, format!("expected at most {most} bytes of text"));
    }
}
