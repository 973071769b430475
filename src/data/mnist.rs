//! The training images of MNIST, which are the pool that trains and validates.

use super::array::{Array, Role};
use super::locate::Places;
use super::user::Pool;
use super::{Error, Problem, Task, checksum, contents, idx};

/// The files, and the MD5 checksums and lengths of their uncompressed contents.
const IMAGES: (&str, &str, usize) = ("mnist/train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb", 47_040_016);
const LABELS: (&str, &str, usize) = ("mnist/train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624", 60_008);

/// The 60,000 images and, unless the task is to autoencode, their labels.
///
/// # Errors
/// Those of [`Places::find`], of reading, and [`Error::Checksum`].
pub(super) fn load(places: &Places, task: Task) -> Result<Pool, Error> {
    let inputs = read(places, IMAGES, Role::Images, |images| images.inputs())?;
    let labels = match task {
        Task::Autoencode => None,
        _ => Some(read(places, LABELS, Role::Labels, |labels| labels.classes())?),
    };
    Ok(Pool { name: "mnist".to_owned(), inputs, width: 784, image: Some((28, 28)), labels })
}

/// What `take` takes from a file that is as published.
fn read<T>(
    places: &Places,
    (name, expected, length): (&str, &'static str, usize),
    role: Role,
    take: fn(&Array) -> Result<Vec<T>, Problem>,
) -> Result<Vec<T>, Error> {
    let file = places.find(name)?;
    let bytes = contents::read(&file, |_| Ok(length))?;
    let found = checksum::md5(&[&bytes]);
    if found != expected {
        return Err(Error::Checksum { file, expected, found });
    }
    let array = idx::layout(&bytes, role).and_then(|layout| Array::new(layout, &bytes));
    array.and_then(|array| take(&array)).map_err(|problem| Error::Format { file, problem })
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
}
