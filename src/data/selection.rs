//! What an experiment says of its data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The data section of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Where the data come from.
    pub source: Source,
    /// What is to be predicted.
    pub task: Task,
    /// How many of the first data train; all but the validation data where not stated.
    pub train: Option<usize>,
    /// How many of the data after those validate.
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
