//! The user's own files, and what every source is read into before it is split.

use std::path::{Path, PathBuf};

use super::array::{Array, Layout, Role};
use super::csv::{self, Columns, Table};
use super::{Error, Problem, Task, contents, idx, images, npy, npz};

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
    /// Numbers to predict, where the task needs them.
    pub numbers: Option<Table<f32>>,
}

/// The file or folder that `FILE` or `FILE#PART` names.
pub fn named_file(path: &Path) -> PathBuf {
    Named::of(path).file
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Folder,
    Npy,
    Npz,
    Csv,
    Idx,
}

/// A file, and what is meant of it: `FILE#PART`.
struct Named {
    file: PathBuf,
    /// The array of an .npz file, or the column of a .csv file.
    part: Option<String>,
    format: Format,
}

impl Named {
    fn of(path: &Path) -> Self {
        let text = path.to_string_lossy();
        if let Some((file, part)) = text.rsplit_once('#') {
            let (file, part) = (PathBuf::from(file), Some(part.to_owned()));
            let format = Format::of(&file);
            if matches!(format, Format::Npz | Format::Csv) {
                return Self { file, part, format };
            }
        }
        Self { file: path.to_owned(), part: None, format: Format::of(path) }
    }
}

impl Format {
    /// By the end of its name, `.gz` aside; what has another ending is IDX, whose files have none.
    fn of(file: &Path) -> Self {
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        match name.strip_suffix(".gz").unwrap_or(&name).rsplit_once('.') {
            _ if file.is_dir() => Self::Folder,
            Some((_, "npy")) => Self::Npy,
            Some((_, "npz")) => Self::Npz,
            Some((_, "csv")) => Self::Csv,
            _ => Self::Idx,
        }
    }
}

/// Reads images and, unless the task is to autoencode, labels or numbers to predict. They may be in the same file, if
/// it is of a format with parts; labels of a folder may be the folders below it.
///
/// # Errors
/// [`Error::Read`], [`Error::Format`], [`Error::Counts`], [`Error::NoLabels`].
pub(super) fn load(images: &Path, labels: Option<&Path>, task: Task) -> Result<Pool, Error> {
    let (named, labels_named) = (Named::of(images), labels.map(Named::of));
    let mut pool = read(&named, labels_named.as_ref())?;
    if task == Task::Autoencode {
        pool.labels = None;
        return Ok(pool);
    }
    let (Some(file), Some(named)) = (labels, &labels_named) else {
        let has_classes = pool.labels.is_some() && task != Task::Regress;
        return if has_classes { Ok(pool) } else { Err(Error::NoLabels { task }) };
    };
    let found = if task == Task::Regress {
        pool.labels = None;
        let numbers = pool.numbers.insert(numbers(named)?);
        numbers.values.len() / numbers.width
    } else {
        pool.labels.insert(classes(named)?).len()
    };
    let count = pool.inputs.len() / pool.width;
    if found != count {
        let (images_file, labels_file) = (images.to_owned(), file.to_owned());
        return Err(Error::Counts { images_file, images: count, labels_file, labels: found });
    }
    Ok(pool)
}

/// The inputs of a file. A column of a table with the `labels` is none of them.
fn read(named: &Named, labels: Option<&Named>) -> Result<Pool, Error> {
    let file = &named.file;
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    match named.format {
        Format::Folder => {
            let images::Folder { pixels, rows, columns, groups } = images::read(file)?;
            Ok(Pool {
                name,
                inputs: pixels,
                width: rows * columns,
                image: Some((rows, columns)),
                labels: groups,
                numbers: None,
            })
        }
        Format::Csv => {
            let apart = labels.filter(|labels| labels.file == *file).and_then(|labels| labels.part.as_deref());
            let columns = named.part.as_deref().map_or(Columns::AllBut(apart), Columns::Only);
            let Table { values, width } = csv::read(file, columns)?;
            Ok(Pool { name, inputs: values, width, image: None, labels: None, numbers: None })
        }
        _ => array(named, Role::Images, |array| {
            let (inputs, width, image) = (array.inputs()?, array.width(), array.image());
            Ok(Pool { name, inputs, width, image, labels: None, numbers: None })
        }),
    }
}

/// The classes of a file.
fn classes(named: &Named) -> Result<Vec<u16>, Error> {
    match named.format {
        Format::Csv => Ok(csv::read(&named.file, Columns::Only(named.part.as_deref().unwrap_or("1")))?.values),
        _ => array(named, Role::Labels, Array::classes),
    }
}

/// The numbers of a file: of a table all columns, or one.
fn numbers(named: &Named) -> Result<Table<f32>, Error> {
    match named.format {
        Format::Csv => csv::read(&named.file, named.part.as_deref().map_or(Columns::AllBut(None), Columns::Only)),
        _ => array(named, Role::Numbers, |array| Ok(Table { values: array.numbers()?, width: array.width() })),
    }
}

/// What `take` takes from the array of a file.
fn array<T>(named: &Named, role: Role, take: impl FnOnce(&Array) -> Result<T, Problem>) -> Result<T, Error> {
    let file = &named.file;
    let format = |problem| Error::Format { file: file.clone(), problem };
    let layout: fn(&[u8], Role) -> Result<Layout, Problem> =
        if named.format == Format::Idx { idx::layout } else { npy::layout };
    let bytes = match named.format {
        Format::Npz => npz::read(contents::open(file)?, named.part.as_deref(), role).map_err(format)?,
        _ => contents::read(file, |bytes| Ok(layout(bytes, role)?.expected()))?,
    };
    let array = layout(&bytes, role).and_then(|layout| Array::new(layout, bytes));
    array.and_then(|array| take(&array)).map_err(format)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_table_holds_images_and_labels() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        fs::write(&file, "x,class,y\n1,0,2\n3,1,4\n").unwrap();
        let labels = folder.path().join("a.csv#class");
        let pool = load(&file, Some(&labels), Task::Classify).unwrap();
        assert_eq!((pool.inputs, pool.width, pool.labels), (vec![1.0, 2.0, 3.0, 4.0], 2, Some(vec![0, 1])));
        let pool = load(&folder.path().join("a.csv#y"), Some(&labels), Task::Autoencode).unwrap();
        assert_eq!((pool.inputs, pool.width, pool.labels), (vec![2.0, 4.0], 1, None));
    }

    #[test]
    fn numbers_to_predict_are_a_column_a_table_or_an_array() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let file = folder.path().join(name);
            fs::write(&file, bytes).unwrap();
            file
        };
        let images = write("a.csv", b"x,y\n1,-0.5\n3,7e2\n");
        // Two bytes each: numbers are not scaled, as images are.
        let pairs = write("b", &[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 10, 20, 255]);
        let load = |labels: &Path| load(&images, Some(labels), Task::Regress);
        let pool = load(&folder.path().join("a.csv#y")).unwrap();
        assert_eq!((pool.inputs, pool.width), (vec![1.0, 3.0], 1));
        assert_eq!(pool.numbers, Some(Table { values: vec![-0.5, 700.0], width: 1 }));
        assert_eq!(load(&pairs).unwrap().numbers, Some(Table { values: vec![0.0, 10.0, 20.0, 255.0], width: 2 }));
        let error = load(&write("c.csv", b"1,2\n3,nan\n")).err().unwrap().to_string();
        assert!(error.contains("line 2") && error.contains("a finite number"), "{error}");
        assert!(matches!(load(&write("d.csv", b"1\n")), Err(Error::Counts { images: 2, labels: 1, .. })));
        assert!(super::load(folder.path(), None, Task::Regress).is_err());
    }

    #[test]
    fn folders_below_a_folder_are_classes() {
        let folder = tempfile::tempdir().unwrap();
        for (name, grey) in [("b/1.png", 255), ("a/2.pgm", 51), ("a/1.png", 0), ("a/notes.txt", 0)] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            if name.ends_with("txt") {
                fs::write(file, "").unwrap();
            } else {
                image::GrayImage::from_pixel(3, 2, image::Luma([grey])).save(file).unwrap();
            }
        }
        let pool = load(folder.path(), None, Task::Classify).unwrap();
        assert_eq!((pool.width, pool.image, pool.labels), (6, Some((2, 3)), Some(vec![0, 0, 1])));
        assert_eq!(pool.inputs.chunks(6).map(|image| image[5]).collect::<Vec<_>>(), [0.0, 0.2, 1.0]);
        image::GrayImage::new(4, 2).save(folder.path().join("b/2.png")).unwrap();
        let error = load(folder.path(), None, Task::Autoencode).err().unwrap().to_string();
        assert!(error.ends_with("b/2.png: expected 3 × 2 pixels, as of the first image, found 4 × 2"), "{error}");
        image::GrayImage::new(3, 2).save(folder.path().join("3.png")).unwrap();
        let error = load(folder.path(), None, Task::Autoencode).err().unwrap().to_string();
        assert!(error.contains("found 3.png beside folders with images"), "{error}");
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = || load(folder.path(), None, Task::Autoencode).err().unwrap().to_string();
        assert!(refused().contains("no images"), "{}", refused());
        let file = folder.path().join("a.png");
        image::GrayImage::new(300, 200).save(&file).unwrap();
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        assert!(refused().contains("a.png: expected an image"), "{}", refused());
        // A header that claims more than is allowed.
        fs::write(&file, "P5 90000 90000 255\n").unwrap();
        assert!(refused().contains("a.png: expected an image"), "{}", refused());
        fs::write(&file, "text").unwrap();
        assert!(refused().contains("a.png: expected an image"), "{}", refused());
    }

    #[test]
    fn labels_are_needed_to_classify() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        fs::write(&file, "1,2\n").unwrap();
        assert!(matches!(load(&file, None, Task::Classify), Err(Error::NoLabels { .. })));
    }
}
