//! Data sets: where they are found, how they are read or made, how minibatches are drawn.

mod array;
mod batches;
mod built;
mod checksum;
mod contents;
mod curves;
mod dataset;
mod digits;
mod error;
mod faces;
mod idx;
mod locate;
mod mnist;
mod npy;
mod portraits;
mod problem;
mod samples;
mod selection;
mod user;

pub use batches::{Batches, Cursor};
pub use dataset::Dataset;
pub use error::Error;
pub use locate::Places;
pub use problem::Problem;
pub use samples::{Samples, Targets};
pub use selection::{Available, Known, Selection, Source, Split, Task};
