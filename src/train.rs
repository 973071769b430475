//! Training: one update after another, and what is measured at each.

mod hyperparameter;
mod live;
mod settings;
mod step;
mod trainer;

pub use crate::linalg::number;
pub use crate::optim::{Phase, Spent};
pub use hyperparameter::Hyperparameter;
pub use settings::{Precision, Settings};
pub use step::{Machine, Step};
pub use trainer::{Failure, Losses, Progress, Start, Trainer};
