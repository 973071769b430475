//! The workbench's screen: the terminal is taken over, snapshots of a run are drawn, keys become
//! commands to it.
//!
//! `update` turns keys into changes of the screen's own state and into effects; `view` and `panes` only
//! draw; this file alone touches the world.

mod action;
mod design;
mod figure;
mod mouse;
mod number;
mod panes;
mod popup;
mod preferences;
mod runs;
mod state;
mod terminal;
mod theme;
mod update;
mod view;
mod widgets;

#[cfg(test)]
mod sample;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyEventKind};

use crate::experiment::Experiment;
use crate::runs::{Entry, Id, Run, Shelf};
use crate::session::Snapshot;
use design::Design;
use panes::Scene;
use preferences::Preferences;
use state::{Pending, State};
use terminal::{Signal, Terminal};
use theme::Theme;
use update::{Effect, Sight};

pub use action::documented as keys;
pub use theme::{Palette, Signs};

/// How the screen looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The colours that fit the terminal.
    pub palette: Palette,
    /// The colours that are asked for, whatever fits and whatever was chosen before.
    pub wanted: Option<Palette>,
    /// Where the screen remembers its colours and its layout.
    pub preferences: Option<PathBuf>,
    /// Whether there are colours.
    pub colour: bool,
    /// The signs that may be drawn.
    pub signs: Signs,
    /// Frames a second drawn because the run went on, from 1 to 30. Keys are answered sooner.
    pub frames: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            palette: Palette::Dark,
            wanted: None,
            preferences: None,
            colour: true,
            signs: Signs::Braille,
            frames: 10,
        }
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
            palette: if light { Palette::Light } else { Palette::Dark },
            wanted: None,
            preferences: preferences::standard_file(),
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

/// What is seen first.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The run on the Train screen.
    pub shown: Id,
    /// Runs whose curves are laid over one another; where there are any the Runs screen is seen first.
    pub marked: Vec<Id>,
}

/// How often run folders are looked for while the Runs screen is in sight.
const SCAN: Duration = Duration::from_secs(1);
/// Frames a second, at most.
const FRAME: Duration = Duration::from_millis(33);
/// Drawing a run that goes on takes at most this share of the time: one part in so many.
const THRIFT: u32 = 50;

/// Takes over the terminal and shows runs until the user quits; those that are not over by then are
/// stopped first. The terminal is restored on every way out, a panic in any thread included. A terminal that
/// is gone is as SIGHUP, whether or not the signal came.
///
/// # Errors
/// The terminal cannot be used, or a thread panicked.
pub fn run(shelf: &mut Shelf, opening: Opening, options: Options) -> Result<Exit, Error> {
    match show(shelf, opening, options) {
        Err(Error::Terminal(_)) if !std::io::stdout().is_terminal() => {
            shelf.stop();
            Ok(Exit::Signal(signal_hook::consts::SIGHUP))
        }
        shown => shown,
    }
}

fn show(shelf: &mut Shelf, opening: Opening, options: Options) -> Result<Exit, Error> {
    let mut terminal = Terminal::take()?;
    let keys = Keys::listen()?;
    let mut screen = Screen::new(shelf, opening, options);
    let shown = screen.show(&mut terminal, &keys);
    screen.remember();
    shown
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
    shelf: &'a mut Shelf,
    options: Options,
    theme: Theme,
    /// Whether anybody ever chose the colours.
    chosen: bool,
    kept: Preferences,
    period: Duration,
    state: State,
    snapshot: Arc<Snapshot>,
    /// Something was changed by a key or by the terminal.
    touched: bool,
    /// The run went on.
    news: bool,
    drawn: Instant,
    measured: (Instant, Duration),
    scanned: Instant,
}

impl<'a> Screen<'a> {
    fn new(shelf: &'a mut Shelf, opening: Opening, options: Options) -> Self {
        let now = Instant::now();
        let Opening { shown, marked } = opening;
        let screen = if marked.is_empty() { state::Screen::Train } else { state::Screen::Runs };
        let list = state::List { shown, selected: shown, marked, ..state::List::default() };
        let mut state = State { screen, runs: list, ..State::default() };
        let read = options.preferences.as_deref().map_or_else(|| Ok(Preferences::default()), Preferences::read);
        let kept = read.unwrap_or_else(|error| {
            state.notice = Some(error);
            Preferences::default()
        });
        kept.apply(&mut state);
        state.palette = options.wanted.or(kept.palette).unwrap_or(options.palette);
        Self {
            shelf,
            theme: Theme::new(state.palette, options.colour, options.signs),
            chosen: kept.palette.is_some(),
            kept,
            period: Duration::from_secs(1) / options.frames.clamp(1, 30),
            options,
            state,
            snapshot: Arc::default(),
            touched: true,
            news: false,
            drawn: now.checked_sub(FRAME).unwrap_or(now),
            measured: (now, Duration::ZERO),
            scanned: now,
        }
    }

    /// Until the user quits.
    fn show(&mut self, terminal: &mut Terminal, keys: &Keys) -> Result<Exit, Error> {
        terminal.set_mouse(self.state.mouse)?;
        loop {
            match terminal.signal() {
                Some(Signal::End(number)) => {
                    self.shelf.stop();
                    return Ok(Exit::Signal(number));
                }
                Some(Signal::Suspend) => self.suspend(terminal)?,
                None => {}
            }
            if !std::io::stdout().is_terminal() {
                return Err(Error::Terminal(std::io::Error::other("it is gone")));
            }
            if Terminal::panicked() {
                return Err(Error::Panicked);
            }
            if self.look() {
                return Ok(Exit::Over);
            }
            if self.is_due() {
                self.draw(terminal)?;
            }
            let mut wait = self.wait();
            while let Some(event) = keys.next(wait)? {
                wait = Duration::ZERO;
                if let Some(exit) = self.take_in(&event, terminal)? {
                    return Ok(exit);
                }
            }
        }
    }

    /// Looks for news of the runs. Whether all are over and the user waits for that.
    fn look(&mut self) -> bool {
        let listed = self.state.screen == state::Screen::Runs;
        if listed && self.scanned.elapsed() > SCAN {
            self.scan();
        }
        let news = self.shelf.look();
        let (marked, entries) = (&self.state.runs.marked, self.shelf.entries());
        // Of runs that are not in sight no frame is drawn.
        let seen = listed || entries.iter().any(|entry| marked.contains(&entry.id));
        self.news |= news && seen;
        let shown = self.shelf.entry(self.state.runs.shown);
        let snapshot = shown.map(|entry| Arc::clone(&entry.snapshot)).unwrap_or_default();
        if !Arc::ptr_eq(&snapshot, &self.snapshot) {
            self.snapshot = snapshot;
            self.news = true;
            update::settle(&mut self.state, &self.snapshot);
        }
        self.state.stopping && self.shelf.live() == 0
    }

    /// Looks for run folders, which takes a moment.
    fn scan(&mut self) {
        self.shelf.scan();
        self.scanned = Instant::now();
        self.news = true;
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
        let entries = self.shelf.entries();
        let scene = Scene { state: &self.state, snapshot: &self.snapshot, entries, theme: &self.theme };
        terminal.draw(|frame| view::draw(frame, &scene))?;
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
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let sight = Sight { snapshot: &self.snapshot, entries: self.shelf.entries() };
                update::press(&mut self.state, key, sight)
            }
            Event::Mouse(event) => {
                let sight = Sight { snapshot: &self.snapshot, entries: self.shelf.entries() };
                mouse::point(&mut self.state, *event, terminal.area()?, sight)
            }
            Event::Resize(..) => None,
            _ => return Ok(None),
        };
        self.touched = true;
        self.adapt(terminal)?;
        match effect {
            Some(Effect::Quit) => return Ok(Some(Exit::Over)),
            Some(Effect::Leave) => return Ok(Some(Exit::Left)),
            Some(Effect::Suspend) => self.suspend(terminal)?,
            Some(Effect::Redraw) => terminal.clear()?,
            Some(other) => self.state.notice = self.carry_out(other),
            None => {}
        }
        Ok(None)
    }

    /// Takes the colours and the mouse as they are wanted now.
    fn adapt(&mut self, terminal: &mut Terminal) -> Result<(), Error> {
        let theme = Theme::new(self.state.palette, self.options.colour, self.options.signs);
        if theme != self.theme {
            self.theme = theme;
            self.chosen = true;
        }
        if self.state.mouse != terminal.has_mouse() {
            terminal.set_mouse(self.state.mouse)?;
        }
        Ok(())
    }

    /// Keeps the colours and the layout for the next time, where they were changed. What cannot be kept is
    /// forgotten.
    fn remember(&self) {
        let now = Preferences::of(&self.state, self.chosen);
        if let Some(file) = &self.options.preferences
            && now != self.kept
        {
            let _ = now.write(file);
        }
    }

    /// Does what was asked of the runs. What is to be said of it, if anything is.
    fn carry_out(&mut self, effect: Effect) -> Option<String> {
        match effect {
            Effect::Send(command, text) => match self.shelf.send(self.state.runs.shown, command) {
                Some(ticket) => self.state.pending.push(Pending { ticket, text }),
                None => return Some("this run takes no commands: it does not run in this program".to_owned()),
            },
            Effect::Scan => self.scan(),
            Effect::Open(id) => {
                self.shelf.open(id);
                self.state.runs.shown = id;
                self.state.pending.clear();
            }
            Effect::Read(id) => self.shelf.open(id),
            Effect::StopAll => {
                self.shelf.stop();
            }
            Effect::Again(id) => return Some(self.again(id)),
            Effect::Start(experiment) => return Some(self.start(*experiment)),
            Effect::Queue(experiment) => {
                return Some(
                    self.shelf.enqueue(*experiment).map_or_else(|error| error.to_string(), |_| "queued".to_owned()),
                );
            }
            Effect::Save { file, replace } => self.state.design.save(&file, replace),
            Effect::Load(file) => self.state.design.open(&file),
            Effect::Design(id) => return self.design(id).err(),
            Effect::Export(file) => return Some(self.export(&file)),
            Effect::Fork(id) => return Some(self.fork(id)),
            Effect::Resume(id) => match self.shelf.resume(id) {
                Ok(()) => self.state.pending.clear(),
                Err(error) => return Some(error.to_string()),
            },
            Effect::Hurry(id) => return self.shelf.hurry(id).err().map(|error| error.to_string()),
            Effect::Delete(id) => match self.shelf.delete(id) {
                Ok(()) => self.state.runs.marked.retain(|marked| *marked != id),
                Err(error) => return Some(format!("not deleted: {error}")),
            },
            Effect::Quit | Effect::Leave | Effect::Suspend | Effect::Redraw => {}
        }
        None
    }

    /// Starts a run and shows it.
    fn start(&mut self, experiment: Experiment) -> String {
        let folder = self.shelf.free_folder(&experiment.name);
        match self.shelf.start(experiment, folder) {
            Err(error) => error.to_string(),
            Ok(id) => {
                (self.state.runs.shown, self.state.runs.selected) = (id, id);
                self.state.screen = state::Screen::Train;
                self.state.pending.clear();
                "started".to_owned()
            }
        }
    }

    /// Takes a run's experiment to the Design screen, unless changes there would be lost.
    fn design(&mut self, id: Id) -> Result<(), String> {
        if self.state.design.is_changed() {
            return Err("the Design screen has changes that are not saved: D, then w or u".to_owned());
        }
        let run = self.shelf.entry(id).and_then(|entry| entry.run.as_ref());
        let run = run.ok_or("nothing is known of this run yet")?;
        let experiment = run.experiment(None).map_err(|error| error.to_string())?;
        self.state.design = Design::from_experiment(&experiment);
        self.state.screen = state::Screen::Design;
        Ok(())
    }

    /// Writes what is in sight to a file.
    fn export(&self, file: &Path) -> String {
        let entries = self.shelf.entries();
        let scene = Scene { state: &self.state, snapshot: &self.snapshot, entries, theme: &self.theme };
        match figure::write(&scene, &self.snapshot, file) {
            Ok(()) => format!("wrote {}", file.display()),
            Err(error) => error.to_string(),
        }
    }

    /// Starts another run at the latest checkpoint of a run; their curves are laid over one another.
    fn fork(&mut self, id: Id) -> String {
        let label = self.shelf.entry(id).map(Entry::label).unwrap_or_default();
        match self.shelf.fork(id) {
            Err(error) => error.to_string(),
            Ok(None) => "there is no such run any more".to_owned(),
            Ok(Some(fork)) => {
                let list = &mut self.state.runs;
                list.marked.extend([id, fork]);
                list.marked.sort_unstable();
                list.marked.dedup();
                (list.shown, list.selected) = (fork, fork);
                self.state.pending.clear();
                self.shelf.open(id);
                match self.shelf.entry(fork).and_then(|entry| entry.run.as_ref()?.fact("train.updates").cloned()) {
                    Some(updates) => format!("forked from {label}; ends after {updates} updates"),
                    None => format!("forked from {label}"),
                }
            }
        }
    }

    /// Queues the experiment of a run with a seed that none of its repetitions has.
    fn again(&mut self, id: Id) -> String {
        let run = self.shelf.entry(id).and_then(|entry| entry.run.clone());
        let Some(run) = run else { return "nothing is known of this run yet".to_owned() };
        let alike = self.shelf.entries().iter().filter_map(|entry| entry.run.as_ref());
        let seeds = alike.filter(|other| other.is_repetition_of(&run)).filter_map(Run::seed);
        let seed = seeds.max().unwrap_or(0).saturating_add(1);
        match run.experiment(Some(seed)) {
            Ok(experiment) => match self.shelf.enqueue(experiment) {
                Ok(_) => format!("queued with seed {seed}"),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        }
    }

    fn suspend(&mut self, terminal: &mut Terminal) -> Result<(), Error> {
        terminal.suspend()?;
        self.touched = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
