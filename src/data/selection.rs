//! What an experiment says of its data.

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
    /// How many of the first data train. Where not stated: five of six of the user's own data, 50,000
    /// of MNIST, 1,500 of the digits, or fewer if the validation data leave fewer.
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
    /// 1,797 digits of 8 × 8 pixels, embedded in the program.
    Digits,
    /// The user's own IDX files, gzip or not.
    Idx {
        /// Images: IDX with two or more dimensions.
        images: PathBuf,
        /// Labels: IDX with one dimension. Not needed to autoencode.
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
}

/// What is known of a data set without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// How many data there are.
    pub count: usize,
    /// `d_0`, the length of one input.
    pub input: usize,
    /// The number of classes.
    pub classes: usize,
    /// How many train where nothing is stated.
    pub train: usize,
}

/// How many data train and how many validate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The first so many train, at least 1.
    pub train: usize,
    /// The next so many validate.
    pub validation: usize,
}

impl Source {
    /// The names an experiment file has for the sources that are not files of the user.
    pub const NAMES: &[&str] = &["mnist", "digits"];

    /// What is known without reading: nothing of a user's own files.
    pub fn known(&self) -> Option<Known> {
        match self {
            Self::Mnist => Some(Known { count: 60_000, input: 784, classes: 10, train: 50_000 }),
            Self::Digits => Some(Known { count: 1_797, input: 64, classes: 10, train: 1_500 }),
            Self::Idx { .. } => None,
        }
    }
}

impl Task {
    /// Every task.
    pub const ALL: &[Self] = &[Self::Autoencode, Self::Classify, Self::OddEven];

    /// Its name in experiment files and on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Autoencode => "autoencode",
            Self::Classify => "classify",
            Self::OddEven => "odd_even",
        }
    }
}

impl Split {
    /// Splits `count` data of which `usual` train where nothing is stated.
    ///
    /// # Errors
    /// [`Error::TooFew`] if there are fewer than asked for, or none would train.
    pub fn new(count: usize, usual: usize, train: Option<usize>, validation: Option<usize>) -> Result<Self, Error> {
        let rest = count.saturating_sub(usual);
        let (train, validation) = match (train, validation) {
            (None, None) => (usual, rest),
            (Some(train), None) => (train, count.saturating_sub(train).min(rest)),
            (None, Some(validation)) => (count.saturating_sub(validation).min(usual), validation),
            (Some(train), Some(validation)) => (train, validation),
        };
        let fits = train.checked_add(validation).is_some_and(|sum| sum <= count);
        if fits && train > 0 {
            Ok(Self { train, validation })
        } else {
            Err(Error::TooFew { available: count, train, validation })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unstated_counts_follow_from_the_stated_ones() {
        let split = |train, validation| Split::new(60, 50, train, validation).unwrap();
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
            assert!(matches!(Split::new(60, 50, train, validation), Err(Error::TooFew { available: 60, .. })));
        }
    }
}
