//! How long a run will still take.

use serde::{Deserialize, Serialize};

/// Updates whose times count: as many as smooth over what is not done at every update, as inverses are.
const MEMORY: f64 = 500.0;
/// As how many updates those before a change of settings count.
const AFTER_CHANGE: f64 = 20.0;

/// Seconds of wall time an update takes, evaluations included: a mean that fades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    updates: f64,
    seconds: f64,
    /// Whether an update was made: the first one, which makes what the next ones use, does not count.
    began: bool,
}

impl Pace {
    /// Takes in an update that took `wall` seconds.
    pub(super) fn update(&mut self, wall: f64) {
        if std::mem::replace(&mut self.began, true) {
            let keep = 1.0 - 1.0 / MEMORY;
            (self.updates, self.seconds) = (keep * self.updates + 1.0, keep * self.seconds + wall);
        }
    }

    /// Takes in an evaluation that took `wall` seconds.
    pub(super) fn evaluation(&mut self, wall: f64) {
        // That at the start is of no update.
        if self.updates > 0.0 {
            self.seconds += wall;
        }
    }

    /// Updates will take another time from now on.
    pub(super) fn change(&mut self) {
        if self.updates > AFTER_CHANGE {
            self.seconds *= AFTER_CHANGE / self.updates;
            self.updates = AFTER_CHANGE;
        }
    }

    /// Seconds that so many further updates take; `None` before there are two.
    pub fn seconds_for(&self, updates: u64) -> Option<f64> {
        (self.updates > 0.0).then(|| updates as f64 * self.seconds / self.updates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_now_and_then_does_not_move_it() {
        let mut pace = Pace::default();
        let wall = |update: u64| if update % 20 == 1 { 2.0 } else { 0.1 };
        let mut seen = Vec::new();
        for update in 1..=2000 {
            pace.update(wall(update));
            if update % 50 == 0 {
                pace.evaluation(0.5);
            }
            if update > 400 {
                seen.extend(pace.seconds_for(1));
            }
        }
        let mean = 0.1 + 1.9 / 20.0 + 0.5 / 50.0;
        assert!(seen.iter().all(|one| (one / mean - 1.0).abs() < 0.05), "{seen:?}");
    }

    #[test]
    fn a_change_is_followed_soon_and_the_start_does_not_count() {
        let mut pace = Pace::default();
        pace.evaluation(100.0);
        pace.update(50.0);
        assert_eq!(pace.seconds_for(1), None);
        (0..1000).for_each(|_| pace.update(1.0));
        assert!(pace.seconds_for(7).is_some_and(|seconds| (seconds - 7.0).abs() < 1e-9));
        pace.change();
        (0..80).for_each(|_| pace.update(2.0));
        assert!(pace.seconds_for(1).is_some_and(|seconds| seconds > 1.75));
    }
}
