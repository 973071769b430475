//! Time as it passes for this process: none while it is stopped.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the clock is looked at, whatever else goes on.
const BEAT: Duration = Duration::from_millis(100);
/// A process that has not looked at its clock for so long was stopped: nothing else keeps a thread that only sleeps
/// from its beat.
const STOPPED: Duration = Duration::from_secs(1);

static CLOCK: LazyLock<Mutex<Clock>> = LazyLock::new(|| {
    let beat = || loop {
        std::thread::sleep(BEAT);
        Moment::now();
    };
    let beats = std::thread::Builder::new().name("clock".into()).spawn(beat).is_ok();
    Mutex::new(Clock { looked: Instant::now(), passed: Duration::ZERO, beats })
});

struct Clock {
    looked: Instant,
    passed: Duration,
    /// Whether it is looked at every [`BEAT`]; otherwise nothing is known of stops.
    beats: bool,
}

impl Clock {
    /// The time that has passed up to `now`.
    fn look(&mut self, now: Instant) -> Duration {
        let since = now.saturating_duration_since(self.looked);
        if !self.beats || since < STOPPED {
            self.passed += since;
        }
        self.looked = now;
        self.passed
    }
}

/// A moment of this process. Time for which the process is stopped, by Ctrl-Z or by a signal from outside, does not
/// lie between two of them, if it is a second or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// This one.
    pub fn now() -> Self {
        let mut clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
        Self(clock.look(Instant::now()))
    }

    /// The time since an earlier one.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The time since this one.
    pub fn elapsed(self) -> Duration {
        Self::now().since(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_with_every_beat_and_not_while_there_is_none() {
        let start = Instant::now();
        let passed = |beats: bool| {
            let mut clock = Clock { looked: start, passed: Duration::ZERO, beats };
            [0.1, 0.4, 7.4, 7.5, 8.6, 8.65].map(|at| clock.look(start + Duration::from_secs_f64(at)).as_secs_f64())
        };
        for (found, expected) in [(true, [0.1, 0.4, 0.4, 0.5, 0.5, 0.55]), (false, [0.1, 0.4, 7.4, 7.5, 8.6, 8.65])] {
            let differs = passed(found).into_iter().zip(expected).any(|(one, other)| (one - other).abs() > 1e-6);
            assert!(!differs, "{:?}", passed(found));
        }
    }

    #[test]
    fn a_moment_lies_as_far_back_as_was_slept() {
        let moment = Moment::now();
        std::thread::sleep(Duration::from_millis(1500));
        assert!(moment.elapsed() >= Duration::from_millis(1500));
        assert!(moment.since(Moment::now()).is_zero());
    }
}
