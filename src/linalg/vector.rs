//! Elementwise loops on the vector unit.

/// Numbers that one thread takes at a time of long vectors: few enough for the fastest cache.
pub const CHUNK: usize = 4096;

/// Runs a loop compiled for the widest vector instructions that this machine has, whatever the program was
/// built for. The loop must be in the closure itself. Results are the same to the bit.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
