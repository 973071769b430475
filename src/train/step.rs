//! What is known of one update, and of the machine it ran on.

use serde::{Deserialize, Serialize};

use crate::optim::Spent;

/// One update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Updates made, this one included.
    pub step: u64,
    /// Passes through the training data so far.
    pub epoch: f64,
    /// Mean loss a datum over the minibatch, before the update, without the L2 term.
    #[serde(with = "crate::linalg::number")]
    pub loss: f64,
    /// ‖∇Ē‖, the L2 term included.
    #[serde(with = "crate::linalg::number")]
    pub gradient_norm: f64,
    /// ‖θ_new − θ‖.
    #[serde(with = "crate::linalg::number")]
    pub update_norm: f64,
    /// Learning rate, of first-order methods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// α*, of second-order methods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_size: Option<f64>,
    /// μ, of second-order methods with momentum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// γ, of Kronecker-factored methods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kronecker_damping: Option<f64>,
    /// τ, of second-order methods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_damping: Option<f64>,
    /// ρ, at the updates where it is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduction_ratio: Option<f64>,
    /// Seconds of training so far, without evaluation.
    pub seconds_training: f64,
    /// Wall seconds of this update.
    pub wall: f64,
    /// CPU seconds of this update, over all threads of the process.
    pub cpu: f64,
    /// Floating-point operations of its matrix arithmetic; a symmetric product counts half.
    pub flops: f64,
    /// Kronecker factors that had to be inverted with more damping than asked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub escalations: usize,
    /// What each phase of it took.
    pub phases: Vec<Spent>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// The machine a run ran on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Processor, as the system names it.
    pub processor: String,
    /// Logical cores.
    pub cores: usize,
    /// Operating system and architecture.
    pub system: String,
}

impl Machine {
    /// The machine this program runs on.
    pub fn this() -> Self {
        let processor = std::fs::read_to_string("/proc/cpuinfo")
            .ok()
            .and_then(|info| {
                let line = info.lines().find(|line| line.starts_with("model name"))?;
                Some(line.split_once(':')?.1.trim().to_owned())
            })
            .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        Self {
            processor,
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}
