//! The CPU time that diagnostics may take.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cpu_time::ProcessTime;

use super::instruments::Cancelled;
use crate::diagnostics::Clock;

/// How often a measurement that waits looks whether it may go on.
const PATIENCE: Duration = Duration::from_millis(10);

/// CPU seconds of a thread that trains, of which the share may be taken in advance: who starts a run need not wait long
/// for the first results.
const ADVANCE: f64 = 60.0;

/// Their share, and what they took of it. The threads that train go through an update together: while a measurement
/// keeps one of them from its core, the others wait for it. A second of diagnostics so takes up to a second
/// of each of them, and the share is one of the CPU time of a single thread.
pub(super) struct Allowance {
    clock: ProcessTime,
    /// Threads that train.
    threads: usize,
    account: Mutex<Account>,
}

struct Account {
    /// From 0 up to 1.
    share: f64,
    /// CPU seconds of the measurements of the cadence that are over.
    spent: f64,
    /// Whether there is training to be left its share.
    training: bool,
}

impl Allowance {
    /// From now on, beside so many threads that train.
    pub fn new(share: f64, threads: usize) -> Self {
        let account = Account { share, spent: 0.0, training: true };
        Self { clock: ProcessTime::now(), threads, account: Mutex::new(account) }
    }

    /// CPU seconds that may be taken now.
    pub fn left(&self) -> f64 {
        let account = self.account();
        account.share * (ADVANCE + self.clock.elapsed().as_secs_f64() / self.threads as f64) - account.spent
    }

    /// Takes note of CPU seconds that were taken.
    pub fn spend(&self, seconds: f64) {
        self.account().spent += seconds;
    }

    /// Allows another share.
    pub fn set_share(&self, share: f64) {
        self.account().share = share;
    }

    /// Takes note whether there is training to be left its share.
    pub fn set_training(&self, training: bool) {
        self.account().training = training;
    }

    /// Holds a measurement that began with `clock` until it may take more, as long as there is training, unless it
    /// is cancelled.
    pub fn wait(&self, clock: &Clock, cancelled: &Cancelled) {
        while self.account().training && self.left() < clock.elapsed() && !cancelled.get() {
            std::thread::sleep(PATIENCE);
        }
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;

    fn work(seconds: f64) {
        let began = ProcessTime::now();
        while began.elapsed().as_secs_f64() < seconds {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn a_share_of_what_a_thread_takes_is_left_less_what_was_spent() {
        let (one, of_four) = (Allowance::new(0.25, 1), Allowance::new(0.25, 4));
        let advance = 0.25 * ADVANCE;
        work(0.04);
        let (left_of_four, left) = (of_four.left() - advance, one.left() - advance);
        assert!(left >= 0.01 && left_of_four < 0.3 * left, "{left} {left_of_four}");
        one.spend(100.0);
        assert!((advance - 100.0..advance - 90.0).contains(&one.left()));
        one.set_share(0.0);
        assert_eq!(one.left().to_bits(), (-100.0_f64).to_bits());
    }

    #[test]
    fn a_measurement_that_took_its_share_waits_while_training_goes_on_and_no_longer() {
        let (allowance, watchers) = (Allowance::new(0.0, 1), Arc::default());
        let (clock, cancelled) = (Clock::start(), Cancelled::not_yet(&watchers));
        work(0.001);
        let wait = |end: &(dyn Fn() + Sync)| {
            let began = Instant::now();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(Duration::from_millis(50));
                    end();
                });
                allowance.wait(&clock, &cancelled);
            });
            began.elapsed() >= Duration::from_millis(50)
        };
        assert!(wait(&|| allowance.set_training(false)));
        allowance.set_training(true);
        assert!(wait(&|| allowance.spend(-1e9)));
        allowance.spend(1e9);
        assert!(wait(&|| cancelled.cancel()));
    }
}
