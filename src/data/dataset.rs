//! A data set, ready to train on.

use ndarray::Array2;

use super::built::{Built, Part, Recipe};
use super::csv::Table;
use super::curves::Curves;
use super::faces::Faces;
use super::locate::Places;
use super::selection::{Available, Selection, Source, Split, Task};
use super::user::Pool;
use super::{Error, Samples, Targets, digits, published, user};

/// Training and validation data.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Its name, for people.
    pub name: String,
    /// The data that train, at least one.
    pub train: Samples,
    /// The data that validate, perhaps none.
    pub validation: Samples,
    /// Rows and columns, where the inputs are images.
    pub image: Option<(usize, usize)>,
    /// The number of classes, where classes are to be predicted.
    pub classes: Option<usize>,
}

impl Dataset {
    /// Reads what an experiment selects. Files of known data sets are looked for in `places`.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn load(selection: &Selection, places: &Places) -> Result<Self, Error> {
        let task = selection.task;
        if !selection.has_targets() {
            return Err(Error::NoTargets { task, source_name: selection.source.name() });
        }
        let pool = match &selection.source {
            Source::Mnist => published::MNIST.load(places, task)?,
            Source::FashionMnist => published::FASHION_MNIST.load(places, task)?,
            Source::Digits => digits::load(task)?,
            Source::Curves { seed } => return Self::made(&Curves { seed: *seed }, selection, places),
            Source::Faces { seed, portraits } => {
                return Self::made(&Faces::new(*seed, portraits.as_deref(), places)?, selection, places);
            }
            Source::Files { images, labels } => user::load(images, labels.as_deref(), task)?,
        };
        let count = pool.inputs.len() / pool.width;
        let usual = selection.source.known().map_or((count * 5 / 6).max(1), |known| known.train);
        let split = Split::new(Available::Together(count), usual, selection.train, selection.validation)?;
        Ok(Self::of(pool, split, task))
    }

    /// Data that the program makes.
    fn made(recipe: &dyn Recipe, selection: &Selection, places: &Places) -> Result<Self, Error> {
        let (name, (rows, columns)) = (recipe.name().to_owned(), recipe.image());
        let [train, validation] = [Part::Train, Part::Test].map(|part| recipe.count(part));
        let available = Available::Apart(Split { train, validation });
        let split = Split::new(available, train, selection.train, selection.validation)?;
        let inputs = Built::load(recipe, places).inputs(recipe, split);
        let pool =
            Pool { name, inputs, width: rows * columns, image: Some((rows, columns)), labels: None, numbers: None };
        Ok(Self::of(pool, split, selection.task))
    }

    /// `d_0`, the length of one input.
    pub fn input_width(&self) -> usize {
        self.train.input_width()
    }

    /// The number of outputs a network needs to predict the targets, where the targets decide it: not
    /// for signs, whose loss decides.
    pub fn output_width(&self) -> Option<usize> {
        match self.train.targets {
            Targets::Signs(_) => None,
            _ => Some(self.train.target_width()),
        }
    }

    /// One line for people: `mnist, 50000 training and 10000 validation data`.
    pub fn summary(&self) -> String {
        format!("{}, {} training and {} validation data", self.name, self.train.len(), self.validation.len())
    }

    /// A CRC-32C of all numbers, by which other data of the same shapes are told from these.
    pub fn checksum(&self) -> u32 {
        [&self.train, &self.validation].iter().fold(0, |sum, samples| samples.checksum(sum))
    }

    fn of(mut pool: Pool, split: Split, task: Task) -> Self {
        let (width, used) = (pool.width, split.train + split.validation);
        pool.inputs.truncate(used * width);
        let validation_inputs = pool.inputs.split_off(split.train * width);
        let labels = pool.labels.unwrap_or_default();
        let numbers = pool.numbers.unwrap_or(Table { values: Vec::new(), width: 0 });
        // Over all labels, so that the number of classes does not depend on the split.
        let classes = labels.iter().max().map(|&most| usize::from(most) + 1);
        let samples = |inputs: Vec<f32>, first: usize, count: usize| {
            let labels = labels.get(first..first + count).unwrap_or_default();
            let targets = match task {
                Task::Autoencode => Targets::Inputs,
                Task::Classify => Targets::Classes { labels: labels.to_vec(), classes: classes.unwrap_or(0) },
                Task::OddEven => {
                    Targets::Signs(labels.iter().map(|label| if label % 2 == 1 { 1 } else { -1 }).collect())
                }
                Task::Regress => {
                    let [from, to] = [first, first + count].map(|place| place * numbers.width);
                    let numbers_here = numbers.values.get(from..to).unwrap_or_default();
                    Targets::Numbers(matrix(numbers_here.to_vec(), count, numbers.width))
                }
            };
            Samples { inputs: matrix(inputs, count, width), targets }
        };
        Self {
            name: pool.name,
            train: samples(pool.inputs, 0, split.train),
            validation: samples(validation_inputs, split.train, split.validation),
            image: pool.image,
            classes: classes.filter(|_| task == Task::Classify),
        }
    }
}

/// The matrix of `rows` × `columns` numbers, without copying them.
fn matrix(numbers: Vec<f32>, rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_vec((rows, columns), numbers).unwrap_or_else(|_| unreachable!("the numbers are rows · columns"))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn select(source: Source, task: Task) -> Selection {
        Selection { source, task, train: None, validation: None }
    }

    fn write(folder: &Path, name: &str, header: &[u8], values: &[u8]) -> PathBuf {
        let file = folder.join(name);
        std::fs::write(&file, [header, values].concat()).unwrap();
        file
    }

    #[test]
    fn the_digits_are_embedded() {
        let digits = Dataset::load(&select(Source::Digits, Task::Classify), &Places::new(vec![])).unwrap();
        assert_eq!((digits.train.len(), digits.validation.len()), (1500, 297));
        assert_eq!((digits.input_width(), digits.output_width(), digits.image), (64, Some(10), Some((8, 8))));
        assert_eq!(digits.train.range(), Some((0.0, 1.0)));
        assert_eq!((0..4).map(|index| digits.train.class(index).unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    #[test]
    fn odd_digits_are_positive() {
        let digits = Dataset::load(&select(Source::Digits, Task::OddEven), &Places::new(vec![])).unwrap();
        let Targets::Signs(signs) = &digits.train.targets else { panic!("signs") };
        assert_eq!(signs[..4], [-1, 1, -1, 1]);
        assert_eq!((digits.output_width(), digits.classes), (None, None));
    }

    #[test]
    fn a_users_files_are_split_five_to_one() {
        let folder = tempfile::tempdir().unwrap();
        let values: Vec<u8> = (0..24).collect();
        let images = write(folder.path(), "images", &[0, 0, 8, 3, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 2], &values);
        let labels = write(folder.path(), "labels", &[0, 0, 8, 1, 0, 0, 0, 12], &[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
        let source = Source::Files { images, labels: Some(labels) };
        let data = Dataset::load(&select(source, Task::Classify), &Places::new(vec![])).unwrap();
        assert_eq!((data.train.len(), data.validation.len(), data.classes, data.image), (10, 2, Some(3), Some((1, 2))));
        assert_eq!(data.validation.inputs.row(0).to_vec(), [20.0 / 255.0, 21.0 / 255.0]);
        assert_eq!(data.validation.class(1), Some(2));
    }

    #[test]
    fn labels_must_be_as_many_as_images() {
        let folder = tempfile::tempdir().unwrap();
        let images = write(folder.path(), "images", &[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1], &[0, 0]);
        let labels = write(folder.path(), "labels", &[0, 0, 8, 1, 0, 0, 0, 1], &[0]);
        let source = Source::Files { images, labels: Some(labels) };
        let error = Dataset::load(&select(source, Task::Classify), &Places::new(vec![])).unwrap_err();
        assert!(matches!(error, Error::Counts { images: 2, labels: 1, .. }), "{error}");
    }

    #[test]
    fn negative_labels_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let images = write(folder.path(), "images", &[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1], &[0, 0]);
        let labels = write(folder.path(), "labels", &[0, 0, 9, 1, 0, 0, 0, 2], &[0, 0xff]);
        let source = Source::Files { images, labels: Some(labels) };
        let error = Dataset::load(&select(source, Task::Classify), &Places::new(vec![])).unwrap_err();
        assert!(error.to_string().contains("at byte 9: label 1 must be a whole number"), "{error}");
    }
}
