//! The program `kfra-tui`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kfra_tui::cli::main())
}
