//! The folder of a run.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Error, RecordError};

/// The folder of a run: one that somebody gives, or one that is made for it, which goes where the run puts
/// nothing into it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    made: bool,
}

impl Folder {
    /// Makes the folder `first`; where it is there already `first-2`, or `first-3` and so on. No other run gets
    /// the same one, whoever starts it and when.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn make(first: &Path) -> Result<Self, Error> {
        let failed = |path: &Path, source| Error::Folder(RecordError { path: path.to_owned(), source });
        if let Some(root) = first.parent() {
            std::fs::create_dir_all(root).map_err(|source| failed(root, source))?;
        }
        let mut path = first.to_owned();
        for number in 2_u32.. {
            match std::fs::create_dir(&path) {
                Ok(()) => break,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    path = PathBuf::from(format!("{}-{number}", first.display()));
                }
                Err(source) => return Err(failed(&path, source)),
            }
        }
        Ok(Self { path, made: true })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl From<PathBuf> for Folder {
    /// A folder that somebody gives, there or not.
    fn from(path: PathBuf) -> Self {
        Self { path, made: false }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.made {
            // Only one that is empty can be removed in this way.
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}

/// Whether a new run can begin in a folder: there is none yet, or it is empty.
///
/// # Errors
/// Where it holds something, or is a file, or cannot be read.
pub fn require_vacant(folder: &Path) -> Result<(), Error> {
    let source = match std::fs::read_dir(folder).map(|mut entries| entries.next()) {
        Ok(None) => return Ok(()),
        Ok(Some(_)) => std::io::Error::other("the folder is not empty; expected a new folder for the run"),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => error,
    };
    Err(Error::Folder(RecordError { path: folder.to_owned(), source }))
}

/// Where a run of `name` is kept if nobody says otherwise: `runs/NAME-TIMESTAMP`.
pub fn default_folder(name: &str) -> PathBuf {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string().replace(':', "-");
    PathBuf::from("runs").join(format!("{name}-{}", now.trim_end_matches('Z')))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn of_runs_that_start_at_once_each_has_its_own() {
        let root = tempfile::tempdir().unwrap();
        let first = root.path().join("deep").join("run");
        let made: Vec<Folder> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Folder::make(&first).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let paths: BTreeSet<_> = made.iter().map(|folder| folder.path().to_owned()).collect();
        assert_eq!(paths.len(), 8);
        assert!(paths.contains(&first) && paths.contains(&root.path().join("deep").join("run-8")));
    }

    #[test]
    fn one_that_was_made_for_nothing_goes_and_one_that_was_given_stays() {
        let root = tempfile::tempdir().unwrap();
        let given = root.path().join("given");
        std::fs::create_dir(&given).unwrap();
        drop(Folder::from(given.clone()));
        assert!(given.exists());
        let [empty, used] = ["empty", "used"].map(|name| Folder::make(&root.path().join(name)).unwrap());
        std::fs::write(used.path().join("file"), "").unwrap();
        drop((empty, used));
        assert!(!root.path().join("empty").exists() && root.path().join("used").exists());
    }
}
