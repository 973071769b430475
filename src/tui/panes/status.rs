//! The last two lines: what is said or typed, and which keys there are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::Scene;
use crate::runs::{Entry, Standing};
use crate::session::Outcome;
use crate::session::snapshot::{Level, Message};
use crate::tui::action::{Action, Binding, Context};
use crate::tui::line::Typed;
use crate::tui::number::{count, plain};
use crate::tui::runs;
use crate::tui::state::{Overlay, Question, Screen, Topic};
use crate::tui::theme::Theme;
use crate::tui::update;
use crate::tui::widgets::{fit, put, typed_line};

/// What is typed, or what waits for an answer, or the latest message.
pub fn message(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let (state, snapshot, theme) = (scene.state, scene.snapshot, scene.theme);
    let line = match (&state.overlay, &state.notice) {
        (Some(Overlay::Prompt(topic, text)), _) => prompt(scene, *topic, text, area.width),
        (Some(Overlay::Ask(question)), _) => ask(scene, question),
        (_, Some((level, text))) => {
            let (sign, style) = sign(*level, theme);
            Line::styled(format!("{sign} {text}"), style)
        }
        _ if state.stopping => {
            Line::styled("stopping… what runs ends after its update and writes a checkpoint", theme.warning)
        }
        _ if !state.pending.is_empty() => {
            let texts: Vec<_> = state.pending.iter().map(|pending| pending.text.as_str()).collect();
            Line::styled(format!("… {}: pending", texts.join(", ")), theme.warning)
        }
        // What the run on the Train screen said last is not of the selected one.
        _ if state.screen == Screen::Runs => {
            let run = runs::selected(state, scene.entries);
            Line::styled(run.and_then(trouble).unwrap_or_default(), theme.bad)
        }
        _ if snapshot.summary.is_some() => over(scene),
        _ => snapshot.messages.back().map(|message| said(message, theme)).unwrap_or_default(),
    };
    let line = theme.spell_line(line);
    let rest = Line::from(vec![Span::styled("  m", theme.accent), Span::styled(" shows all", theme.faint)]);
    let room = usize::from(area.width).saturating_sub(rest.width());
    if line.width() <= usize::from(area.width) || state.overlay.is_some() || room < rest.width() {
        return put(buffer, area, 0, &line);
    }
    let (said, beside) = (area.width - rest.width() as u16, rest.width() as u16);
    put(buffer, Rect { width: said, ..area }, 0, &line);
    put(buffer, Rect { x: area.x + said, width: beside, ..area }, 0, &rest);
}

/// Where the log of a run is damaged, or why it never began.
fn trouble(run: &Entry) -> Option<&str> {
    let said = || run.snapshot.messages.back().filter(|_| !run.has_begun()).map(|message| &message.text);
    run.snapshot.damage.as_ref().or_else(said).map(String::as_str)
}

/// A question.
fn ask(scene: &Scene<'_>, question: &Question) -> Line<'static> {
    let theme = scene.theme;
    let live = scene.entries.iter().filter(|entry| entry.is_live()).count();
    let lost = scene.state.design.is_changed();
    let shown_alone =
        live == 1 && scene.entries.iter().any(|entry| entry.is_live() && entry.id == scene.state.runs.shown);
    let waiting = scene.entries.iter().any(Entry::is_waiting);
    let stop = format!("Stop {live} run{} and quit?", if live == 1 { "" } else { "s" });
    let (asked, consequence) = match question {
        Question::Quit if live == 0 => ("Quit?".to_owned(), "The experiment of the Design screen is not saved."),
        Question::Quit if lost => (stop, "The experiment of the Design screen is not saved."),
        Question::Quit if waiting => (stop, "Queued runs are forgotten."),
        Question::Quit if !shown_alone => (stop, "Checkpoints are written first."),
        Question::Quit => {
            let step = count(scene.snapshot.step);
            (format!("Stop the run after update {step} and quit?"), "A checkpoint is written first.")
        }
        Question::Stop(id) => {
            let run = scene.entries.iter().find(|entry| entry.id == *id);
            (format!("Stop {}, with a checkpoint?", run.map(Entry::label).unwrap_or_default()), "")
        }
        Question::Delete(id) => match scene.entries.iter().find(|entry| entry.id == *id) {
            Some(entry) if !entry.has_begun() => {
                (format!("Take {} off the list?", entry.label()), "It has not begun: nothing is deleted.")
            }
            entry => {
                let folder = entry.map(|entry| entry.folder.display().to_string()).unwrap_or_default();
                (format!("Delete {folder}?"), "It cannot be had back.")
            }
        },
        Question::Replace(file) => (format!("{} is there already. Write over it?", file.display()), ""),
    };
    Line::from(vec![
        Span::styled(format!("{asked} "), theme.warning),
        Span::raw(if consequence.is_empty() { String::new() } else { format!("{consequence} ") }),
        Span::styled("y/n", theme.strong),
    ])
}

/// How the run ended.
fn over(scene: &Scene<'_>) -> Line<'static> {
    let Some(summary) = &scene.snapshot.summary else { return Line::default() };
    let after = format!("after {} updates", count(summary.updates));
    let reason = summary.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match summary.status {
        Outcome::Finished => Line::styled(format!("The run is finished {after}{reason}."), scene.theme.good),
        Outcome::Stopped => Line::styled(format!("The run was stopped {after}{reason}."), scene.theme.warning),
        Outcome::Failed => Line::styled(format!("The run failed {after}{reason}"), scene.theme.bad),
    }
}

/// The sign of a level, and its style.
pub fn sign(level: Level, theme: &Theme) -> (&'static str, Style) {
    match level {
        Level::Info => ("·", theme.text),
        Level::Warning => ("▲", theme.warning),
        Level::Error => ("×", theme.bad),
    }
}

/// A message of the run that is shown: its step, its level as a sign, its text.
fn said(message: &Message, theme: &Theme) -> Line<'static> {
    let (sign, style) = sign(message.level, theme);
    Line::from(vec![
        Span::styled(format!("update {} ", count(message.step)), theme.faint),
        Span::styled(format!("{sign} "), style),
        Span::styled(message.text.clone(), style),
    ])
}

/// A line that is typed, and what it would do; the line gives way before that does.
fn prompt(scene: &Scene<'_>, topic: Topic, typed: &Typed, width: u16) -> Line<'static> {
    let theme = scene.theme;
    let name = match topic {
        Topic::Hyperparameter(hyperparameter) => {
            let now = scene.snapshot.hyperparameter(hyperparameter);
            let now = now.map_or_else(|| "not used".to_owned(), |value| format!("now {}", plain(value)));
            format!("{} ({now}): ", hyperparameter.symbol())
        }
        Topic::Updates => "updates to make before a pause: ".to_owned(),
        Topic::Filter => "runs to show: ".to_owned(),
        Topic::Export => "file to write: ".to_owned(),
        Topic::Messages => "messages to show: ".to_owned(),
    };
    let verdict = match (update::read(topic, typed.text(), scene.entries), &scene.state.notice) {
        // What came of it.
        (Ok(_), Some((Level::Error, wrong))) => Span::styled(format!("× {wrong}"), theme.bad),
        (Ok(_), _) if topic == Topic::Filter && typed.text().is_empty() => {
            Span::styled("such as lr >= 1e-3 and kind = adam; Enter shows all", theme.faint)
        }
        (Ok(_), _) => Span::styled("Enter sets it", theme.faint),
        (Err(expected), _) if typed.text().is_empty() => {
            let wanted = expected.strip_prefix("expected ").unwrap_or(&expected).to_owned();
            Span::styled(format!("{wanted}; Esc changes nothing"), theme.faint)
        }
        (Err(expected), _) => Span::styled(format!("× {expected}"), theme.bad),
    };
    let name = Line::from(Span::styled(name, theme.strong));
    let (mut line, width) = (theme.spell_line(name), usize::from(width));
    let room = width.saturating_sub(line.width() + 2 + verdict.width()).max(width / 3);
    line.spans.extend(typed_line(typed, room, theme));
    line.spans.extend([Span::raw("  "), verdict]);
    line
}

/// As many hints as fit, from the table of keys.
pub fn hints(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let pause = match scene.standing() {
        Some(Standing::Running) => Some("pause"),
        Some(Standing::Paused) => Some("resume"),
        _ => None,
    };
    let word = |binding: &Binding| match binding.action {
        Action::TogglePause => pause,
        action if action.steers() && pause.is_none() => None,
        Action::Ask(hyperparameter) | Action::Scale(hyperparameter, _) => {
            scene.snapshot.hyperparameter(hyperparameter).and(binding.hint)
        }
        _ => binding.hint,
    };
    hints_of(buffer, area, (scene.state.context(), scene.state.screen), &word, scene.theme);
}

/// The hints of a context of a screen; `word`: what the key of a command does, if anything.
pub fn hints_of(
    buffer: &mut Buffer,
    area: Rect,
    (context, screen): (Context, Screen),
    word: &dyn Fn(&Binding) -> Option<&'static str>,
    theme: &Theme,
) {
    let hint = |(key, word): (String, &'static str)| {
        vec![Span::styled(key, theme.accent), Span::styled(format!(" {word}"), Style::new().patch(theme.faint))]
    };
    let elsewhere = |binding: &&Binding| binding.action != Action::Show(screen);
    // How to leave and where to find all keys comes first, then what is of this screen alone.
    let first = |binding: &&Binding| matches!(binding.action, Action::Help | Action::Quit);
    let all = || context.bindings().filter(elsewhere);
    let own = all().filter(|binding| !first(binding) && binding.context == context);
    let others = all().filter(|binding| !first(binding) && binding.context != context);
    let ordered = all().filter(first).chain(own).chain(others);
    let named = ordered.filter_map(|binding| Some((theme.key(*binding.keys.first()?), word(binding)?)));
    put(buffer, area, 0, &fit(named.map(hint).collect(), 2, area.width, theme));
}
