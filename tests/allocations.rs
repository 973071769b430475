//! A training step allocates nothing after the first ones but the few words of its report, the lists of views by
//! which layers and rows are shared out among threads, and what a product packs, which it gives back at its end.

use std::sync::Arc;

use kfra_tui::data::{Dataset, Places, Selection, Source, Task};
use kfra_tui::network::{Activation, Architecture, Init, Layer, Loss};
use kfra_tui::optim::{Curvature, FirstOrder, Method, Rule, SecondOrder, Settings};
use kfra_tui::train::{Start, Trainer};

/// Bytes that a product packs here at most: of both matrices 512 rows in single precision at a time, of which none has
/// more than 65 columns, and these in panels of 64 and of 6.
const PACKED: u64 = 4 * 512 * (128 + 66);
/// More products than any update has here.
const PRODUCTS: u64 = 60;

/// Bytes at once, and allocations, of one update after 45, the largest of the next 40 (so that inverses are
/// made and dampings tried among them).
fn largest_update(data: &Arc<Dataset>, method: Method, loss: Loss) -> (u64, u64) {
    let hidden = [Layer { units: 50, activation: Activation::Tanh }, Layer { units: 20, activation: Activation::Elu }];
    let architecture = Architecture::new(64, &hidden, data.train.target_width(), true);
    let mut trainer = Trainer::<f32>::new(Start {
        data: Arc::clone(data),
        architecture,
        loss,
        init: Init::Glorot,
        optimizer: Settings { method, l2: 1e-5, polyak: 0.5 },
        batch: 100,
        seed: 1,
    });
    let mut update = || assert!(trainer.update().is_ok());
    (0..45).for_each(|_| update());
    let measure = |_| allocation_counter::measure(&mut update);
    (0..40).map(measure).fold((0, 0), |(bytes, count), info| (bytes.max(info.bytes_max), count.max(info.count_total)))
}

#[test]
fn an_update_allocates_nothing_but_its_report_views_and_packing() {
    let second = |curvature| Method::SecondOrder(SecondOrder { momentum: true, ..SecondOrder::new(curvature) });
    for (name, method) in [
        ("adam", Method::FirstOrder(FirstOrder::new(Rule::Adam))),
        ("kfra", second(Curvature::Kfra)),
        ("kfac", second(Curvature::KFAC)),
        ("kflr", second(Curvature::Kflr)),
        ("kfac, 3 samples", second(Curvature::Kfac { samples: 3, empirical: false })),
        ("kfac, empirical", second(Curvature::Kfac { samples: 1, empirical: true })),
        ("nesterov", Method::FirstOrder(FirstOrder::new(Rule::Nesterov))),
    ] {
        for (loss, task) in [(Loss::Categorical, Task::Classify), (Loss::Bernoulli, Task::Autoencode)] {
            let selection = Selection { source: Source::Digits, task, train: None, validation: None };
            let data = Arc::new(Dataset::load(&selection, &Places::new(vec![])).unwrap());
            let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let (bytes, count) = one_thread.install(|| largest_update(&data, method.clone(), loss));
            assert!(bytes <= 4096 + PACKED, "{name} {loss:?}: {bytes} bytes at once, {count} allocations");
            // Two a product: what it packs, and a few bytes that say what is packed.
            assert!(count <= 48 + 2 * PRODUCTS, "{name} {loss:?}: {bytes} bytes at once, {count} allocations");
        }
    }
}
