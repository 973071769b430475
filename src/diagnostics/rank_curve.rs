//! The rank of the Gauss-Newton matrix against the number of data: N = 1, 2, 4, … of the probe batch.

use serde::{Deserialize, Serialize};

use super::rank::Rank;
use super::{Finding, Probe, Reading, Scope, Stop, Task, named};
use crate::network::{Parameters, Pass};

/// The rank of Ḡ, or of one of its blocks, on the first N = 1, 2, 4, … data of a probe batch and on all of
/// it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankCurve {
    /// The step whose parameters were measured.
    pub step: u64,
    /// All of Ḡ, or one block.
    pub scope: Scope,
    /// P, or P_λ.
    pub parameters: usize,
    /// In ascending order of their data.
    pub points: Vec<RankPoint>,
    /// CPU seconds it took.
    pub cost: f64,
}

/// The rank on so many data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankPoint {
    /// N.
    pub data: usize,
    /// The rank is at least this.
    pub lower: usize,
    /// The rank is at most this; exact where both meet.
    pub upper: usize,
    /// Σ_n rank H_L^n, or for a block Σ_n of the least rank on the way down to it, at most P.
    pub bound: usize,
}

impl Finding for RankCurve {
    const TITLE: &'static str = "rank against data";
    const SYMBOL: &'static str = "rank curve";
    const PROBE: Probe = Probe { every: 0, data: 64 };

    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        let mut curves: Vec<Self> = Vec::new();
        for data in sizes(task.pass.data()) {
            let pass = first(task, data)?;
            Rank::measure(&Task { pass: &pass, ..*task }, &mut |rank| {
                let point = RankPoint { data, lower: rank.lower, upper: rank.upper, bound: rank.bound };
                match curves.iter_mut().find(|curve| curve.scope == rank.scope) {
                    Some(curve) => {
                        curve.points.push(point);
                        curve.cost += rank.cost;
                    }
                    None => curves.push(Self {
                        step: task.step,
                        scope: rank.scope,
                        parameters: rank.parameters,
                        points: vec![point],
                        cost: rank.cost,
                    }),
                }
            })?;
        }
        curves.sort_by_key(|curve| curve.scope);
        curves.into_iter().for_each(report);
        Ok(())
    }

    fn reading(&self) -> Reading {
        let last = self.points.last().copied();
        let of = |part: fn(RankPoint) -> usize| last.map_or(0.0, |point| part(point) as f64);
        let quantities = [of(|point| point.lower), of(|point| point.bound), of(|point| point.upper)];
        Reading { step: self.step, scope: self.scope, cost: self.cost, quantities }
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        named([("parameters", self.parameters as f64)])
    }

    fn lists(&self) -> Vec<(&'static str, Vec<f64>)> {
        let list = |of: fn(&RankPoint) -> usize| self.points.iter().map(|point| of(point) as f64).collect();
        vec![
            ("data", list(|point| point.data)),
            ("lower", list(|point| point.lower)),
            ("upper", list(|point| point.upper)),
            ("bound", list(|point| point.bound)),
        ]
    }
}

/// 1, 2, 4, … below `data`, and `data`.
fn sizes(data: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(1_usize), |size| size.checked_mul(2)).take_while(move |&size| size < data).chain([data])
}

/// The first data of the probe batch, after a forward and a backward pass.
///
/// # Errors
/// Once it is cancelled.
fn first(task: &Task, data: usize) -> Result<Pass<f64>, Stop> {
    let whole = task.pass;
    let mut pass = Pass::new(whole.architecture(), whole.loss(), data);
    let (mut inputs, mut targets) = pass.batch_mut();
    let width = inputs.ncols();
    inputs.assign(&whole.input(1).slice(ndarray::s![..data, ..width]));
    targets.assign(&whole.targets().slice(ndarray::s![..data, ..]));
    pass.forward(task.parameters);
    task.go_on()?;
    pass.backward(task.parameters, &mut Parameters::zeros(whole.architecture()));
    task.go_on().map(|()| pass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::zoo::{problem, task};
    use crate::network::{Activation, Loss};

    #[test]
    fn the_rank_grows_with_the_data_up_to_its_bound() {
        let problem = problem(&[6, 9, 8, 4], Activation::Tanh, Loss::SquaredError, true, 6);
        let mut curves = Vec::new();
        RankCurve::measure(&task(&problem), &mut |curve| curves.push(curve)).unwrap();
        assert_eq!(curves.len(), 4);
        for curve in &curves {
            assert_eq!(curve.points.iter().map(|point| point.data).collect::<Vec<_>>(), [1, 2, 4, 6]);
            // Random inputs: the Jacobian is generic.
            for point in &curve.points {
                assert_eq!((point.lower, point.upper), (point.bound, point.bound), "{curve:?}");
                assert_eq!(point.bound, (4 * point.data).min(curve.parameters));
            }
        }
    }
}
