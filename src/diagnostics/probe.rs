//! placeholder
use crate::data::Samples;
use crate::network::{Architecture, Loss, Parameters};
/// m
pub enum Measurement {
    /// r
    Rank(crate::session::event::Rank),
    /// h
    HessianBlock(crate::session::event::HessianBlock),
}
/// p
pub struct ProbeBatch;
#[allow(missing_docs, unused, clippy::all, clippy::pedantic)]
impl ProbeBatch {
    pub fn new(samples: &Samples, architecture: &Architecture, loss: Loss, data: usize, seed: u64) -> Self {
        Self
    }
    pub fn measure_rank(
        &mut self,
        p: &Parameters<f64>,
        limit: usize,
        step: u64,
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(Measurement),
    ) -> Result<(), std::io::Error> {
        Ok(())
    }
    pub fn measure_hessian(
        &mut self,
        p: &Parameters<f64>,
        seed: u64,
        step: u64,
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(Measurement),
    ) -> Result<(), std::io::Error> {
        Ok(())
    }
}
