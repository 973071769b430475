//! The two ends between a run and those who watch and steer it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use arc_swap::ArcSwap;

use super::{Command, Snapshot, Ticket};

/// What a watcher holds: it looks at snapshots and sends commands, and never makes the run wait.
#[derive(Debug)]
pub struct Handle {
    commands: Sender<(Ticket, Command)>,
    board: Arc<ArcSwap<Snapshot>>,
    next: AtomicU64,
    cancelled: Arc<AtomicU64>,
}

/// What the run holds: it takes commands and publishes snapshots.
#[derive(Debug)]
pub struct Desk {
    /// Commands in the order they were sent.
    pub commands: Receiver<(Ticket, Command)>,
    /// Where snapshots are published.
    pub board: Arc<ArcSwap<Snapshot>>,
    /// How often measurements were cancelled: what was under way ends at once, not after the present update, where
    /// the command itself is obeyed.
    pub cancelled: Arc<AtomicU64>,
}

/// A fresh pair of ends.
pub fn pair() -> (Handle, Desk) {
    let (sender, receiver) = channel();
    let board = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let cancelled = Arc::new(AtomicU64::new(0));
    let desk = Desk { commands: receiver, board: Arc::clone(&board), cancelled: Arc::clone(&cancelled) };
    (Handle { commands: sender, board, next: AtomicU64::new(1), cancelled }, desk)
}

impl Handle {
    /// The latest published state of the run. Two calls give the same `Arc` where nothing changed.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.board.load_full()
    }

    /// Sends a command. Its acknowledgement (or refusal) carries the ticket returned here; once the
    /// run is over there is none.
    pub fn send(&self, command: Command) -> Ticket {
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        if command == Command::CancelMeasurements {
            self.cancelled.fetch_add(1, Ordering::Relaxed);
        }
        // A run that is over has hung up: nothing is left to command.
        let _ = self.commands.send((ticket, command));
        ticket
    }
}
