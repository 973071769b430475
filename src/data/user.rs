//! The user's own files, and what every source is read into before it is split.

use std::path::Path;

use super::array::{Array, Layout, Role};
use super::{Error, Problem, Task, contents, idx, npy};

/// All data of a source.
pub(super) struct Pool {
    /// For people.
    pub name: String,
    /// The inputs, one datum after the other.
    pub inputs: Vec<f32>,
    /// `d_0`, the length of one input.
    pub width: usize,
    /// Rows and columns, of images.
    pub image: Option<(usize, usize)>,
    /// Classes, where the task needs them.
    pub labels: Option<Vec<u16>>,
}

/// Reads images and, unless the task is to autoencode, labels.
///
/// # Errors
/// [`Error::Read`], [`Error::Format`], [`Error::Counts`], [`Error::NoLabels`].
pub(super) fn load(images: &Path, labels: Option<&Path>, task: Task) -> Result<Pool, Error> {
    let name = images.file_name().unwrap_or(images.as_os_str()).to_string_lossy().into_owned();
    let mut pool = read(images, Role::Images, |array| {
        Ok(Pool { name, inputs: array.inputs()?, width: array.width(), image: array.image(), labels: None })
    })?;
    if task != Task::Autoencode {
        let file = labels.ok_or(Error::NoLabels { task: task.name() })?;
        let classes = read(file, Role::Labels, |labels| labels.classes())?;
        let count = pool.inputs.len() / pool.width;
        if classes.len() != count {
            let (images_file, labels_file) = (images.to_owned(), file.to_owned());
            return Err(Error::Counts { images_file, images: count, labels_file, labels: classes.len() });
        }
        pool.labels = Some(classes);
    }
    Ok(pool)
}

/// What `take` takes from the array of a file: NPY if its name says so, else IDX.
fn read<T>(file: &Path, role: Role, take: impl FnOnce(&Array) -> Result<T, Problem>) -> Result<T, Error> {
    let is_npy = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("npy"));
    let layout: fn(&[u8], Role) -> Result<Layout, Problem> = if is_npy { npy::layout } else { idx::layout };
    let bytes = contents::read(file, |bytes| Ok(layout(bytes, role)?.expected()))?;
    let array = layout(&bytes, role).and_then(|layout| Array::new(layout, &bytes));
    array.and_then(|array| take(&array)).map_err(|problem| Error::Format { file: file.to_owned(), problem })
}
