//! What `check` says a run will need, against what updates take.

use std::sync::Arc;

use kfra_tui::data::{Dataset, Places};
use kfra_tui::experiment::{Estimate, Experiment};
use kfra_tui::train::{Start, Trainer};

/// Updates after which all that is done now and then was done as often as it should.
const PERIOD: u32 = 20;

fn experiment(optimizer: &str, task: &str, loss: &str) -> Experiment {
    let text = format!(
        r#"
        data = {{ source = "digits", task = "{task}" }}
        loss.kind = "{loss}"
        optimizer = {{ {optimizer} }}
        network.layers = [
            {{ units = 200, activation = "tanh" }},
            {{ units = 50, activation = "relu" }},
            {{ units = 100, activation = "tanh" }},
        ]
        train.batch = 200
        "#
    );
    Experiment::parse("estimate.toml", &text, &[]).unwrap()
}

/// The mean operations an update, and the most bytes of a trainer at once.
fn counted(experiment: &Experiment, data: &Arc<Dataset>) -> (f64, f64) {
    let mut flops = 0.0;
    let allocated = allocation_counter::measure(|| {
        let mut trainer = Trainer::<f32>::new(Start {
            data: Arc::clone(data),
            architecture: experiment.architecture(Some(data.input_width()), data.output_width()).unwrap(),
            loss: experiment.loss,
            init: experiment.network.init,
            optimizer: experiment.optimizer.clone(),
            batch: experiment.train.batch,
            seed: experiment.seed,
        });
        let mut update = || trainer.update().unwrap().step.flops;
        for _ in 0..PERIOD {
            update();
        }
        flops = (0..PERIOD).map(|_| update()).sum();
    });
    (flops / f64::from(PERIOD), allocated.bytes_max as f64)
}

#[test]
fn memory_and_arithmetic_are_within_ten_per_cent() {
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    // What a thread keeps for its products and decompositions, it allocates once.
    let first = experiment("kind = \"kfac\"", "classify", "categorical");
    let data = Arc::new(first.load(&Places::new(Vec::new())).unwrap().0);
    one_thread.install(|| counted(&first, &data));
    for (task, loss) in [("classify", "categorical"), ("autoencode", "bernoulli")] {
        for optimizer in [
            r#"kind = "sgd""#,
            r#"kind = "nesterov", polyak = 0.9"#,
            r#"kind = "adam""#,
            r#"kind = "kfac", samples = 3"#,
            r#"kind = "kfac", empirical = true"#,
            r#"kind = "kfac", adapt_kronecker_damping = false, adapt_step_damping = false"#,
            r#"kind = "ekfac", samples = 2"#,
            r#"kind = "kflr""#,
            r#"kind = "kfra", momentum = true"#,
            r#"kind = "hessian_free", iterations = 20"#,
        ] {
            let experiment = experiment(optimizer, task, loss);
            let (data, architecture) = experiment.load(&Places::new(Vec::new())).unwrap();
            let estimate = Estimate::new(&experiment, &architecture, data.train.len() + data.validation.len());
            let data = Arc::new(data);
            let (flops, bytes) = one_thread.install(|| counted(&experiment, &data));
            let (flops, bytes) = (flops / estimate.flops(), bytes / (estimate.bytes() - estimate.data_bytes));
            println!("{task} {optimizer}: {flops:.3} of the operations, {bytes:.3} of the bytes");
            let least = if optimizer.contains("hessian_free") { 0.0 } else { 0.9 };
            assert!((least..1.1).contains(&flops), "{task} {optimizer}: {flops} of the operations");
            assert!((0.9..1.1).contains(&bytes), "{task} {optimizer}: {bytes} of the bytes");
        }
    }
}
