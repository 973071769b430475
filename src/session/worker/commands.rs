//! The commands that a run obeys between its updates.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError};

use super::{Course, Interruption, PATIENCE, Worker};
use crate::linalg::Real;
use crate::session::{Command, Event, Ticket};
use crate::train::Hyperparameter;

impl<T: Real> Worker<T> {
    /// Carries out the commands that wait; while the run stands still, waits for more.
    pub(super) fn obey(&mut self) -> Result<(), Interruption> {
        self.obey_waiting()?;
        if self.course == Course::Paused {
            self.observatory.set_training(false);
            self.stand_still()?;
            self.observatory.set_training(true);
        }
        Ok(())
    }

    /// Waits for commands until one lets the run go on.
    fn stand_still(&mut self) -> Result<(), Interruption> {
        while self.course == Course::Paused {
            match self.commands.recv_timeout(PATIENCE) {
                Ok((ticket, command)) => self.carry_out(ticket, command)?,
                // Nobody is left who could let it go on.
                Err(RecvTimeoutError::Disconnected) => self.course = Course::Stopped,
                Err(RecvTimeoutError::Timeout) => self.wait_while_paused()?,
            }
        }
        Ok(())
    }

    /// Results of diagnostics still arrive while the run stands still.
    fn wait_while_paused(&mut self) -> Result<(), Interruption> {
        loop {
            self.observe_asked()?;
            match self.commands.recv_timeout(PATIENCE) {
                Ok((ticket, command)) => return self.carry_out(ticket, command),
                Err(RecvTimeoutError::Disconnected) => {
                    self.course = Course::Stopped;
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    pub(super) fn obey_waiting(&mut self) -> Result<(), Interruption> {
        loop {
            match self.commands.try_recv() {
                Ok((ticket, command)) => self.carry_out(ticket, command)?,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Carries out one command, and acknowledges or refuses it.
    fn carry_out(&mut self, ticket: Ticket, command: Command) -> Result<(), Interruption> {
        let step = self.trainer.step_number();
        let answer = |worker: &mut Self, done: Result<String, String>| {
            worker.recorder.emit(match done {
                Ok(change) => Event::Applied { ticket, step, command, change },
                Err(reason) => Event::Refused { ticket, step, command, reason },
            })
        };
        match command {
            Command::Pause => {
                answer(self, Ok("paused".into()))?;
                self.pause()?;
            }
            Command::Resume => {
                self.course = Course::On;
                answer(self, Ok("resumed".into()))?;
                self.recorder.emit(Event::Resumed { step })?;
            }
            Command::RunThenPause(updates) => {
                self.course = Course::Until(step + updates.max(1));
                answer(self, Ok(format!("run {updates}, then pause")))?;
                self.recorder.emit(Event::Resumed { step })?;
            }
            Command::Checkpoint => {
                self.checkpoint(true)?;
                answer(self, Ok("checkpoint written".into()))?;
            }
            Command::Measure(diagnostic) => {
                let done = self.observatory.ask(diagnostic, None);
                answer(self, done)?;
            }
            Command::MeasureLayer(diagnostic, layer) => {
                let done = self.observatory.ask(diagnostic, Some(layer));
                answer(self, done)?;
            }
            Command::CancelMeasurements => {
                let ends = self.observatory.abort(step);
                let done = if ends.is_some() { Ok("measurements cancelled") } else { Err("nothing is being measured") };
                answer(self, done.map(Into::into).map_err(Into::into))?;
                for event in ends.into_iter().flatten() {
                    self.recorder.emit(event)?;
                }
            }
            Command::Fork(at) => answer(self, Ok(format!("another run begins at the checkpoint of update {at}")))?,
            Command::Stop => {
                self.course = Course::Stopped;
                answer(self, Ok("stopped".into()))?;
            }
            Command::Switch { optimizer } => {
                let old = self.trainer.method().label();
                let kept = self.trainer.switch_optimizer(optimizer);
                let (name, hyperparameters) = (optimizer.label(), self.hyperparameters());
                self.recorder.emit(Event::Switched { step, optimizer: name.to_owned(), hyperparameters })?;
                answer(self, Ok(format!("{old} → {name} ({kept})")))?;
            }
            Command::Scale { hyperparameter, factor } => match self.require(hyperparameter) {
                Ok(now) => {
                    let value = round(now * factor);
                    return self.carry_out(ticket, Command::Set { hyperparameter, value });
                }
                Err(reason) => answer(self, Err(reason))?,
            },
            Command::Set { hyperparameter, value } => {
                let done = self.set(hyperparameter, value);
                answer(self, done)?;
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, hyperparameter: Hyperparameter) -> Option<f64> {
        self.trainer.get(hyperparameter).or_else(|| self.observatory.get(hyperparameter))
    }

    /// The value of a hyperparameter, or that the method has none.
    fn require(&self, hyperparameter: Hyperparameter) -> Result<f64, String> {
        let method = self.trainer.method().label();
        self.get(hyperparameter).ok_or_else(|| format!("{method} has no {}", hyperparameter.symbol()))
    }

    /// Sets a hyperparameter; says what changed, or why nothing did.
    fn set(&mut self, hyperparameter: Hyperparameter, value: f64) -> Result<String, String> {
        use Hyperparameter as H;
        let (symbol, range) = (hyperparameter.symbol(), self.trainer.range(hyperparameter));
        if !range.contains(value) {
            return Err(format!("{symbol} must be {}, found {value:?}", range.expectation()));
        }
        let old = self.require(hyperparameter)?;
        let limit = |other: H, allowed: fn(f64, f64) -> bool, words: &str| match self.get(other) {
            Some(bound) if !allowed(value, bound) => {
                Err(format!("{symbol} must be {words} {bound:?}, found {value:?}"))
            }
            _ => Ok(()),
        };
        match hyperparameter {
            H::KroneckerDamping => {
                limit(H::KroneckerDampingMin, |v, b| v >= b, "at least γ min =")?;
                limit(H::KroneckerDampingMax, |v, b| v <= b, "at most γ max =")?;
            }
            H::StepDamping => {
                limit(H::StepDampingMin, |v, b| v >= b, "at least τ min =")?;
                limit(H::StepDampingMax, |v, b| v <= b, "at most τ max =")?;
            }
            H::KroneckerDampingMin => limit(H::KroneckerDampingMax, |v, b| v <= b, "at most")?,
            H::KroneckerDampingMax => limit(H::KroneckerDampingMin, |v, b| v >= b, "at least")?,
            H::StepDampingMin => limit(H::StepDampingMax, |v, b| v <= b, "at most")?,
            H::StepDampingMax => limit(H::StepDampingMin, |v, b| v >= b, "at least")?,
            H::Batch if value > self.trainer.data().train.len() as f64 => {
                return Err(format!("batch must be at most {}, the training data", self.trainer.data().train.len()));
            }
            _ => {}
        }
        if !self.trainer.set(hyperparameter, value) {
            self.observatory.set(hyperparameter, value);
        }
        Ok(format!("{symbol} {} → {}", brief(old), brief(value)))
    }
}

/// Rounded to six digits, so that halving does not drag a tail of them along.
fn round(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// A number with up to four significant digits.
pub(super) fn brief(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) {
        let rounded: f64 = format!("{value:.3e}").parse().unwrap_or(value);
        rounded.to_string()
    } else {
        let text = format!("{value:.3e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_brief() {
        let shown = [0.0, 1.0, 0.1, 1234.0, 1e-5, 0.012_345_6, 2.5e9].map(brief);
        assert_eq!(shown, ["0", "1", "0.1", "1234", "1e-5", "0.01235", "2.5e9"]);
    }
}
