//! The panes of the screens, one file each below `panes/`, one line each in the table of this file. They only
//! draw.

pub mod curves;
pub mod header;
pub mod layers;
pub mod status;
pub mod steps;
mod track;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::action::{LEFT, RIGHT};
use super::graphics::Graphics;
use super::number::{count, duration};
use super::runs;
use super::state::{Screen, State};
use super::theme::Theme;
use crate::diagnostics::{Diagnostic, Measurement, Scope};
use crate::export::{Figure, Labelled, View};
use crate::runs::{Entry, Id, Standing};
use crate::session::{Snapshot, Status};
use crate::train::Hyperparameter;

/// What the file of a pane has.
struct Face {
    /// Its title.
    title: fn(&Scene<'_>) -> String,
    /// What it shows and how that is found, for the help: lines of at most 76 signs.
    about: &'static [&'static str],
    /// What is said beside the title, in fewer and fewer words; the first that fits is shown.
    remarks: fn(&Scene<'_>) -> Vec<String>,
    /// The number of rows of its table, by which it can be scrolled; 0 where it has none.
    rows: fn(&Snapshot) -> usize,
    /// Draws it; returns how many rows of the table are out of sight below.
    draw: fn(&mut Buffer, Rect, &Scene<'_>) -> usize,
    /// Its quantities of some runs as figures for files; none where it has none.
    figures: fn(&[Labelled], View) -> Vec<Figure>,
    /// What is measured for it, in the view that is shown.
    diagnostics: fn(&State) -> &'static [Diagnostic],
}

macro_rules! panes {
    ($($screen:ident { $($(#[$doc:meta])* $module:ident :: $variant:ident, views: $views:literal;)* })*) => {
        $($(pub mod $module;)*)*

        /// The panes, in the order of the table: on the screen from left to right, then down.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Pane {
            $($($(#[$doc])* $variant,)*)*
        }

        impl Pane {
            /// How many panes there are.
            pub const COUNT: usize = [$($($views),*),*].len();

            /// Every pane.
            pub const ALL: [Self; Self::COUNT] = [$($(Self::$variant),*),*];

            /// Those of a screen.
            pub fn of(screen: Screen) -> &'static [Self] {
                match screen {
                    $(Screen::$screen => &[$(Self::$variant),*],)*
                    Screen::Design | Screen::Runs => &[],
                }
            }

            /// The screen it is on.
            pub fn screen(self) -> Screen {
                match self { $($(Self::$variant => Screen::$screen,)*)* }
            }

            /// The number of its views, at least 1.
            pub fn views(self) -> usize {
                match self { $($(Self::$variant => $views,)*)* }
            }

            fn face(self) -> Face {
                match self {
                    $($(Self::$variant => Face {
                        title: $module::title,
                        about: $module::ABOUT,
                        remarks: $module::remarks,
                        rows: $module::rows,
                        draw: $module::draw,
                        figures: $module::figures,
                        diagnostics: $module::diagnostics,
                    },)*)*
                }
            }
        }
    };
}

panes! {
    Train {
        /// Loss.
        loss::Loss, views: 3;
        /// Rank of Ḡ.
        rank::Rank, views: 2;
        /// Hessian blocks.
        hessian::Hessian, views: 3;
        /// Timing.
        timing::Timing, views: 3;
    }
    Curvature {
        /// Spectra of Ḡ and of the Hessian.
        spectrum::Spectrum, views: 3;
        /// Kronecker factors.
        factors::Factors, views: 3;
        /// Errors of the Kronecker blocks.
        kronecker::Kronecker, views: 3;
        /// Alignment of directions with the exact one.
        alignment::Alignment, views: 3;
        /// The rank against the number of data.
        rank_curve::RankCurve, views: 2;
        /// The loss on a plane through parameter space.
        surface::Surface, views: 1;
    }
    Images {
        /// Images with what the network makes of them.
        images::Images, views: 2;
    }
}

impl Default for Pane {
    fn default() -> Self {
        Self::ALL[0]
    }
}

impl Pane {
    /// Its place among [`Pane::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Its number on its screen, from 0.
    pub fn place(self) -> usize {
        Self::of(self.screen()).iter().position(|pane| *pane == self).unwrap_or(0)
    }

    /// The pane after it on its screen, in a circle.
    pub fn after(self) -> Self {
        let panes = Self::of(self.screen());
        panes[(self.place() + 1) % panes.len()]
    }

    /// The pane before it on its screen, in a circle.
    pub fn before(self) -> Self {
        let panes = Self::of(self.screen());
        panes[(self.place() + panes.len() - 1) % panes.len()]
    }

    /// What is measured for it, in the view that is shown.
    pub fn diagnostics(self, state: &State) -> &'static [Diagnostic] {
        (self.face().diagnostics)(state)
    }

    /// Its quantities of some runs as figures for files.
    pub fn figures(self, runs: &[Labelled], view: View) -> Vec<Figure> {
        (self.face().figures)(runs, view)
    }

    /// Its title.
    pub fn title(self, scene: &Scene<'_>) -> String {
        (self.face().title)(scene)
    }

    /// What it shows and how that is found, line by line.
    pub fn about(self) -> &'static [&'static str] {
        self.face().about
    }

    /// The number of rows of its table.
    pub fn rows(self, snapshot: &Snapshot) -> usize {
        (self.face().rows)(snapshot)
    }
}

/// What a pane needs to draw itself.
pub struct Scene<'a> {
    pub state: &'a State,
    pub snapshot: &'a Snapshot,
    /// All runs.
    pub entries: &'a [Entry],
    pub theme: &'a Theme,
    /// The terminal's own means for pictures, if it has any.
    pub graphics: Option<&'a Graphics>,
}

impl<'a> Scene<'a> {
    /// The layer whose curvature is shown, or all.
    pub fn scope(&self) -> Scope {
        match self.state.layer.min(self.snapshot.depth()) {
            0 => Scope::Whole,
            layer => Scope::Layer(layer),
        }
    }

    /// How the run stands that is shown; `None` where there is none.
    pub fn standing(&self) -> Option<Standing> {
        runs::shown(self.state, self.entries).map(Entry::standing)
    }

    /// The layer that is shown where there is nothing to show of all as one.
    pub fn layer(&self) -> usize {
        match self.scope() {
            Scope::Whole => 1,
            Scope::Layer(layer) => layer,
        }
    }

    /// The runs whose curves are laid over one another, other than `id`.
    pub fn marked(&self, id: Id) -> impl Iterator<Item = &'a Entry> {
        let marked = &self.state.runs.marked;
        self.entries.iter().filter(move |entry| entry.id != id && marked.contains(&entry.id))
    }
}

/// Draws a pane.
pub fn draw(pane: Pane, buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let face = pane.face();
    let (title, mut remarks) = ((face.title)(scene), (face.remarks)(scene));
    let focused = scene.state.focus == pane;
    let style = if focused { scene.theme.accent } else { scene.theme.strong };
    let number = Span::styled(format!("{} ", pane.place() + 1), scene.theme.faint);
    let title = Line::from(vec![number, Span::styled(title, style)]);
    let boxed = area.height >= 13 && area.width >= 50;
    let inner = scene.theme.panel(buffer, area, title.clone(), boxed, focused);
    let below = (face.draw)(buffer, inner, scene);
    if (face.diagnostics)(scene.state).iter().any(|&diagnostic| overdue(scene, diagnostic)) {
        let late =
            remarks.iter().flat_map(|remark| [format!("{remark} · the next one overdue"), format!("{remark} · late")]);
        remarks = late.chain(remarks.iter().cloned()).collect();
    }
    if below > 0 {
        remarks.push(String::new());
        for remark in &mut remarks {
            *remark = if remark.is_empty() { format!("↓{below}") } else { format!("{remark} · ↓{below}") };
        }
    }
    scene.theme.remark(buffer, area, &title, &remarks);
}

/// Whether a diagnostic has not been measured for twice its cadence: it is put off, so that all stay within their
/// budget, or while others take long.
fn overdue(scene: &Scene<'_>, diagnostic: Diagnostic) -> bool {
    let snapshot = scene.snapshot;
    let every = snapshot.hyperparameter(Hyperparameter::Every(diagnostic)).unwrap_or_default() as u64;
    let readings = snapshot.measurements().filter(|found| found.diagnostic() == diagnostic).map(Measurement::reading);
    let goes_on = scene.standing().is_some_and(Standing::goes_on);
    let last = readings.map(|reading| reading.step).max();
    goes_on && every > 0 && last.is_some_and(|last| snapshot.step > last.saturating_add(2 * every))
}

/// What is said of a repeated measurement, in fewer and fewer words: when, on how many data, its cost.
fn measured(step: u64, data: usize, cost: f64) -> Vec<String> {
    measured_at(&count(step), data, cost)
}

/// [`measured`] of what is of one update or of several.
fn measured_at(step: &str, data: usize, cost: f64) -> Vec<String> {
    let (data, cost) = (count(data as u64), duration(cost));
    vec![format!("@ {step} · {data} data · CPU {cost}"), format!("@ {step} · CPU {cost}"), format!("@ {step}")]
}

/// The update that some results are of: `839`, or of all from the first to the last: `839 … 3,264`.
fn dates(steps: impl Iterator<Item = u64> + Clone) -> String {
    match (steps.clone().min(), steps.max()) {
        (Some(first), Some(last)) if first < last => format!("{} … {}", count(first), count(last)),
        (_, last) => count(last.unwrap_or_default()),
    }
}

/// The upper part of an area for a table of so many rows; the lower one for a chart, if there is room.
fn split(area: Rect, rows: usize) -> (Rect, Option<Rect>) {
    let height = u16::try_from(rows + 1).unwrap_or(u16::MAX);
    if area.height.saturating_sub(height) < 9 {
        return (area, None);
    }
    let top = Rect { height, ..area };
    (top, Some(Rect { y: top.bottom() + 1, height: area.height - height - 1, ..area }))
}

/// What the empty pane of a diagnostic says.
fn waiting(scene: &Scene<'_>, diagnostic: Diagnostic) -> String {
    let snapshot = scene.snapshot;
    let value = |hyperparameter| snapshot.hyperparameter(hyperparameter);
    let every = value(Hyperparameter::Every(diagnostic)).is_some_and(|every| every > 0.0);
    let no_budget = value(Hyperparameter::Budget).is_some_and(|budget| budget <= 0.0);
    let goes_on = match scene.standing() {
        None => return "no run".to_owned(),
        Some(Standing::Queued) => return "waiting in the queue".to_owned(),
        Some(standing) => standing.goes_on(),
    };
    match &snapshot.status {
        Status::Loading if goes_on => "waiting for the data".to_owned(),
        Status::Loading => "reading the log".to_owned(),
        _ if !goes_on => "never measured".to_owned(),
        _ if snapshot.measuring.first() == Some(&diagnostic) => "measuring…".to_owned(),
        _ if snapshot.measuring.contains(&diagnostic) => "waits for what is being measured".to_owned(),
        _ if snapshot.failure(diagnostic).is_some() => {
            format!("{}: {}", diagnostic.title(), snapshot.failure(diagnostic).unwrap_or_default())
        }
        _ if every && no_budget => "diagnostics.budget is 0: N measures it".to_owned(),
        Status::Running if every => "measuring beside training · N: at once".to_owned(),
        _ if every => "measuring…".to_owned(),
        _ => format!("{}: N measures it now", diagnostic.title()),
    }
}

/// What the pane of a diagnostic says that found something, but not of the layer that is shown.
fn waiting_here(scene: &Scene<'_>, diagnostic: Diagnostic) -> String {
    let keys = [LEFT, RIGHT].map(|key| scene.theme.key(key)).join(" ");
    format!("{} · {keys} show another layer", waiting(scene, diagnostic))
}

/// A layer with its activation, or all of them; in short its number.
fn scope_name(snapshot: &Snapshot, scope: Scope, wide: bool) -> String {
    match (scope, wide) {
        (Scope::Whole, true) => "all layers".to_owned(),
        (Scope::Whole, false) => "all".to_owned(),
        (Scope::Layer(layer), false) => layer.to_string(),
        (Scope::Layer(layer), true) => layer_name(snapshot, layer),
    }
}

/// The name of layer λ: its number and activation.
fn layer_name(snapshot: &Snapshot, layer: usize) -> String {
    let known = snapshot.run.as_ref().and_then(|run| run.architecture.layers().get(layer.wrapping_sub(1)));
    known.map_or_else(|| layer.to_string(), |known| format!("{layer} {}", known.activation.name()))
}
