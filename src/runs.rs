//! Run folders, live and finished: what they are of, what came of them, and which of them one wants.

pub mod filter;
mod folder;
mod replay;

pub use filter::Filter;
pub use folder::{Fact, Run, Unreadable, list};
pub use replay::{Follower, events, replay};
