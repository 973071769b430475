//! The numerical core and the terminal workbench of `kfra-tui`.

pub mod cli;
pub mod curvature;
pub mod data;
pub mod diagnostics;
pub mod experiment;
pub mod linalg;
pub mod network;
pub mod optim;
pub mod session;
pub mod train;
pub mod tui;
