//! What goes on while the screen is shown: it looks for news of the runs, draws, and takes in keys.

mod carry_out;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{Event, KeyEventKind};

use super::graphics::Graphics;
use super::keyboard::Keyboard;
use super::panes::Scene;
use super::preferences::Preferences;
use super::state::{List, Screen, State};
use super::terminal::{Signal, Terminal};
use super::theme::Theme;
use super::update::{self, Effect, Sight};
use super::{Error, Exit, Opening, Options, mouse, runs, view};
use crate::linalg::Moment;
use crate::runs::{Entry, Id, Shelf, Standing};
use crate::session::snapshot::Level;
use crate::session::{Snapshot, Ticket};

/// How often run folders are looked for while the Runs screen is in sight.
const SCAN: Duration = Duration::from_secs(1);
/// How often keys and runs are looked at.
const LOOK: Duration = Duration::from_millis(33);
/// A run that goes on is drawn no more often than this.
const NEWS: Duration = Duration::from_millis(100);
/// Drawing a run that goes on takes at most this share of the time: one part in so many.
const THRIFT: u32 = 50;
/// A run that has no news for so many seconds is said to have none.
const QUIET: u64 = 3;
/// News are shown so often however long frames take: one during which the process was stopped tells nothing.
const SLOWEST: Duration = Duration::from_secs(1);

/// The state of the screen and of its drawing.
pub struct Workbench<'a> {
    shelf: &'a mut Shelf,
    options: Options,
    theme: Theme,
    graphics: Option<Graphics>,
    /// Whether anybody ever chose the colours.
    chosen: bool,
    kept: Preferences,
    /// Time from one frame to the next, at least.
    frame: Duration,
    state: State,
    snapshot: Arc<Snapshot>,
    /// How the run stands that is shown.
    standing: Option<Standing>,
    /// Something was changed by a key or by the terminal.
    touched: bool,
    /// The run went on.
    news: bool,
    /// When it last did.
    heard: Moment,
    drawn: Instant,
    measured: (Instant, Duration),
    scanned: Instant,
    /// Runs to fork when they have carried out a command.
    forks: Vec<(Id, Ticket)>,
}

impl<'a> Workbench<'a> {
    /// Before anything is drawn.
    pub fn new(shelf: &'a mut Shelf, opening: Opening, options: Options, graphics: Option<Graphics>) -> Self {
        let now = Instant::now();
        let Opening { shown, marked, word } = opening;
        let screen = if marked.is_empty() { Screen::Train } else { Screen::Runs };
        let list = List { shown, selected: shown, marked, ..List::default() };
        let mut state = State { screen, runs: list, ..State::default() };
        let read = options.preferences.as_deref().map_or_else(|| Ok(Preferences::default()), Preferences::read);
        if let Some(word) = word {
            state.say(Level::Info, word);
        }
        let kept = read.unwrap_or_else(|error| {
            state.say(Level::Warning, error);
            Preferences::default()
        });
        kept.apply(&mut state);
        state.palette = options.wanted.or(kept.palette).unwrap_or(options.palette);
        state.signs = options.signs;
        Self {
            shelf,
            theme: Theme::new(state.palette, options.colour, options.signs),
            graphics,
            chosen: kept.palette.is_some(),
            kept,
            frame: Duration::from_secs(1) / options.frames.max(1),
            options,
            state,
            snapshot: Arc::default(),
            standing: None,
            touched: true,
            news: false,
            heard: Moment::now(),
            drawn: now.checked_sub(NEWS).unwrap_or(now),
            measured: (now, Duration::ZERO),
            scanned: now,
            forks: Vec::new(),
        }
    }

    /// Until the user quits.
    ///
    /// # Errors
    /// The terminal cannot be used, or a thread panicked.
    pub fn show(&mut self, terminal: &mut Terminal, keys: &Keyboard) -> Result<Exit, Error> {
        terminal.set_mouse(self.state.mouse)?;
        loop {
            match terminal.signal() {
                Some(Signal::End(number)) => {
                    self.shelf.stop();
                    return Ok(Exit::Signal(number));
                }
                Some(Signal::Suspend) => self.suspend(terminal)?,
                Some(Signal::Continue) => {
                    terminal.take_back()?;
                    self.redraw(terminal)?;
                }
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
        let listed = self.state.screen == Screen::Runs;
        if listed && self.scanned.elapsed() > SCAN {
            self.scan();
        }
        let news = self.shelf.look();
        self.begin_forks();
        let refused = self.shelf.refusals().into_iter().map(|error| format!("not resumed: {error}"));
        let unread = self.shelf.unread().into_iter().map(|error| format!("a run is left out: {error}"));
        for text in refused.chain(unread).collect::<Vec<_>>() {
            self.state.say(Level::Error, text);
            self.touched = true;
        }
        for entry in self.shelf.entries() {
            self.state.log.follow(entry.id, || entry.label(), &entry.snapshot);
        }
        self.show_another();
        let (marked, entries) = (&self.state.runs.marked, self.shelf.entries());
        // Of runs that are not in sight no frame is drawn.
        let seen = listed || entries.iter().any(|entry| marked.contains(&entry.id));
        self.news |= news && seen;
        let shown = self.shelf.entry(self.state.runs.shown);
        let standing = shown.map(Entry::standing);
        self.news |= standing != self.standing;
        self.standing = standing;
        let snapshot = shown.map(|entry| Arc::clone(&entry.snapshot)).unwrap_or_default();
        if !Arc::ptr_eq(&snapshot, &self.snapshot) {
            self.snapshot = snapshot;
            self.news = true;
            self.heard = Moment::now();
            update::settle(&mut self.state, &self.snapshot);
        }
        let running = standing == Some(Standing::Running);
        let quiet = running.then(|| self.heard.elapsed().as_secs()).filter(|seconds| *seconds >= QUIET);
        self.news |= quiet != self.state.quiet;
        self.state.quiet = quiet;
        self.state.stopping && self.shelf.live() == 0
    }

    /// Shows another run where the one that was shown is gone: one that goes on, or the latest.
    fn show_another(&mut self) {
        let entries = self.shelf.entries();
        if runs::shown(&self.state, entries).is_none()
            && let Some(other) = entries.iter().find(|entry| entry.is_live()).or(entries.last())
        {
            let id = other.id;
            self.shelf.open(id);
            self.state.runs.shown = id;
            self.state.pending.clear();
        }
    }

    /// Looks for run folders, which takes a moment.
    fn scan(&mut self) {
        self.news |= self.shelf.scan();
        self.scanned = Instant::now();
    }

    fn is_due(&self) -> bool {
        let since = self.drawn.elapsed();
        let thrifty = self.frame.max(NEWS).max((self.state.frame * THRIFT).min(SLOWEST));
        (self.touched && since >= self.frame) || (self.news && since >= thrifty)
    }

    /// How long to wait for a key.
    fn wait(&self) -> Duration {
        if self.touched { self.frame.saturating_sub(self.drawn.elapsed()).min(LOOK) } else { LOOK }
    }

    fn draw(&mut self, terminal: &mut Terminal) -> Result<(), Error> {
        let start = Instant::now();
        let area = terminal.area()?;
        self.state.size = (area.width, area.height);
        let entries = self.shelf.entries();
        let graphics = self.graphics.as_ref();
        let scene = Scene { state: &self.state, snapshot: &self.snapshot, entries, theme: &self.theme, graphics };
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
            Event::Paste(text) => {
                update::paste(&mut self.state, text);
                None
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
            Some(Effect::Redraw) => self.redraw(terminal)?,
            Some(other) => match self.carry_out(other) {
                Ok(None) => {}
                Ok(Some(said)) => self.state.say(Level::Info, said),
                Err(wrong) => self.state.say(Level::Error, wrong),
            },
            None => {}
        }
        Ok(None)
    }

    /// Takes the colours and the mouse as they are wanted now.
    fn adapt(&mut self, terminal: &mut Terminal) -> Result<(), Error> {
        let theme = Theme::new(self.state.palette, self.options.colour, self.state.signs);
        if theme != self.theme {
            // Colours are remembered, signs are the terminal's.
            self.chosen |= Theme { signs: self.theme.signs, ..theme.clone() } != self.theme;
            self.theme = theme;
        }
        if self.state.mouse != terminal.has_mouse() {
            terminal.set_mouse(self.state.mouse)?;
        }
        Ok(())
    }

    /// Keeps the colours and the layout for the next time, where they were changed. What cannot be kept is
    /// forgotten.
    pub fn remember(&self) {
        let now = Preferences::of(&self.state, self.chosen);
        if let Some(file) = &self.options.preferences
            && now != self.kept
        {
            let _ = now.write(file);
        }
    }

    fn suspend(&mut self, terminal: &mut Terminal) -> Result<(), Error> {
        terminal.suspend()?;
        self.redraw(terminal)
    }

    /// Makes the next frame draw everything, whatever the terminal was sent before.
    fn redraw(&mut self, terminal: &mut Terminal) -> Result<(), Error> {
        self.graphics.iter().for_each(Graphics::forget);
        self.touched = true;
        Ok(terminal.clear()?)
    }
}

#[cfg(test)]
mod tests;
