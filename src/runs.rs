//! Run folders, live and finished: what they are of, what came of them, and which of them one wants.

pub mod filter;
mod folder;

pub use filter::Filter;
pub use folder::{Fact, Run, list};
