//! The training images of MNIST, which are the pool that trains and validates.

use md5::{Digest as _, Md5};

use super::idx::{Idx, Role};
use super::locate::Places;
use super::user::{Pool, classes_of, read};
use super::{Error, Task};

/// The files, and the MD5 checksums and lengths of their uncompressed contents.
const IMAGES: (&str, &str, usize) = ("mnist/train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb", 47_040_016);
const LABELS: (&str, &str, usize) = ("mnist/train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624", 60_008);

/// The 60,000 images and, unless the task is to autoencode, their labels.
///
/// # Errors
/// Those of [`Places::find`], of reading, and [`Error::Checksum`].
pub(super) fn load(places: &Places, task: Task) -> Result<Pool, Error> {
    let images = places.find(IMAGES.0)?;
    let contents = read(&images, |_| Ok(IMAGES.2))?;
    verify(&contents, IMAGES.1).map_err(|found| Error::Checksum { file: images.clone(), expected: IMAGES.1, found })?;
    let idx = |problem| Error::Idx { file: images.clone(), problem };
    let inputs = Idx::parse(&contents, Role::Images).and_then(|images| images.inputs()).map_err(idx)?;
    let labels = if task == Task::Autoencode {
        None
    } else {
        let file = places.find(LABELS.0)?;
        let contents = read(&file, |_| Ok(LABELS.2))?;
        verify(&contents, LABELS.1).map_err(|found| Error::Checksum {
            file: file.clone(),
            expected: LABELS.1,
            found,
        })?;
        let labels =
            Idx::parse(&contents, Role::Labels).map_err(|problem| Error::Idx { file: file.clone(), problem })?;
        Some(classes_of(&labels, &file)?)
    };
    Ok(Pool { name: "mnist".to_owned(), inputs, width: 784, image: Some((28, 28)), labels })
}

/// Compares the MD5 checksum of `contents`; returns the one found if it is another.
fn verify(contents: &[u8], expected: &str) -> Result<(), String> {
    let digest = Md5::digest(contents).iter().fold(0_u128, |digest, &byte| (digest << 8) | u128::from(byte));
    let found = format!("{digest:032x}");
    if found == expected { Ok(()) } else { Err(found) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn other_contents_than_the_published_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("mnist")).unwrap();
        fs::write(folder.path().join(IMAGES.0), "something else").unwrap();
        let error = load(&Places::new(vec![folder.path().into()]), Task::Autoencode).err().unwrap();
        assert!(matches!(error, Error::Checksum { .. }));
        assert!(error.to_string().contains(IMAGES.1));
    }

    #[test]
    fn the_checksum_is_md5() {
        assert_eq!(verify(b"", "d41d8cd98f00b204e9800998ecf8427e"), Ok(()));
    }
}
