//! What data there are on this machine.

use std::path::{Path, PathBuf};

use super::built::{self, Built, Recipe};
use super::curves::Curves;
use super::faces::Faces;
use super::locate::Places;
use super::published::Published;
use super::selection::Source;
use super::{Error, digits, portraits};

/// A data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub what: String,
    /// Under which licence.
    pub licence: &'static str,
    /// Bytes of its files.
    pub bytes: u64,
    /// The folder or the file it is in.
    pub place: Option<PathBuf>,
    /// How it is.
    pub state: State,
}

/// How a data set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Its checksum is right.
    Sound,
    /// It is not what it should be, for a reason.
    Damaged(String),
    /// It is not there; what brings it.
    Absent(String),
}

/// All data sets that are known, and what is in the cache.
pub fn catalogue(places: &Places) -> Vec<Entry> {
    let mut entries: Vec<_> = Published::ALL.into_iter().map(|published| of_published(published, places)).collect();
    let (bytes, sound) = digits::embedded();
    entries.push(Entry {
        name: "digits".to_owned(),
        what: "1,797 handwritten digits, 8 × 8".to_owned(),
        licence: "CC BY 4.0",
        bytes,
        place: None,
        state: if sound { State::Sound } else { State::Damaged("wrong checksum".to_owned()) },
    });
    entries.push(of_portraits(places));
    entries.extend(of_cache(places));
    entries
}

fn size(file: &Path) -> u64 {
    file.metadata().map_or(0, |metadata| metadata.len())
}

/// The state that follows from an attempt to read.
fn state<T>(read: Result<T, Error>, remedy: String) -> State {
    match read {
        Ok(_) => State::Sound,
        Err(Error::NotFound { .. }) => State::Absent(remedy),
        Err(error) => State::Damaged(error.to_string()),
    }
}

fn of_published(published: &Published, places: &Places) -> Entry {
    let files: Vec<_> = published.files.iter().map(|file| (file, published.find(file, places))).collect();
    let found: Vec<_> = files.iter().filter_map(|(_, path)| path.as_deref().ok()).collect();
    let (place, bytes) =
        (found.first().and_then(|path| path.parent()).map(Path::to_owned), found.iter().copied().map(size).sum());
    let read = files.into_iter().try_for_each(|(file, path)| file.read(&path?).map(drop));
    Entry {
        name: published.name.to_owned(),
        what: published.what.to_owned(),
        licence: published.licence,
        bytes,
        place,
        state: state(read, published.remedy()),
    }
}

fn of_portraits(places: &Places) -> Entry {
    let place = portraits::find(places).ok();
    Entry {
        name: "portraits".to_owned(),
        what: "100 portraits that faces are made of, 25 × 25".to_owned(),
        licence: "BSD-3-Clause",
        bytes: place.as_deref().map_or(0, size),
        place,
        state: state(portraits::ours(places), "part of the repository".to_owned()),
    }
}

/// What is made: of the usual settings, there or not, and of others where they are there.
fn of_cache(places: &Places) -> Vec<Entry> {
    let curves = Curves { seed: 1 };
    let faces = Faces::new(1, None, places).ok();
    let usual = [
        Some((&curves as &dyn Recipe, built::CURVES_MD5)),
        faces.as_ref().map(|faces| (faces as &dyn Recipe, built::FACES_MD5)),
    ];
    let usual: Vec<_> = usual
        .into_iter()
        .flatten()
        .filter_map(|(recipe, md5)| Some((recipe, md5, built::file(recipe, places)?)))
        .collect();
    let mut entries: Vec<_> = usual.iter().map(|(recipe, md5, file)| of_recipe(*recipe, md5, file)).collect();
    let cached = places.cache().and_then(|folder| folder.read_dir().ok()).into_iter().flatten().flatten();
    let mut others: Vec<_> =
        cached.map(|entry| entry.path()).filter(|path| usual.iter().all(|(_, _, file)| file != path)).collect();
    others.sort();
    entries.extend(others.iter().filter_map(|file| of_other(file)));
    entries
}

fn made(name: &str, what: String, file: &Path, state: State) -> Entry {
    Entry {
        name: name.to_owned(),
        what,
        licence: "made here",
        bytes: size(file),
        place: file.is_file().then(|| file.to_owned()),
        state,
    }
}

fn of_recipe(recipe: &dyn Recipe, md5: &str, file: &Path) -> Entry {
    let state = match Built::read(recipe, file) {
        Some(built) if built.checksum() == md5 => State::Sound,
        Some(built) => State::Damaged(format!("expected the MD5 checksum {md5}, found {}", built.checksum())),
        None if file.exists() => State::Damaged("not as it was written; it is made anew when needed".to_owned()),
        None => State::Absent("made when needed".to_owned()),
    };
    made(recipe.name(), recipe.settings(), file, state)
}

/// Made of other settings.
fn of_other(file: &Path) -> Option<Entry> {
    let found = Built::parse(&std::fs::read(file).ok()?)?;
    let state = if found.is_whole { State::Sound } else { State::Damaged("not as it was written".to_owned()) };
    let name = found.settings.split(',').next().unwrap_or_default().to_owned();
    Some(made(&name, found.settings, file, state))
}

/// Makes the data of a source and keeps them in the cache, unless they are there. Returns the file and the MD5
/// checksum of all pixels.
///
/// # Errors
/// Those of reading portraits, [`Error::Write`], and [`Error::NotMade`] for other sources.
pub fn build(source: &Source, places: &Places) -> Result<(PathBuf, String), Error> {
    match source {
        Source::Curves { seed } => build_recipe(&Curves { seed: *seed }, places),
        Source::Faces { seed, portraits } => build_recipe(&Faces::new(*seed, portraits.as_deref(), places)?, places),
        _ => Err(Error::NotMade { source_name: source.name() }),
    }
}

fn build_recipe(recipe: &dyn Recipe, places: &Places) -> Result<(PathBuf, String), Error> {
    let file = built::file(recipe, places).ok_or(Error::NoCache)?;
    if let Some(built) = Built::read(recipe, &file) {
        return Ok((file, built.checksum()));
    }
    let built = Built::new(recipe);
    built.write(recipe, &file).map_err(|source| Error::Write { file: file.clone(), source })?;
    Ok((file, built.checksum()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn states(places: &Places) -> Vec<(String, State)> {
        catalogue(places).into_iter().map(|entry| (entry.name, entry.state)).collect()
    }

    #[test]
    fn what_is_there_is_told_from_what_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::new(vec!["datasets".into()]).with_cache(folder.path().into());
        let made = State::Absent("made when needed".to_owned());
        let expected = [
            ("mnist", State::Sound),
            ("fashion-mnist", State::Absent("kfra-tui data fetch fashion-mnist".to_owned())),
            ("digits", State::Sound),
            ("portraits", State::Sound),
            ("curves", made.clone()),
            ("faces", made),
        ];
        assert_eq!(states(&places), expected.map(|(name, state)| (name.to_owned(), state)));
        let (file, checksum) = build(&Source::Curves { seed: 1 }, &places).unwrap();
        assert_eq!(checksum, built::CURVES_MD5);
        build(&Source::Curves { seed: 2 }, &places).unwrap();
        let found = states(&places);
        assert_eq!(found[4], ("curves".to_owned(), State::Sound));
        assert_eq!(found[6..], [("curves".to_owned(), State::Sound)]);
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, bytes).unwrap();
        assert!(matches!(states(&places)[4].1, State::Damaged(_)));
        assert_eq!(build(&Source::Curves { seed: 1 }, &places).unwrap(), (file, checksum));
        assert_eq!(states(&places)[4].1, State::Sound);
    }

    #[test]
    fn other_files_under_the_names_are_found_out() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["mnist/t10k-labels-idx1-ubyte", "faces/lfw-faces-25x25.npy"] {
            let file = folder.path().join(name);
            fs::create_dir(file.parent().unwrap()).unwrap();
            fs::write(file, "something else").unwrap();
        }
        let found = states(&Places::new(vec![folder.path().into()]));
        assert!(matches!(found[0].1, State::Absent(_)) && matches!(found[3].1, State::Damaged(_)), "{found:?}");
        assert!(matches!(build(&Source::Digits, &Places::new(vec![])), Err(Error::NotMade { .. })));
        assert!(matches!(build(&Source::Curves { seed: 1 }, &Places::new(vec![])), Err(Error::NoCache)));
    }
}
