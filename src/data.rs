//! Data sets: where they are found, how they are read or made, how minibatches are drawn.

mod array;
mod batches;
mod built;
mod catalogue;
mod checksum;
mod contents;
mod csv;
mod curves;
mod dataset;
mod digits;
mod error;
mod faces;
mod fetch;
mod idx;
mod images;
mod locate;
mod npy;
mod npz;
mod portraits;
mod problem;
mod published;
mod samples;
mod selection;
mod user;

pub use batches::{Batches, Cursor};
pub use catalogue::{Entry, State, build, catalogue};
pub use dataset::Dataset;
pub use error::Error;
pub use fetch::fetch;
pub use locate::Places;
pub use problem::Problem;
pub use published::{Checksum, Published, PublishedFile};
pub use samples::{Samples, Targets};
pub use selection::{Available, Known, Selection, Source, Split, Task};
pub use user::named_file;
