//! Actions on the run that is selected on the Runs screen.

use super::{Effect, Sight};
use crate::runs::Standing;
use crate::session::snapshot::Level;
use crate::tui::action::Action;
use crate::tui::runs;
use crate::tui::state::{Overlay, Question, Screen, State};

/// Takes in an action on the selected run.
pub fn handle(state: &mut State, action: Action, sight: Sight<'_>) -> Option<Effect> {
    let entry = runs::selected(state, sight.entries)?;
    let id = entry.id;
    match action {
        Action::OpenRun => {
            state.show(Screen::Train);
            Some(Effect::Open(id))
        }
        Action::MarkRun => {
            if let Some(place) = state.runs.marked.iter().position(|marked| *marked == id) {
                state.runs.marked.remove(place);
                return None;
            }
            state.runs.marked.push(id);
            Some(Effect::Read(id))
        }
        Action::DesignRun => Some(Effect::Design(id)),
        Action::Fork => Some(Effect::Fork(id)),
        Action::ResumeRun => {
            let why = match entry.standing() {
                Standing::Running => "runs already",
                Standing::Queued => "waits in the queue: b begins it",
                Standing::Finished => "is finished: F starts another that goes on from it",
                _ if !entry.has_begun() => "never began: d shows its experiment, which S starts",
                _ => return Some(Effect::Resume(id)),
            };
            state.say(Level::Warning, format!("{} {why}", entry.label()));
            None
        }
        Action::Again => Some(Effect::Again(id)),
        Action::Hurry => Some(Effect::Hurry(id)),
        Action::DeleteRun if entry.is_live() => {
            state.say(Level::Warning, format!("{} is not over: S stops it", entry.label()));
            None
        }
        _ => {
            state.overlay = Some(Overlay::Ask(Question::Delete(id)));
            None
        }
    }
}
