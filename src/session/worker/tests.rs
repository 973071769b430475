use std::path::Path;

use ndarray::Array2;

use super::Worker;
use crate::data::{Dataset, Places, Samples, Targets};
use crate::experiment::Experiment;
use crate::linalg::Moment;
use crate::network::{Activation, Architecture, Layer};
use crate::session::start::Beginning;
use crate::session::{Checkpoint, Event, Options, Outcome, Start, Summary, log, pair, resumed};

/// Evaluations look at the first 10,000 data: the one that nothing can be made of stands behind them.
const DATA: usize = 10_010;

fn experiment(settings: &str) -> Experiment {
    let text = format!(
        "seed = 2\n[data]\nimages = \"-\"\nlabels = \"-\"\ntask = \"classify\"\n\
         [network]\nlayers = [{{ units = 2, activation = \"tanh\" }}]\n[loss]\nkind = \"categorical\"\n\
         [optimizer]\nkind = \"sgd\"\n{settings}"
    );
    Experiment::parse("bad-datum.toml", &text, &[]).unwrap()
}

/// A run on data of which one has a class that there is not, so that whoever gathers it panics.
fn run(folder: &Path, experiment: Experiment) -> (Summary, Vec<Event>) {
    let mut labels = vec![0; DATA];
    labels[10_005] = 9;
    let samples = |count| Samples {
        inputs: Array2::zeros((count, 1)),
        targets: Targets::Classes { labels: labels[..count].to_vec(), classes: 2 },
    };
    let (train, validation) = (samples(DATA), samples(0));
    let data = Dataset { name: "bad".into(), train, validation, image: None, classes: Some(2) };
    let architecture = Architecture::new(1, &[Layer { units: 2, activation: Activation::Tanh }], 2, true);
    let options = Options {
        folder: folder.to_owned().into(),
        start: Start::New,
        places: Places::new(Vec::new()),
        watched: false,
        listener: None,
    };
    let (_handle, desk) = pair();
    let worker = Worker::<f32>::begin(experiment, (data, architecture), Beginning::New, options, desk, Moment::now());
    let summary = worker.unwrap().run().unwrap();
    let mut events = Vec::new();
    log::events(folder, &mut |event| events.push(event.clone())).unwrap();
    (summary, events)
}

#[test]
fn a_run_whose_trainer_panics_has_failed_and_can_go_on_at_its_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "[train]\nbatch = 1000\nupdates = 100\ncheckpoint_every = 1\nthreads = 1\n";
    let (summary, events) = run(folder.path(), experiment(settings));
    assert_eq!(summary.status, Outcome::Failed);
    let reason = summary.reason.clone().unwrap();
    assert!(reason.starts_with("the run ended by an error in this program: ") && reason.contains("bounds"), "{reason}");
    assert!((1..11).contains(&summary.updates), "{summary:?}");
    assert!(matches!(events.last(), Some(Event::Ended(ended)) if ended.reason == summary.reason));
    let (last, file) = Checkpoint::list(folder.path()).remove(0);
    assert_eq!((last, Checkpoint::read(&file).unwrap().step), (summary.updates, summary.updates));
    let experiment = resumed(folder.path(), &[]).unwrap();
    let Beginning::Resumed(remains) = Beginning::read(&Start::Resume, folder.path(), &experiment).unwrap() else {
        panic!("it is resumed")
    };
    assert_eq!((remains.checkpoint.step, remains.remarks.len()), (last, 0));
}

#[test]
fn a_diagnostic_that_panics_has_failed_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "[train]\nbatch = 1\nupdates = 5\nthreads = 1\n\
         [diagnostics]\nrank = {{ every = 1, data = {DATA} }}\nhessian = {{ every = 0 }}\nfisher = {{ every = 0 }}\n"
    );
    let (summary, events) = run(folder.path(), experiment(&settings));
    assert_eq!((summary.status, summary.updates), (Outcome::Finished, 5));
    let failed = events.iter().find_map(|event| match event {
        Event::DiagnosticFailed { reason, .. } => Some(reason),
        _ => None,
    });
    assert!(failed.is_some_and(|reason| reason.starts_with("an error in this program: ")), "{failed:?}");
}
