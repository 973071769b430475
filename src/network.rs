//! Fully connected networks and their losses.

mod activation;
mod architecture;
mod init;
mod loss;
mod plan;

pub use activation::{Activation, Kernel as ActivationKernel};
pub use architecture::{Architecture, Layer};
pub use init::Init;
pub use loss::{Kernel as LossKernel, Loss, Targets};
pub use plan::Plan;
