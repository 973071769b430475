//! What the screen remembers from one time to the next: its colours and its layout.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::panes::Pane;
use super::state::{SMOOTHINGS, Screen, State, Unit};
use super::theme::Palette;
use crate::linalg::write_whole;

/// How the user left the screen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    /// The colours; those that fit the terminal where none were ever chosen.
    pub palette: Option<Palette>,
    /// Whether the mouse is listened to.
    mouse: bool,
    /// Which pane has the keys on the Train screen, from 0.
    focus: usize,
    /// Whether it has the whole screen.
    zoom: bool,
    /// The view of each pane.
    views: Vec<usize>,
    /// Whether y is linear in each pane's chart.
    linear_y: Vec<bool>,
    /// What x counts.
    unit: Unit,
    /// Whether x is logarithmic.
    log_x: bool,
    /// How much noisy curves are smoothed, a place in a list.
    smoothing: usize,
}

impl Preferences {
    /// Reads them; a file that is not there holds those of a new user.
    ///
    /// # Errors
    /// Why a file cannot be read, in words.
    pub fn read(file: &Path) -> Result<Self, String> {
        match std::fs::read_to_string(file) {
            Ok(text) => toml::from_str(&text).map_err(|error| format!("{}: {}", file.display(), error.message())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }

    /// Writes them, whole or not at all.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, file: &Path) -> std::io::Result<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let text = toml::to_string(self).map_err(std::io::Error::other)?;
        write_whole(file, text.as_bytes())
    }

    /// Those of a screen. Colours that nobody chose are not remembered.
    pub fn of(state: &State, chosen: bool) -> Self {
        Self {
            palette: chosen.then_some(state.palette),
            mouse: state.mouse,
            focus: state.focus_on(Screen::Train).map_or(0, Pane::place),
            zoom: state.zoom,
            views: state.views.to_vec(),
            linear_y: state.linear_y.to_vec(),
            unit: state.axes.unit,
            log_x: state.axes.log_x,
            smoothing: state.axes.smoothing,
        }
    }

    /// Lays out a screen in this way.
    pub fn apply(&self, state: &mut State) {
        state.mouse = self.mouse;
        if let Some(&pane) = Pane::of(Screen::Train).get(self.focus) {
            state.focus = pane;
        }
        state.zoom = self.zoom;
        state.views.iter_mut().zip(&self.views).for_each(|(view, kept)| *view = *kept);
        state.linear_y.iter_mut().zip(&self.linear_y).for_each(|(linear, kept)| *linear = *kept);
        state.axes.unit = self.unit;
        state.axes.log_x = self.log_x;
        state.axes.smoothing = self.smoothing % SMOOTHINGS.len();
    }
}

/// Where they are kept: `screen.toml` in `$XDG_STATE_HOME/kfra-tui` or `~/.local/state/kfra-tui`; nowhere where
/// there is no home.
pub fn standard_file() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let state = named.or_else(|| Some(std::env::home_dir()?.join(".local").join("state")))?;
    Some(state.join("kfra-tui").join("screen.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_applied() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep").join("screen.toml");
        let mut state = State { zoom: true, mouse: true, palette: Palette::HighContrast, ..State::default() };
        (state.focus, state.views[2], state.linear_y[1]) = (Pane::ALL[2], 1, true);
        (state.axes.unit, state.axes.log_x, state.axes.smoothing) = (Unit::Epoch, true, 2);
        let kept = Preferences::of(&state, true);
        kept.write(&file).unwrap();
        assert_eq!(Preferences::read(&file).unwrap(), kept);
        let mut other = State { palette: Palette::HighContrast, ..State::default() };
        kept.apply(&mut other);
        assert_eq!(Preferences::of(&other, true), kept);
    }

    #[test]
    fn a_file_of_nonsense_is_named_and_one_of_another_version_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("screen.toml");
        assert_eq!(Preferences::read(&file).unwrap(), Preferences::default());
        std::fs::write(&file, "palette = 7").unwrap();
        assert!(Preferences::read(&file).unwrap_err().contains("screen.toml"));
        std::fs::write(&file, "focus = 99\nviews = [9, 9, 9, 9, 9, 9, 9, 9]\nsmoothing = 77").unwrap();
        let mut state = State::default();
        Preferences::read(&file).unwrap().apply(&mut state);
        assert!(Pane::ALL.iter().all(|&pane| state.view(pane) < pane.views()));
    }
}
