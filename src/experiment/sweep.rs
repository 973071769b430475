//! Many experiments in one file: grids, lists and seeds on top of any experiment.
//!
//! ```toml
//! base = "mnist-autoencoder-adam.toml"      # or a list of files
//! seeds = 3                                 # 1, 2, 3; or a list
//!
//! [set]                                     # of every run
//! train.updates = 4000
//!
//! [grid]                                    # every combination
//! optimizer.learning_rate = [1e-3, 3e-3]
//! optimizer.decay_period = [500, 1000]
//!
//! [[list]]                                  # one after the other
//! train.batch = 500
//!
//! [scale.smoke]                             # with --scale smoke
//! seeds = 1
//! grid = { optimizer.learning_rate = [1e-3] }
//! set = { train.updates = 20 }
//! ```
//!
//! The runs are all of base × list × grid × seeds, the last of them the fastest. Keys are those of `--set`.

mod expand;
mod read;

#[cfg(test)]
mod tests;

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Experiment, Problems};

/// A loss so many times that of the beginning is one that diverged, where a sweep does not say otherwise.
pub const DIVERGED: f64 = 10.0;
/// The scale at which a sweep is run as its file says.
pub const FULL: &str = "full";
/// The most runs of a sweep.
pub const MOST_RUNS: usize = 100_000;

/// A checked sweep: every one of its runs can run, given its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// What its folder is called.
    pub name: String,
    /// A run whose minibatch loss is above so many times that of its beginning is ended; 0: none is.
    pub diverged: f64,
    /// The runs, in order.
    pub runs: Vec<Planned>,
    /// In what it is shorter than its file says, as a whole.
    pub shortened: Vec<Shortening>,
}

/// A run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The name of its folder: that of the experiment, what tells the run from the others, and a hash of all
    /// settings that determine what is computed. It is the same wherever and whenever the sweep is run.
    pub folder: String,
    /// Its experiment.
    pub experiment: Experiment,
    /// What tells it from the others of its base: keys and values, as in a file.
    pub settings: Vec<(String, String)>,
    /// In what it is shorter than the file of the sweep says.
    pub shortened: Vec<Shortening>,
}

/// A setting that a scale makes smaller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortening {
    /// Its key, or what is counted.
    pub what: String,
    /// At full scale.
    pub full: String,
    /// Here.
    pub here: String,
}

impl Sweep {
    /// The sweep of a file at a scale; `overrides` (each `key=value`, as after `--set`) hold of every run.
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong with the file, or with one of its bases as it is changed by it.
    pub fn read(file: &Path, scale: &str, overrides: &[String]) -> Result<Self, Problems> {
        let text = super::read::text(file)?;
        read::Plan::parse(&file.display().to_string(), &text, scale)?.expand(overrides)
    }
}
