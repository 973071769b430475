//! Data sets: where they are found, how they are read, how minibatches are drawn.

mod batches;
mod dataset;
mod digits;
mod error;
mod idx;
mod locate;
mod mnist;
mod samples;
mod selection;
mod user;

pub use batches::{Batches, Cursor};
pub use dataset::Dataset;
pub use error::Error;
pub use idx::{Problem as IdxProblem, Type as IdxType};
pub use locate::Places;
pub use samples::{Samples, Targets};
pub use selection::{Known, Selection, Source, Split, Task};
