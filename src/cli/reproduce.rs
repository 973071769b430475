//! `kfra-tui reproduce`: every sweep of a folder at a scale, and a report on all of them.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::run::stopped_by_signals;
use super::sweep::{Cores, work};
use super::{Error, output, report};
use crate::experiment::Sweep;
use crate::sweep::{Options, Plan, Shard};

/// Arguments of `reproduce`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// How long the runs are: smoke, short, or full, which is as long as those of the paper
    #[arg(long)]
    pub scale: String,
    /// Where the runs and the report go; what is finished there is not run again [default: runs/reproduce-SCALE]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The folder with the sweeps
    #[arg(long, value_name = "DIR", default_value = "experiments/reproduce")]
    pub sweeps: PathBuf,
    /// Only sweeps whose names contain this; may be given many times
    #[arg(long, value_name = "TEXT")]
    pub only: Vec<String>,
    #[command(flatten)]
    pub cores: Cores,
    /// Try runs that failed again
    #[arg(long)]
    pub retry: bool,
}

/// Runs every sweep and reports on them. Runs that fail do not keep the others from running.
///
/// # Errors
/// Bad input, and runs that fail.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let root =
        arguments.out.clone().unwrap_or_else(|| Path::new("runs").join(format!("reproduce-{}", arguments.scale)));
    let files = sweeps(&arguments.sweeps, &arguments.only)?;
    // All of them are checked before the first one is run.
    let read = |file: &PathBuf| Sweep::read(file, &arguments.scale, &[]);
    let sweeps = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let options = Options {
        program: std::env::current_exe()?,
        cores: arguments.cores.count(),
        threads: arguments.cores.threads as usize,
        retry: arguments.retry,
        shard: Shard::WHOLE,
    };
    let stop = stopped_by_signals()?;
    let mut failed = Vec::new();
    for sweep in &sweeps {
        let folder = root.join("runs").join(&sweep.name);
        let plan = Plan::lay_out(sweep, &arguments.scale, &folder)?;
        output::tell(&format!("\n{} ({} runs)\n", sweep.name, plan.runs.len()));
        match work(&folder, &plan, &options, &stop, false) {
            Err(error @ Error::RunsFailed { .. }) => failed.push(error),
            other => other?,
        }
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
    }
    report::write(&[root.join("runs")], &root.join("report"))?;
    let last = failed.pop();
    for error in failed {
        output::complain(&error.render(output::has_color()));
    }
    last.map_or(Ok(()), Err)
}

/// The files of a folder's sweeps, by name.
fn sweeps(folder: &Path, only: &[String]) -> Result<Vec<PathBuf>, Error> {
    let chosen = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        path.extension().is_some_and(|end| end == "toml")
            && (only.is_empty() || only.iter().any(|part| name.contains(part)))
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(chosen).collect();
    files.sort();
    if files.is_empty() {
        let reason = format!(
            "{}: no sweeps{}; expected .toml files",
            folder.display(),
            if only.is_empty() { "" } else { " of such names" }
        );
        return Err(Error::Request(reason));
    }
    Ok(files)
}
