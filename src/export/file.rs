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

/// Whether a file has a folder to be written to: to be asked before what takes long.
///
/// # Errors
/// Where there is none.
pub fn has_folder(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let found = folder.map_or(Ok(true), |folder| folder.metadata().map(|found| found.is_dir()));
    match found {
        Ok(true) => Ok(()),
        Ok(false) => Err(std::io::ErrorKind::NotADirectory.into()),
        Err(source) => Err(source),
    }
    .map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Whether a file may be written: it is not there, or may be written over.
///
/// # Errors
/// Why not.
pub fn free(path: &Path, force: bool) -> Result<(), Error> {
    let path: PathBuf = path.to_owned();
    if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return Err(Error::Special { path });
    }
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
        #[cfg(unix)]
        assert!(matches!(free(Path::new("/dev/null"), true), Err(Error::Special { .. })));
        assert!(has_folder(&path).is_ok() && has_folder(Path::new("a.csv")).is_ok());
        for none in ["none/a.csv", "a.csv/a.csv"] {
            assert!(matches!(has_folder(&folder.path().join(none)), Err(Error::Write { .. })), "{none}");
        }
    }
}
