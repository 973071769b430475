//! The command line: one file a subcommand below `cli/`.

mod batch;
mod bench;
mod check;
mod data;
mod error;
mod export;
mod inspect;
mod output;
mod replay;
mod report;
mod reproduce;
mod run;
mod shell;
mod subject;
mod surface;
mod sweep;
mod view;
mod workbench;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

pub use error::Error;

use crate::experiment::{Experiment, Problems};

/// Train networks with KFAC, KFLR and KFRA, and watch their curvature live.
///
/// Without a subcommand the workbench opens, with EXPERIMENT or the built-in MNIST autoencoder.
#[derive(Debug, Parser)]
#[command(name = "kfra-tui", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    workbench: workbench::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train without a screen and write a run folder
    Run(run::Arguments),
    /// Look at runs, live or finished, of this machine or on a shared disk
    View(view::Arguments),
    /// Make a recorded run again, with all that was changed along the way, and compare it with its log
    Replay(replay::Arguments),
    /// Validate an experiment, print its resolved settings and what it will need
    Check(check::Arguments),
    /// Write every curvature quantity of one network on one batch
    Inspect(inspect::Arguments),
    /// Write the loss on a plane through parameter space as a heat map or a table
    Surface(surface::Arguments),
    /// Measure this machine's peak and the cost of each phase of an update
    Bench(bench::Arguments),
    /// Write quantities of runs as a figure, a table or a TensorBoard log, or the weights of one
    Export(export::Arguments),
    /// Run grids, lists and seeds of experiments side by side
    Sweep(sweep::Arguments),
    /// Make figures, tables and findings of runs, for a paper
    Report(report::Arguments),
    /// Run every sweep of a folder at a scale, and report on all of them
    Reproduce(reproduce::Arguments),
    /// The data sets of this machine: list, build, fetch and show them
    #[command(subcommand)]
    Data(data::Command),
    /// Print a completion script for a shell
    Completions(shell::Completions),
    /// Print the man page, in roff
    Man,
}

/// The arguments that name an experiment.
#[derive(Clone, Debug, Args)]
#[group(skip)]
struct ExperimentArguments {
    /// The experiment file
    experiment: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
}

/// Values that replace those of the experiment file.
#[derive(Clone, Debug, Default, Args)]
#[group(skip)]
struct Overrides {
    /// Set a field of the experiment, as in optimizer.l2=1e-5, or a section, as in
    /// optimizer='{ kind = "adam" }'; may be given many times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl ExperimentArguments {
    /// Reads the experiment with its overrides.
    fn read(&self) -> Result<Experiment, Problems> {
        read(&self.experiment, &self.overrides)
    }
}

fn read(file: &Path, overrides: &Overrides) -> Result<Experiment, Problems> {
    Experiment::read(file, &overrides.set)
}

/// Runs the program with the arguments of the process and returns its exit code: 0 done, or stopped
/// by the user, by a signal or with its terminal; 1 failed; 2 bad input. Errors are written to the standard
/// error.
pub fn main() -> u8 {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        None => workbench::run(&arguments.workbench),
        Some(Command::Run(arguments)) => run::run(&arguments),
        Some(Command::View(arguments)) => view::run(&arguments),
        Some(Command::Replay(arguments)) => replay::run(&arguments),
        Some(Command::Check(arguments)) => check::run(&arguments),
        Some(Command::Inspect(arguments)) => inspect::run(&arguments),
        Some(Command::Surface(arguments)) => surface::run(&arguments),
        Some(Command::Bench(arguments)) => bench::run(&arguments),
        Some(Command::Export(arguments)) => export::run(&arguments),
        Some(Command::Sweep(arguments)) => sweep::run(&arguments),
        Some(Command::Report(arguments)) => report::run(&arguments),
        Some(Command::Reproduce(arguments)) => reproduce::run(&arguments),
        Some(Command::Data(command)) => data::run(&command),
        Some(Command::Completions(arguments)) => shell::completions(&arguments),
        Some(Command::Man) => shell::man(),
    };
    match result {
        Ok(()) => 0,
        Err(error) => {
            output::complain(&error.render(output::has_color()));
            error.exit_code()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_experiment_needs_no_subcommand() {
        let arguments = Arguments::try_parse_from(["kfra-tui", "a.toml", "--set", "seed=2"]).unwrap();
        assert!(arguments.command.is_none());
        assert_eq!(arguments.workbench.experiment, Some("a.toml".into()));
        let arguments =
            Arguments::try_parse_from(["kfra-tui", "check", "a.toml", "--set=seed=2", "--set=name=b"]).unwrap();
        assert!(matches!(arguments.command, Some(Command::Check(_))));
    }
}
