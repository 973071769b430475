//! What lies over the panes: help, messages, hyperparameters, optimizers, commands.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::action::{self, BINDINGS, Binding, Context};
use super::log::{Said, Speaker};
use super::number::{count, figure, plain};
use super::panes::{Pane, Scene, status};
use super::state::{Overlay, State};
use super::theme::Theme;
use super::widgets::{paragraph, put};
use crate::optim::Kind;
use crate::runs::{Entry, Id};
use crate::train::Hyperparameter;

/// Draws what lies over the panes, if anything does.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let mut show =
        |title: &str, lines: &[Line], from, selected| list(buffer, area, scene, title, lines, from, selected);
    match &scene.state.overlay {
        Some(Overlay::Help(from)) => show("Keys", &help(scene), *from, None),
        Some(Overlay::Messages(from)) => {
            let title = format!("Messages, the latest first: {}", scene.state.log.selection());
            let lines: Vec<_> = messages(scene.state, area.width).into_iter().map(|line| line.shown(scene)).collect();
            show(&title, &lines, *from, None);
        }
        Some(Overlay::Choose(at)) => {
            show("Hyperparameters: Enter sets one", &hyperparameters(scene), *at, Some(*at));
        }
        Some(Overlay::Optimizers(at)) => {
            show("This run goes on with another optimizer: Enter chooses", &optimizers(scene), *at, Some(*at));
        }
        Some(Overlay::Forks(id, steps, at)) => {
            let of = scene.entries.iter().find(|entry| entry.id == *id).map(Entry::label).unwrap_or_default();
            let title = format!("Another run begins at a checkpoint of {of}: Enter chooses");
            show(&title, &forks(scene, *id, steps), *at, Some(*at));
        }
        Some(Overlay::Palette(text, at)) => {
            let found: Vec<_> = action::search(scene.state.screen.context(), text)
                .into_iter()
                .map(|binding| command(binding, scene.theme))
                .collect();
            show(&format!("Commands: {text}▏"), &found, *at, Some(*at));
        }
        Some(Overlay::Prompt(..) | Overlay::Ask(_)) | None => {}
    }
}

/// A command: its keys, what it does, its name.
fn command(binding: &Binding, theme: &Theme) -> Line<'static> {
    let names = |binding: &Binding| binding.keys.iter().map(|key| theme.key(*key)).collect::<Vec<_>>().join(" ");
    let wide = BINDINGS.iter().map(|binding| names(binding).chars().count()).max().unwrap_or(0);
    Line::from(vec![
        Span::styled(format!("{:<wide$}  ", names(binding)), theme.accent),
        Span::raw(binding.help),
        Span::styled(format!("  {}", binding.name), theme.faint),
    ])
}

/// What the word means that stands beside a measurement.
const LATE: &str = "late: the next one is put off, within the budget of diagnostics (e sets it).";

/// How many lines the help has.
pub fn help_lines(state: &State) -> usize {
    let pane = Pane::of(state.screen).first().map(|_| state.focus);
    let about = pane.map_or(0, |pane| 2 + pane.about().len() + usize::from(!pane.diagnostics(state).is_empty()));
    BINDINGS.len() + 2 * Context::ALL.len() - 1 + about
}

/// Every key, by context.
pub fn help(scene: &Scene<'_>) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let mut lines = Vec::new();
    let here = scene.state.screen.context();
    if !Pane::of(scene.state.screen).is_empty() {
        let pane = scene.state.focus;
        lines.push(Line::styled(format!("This pane: {}", pane.title(scene)), theme.strong));
        let late = pane.diagnostics(scene.state).first().map(|_| &LATE);
        lines.extend(pane.about().iter().chain(late).map(|sentence| Line::styled(*sentence, theme.text)));
    }
    let order = Context::ALL.iter().filter(|(context, _)| *context == here);
    for &(context, heading) in order.chain(Context::ALL.iter().filter(|(context, _)| *context != here)) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(heading, theme.strong));
        for binding in BINDINGS.iter().filter(|binding| binding.context == context) {
            lines.push(command(binding, theme));
        }
    }
    lines
}

/// A line of a message.
pub struct MessageLine<'a> {
    /// Who says it, on the first line of the message; as wide for all.
    speaker: String,
    said: &'a Said,
    is_first: bool,
    text: String,
}

impl MessageLine<'_> {
    fn shown(self, scene: &Scene<'_>) -> Line<'static> {
        let (sign, style) = status::sign(self.said.level, scene.theme);
        let sign = if self.is_first { sign } else { " " };
        Line::from(vec![
            Span::styled(self.speaker, scene.theme.faint),
            Span::styled(format!("{sign} {}", self.text), style),
        ])
    }
}

/// What was said, by whom and when, on a screen of so many columns.
pub fn messages<'a>(state: &'a State, columns: u16) -> Vec<MessageLine<'a>> {
    let speaker = |said: &Said| match &said.by {
        Speaker::Workbench => "workbench".to_owned(),
        Speaker::Run { id, step, .. } if *id == state.runs.shown => format!("@ {}", count(*step)),
        Speaker::Run { label, step, .. } => format!("{label} @ {}", count(*step)),
    };
    let said: Vec<_> = state.log.shown().map(|said| (speaker(said), said)).collect();
    let wide = said.iter().map(|(speaker, _)| speaker.chars().count()).max().unwrap_or(0);
    // Frame and margin, what stands between the speaker and the sign, the sign.
    let room = usize::from(columns).saturating_sub(4 + wide + 2 + 2).max(LEAST_TEXT);
    let lines = |(speaker, said): (String, &'a Said)| {
        paragraph(&said.text, room).into_iter().enumerate().map(move |(row, text)| MessageLine {
            speaker: format!("{:<wide$}  ", if row == 0 { &speaker } else { "" }),
            said,
            is_first: row == 0,
            text,
        })
    };
    said.into_iter().flat_map(lines).collect()
}

/// Columns that a message has at least, however long its speaker's name is.
const LEAST_TEXT: usize = 30;

/// The hyperparameters that the run has.
fn hyperparameters(scene: &Scene<'_>) -> Vec<Line<'static>> {
    let known = || scene.snapshot.hyperparameters.iter().map(|&(hyperparameter, _)| hyperparameter);
    let wide = known().map(|known| known.symbol().chars().count()).max().unwrap_or(0);
    let line = |hyperparameter: Hyperparameter| {
        let value = scene.snapshot.hyperparameter(hyperparameter).map_or_else(|| "–".to_owned(), plain);
        Line::from(vec![
            Span::styled(format!("{:<wide$}  {value:>9}  ", hyperparameter.symbol()), scene.theme.strong),
            Span::styled(hyperparameter.description(), scene.theme.text),
        ])
    };
    known().map(line).collect()
}

/// Every optimizer, and which it is now.
fn optimizers(scene: &Scene<'_>) -> Vec<Line<'static>> {
    let now = scene.snapshot.run.as_ref().map(|run| run.optimizer.as_str());
    let line = |kind: Kind| {
        let present = now == Some(kind.label());
        let style = if present { scene.theme.strong } else { scene.theme.text };
        Line::styled(format!("{}{}", kind.name(), if present { "  · now" } else { "" }), style)
    };
    Kind::all().into_iter().map(line).collect()
}

/// The checkpoints of a run with what is known of them, the validation loss or else the training loss.
fn forks(scene: &Scene<'_>, id: Id, steps: &[u64]) -> Vec<Line<'static>> {
    let snapshot = scene.entries.iter().find(|entry| entry.id == id).map(|entry| &entry.snapshot);
    let loss = |step: u64| {
        let snapshot = snapshot?;
        let kinds = [("validation loss", &snapshot.validation_loss), ("training loss", &snapshot.train_loss)];
        let (name, series) = kinds.into_iter().find(|(_, series)| !series.is_empty())?;
        let point = series.points()[series.nearest(step as f64)?];
        Some(format!("  {name} {}", figure(point.mean())))
    };
    let wide = steps.iter().map(|&step| count(step).len()).max().unwrap_or(0);
    let line = |&step: &u64| {
        Line::from(vec![
            Span::styled(format!("update {:>wide$}", count(step)), scene.theme.strong),
            Span::styled(loss(step).unwrap_or_default(), scene.theme.text),
        ])
    };
    steps.iter().map(line).collect()
}

/// The least width of a list, where there is room for it.
const LEAST: u16 = 80;

/// The panel of a list of so many lines.
fn panel(area: Rect, lines: usize, width: u16) -> Rect {
    let width = width.max(LEAST).min(area.width);
    let height = (lines.max(1) as u16 + 2).min(area.height);
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// The first line in sight of a list with one of its lines selected, where there is room for so many.
fn first(selected: usize, room: usize) -> usize {
    selected.saturating_sub(room.saturating_sub(1))
}

/// The line at a place of a list of so many lines, one of them selected.
pub fn line_at(area: Rect, lines: usize, selected: usize, at: Position) -> Option<usize> {
    let panel = panel(area, lines, LEAST);
    let (first_row, room) = (panel.y + 1, panel.height.saturating_sub(2));
    let row = at.y.checked_sub(first_row).filter(|row| *row < room && panel.contains(at))?;
    Some(first(selected, room.into()) + usize::from(row)).filter(|line| *line < lines)
}

/// A list in a panel amid the area: lines from `from` on, or with one of them selected and in sight.
fn list(
    buffer: &mut Buffer,
    area: Rect,
    scene: &Scene<'_>,
    title: &str,
    lines: &[Line<'_>],
    from: usize,
    selected: Option<usize>,
) {
    let theme = scene.theme;
    let lines: Vec<_> = lines.iter().map(|line| theme.spell_line(line.clone())).collect();
    let longest = lines.iter().map(Line::width).max().unwrap_or(0) as u16;
    let panel = panel(area, lines.len(), longest + 4);
    Clear.render(panel.intersection(buffer.area), buffer);
    let whole = theme.panel(buffer, panel, Line::styled(title.to_owned(), theme.accent), true, true);
    let room = usize::from(whole.height);
    let from = match selected {
        Some(selected) => first(selected, room),
        None => from.min(lines.len().saturating_sub(room)),
    };
    if lines.is_empty() {
        put(buffer, whole, 0, &Line::styled("nothing", theme.faint));
    }
    for (row, line) in lines.iter().skip(from).take(room).enumerate() {
        put(buffer, whole, row as u16, line);
        if selected == Some(from + row) {
            let place = Rect { y: whole.y + row as u16, height: 1, ..whole };
            buffer.set_style(place, theme.selected);
        }
    }
    let below = lines.len().saturating_sub(from + room);
    if below > 0 && panel.width > 12 && panel.height > 1 {
        let text = format!(" ↓ {below} more ");
        let wide = text.chars().count().min(panel.width.into()) as u16;
        buffer.set_stringn(panel.right() - wide, panel.bottom() - 1, text, wide.into(), theme.warning);
    }
}
