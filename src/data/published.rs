//! Published data sets in IDX files: MNIST and Fashion-MNIST. Each has 60,000 training images, which are the pool
//! that trains and validates, and 10,000 test images, of 28 × 28 pixels in 10 classes.

use std::path::{Path, PathBuf};

use super::array::{Array, Role};
use super::locate::Places;
use super::user::Pool;
use super::{Error, Problem, Task, checksum, contents, idx};

/// A published data set.
#[derive(Debug)]
pub struct Published {
    /// Its name in experiments, and that of its folder.
    pub name: &'static str,
    /// What it holds.
    pub what: &'static str,
    /// Under which licence.
    pub licence: &'static str,
    /// The address that the names of its files are added to.
    pub url: &'static str,
    /// Images and labels for training, then for testing.
    pub files: [PublishedFile; 4],
}

/// A file of a published data set.
#[derive(Debug)]
pub struct PublishedFile {
    /// Its name, without `.gz`.
    pub name: &'static str,
    /// Its length in bytes, uncompressed.
    pub length: usize,
    /// Its MD5 checksum.
    pub checksum: Checksum,
}

/// What a published MD5 checksum is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The uncompressed contents: the file may be packed or not.
    Contents(&'static str),
    /// The packed file, as it was published.
    Packed(&'static str),
}

use Checksum::{Contents, Packed};

/// MNIST (LeCun, Cortes & Burges). Packed files of several kinds are in circulation, so the contents are what is
/// checked.
pub static MNIST: Published = Published {
    name: "mnist",
    what: "60,000 + 10,000 handwritten digits, 28 × 28",
    licence: "CC BY-SA 3.0",
    url: "https://ossci-datasets.s3.amazonaws.com/mnist/",
    files: files([
        Contents("6bbc9ace898e44ae57da46a324031adb"),
        Contents("a25bea736e30d166cdddb491f175f624"),
        Contents("2646ac647ad5339dbf082846283269ea"),
        Contents("27ae3e4e09519cfbb04c329615203637"),
    ]),
};

/// Fashion-MNIST (Xiao, Rasul & Vollgraf).
pub static FASHION_MNIST: Published = Published {
    name: "fashion-mnist",
    what: "60,000 + 10,000 articles of clothing, 28 × 28",
    licence: "MIT",
    url: "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    files: files([
        Packed("8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        Packed("25c81989df183df01b3e8a0aad5dffbe"),
        Packed("bef4ecab320f06d8554ea6380940ec79"),
        Packed("bb300cfdad3c16e7a12a480ee83cd310"),
    ]),
};

const fn files([a, b, c, d]: [Checksum; 4]) -> [PublishedFile; 4] {
    [
        PublishedFile { name: "train-images-idx3-ubyte", length: 47_040_016, checksum: a },
        PublishedFile { name: "train-labels-idx1-ubyte", length: 60_008, checksum: b },
        PublishedFile { name: "t10k-images-idx3-ubyte", length: 7_840_016, checksum: c },
        PublishedFile { name: "t10k-labels-idx1-ubyte", length: 10_008, checksum: d },
    ]
}

impl PublishedFile {
    /// The uncompressed contents of a `file` that must be this one.
    ///
    /// # Errors
    /// Those of reading, and [`Error::Checksum`].
    pub fn read(&self, file: &Path) -> Result<Vec<u8>, Error> {
        let contents = contents::read(file, |_| Ok(self.length))?;
        let (expected, found, of) = match self.checksum {
            Contents(expected) => (expected, checksum::md5(&[&contents]), "uncompressed file"),
            Packed(expected) => {
                let bytes = std::fs::read(file).map_err(|source| Error::Read { file: file.to_owned(), source })?;
                (expected, checksum::md5(&[&bytes]), "packed file")
            }
        };
        if found == expected {
            Ok(contents)
        } else {
            Err(Error::Checksum { file: file.to_owned(), of, expected, found })
        }
    }
}

impl Published {
    /// Every published data set.
    pub const ALL: [&'static Self; 2] = [&MNIST, &FASHION_MNIST];

    /// The one of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|published| published.name == name)
    }

    /// The command that brings it.
    pub fn remedy(&self) -> String {
        format!("kfra-tui data fetch {}", self.name)
    }

    /// Where a file of it is to be found.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn find(&self, file: &PublishedFile, places: &Places) -> Result<PathBuf, Error> {
        places.find(&format!("{}/{}", self.name, file.name))
    }

    /// The 60,000 images and, unless the task is to autoencode, their labels.
    ///
    /// # Errors
    /// Those of [`Places::find`], of reading, and [`Error::Checksum`].
    pub(super) fn load(&self, places: &Places, task: Task) -> Result<Pool, Error> {
        let [images, labels, ..] = &self.files;
        let inputs = self.read(places, images, Role::Images, Array::inputs)?;
        let labels = match task {
            Task::Autoencode => None,
            _ => Some(self.read(places, labels, Role::Labels, Array::classes)?),
        };
        Ok(Pool { name: self.name.to_owned(), inputs, width: 784, image: Some((28, 28)), labels, numbers: None })
    }

    /// What `take` takes from a file.
    fn read<T>(
        &self,
        places: &Places,
        file: &PublishedFile,
        role: Role,
        take: fn(&Array) -> Result<Vec<T>, Problem>,
    ) -> Result<Vec<T>, Error> {
        let path = self.find(file, places)?;
        let bytes = file.read(&path)?;
        let array = idx::layout(&bytes, role).and_then(|layout| Array::new(layout, bytes));
        array.and_then(|array| take(&array)).map_err(|problem| Error::Format { file: path, problem })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn other_contents_than_the_published_are_refused() {
        for published in Published::ALL {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join(published.name)).unwrap();
            fs::write(folder.path().join(published.name).join(published.files[0].name), "something else").unwrap();
            let error = published.load(&Places::new(vec![folder.path().into()]), Task::Autoencode).err().unwrap();
            let (Contents(expected) | Packed(expected)) = published.files[0].checksum;
            assert!(matches!(error, Error::Checksum { .. }));
            assert!(error.to_string().contains(expected));
        }
    }

    #[test]
    fn the_files_of_the_project_are_as_published() {
        for file in &MNIST.files {
            let path = Path::new("datasets/mnist").join(file.name).with_extension("gz");
            assert_eq!(file.read(&path).unwrap().len(), file.length);
        }
    }
}
