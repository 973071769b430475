//! A run: a worker thread that trains, the events it tells, the commands it takes.

pub mod command;
pub mod event;
mod handle;
pub mod history;
pub mod snapshot;
mod summary;

pub use command::{Command, Ticket};
pub use event::{Evaluation, Event};
pub use handle::{Desk, Handle, pair};
pub use snapshot::{Snapshot, Status};
pub use summary::{Outcome, Summary};
