//! Training: one update after another, and what is measured at each.

mod hyperparameter;
pub mod number;
mod settings;
mod step;

pub use hyperparameter::{Hyperparameter, Range};
pub use settings::{Precision, Settings};
pub use crate::optim::Phase;
pub use step::{Machine, Step};
