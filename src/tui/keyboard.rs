//! Keys, mouse and sizes as they come from the terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event};

/// How long the thread waits before it looks whether it is still wanted. Each time crossterm spins for what is left of
/// the last millisecond: often, that would keep an idle machine busy.
const PATIENCE: Duration = Duration::from_secs(1);

/// What comes from the terminal, read on a thread of its own: reading from a terminal that is gone may
/// never return, and the screen must see that it is gone.
pub struct Keyboard {
    events: Receiver<std::io::Result<Event>>,
    over: Arc<AtomicBool>,
}

impl Keyboard {
    /// Begins to read.
    ///
    /// # Errors
    /// Where there can be no further thread.
    pub fn listen() -> std::io::Result<Self> {
        let (sender, events) = channel();
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        std::thread::Builder::new().name("keys".into()).spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let event = match event::poll(PATIENCE) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let failed = event.is_err();
                if sender.send(event).is_err() || failed {
                    return;
                }
            }
        })?;
        Ok(Self { events, over })
    }

    /// The next event, if there is one within `wait`.
    ///
    /// # Errors
    /// Where the terminal cannot be read.
    pub fn next(&self, wait: Duration) -> std::io::Result<Option<Event>> {
        match self.events.recv_timeout(wait) {
            Ok(event) => event.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(std::io::Error::other("its keys cannot be read")),
        }
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
