//! What the log tells of a run that has to be done again.

use std::path::Path;

use crate::optim::Kind;
use crate::session::log::{self, Damage, Follower, LogError};
use crate::session::{Command, Event};
use crate::train::{Hyperparameter, Step};

/// The numbers of an update that are compared.
pub const NUMBERS: [&str; 9] =
    ["the loss", "the gradient's norm", "the update's norm", "the learning rate", "α", "μ", "γ", "τ", "ρ"];

/// The numbers of an update in the order of [`NUMBERS`]; NaN for what it does not have.
pub fn numbers(step: &Step) -> [f64; NUMBERS.len()] {
    let of = |number: Option<f64>| number.unwrap_or(f64::NAN);
    [
        step.loss,
        step.gradient_norm,
        step.update_norm,
        of(step.learning_rate),
        of(step.step_size),
        of(step.momentum),
        of(step.kronecker_damping),
        of(step.step_damping),
        of(step.reduction_ratio),
    ]
}

/// Something that was done, after `step` updates; an update is the one of that number.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A process began, or went on, with so many threads.
    Began {
        step: u64,
        threads: usize,
    },
    Update {
        step: u64,
        numbers: [f64; NUMBERS.len()],
    },
    Evaluated {
        step: u64,
        losses: [f64; 2],
    },
    Set {
        step: u64,
        hyperparameter: Hyperparameter,
        value: f64,
    },
    Switch {
        step: u64,
        optimizer: Kind,
    },
    Ended {
        step: u64,
    },
}

impl Deed {
    pub fn step(&self) -> u64 {
        match *self {
            Self::Began { step, .. }
            | Self::Update { step, .. }
            | Self::Evaluated { step, .. }
            | Self::Set { step, .. }
            | Self::Switch { step, .. }
            | Self::Ended { step } => step,
        }
    }
}

/// All that was done. It begins with a process.
#[derive(Debug, Default)]
pub struct Script {
    deeds: Vec<Deed>,
    /// Checkpoints: their steps, and how many deeds there were before.
    checkpoints: Vec<(u64, usize)>,
    /// What is left of a last line.
    pub torn: Option<Damage>,
}

impl Script {
    /// Reads the log of a run folder.
    ///
    /// # Errors
    /// Where it cannot be read, is damaged, or does not tell how the run began.
    pub fn read(folder: &Path) -> Result<Self, LogError> {
        let mut script = Self::default();
        let mut log = Follower::open(folder)?;
        log.visit(&mut |event| script.take(event))?;
        script.torn = log.torn();
        if matches!(script.deeds.first(), Some(Deed::Began { .. })) {
            return Ok(script);
        }
        let damage = Damage { line: 1, byte: 0, reason: "expected how the run began".to_owned() };
        Err(LogError::Damaged { path: log::path(folder), damage })
    }

    fn take(&mut self, event: &Event) {
        let deed = match event {
            Event::Started(run) => Deed::Began { step: run.step, threads: run.threads },
            Event::Checkpoint { step, .. } => return self.checkpoints.push((*step, self.deeds.len())),
            Event::Step(step) => Deed::Update { step: step.step, numbers: numbers(step) },
            Event::Evaluated(found) => {
                Deed::Evaluated { step: found.step, losses: [found.train_loss, found.validation_loss] }
            }
            &Event::Applied { step, command: Command::Set { hyperparameter, value }, .. } => {
                Deed::Set { step, hyperparameter, value }
            }
            &Event::Applied { step, command: Command::Switch { optimizer }, .. } => Deed::Switch { step, optimizer },
            Event::Ended(summary) => Deed::Ended { step: summary.updates },
            _ => return,
        };
        self.deeds.push(deed);
    }

    /// Updates made before the run began.
    pub fn first(&self) -> u64 {
        self.deeds.first().map_or(0, Deed::step)
    }

    /// Updates made at the end.
    pub fn last(&self) -> u64 {
        self.deeds.last().map_or(0, Deed::step)
    }

    /// How many deeds the checkpoint of a step has behind it.
    pub fn place(&self, step: u64) -> usize {
        let written = self.checkpoints.iter().rev().find(|(known, _)| *known == step).map(|(_, place)| *place);
        let next =
            || self.deeds.iter().position(|deed| matches!(deed, Deed::Update { step: made, .. } if *made > step));
        written.or_else(next).unwrap_or(self.deeds.len())
    }

    /// The deeds from a place on up to an update, and the threads of the process that does the first of them.
    pub fn part(&self, place: usize, until: u64) -> (usize, &[Deed]) {
        let (before, after) = self.deeds.split_at(place);
        let threads = before.iter().rev().find_map(|deed| match deed {
            Deed::Began { threads, .. } => Some(*threads),
            _ => None,
        });
        let end = after.iter().position(|deed| deed.step() > until).unwrap_or(after.len());
        (threads.unwrap_or(1), &after[..end])
    }
}
