//! The screen without a terminal: keys and the mouse change it, and it is drawn into memory. What it asks of the
//! world is told, not done.

use std::path::Path;
use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyEvent, MouseEvent};
use ratatui::layout::Rect;

use super::panes::Scene;
use super::state::State;
use super::theme::Theme;
use super::update::{self, Effect, Sight};
use super::{Options, mouse, view};
use crate::data::Places;
use crate::runs::{Run, Shelf, Unreadable};
use crate::session::{Snapshot, log};

/// The screen over the run of a folder, as far as it has come.
pub struct Rehearsal {
    shelf: Shelf,
    snapshot: Arc<Snapshot>,
    state: State,
    options: Options,
}

impl Rehearsal {
    /// The first thing that is seen.
    ///
    /// # Errors
    /// Where the folder is not that of a run.
    pub fn new(folder: &Path, options: Options) -> Result<Self, Unreadable> {
        let (run, snapshot) = (Run::read(folder)?, log::read(folder)?);
        let mut shelf = Shelf::new(Places::new(Vec::new()), Vec::new());
        shelf.record(run, snapshot.clone());
        Ok(Self { shelf, snapshot: Arc::new(snapshot), state: State::default(), options })
    }

    /// Takes in a key. What is asked of the world, if anything is.
    pub fn press(&mut self, key: &KeyEvent) -> Option<String> {
        let sight = Sight { snapshot: &self.snapshot, entries: self.shelf.entries() };
        update::press(&mut self.state, key, sight).map(told)
    }

    /// Takes in what the mouse does on a screen of so many columns and rows. What is asked of the world, if anything
    /// is.
    pub fn point(&mut self, event: MouseEvent, (columns, rows): (u16, u16)) -> Option<String> {
        let sight = Sight { snapshot: &self.snapshot, entries: self.shelf.entries() };
        mouse::point(&mut self.state, event, Rect::new(0, 0, columns, rows), sight).map(told)
    }

    /// The screen at so many columns and rows.
    pub fn draw(&self, (columns, rows): (u16, u16)) -> Buffer {
        let theme = Theme::new(self.state.palette, self.options.colour, self.options.signs);
        let entries = self.shelf.entries();
        let scene = Scene { state: &self.state, snapshot: &self.snapshot, entries, theme: &theme, graphics: None };
        let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
        let Ok(drawn) = terminal.draw(|frame| view::draw(frame, &scene));
        drawn.buffer.clone()
    }
}

fn told(effect: Effect) -> String {
    format!("{effect:?}")
}
