//! Why the program ends without success.

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostics::{self, InspectionError};
use crate::experiment::{LoadError, Mismatch, Problems};
use crate::network::tensors::TensorError;
use crate::runs::Unreadable;
use crate::session::log::LogError;
use crate::session::replay::Difference;
use crate::{data, export, report, session, sweep, tui};

/// Why a subcommand did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The experiment file or an override is wrong.
    #[error(transparent)]
    Experiment(#[from] Problems),
    /// The experiment does not fit its data, or they cannot be read.
    #[error("{}: {source}", file.display())]
    Load {
        /// The experiment file.
        file: PathBuf,
        /// Why.
        source: LoadError,
    },
    /// A data set cannot be used, made or fetched.
    #[error(transparent)]
    Data(#[from] data::Error),
    /// The experiment has no network that fits.
    #[error("{}: {mismatch}; {}", file.display(), mismatch.found())]
    Mismatch {
        /// The experiment file.
        file: PathBuf,
        /// Why.
        mismatch: Mismatch,
    },
    /// A file of tensors is not what is needed.
    #[error(transparent)]
    Tensors(#[from] TensorError),
    /// The network is too large for dense matrices.
    #[error(
        "the network has {parameters} parameters, expected at most {most} for dense matrices (others: --quantities)"
    )]
    TooLarge {
        /// P.
        parameters: usize,
        /// The most there may be.
        most: usize,
    },
    /// The output would take the place of an input.
    #[error("{}: the output would overwrite an input, expected another file", path.display())]
    Overwrites {
        /// The file.
        path: PathBuf,
    },
    /// A quantity could not be computed.
    #[error(transparent)]
    Inspection(#[from] InspectionError),
    /// A diagnostic came to no result.
    #[error(transparent)]
    Diagnostic(#[from] diagnostics::Error),
    /// A quantity is not finite.
    #[error("{name} is not finite")]
    Infinite {
        /// Its name in the output.
        name: String,
    },
    /// A run folder is none.
    #[error(transparent)]
    Run(#[from] Unreadable),
    /// The log of a run cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What is asked of an export does not go together.
    #[error("{0}")]
    Request(String),
    /// There is no export.
    #[error(transparent)]
    Export(#[from] export::Error),
    /// Standard output cannot be written to.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// The workbench has no terminal to draw on.
    #[error("the standard output is not a terminal; expected one for the workbench (without a screen: kfra-tui run)")]
    NoTerminal,
    /// The terminal cannot place the cursor.
    #[error("TERM is {term:?}; expected a terminal that can place the cursor (without a screen: kfra-tui run)")]
    DumbTerminal {
        /// The name of the terminal.
        term: String,
    },
    /// The screen could not go on.
    #[error(transparent)]
    Screen(#[from] tui::Error),
    /// There are no runs to look at.
    #[error("{}: no run folder, and none in it; expected folders with an experiment.toml", folder.display())]
    NoRuns {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// There is no report.
    #[error(transparent)]
    Report(#[from] report::Error),
    /// A sweep does not go on.
    #[error(transparent)]
    Sweep(#[from] sweep::Error),
    /// Runs of a sweep failed.
    #[error("{failed} of {runs} runs failed; their reasons are in {}; to try them again: kfra-tui sweep --resume {}", folder.join("failures").display(), folder.display())]
    RunsFailed {
        /// How many.
        failed: usize,
        /// Of how many.
        runs: usize,
        /// The folder of the sweep.
        folder: PathBuf,
    },
    /// The run could not be recorded, or not begin.
    #[error(transparent)]
    Session(#[from] session::Error),
    /// A run that is made again is another.
    #[error("{}: not the run of the log: {difference}", run.display())]
    Differs {
        /// The run folder.
        run: PathBuf,
        /// What came out otherwise first.
        difference: Difference,
    },
    /// A file is there already.
    #[error("{}: exists already, expected a new file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The run failed.
    #[error("the run failed: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}

impl Error {
    /// The error of a session, with the experiment file it belongs to.
    pub fn of_session(error: session::Error, file: &Path) -> Self {
        match error {
            session::Error::Load(source) => Self::Load { file: file.to_owned(), source },
            session::Error::Experiment(problems) => Self::Experiment(problems),
            other => Self::Session(other),
        }
    }

    /// The exit code: 2 for bad input, 1 for other failures.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Session(error) if error.is_input() => 2,
            Self::Data(error) if error.is_input() => 2,
            Self::Sweep(error) if error.is_input() => 2,
            Self::Export(error) if error.is_input() => 2,
            Self::Report(error) if error.is_input() => 2,
            Self::Tensors(error) if error.is_input() => 2,
            Self::Experiment(_)
            | Self::Load { .. }
            | Self::Mismatch { .. }
            | Self::TooLarge { .. }
            | Self::Infinite { .. }
            | Self::Overwrites { .. }
            | Self::Exists { .. }
            | Self::Run(_)
            | Self::Log(_)
            | Self::NoRuns { .. }
            | Self::Request(_)
            | Self::NoTerminal
            | Self::DumbTerminal { .. } => 2,
            Self::Inspection(_)
            | Self::Diagnostic(_)
            | Self::Data(_)
            | Self::Output(_)
            | Self::Screen(_)
            | Self::Session(_)
            | Self::Sweep(_)
            | Self::Export(_)
            | Self::Report(_)
            | Self::Tensors(_)
            | Self::RunsFailed { .. }
            | Self::Differs { .. }
            | Self::Failed { .. } => 1,
        }
    }

    /// The message, in `color` for a terminal.
    pub fn render(&self, color: bool) -> String {
        match self {
            Self::Experiment(problems) => problems.render(color),
            error if color => format!("\x1b[1;31merror\x1b[0m: {}\n", harmless(&error.to_string())),
            error => format!("error: {}\n", harmless(&error.to_string())),
        }
    }
}

/// A text that may be of a file, without what a terminal would take for a command.
fn harmless(text: &str) -> String {
    let sign = |sign: char| {
        if sign.is_control() && sign != '\n' { sign.escape_default().to_string() } else { sign.to_string() }
    };
    text.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_gives_a_terminal_no_commands() {
        let error = Error::Request("\x1b]0;name\x07\nβ".to_owned());
        assert_eq!(error.render(false), "error: \\u{1b}]0;name\\u{7}\nβ\n");
    }
}
