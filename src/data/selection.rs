//! What an experiment says of its data.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Error;

/// The data section of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Where the data come from.
    pub source: Source,
    /// What is to be predicted.
    pub task: Task,
    /// How many of the first data train. Where not stated: five of six of the user's own data, those of
    /// [`Source::known`], or fewer if the validation data leave fewer.
    pub train: Option<usize>,
    /// How many of the data after those validate. Where not stated: the rest, but no more than there
    /// would be if `train` were not stated either.
    pub validation: Option<usize>,
}

/// Where data come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The 60,000 training images of MNIST, from `datasets/mnist`.
    Mnist,
    /// The 60,000 training images of Fashion-MNIST, from `datasets/fashion-mnist`.
    FashionMnist,
    /// 28 × 28 images of smooth curves, made by the program.
    Curves {
        /// Determines the curves.
        seed: u64,
    },
    /// 25 × 25 images of faces, made by the program of portraits.
    Faces {
        /// Determines how the portraits are changed.
        seed: u64,
        /// The user's portraits; where not stated, the 100 of `datasets/faces`.
        portraits: Option<PathBuf>,
    },
    /// 1,797 digits of 8 × 8 pixels, embedded in the program.
    Digits,
    /// The user's own files.
    Files {
        /// Images, or other data: an array with two or more dimensions.
        images: PathBuf,
        /// Labels: an array with one dimension; of regression the numbers to predict, with as many as there are
        /// images in the first dimension. Not needed to autoencode.
        labels: Option<PathBuf>,
    },
}

/// What is to be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// The input itself.
    Autoencode,
    /// The class, one-hot.
    Classify,
    /// +1 for odd classes, −1 for even ones.
    OddEven,
    /// Numbers that a file of the user has for each input.
    Regress,
}

/// What is known of a data set without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// How many data there are.
    pub available: Available,
    /// `d_0`, the length of one input.
    pub input: usize,
    /// The number of classes; `None` where data have none.
    pub classes: Option<usize>,
    /// How many train where nothing is stated.
    pub train: usize,
}

/// How many data there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Available {
    /// So many, any of which can train or validate.
    Together(usize),
    /// Data that can only train, and others that can only validate.
    Apart(Split),
}

/// How many data train and how many validate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The first so many train, at least 1.
    pub train: usize,
    /// The next so many validate.
    pub validation: usize,
}

impl Selection {
    /// Whether the data have what is to be predicted, as far as that is known without reading.
    pub fn has_targets(&self) -> bool {
        self.source.known().is_none_or(|known| match self.task {
            Task::Autoencode => true,
            Task::Classify | Task::OddEven => known.classes.is_some(),
            Task::Regress => false,
        })
    }
}

impl Source {
    /// The names an experiment file has for the sources that are not files of the user.
    pub const NAMES: &[&str] = &["mnist", "fashion-mnist", "curves", "faces", "digits"];

    /// The source of a name, if it has one of [`Source::NAMES`]; `seed` and `portraits` are of those that take them.
    pub fn named(name: &str, seed: u64, portraits: Option<PathBuf>) -> Option<Self> {
        Some(match name {
            "mnist" => Self::Mnist,
            "fashion-mnist" => Self::FashionMnist,
            "curves" => Self::Curves { seed },
            "faces" => Self::Faces { seed, portraits },
            "digits" => Self::Digits,
            _ => return None,
        })
    }

    /// Its name in experiment files; own files have none there.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::Curves { .. } => "curves",
            Self::Faces { .. } => "faces",
            Self::Digits => "digits",
            Self::Files { .. } => "own files",
        }
    }

    /// The sources that take a key of the data section; `None` if it does not depend on the source.
    pub fn takers(key: &str) -> Option<&'static [&'static str]> {
        match key {
            "seed" => Some(&["curves", "faces"]),
            "portraits" => Some(&["faces"]),
            _ => None,
        }
    }

    /// What is known without reading: nothing of a user's own files.
    pub fn known(&self) -> Option<Known> {
        let (available, input, classes, train) = match self {
            Self::Mnist | Self::FashionMnist => (Available::Together(60_000), 784, Some(10), 50_000),
            Self::Curves { .. } => (Available::Apart(Split { train: 20_000, validation: 10_000 }), 784, None, 20_000),
            Self::Faces { .. } => (Available::Apart(Split { train: 103_500, validation: 41_400 }), 625, None, 103_500),
            Self::Digits => (Available::Together(1_797), 64, Some(10), 1_500),
            Self::Files { .. } => return None,
        };
        Some(Known { available, input, classes, train })
    }
}

impl Task {
    /// Every task.
    pub const ALL: &[Self] = &[Self::Autoencode, Self::Classify, Self::OddEven, Self::Regress];

    /// What data must have for it, in words.
    pub fn needs(self) -> &'static str {
        match self {
            Self::Autoencode => "inputs",
            Self::Classify | Self::OddEven => "classes",
            Self::Regress => "numbers to predict",
        }
    }

    /// Its name in experiment files and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Autoencode => "autoencode",
            Self::Classify => "classify",
            Self::OddEven => "odd_even",
            Self::Regress => "regress",
        }
    }
}

impl Split {
    /// Splits data of which `usual` train where nothing is stated.
    ///
    /// # Errors
    /// [`Error::TooFew`] if there are fewer than asked for, or none would train.
    pub fn new(
        available: Available,
        usual: usize,
        train: Option<usize>,
        validation: Option<usize>,
    ) -> Result<Self, Error> {
        let (split, fits) = match available {
            Available::Together(count) => {
                let rest = count.saturating_sub(usual);
                let (train, validation) = match (train, validation) {
                    (None, None) => (usual, rest),
                    (Some(train), None) => (train, count.saturating_sub(train).min(rest)),
                    (None, Some(validation)) => (count.saturating_sub(validation).min(usual), validation),
                    (Some(train), Some(validation)) => (train, validation),
                };
                (Self { train, validation }, train.checked_add(validation).is_some_and(|sum| sum <= count))
            }
            Available::Apart(most) => {
                let split = Self { train: train.unwrap_or(usual), validation: validation.unwrap_or(most.validation) };
                (split, split.train <= most.train && split.validation <= most.validation)
            }
        };
        if fits && split.train > 0 { Ok(split) } else { Err(Error::TooFew { available, wanted: split }) }
    }
}

impl fmt::Display for Available {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Together(count) => {
                write!(formatter, "{count} training and validation data in total")
            }
            Self::Apart(most) => write!(formatter, "{} training and {} validation data", most.train, most.validation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unstated_counts_follow_from_the_stated_ones() {
        let split = |train, validation| Split::new(Available::Together(60), 50, train, validation).unwrap();
        assert_eq!(split(None, None), Split { train: 50, validation: 10 });
        assert_eq!(split(Some(20), None), Split { train: 20, validation: 10 });
        assert_eq!(split(Some(55), None), Split { train: 55, validation: 5 });
        assert_eq!(split(None, Some(30)), Split { train: 30, validation: 30 });
        assert_eq!(split(Some(60), Some(0)), Split { train: 60, validation: 0 });
    }

    #[test]
    fn counts_beyond_the_data_are_refused() {
        for (train, validation) in
            [(Some(61), None), (None, Some(60)), (Some(50), Some(11)), (Some(usize::MAX), Some(2))]
        {
            let split = Split::new(Available::Together(60), 50, train, validation);
            assert!(matches!(split, Err(Error::TooFew { available: Available::Together(60), .. })));
        }
    }

    #[test]
    fn every_name_is_that_of_a_source() {
        for &name in Source::NAMES {
            assert_eq!(Source::named(name, 1, None).unwrap().name(), name);
        }
    }

    #[test]
    fn data_that_are_apart_do_not_stand_in_for_each_other() {
        let most = Available::Apart(Split { train: 50, validation: 10 });
        let split = |train, validation| Split::new(most, 50, train, validation);
        assert_eq!(split(None, None).unwrap(), Split { train: 50, validation: 10 });
        assert_eq!(split(Some(20), None).unwrap(), Split { train: 20, validation: 10 });
        assert_eq!(split(None, Some(3)).unwrap(), Split { train: 50, validation: 3 });
        for (train, validation) in [(Some(51), Some(0)), (None, Some(11)), (Some(0), None)] {
            assert!(matches!(split(train, validation), Err(Error::TooFew { .. })));
        }
    }
}
