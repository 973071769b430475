//! `kfra-tui bench`: this machine's peak and the cost of each phase.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use ndarray::Array2;
use serde::Serialize;

use super::{Error, output};
use crate::curvature::factors::{self, from_columns, input_factors, kfra};
use crate::curvature::{Columns, KroneckerFactors, Root};
use crate::data::{self, Dataset, Samples};
use crate::experiment::MOST_THREADS;
use crate::linalg::{Stream, flops, product_peak};
use crate::network::{Activation, Architecture, Init, Layer, Loss, Parameters, Pass};
use crate::optim::{Curvature, Damping, FirstOrder, Method, Rule, SecondOrder, Settings, Stopwatch};
use crate::train::{Machine, Phase, Start, Trainer};

/// Data a minibatch.
const BATCH: usize = 1000;
/// Updates of a step benchmark: one period of inverses and damping trials.
const UPDATES: u32 = 20;

/// Arguments of `bench`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// Print JSON in place of a table
    #[arg(long)]
    pub json: bool,
    /// Measure only this; may be given many times
    #[arg(long, value_name = "NAME", value_parser = NAMES)]
    pub only: Vec<String>,
    /// Measure so many times and report the median; of a whole step at least 20 updates are measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// Threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_THREADS))]
    pub threads: Option<u64>,
}

/// What can be measured. All on 784-1000-500-250-30, tanh with a linear code, batch 1000, single
/// precision; the autoencoder mirrors it, the classifier ends in 10 outputs. The `kfac_step` tries other γ
/// every 20 updates, as [`SecondOrder::new`] has it; `kfac_step_fixed_damping` does not.
const NAMES: [&str; 9] = [
    "adam_step",
    "gradient",
    "gradient_and_kfra",
    "gradient_and_kfac",
    "gradient_and_kflr_classifier",
    "kfra_step",
    "kfac_step",
    "kfac_step_fixed_damping",
    "kflr_step_classifier",
];

/// All that was measured.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    machine: Machine,
    threads: usize,
    /// FLOP/s of a 1000 × 1000 × 1000 product in single precision, the best of its medians.
    peak: f64,
    phases: Vec<Measured>,
}

/// What one benchmark took.
#[derive(Debug, Serialize)]
struct Measured {
    name: &'static str,
    /// Median.
    seconds: f64,
    /// Mean.
    mean: f64,
    /// FLOP/s of its matrix arithmetic over all repetitions.
    flops_per_second: f64,
    /// That as a share of the peak.
    share_of_peak: f64,
    /// Mean seconds of each phase.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    phases: Vec<(Phase, f64)>,
}

/// Measures and prints.
///
/// # Errors
/// A pool of threads that cannot be made, and an output that cannot be written.
pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let threads = arguments.threads.unwrap_or(0) as usize;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(std::io::Error::other)?;
    let report = pool.install(|| measure(arguments))?;
    let text = if arguments.json {
        serde_json::to_string_pretty(&report).map_err(std::io::Error::other)? + "\n"
    } else {
        table(&report)
    };
    Ok(output::print(&text)?)
}

fn measure(arguments: &Arguments) -> Result<Report, Error> {
    let measure_peak = || product_peak::<f32>(1000, 25);
    let mut peak = measure_peak();
    let mut phases = Vec::new();
    for name in NAMES {
        if arguments.only.is_empty() || arguments.only.iter().any(|only| only == name) {
            phases.push(benchmark(name, arguments.repeat)?);
            // Between the benchmarks, so that the peak is of the same minutes as they are.
            peak = peak.max(measure_peak());
        }
    }
    for measured in &mut phases {
        measured.share_of_peak = measured.flops_per_second / peak;
    }
    let (version, machine) = (env!("CARGO_PKG_VERSION"), Machine::this());
    Ok(Report { version, machine, threads: rayon::current_num_threads(), peak, phases })
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    let half = seconds.len() / 2;
    if seconds.len() % 2 == 1 { seconds[half] } else { f64::midpoint(seconds[half - 1], seconds[half]) }
}

fn benchmark(name: &'static str, repeat: u32) -> Result<Measured, Error> {
    let (autoencoder, classifier) = (Problem::autoencoder(), Problem::classifier());
    let second = |curvature, momentum| Method::SecondOrder(SecondOrder { momentum, ..SecondOrder::new(curvature) });
    match name {
        "adam_step" => autoencoder.steps(name, Method::FirstOrder(FirstOrder::new(Rule::Adam)), repeat),
        "kfra_step" => autoencoder.steps(name, second(Curvature::Kfra, false), repeat),
        "kfac_step" => autoencoder.steps(name, second(Curvature::KFAC, true), repeat),
        "kfac_step_fixed_damping" => {
            let kronecker_damping = Damping { adapt: false, ..Damping::KRONECKER };
            let settings = SecondOrder { momentum: true, kronecker_damping, ..SecondOrder::new(Curvature::KFAC) };
            autoencoder.steps(name, Method::SecondOrder(settings), repeat)
        }
        "kflr_step_classifier" => classifier.steps(name, second(Curvature::Kflr, false), repeat),
        "gradient" => Ok(autoencoder.factors(name, None, repeat)),
        "gradient_and_kfra" => Ok(autoencoder.factors(name, Some(Curvature::Kfra), repeat)),
        "gradient_and_kfac" => Ok(autoencoder.factors(name, Some(Curvature::KFAC), repeat)),
        _ => Ok(classifier.factors(name, Some(Curvature::Kflr), repeat)),
    }
}

/// A network and a loss.
struct Problem {
    architecture: Architecture,
    loss: Loss,
}

impl Problem {
    fn new(hidden: &[usize], outputs: usize, loss: Loss) -> Self {
        let layer = |&units: &usize| {
            let activation = if units == 30 { Activation::Identity } else { Activation::Tanh };
            Layer { units, activation }
        };
        let hidden: Vec<_> = hidden.iter().map(layer).collect();
        Self { architecture: Architecture::new(784, &hidden, outputs, true), loss }
    }

    fn autoencoder() -> Self {
        Self::new(&[1000, 500, 250, 30, 250, 500, 1000], 784, Loss::Bernoulli)
    }

    fn classifier() -> Self {
        Self::new(&[1000, 500, 250, 30], 10, Loss::Categorical)
    }

    /// Data like images of digits: most numbers are 0.
    fn data(&self) -> Dataset {
        let mut stream = Stream::new(0, "bench", 0);
        let inputs = Array2::from_shape_simple_fn((4 * BATCH, self.architecture.inputs()), || {
            (stream.uniform::<f32>() * 5.0 - 4.0).max(0.0)
        });
        let targets = match self.loss {
            Loss::Categorical => {
                let labels = (0..inputs.nrows()).map(|n| (n % 10) as u16).collect();
                data::Targets::Classes { labels, classes: 10 }
            }
            _ => data::Targets::Inputs,
        };
        let validation = Samples { inputs: Array2::zeros((0, inputs.ncols())), targets: data::Targets::Inputs };
        Dataset { name: "bench".into(), train: Samples { inputs, targets }, validation, image: None, classes: None }
    }

    /// Whole updates.
    fn steps(&self, name: &'static str, method: Method, repeat: u32) -> Result<Measured, Error> {
        let mut trainer = Trainer::<f32>::new(Start {
            data: Arc::new(self.data()),
            architecture: self.architecture.clone(),
            loss: self.loss,
            init: Init::Glorot,
            optimizer: Settings { method, l2: 1e-5, polyak: 0.0 },
            batch: BATCH,
            seed: 0,
        });
        let mut update = || trainer.update().map(|progress| progress.step).map_err(std::io::Error::other);
        // Past the first period, in which inverses are made at every update.
        for _ in 0..UPDATES {
            update()?;
        }
        let steps =
            (0..repeat.max(UPDATES).next_multiple_of(UPDATES)).map(|_| update()).collect::<Result<Vec<_>, _>>()?;
        let mut seconds: Vec<_> = steps.iter().map(|step| step.wall).collect();
        let total: f64 = seconds.iter().sum();
        let mean_of = |phase: Phase| {
            let all = steps.iter().flat_map(|step| &step.phases).filter(|spent| spent.phase == phase);
            all.map(|spent| spent.wall).sum::<f64>() / steps.len() as f64
        };
        Ok(Measured {
            name,
            mean: total / seconds.len() as f64,
            seconds: median(&mut seconds),
            flops_per_second: steps.iter().map(|step| step.flops).sum::<f64>() / total,
            share_of_peak: 0.0,
            phases: Phase::ALL.iter().map(|&phase| (phase, mean_of(phase))).filter(|(_, s)| *s > 0.0).collect(),
        })
    }

    /// Forward pass, gradient and Kronecker factors of one minibatch.
    fn factors(&self, name: &'static str, curvature: Option<Curvature>, repeat: u32) -> Measured {
        let data = self.data();
        let parameters = Init::Glorot.parameters::<f32>(&self.architecture, 0);
        let mut gradient = Parameters::zeros(&self.architecture);
        let mut pass = Pass::new(&self.architecture, self.loss, BATCH);
        let indices: Vec<_> = (0..BATCH).collect();
        let (inputs, targets) = pass.batch_mut();
        data.train.gather(&indices, inputs, targets);
        let mut all = KroneckerFactors::zeros(&self.architecture);
        let mut scratch = factors::Scratch::default();
        let (mut columns, mut outputs) = (Columns::default(), Array2::default((0, 0)));
        let mut once = |step: u64, watch: &mut Stopwatch| {
            watch.enter(Phase::Forward);
            pass.forward(&parameters);
            watch.enter(Phase::Backward);
            pass.backward(&parameters, &mut gradient);
            if let Some(curvature) = curvature {
                watch.enter(Phase::InputFactors);
                input_factors(&pass, &mut all.input);
                watch.enter(Phase::PreactivationFactors);
                let mut columnwise = |root| {
                    from_columns(&pass, &parameters, root, &mut columns, &mut outputs, &mut all.preactivation);
                };
                match curvature {
                    Curvature::Kfra => kfra(&pass, &parameters, &mut scratch, &mut all.preactivation),
                    Curvature::Kfac { samples, empirical: false } | Curvature::Ekfac { samples } => {
                        columnwise(Root::Sampled { samples, seed: 0, step });
                    }
                    Curvature::Kflr => columnwise(Root::Exact),
                    Curvature::Kfac { empirical: true, .. } | Curvature::HessianFree { .. } => {
                        unreachable!("no benchmark is of their factors")
                    }
                }
            }
            watch.enter(Phase::Data);
        };
        (0..3).for_each(|step| once(step, &mut Stopwatch::start()));
        let counted = flops();
        let mut watch = Stopwatch::start();
        let mut seconds: Vec<_> = (0..u64::from(repeat))
            .map(|step| {
                let began = Instant::now();
                once(step, &mut watch);
                began.elapsed().as_secs_f64()
            })
            .collect();
        let shares = watch.read().into_iter().filter(|spent| spent.phase != Phase::Data);
        let total: f64 = seconds.iter().sum();
        Measured {
            name,
            mean: total / seconds.len() as f64,
            seconds: median(&mut seconds),
            flops_per_second: (flops() - counted) / total,
            share_of_peak: 0.0,
            phases: shares.map(|spent| (spent.phase, spent.wall / f64::from(repeat))).collect(),
        }
    }
}

fn table(report: &Report) -> String {
    let mut text = String::new();
    let Report { version, machine, threads, peak, .. } = report;
    // Writing to memory does not fail.
    let _ = writeln!(text, "kfra-tui {version} on {} ({}), {threads} threads", machine.processor, machine.system);
    let _ = writeln!(text, "peak of a 1000 × 1000 × 1000 product in single precision: {:.0} GFLOP/s\n", peak / 1e9);
    let _ =
        writeln!(text, "{:<30} {:>9} {:>9} {:>9} {:>8}", "batch 1000", "median ms", "mean ms", "GFLOP/s", "of peak");
    for measured in &report.phases {
        let Measured { name, seconds, mean, flops_per_second, share_of_peak, .. } = measured;
        let (seconds, mean, rate, share) = (seconds * 1e3, mean * 1e3, flops_per_second / 1e9, share_of_peak * 100.0);
        let _ = writeln!(text, "{name:<30} {seconds:>9.1} {mean:>9.1} {rate:>9.0} {share:>7.0}%");
        for (phase, seconds) in &measured.phases {
            let _ = writeln!(text, "    {:<26} {:>9} {:>9.1}", phase.name(), "", seconds * 1e3);
        }
    }
    text
}
