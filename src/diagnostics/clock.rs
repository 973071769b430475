//! CPU time of measurements, and long decompositions that can be left.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use cpu_time::ThreadTime;

use super::error::{Error, Stop, go_on};

thread_local! {
    /// CPU time that other threads spent for this one.
    static ELSEWHERE: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// How often a thread that waits asks whether it is cancelled.
const PATIENCE: Duration = Duration::from_millis(10);

/// CPU time of a thread, and of what others do for it. It is read on the thread that started it.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Duration);

impl Clock {
    /// From now on.
    pub fn start() -> Self {
        Self(spent())
    }

    /// CPU seconds since the start.
    pub fn elapsed(&self) -> f64 {
        spent().saturating_sub(self.0).as_secs_f64()
    }

    /// CPU seconds since the last lap, or the start.
    pub(super) fn lap(&mut self) -> f64 {
        let elapsed = self.elapsed();
        *self = Self::start();
        elapsed
    }
}

/// CPU time of this thread, and of what others did for it, so far.
fn spent() -> Duration {
    ThreadTime::now().as_duration() + ELSEWHERE.get()
}

/// Does work that cannot be asked to end, such as the decomposition of a large matrix, on a pool of its own with as
/// many threads as this one has. Once `cancelled` says yes it is left alone: it comes to its end
/// unheard, and nobody waits for it.
///
/// # Errors
/// Once it is cancelled; where there can be no further thread.
///
/// # Panics
/// Where `work` does.
pub(super) fn interruptible<T: Send + 'static>(
    cancelled: &dyn Fn() -> bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Stop> {
    go_on(cancelled)?;
    let (tell, told) = channel();
    let threads = rayon::current_num_threads();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|_| "decomposition".into()).build();
    pool.map_err(|_| Error::Threads)?.spawn(move || {
        let clock = ThreadTime::now();
        let done = catch_unwind(AssertUnwindSafe(work));
        // Who was cancelled does not listen.
        let _ = tell.send((done, clock.elapsed()));
    });
    // The pool is let go of here; its threads end with the work.
    loop {
        match told.recv_timeout(PATIENCE) {
            Ok((done, took)) => {
                ELSEWHERE.set(ELSEWHERE.get() + took);
                return done.map_err(|panic| resume_unwind(panic));
            }
            Err(RecvTimeoutError::Timeout) => go_on(cancelled)?,
            Err(RecvTimeoutError::Disconnected) => return Err(Error::Threads.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn work_is_done_and_its_time_counted() {
        let mut clock = Clock::start();
        let sum = interruptible(&|| false, || (0..20_000_000_u64).fold(0, |sum, x| sum ^ x.wrapping_mul(sum | 1)));
        assert!(sum.is_ok());
        assert!(clock.lap() > 1e-3);
    }

    #[test]
    fn work_that_is_cancelled_is_not_waited_for() {
        let began = Instant::now();
        let cancelled = || began.elapsed() > Duration::from_millis(30);
        let stopped = interruptible(&cancelled, || std::thread::sleep(Duration::from_secs(5)));
        assert!(matches!(stopped, Err(Stop::Cancelled)));
        assert!(began.elapsed() < Duration::from_secs(1));
    }
}
