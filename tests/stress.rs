//! Training at its limits: random networks, losses, data, optimizers and settings far beyond the sensible, which
//! change along the way. Nothing panics, no parameter is ever other than a finite number, and what is undone says why,
//! in the log too.
//!
//! A short run is part of every check. The long one, of 100,000 updates:
//!
//! ```text
//! cargo test --release --test suite stress -- --ignored --nocapture
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use kfra_tui::data::{Places, Task};
use kfra_tui::experiment::{Experiment, FIELDS};
use kfra_tui::linalg::{Real, Stream};
use kfra_tui::network::{Activation, Init, Loss, Targets};
use kfra_tui::optim::{Kind, Range};
use kfra_tui::session::{Event, Options, Session, Start as From};
use kfra_tui::train::{Failure, Hyperparameter, Precision, Start, Step, Trainer};

/// Data of the made-up files.
const DATA: usize = 40;
/// Inputs of a made-up datum.
const WIDTH: usize = 6;
/// The least and the most that dampings, and other numbers above 0, are.
const EXTREMES: (f64, f64) = (1e-12, 1e6);

/// Draws what a case is made of.
struct Draw(Stream);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound)
    }

    fn chance(&mut self, share: f64) -> bool {
        self.0.uniform::<f64>() < share
    }

    fn pick<X: Copy>(&mut self, among: &[X]) -> X {
        among[self.below(among.len())]
    }

    /// A number between two others, uniformly in its logarithm; now and then one of the two.
    fn between(&mut self, (least, most): (f64, f64)) -> f64 {
        match self.below(8) {
            0 => least,
            1 => most,
            _ => (least * (most / least).powf(self.0.uniform())).clamp(least, most),
        }
    }

    /// A value of a hyperparameter, but for those with bounds of their own.
    fn value(&mut self, hyperparameter: Hyperparameter) -> f64 {
        match (hyperparameter, hyperparameter.range()) {
            (Hyperparameter::Batch, _) => (1 + self.below(DATA)) as f64,
            (Hyperparameter::LearningRate, _) => self.between((1e-12, 1e3)),
            (Hyperparameter::Momentum, _) | (_, Range::Fraction) => {
                self.pick(&[0.0, 0.5, 0.9, 0.999, 1.0 - f64::EPSILON])
            }
            (_, Range::Positive) => self.between(EXTREMES),
            (_, Range::NonNegative) => {
                if self.chance(0.3) {
                    0.0
                } else {
                    self.between(EXTREMES)
                }
            }
            (_, Range::Share) => self.0.uniform(),
            (_, Range::Switch) => f64::from(self.chance(0.5)),
            (_, Range::Count) => (1 + self.below(4)) as f64,
            (_, Range::Period) => self.below(9) as f64,
        }
    }
}

/// An IDX file of numbers in single precision, `WIDTH` a datum.
fn write_inputs(file: &Path, mut value: impl FnMut() -> f64) {
    let mut bytes = vec![0, 0, 0x0d, 2];
    for size in [DATA, WIDTH] {
        bytes.extend((size as u32).to_be_bytes());
    }
    (0..DATA * WIDTH).for_each(|_| bytes.extend((value() as f32).to_be_bytes()));
    fs::write(file, bytes).expect("a file");
}

/// The names of the made-up inputs; those of the first two lie in [0, 1].
const INPUTS: [&str; 5] = ["unit", "zero", "normal", "tiny", "large"];

/// Writes the inputs, and three classes.
fn write_data(folder: &Path) {
    let mut stream = Stream::new(1, "stress data", 0);
    for name in INPUTS {
        let file = folder.join(format!("{name}.idx"));
        match name {
            "unit" => write_inputs(&file, || stream.uniform()),
            "zero" => write_inputs(&file, || 0.0),
            "normal" => write_inputs(&file, || stream.normal()),
            "tiny" => write_inputs(&file, || 1e-20 * stream.normal()),
            _ => write_inputs(&file, || 1e10 * stream.normal()),
        }
    }
    let mut bytes = vec![0, 0, 8, 1];
    bytes.extend((DATA as u32).to_be_bytes());
    bytes.extend((0..DATA).map(|_| stream.below(3) as u8));
    fs::write(folder.join("labels.idx"), bytes).expect("a file");
}

/// The value of a field of the optimizer; `None` to leave it as it is where nothing is stated.
fn optimizer_field(key: &str, kind: Kind, draw: &mut Draw) -> Option<String> {
    let live = Hyperparameter::all().into_iter().find(|live| live.key() == key);
    Some(match key.trim_start_matches("optimizer.") {
        "momentum" if matches!(kind, Kind::Curvature(_)) => draw.chance(0.5).to_string(),
        "adapt_kronecker_damping" | "adapt_step_damping" => draw.chance(0.8).to_string(),
        "empirical" => draw.chance(0.2).to_string(),
        "kronecker_damping_min" | "step_damping_min" => format!("{:e}", EXTREMES.0),
        "kronecker_damping_max" | "step_damping_max" => format!("{:e}", EXTREMES.1),
        "kronecker_period" | "step_period" | "inverse_period" | "iterations" => (1 + draw.below(9)).to_string(),
        "tolerance" => format!("{:e}", draw.between(EXTREMES)),
        "polyak" => draw.pick(&["0.0", "0.5", "0.999"]).to_owned(),
        _ => {
            let live = live.unwrap_or_else(|| panic!("{key} is not drawn"));
            let value = draw.value(live);
            match live.range() {
                Range::Count | Range::Period => (value as u64).to_string(),
                _ if draw.chance(0.2) => return None,
                _ => format!("{value:e}"),
            }
        }
    })
}

/// An experiment of the data in a folder.
fn experiment(draw: &mut Draw, updates: u64) -> String {
    let inputs = draw.pick(&INPUTS);
    let unit = INPUTS[..2].contains(&inputs);
    let task = draw.pick(Task::ALL);
    let fits = |loss: &&Loss| match (task, loss.targets()) {
        (Task::Autoencode, Targets::UnitInterval) => unit,
        // Labels are numbers too, not all within [0, 1].
        (Task::Autoencode | Task::Regress, targets) => targets == Targets::Real,
        (Task::Classify, targets) => targets != Targets::Sign,
        (Task::OddEven, targets) => targets == Targets::Sign,
    };
    let losses: Vec<_> = Loss::ALL.iter().filter(fits).collect();
    let loss = draw.pick(&losses);
    let layers: Vec<_> = (0..draw.below(5))
        .map(|_| format!("{{ units = {}, activation = {:?} }}", 1 + draw.below(8), draw.pick(Activation::ALL).name()))
        .collect();
    let kind = draw.pick(&Kind::all());
    let mut text = format!(
        "seed = {}\nprecision = {:?}\n\n[data]\nimages = \"{inputs}.idx\"\nlabels = \"labels.idx\"\ntask = {:?}\ntrain = {DATA}\nvalidation = 0\n\n\
         [network]\nlayers = [{}]\nbias = {}\ninit = {:?}\n\n[loss]\nkind = {:?}\n\n\
         [train]\nbatch = {}\nupdates = {updates}\nthreads = 1\n\n[optimizer]\nkind = {:?}\n",
        draw.below(1000),
        draw.pick(&["f32", "f64"]),
        task.name(),
        layers.join(", "),
        draw.chance(0.8),
        draw.pick(Init::ALL).name(),
        loss.name(),
        match draw.below(4) {
            0 => 1,
            1 => DATA,
            _ => 1 + draw.below(DATA),
        },
        kind.name(),
    );
    for field in FIELDS.iter().filter(|field| field.key.starts_with("optimizer.") && field.key != "optimizer.kind") {
        if (field.takers.is_empty() || field.takers.contains(&kind.name()))
            && let Some(value) = optimizer_field(&field.key, kind, draw)
        {
            writeln!(text, "{} = {value}", field.key.trim_start_matches("optimizer.")).expect("text grows");
        }
    }
    text
}

/// What came of some cases.
#[derive(Debug, Default)]
struct Tally {
    updates: u64,
    changes: u64,
    /// Rejections and warnings by their first words.
    told: BTreeMap<String, u64>,
    /// Cases that ended early, by the first words of the reason.
    failed: BTreeMap<String, u64>,
}

/// The words of a message, without its numbers.
fn words(text: &str) -> String {
    let plain = |word: &&str| !word.contains(|c: char| c.is_ascii_digit());
    text.split([';', '(']).next().unwrap_or_default().split(' ').filter(plain).collect::<Vec<_>>().join(" ")
}

/// Changes something that may be changed along a run.
fn change<T: Real>(trainer: &mut Trainer<T>, draw: &mut Draw) {
    use Hyperparameter as H;
    if draw.chance(0.2) {
        trainer.switch_optimizer(draw.pick(&Kind::all()));
        return;
    }
    let has: Vec<_> = Hyperparameter::all().into_iter().filter(|&one| trainer.get(one).is_some()).collect();
    let hyperparameter = draw.pick(&has);
    let value = draw.value(hyperparameter);
    let bounds = match hyperparameter {
        H::KroneckerDamping => [H::KroneckerDampingMin, H::KroneckerDampingMax],
        H::StepDamping => [H::StepDampingMin, H::StepDampingMax],
        // No bound can be set beyond its damping; `tests/run.rs` has that.
        H::KroneckerDampingMin | H::KroneckerDampingMax | H::StepDampingMin | H::StepDampingMax => return,
        _ => [hyperparameter; 2],
    };
    let value = if bounds[0] == hyperparameter {
        value
    } else {
        let [least, most] = bounds.map(|bound| trainer.get(bound).expect("a damping has bounds"));
        value.clamp(least, most)
    };
    assert!(trainer.set(hyperparameter, value), "{hyperparameter:?}");
}

/// Whether every parameter is a finite number, those that are evaluated too.
fn is_sound<T: Real>(trainer: &Trainer<T>) -> bool {
    [trainer.parameters(), trainer.evaluated()].iter().all(|of| of.flat.iter().all(|x| x.is_finite()))
}

/// ‖θ − θ′‖.
fn distance<T: Real>(one: &[T], other: &[T]) -> f64 {
    one.iter().zip(other).map(|(x, y)| (x.double() - y.double()).powi(2)).sum::<f64>().sqrt()
}

/// The dampings with their bounds.
const DAMPINGS: [[Hyperparameter; 3]; 2] = [
    [Hyperparameter::KroneckerDampingMin, Hyperparameter::KroneckerDamping, Hyperparameter::KroneckerDampingMax],
    [Hyperparameter::StepDampingMin, Hyperparameter::StepDamping, Hyperparameter::StepDampingMax],
];

/// Whether an update that succeeded left θ where it was told: `[earlier, before]` is θ before the last update and after
/// it. Returns θ before this one.
fn check<T: Real>(trainer: &Trainer<T>, step: &Step, [earlier, before]: [Vec<T>; 2]) -> Vec<T> {
    let (rejected, after) = (trainer.rejected(), trainer.parameters().as_slice());
    assert!(step.loss.is_finite(), "the loss of an update is that of parameters that are used: {step:?}");
    let undone = rejected.iter().any(|reason| reason.contains("was undone"));
    let not_made = rejected.iter().any(|reason| reason.contains("was not made"));
    let from = if undone { earlier } else { before };
    if not_made {
        assert!(after == from, "an update that was not made moved θ: {rejected:?}");
    } else {
        let moved = distance(&from, after);
        assert!(
            (moved - step.update_norm).abs() <= 1e-3 * moved + 1e-18,
            "θ moved by {moved:e}: {step:?} {rejected:?}"
        );
        assert!(step.gradient_norm.is_finite() && step.update_norm.is_finite(), "{step:?}");
    }
    for reason in rejected {
        assert!(
            ["the loss", "the gradient of layer", "the step of layer", "the norm of the step", " factor of layer "]
                .iter()
                .any(|what| reason.contains(what)),
            "{reason}"
        );
        assert!(
            (reason.contains("not finite") || reason.contains(" cannot be inverted "))
                && (reason.contains("undone") || reason.contains("not made")),
            "{reason}"
        );
    }
    for [least, damping, most] in DAMPINGS {
        if let Some(damping) = trainer.get(damping) {
            let [least, most] = [least, most].map(|bound| trainer.get(bound).expect("a damping has bounds"));
            assert!(least <= damping && damping <= most, "{damping:e} outside of {least:e} to {most:e}");
        }
    }
    from
}

/// Trains an experiment to its end, or until it cannot go on. Settings change along the way if `changes`. What was
/// told, by the updates.
fn train<T: Real>(
    experiment: &Experiment,
    places: &Places,
    draw: Option<&mut Draw>,
    tally: &mut Tally,
) -> (Vec<(u64, String)>, Option<Failure>) {
    let (data, architecture) = experiment.load(places).expect("the data fit");
    let mut trainer = Trainer::<T>::new(Start {
        data: data.into(),
        architecture,
        loss: experiment.loss,
        init: experiment.network.init,
        optimizer: experiment.optimizer.clone(),
        batch: experiment.train.batch,
        seed: experiment.seed,
    });
    let mut draw = draw;
    let mut told: Vec<(u64, String)> = Vec::new();
    let mut before = trainer.parameters().as_slice().to_vec();
    let mut earlier = before.clone();
    while trainer.step_number() < experiment.train.updates {
        if let Some(draw) = &mut draw
            && draw.chance(0.05)
        {
            change(&mut trainer, draw);
            tally.changes += 1;
        }
        let outcome = trainer.update();
        assert!(is_sound(&trainer), "a parameter is not finite after {outcome:?}");
        tally.updates += 1;
        let rejected = trainer.rejected().to_vec();
        let warnings = outcome.as_ref().map(|progress| progress.warnings.clone()).unwrap_or_default();
        for text in warnings.into_iter().chain(rejected) {
            *tally.told.entry(words(&text)).or_default() += 1;
            told.push((trainer.step_number(), text));
        }
        match outcome {
            Ok(progress) => {
                let after = trainer.parameters().as_slice().to_vec();
                (earlier, before) = (check(&trainer, &progress.step, [earlier, before]), after);
            }
            Err(failure) => {
                let rejections = told.iter().filter(|(_, text)| text.contains("not finite")).count();
                assert!(!matches!(failure, Failure::Diverged { .. }) || rejections > 20, "{failure}: {told:?}");
                *tally.failed.entry(words(&failure.to_string())).or_default() += 1;
                return (told, Some(failure));
            }
        }
    }
    let (losses, _) = trainer.evaluate();
    let failure = trainer.require_progress(losses.loss).err();
    if let Some(failure) = &failure {
        *tally.failed.entry(words(&failure.to_string())).or_default() += 1;
    }
    (told, failure)
}

/// The experiment of a text, which is read as that of a file in a folder.
fn parse(text: &str, folder: &Path) -> Experiment {
    let file = folder.join("stress.toml");
    Experiment::parse(&file.to_string_lossy(), text, &[]).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn dispatch(
    experiment: &Experiment,
    draw: Option<&mut Draw>,
    tally: &mut Tally,
) -> (Vec<(u64, String)>, Option<Failure>) {
    let places = Places::new(Vec::new());
    match experiment.precision {
        Precision::F32 => train::<f32>(experiment, &places, draw, tally),
        Precision::F64 => train::<f64>(experiment, &places, draw, tally),
    }
}

/// Trains one experiment after another, `updates` in all.
fn stress(seed: u64, updates: u64) -> Tally {
    let folder = tempfile::tempdir().expect("a folder");
    write_data(folder.path());
    let mut tally = Tally::default();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    for case in 0.. {
        if tally.updates >= updates {
            break;
        }
        let mut draw = Draw(Stream::new(seed, "stress", case));
        let length = 1 + draw.below(100) as u64;
        let text = experiment(&mut draw, length);
        let trained = catch_unwind(AssertUnwindSafe(|| {
            let experiment = parse(&text, folder.path());
            pool.install(|| dispatch(&experiment, Some(&mut draw), &mut tally));
        }));
        assert!(trained.is_ok(), "seed {seed}, case {case}, of the experiment\n{text}");
    }
    tally
}

#[test]
fn nothing_breaks_in_four_thousand_updates() {
    println!("{:#?}", stress(1, 4_000));
}

#[test]
#[ignore = "takes minutes: cargo test --release --test suite stress -- --ignored --nocapture"]
fn nothing_breaks_in_a_hundred_thousand_updates() {
    println!("{:#?}", stress(2, 100_000));
}

#[test]
fn what_a_trainer_tells_is_in_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    write_data(folder.path());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let (mut rejections, mut failures) = (0, 0);
    for case in 0..60 {
        let text = experiment(&mut Draw(Stream::new(3, "stress", case)), 40);
        let experiment = parse(&text, folder.path());
        let (told, failure) = pool.install(|| dispatch(&experiment, None, &mut Tally::default()));
        let run = folder.path().join(format!("run-{case}"));
        let options = Options {
            folder: run.clone().into(),
            start: From::New,
            places: Places::new(Vec::new()),
            watched: false,
            listener: None,
        };
        let summary = Session::spawn(experiment, options).expect("a thread").join().expect("the run ends");
        let mut logged = Vec::new();
        kfra_tui::session::log::events(&run, &mut |event| match event {
            // That is told by the run, which looks at losses of many updates.
            Event::Warning { text, .. } if text.starts_with("the loss diverges") => {}
            Event::Rejected { step, reason: text } | Event::Warning { step, text } => {
                logged.push((*step, text.clone()));
            }
            _ => {}
        })
        .expect("the log can be read");
        rejections += told.iter().filter(|(_, text)| text.contains("not finite")).count();
        failures += usize::from(failure.is_some());
        assert_eq!(logged, told, "{text}");
        assert_eq!(summary.reason, failure.map(|failure| failure.to_string()), "{text}");
    }
    assert!(
        rejections > 20 && failures > 2,
        "{rejections} rejections, {failures} failures: nothing was put to the test"
    );
}
