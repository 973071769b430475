//! The workbench's screen: the terminal is taken over, snapshots of a run are drawn, keys become
//! commands to it.
//!
//! `update` turns keys into changes of the screen's own state and into effects; `view` and `panes` only
//! draw; this file alone touches the world.

mod action;
pub mod design;
mod number;
mod panes;
mod popup;
mod state;
mod terminal;
mod theme;
mod update;
mod view;
mod widgets;

#[cfg(test)]
mod sample;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyEventKind};

use crate::session::{Command, Handle, Snapshot, Status};
use state::{Pending, State};
use terminal::{Signal, Terminal};
use theme::Theme;
use update::Effect;

pub use action::documented as keys;
pub use theme::{Background, Signs};

/// How the screen looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What the colours are chosen for.
    pub background: Background,
    /// Whether there are colours.
    pub colour: bool,
    /// The signs that may be drawn.
    pub signs: Signs,
    /// Frames a second drawn because the run went on, from 1 to 30. Keys are answered sooner.
    pub frames: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { background: Background::Dark, colour: true, signs: Signs::Braille, frames: 10 }
    }
}

impl Options {
    /// What the environment asks for: `NO_COLOR`, `COLORFGBG`, ASCII signs where the locale names a character
    /// set other than UTF-8, blocks on the Linux console, whose font has no braille, and fewer frames over SSH.
    pub fn from_environment() -> Self {
        let read = |name| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(read).into_iter().find(|locale| !locale.is_empty());
        let light = matches!(read("COLORFGBG").rsplit(';').next(), Some("7" | "15"));
        Self {
            background: if light { Background::Light } else { Background::Dark },
            colour: read("NO_COLOR").is_empty(),
            signs: if names_other_than_utf8(locale.as_deref()) {
                Signs::Ascii
            } else if read("TERM") == "linux" {
                Signs::Blocks
            } else {
                Signs::Braille
            },
            frames: if read("SSH_CONNECTION").is_empty() { 10 } else { 5 },
        }
    }
}

/// Whether a locale names a character set that is not UTF-8, as `de_DE.ISO-8859-1` does. `C` and `POSIX` name
/// none.
fn names_other_than_utf8(locale: Option<&str>) -> bool {
    let set = locale.and_then(|locale| locale.split_once('.')).map(|(_, set)| set.to_ascii_lowercase());
    set.is_some_and(|set| !set.starts_with("utf-8") && !set.starts_with("utf8"))
}

/// How the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user quit, and the run is over.
    Over,
    /// The user did not wait: the run has been told to stop but is not over yet.
    Left,
    /// SIGTERM or SIGHUP came, of this number: the run has been told to stop but is not over yet.
    Signal(i32),
}

/// Why the screen could not go on. The run is not told of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The terminal could not be used.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] std::io::Error),
    /// A thread panicked; its message has been printed.
    #[error("a thread panicked")]
    Panicked,
}

/// Frames a second, at most.
const FRAME: Duration = Duration::from_millis(33);
/// Drawing a run that goes on takes at most this share of the time: one part in so many.
const THRIFT: u32 = 50;

/// Takes over the terminal and shows a run until the user quits; if the run is not over by then it is
/// stopped first. The terminal is restored on every way out, a panic in any thread included. A terminal that
/// is gone is as SIGHUP, whether or not the signal came.
///
/// # Errors
/// The terminal cannot be used, or a thread panicked.
pub fn run(handle: &Handle, options: Options) -> Result<Exit, Error> {
    match show(handle, options) {
        Err(Error::Terminal(_)) if !std::io::stdout().is_terminal() => {
            handle.send(Command::Stop);
            Ok(Exit::Signal(signal_hook::consts::SIGHUP))
        }
        shown => shown,
    }
}

fn show(handle: &Handle, options: Options) -> Result<Exit, Error> {
    let mut terminal = Terminal::take()?;
    let keys = Keys::listen()?;
    let mut screen = Screen::new(handle, options);
    loop {
        match terminal.signal() {
            Some(Signal::End(number)) => {
                handle.send(Command::Stop);
                return Ok(Exit::Signal(number));
            }
            Some(Signal::Suspend) => screen.suspend(&mut terminal)?,
            None => {}
        }
        if !std::io::stdout().is_terminal() {
            return Err(Error::Terminal(std::io::Error::other("it is gone")));
        }
        if Terminal::panicked() {
            return Err(Error::Panicked);
        }
        if screen.look() {
            return Ok(Exit::Over);
        }
        if screen.is_due() {
            screen.draw(&mut terminal)?;
        }
        let mut wait = screen.wait();
        while let Some(event) = keys.next(wait)? {
            wait = Duration::ZERO;
            if let Some(exit) = screen.take_in(&event, &mut terminal)? {
                return Ok(exit);
            }
        }
    }
}

/// What comes from the terminal, read on a thread of its own: reading from a terminal that is gone may
/// never return, and the screen must see that it is gone.
struct Keys {
    events: Receiver<std::io::Result<Event>>,
    over: Arc<AtomicBool>,
}

impl Keys {
    fn listen() -> std::io::Result<Self> {
        let (sender, events) = channel();
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        std::thread::Builder::new().name("keys".into()).spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let event = match event::poll(FRAME) {
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
    fn next(&self, wait: Duration) -> std::io::Result<Option<Event>> {
        match self.events.recv_timeout(wait) {
            Ok(event) => event.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(std::io::Error::other("its keys cannot be read")),
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// The state of the screen and of its drawing.
struct Screen<'a> {
    handle: &'a Handle,
    theme: Theme,
    period: Duration,
    state: State,
    snapshot: Arc<Snapshot>,
    /// Something was changed by a key or by the terminal.
    touched: bool,
    /// The run went on.
    news: bool,
    drawn: Instant,
    measured: (Instant, Duration),
}

impl<'a> Screen<'a> {
    fn new(handle: &'a Handle, options: Options) -> Self {
        let now = Instant::now();
        Self {
            handle,
            theme: Theme::new(options.background, options.colour, options.signs),
            period: Duration::from_secs(1) / options.frames.clamp(1, 30),
            state: State::default(),
            snapshot: handle.snapshot(),
            touched: true,
            news: false,
            drawn: now.checked_sub(FRAME).unwrap_or(now),
            measured: (now, Duration::ZERO),
        }
    }

    /// Looks for news of the run. Whether the run is over and the user waits for that.
    fn look(&mut self) -> bool {
        let snapshot = self.handle.snapshot();
        if !Arc::ptr_eq(&snapshot, &self.snapshot) {
            self.snapshot = snapshot;
            self.news = true;
            update::settle(&mut self.state, &self.snapshot);
        }
        self.state.stopping && matches!(self.snapshot.status, Status::Ended(_))
    }

    fn is_due(&self) -> bool {
        let since = self.drawn.elapsed();
        (self.touched && since >= FRAME) || (self.news && since >= self.period.max(self.state.frame * THRIFT))
    }

    /// How long to wait for a key.
    fn wait(&self) -> Duration {
        if self.touched { FRAME.saturating_sub(self.drawn.elapsed()) } else { FRAME }
    }

    fn draw(&mut self, terminal: &mut Terminal) -> Result<(), Error> {
        let start = Instant::now();
        let (state, snapshot, theme) = (&self.state, &self.snapshot, &self.theme);
        terminal.draw(|frame| view::draw(frame, state, snapshot, theme))?;
        (self.drawn, self.touched, self.news) = (start, false, false);
        self.state.frame = start.elapsed();
        self.measured.1 += self.state.frame;
        let elapsed = self.measured.0.elapsed();
        if elapsed > Duration::from_secs(2) {
            self.state.drawing = Some(self.measured.1.as_secs_f64() / elapsed.as_secs_f64());
            self.measured = (Instant::now(), Duration::ZERO);
        }
        Ok(())
    }

    fn take_in(&mut self, event: &Event, terminal: &mut Terminal) -> Result<Option<Exit>, Error> {
        let effect = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => update::press(&mut self.state, key, &self.snapshot),
            Event::Resize(..) => None,
            _ => return Ok(None),
        };
        self.touched = true;
        match effect {
            Some(Effect::Send(command, text)) => {
                let ticket = self.handle.send(command);
                self.state.pending.push(Pending { ticket, text });
            }
            Some(Effect::Quit) => return Ok(Some(Exit::Over)),
            Some(Effect::Leave) => return Ok(Some(Exit::Left)),
            Some(Effect::Suspend) => self.suspend(terminal)?,
            Some(Effect::Redraw) => terminal.clear()?,
            None => {}
        }
        Ok(None)
    }

    fn suspend(&mut self, terminal: &mut Terminal) -> Result<(), Error> {
        terminal.suspend()?;
        self.touched = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
