//! The terminal: taken over, and given back on every way out.

use std::io::{self, BufWriter, Stdout, Write as _, stdout};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::layout::{Position, Rect};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::{flag, low_level};

use crate::session;

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether a thread panicked while it was.
static PANICKED: AtomicBool = AtomicBool::new(false);
/// What panics in the threads of runs said meanwhile, of which the screen shows the message alone.
static HELD: Mutex<Vec<String>> = Mutex::new(Vec::new());
static SIGNALS: OnceLock<Signals> = OnceLock::new();

/// What a signal asks for.
pub enum Signal {
    /// An end; the signal's number.
    End(i32),
    /// A suspension.
    Suspend,
    /// The end of one: the shell may have had the terminal meanwhile.
    Continue,
}

/// Signals that came. While `free`, they have their default effect, but for SIGHUP.
struct Signals {
    free: Arc<AtomicBool>,
    came: [(i32, Arc<AtomicBool>); 6],
}

impl Signals {
    fn register() -> io::Result<Self> {
        let numbers = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT];
        let signals = Self { free: Arc::default(), came: numbers.map(|number| (number, Arc::default())) };
        for (number, came) in &signals.came {
            // A terminal that goes may send SIGHUP more than once; the run still ends with a checkpoint.
            if ![SIGHUP, SIGCONT].contains(number) {
                flag::register_conditional_default(*number, Arc::clone(&signals.free))?;
            }
            flag::register(*number, Arc::clone(came))?;
        }
        Ok(signals)
    }
}

/// The terminal while it is ours.
pub struct Terminal {
    /// Never dropped: that would print an error, which panics where the terminal is gone. [`restore`]
    /// does what is left to do.
    screen: ManuallyDrop<ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    signals: &'static Signals,
    mouse: bool,
}

impl Terminal {
    /// Takes it over.
    pub fn take() -> io::Result<Self> {
        let signals = if let Some(signals) = SIGNALS.get() {
            signals
        } else {
            restore_before_panics_are_printed();
            let signals = Signals::register()?;
            SIGNALS.get_or_init(|| signals)
        };
        signals.free.store(false, Ordering::SeqCst);
        PANICKED.store(false, Ordering::SeqCst);
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stdout()));
        enter()?;
        let screen = ratatui::Terminal::new(backend).inspect_err(|_| restore())?;
        Ok(Self { screen: ManuallyDrop::new(screen), signals, mouse: false })
    }

    /// Draws what changed.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.screen.draw(draw).map(drop)
    }

    /// Makes the next drawing draw everything.
    pub fn clear(&mut self) -> io::Result<()> {
        let area = self.area()?;
        self.screen.resize(area)
    }

    /// Listens to the mouse, or leaves it to the terminal.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { execute!(stdout(), EnableMouseCapture) } else { execute!(stdout(), DisableMouseCapture) }
    }

    /// Whether it listens to the mouse.
    pub fn has_mouse(&self) -> bool {
        self.mouse
    }

    /// The size of the screen.
    pub fn area(&self) -> io::Result<Rect> {
        Ok(Rect::from((Position::ORIGIN, self.screen.size()?)))
    }

    /// A signal that came, if any.
    pub fn signal(&self) -> Option<Signal> {
        let mut came = self.signals.came.iter();
        let (number, _) = came.find(|(_, came)| came.swap(false, Ordering::SeqCst))?;
        Some(match *number {
            SIGTSTP => Signal::Suspend,
            SIGCONT => Signal::Continue,
            number => Signal::End(number),
        })
    }

    /// Whether a thread that is not a run's panicked since the terminal was taken.
    pub fn panicked() -> bool {
        PANICKED.load(Ordering::SeqCst)
    }

    /// Gives the terminal back and stops the process; takes the terminal again when it is continued.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        low_level::emulate_default_handler(SIGTSTP)?;
        let continued = self.signals.came.iter().filter(|(number, _)| *number == SIGCONT);
        continued.for_each(|(_, came)| came.store(false, Ordering::SeqCst));
        self.take_back()
    }

    /// Takes the terminal again, as somebody else may have had it.
    pub fn take_back(&mut self) -> io::Result<()> {
        restore();
        enter()?;
        self.set_mouse(self.mouse)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
        for panic in HELD.lock().into_iter().flat_map(|mut held| std::mem::take(&mut *held)) {
            // Where the terminal is gone nobody reads it.
            let _ = writeln!(io::stderr(), "{panic}");
        }
        self.signals.free.store(true, Ordering::SeqCst);
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste).inspect_err(|_| restore())
}

fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // A terminal that is gone cannot be restored, and need not be.
        let _ = disable_raw_mode();
        let _ = execute!(stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
    }
}

fn restore_before_panics_are_printed() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if TAKEN.load(Ordering::SeqCst) {
            if session::is_contained() {
                HELD.lock().iter_mut().for_each(|held| held.push(panic.to_string()));
                return;
            }
            PANICKED.store(true, Ordering::SeqCst);
            restore();
        }
        print(panic);
    }));
}
