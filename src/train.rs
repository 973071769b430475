//! Training: one update after another, and what is measured at each.

mod average;
mod evaluation;
mod hyperparameter;
mod live;
mod settings;
mod step;
mod trainer;

pub use crate::optim::{Phase, Spent};
pub use evaluation::Losses;
pub use hyperparameter::Hyperparameter;
pub use settings::{Precision, Settings};
pub use step::{Machine, Step};
pub use trainer::{Failure, Progress, Start, Trainer};
