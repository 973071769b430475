//! Every command of the screens does what its help says, by whatever key, from the palette too.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use crate::diagnostics::Diagnostic;
use crate::session::Command;
use crate::train::Hyperparameter as H;
use crate::tui::action::{self, Action, BINDINGS, Binding, Context};
use crate::tui::line::Typed;
use crate::tui::panes::Pane;
use crate::tui::sample;
use crate::tui::state::{Overlay, Question, Screen, State, Topic, Unit, Window};
use crate::tui::theme::{Palette, Signs};
use crate::tui::update::{Effect, Sight, press};

/// The place of the pane that has the keys before a command: one with a table.
fn focused(screen: Screen) -> usize {
    if screen == Screen::Curvature { 2 } else { 1 }
}

/// What is seen before a command: on the Train screen the second pane with its crosshair in a part of the run,
/// on the Runs screen the second run.
fn before(screen: Screen) -> State {
    let mut state = State::default();
    state.show(screen);
    state.focus = Pane::of(screen).get(focused(screen)).copied().unwrap_or(state.focus);
    let pane = state.focus.index();
    (state.layer, state.image) = (3, 2);
    state.axes.window = Window::Between(200.0, 600.0);
    state.axes.crosshair = Some(400.0);
    state.scroll[pane] = 3;
    state.runs.selected = 1;
    // The second of two layers that were added, of which a third was taken back.
    for action in [Action::AddLayer, Action::AddLayer, Action::AddLayer, Action::Undo, Action::Up, Action::Up] {
        state.design.act(action);
    }
    state
}

/// How many layers there are before a command.
fn layers() -> usize {
    before(Screen::Design).design.document().layers()
}

/// The key of a field of a layer, counted from the end.
fn layer(from_end: usize, field: &str) -> String {
    format!("network.layers.{}.{field}", layers() - from_end)
}

/// What a command did.
struct Done {
    before: Screen,
    state: State,
    effect: Option<Effect>,
}

impl Done {
    fn sent(&self, command: Command) -> bool {
        matches!(&self.effect, Some(Effect::Send(sent, _)) if *sent == command)
    }

    fn asked(&self, hyperparameter: H) -> bool {
        self.state.overlay == Some(Overlay::Prompt(Topic::Hyperparameter(hyperparameter), Typed::default()))
    }

    fn over(&self, overlay: Overlay) -> bool {
        self.state.overlay == Some(overlay)
    }

    fn crosshair(&self, at: f64) -> bool {
        self.state.axes.crosshair.is_some_and(|x| (x - at).abs() < 1e-9)
    }
}

/// Whether it did what the help of the command says; `None` for a command that this test does not know.
// A line for each command.
#[allow(clippy::match_same_arms)]
fn as_said(context: Context, name: &str, done: &Done) -> Option<bool> {
    let Done { state, effect, .. } = done;
    let at = state.design.selected_key();
    let scaled = |factor| done.sent(Command::Scale { hyperparameter: H::KroneckerDamping, factor });
    Some(match (context, name) {
        (Context::Everywhere, name) => return of_every_screen(name, done),
        (Context::Train | Context::Curvature | Context::Images, "pause") => done.sent(Command::Pause),
        (Context::Train | Context::Curvature | Context::Images, "zoom") => state.zoom,
        (Context::Train | Context::Curvature | Context::Images, "view") => state.view(state.focus) == 1,
        (Context::Train | Context::Curvature, "next") => state.focus == Pane::of(done.before)[focused(done.before) + 1],
        (Context::Train | Context::Curvature, "previous") => {
            state.focus == Pane::of(done.before)[focused(done.before) - 1]
        }
        (Context::Train, "measure") => *effect == Some(Effect::Measure(vec![Diagnostic::Rank], None)),
        (Context::Train | Context::Curvature | Context::Images, "cancel") => done.sent(Command::CancelMeasurements),
        (Context::Train | Context::Curvature | Context::Images, "set") => done.over(Overlay::Choose(0)),
        (Context::Train, "optimizer") => matches!(state.overlay, Some(Overlay::Optimizers(_))),
        (Context::Train, "gamma") => done.asked(H::KroneckerDamping),
        (Context::Train, "tau") => done.asked(H::StepDamping),
        (Context::Train, "rate") => done.asked(H::LearningRate),
        (Context::Train, "halve-gamma") => scaled(0.5),
        (Context::Train, "double-gamma") => scaled(2.0),
        (Context::Train, "step") => done.sent(Command::RunThenPause(1)),
        (Context::Train | Context::Curvature | Context::Images, "stop") => done.over(Overlay::Ask(Question::Stop(0))),
        // The selected one is over.
        (Context::Runs, "stop") => state.notice.is_some(),
        (Context::Train, "run-n") => done.over(Overlay::Prompt(Topic::Updates, Typed::default())),
        (Context::Train, "checkpoint") => done.sent(Command::Checkpoint),
        (Context::Train, "loss") => state.focus == Pane::Loss,
        (Context::Train, "rank") => state.focus == Pane::Rank,
        (Context::Train, "hessian") => state.focus == Pane::Hessian,
        (Context::Train, "timing") => state.focus == Pane::Timing,
        (Context::Train, "back") => state.axes.crosshair.is_none(),
        (Context::Train | Context::Curvature, "up") => state.scroll[state.focus.index()] == 2,
        (Context::Train | Context::Curvature, "down") => state.scroll[state.focus.index()] == 4,
        (Context::Train | Context::Curvature, "log-y") => state.linear_y[state.focus.index()],
        (Context::Train | Context::Runs, "log-x") => state.axes.log_x,
        (Context::Train | Context::Runs, "x-axis") => state.axes.unit == Unit::Epoch,
        (Context::Train, "average") => state.axes.smoothing == 1,
        (Context::Train, "crosshair") => state.axes.crosshair.is_none(),
        (Context::Train, "left") => done.crosshair(392.0),
        (Context::Train, "right") => done.crosshair(408.0),
        (Context::Train, "one-left") => done.crosshair(399.0),
        (Context::Train, "one-right") => done.crosshair(401.0),
        (Context::Train, "closer") => state.axes.window == Window::Between(300.0, 500.0),
        (Context::Train, "farther") => state.axes.window == Window::Between(0.0, 800.0),
        (Context::Train, "follow") => state.axes.window == Window::Latest(400.0),
        (Context::Train, "all") => state.axes.window == Window::All,
        (Context::Runs, "open") => *effect == Some(Effect::Open(1)) && state.screen == Screen::Train,
        (Context::Runs, "mark") => *effect == Some(Effect::Read(1)) && state.runs.marked == [1],
        (Context::Runs, "up" | "page-up" | "first") => state.runs.selected == 0,
        (Context::Runs, "down") => state.runs.selected == 2,
        (Context::Runs, "page-down" | "last") => state.runs.selected == 3,
        (Context::Runs, "filter") => done.over(Overlay::Prompt(Topic::Filter, Typed::default())),
        (Context::Runs, "sort") => state.runs.sort == 1,
        (Context::Runs, "invert") => state.runs.descending,
        (Context::Runs, "view") => state.runs.view == 1,
        (Context::Runs, "group") => state.runs.grouped,
        (Context::Train, "fork") => *effect == Some(Effect::Fork(0)),
        (Context::Runs, "fork") => *effect == Some(Effect::Fork(1)),
        (Context::Runs, "resume") => *effect == Some(Effect::Resume(1)),
        (Context::Runs, "edit") => *effect == Some(Effect::Design(1)),
        (Context::Runs, "again") => *effect == Some(Effect::Again(1)),
        (Context::Runs, "begin") => *effect == Some(Effect::Hurry(1)),
        (Context::Runs, "delete") => done.over(Overlay::Ask(Question::Delete(1))),
        (Context::Runs, "log-y") => state.runs.linear,
        (Context::Runs, "back") => state.screen == Screen::Train,
        // There are changes.
        (Context::Design, "new") => state.context() == Context::Question,
        (Context::Design, "edit") => state.context() == Context::DesignTyping,
        (Context::Design, "add-layer" | "redo") => state.design.document().layers() == layers() + 1,
        (Context::Design, "remove") => state.design.document().layers() == layers() - 1,
        (Context::Design, "undo") => state.design.document().layers() == layers() - 1,
        (Context::Design, "save" | "save-as" | "open") => {
            state.context() == Context::DesignTyping && state.design.document().layers() == layers()
        }
        (Context::Design, "start") => matches!(effect, Some(Effect::Start(_))),
        (Context::Design, "queue") => matches!(effect, Some(Effect::Queue(_))),
        (Context::Design, "move-up" | "up") => at == layer(2, "units"),
        (Context::Design, "move-down" | "down") => at == layer(0, "units"),
        (Context::Design, "right") => at == layer(1, "activation"),
        (Context::Design, "left" | "cycle") => at == layer(1, "units"),
        (Context::Design, "back") => state.screen == Screen::Train,
        (Context::Design, "next-section") => at.starts_with("loss."),
        (Context::Design, "previous-section") => at.starts_with("network.") && at != layer(1, "units"),
        (Context::Design, "page-up" | "first") => !at.contains("layers"),
        (Context::Design, "page-down" | "last") => !at.starts_with("network."),
        (Context::Curvature, name) => return of_curvature(name, done),
        (Context::Images, name) => return of_images(name, done),
        _ => return None,
    })
}

/// The same of what every screen has.
fn of_every_screen(name: &str, done: &Done) -> Option<bool> {
    let Done { state, effect, .. } = done;
    Some(match name {
        "help" => done.over(Overlay::Help(0)),
        "quit" => done.over(Overlay::Ask(Question::Quit)),
        "commands" => done.over(Overlay::Palette(String::new(), 0)),
        "messages" => done.over(Overlay::Messages(0)),
        "train" => state.screen == Screen::Train,
        "design" => state.screen == Screen::Design,
        "runs" => state.screen == Screen::Runs && *effect == Some(Effect::Scan),
        "images" => state.screen == Screen::Images,
        "curvature" => state.screen == Screen::Curvature,
        "redraw" => *effect == Some(Effect::Redraw),
        "suspend" => *effect == Some(Effect::Suspend),
        "colours" => state.palette == Palette::Light,
        "signs" => state.signs == Signs::Blocks,
        "export" => done.over(Overlay::Prompt(Topic::Export, Typed::default())),
        "mouse" => state.mouse,
        _ => return None,
    })
}

/// The same of what only the Curvature screen has.
fn of_curvature(name: &str, done: &Done) -> Option<bool> {
    use Diagnostic as D;
    let Done { state, effect, .. } = done;
    let asked = |diagnostics: &[D]| *effect == Some(Effect::Measure(diagnostics.to_vec(), None));
    Some(match name {
        "measure" => asked(&[D::Approximation, D::Fisher]),
        "measure-layer" => *effect == Some(Effect::Measure(vec![D::Approximation, D::Fisher], Some(3))),
        "measure-all" => {
            asked(&[D::Spectrum, D::Factors, D::Approximation, D::Fisher, D::Alignment, D::RankCurve, D::Surface])
        }
        "source" => state.source == 1,
        "layer-before" => state.layer == 2,
        "layer-after" => state.layer == 4,
        "spectrum" => state.focus == Pane::Spectrum,
        "factors" => state.focus == Pane::Factors,
        "kronecker" => state.focus == Pane::Kronecker,
        "alignment" => state.focus == Pane::Alignment,
        "rank-curve" => state.focus == Pane::RankCurve,
        "surface" => state.focus == Pane::Surface,
        "back" => state.screen == Screen::Train,
        _ => return None,
    })
}

/// The same of what only the Images screen has.
fn of_images(name: &str, done: &Done) -> Option<bool> {
    let Done { state, effect, .. } = done;
    Some(match name {
        "measure" => *effect == Some(Effect::Measure(vec![Diagnostic::Images], None)),
        "image-before" => state.image == 1,
        "image-after" => state.image == 3,
        "cadence" => done.asked(H::Every(Diagnostic::Images)),
        "back" => state.screen == Screen::Train,
        _ => return None,
    })
}

fn after(screen: Screen, keys: &[KeyEvent]) -> Done {
    let (mut snapshot, shelf) = (sample::measured(1000), sample::shelf());
    // A method with all that has a key.
    snapshot.hyperparameters.extend([(H::LearningRate, 0.1), (H::Every(Diagnostic::Images), 0.0)]);
    let sight = Sight { snapshot: &snapshot, entries: shelf.entries() };
    let mut state = before(screen);
    let mut effect = None;
    for key in keys {
        effect = press(&mut state, key, sight);
    }
    Done { before: screen, state, effect }
}

fn screens(binding: &Binding) -> Vec<Screen> {
    let on = |screen: &Screen| binding.context == Context::Everywhere || screen.context() == binding.context;
    Screen::ALL.into_iter().filter(on).collect()
}

#[test]
fn every_key_does_what_the_help_of_its_command_says() {
    let of_screens = |binding: &&Binding| !screens(binding).is_empty();
    for binding in BINDINGS.iter().filter(of_screens) {
        for screen in screens(binding) {
            for key in binding.keys {
                let done = after(screen, &[key.event()]);
                let as_said = as_said(binding.context, binding.name, &done);
                let (name, key) = (binding.name, key.name());
                assert!(as_said.is_some(), "{name} is not in the test of all commands");
                assert_eq!(
                    as_said,
                    Some(true),
                    "{name} by {key} on {screen:?}: {} {}",
                    binding.help,
                    done.state.design.selected_key()
                );
            }
        }
    }
}

#[test]
fn the_palette_does_what_the_key_does() {
    let plain = |code| KeyEvent::from(code);
    for screen in Screen::ALL {
        for binding in screen.context().bindings() {
            let mut typed = vec![plain(KeyCode::Char(':'))];
            typed.extend(binding.name.chars().map(|letter| plain(KeyCode::Char(letter))));
            let found = action::search(screen.context(), binding.name);
            let place = found.iter().position(|other| std::ptr::eq(*other, binding)).unwrap();
            typed.extend((0..place).map(|_| plain(KeyCode::Down)));
            typed.push(plain(KeyCode::Enter));
            let (chosen, pressed) = (after(screen, &typed), after(screen, &[binding.keys[0].event()]));
            assert_eq!(chosen.effect, pressed.effect, "{}", binding.name);
            assert_eq!(format!("{:?}", chosen.state), format!("{:?}", pressed.state), "{}", binding.name);
        }
    }
}
