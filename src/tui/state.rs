//! What the screen shows and how: no numbers of the run are kept here.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::Context;
use super::design::Design;
use super::line::Typed;
use super::log::Log;
use super::panes::Pane;
use super::theme::{Palette, Signs};
use crate::runs::Id;
use crate::session::snapshot::Level;
use crate::session::{Command, Ticket};
use crate::train::Hyperparameter;

/// What the whole terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// The panes of one run.
    #[default]
    Train,
    /// An experiment that is edited.
    Design,
    /// All runs.
    Runs,
    /// Spectra, factors and directions of one run.
    Curvature,
    /// Images with what the network of one run makes of them.
    Images,
}

impl Screen {
    /// Every screen, in the order of the tabs.
    pub const ALL: [Self; 5] = [Self::Train, Self::Design, Self::Runs, Self::Curvature, Self::Images];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "Train",
            Self::Design => "Design",
            Self::Runs => "Runs",
            Self::Curvature => "Curvature",
            Self::Images => "Images",
        }
    }

    /// Where its keys are meant.
    pub fn context(self) -> Context {
        match self {
            Self::Train => Context::Train,
            Self::Design => Context::Design,
            Self::Runs => Context::Runs,
            Self::Curvature => Context::Curvature,
            Self::Images => Context::Images,
        }
    }
}

/// What x counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Updates.
    #[default]
    Update,
    /// Passes through the training data.
    Epoch,
    /// Data seen.
    Sample,
    /// Seconds of training.
    Second,
}

impl Unit {
    /// What is written at the axis.
    pub fn name(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Epoch => "epoch",
            Self::Sample => "sample",
            Self::Second => "s",
        }
    }
}

/// The part of the run that charts show, in updates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Window {
    /// All of it.
    #[default]
    All,
    /// The latest so many updates.
    Latest(f64),
    /// From one update to another.
    Between(f64, f64),
}

impl Window {
    /// The updates in sight, where the run has made `last`.
    pub fn range(self, first: f64, last: f64) -> (f64, f64) {
        match self {
            Self::All => (first, last),
            Self::Latest(span) => ((last - span).max(first), last),
            Self::Between(from, to) => (from, to),
        }
    }
}

/// How charts are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Axes {
    /// What x counts.
    pub unit: Unit,
    /// Whether x is logarithmic.
    pub log_x: bool,
    /// The part in sight.
    pub window: Window,
    /// The update the crosshair stands at.
    pub crosshair: Option<f64>,
    /// Place in the list of smoothings.
    pub smoothing: usize,
}

/// Weights of the past, for one update, by which noisy quantities can be smoothed.
pub const SMOOTHINGS: [f64; 4] = [0.9, 0.97, 0.99, 0.0];

/// What a typed line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A new value.
    Hyperparameter(Hyperparameter),
    /// How many updates to make before a pause.
    Updates,
    /// Which runs are shown.
    Filter,
    /// Where an export goes.
    Export,
    /// Which messages are shown.
    Messages,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether to stop what runs, and quit.
    Quit,
    /// Whether to stop a run.
    Stop(Id),
    /// Whether to delete a run.
    Delete(Id),
    /// Whether to export to a file that is there already.
    Replace(PathBuf),
}

/// What lies over the panes.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// All keys, from a line on.
    Help(usize),
    /// All messages, from a line on, counted from the latest.
    Messages(usize),
    /// The hyperparameters, one of them selected.
    Choose(usize),
    /// The optimizers, one of them selected.
    Optimizers(usize),
    /// The checkpoints of a run at which another can begin, the latest first, one of them selected.
    Forks(Id, Vec<u64>, usize),
    /// The commands whose name or help has what is typed, one of them selected.
    Palette(String, usize),
    /// A line that is typed.
    Prompt(Topic, Typed),
    /// A question.
    Ask(Question),
}

impl Overlay {
    /// The line of its list that is selected or comes first.
    pub const fn line(&mut self) -> Option<&mut usize> {
        match self {
            Self::Help(at)
            | Self::Messages(at)
            | Self::Choose(at)
            | Self::Optimizers(at)
            | Self::Forks(_, _, at)
            | Self::Palette(_, at) => Some(at),
            Self::Prompt(..) | Self::Ask(_) => None,
        }
    }
}

/// The list of runs: which are shown, how, and what is done with them.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// The run on the Train screen.
    pub shown: Id,
    /// The run that keys are for; the first one in sight where it is not there.
    pub selected: Id,
    /// Runs whose curves are laid over one another.
    pub marked: Vec<Id>,
    /// Which runs are in sight; all where it is empty.
    pub filter: String,
    /// The column by which they are sorted.
    pub sort: usize,
    /// Whether the largest comes first.
    pub descending: bool,
    /// The view below the list.
    pub view: usize,
    /// Whether its y axis is linear.
    pub linear: bool,
    /// Whether runs that differ only in their seeds are shown as one.
    pub grouped: bool,
}

/// A command that is not yet acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Its ticket.
    pub ticket: Ticket,
    /// The command.
    pub command: Command,
    /// What it is, for people.
    pub text: String,
}

/// The state of the screen.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// What the whole terminal shows.
    pub screen: Screen,
    /// The experiment that is edited.
    pub design: Design,
    /// The list of runs.
    pub runs: List,
    /// Its colours.
    pub palette: Palette,
    /// The signs that may be drawn.
    pub signs: Signs,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// What the workbench says of the last key, until the next one.
    pub notice: Option<(Level, String)>,
    /// All messages.
    pub log: Log,
    /// The pane that keys are for; it is one of the screen in sight, where that has any.
    pub focus: Pane,
    /// The panes that keys were for on other screens.
    pub left: Vec<Pane>,
    /// The layer whose curvature is shown; 0: all layers as one.
    pub layer: usize,
    /// Whose Kronecker factors are shown, a place in a list.
    pub source: usize,
    /// The image that is chosen, from 0.
    pub image: usize,
    /// Whether it has the whole screen.
    pub zoom: bool,
    /// The view of each pane.
    pub views: [usize; Pane::COUNT],
    /// The first row of each pane's table.
    pub scroll: [usize; Pane::COUNT],
    /// Whether y is linear in each pane's chart.
    pub linear_y: [bool; Pane::COUNT],
    /// How charts are drawn.
    pub axes: Axes,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// Commands not yet acknowledged.
    pub pending: Vec<Pending>,
    /// Whether the run is being stopped in order to quit.
    pub stopping: bool,
    /// Share of the time that drawing takes, where it was measured.
    pub drawing: Option<f64>,
    /// Time the latest frame took.
    pub frame: Duration,
    /// Whole seconds for which the run that is shown has run without any news, once they are noticed.
    pub quiet: Option<u64>,
    /// Columns and rows of the terminal, where they are known.
    pub size: (u16, u16),
}

impl State {
    /// Lets the workbench say something.
    pub fn say(&mut self, level: Level, text: impl Into<String>) {
        let text = text.into();
        self.log.say(level, text.clone());
        self.notice = Some((level, text));
    }

    /// Where keys are meant now.
    pub fn context(&self) -> Context {
        match self.overlay {
            Some(Overlay::Help(_) | Overlay::Choose(_) | Overlay::Optimizers(_) | Overlay::Forks(..)) => Context::List,
            Some(Overlay::Messages(_)) => Context::Messages,
            Some(Overlay::Palette(..)) => Context::Palette,
            Some(Overlay::Prompt(..)) => Context::Prompt,
            Some(Overlay::Ask(_)) => Context::Question,
            None if self.stopping => Context::Stopping,
            None if self.screen == Screen::Design => self.design.context(),
            None => self.screen.context(),
        }
    }

    /// The pane of a screen that keys are for there.
    pub fn focus_on(&self, screen: Screen) -> Option<Pane> {
        let panes = Pane::of(screen);
        let kept = std::iter::once(&self.focus).chain(&self.left).find(|pane| panes.contains(pane));
        kept.or(panes.first()).copied()
    }

    /// Shows a screen, with the keys where they were on it last.
    pub fn show(&mut self, screen: Screen) {
        self.screen = screen;
        if let Some(pane) = self.focus_on(screen).filter(|pane| *pane != self.focus) {
            self.left.retain(|left| *left != pane);
            self.left.push(std::mem::replace(&mut self.focus, pane));
        }
    }

    /// The view of a pane.
    pub fn view(&self, pane: Pane) -> usize {
        self.views[pane.index()].min(pane.views() - 1)
    }
}
