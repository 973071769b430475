//! Where data files are looked for.

use std::env;
use std::path::{Path, PathBuf};

use super::Error;

/// The folders data files are looked for in, in order; and the one in which data that are made are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    folders: Vec<PathBuf>,
    cache: Option<PathBuf>,
}

impl Places {
    /// `./datasets`, then `$KFRA_DATA_DIR`, then the user's data folder: `$XDG_DATA_HOME/kfra-tui` or
    /// `~/.local/share/kfra-tui`. What is made is kept in `$XDG_CACHE_HOME/kfra-tui` or `~/.cache/kfra-tui`.
    pub fn standard() -> Self {
        let named = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let user = |name, usual: &[&str]| {
            let home = || Some(usual.iter().fold(env::home_dir()?, |folder, part| folder.join(part)));
            let folder = named(name).filter(|folder| folder.is_absolute()).or_else(home);
            folder.map(|folder| folder.join("kfra-tui"))
        };
        let mut folders = vec![PathBuf::from("datasets")];
        folders.extend(named("KFRA_DATA_DIR"));
        folders.extend(user("XDG_DATA_HOME", &[".local", "share"]));
        Self { folders, cache: user("XDG_CACHE_HOME", &[".cache"]) }
    }

    /// The given folders, and no cache.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, cache: None }
    }

    /// The same folders with a cache.
    #[must_use]
    pub fn with_cache(self, folder: PathBuf) -> Self {
        Self { cache: Some(folder), ..self }
    }

    /// Where data that are fetched are put: `$KFRA_DATA_DIR`, or the user's data folder.
    pub fn own(&self) -> Option<&Path> {
        self.folders.get(1).map(PathBuf::as_path)
    }

    /// Where data that are made are kept.
    pub fn cache(&self) -> Option<&Path> {
        self.cache.as_deref()
    }

    /// The first file `name`, or `name.gz`, in the folders; `name` is relative to a folder.
    ///
    /// # Errors
    /// [`Error::NotFound`], with every folder looked in.
    pub fn find(&self, name: &str) -> Result<PathBuf, Error> {
        let candidates = self.folders.iter().flat_map(|folder| [folder.join(name), folder.join(format!("{name}.gz"))]);
        candidates
            .into_iter()
            .find(|file| file.is_file())
            .ok_or_else(|| Error::NotFound { name: name.to_owned(), places: self.folders.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_folder_that_has_the_file_is_taken() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let places = Places::new(vec![first.path().into(), second.path().into()]);
        fs::write(second.path().join("a"), "").unwrap();
        assert_eq!(places.find("a").unwrap(), second.path().join("a"));
        fs::write(first.path().join("a.gz"), "").unwrap();
        assert_eq!(places.find("a").unwrap(), first.path().join("a.gz"));
    }

    #[test]
    fn every_place_looked_in_is_named() {
        let places = Places::new(vec!["no/such/one".into(), "no/such/two".into()]);
        let message = places.find("mnist/images").unwrap_err().to_string();
        for part in ["mnist/images", "no/such/one", "no/such/two"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
