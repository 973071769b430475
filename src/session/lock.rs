//! One process alone writes a run folder.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// The run folder is this run's alone until this is dropped, or the process ends in whatever way. The file
/// stays behind: were it removed, two processes could come to hold two files of one name.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

/// A lock that is still held after so many looks of [`require_free`] is another run's.
const LOOKS: u32 = 20;
/// More than a look takes.
const LOOK: Duration = Duration::from_millis(5);

/// Why the folder cannot be this run's alone.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run has it.
    #[error("{}: another run writes to this folder{}", folder.display(), described(process.as_deref()))]
    Held {
        /// The run folder.
        folder: PathBuf,
        /// The number of its process, where it is known.
        process: Option<String>,
    },
    /// The file cannot be made.
    #[error("cannot lock {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

fn described(process: Option<&str>) -> String {
    process.map(|process| format!(" (process {process})")).unwrap_or_default()
}

/// The number in a lock file.
fn process(file: &mut File) -> Option<String> {
    let mut text = String::new();
    // Not every system lets others read a file that is locked.
    let _ = file.read_to_string(&mut text);
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl Lock {
    /// Takes the lock of a folder.
    ///
    /// # Errors
    /// Where another run has it, in this process or another, or the file cannot be made.
    pub(super) fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join("lock");
        let error = |source| LockError::File { path: path.clone(), source };
        let options = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = options.map_err(error)?;
        let mut looks = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                // Whoever looks whether it is free has it for a moment.
                Err(TryLockError::WouldBlock) if looks < LOOKS => looks += 1,
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Held { folder: folder.to_owned(), process: process(&mut file) });
                }
                Err(TryLockError::Error(source)) => return Err(error(source)),
            }
            sleep(LOOK);
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(error)?;
        Ok(Self { file })
    }
}

/// Whether no run writes to a folder.
///
/// # Errors
/// Where one does, in this process or another.
pub fn require_free(folder: &Path) -> Result<(), LockError> {
    // A folder without the file never had a run that could have it still. Nothing is written.
    let Ok(mut file) = File::open(folder.join("lock")) else { return Ok(()) };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            Err(LockError::Held { folder: folder.to_owned(), process: process(&mut file) })
        }
        // The lock goes with the file.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough while a process that is just being started shares it.
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_at_a_folder_leaves_it_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        require_free(folder.path()).unwrap();
        assert!(!folder.path().join("lock").exists());
        let lock = Lock::take(folder.path()).unwrap();
        let held = require_free(folder.path()).unwrap_err().to_string();
        assert!(held.contains(&std::process::id().to_string()), "{held}");
        drop(lock);
        require_free(folder.path()).unwrap();
        Lock::take(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_is_held_until_it_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let error = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        drop(lock);
        Lock::take(folder.path()).unwrap();
    }
}
