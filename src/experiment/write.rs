//! An experiment as a file with every field explicit, that reads back as the same experiment.

use std::fmt::{self, Display, Formatter, Write as _};
use std::path::Path;

use super::Experiment;
use crate::data::{Selection, Source};
use crate::diagnostics::alignment::Direction;
use crate::diagnostics::surface::{Axis, Plane};
use crate::diagnostics::{Diagnostic, Probe};
use crate::network::Plan;
use crate::optim::{Curvature, Damping, FirstOrder, Method, SecondOrder, Settings};
use crate::train::Precision;

impl Experiment {
    /// The resolved experiment as a file. What is not stated and follows from the data or the machine
    /// is left out; paths are absolute.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        // Writing to memory does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let precision = match self.precision {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        };
        writeln!(out, "name = {}\nseed = {}\nprecision = {}", Text(&self.name), self.seed, Text(precision))?;
        if let Some(data) = &self.data {
            write_data(out, data)?;
        }
        write_network(out, &self.network)?;
        writeln!(out, "\n[loss]\nkind = {}", Text(self.loss.name()))?;
        write_optimizer(out, &self.optimizer)?;
        let train = &self.train;
        writeln!(out, "\n[train]\nbatch = {}\nupdates = {}", train.batch, train.updates)?;
        optional(out, "threads", train.threads)?;
        writeln!(out, "evaluate_every = {}", train.evaluate_every)?;
        writeln!(out, "checkpoint_every = {}", train.checkpoint_every)?;
        writeln!(out, "checkpoint_minutes = {:?}", train.checkpoint_minutes)?;
        writeln!(out, "keep_checkpoints = {}", train.keep_checkpoints)?;
        let diagnostics = &self.diagnostics;
        writeln!(out, "\n[diagnostics]")?;
        for &diagnostic in Diagnostic::ALL {
            let Probe { every, data } = diagnostics.probes[diagnostic];
            let own = match diagnostic {
                Diagnostic::Surface => plane(&diagnostics.surface),
                Diagnostic::Alignment => directions(&diagnostics.directions),
                _ => String::new(),
            };
            writeln!(out, "{} = {{ every = {every}, data = {data}{own} }}", diagnostic.name())?;
        }
        writeln!(out, "budget = {:?}\nexact_limit = {}", diagnostics.budget, diagnostics.exact_limit)
    }
}

/// What an alignment has beside its probe, unless all directions are compared.
fn directions(directions: &[Direction]) -> String {
    if directions == Direction::ALL {
        return String::new();
    }
    let names: Vec<_> = directions.iter().map(|direction| Text(direction.key()).to_string()).collect();
    format!(", directions = [{}]", names.join(", "))
}

/// What a surface has beside its probe.
fn plane(plane: &Plane) -> String {
    let axis = |(name, axis): (&str, Axis)| {
        format!(", {name} = {}, {name}_layer = {}", Text(axis.along.name()), axis.layer.unwrap_or(0))
    };
    let [u, v] = plane.axes;
    format!("{}{}, points = {}, extent = {:?}", axis(("u", u)), axis(("v", v)), plane.points, plane.extent)
}

/// Text as TOML writes it.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        toml::Value::from(self.0).fmt(formatter)
    }
}

fn optional(out: &mut String, key: &str, value: Option<usize>) -> fmt::Result {
    value.map_or(Ok(()), |value| writeln!(out, "{key} = {value}"))
}

fn write_data(out: &mut String, data: &Selection) -> fmt::Result {
    writeln!(out, "\n[data]")?;
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let source = &data.source;
    if let Source::Files { images, labels } = source {
        writeln!(out, "images = {}", Text(&path(images)))?;
        if let Some(labels) = labels {
            writeln!(out, "labels = {}", Text(&path(labels)))?;
        }
    } else {
        writeln!(out, "source = {}", Text(source.name()))?;
    }
    if let Source::Curves { seed } | Source::Faces { seed, .. } = source {
        writeln!(out, "seed = {seed}")?;
    }
    if let Source::Faces { portraits: Some(portraits), .. } = source {
        writeln!(out, "portraits = {}", Text(&path(portraits)))?;
    }
    writeln!(out, "task = {}", Text(data.task.name()))?;
    optional(out, "train", data.train)?;
    optional(out, "validation", data.validation)
}

fn write_network(out: &mut String, network: &Plan) -> fmt::Result {
    writeln!(out, "\n[network]")?;
    optional(out, "input", network.input)?;
    optional(out, "output", network.output)?;
    writeln!(out, "layers = [")?;
    for layer in &network.hidden {
        writeln!(out, "    {{ units = {}, activation = {} }},", layer.units, Text(layer.activation.name()))?;
    }
    writeln!(out, "]\nbias = {}\ninit = {}", network.bias, Text(network.init.name()))
}

fn write_optimizer(out: &mut String, optimizer: &Settings) -> fmt::Result {
    writeln!(out, "\n[optimizer]")?;
    match &optimizer.method {
        Method::FirstOrder(first) => write_first_order(out, first)?,
        Method::SecondOrder(second) => write_second_order(out, second)?,
    }
    writeln!(out, "l2 = {:?}\npolyak = {:?}", optimizer.l2, optimizer.polyak)
}

fn write_first_order(out: &mut String, first: &FirstOrder) -> fmt::Result {
    writeln!(out, "kind = {}", Text(first.rule.name()))?;
    for (coefficient, value) in first.coefficients() {
        writeln!(out, "{} = {value:?}", coefficient.key)?;
    }
    writeln!(out, "learning_rate = {:?}\ndecay_period = {}", first.learning_rate, first.decay_period)
}

fn write_second_order(out: &mut String, second: &SecondOrder) -> fmt::Result {
    match second.curvature {
        Curvature::Kfac { samples, empirical } => {
            writeln!(out, "kind = \"kfac\"\nsamples = {samples}\nempirical = {empirical}")?;
        }
        Curvature::Ekfac { samples } => writeln!(out, "kind = \"ekfac\"\nsamples = {samples}")?,
        Curvature::Kflr => writeln!(out, "kind = \"kflr\"")?,
        Curvature::Kfra => writeln!(out, "kind = \"kfra\"")?,
        Curvature::HessianFree { iterations, tolerance } => {
            writeln!(out, "kind = \"hessian_free\"\niterations = {iterations}\ntolerance = {tolerance:?}")?;
        }
    }
    if !matches!(second.curvature, Curvature::HessianFree { .. }) {
        write_damping(out, "kronecker_damping", &second.kronecker_damping)?;
        writeln!(out, "kronecker_period = {}", second.kronecker_period)?;
        writeln!(out, "inverse_period = {}", second.inverse_period)?;
        writeln!(out, "factor_average = {:?}", second.factor_average)?;
    }
    write_damping(out, "step_damping", &second.step_damping)?;
    writeln!(out, "step_period = {}\nmomentum = {}", second.step_period, second.momentum)
}

fn write_damping(out: &mut String, name: &str, damping: &Damping) -> fmt::Result {
    writeln!(out, "{name} = {:?}\n{name}_min = {:?}", damping.initial, damping.min)?;
    writeln!(out, "{name}_max = {:?}\nadapt_{name} = {}", damping.max, damping.adapt)
}
