//! Panics in the threads of a run: they end the run, or one of its measurements, and nothing else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How the threads of a run are called, or how their names begin.
pub(super) const RUN: &str = "run";
pub(super) const TRAIN: &str = "train";
pub(super) const DIAGNOSTICS: &str = "diagnostics";
const DECOMPOSITION: &str = "decomposition";

/// Whether this is a thread of a run, of which a panic is told by the run itself.
pub fn is_contained() -> bool {
    let thread = std::thread::current();
    let of = |name: &str| thread.name().is_some_and(|thread| thread.split('-').next() == Some(name));
    [RUN, TRAIN, DIAGNOSTICS, DECOMPOSITION].into_iter().any(of)
}

/// Does some work. What it left half done must not be used after it panicked.
///
/// # Errors
/// The message of its panic.
pub(super) fn contain<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it does not say which").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_in_its_words() {
        assert_eq!(contain(|| 7), Ok(7));
        assert_eq!(contain(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert_eq!(contain(|| panic!("with {}", 3)), Err::<(), _>("with 3".to_owned()));
        assert_eq!(contain(|| std::panic::panic_any(3)), Err::<(), _>("it does not say which".to_owned()));
    }

    #[test]
    fn the_threads_of_a_run_are_known_by_their_names() {
        let contained =
            |name: &str| std::thread::Builder::new().name(name.into()).spawn(is_contained).unwrap().join().unwrap();
        assert!(["run", "train-0", "train-11", "diagnostics", "decomposition"].into_iter().all(contained));
        assert!(!["keys", "watch", "main", "runner"].into_iter().any(contained));
    }
}
