//! Fully connected networks and their losses.

mod activation;
mod architecture;
mod init;
mod loss;
mod parameters;
mod pass;
mod plan;
mod tangent;
pub mod tensors;

pub use activation::{Activation, Kernel as ActivationKernel};
pub use architecture::{Architecture, Layer};
pub use init::Init;
pub use loss::{Kernel as LossKernel, Loss, Targets};
pub use parameters::Parameters;
pub use pass::{Pass, back_propagate};
pub use plan::Plan;
pub use tangent::Tangent;
