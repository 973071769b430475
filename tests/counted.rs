//! Tests of the memory that is taken: the allocator that counts it is that of the whole program.

#![allow(clippy::unwrap_used)]

mod allocations;
mod estimate;
mod memory;
