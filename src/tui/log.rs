//! The one list of messages: what runs say and what the workbench itself says, in the order in which they came.

use std::collections::{BTreeMap, VecDeque};

use crate::runs::Id;
use crate::session::Snapshot;
use crate::session::snapshot::Level;

/// Messages kept.
const MOST: usize = 1000;

/// Who says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The program.
    Workbench,
    /// A run.
    Run {
        /// Which.
        id: Id,
        /// What it is called.
        label: String,
        /// Updates made.
        step: u64,
    },
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// By whom.
    pub by: Speaker,
    /// How serious it is.
    pub level: Level,
    /// What, for people.
    pub text: String,
}

/// The latest messages, and which of them are shown.
#[derive(Clone, Debug, Default)]
pub struct Log {
    said: VecDeque<Said>,
    /// How many messages of each run were taken in.
    heard: BTreeMap<Id, u64>,
    /// The least serious that are shown.
    pub least: Level,
    /// A text that those have that are shown, they or the names of their runs.
    pub filter: String,
}

impl Log {
    /// Takes in what the workbench says.
    pub fn say(&mut self, level: Level, text: String) {
        self.push(Said { by: Speaker::Workbench, level, text });
    }

    /// Takes in what a run said since the last time.
    pub fn follow(&mut self, id: Id, label: impl FnOnce() -> String, snapshot: &Snapshot) {
        let heard = self.heard.entry(id).or_default();
        let new = snapshot.said.saturating_sub(*heard);
        // A run that is resumed may have said less before than it did in the end.
        *heard = snapshot.said;
        if new == 0 {
            return;
        }
        let (label, messages) = (label(), &snapshot.messages);
        for message in messages.iter().skip(messages.len().saturating_sub(new as usize)) {
            let by = Speaker::Run { id, label: label.clone(), step: message.step };
            self.push(Said { by, level: message.level, text: message.text.clone() });
        }
    }

    fn push(&mut self, said: Said) {
        if self.said.len() == MOST {
            self.said.pop_front();
        }
        self.said.push_back(said);
    }

    /// The messages that are shown, the latest first.
    pub fn shown(&self) -> impl Iterator<Item = &Said> {
        let wanted = self.filter.to_lowercase();
        let has = move |text: &str| text.to_lowercase().contains(&wanted);
        let shown = move |said: &&Said| match &said.by {
            _ if said.level < self.least => false,
            Speaker::Run { label, .. } => has(label) || has(&said.text),
            Speaker::Workbench => has(&said.text),
        };
        self.said.iter().rev().filter(shown)
    }

    /// Shows what is more serious only, or all again.
    pub fn next_level(&mut self) {
        self.least = match self.least {
            Level::Info => Level::Warning,
            Level::Warning => Level::Error,
            Level::Error => Level::Info,
        };
    }

    /// What is shown, in words.
    pub fn selection(&self) -> String {
        let levels = match self.least {
            Level::Info => "all",
            Level::Warning => "warnings and errors",
            Level::Error => "errors",
        };
        if self.filter.is_empty() { levels.to_owned() } else { format!("{levels} with {:?}", self.filter) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Event;
    use crate::tui::sample;

    fn texts(log: &Log) -> Vec<&str> {
        log.shown().map(|said| said.text.as_str()).collect()
    }

    #[test]
    fn what_runs_and_the_workbench_say_is_in_one_list_each_once() {
        let (mut log, mut run) = (Log::default(), sample::snapshot(10));
        let mut warn = |log: &mut Log, text: &str| {
            run.apply(&Event::Warning { step: 10, text: text.to_owned() });
            log.follow(3, || "three".to_owned(), &run);
            log.follow(3, || "three".to_owned(), &run);
        };
        warn(&mut log, "one");
        log.say(Level::Info, "two".to_owned());
        warn(&mut log, "three");
        assert_eq!(texts(&log), ["three", "two", "one"]);
        (0..2000).for_each(|_| warn(&mut log, "many"));
        assert_eq!(log.shown().count(), MOST);
    }

    #[test]
    fn levels_and_texts_choose_among_them() {
        let mut log = Log::default();
        for (level, text) in [(Level::Info, "Palette"), (Level::Warning, "slow"), (Level::Error, "full disk")] {
            log.say(level, text.to_owned());
        }
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(log.shown().count());
            log.next_level();
        }
        assert_eq!(seen, [3, 2, 1]);
        "PAL".clone_into(&mut log.filter);
        assert_eq!(texts(&log), ["Palette"]);
    }
}
