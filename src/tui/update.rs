//! What a key does to the screen, and what it asks of the world.

mod charts;
mod chosen;
mod effect;
mod overlay;
mod typed;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{self, Action};
use super::design::Wish;
use super::line::Typed;
use super::number::plain;
use super::panes::{self, Pane};
use super::runs;
use super::state::{Overlay, Pending, Question, Screen, State, Topic};
use crate::diagnostics::Diagnostic;
use crate::optim::Kind;
use crate::runs::{Entry, Standing};
use crate::session::snapshot::Level;
use crate::session::{Command, Outcome, Snapshot, Status};
use crate::train::Hyperparameter;

pub use effect::Effect;
pub use overlay::list;
pub use typed::read;

/// What there is to see.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    /// The run on the Train screen.
    pub snapshot: &'a Snapshot,
    /// All runs.
    pub entries: &'a [Entry],
}

impl Sight<'_> {
    /// Whether a run of this process is not over.
    pub fn is_live(&self) -> bool {
        self.entries.iter().any(Entry::is_live)
    }

    /// Why the run on the Train screen takes no commands; `None` where it does.
    fn deaf(&self, state: &State) -> Option<&'static str> {
        deaf(runs::shown(state, self.entries))
    }
}

/// Why a run takes no commands; `None` where it does.
fn deaf(run: Option<&Entry>) -> Option<&'static str> {
    match run.map(Entry::standing) {
        Some(Standing::Running | Standing::Paused) => None,
        Some(Standing::Queued) => Some("the run waits in the queue: b on the Runs screen begins it"),
        Some(Standing::Elsewhere) => Some("the run takes no commands: another program trains it"),
        Some(Standing::Finished) => Some("the run is finished: F starts another at its latest checkpoint"),
        Some(Standing::Failed) if run.is_some_and(|run| !run.has_begun()) => {
            Some("the run never began: D shows its experiment, which S starts")
        }
        Some(Standing::Unfinished | Standing::Stopped | Standing::Failed) => {
            Some("the run is over: r on the Runs screen lets it go on")
        }
        Some(Standing::Damaged) => Some("the run is over, and its log is damaged"),
        None => Some("there is no run"),
    }
}

/// Takes in a key.
pub fn press(state: &mut State, event: &KeyEvent, sight: Sight<'_>) -> Option<Effect> {
    state.notice = None;
    if designs(state) {
        let wish = state.design.press(event);
        return wish.and_then(|wish| grant(state, wish, sight));
    }
    if let Some(action) = action::find(state.context(), event) {
        let effect = update(state, action, sight)?;
        if let (Effect::Send(..) | Effect::Measure(..), Some(why)) = (&effect, sight.deaf(state)) {
            state.say(Level::Warning, why);
            return None;
        }
        return Some(effect);
    }
    let KeyCode::Char(letter) = event.code else { return None };
    if !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        type_in(state, letter);
    }
    None
}

/// Takes in a text that is pasted, as if it were typed; its line breaks are spaces. Where nothing is typed its signs
/// are no keys.
pub fn paste(state: &mut State, text: &str) {
    state.notice = None;
    let signs = text.trim().chars().map(|sign| if sign.is_control() { ' ' } else { sign });
    let typed =
        if designs(state) { state.design.paste(signs) } else { signs.filter(|&sign| type_in(state, sign)).count() > 0 };
    if !typed {
        state.say(Level::Warning, "what was pasted is ignored: nothing is typed here");
    }
}

/// Types a sign. Whether there is where.
fn type_in(state: &mut State, sign: char) -> bool {
    match &mut state.overlay {
        Some(Overlay::Prompt(Topic::Filter | Topic::Export | Topic::Messages, line)) => line.insert(sign),
        Some(Overlay::Prompt(_, line)) if line.text().len() < 24 && !sign.is_whitespace() => line.insert(sign),
        Some(Overlay::Palette(text, selected)) if text.len() < 24 => {
            text.push(sign);
            *selected = 0;
        }
        _ => return false,
    }
    true
}

/// Whether keys are for the experiment that is edited.
fn designs(state: &State) -> bool {
    state.screen == Screen::Design && state.overlay.is_none() && !state.stopping
}

/// What the Design screen wishes for.
fn grant(state: &mut State, wish: Wish, sight: Sight<'_>) -> Option<Effect> {
    match wish {
        Wish::Start(experiment) => Some(Effect::Start(experiment)),
        Wish::Save { file, replace } => Some(Effect::Save { file, replace }),
        Wish::Open(file) => Some(Effect::Load(file)),
        // Where something is wrong the Design screen says what.
        Wish::Screen(Action::Queue) => match state.design.experiment().cloned() {
            Some(experiment) => Some(Effect::Queue(Box::new(experiment))),
            None => state.design.act(Action::Start).and_then(|wish| grant(state, wish, sight)),
        },
        Wish::Screen(action) => act(state, action, sight),
    }
}

/// Takes in an action.
pub fn update(state: &mut State, action: Action, sight: Sight<'_>) -> Option<Effect> {
    if designs(state) {
        let wish = state.design.act(action);
        return wish.and_then(|wish| grant(state, wish, sight));
    }
    act(state, action, sight)
}

/// Takes in an action that is not for the experiment that is edited.
fn act(state: &mut State, action: Action, sight: Sight<'_>) -> Option<Effect> {
    let snapshot = sight.snapshot;
    if overlay::edit(state, action) {
        return None;
    }
    match action {
        Action::Quit => return quit(state, sight),
        Action::Show(screen) => {
            state.show(screen);
            return match screen {
                Screen::Runs => Some(Effect::Scan),
                Screen::Design if state.design.gives_way_to(state.runs.shown) => Some(Effect::Design(state.runs.shown)),
                _ => None,
            };
        }
        Action::Leave => return Some(Effect::Leave),
        Action::Suspend => return Some(Effect::Suspend),
        Action::Redraw => return Some(Effect::Redraw),
        Action::Accept => return overlay::accept(state, sight),
        Action::TogglePause => return Some(toggle_pause(state, snapshot)),
        Action::SingleStep => return Some(Effect::send(Command::RunThenPause(1), "one update, then pause")),
        Action::Measure => return measure(state, snapshot, state.focus.diagnostics(state), None),
        Action::MeasureLayer => {
            let layer = Some(state.layer.min(snapshot.depth())).filter(|layer| *layer > 0);
            return measure(state, snapshot, state.focus.diagnostics(state), layer);
        }
        Action::MeasureAll => {
            let all = Pane::of(state.screen).iter().flat_map(|pane| pane.diagnostics(state)).copied();
            return measure(state, snapshot, &all.collect::<Vec<_>>(), None);
        }
        Action::CancelMeasurements => {
            return Some(Effect::send(Command::CancelMeasurements, "cancel measurements"));
        }
        // All layers as one come before the first, in a circle.
        Action::LayerBefore => state.layer = (state.layer + snapshot.depth()) % (snapshot.depth() + 1),
        Action::LayerAfter => state.layer = (state.layer + 1) % (snapshot.depth() + 1),
        Action::ImageBefore => state.image = state.image.min(images(state, snapshot)).saturating_sub(1),
        Action::ImageAfter => state.image = (state.image + 1).min(images(state, snapshot)),
        Action::NextSource => state.source = (state.source + 1) % panes::factors::SOURCES.len(),
        Action::Checkpoint => return Some(Effect::send(Command::Checkpoint, "checkpoint")),
        Action::Scale(hyperparameter, factor) => {
            let text = format!("{} × {}", hyperparameter.symbol(), plain(factor));
            let scale = Effect::Send(Command::Scale { hyperparameter, factor }, text);
            return used(state, sight, hyperparameter).then_some(scale);
        }
        Action::Help => state.overlay = Some(Overlay::Help(0)),
        Action::Messages => state.overlay = Some(Overlay::Messages(0)),
        Action::Choose => state.overlay = Some(Overlay::Choose(0)),
        Action::Optimizers => {
            let now = snapshot.run.as_ref().map_or("", |run| Kind::name_of(&run.optimizer));
            let place = Kind::all().iter().position(|kind| kind.name() == now).unwrap_or(0);
            state.overlay = Some(Overlay::Optimizers(place));
        }
        Action::Palette => state.overlay = Some(Overlay::Palette(String::new(), 0)),
        Action::Ask(hyperparameter) if used(state, sight, hyperparameter) => {
            state.overlay = Some(Overlay::Prompt(Topic::Hyperparameter(hyperparameter), Typed::default()));
        }
        Action::Ask(_) => {}
        Action::AskUpdates => match sight.deaf(state) {
            Some(why) => state.say(Level::Warning, why),
            None => state.overlay = Some(Overlay::Prompt(Topic::Updates, Typed::default())),
        },
        Action::Back => overlay::back(state),
        Action::Up => overlay::scroll(state, sight, -1),
        Action::Down => overlay::scroll(state, sight, 1),
        Action::PageUp => overlay::scroll(state, sight, -10),
        Action::PageDown => overlay::scroll(state, sight, 10),
        Action::First => overlay::scroll(state, sight, isize::MIN),
        Action::Last => overlay::scroll(state, sight, isize::MAX),
        Action::NextPalette | Action::NextSigns | Action::ToggleMouse => look_otherwise(state, action),
        Action::LeastLevel => {
            state.log.next_level();
            state.overlay = Some(Overlay::Messages(0));
        }
        Action::AskMessages => state.overlay = Some(Overlay::Prompt(Topic::Messages, Typed::new(&*state.log.filter))),
        Action::AskExport => state.overlay = Some(Overlay::Prompt(Topic::Export, Typed::default())),
        Action::AskFilter => state.overlay = Some(Overlay::Prompt(Topic::Filter, Typed::new(&*state.runs.filter))),
        Action::SortRuns => state.runs.sort = (state.runs.sort + 1) % runs::COLUMNS.len(),
        Action::InvertRuns => state.runs.descending = !state.runs.descending,
        Action::GroupSeeds => state.runs.grouped = !state.runs.grouped,
        Action::LogY if state.screen == Screen::Runs => state.runs.linear = !state.runs.linear,
        Action::NextView if state.screen == Screen::Runs => state.runs.view = (state.runs.view + 1) % runs::VIEWS,
        Action::Stop => stop(state, sight),
        Action::Fork if state.screen == Screen::Train => return Some(Effect::Fork(state.runs.shown)),
        Action::DesignRun
        | Action::Fork
        | Action::ResumeRun
        | Action::OpenRun
        | Action::MarkRun
        | Action::Again
        | Action::Hurry
        | Action::DeleteRun => {
            return chosen::handle(state, action, sight);
        }
        other => charts::arrange(state, other, snapshot),
    }
    None
}

/// Other colours, other signs, or the mouse on or off.
fn look_otherwise(state: &mut State, action: Action) {
    let said = match action {
        Action::NextPalette => {
            state.palette = state.palette.next();
            format!("palette: {}", state.palette.name())
        }
        Action::NextSigns => {
            state.signs = state.signs.next();
            format!("signs: {}", state.signs.name())
        }
        _ => {
            state.mouse = !state.mouse;
            format!("mouse {}", if state.mouse { "on" } else { "off" })
        }
    };
    state.say(Level::Info, said);
}

/// The last image that can be chosen, from 0.
fn images(state: &State, snapshot: &Snapshot) -> usize {
    panes::images::choices(state, snapshot).saturating_sub(1)
}

/// Asks for measurements of all layers or of one, in a run that goes on.
fn measure(state: &mut State, snapshot: &Snapshot, diagnostics: &[Diagnostic], layer: Option<usize>) -> Option<Effect> {
    if matches!(snapshot.status, Status::Ended(_)) && snapshot.run.is_some() {
        state.say(Level::Warning, "the run is over: kfra-tui inspect --run measures at its checkpoints");
        return None;
    }
    let cancels = |pending: &Pending| pending.command == Command::CancelMeasurements;
    let cancelled = snapshot.cancelling || state.pending.iter().any(cancels);
    let may = |diagnostic: &Diagnostic| cancelled || !snapshot.measuring.contains(diagnostic);
    let wanted: Vec<_> = diagnostics.iter().copied().filter(may).collect();
    if wanted.is_empty() {
        let reason =
            if diagnostics.is_empty() { "nothing is measured for this pane" } else { "being measured already" };
        state.say(Level::Info, reason);
        return None;
    }
    Some(Effect::Measure(wanted, layer))
}

/// Asks whether to stop the run on the screen: on the Runs screen the selected one.
fn stop(state: &mut State, sight: Sight<'_>) {
    let on_list = state.screen == Screen::Runs;
    let run = if on_list { runs::selected(state, sight.entries) } else { runs::shown(state, sight.entries) };
    match (deaf(run), run) {
        (None, Some(run)) => state.overlay = Some(Overlay::Ask(Question::Stop(run.id))),
        (why, _) => state.say(Level::Warning, why.unwrap_or_default()),
    }
}

fn quit(state: &mut State, sight: Sight<'_>) -> Option<Effect> {
    if state.overlay == Some(Overlay::Ask(Question::Quit)) {
        return overlay::accept(state, sight);
    }
    if !sight.is_live() && !state.design.is_changed() {
        return Some(Effect::Quit);
    }
    state.overlay = Some(Overlay::Ask(Question::Quit));
    None
}

/// Pauses the run or lets it go on, whichever it does not do once what it was told last is done.
fn toggle_pause(state: &State, snapshot: &Snapshot) -> Effect {
    let told = state.pending.iter().rev().find_map(|pending| match pending.command {
        Command::Pause => Some(true),
        Command::Resume | Command::RunThenPause(_) => Some(false),
        _ => None,
    });
    if told.unwrap_or(snapshot.status == Status::Paused) {
        Effect::send(Command::Resume, "resume")
    } else {
        Effect::send(Command::Pause, "pause")
    }
}

/// Whether the run has a hyperparameter; says so where it has not.
fn used(state: &mut State, sight: Sight<'_>, hyperparameter: Hyperparameter) -> bool {
    let known = sight.snapshot.hyperparameter(hyperparameter).is_some();
    let why = match (sight.deaf(state), &sight.snapshot.run) {
        (Some(why), _) => why.to_owned(),
        (None, Some(_)) if known => return true,
        (None, Some(run)) => format!("{} has no {}", run.optimizer, hyperparameter.symbol()),
        (None, None) => "the run is loading its data".to_owned(),
    };
    state.say(Level::Warning, why);
    false
}

/// Forgets the commands that a snapshot acknowledges, and what was said before the run failed.
pub fn settle(state: &mut State, snapshot: &Snapshot) {
    if snapshot.status == Status::Ended(Outcome::Failed) {
        state.notice = None;
    }
    if state.pending.is_empty() {
        return;
    }
    if matches!(snapshot.status, Status::Ended(_)) {
        state.pending.clear();
    }
    // Commands are answered in their order, so an answer settles those before it as well.
    let answered = snapshot.messages.iter().filter_map(|message| message.ticket).max().unwrap_or(0);
    state.pending.retain(|pending| pending.ticket > answered);
}

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
