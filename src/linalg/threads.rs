//! How work is shared among the threads of the current rayon pool.
//!
//! Products and independent tasks are halved until every thread has its own, which it does without waiting
//! for others. Waiting at barriers inside a product would be a little faster on idle cores, but where another
//! program takes one core for a moment all threads stand still.

use std::cell::Cell;

use faer::Par;
use rayon::prelude::*;

use super::product::{count, take_flops};

thread_local! {
    static SHARE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Arithmetic below which work is not worth a second thread.
const PARALLEL_FLOPS: f64 = 2e6;

/// How many threads work of so much arithmetic may use.
pub(super) fn share(flops: f64) -> usize {
    if flops < PARALLEL_FLOPS { 1 } else { SHARE.get().unwrap_or_else(rayon::current_num_threads) }
}

/// The same for a decomposition, which faer shares out.
pub(super) fn parallelism(flops: f64) -> Par {
    match share(flops) {
        0 | 1 => Par::Seq,
        threads => Par::rayon(threads),
    }
}

/// Two halves of so many threads.
pub(super) fn halved(threads: usize) -> [usize; 2] {
    [threads / 2, threads - threads / 2]
}

/// Runs two independent tasks of about the same work at the same time, each with half of the threads. Their
/// arithmetic counts as this thread's.
pub fn both(a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    let threads = share(f64::INFINITY);
    if threads < 2 {
        a();
        return b();
    }
    let [half, rest] = halved(threads);
    let (first, second) = rayon::join(|| with_share(half, a), || with_share(rest, b));
    count(first + second);
}

/// Runs independent tasks, which share out their own work too, so that no thread waits while another has some
/// left. Their arithmetic counts as this thread's.
pub fn all<I: IndexedParallelIterator>(tasks: I, work: impl Fn(I::Item) + Sync + Send) {
    let counted = |task| {
        let before = take_flops();
        work(task);
        let flops = take_flops();
        count(before);
        flops
    };
    count(tasks.with_max_len(1).map(counted).sum());
}

/// How many of so many rows each thread takes, where they cost so much arithmetic in all.
pub fn rows_a_thread(rows: usize, flops: f64) -> usize {
    rows.div_ceil(share(flops)).max(1)
}

/// Runs independent tasks of about the same work, each on one thread. Their arithmetic counts as this thread's.
pub fn each<I: IndexedParallelIterator>(tasks: I, work: impl Fn(I::Item) + Sync + Send) {
    count(tasks.with_max_len(1).map(|task| with_share(1, || work(task))).sum());
}

/// Runs a task with so many threads; returns its arithmetic, which does not count as this thread's.
fn with_share(threads: usize, task: impl FnOnce()) -> f64 {
    let share = SHARE.replace(Some(threads));
    let before = take_flops();
    task();
    SHARE.set(share);
    let flops = take_flops();
    count(before);
    flops
}
