//! Run folders, live and finished: what they are of, what came of them, and which of them one wants.

mod compare;
pub mod filter;
mod folder;
mod names;
mod shelf;
mod watch;

pub use compare::{differences, repetitions};
pub use filter::Filter;
pub use folder::{Fact, Run, Unreadable};
pub use names::{Names, UnknownName};
pub use shelf::{Entry, Id, Shelf, Standing};
pub use watch::Watch;
