//! The one table of commands. Dispatch, help, palette, footer and the README's keys are made from it.

mod context;
mod key;

use ratatui::crossterm::event::{KeyCode, KeyEvent};

pub use context::Context;
use key::{DOWN, ENTER, ESC, PAGE_DOWN, PAGE_UP, UP, control, key, letter};
pub use key::{Key, LEFT, RIGHT};

use super::state::Screen;
use crate::diagnostics::Diagnostic;
use crate::train::Hyperparameter;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    Quit,
    Leave,
    Suspend,
    Redraw,
    Help,
    Messages,
    NextPane,
    PreviousPane,
    Focus(usize),
    Zoom,
    Back,
    NextView,
    Up,
    Down,
    PageUp,
    PageDown,
    TogglePause,
    SingleStep,
    AskUpdates,
    Checkpoint,
    Measure,
    MeasureLayer,
    MeasureAll,
    CancelMeasurements,
    LayerBefore,
    LayerAfter,
    NextSource,
    ImageBefore,
    ImageAfter,
    Ask(Hyperparameter),
    Scale(Hyperparameter, f64),
    Choose,
    Optimizers,
    Palette,
    LogY,
    LogX,
    NextUnit,
    Smoothing,
    Crosshair,
    Left,
    Right,
    OneLeft,
    OneRight,
    Closer,
    Farther,
    Follow,
    ShowAll,
    Accept,
    Erase,
    Clear,
    Show(Screen),
    OpenRun,
    MarkRun,
    AskFilter,
    SortRuns,
    InvertRuns,
    GroupSeeds,
    Again,
    Hurry,
    DeleteRun,
    DesignRun,
    Queue,
    Fork,
    ResumeRun,
    Stop,
    AskExport,
    NextPalette,
    NextSigns,
    ToggleMouse,
    First,
    Last,
    NextSection,
    PreviousSection,
    Cycle,
    AddLayer,
    Remove,
    MoveUp,
    MoveDown,
    Undo,
    Redo,
    New,
    Save,
    SaveAs,
    Open,
    Start,
    LeastLevel,
    AskMessages,
}

impl Action {
    /// Whether it is for the run that is shown, as long as that goes on.
    pub fn steers(self) -> bool {
        matches!(
            self,
            Self::TogglePause
                | Self::SingleStep
                | Self::AskUpdates
                | Self::Checkpoint
                | Self::Measure
                | Self::MeasureLayer
                | Self::MeasureAll
                | Self::CancelMeasurements
                | Self::Ask(_)
                | Self::Scale(..)
                | Self::Choose
                | Self::Optimizers
                | Self::Stop
        )
    }
}

/// A line of the table.
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// Keys, the first of them named in the footer.
    pub keys: &'static [Key],
    /// Name of the command.
    pub name: &'static str,
    /// What it does.
    pub help: &'static str,
    /// A word or two for the footer, where it is named there.
    pub hint: Option<&'static str>,
    /// What is done.
    pub action: Action,
}

impl Binding {
    /// Its keys by name, with spaces between.
    pub fn key_names(&self) -> String {
        self.keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ")
    }
}

macro_rules! bindings {
    ($($context:ident: [$($key:expr),+] $name:literal, $hint:expr, $action:expr, $help:literal;)*) => {
        /// Every key there is.
        pub const BINDINGS: &[Binding] = &[$(Binding {
            context: Context::$context,
            keys: &[$($key),+],
            name: $name,
            help: $help,
            hint: $hint,
            action: $action,
        }),*];
    };
}

bindings! {
    Everywhere: [letter('?'), key(KeyCode::F(1))] "help", Some("help"), Action::Help, "Show all keys.";
    Everywhere: [letter('q'), control('c')] "quit", Some("quit"), Action::Quit, "Quit; asks first if the run is not over.";
    Everywhere: [letter('T')] "train", Some("train"), Action::Show(Screen::Train), "The Train screen: the panes of one run.";
    Everywhere: [letter('D')] "design", Some("design"), Action::Show(Screen::Design), "The Design screen: the experiment of the run, or another one, to edit and to start.";
    Everywhere: [letter('R')] "runs", Some("runs"), Action::Show(Screen::Runs), "The Runs screen: all runs, to compare them.";
    Everywhere: [letter('C')] "curvature", Some("curvature"), Action::Show(Screen::Curvature), "The Curvature screen: spectra, factors and directions of one run.";
    Everywhere: [letter('I')] "images", Some("images"), Action::Show(Screen::Images), "The Images screen: images, and what the network makes of them.";
    Everywhere: [letter(':')] "commands", Some("commands"), Action::Palette, "Find a command by a word of it.";
    Everywhere: [letter('m')] "messages", Some("messages"), Action::Messages, "Show all messages.";
    Everywhere: [control('l')] "redraw", None, Action::Redraw, "Draw everything anew.";
    Everywhere: [control('z')] "suspend", None, Action::Suspend, "Suspend the program; `fg` brings it back.";
    Everywhere: [letter('P')] "colours", None, Action::NextPalette, "The next colour theme: dark, light, high contrast, colour-blind.";
    Everywhere: [letter('U')] "signs", None, Action::NextSigns, "Draw with other signs: braille, blocks, ASCII alone.";
    Everywhere: [letter('M')] "mouse", None, Action::ToggleMouse, "Listen to the mouse, or leave it to the terminal.";
    Everywhere: [letter('E')] "export", Some("export"), Action::AskExport, "Write the focused pane, or what is laid over one another, to a .svg, .png, .csv or .json file.";
    Train: [letter(' '), letter('p')] "pause", Some("pause"), Action::TogglePause, "Pause the run, or let it go on.";
    Train: [letter('g')] "gamma", Some("damping γ"), Action::Ask(Hyperparameter::KroneckerDamping), "Set the Kronecker damping γ.";
    Train: [letter('t')] "tau", Some("damping τ"), Action::Ask(Hyperparameter::StepDamping), "Set the step damping τ.";
    Train: [letter('e')] "set", Some("change"), Action::Choose, "Choose any hyperparameter and set it.";
    Train: [letter('o')] "optimizer", Some("optimizer"), Action::Optimizers, "Go on with another optimizer, from the next update.";
    Train: [letter('v')] "view", Some("view"), Action::NextView, "Show the next view of the focused pane.";
    Train: [letter('z'), ENTER] "zoom", Some("zoom"), Action::Zoom, "Give the whole screen to the focused pane, and back.";
    Train: [key(KeyCode::Tab)] "next", Some("next"), Action::NextPane, "Focus the next pane.";
    Train: [letter('r')] "rate", None, Action::Ask(Hyperparameter::LearningRate), "Set the learning rate.";
    Train: [letter('[')] "halve-gamma", None, Action::Scale(Hyperparameter::KroneckerDamping, 0.5), "Halve γ.";
    Train: [letter(']')] "double-gamma", None, Action::Scale(Hyperparameter::KroneckerDamping, 2.0), "Double γ.";
    Train: [letter('s')] "step", Some("step"), Action::SingleStep, "Make one update, then pause.";
    Train: [letter('S')] "stop", None, Action::Stop, "Stop the run, with a checkpoint; asks first.";
    Train: [letter('n')] "run-n", Some("run n"), Action::AskUpdates, "Make n updates, then pause.";
    Train: [letter('N')] "measure", None, Action::Measure, "Measure what the focused pane shows now, whatever its cadence.";
    Train: [letter('X')] "cancel", None, Action::CancelMeasurements, "End what is being measured.";
    Train: [letter('w')] "checkpoint", None, Action::Checkpoint, "Write a checkpoint now.";
    Train: [letter('F')] "fork", None, Action::Fork, "Start another run where this one is, or was before it diverged, and show it.";
    Train: [key(KeyCode::BackTab)] "previous", None, Action::PreviousPane, "Focus the previous pane.";
    Train: [letter('1')] "loss", None, Action::Focus(0), "Focus the loss.";
    Train: [letter('2')] "rank", None, Action::Focus(1), "Focus the rank of Ḡ.";
    Train: [letter('3')] "hessian", None, Action::Focus(2), "Focus the Hessian blocks.";
    Train: [letter('4')] "timing", None, Action::Focus(3), "Focus the timing.";
    Train: [ESC] "back", None, Action::Back, "One level back: crosshair off, then zoom off.";
    Train: [UP, letter('k')] "up", None, Action::Up, "Scroll the focused table up.";
    Train: [DOWN, letter('j')] "down", None, Action::Down, "Scroll the focused table down.";
    Train: [letter('l')] "log-y", Some("log y"), Action::LogY, "Logarithmic or linear y axis of the focused chart.";
    Train: [letter('L')] "log-x", None, Action::LogX, "Logarithmic or linear x axis.";
    Train: [letter('x')] "x-axis", Some("x axis"), Action::NextUnit, "Count x in updates, epochs, samples or seconds of training.";
    Train: [letter('a')] "average", None, Action::Smoothing, "Smooth noisy curves more, or not at all.";
    Train: [letter('c')] "crosshair", Some("crosshair"), Action::Crosshair, "Crosshair with read-out, on or off.";
    Train: [LEFT, letter(',')] "left", None, Action::Left, "Move the crosshair left, or the chart.";
    Train: [RIGHT, letter('.')] "right", None, Action::Right, "Move the crosshair right, or the chart.";
    Train: [letter('<')] "one-left", None, Action::OneLeft, "Move the crosshair to the update before; in a long run, to the point of several updates.";
    Train: [letter('>')] "one-right", None, Action::OneRight, "Move the crosshair to the update after; in a long run, to the point of several updates.";
    Train: [letter('+'), letter('=')] "closer", Some("closer"), Action::Closer, "Look at half the x range.";
    Train: [letter('-')] "farther", None, Action::Farther, "Look at twice the x range.";
    Train: [letter('f')] "follow", Some("follow"), Action::Follow, "Follow the latest updates, or look at the whole run.";
    Train: [letter('0')] "all", None, Action::ShowAll, "Look at the whole run.";
    Runs: [ENTER] "open", Some("open"), Action::OpenRun, "Show the selected run on the Train screen.";
    Runs: [letter(' ')] "mark", Some("overlay"), Action::MarkRun, "Lay the curves of the selected run over those of the others, or no more.";
    Runs: [UP, letter('k')] "up", None, Action::Up, "Go up.";
    Runs: [DOWN, letter('j')] "down", None, Action::Down, "Go down.";
    Runs: [PAGE_UP] "page-up", None, Action::PageUp, "Go up by ten runs.";
    Runs: [PAGE_DOWN] "page-down", None, Action::PageDown, "Go down by ten runs.";
    Runs: [key(KeyCode::Home)] "first", None, Action::First, "Go to the first run.";
    Runs: [key(KeyCode::End), letter('G')] "last", None, Action::Last, "Go to the last run.";
    Runs: [letter('/')] "filter", Some("filter"), Action::AskFilter, "Show only runs that an expression holds of, such as lr >= 1e-3 and kind = adam.";
    Runs: [letter('s')] "sort", Some("sort"), Action::SortRuns, "Sort by the next column.";
    Runs: [letter('i')] "invert", None, Action::InvertRuns, "Sort the other way round.";
    Runs: [letter('v')] "view", Some("view"), Action::NextView, "Show losses, ranks or the differences of settings below.";
    Runs: [letter('x')] "x-axis", Some("x axis"), Action::NextUnit, "Count x in updates, epochs, samples or seconds of training.";
    Runs: [letter('g')] "group", Some("group"), Action::GroupSeeds, "Show runs that differ only in their seeds as their mean, with a band of all of them.";
    Runs: [letter('f'), letter('F')] "fork", Some("fork"), Action::Fork, "Start another run where the selected one is, or at a checkpoint of one that is over.";
    Runs: [letter('r')] "resume", Some("resume"), Action::ResumeRun, "Let the selected run go on where it was left.";
    Runs: [letter('S')] "stop", None, Action::Stop, "Stop the selected run, with a checkpoint; asks first.";
    Runs: [letter('d')] "edit", Some("design"), Action::DesignRun, "Take the selected run's experiment to the Design screen.";
    Runs: [letter('a')] "again", Some("again"), Action::Again, "Queue the selected run's experiment once more, with the next seed.";
    Runs: [letter('b')] "begin", None, Action::Hurry, "Begin a queued run at once, beside those that run.";
    Runs: [key(KeyCode::Delete), key(KeyCode::Backspace)] "delete", None, Action::DeleteRun, "Delete the selected run and its folder; asks first.";
    Runs: [letter('l')] "log-y", None, Action::LogY, "Logarithmic or linear y axis.";
    Runs: [letter('L')] "log-x", None, Action::LogX, "Logarithmic or linear x axis.";
    Runs: [ESC] "back", None, Action::Back, "One level back: the filter off, then to the Train screen.";
    Curvature: [letter('N')] "measure", Some("measure"), Action::Measure, "Measure what the focused pane shows now, of all layers.";
    Curvature: [letter('X'), letter('x')] "cancel", Some("cancel"), Action::CancelMeasurements, "End what is being measured, and what waits.";
    Curvature: [RIGHT, letter('.')] "layer-after", Some("layer"), Action::LayerAfter, "Show the next layer; before the first one, all as one.";
    Curvature: [LEFT, letter(',')] "layer-before", None, Action::LayerBefore, "Show the layer before.";
    Curvature: [letter('s')] "source", Some("factors"), Action::NextSource, "Show other factors: the optimizer's running averages, KFAC's, KFLR's, KFRA's.";
    Curvature: [letter('v')] "view", Some("view"), Action::NextView, "Show the next view of the focused pane.";
    Curvature: [letter('z'), ENTER] "zoom", Some("zoom"), Action::Zoom, "Give the whole screen to the focused pane, and back.";
    Curvature: [letter('n')] "measure-layer", Some("one layer"), Action::MeasureLayer, "Measure what the focused pane shows now, of the layer that is shown.";
    Curvature: [key(KeyCode::Tab)] "next", Some("next pane"), Action::NextPane, "Focus the next pane.";
    Curvature: [letter('A')] "measure-all", Some("all"), Action::MeasureAll, "Measure all that this screen shows, one after the other.";
    Curvature: [letter('l')] "log-y", Some("log y"), Action::LogY, "Logarithmic or linear y axis of the focused chart.";
    Curvature: [letter(' '), letter('p')] "pause", Some("pause"), Action::TogglePause, "Pause the run, or let it go on.";
    Curvature: [letter('S')] "stop", None, Action::Stop, "Stop the run, with a checkpoint; asks first.";
    Curvature: [letter('e')] "set", Some("set"), Action::Choose, "Choose any hyperparameter and set it, such as every how many updates to measure.";
    Curvature: [key(KeyCode::BackTab)] "previous", None, Action::PreviousPane, "Focus the previous pane.";
    Curvature: [letter('1')] "spectrum", None, Action::Focus(0), "Focus the spectra.";
    Curvature: [letter('2')] "factors", None, Action::Focus(1), "Focus the Kronecker factors.";
    Curvature: [letter('3')] "kronecker", None, Action::Focus(2), "Focus the errors of the Kronecker blocks.";
    Curvature: [letter('4')] "alignment", None, Action::Focus(3), "Focus the alignment of directions.";
    Curvature: [letter('5')] "rank-curve", None, Action::Focus(4), "Focus the rank against the number of data.";
    Curvature: [letter('6')] "surface", None, Action::Focus(5), "Focus the loss surface.";
    Curvature: [UP, letter('k')] "up", None, Action::Up, "Scroll the focused table up.";
    Curvature: [DOWN, letter('j')] "down", None, Action::Down, "Scroll the focused table down.";
    Curvature: [ESC] "back", None, Action::Back, "One level back: zoom off, then to the Train screen.";
    Images: [letter('N'), letter('n')] "measure", Some("new images"), Action::Measure, "Take images anew, with the parameters of this moment.";
    Images: [RIGHT, letter('.')] "image-after", Some("image"), Action::ImageAfter, "Choose the next image.";
    Images: [LEFT, letter(',')] "image-before", None, Action::ImageBefore, "Choose the image before.";
    Images: [letter('z'), ENTER] "zoom", Some("zoom"), Action::Zoom, "Show the chosen image alone, as large as there is room, and back.";
    Images: [letter('v')] "view", Some("first or worst"), Action::NextView, "Show the first data, or the worst.";
    Images: [letter('c')] "cadence", Some("cadence"), Action::Ask(Hyperparameter::Every(Diagnostic::Images)), "Set every how many updates images are taken; 0: only when asked for.";
    Images: [letter('X'), letter('x')] "cancel", None, Action::CancelMeasurements, "End what is being measured, and what waits.";
    Images: [letter(' '), letter('p')] "pause", Some("pause"), Action::TogglePause, "Pause the run, or let it go on.";
    Images: [letter('S')] "stop", None, Action::Stop, "Stop the run, with a checkpoint; asks first.";
    Images: [letter('e')] "set", None, Action::Choose, "Choose any hyperparameter and set it.";
    Images: [ESC] "back", None, Action::Back, "One level back: zoom off, then to the Train screen.";
    List: [UP, letter('k')] "up", Some("up"), Action::Up, "Go up.";
    List: [DOWN, letter('j')] "down", Some("down"), Action::Down, "Go down.";
    List: [PAGE_UP] "page-up", None, Action::PageUp, "Go up by ten lines.";
    List: [PAGE_DOWN, letter(' ')] "page-down", None, Action::PageDown, "Go down by ten lines.";
    List: [key(KeyCode::Home), letter('g')] "first", None, Action::First, "Go to the first line.";
    List: [key(KeyCode::End), letter('G')] "last", None, Action::Last, "Go to the last line.";
    List: [ENTER] "accept", Some("take"), Action::Accept, "Take the selected line.";
    List: [ESC, letter('q'), letter('?'), letter('e'), letter('o')] "back", Some("back"), Action::Back, "Close the list.";
    List: [control('c')] "quit", None, Action::Quit, "Quit; asks first if the run is not over.";
    Messages: [UP, letter('k')] "up", Some("up"), Action::Up, "Go up.";
    Messages: [DOWN, letter('j')] "down", Some("down"), Action::Down, "Go down.";
    Messages: [PAGE_UP] "page-up", None, Action::PageUp, "Go up by ten lines.";
    Messages: [PAGE_DOWN, letter(' ')] "page-down", None, Action::PageDown, "Go down by ten lines.";
    Messages: [key(KeyCode::Home), letter('g')] "first", None, Action::First, "Go to the latest message.";
    Messages: [key(KeyCode::End), letter('G')] "last", None, Action::Last, "Go to the oldest message.";
    Messages: [letter('l')] "level", Some("level"), Action::LeastLevel, "Show all messages, warnings and errors, or errors.";
    Messages: [letter('/')] "filter", Some("filter"), Action::AskMessages, "Show only messages with a text, of their run too.";
    Messages: [ESC, letter('q'), letter('m')] "back", Some("back"), Action::Back, "One level back: the filter off, then the list closed.";
    Messages: [control('c')] "quit", None, Action::Quit, "Quit; asks first if the run is not over.";
    Palette: [ENTER] "accept", Some("run it"), Action::Accept, "Run the selected command.";
    Palette: [UP] "up", Some("up"), Action::Up, "Go up.";
    Palette: [DOWN] "down", Some("down"), Action::Down, "Go down.";
    Palette: [ESC] "back", Some("back"), Action::Back, "Run none.";
    Palette: [key(KeyCode::Backspace)] "erase", None, Action::Erase, "Erase the last sign.";
    Palette: [control('u')] "clear", None, Action::Clear, "Erase all.";
    Palette: [control('c')] "quit", None, Action::Quit, "Quit; asks first if the run is not over.";
    Prompt: [ENTER] "accept", Some("accept"), Action::Accept, "Take what was typed.";
    Prompt: [ESC] "back", Some("cancel"), Action::Back, "Change nothing.";
    Prompt: [key(KeyCode::Backspace)] "erase", None, Action::Erase, "Erase the sign before the cursor.";
    Prompt: [key(KeyCode::Delete)] "delete", None, Action::Remove, "Erase the sign under the cursor.";
    Prompt: [LEFT] "left", None, Action::Left, "Go one sign left.";
    Prompt: [RIGHT] "right", None, Action::Right, "Go one sign right.";
    Prompt: [key(KeyCode::Home), control('a')] "first", None, Action::First, "Go to the beginning.";
    Prompt: [key(KeyCode::End), control('e')] "last", None, Action::Last, "Go to the end.";
    Prompt: [control('u')] "clear", Some("clear"), Action::Clear, "Erase all.";
    Prompt: [control('c')] "quit", None, Action::Quit, "Quit; asks first if the run is not over.";
    Question: [letter('y')] "yes", Some("yes"), Action::Accept, "Yes.";
    Question: [letter('n'), ESC, letter('q')] "no", Some("no"), Action::Back, "No.";
    Question: [control('c')] "quit", None, Action::Quit, "Quit; asks first, and is a yes to that.";
    Stopping: [letter('q'), control('c')] "leave", Some("leave without waiting"), Action::Leave, "Leave at once; the run goes on stopping behind.";
    Design: [ENTER, letter('i')] "edit", Some("edit"), Action::Accept, "Type a value of the selected field, or choose one.";
    Design: [letter('S')] "start", Some("start"), Action::Start, "Start a run of the experiment, beside those that run.";
    Design: [letter('w')] "save", Some("save"), Action::Save, "Save the experiment; asks for a file if it has none.";
    Design: [letter('O')] "open", Some("open"), Action::Open, "Open an experiment file.";
    Design: [letter('N')] "new", Some("new"), Action::New, "Begin another experiment, from a small one.";
    Design: [letter('a')] "add-layer", Some("add layer"), Action::AddLayer, "Add a layer after the selected one, or at the end.";
    Design: [letter('d'), key(KeyCode::Delete)] "remove", Some("remove"), Action::Remove, "Take out the layer, or what is stated for the field.";
    Design: [letter('u')] "undo", Some("undo"), Action::Undo, "Undo the last change.";
    Design: [letter('Q')] "queue", Some("queue"), Action::Queue, "Start a run of the experiment when the others are over.";
    Design: [letter('K')] "move-up", Some("layer up"), Action::MoveUp, "Move the layer up, toward the input.";
    Design: [letter('J')] "move-down", Some("layer down"), Action::MoveDown, "Move the layer down, toward the output.";
    Design: [control('r')] "redo", None, Action::Redo, "Make the change again that was undone.";
    Design: [UP, letter('k')] "up", None, Action::Up, "Go to the field above.";
    Design: [DOWN, letter('j')] "down", None, Action::Down, "Go to the field below.";
    Design: [LEFT, letter('h')] "left", None, Action::Left, "Choose the value before, or go to the width of the layer.";
    Design: [RIGHT, letter('l')] "right", None, Action::Right, "Choose the value after, or go to the activation of the layer.";
    Design: [letter(' ')] "cycle", None, Action::Cycle, "Choose the value after.";
    Design: [key(KeyCode::Tab), letter('}')] "next-section", None, Action::NextSection, "Go to the next section.";
    Design: [key(KeyCode::BackTab), letter('{')] "previous-section", None, Action::PreviousSection, "Go to the beginning of the section, or to the one before.";
    Design: [PAGE_UP] "page-up", None, Action::PageUp, "Go up by ten fields.";
    Design: [PAGE_DOWN] "page-down", None, Action::PageDown, "Go down by ten fields.";
    Design: [key(KeyCode::Home), letter('g')] "first", None, Action::First, "Go to the first field.";
    Design: [key(KeyCode::End), letter('G')] "last", None, Action::Last, "Go to the last field.";
    Design: [letter('W')] "save-as", None, Action::SaveAs, "Save the experiment in a file that is asked for.";
    Design: [ESC] "back", None, Action::Back, "One level back: the message off, then to the Train screen.";
    DesignTyping: [ENTER] "accept", Some("accept"), Action::Accept, "Take what was typed; nothing: the default.";
    DesignTyping: [ESC] "back", Some("cancel"), Action::Back, "Change nothing.";
    DesignTyping: [control('u')] "clear", Some("clear"), Action::Clear, "Erase all.";
    DesignTyping: [key(KeyCode::Backspace)] "erase", None, Action::Erase, "Erase the sign before the cursor.";
    DesignTyping: [key(KeyCode::Delete)] "delete", None, Action::Remove, "Erase the sign under the cursor.";
    DesignTyping: [LEFT] "left", None, Action::Left, "Go one sign left.";
    DesignTyping: [RIGHT] "right", None, Action::Right, "Go one sign right.";
    DesignTyping: [key(KeyCode::Home), control('a')] "first", None, Action::First, "Go to the beginning.";
    DesignTyping: [key(KeyCode::End), control('e')] "last", None, Action::Last, "Go to the end.";
    DesignTyping: [control('c')] "quit", None, Action::Quit, "Quit; asks first if the run is not over.";
    DesignChoice: [ENTER, letter(' ')] "accept", Some("choose"), Action::Accept, "Take the selected value.";
    DesignChoice: [UP, letter('k'), LEFT, letter('h')] "up", Some("up"), Action::Up, "Go up.";
    DesignChoice: [DOWN, letter('j'), RIGHT, letter('l')] "down", Some("down"), Action::Down, "Go down.";
    DesignChoice: [ESC, letter('q')] "back", Some("cancel"), Action::Back, "Change nothing.";
    DesignChoice: [control('c')] "quit", None, Action::Quit, "Quit; asks first if the run is not over.";
}

impl Context {
    /// The lines of the table that hold here.
    pub fn bindings(self) -> impl Iterator<Item = &'static Binding> {
        let holds = move |binding: &&Binding| {
            // Some of what holds on every screen holds whatever lies over it.
            let here = self.is_screen() || matches!(binding.action, Action::Suspend | Action::Redraw);
            binding.context == self || (here && binding.context == Self::Everywhere)
        };
        BINDINGS.iter().filter(holds)
    }
}

/// What a key does in a context.
pub fn find(context: Context, event: &KeyEvent) -> Option<Action> {
    let mut here = context.bindings();
    here.find(|binding| binding.keys.iter().any(|key| key.matches(event))).map(|binding| binding.action)
}

/// The commands of a screen of which the name, the help or a key has `text`, whatever its case: those first
/// whose name begins with it.
pub fn search(screen: Context, text: &str) -> Vec<&'static Binding> {
    let text = text.to_lowercase();
    let begins = |binding: &&Binding| binding.name.starts_with(&text);
    let has = |binding: &&Binding| {
        let words = format!("{} {} {}", binding.name, binding.help.to_lowercase(), binding.key_names().to_lowercase());
        words.contains(&text)
    };
    screen
        .bindings()
        .filter(begins)
        .chain(screen.bindings().filter(|binding| !begins(binding) && has(binding)))
        .collect()
}

/// The keys of the screens, for documents: where they hold, their names, what they do.
pub fn documented() -> impl Iterator<Item = (&'static str, String, &'static str)> {
    let of = |(context, heading): (Context, &'static str)| {
        let here = BINDINGS.iter().filter(move |binding| binding.context == context);
        here.map(move |binding| (heading, binding.key_names(), binding.help))
    };
    Context::ALL.into_iter().filter(|(context, _)| context.is_screen() || *context == Context::Everywhere).flat_map(of)
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyModifiers;

    use super::*;

    #[test]
    fn a_key_has_one_meaning_in_a_context() {
        for (context, heading) in Context::ALL {
            let keys: Vec<_> = context.bindings().flat_map(|binding| binding.keys).collect();
            for (index, key) in keys.iter().enumerate() {
                assert!(!keys[index + 1..].contains(key), "{} twice: {heading}", key.name());
            }
        }
    }

    #[test]
    fn a_command_has_one_name_in_a_context() {
        for (context, heading) in Context::ALL {
            let names: Vec<_> = context.bindings().map(|binding| binding.name).collect();
            for (index, name) in names.iter().enumerate() {
                assert!(!names[index + 1..].contains(name), "{name} twice: {heading}");
            }
        }
    }

    #[test]
    fn the_program_is_suspended_and_drawn_anew_whatever_is_on_the_screen() {
        let event = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
        for (context, heading) in Context::ALL {
            let found = [find(context, &event('z')), find(context, &event('l'))];
            let all = [Some(Action::Suspend), Some(Action::Redraw)];
            assert_eq!(found, all, "{heading}");
        }
    }

    #[test]
    fn a_letter_with_shift_is_itself_and_with_alt_is_not() {
        let event = |modifiers| KeyEvent::new(KeyCode::Char('L'), modifiers);
        assert_eq!(find(Context::Train, &event(KeyModifiers::SHIFT)), Some(Action::LogX));
        assert_eq!(find(Context::Train, &event(KeyModifiers::ALT)), None);
    }
}
