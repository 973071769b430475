//! Where exports go.

use std::path::{Path, PathBuf};

use super::Error;
use crate::linalg::write_whole;

/// Writes a file whole or not at all; over one that is there only if `force` says so.
///
/// # Errors
/// A file that is there, and those of the file system.
pub fn write(path: &Path, bytes: &[u8], force: bool) -> Result<(), Error> {
    free(path, force)?;
    write_whole(path, bytes).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Whether a file may be written: it is not there, or may be written over.
///
/// # Errors
/// Why not.
pub fn free(path: &Path, force: bool) -> Result<(), Error> {
    let path: PathBuf = path.to_owned();
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => Err(Error::Folder { path }),
        Ok(_) if !force => Err(Error::Exists { path }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_and_over_another_one_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write(&path, b"one", false).unwrap();
        assert!(matches!(write(&path, b"two", false), Err(Error::Exists { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write(&path, b"two", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert!(matches!(write(folder.path(), b"two", true), Err(Error::Folder { .. })));
        assert!(matches!(write(&folder.path().join("none/a.csv"), b"two", true), Err(Error::Write { .. })));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
