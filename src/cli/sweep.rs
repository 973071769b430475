//! `kfra-tui sweep`: grids, lists and seeds of experiments, run side by side.

mod progress;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;

use super::run::stopped_by_signals;
use super::{Error, Overrides, output};
use crate::experiment::sweep::FULL;
use crate::experiment::{MOST_THREADS, Sweep};
use crate::sweep::{self, Options, Plan, Shard, State, slurm};
use progress::Progress;

/// Arguments of `sweep`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// The file of the sweep: base, grid, list, seeds
    #[arg(required_unless_present = "resume")]
    pub sweep: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// The folder of the sweep; what is finished in it is not run again [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on with the sweep of a folder: what is unfinished goes on, what failed is tried again
    #[arg(long, value_name = "DIR", conflicts_with_all = ["sweep", "out", "set", "scale"])]
    pub resume: Option<PathBuf>,
    /// One of the scales that the file defines, or "full": the file itself
    #[arg(long, default_value = FULL)]
    pub scale: String,
    #[command(flatten)]
    pub cores: Cores,
    /// Only every n-th run, beginning with the i-th
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    pub shard: Shard,
    /// List the runs and how far they have come, and run nothing
    #[arg(long)]
    pub list: bool,
    /// Hand the runs to a scheduler, as shards
    #[arg(long, value_name = "NAME", conflicts_with_all = ["list", "shard"])]
    pub launcher: Option<Launcher>,
    /// Number of shards for the scheduler [default: one a run]
    #[arg(long, value_name = "N", requires = "launcher", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub shards: Option<u64>,
    /// A further option for the scheduler, as --option=--partition=short; may be given many times
    #[arg(long, value_name = "OPTION", requires = "launcher", allow_hyphen_values = true)]
    pub option: Vec<String>,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
}

/// How many cores runs take.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Cores {
    /// Cores that all runs together may take [default: all; of a shard for a scheduler: those of one run]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=4096))]
    pub cores: Option<u64>,
    /// Threads of each run whose experiment does not state them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MOST_THREADS))]
    pub threads: u64,
}

/// A scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Launcher {
    /// An array job, by sbatch
    Slurm,
}

impl Cores {
    /// The cores, all of the machine where none are stated.
    pub fn count(self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        self.cores.map_or_else(all, |cores| cores as usize)
    }
}

/// Runs a sweep.
///
/// # Errors
/// Bad input, and runs that fail.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    if let Some(root) = &arguments.resume {
        let plan = Plan::read(root)?;
        if arguments.list {
            return list(root, &plan, arguments.shard);
        }
        return launch(arguments, root, &plan);
    }
    let file = arguments.sweep.clone().unwrap_or_default();
    let sweep = Sweep::read(&file, &arguments.scale, &arguments.overrides.set)?;
    let root = arguments.out.clone().unwrap_or_else(|| Path::new("runs").join(&sweep.name));
    if arguments.list {
        return list(&root, &Plan::of(&sweep, &arguments.scale), arguments.shard);
    }
    let plan = Plan::lay_out(&sweep, &arguments.scale, &root)?;
    launch(arguments, &root, &plan)
}

/// Runs a plan, or hands it to a scheduler.
fn launch(arguments: &Arguments, root: &Path, plan: &Plan) -> Result<(), Error> {
    let program = std::env::current_exe()?;
    if arguments.launcher == Some(Launcher::Slurm) {
        let threads = arguments.cores.threads as usize;
        let cores = arguments.cores.cores.map_or(threads, |cores| cores as usize);
        let shards = arguments.shards.map_or(plan.runs.len(), |shards| shards as usize);
        let job = slurm::Job { shards, cores, threads, options: arguments.option.clone() };
        let root = std::path::absolute(root)?;
        if slurm::script(&program, &root, plan, &job)?.is_none() {
            output::tell("nothing is left to run\n");
            return Ok(());
        }
        let number = slurm::submit(&root)?;
        output::tell(&format!("submitted batch job {number}; to follow it: kfra-tui view {}\n", root.display()));
        return Ok(());
    }
    let options = Options {
        program,
        cores: arguments.cores.count(),
        threads: arguments.cores.threads as usize,
        retry: arguments.resume.is_some(),
        shard: arguments.shard,
    };
    work(root, plan, &options, &*stopped_by_signals()?, arguments.quiet)
}

/// Runs a plan here, and shows how it goes.
///
/// # Errors
/// Where the folder cannot be used, and where runs fail.
pub(super) fn work(root: &Path, plan: &Plan, options: &Options, stop: &AtomicBool, quiet: bool) -> Result<(), Error> {
    let runs = (0..plan.runs.len()).filter(|place| options.shard.has(*place)).count();
    let mut progress = Progress::new(quiet, plan, runs);
    let totals = sweep::run(root, plan, options, stop, &mut |news| progress.show(&news))?;
    sweep::write_tables(root, plan)?;
    progress.end(&totals, root, stop.load(Ordering::Relaxed));
    if totals.failed > 0 {
        return Err(Error::RunsFailed { failed: totals.failed, runs, folder: root.to_owned() });
    }
    Ok(())
}

/// Prints the runs.
fn list(root: &Path, plan: &Plan, shard: Shard) -> Result<(), Error> {
    let mut lines = Vec::new();
    for (place, point) in plan.runs.iter().enumerate().filter(|(place, _)| shard.has(*place)) {
        let state = match point.state(root)? {
            State::Waiting => "waiting",
            State::Begun => "unfinished",
            State::Finished(_) => "finished",
            State::Failed(failure) if failure.diverged => "diverged",
            State::Failed(_) => "failed",
        };
        lines.push(format!("{:>5}  {state:10}  {}\n", place + 1, point.folder));
    }
    Ok(output::print(&lines.concat())?)
}
