//! All tests that need no process of their own, in one program: to link many takes far longer than to run them.
//!
//!     cargo test --test suite resume   # those of tests/resume.rs

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod activations;
mod bad_input;
mod data;
mod direction;
mod documents;
mod export;
mod failures;
mod faults;
mod hostile;
mod inspect;
mod lemmas;
mod losses;
mod network;
mod optimizers;
#[cfg(unix)]
mod pty;
mod reference;
mod relations;
mod replay;
mod report;
mod resume;
mod run;
mod runs;
mod scenario;
mod stress;
mod surface;
mod sweep;
mod switching;
mod terminal;
mod zoo;
