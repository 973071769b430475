//! A sweep as an array job of Slurm: each task is a shard.

use std::path::Path;
use std::process::Command;

use super::folder::{make, write};
use super::{Error, Plan, Shard, State};

/// How a sweep is handed to Slurm.
#[derive(Clone, Debug)]
pub struct Job {
    /// Number of shards.
    pub shards: usize,
    /// Cores of each.
    pub cores: usize,
    /// Threads of each run whose experiment does not state them.
    pub threads: usize,
    /// Further options of `sbatch`, as `--partition=short`.
    pub options: Vec<String>,
}

/// Writes the script of an array job into the folder of a sweep: of the shards that have runs left. `None` where
/// none has.
///
/// # Errors
/// Where the folder cannot be read or written.
pub fn script(program: &Path, root: &Path, plan: &Plan, job: &Job) -> Result<Option<String>, Error> {
    let mut tasks = Vec::new();
    for index in 1..=job.shards {
        let shard = Shard { index, count: job.shards };
        for (_, point) in plan.runs.iter().enumerate().filter(|(place, _)| shard.has(*place)) {
            let left = match point.state(root)? {
                State::Finished(_) => false,
                State::Failed(failure) => !failure.diverged,
                State::Waiting | State::Begun => true,
            };
            if left {
                tasks.push(index.to_string());
                break;
            }
        }
    }
    if tasks.is_empty() {
        return Ok(None);
    }
    let logs = root.join("slurm");
    make(&logs)?;
    let mut lines = vec![
        "#!/bin/sh".to_owned(),
        format!("#SBATCH --job-name={}", plan.name),
        format!("#SBATCH --array={}", tasks.join(",")),
        format!("#SBATCH --cpus-per-task={}", job.cores),
        format!("#SBATCH --output={}", quoted(&logs.join("%a.log"))),
    ];
    lines.extend(job.options.iter().map(|option| format!("#SBATCH {option}")));
    lines.push(format!(
        "exec {} sweep --resume {} --shard \"$SLURM_ARRAY_TASK_ID/{}\" --cores {} --threads {}",
        quoted(program),
        quoted(root),
        job.shards,
        job.cores,
        job.threads
    ));
    let text = lines.join("\n") + "\n";
    write(&root.join("job.sh"), text.as_bytes())?;
    Ok(Some(text))
}

/// Hands the script to `sbatch`; returns the number of the job.
///
/// # Errors
/// Where there is no `sbatch`, or it does not take the job.
pub fn submit(root: &Path) -> Result<String, Error> {
    let script = root.join("job.sh");
    let output = Command::new("sbatch").arg("--parsable").arg(&script).output();
    let output = output.map_err(|source| Error::Start { program: "sbatch".to_owned(), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Refused { reason, script })
}

/// A path as a word of the shell, and of the options of `sbatch`.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
