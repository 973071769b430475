//! The workbench's screen: the terminal is taken over, snapshots of a run are drawn, keys become
//! commands to it.
//!
//! `update` turns keys into changes of the screen's own state and into effects; `view` and `panes` only
//! draw; `workbench` alone touches the world.

mod action;
mod design;
mod figure;
mod graphics;
mod keyboard;
mod line;
mod log;
mod mouse;
mod number;
mod options;
mod panes;
mod popup;
mod preferences;
mod rehearsal;
mod runs;
mod state;
mod terminal;
mod theme;
mod update;
mod view;
mod widgets;
mod workbench;

#[cfg(test)]
mod picture;
#[cfg(test)]
mod sample;

use std::io::IsTerminal as _;

use crate::runs::{Id, Shelf};
use graphics::Graphics;
use keyboard::Keyboard;
use terminal::Terminal;
use workbench::Workbench;

pub use action::documented as keys;
pub use options::Options;
pub use rehearsal::Rehearsal;
pub use theme::{Palette, Signs};

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
    /// What is said, until a key is pressed.
    pub word: Option<String>,
}

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
    // Before anybody else reads what the terminal says.
    let wanted = options.pictures && options.colour && options.signs != Signs::Ascii;
    let graphics = if wanted { Graphics::ask() } else { None };
    let keys = Keyboard::listen()?;
    let mut workbench = Workbench::new(shelf, opening, options, graphics);
    let shown = workbench.show(&mut terminal, &keys);
    workbench.remember();
    shown
}

#[cfg(test)]
mod tests;
