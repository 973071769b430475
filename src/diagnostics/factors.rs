//! The Kronecker factors of every layer, Q_λ and G_λ, as maps in bounded memory: the running averages of the
//! optimizer, and what each method makes of the probe batch.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::blocks::collect;
use super::clock::Clock;
use super::kronecker::{Kronecker, input_factor, preactivation_factors};
use super::{Error, Finding, Probe, Reading, Scope, Stop, Task};
use crate::curvature::Factor;

/// The most rows of a map.
pub const SIDE: usize = 64;

/// The factors of layer λ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerFactors {
    /// The step whose parameters were measured.
    pub step: u64,
    /// λ = 1 … L.
    pub layer: usize,
    /// Every factor that there is.
    pub factors: Vec<FactorMap>,
    /// Data of the probe batch.
    pub data: usize,
    /// CPU seconds it took.
    pub cost: f64,
}

/// A factor, made coarser where it is large.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactorMap {
    /// Which factor.
    pub kind: FactorKind,
    /// Its number of rows.
    pub size: usize,
    /// Its trace.
    pub trace: f64,
    /// The lower triangle of the map, row by row: of each block of entries the one of largest size, with its
    /// sign, in four digits.
    cells: Vec<f64>,
}

/// A factor, and where it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// Q_λ, the running average of an optimizer that has one.
    RunningInput,
    /// Q_λ of the probe batch.
    Input,
    /// G_λ, the running average of an optimizer that has one.
    Running,
    /// G_λ of the probe batch from KFAC's samples.
    Kfac,
    /// G_λ of the probe batch, the exact expectation.
    Kflr,
    /// G_λ of the probe batch from the recursion of the expectation.
    Kfra,
}

impl FactorKind {
    /// Its name in files: `running_input`.
    pub fn key(self) -> &'static str {
        match self {
            Self::RunningInput => "running_input",
            Self::Input => "input",
            Self::Running => "running",
            Self::Kfac => "kfac",
            Self::Kflr => "kflr",
            Self::Kfra => "kfra",
        }
    }
}

impl FactorMap {
    /// The map of a factor, of a dense one from its lower triangle.
    ///
    /// # Errors
    /// Where an entry is not finite.
    pub fn new(kind: FactorKind, factor: &Factor<f64>) -> Result<Self, Error> {
        let size = factor.size();
        let mut map = Self { kind, size, trace: factor.trace(), cells: Vec::new() };
        map.cells = vec![0.0; map.side() * (map.side() + 1) / 2];
        match factor {
            Factor::Diagonal(diagonal) => diagonal.iter().enumerate().try_for_each(|(i, &x)| map.take(i, i, x))?,
            Factor::Dense(matrix) => map.take_lower(matrix.view())?,
        }
        let rounded = |x: &f64| format!("{x:.3e}").parse().unwrap_or(*x);
        map.cells = map.cells.iter().map(rounded).collect();
        Ok(map)
    }

    /// All of the map, row by row.
    pub fn cells(&self) -> Vec<f64> {
        let side = self.side();
        (0..side * side).map(|index| self.at(index / side, index % side)).collect()
    }

    /// Its number of rows and of columns.
    pub fn side(&self) -> usize {
        self.size.min(SIDE)
    }

    /// The entry of largest size of a block, with its sign.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        let (row, column) = (row.max(column), row.min(column));
        self.cells.get(row * (row + 1) / 2 + column).copied().unwrap_or(f64::NAN)
    }

    fn take_lower(&mut self, matrix: ArrayView2<f64>) -> Result<(), Error> {
        let rows = matrix.outer_iter().enumerate();
        rows.into_iter()
            .try_for_each(|(i, row)| row.iter().take(i + 1).enumerate().try_for_each(|(j, &x)| self.take(i, j, x)))
    }

    /// Takes in an entry of the lower triangle.
    fn take(&mut self, i: usize, j: usize, x: f64) -> Result<(), Error> {
        if !x.is_finite() {
            return Err(Error::NotFinite);
        }
        let block = |index: usize| index * self.side() / self.size;
        let (row, column) = (block(i), block(j));
        let cell = &mut self.cells[row * (row + 1) / 2 + column];
        if x.abs() > cell.abs() {
            *cell = x;
        }
        Ok(())
    }
}

impl Finding for LayerFactors {
    const TITLE: &'static str = "Kronecker factors";
    const SYMBOL: &'static str = "factors";
    const PROBE: Probe = Probe { every: 0, data: 64 };

    fn measure(task: &Task, report: &mut dyn FnMut(Self)) -> Result<(), Stop> {
        let (pass, depth) = (task.pass, task.pass.architecture().depth());
        let mut clock = Clock::start();
        let exact = collect(task)?;
        let methods = [
            (FactorKind::Kfac, Kronecker::Kfac),
            (FactorKind::Kflr, Kronecker::Kflr),
            (FactorKind::Kfra, Kronecker::Kfra),
        ];
        let mut all = Vec::new();
        for (kind, method) in methods {
            all.push((kind, preactivation_factors(task, method, &exact)?));
        }
        let wanted = (1..=depth).filter(|&layer| task.wants_layer(layer));
        let shared = clock.lap() / wanted.clone().count().max(1) as f64;
        for layer in wanted {
            task.go_on()?;
            let mut factors = Vec::new();
            if let Some(running) = &task.preconditioning.factors {
                let input = Factor::Dense(running.input[layer - 1].clone());
                factors.push(FactorMap::new(FactorKind::RunningInput, &input)?);
                factors.push(FactorMap::new(FactorKind::Running, &running.preactivation[layer - 1])?);
            }
            factors.push(FactorMap::new(FactorKind::Input, &Factor::Dense(input_factor(pass.input(layer))))?);
            for (kind, preactivation) in &all {
                task.go_on()?;
                factors.push(FactorMap::new(*kind, &preactivation[layer - 1])?);
            }
            report(Self { step: task.step, layer, factors, data: pass.data(), cost: shared + clock.lap() });
        }
        Ok(())
    }

    /// The traces of Q_λ, and of G_λ of KFLR and of KFRA.
    fn reading(&self) -> Reading {
        let trace = |kind| self.factor(kind).map_or(f64::NAN, |factor| factor.trace);
        let quantities = [FactorKind::Input, FactorKind::Kflr, FactorKind::Kfra].map(trace);
        Reading { step: self.step, scope: Scope::Layer(self.layer), cost: self.cost, quantities }
    }

    fn numbers(&self) -> Vec<(String, f64)> {
        self.factors.iter().map(|factor| (format!("{}_trace", factor.kind.key()), factor.trace)).collect()
    }

    fn lists(&self) -> Vec<(&'static str, Vec<f64>)> {
        self.factors.iter().map(|factor| (factor.kind.key(), factor.cells())).collect()
    }
}

impl LayerFactors {
    /// One of its factors, if there is such a one.
    pub fn factor(&self, kind: FactorKind) -> Option<&FactorMap> {
        self.factors.iter().find(|factor| factor.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::curvature::KroneckerFactors;
    use crate::diagnostics::Preconditioning;
    use crate::diagnostics::zoo::{problem, task, zoo};
    use crate::linalg::Stream;
    use crate::network::{Activation, Loss};

    #[test]
    fn a_map_holds_the_entry_of_largest_size_of_every_block_with_its_sign() {
        let mut stream = Stream::new(1, "map", 0);
        for size in [1, 3, SIDE, SIDE + 1, 100, 150] {
            let root = Array2::from_shape_fn((size, 2), |_| stream.normal());
            let matrix = root.dot(&root.t());
            let map = FactorMap::new(FactorKind::Input, &Factor::Dense(matrix.clone())).unwrap();
            // Where it is from: every block of entries, asked anew.
            for row in (0..map.side()).step_by(5) {
                for column in 0..map.side() {
                    let inside = |index: usize, cell: usize| index * map.side() / size == cell;
                    let block = matrix.indexed_iter().filter(|((i, j), _)| inside(*i, row) && inside(*j, column));
                    let largest =
                        block.map(|(_, &x)| x).fold(0.0, |most: f64, x| if x.abs() > most.abs() { x } else { most });
                    assert!((map.at(row, column) - largest).abs() <= 6e-4 * largest.abs(), "{size} {row} {column}");
                }
            }
            assert!((map.trace - matrix.diag().sum()).abs() < 1e-9 * map.trace);
        }
    }

    #[test]
    fn every_source_is_there_and_small_factors_are_whole() {
        for problem in zoo() {
            let mut found = Vec::new();
            LayerFactors::measure(&task(&problem), &mut |one| found.push(one)).unwrap();
            assert_eq!(found.len(), problem.pass.architecture().depth(), "{}", problem.name);
            for one in found {
                let input = input_factor(problem.pass.input(one.layer));
                let factor = one.factor(FactorKind::Input).unwrap();
                for ((i, j), x) in input.indexed_iter() {
                    assert!((factor.at(i, j) - x).abs() <= 6e-4 * x.abs(), "{}", problem.name);
                }
                assert!(
                    [FactorKind::Kfac, FactorKind::Kflr, FactorKind::Kfra].iter().all(|&k| one.factor(k).is_some())
                );
                assert!(one.factor(FactorKind::Running).is_none() && one.factor(FactorKind::RunningInput).is_none());
            }
        }
    }

    #[test]
    fn running_averages_are_shown_and_what_is_not_finite_is_refused() {
        let problem = problem(&[3, 4, 2], Activation::Tanh, Loss::SquaredError, true, 5);
        let mut running = KroneckerFactors::zeros(problem.pass.architecture());
        for factor in &mut running.input {
            factor.fill(-2.0);
        }
        let preconditioning = Preconditioning { factors: Some(running.clone()), ..Preconditioning::default() };
        let task = Task { preconditioning: &preconditioning, ..task(&problem) };
        let mut found = Vec::new();
        LayerFactors::measure(&task, &mut |one| found.push(one)).unwrap();
        assert!((found[0].factor(FactorKind::RunningInput).unwrap().at(1, 2) + 2.0).abs() < 1e-12);
        running.input[1][(1, 0)] = f64::NAN;
        let preconditioning = Preconditioning { factors: Some(running), ..Preconditioning::default() };
        let task = Task { preconditioning: &preconditioning, ..task };
        assert!(matches!(LayerFactors::measure(&task, &mut drop), Err(Stop::Failed(Error::NotFinite))));
    }
}
