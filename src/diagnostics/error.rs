//! Why a diagnostic comes to no result.

use crate::linalg::{NotConverged, NotPositiveDefinite};

/// A diagnostic came to no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The network's outputs, slopes or gradients are not finite, so its curvature is not.
    #[error("the network's outputs or derivatives on the probe batch are not finite")]
    NotFinite,
    /// The axes of a surface point the same way, or one of them nowhere.
    #[error("the axes u and v do not span a plane: expected two directions that are neither zero nor parallel")]
    NoPlane,
    /// The inputs are not known to be images.
    #[error("the inputs are not images")]
    NoImages,
    /// There can be no further thread.
    #[error("a thread could not be started")]
    Threads,
    /// The eigenvalues of a matrix could not be computed.
    #[error(transparent)]
    Eigenvalues(#[from] NotConverged),
    /// A damped factor could not be inverted.
    #[error(transparent)]
    Factor(#[from] NotPositiveDefinite),
}

/// Why a measurement ends before its end.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// It was told to.
    Cancelled,
    /// It came to no result.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<NotConverged> for Stop {
    fn from(error: NotConverged) -> Self {
        Self::Failed(error.into())
    }
}

/// To be asked between any two pieces of work, of which none takes long.
///
/// # Errors
/// Once it is cancelled.
pub(super) fn go_on(cancelled: &dyn Fn() -> bool) -> Result<(), Stop> {
    if cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
}

/// A cancelled measurement ends well.
pub(super) fn ended(result: Result<(), Stop>) -> Result<(), Error> {
    match result {
        Err(Stop::Failed(error)) => Err(error),
        Ok(()) | Err(Stop::Cancelled) => Ok(()),
    }
}
