//! What a run says to the user along the way, and the marks it leaves in the plots.

use serde::{Deserialize, Serialize};

use super::Snapshot;
use crate::session::Ticket;

/// Messages kept for the screen; the run log keeps all.
const MESSAGES: usize = 200;
/// Marks kept for the plots.
const MARKS: usize = 500;

/// Something that happened at a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Updates made before it.
    pub step: u64,
    /// What, for people.
    pub text: String,
}

/// Something said to the user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Updates made when it was said.
    pub step: u64,
    /// How serious it is.
    pub level: Level,
    /// What, for people.
    pub text: String,
    /// The command it answers.
    pub ticket: Option<Ticket>,
}

/// How serious a message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// As asked for.
    #[default]
    Info,
    /// Worth a look.
    Warning,
    /// Not done.
    Error,
}

impl Snapshot {
    pub(super) fn mark(&mut self, step: u64, text: &str) {
        if self.marks.len() == MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(Mark { step, text: text.to_owned() });
    }

    pub(super) fn say(&mut self, step: u64, level: Level, text: String) {
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(Message { step, level, text, ticket: None });
        self.said += 1;
    }

    /// Whether a command is carried out or refused. Commands are answered in their order.
    pub fn answers(&self, ticket: Ticket) -> bool {
        self.messages.iter().any(|message| message.ticket >= Some(ticket))
    }

    /// Marks the latest message as the answer to a command.
    pub(super) fn answer(&mut self, ticket: Ticket) {
        if let Some(message) = self.messages.back_mut() {
            message.ticket = Some(ticket);
        }
    }
}
