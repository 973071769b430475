//! Data sets: where they are found, how they are read, how minibatches are drawn.

mod selection;

pub use selection::{Selection, Source, Task};
