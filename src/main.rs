//! The program `kfra-tui`.

use std::process::ExitCode;

use kfra_tui::linalg::HugePages;

#[global_allocator]
static MEMORY: HugePages = HugePages;

fn main() -> ExitCode {
    ExitCode::from(kfra_tui::cli::main())
}
