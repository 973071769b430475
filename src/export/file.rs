//! Where exports go.

use std::path::{Path, PathBuf};

use super::Error;
use crate::network::tensors::write_whole;

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
