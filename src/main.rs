//! The program `kfra-tui`.
fn main() {}
