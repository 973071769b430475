//! Small problems for the tests of diagnostics.

use std::sync::LazyLock;

use super::alignment::Direction;
use super::surface::Plane;
use super::{Preconditioning, Task};
use crate::linalg::Stream;
use crate::network::{Activation, Architecture, Init, Layer, Loss, Parameters, Pass, Targets};

/// A network with data, after a forward and a backward pass.
pub struct Problem {
    pub name: String,
    pub pass: Pass<f64>,
    pub parameters: Parameters<f64>,
}

/// A network of `widths` with one activation, random parameters (biases too) and `data` random data.
pub fn problem(widths: &[usize], activation: Activation, loss: Loss, bias: bool, data: usize) -> Problem {
    let name = format!("{widths:?} {} {} bias {bias} N {data}", activation.name(), loss.name());
    let (&input, rest) = widths.split_first().unwrap();
    let (&output, hidden) = rest.split_last().unwrap();
    let hidden: Vec<_> = hidden.iter().map(|&units| Layer { units, activation }).collect();
    let architecture = Architecture::new(input, &hidden, output, bias);
    let mut stream = Stream::new(7, &name, 0);
    let mut parameters: Parameters<f64> = Init::LeCun.parameters(&architecture, 3);
    parameters.flat.mapv_inplace(|x| x + 0.1 * stream.normal());
    let mut pass = Pass::new(&architecture, loss, data);
    let (mut x, mut y) = pass.batch_mut();
    x.mapv_inplace(|_| stream.normal());
    for mut y in y.outer_iter_mut() {
        match loss.targets() {
            Targets::Real => y.mapv_inplace(|_| stream.normal()),
            Targets::UnitInterval => y.mapv_inplace(|_| stream.uniform()),
            Targets::Distribution => {
                y.fill(0.0);
                y[stream.below(output)] = 1.0;
            }
            Targets::Sign => y.fill(if stream.below(2) == 0 { -1.0 } else { 1.0 }),
        }
    }
    pass.forward(&parameters);
    pass.backward(&parameters, &mut Parameters::zeros(&architecture));
    Problem { name, pass, parameters }
}

/// Every activation and loss, bottlenecks, single units and outputs, one datum, one layer, no biases,
/// more data than parameters.
pub fn zoo() -> Vec<Problem> {
    let mut all = Vec::new();
    for &activation in Activation::ALL {
        for &loss in Loss::ALL {
            let output = loss.required_outputs().unwrap_or(4);
            all.push(problem(&[3, 5, 2, 4, output], activation, loss, true, 5));
            all.push(problem(&[4, 3, output], activation, loss, false, 1));
        }
    }
    for &loss in Loss::ALL {
        let output = loss.required_outputs().unwrap_or(2);
        all.push(problem(&[3, output], Activation::Tanh, loss, true, 4));
        all.push(problem(&[2, 3, 1, 3, output], Activation::Tanh, loss, true, 4));
        all.push(problem(&[2, 2, output], Activation::Relu, loss, true, 40));
        all.push(problem(&[6, 9, 8, output], Activation::Sigmoid, loss, false, 6));
        if loss.required_outputs().is_none() {
            all.push(problem(&[3, 4, 1], Activation::Tanh, loss, true, 6));
            all.push(problem(&[8, 10, 3, 8, 8], Activation::Tanh, loss, true, 4));
            all.push(problem(&[3, 8, 8], Activation::Gelu, loss, true, 4));
        }
    }
    all
}

/// All of a problem, to be measured.
pub fn task(problem: &Problem) -> Task<'_> {
    static DEFAULT: LazyLock<Preconditioning> = LazyLock::new(Preconditioning::default);
    static PLANE: LazyLock<Plane> = LazyLock::new(Plane::default);
    Task {
        pass: &problem.pass,
        parameters: &problem.parameters,
        only: None,
        exact_limit: 2048,
        plane: &PLANE,
        directions: Direction::ALL,
        preconditioning: &DEFAULT,
        seed: 1,
        step: 3,
        image: None,
        progress: &|_, _| {},
        cancelled: &|| false,
    }
}
