//! Sweeps as they are run: a folder with a run for each point, worked off by processes side by side.
//!
//! Every run is a process of its own. What ends it, be it a panic, the memory or a signal, ends it alone; its
//! threads, its memory and its random streams are those of the same run started by hand, so its losses are too,
//! bit by bit. The sweep knows of a run only what its folder tells, which is all that another machine on the
//! same disk would know: shards on several machines need nothing else.

mod error;
mod folder;
mod process;
mod runner;
mod shard;
pub mod slurm;
mod summary;

pub use error::Error;
pub use folder::{Failure, Plan, Point, State};
pub use process::Process;
pub use runner::{News, Options, Totals, run};
pub use shard::Shard;
pub use summary::write_tables;
