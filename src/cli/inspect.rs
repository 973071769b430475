//! `kfra-tui inspect`: curvature quantities of one network on one batch.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use ndarray::Array1;

use super::subject::Subject;
use super::{Error, Overrides, batch, output, read};
use crate::diagnostics::{self, Diagnostic, Preconditioning, ProbeBatch, Scope, Task};
use crate::export;
use crate::network::tensors::{self, Tensors};

/// Parameters above which the dense matrices would not fit any memory.
const MOST_PARAMETERS: usize = 8192;

/// Arguments of `inspect`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// The experiment file
    #[arg(required_unless_present = "run", requires_all = ["weights", "batch"])]
    pub experiment: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: Overrides,
    /// The weights, safetensors: layers.1.weight, layers.1.bias, …, or 0.weight, 0.bias, 2.weight, … as of
    /// PyTorch's nn.Sequential
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    pub weights: Option<PathBuf>,
    /// A run folder, to inspect one of its checkpoints
    #[arg(long, value_name = "RUN", conflicts_with = "experiment")]
    pub run: Option<PathBuf>,
    /// Which checkpoint of the run [default: the latest]
    #[arg(long, value_name = "N", requires = "run", conflicts_with = "experiment")]
    pub step: Option<u64>,
    /// The batch, safetensors: inputs, targets [default with --run: the run's own probe batch]
    #[arg(long, value_name = "FILE")]
    pub batch: Option<PathBuf>,
    /// What to compute: names of diagnostics, or dense, which is every matrix of a small network and the default
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub quantities: Vec<String>,
    /// Only blocks of these layers, counted from 1
    #[arg(long, value_name = "LAYERS", value_delimiter = ',', requires = "quantities")]
    pub layers: Vec<usize>,
    /// Where to write the quantities, safetensors
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// What is computed.
#[derive(Clone, Copy, PartialEq)]
enum Quantity {
    Dense,
    Measured(Diagnostic),
}

/// Computes the quantities and writes them, all or none.
///
/// # Errors
/// Bad input, and an output that cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    for input in [&arguments.weights, &arguments.batch].into_iter().flatten() {
        if is_same(input, &arguments.out) {
            return Err(Error::Overwrites { path: arguments.out.clone() });
        }
    }
    let quantities = quantities(&arguments.quantities)?;
    let subject = subject(arguments)?;
    may_write(&arguments.out)?;
    require_possible(&quantities, &arguments.layers, &subject)?;
    let out = compute(&quantities, &arguments.layers, &subject).map_err(|error| of_inputs(arguments, error))?;
    // One entry alone: of several the order would differ from file to file.
    let of = arguments.run.iter().chain(&arguments.experiment).map(|path| path.display().to_string());
    let origin = format!("{PROGRAM} {}: {}, step {}", env!("CARGO_PKG_VERSION"), of.collect::<String>(), subject.step);
    Ok(tensors::write(&arguments.out, &out, HashMap::from([(ORIGIN.to_owned(), origin)]))?)
}

/// Whether the quantities can be had of this network and this batch, and of these layers alone.
fn require_possible(quantities: &[Quantity], layers: &[usize], subject: &Subject) -> Result<(), Error> {
    let refuse = |text: String| Err(Error::Request(text));
    let depth = subject.architecture.depth();
    if let Some(&layer) = layers.iter().find(|&layer| !(1..=depth).contains(layer)) {
        return refuse(format!("--layers: found {layer}, expected layers from 1 up to {depth}"));
    }
    for quantity in quantities {
        match quantity {
            Quantity::Measured(Diagnostic::Images) if subject.image().is_none() => {
                let expected = "expected inputs that are images of a data set (no --batch)";
                return refuse(format!("--quantities: found images, {expected}"));
            }
            Quantity::Measured(diagnostic) if !layers.is_empty() && !diagnostic.by_layer() => {
                return refuse(format!("--layers: {} finds nothing of one layer", diagnostic.name()));
            }
            Quantity::Dense if !layers.is_empty() => {
                return refuse("--layers: dense is of all layers".to_owned());
            }
            Quantity::Dense if subject.architecture.parameters() > MOST_PARAMETERS => {
                let parameters = subject.architecture.parameters();
                return Err(Error::TooLarge { parameters, most: MOST_PARAMETERS });
            }
            _ => {}
        }
    }
    Ok(())
}

/// All quantities by their names.
fn compute(quantities: &[Quantity], layers: &[usize], subject: &Subject) -> Result<Tensors, Error> {
    let mut out = Tensors::new();
    for quantity in quantities {
        match quantity {
            Quantity::Dense => {
                let mut batch = subject.probe(Diagnostic::Hessian)?;
                let settings = &subject.experiment.optimizer;
                out.extend(diagnostics::inspect(batch.pass_mut(), &subject.parameters, settings)?);
            }
            Quantity::Measured(diagnostic) => measure(subject, *diagnostic, layers, &mut out)?,
        }
    }
    if let Some((name, _)) = out.iter().find(|(_, values)| values.iter().any(|value| !value.is_finite())) {
        return Err(Error::Infinite { name: name.clone() });
    }
    Ok(out)
}

/// What cannot be computed is due to what is given.
fn of_inputs(arguments: &Arguments, error: Error) -> Error {
    match error {
        Error::Inspection(_) | Error::Diagnostic(_) | Error::Infinite { .. } => {
            let given = arguments.run.iter().chain(&arguments.weights).chain(&arguments.batch);
            let given: Vec<_> = given.map(|path| path.display().to_string()).collect();
            Error::Request(format!("{}: {error}", given.join(" with ")))
        }
        other => other,
    }
}

/// The entry of the metadata that says what the tensors are of, and by what.
const ORIGIN: &str = "origin";

/// How it begins.
const PROGRAM: &str = "kfra-tui inspect";

/// Whether the output may be written there, before what takes minutes: only what it wrote itself is written over.
fn may_write(out: &Path) -> Result<(), Error> {
    export::has_folder(out)?;
    export::free(out, true)?;
    let own = || tensors::metadata(out).is_ok_and(|known| known.get(ORIGIN).is_some_and(|by| by.starts_with(PROGRAM)));
    if out.metadata().is_ok_and(|found| found.len() > 0) && !own() {
        let found = format!("--out: {} is there and not by inspect, expected a new file", out.display());
        return Err(Error::Request(found));
    }
    Ok(())
}

/// Measures a diagnostic, and says how long it took: `DIAGNOSTIC.NUMBER.SCOPE` for every number, the scope being
/// `all` or a layer.
fn measure(subject: &Subject, diagnostic: Diagnostic, layers: &[usize], out: &mut Tensors) -> Result<(), Error> {
    let began = Instant::now();
    let mut batch = subject.probe(diagnostic)?;
    let waiting = Waiting::new(diagnostic);
    let task = Task { progress: &|done, of| waiting.tell(done, of), ..subject.task(batch.at(&subject.parameters)?) };
    let mut results = 0;
    let mut take = |measurement: diagnostics::Measurement| {
        let scope = measurement.reading().scope.name();
        let key = |name: &str| format!("{}.{name}.{scope}", diagnostic.name());
        for (name, value) in measurement.numbers() {
            out.insert(key(&name), Array1::from_elem(1, value).into_dyn());
        }
        for (name, values) in measurement.lists() {
            out.insert(key(name), Array1::from_vec(values).into_dyn());
        }
        results += 1;
        waiting.found(results);
    };
    if layers.is_empty() {
        diagnostic.measure(&task, &mut take)?;
    }
    for &layer in layers {
        diagnostic.measure(&Task { only: Some(Scope::Layer(layer)), ..task }, &mut take)?;
    }
    drop(waiting);
    let seconds = began.elapsed().as_secs_f64();
    output::complain(&format!("{}: {results} results in {seconds:.2} s\n", diagnostic.name()));
    Ok(())
}

/// What is seen on a terminal while a diagnostic is measured.
struct Waiting(ProgressBar);

impl Waiting {
    fn new(diagnostic: Diagnostic) -> Self {
        // On a terminal alone; there indicatif draws it on the standard error.
        let line = ProgressBar::new_spinner().with_prefix(diagnostic.title());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {elapsed}  {msg}") {
            line.set_style(style);
        }
        line.enable_steady_tick(Duration::from_millis(100));
        Self(line)
    }

    fn tell(&self, done: usize, of: usize) {
        self.0.set_message(format!("{} %", 100 * done / of.max(1)));
    }

    fn found(&self, results: usize) {
        self.0.set_message(format!("{results} results"));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The quantities that are asked for.
fn quantities(names: &[String]) -> Result<Vec<Quantity>, Error> {
    if names.is_empty() {
        return Ok(vec![Quantity::Dense]);
    }
    let known = || Diagnostic::ALL.iter().map(|diagnostic| diagnostic.name()).chain(["dense"]);
    let quantity = |name: &str| match Diagnostic::ALL.iter().find(|diagnostic| diagnostic.name() == name) {
        Some(&diagnostic) => Ok(Quantity::Measured(diagnostic)),
        None if name == "dense" => Ok(Quantity::Dense),
        None => {
            let known = known().collect::<Vec<_>>().join(", ");
            Err(Error::Request(format!("--quantities: found {name:?}, expected some of {known}")))
        }
    };
    let mut quantities = Vec::new();
    for name in names {
        let quantity = quantity(name.trim())?;
        if !quantities.contains(&quantity) {
            quantities.push(quantity);
        }
    }
    Ok(quantities)
}

/// The network and its batch.
fn subject(arguments: &Arguments) -> Result<Subject, Error> {
    if let Some(run) = &arguments.run {
        return Subject::of_run(run, arguments.step, arguments.batch.as_deref(), &arguments.overrides.set);
    }
    let (Some(file), Some(weights), Some(batch)) = (&arguments.experiment, &arguments.weights, &arguments.batch) else {
        unreachable!("required by the command line");
    };
    let experiment = read(file, &arguments.overrides)?;
    let (pass, architecture) = batch::read(&experiment, file, batch)?;
    let tensors = tensors::read(weights)?;
    let parameters = tensors::parameters(weights, &tensors, &architecture)?;
    let preconditioning = Preconditioning::of_settings(&experiment.optimizer);
    let batch = Some(ProbeBatch::of(pass));
    Ok(Subject { experiment, architecture, parameters, preconditioning, step: 0, batch, data: None })
}

/// Whether two paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
