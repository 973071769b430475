//! What a user does in one sitting, with the keyboard alone: an experiment is designed, started, steered, forked,
//! compared and exported. With `RECORD=1` the screens are kept as `docs/tour.md`.

#![cfg(unix)]

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use crate::pty::{Inside, updates};

/// A terminal in which every step is taken down.
struct Tour {
    inside: Inside,
    text: String,
}

impl Tour {
    fn contents(&self) -> String {
        self.inside.screen.screen().contents()
    }

    /// Presses keys and waits for what they bring.
    fn press(&mut self, keys: &str, text: &str) {
        self.inside.press(keys);
        self.inside.wait_for_text(text);
    }

    /// Presses a key until something is seen.
    fn press_until(&mut self, key: &str, text: &str) {
        for _ in 0..100 {
            if self.contents().contains(text) {
                return;
            }
            self.inside.press(key);
            self.inside.watch(Duration::from_millis(150), |screen| screen.contents().contains(text));
        }
        panic!("{text} is not seen: {}", self.contents());
    }

    /// Takes down what is seen after a step.
    fn show(&mut self, step: &str) {
        // A frame may arrive in parts.
        self.inside.watch(Duration::from_millis(300), |_| false);
        let lines: Vec<_> = self.inside.screen.screen().rows(0, self.inside.size.0).collect();
        let lines = lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n");
        write!(self.text, "{step}\n\n```text\n{lines}\n```\n\n").unwrap();
    }
}

#[test]
fn an_experiment_is_designed_started_steered_forked_compared_and_exported() {
    let mut tour = Tour { inside: Inside::start((100, 30)), text: String::new() };
    tour.inside.wait_for(|screen| updates(screen).is_some_and(|updates| updates > 0));
    tour.press(" ", "■ paused");

    // From nothing: every layer of the example goes.
    tour.press("D", "experiment of endless-");
    tour.press("N", "new experiment");
    tour.press_until("\t", "─ network.layers ");
    tour.press("j", "─ network.layers.1.units ");
    tour.press("ddd", "0 hidden");
    tour.press("a", "─ network.layers.1.units ");
    tour.press("\r\x15-3", "× 1 problem");
    tour.press("\r", "whole number from 1");
    tour.show("**Designing** (`D`). A new experiment is begun (`N`). The layers of the example are gone (`d`), one is added (`a`), and its width is typed: −3 is none, which is said at the field.");
    tour.press("\r\x1524\r", "● ready to start");
    tour.press("a\r\x1510\r", "64-24-10-64");
    tour.press_until("\t", "─ optimizer.kind ");
    tour.press("\r", "kfra");
    tour.press("kkk\r", "beta1");
    tour.press_until("\t", "─ train.batch ");
    tour.press_until("j", "─ train.updates ");
    tour.press("\r\x151000000\r", "1000000");
    tour.press_until("\x1b[Z", "─ optimizer.kind ");
    tour.show("The width is right, a second layer is there, and the optimizer is Adam. The side tells what the run will need.");

    tour.press("S", "ADAM");
    tour.inside.wait_for(|screen| updates(screen).is_some_and(|updates| updates > 50));
    // The list of optimizers, from Adam, which it trains with, down to KFRA.
    tour.press("o", "another optimizer: Enter");
    tour.press("jjj\r", "adam → kfra");
    tour.inside.wait_for(|screen| {
        let contents = screen.contents();
        contents.contains("KFRA") && contents.contains('▼') && contents.contains("applied")
    });
    tour.show("**Steering**. The run was started (`S`) and goes on with KFRA (`o`) from the update that the mark ▼ stands at.");
    tour.press(" ", "■ paused");
    tour.inside.watch(Duration::from_millis(500), |_| false);
    let before = tour.inside.updates();
    tour.inside.press("n3\r");
    tour.inside.wait_for(|screen| screen.contents().contains("■ paused") && updates(screen) == Some(before + 3));
    tour.press("w", "checkpoint written");

    tour.press("F", "forked from experiment-");
    tour.inside.wait_for(|screen| updates(screen).is_some_and(|updates| updates > before + 20));
    tour.show("**Forking** (`F`). Another run starts at the checkpoint (`w`) of the first, whose curve lies beneath.");
    tour.press("R", "Minibatch loss");
    tour.inside.wait_for(|screen| screen.contents().matches('●').count() >= 2);
    tour.show("**Comparing** (`R`). All runs, and the two that are marked over one another.");
    tour.press("E", "file to write");
    tour.press("overlay.svg\r", "wrote overlay.svg");
    tour.press("E", "file to write");
    tour.press("overlay.csv\r", "wrote overlay.csv");
    let read = |name: &str| fs::read_to_string(tour.inside.folder.path().join(name)).unwrap();
    let runs = fs::read_dir(tour.inside.folder.path().join("runs")).unwrap();
    let labels = runs.map(|run| run.unwrap().file_name().into_string().unwrap());
    let overlaid: Vec<_> = labels.filter(|label| label.starts_with("experiment-")).collect();
    assert_eq!(overlaid.len(), 2, "{overlaid:?}");
    let table = read("overlay.csv");
    assert!(overlaid.iter().all(|label| table.contains(label.as_str())));
    // In a legend long names have their middles left out.
    assert_eq!(read("overlay.svg").matches(": minibatch").count(), 2);

    tour.press("q", "and quit?");
    tour.press("y", "updates, training loss");
    assert_eq!(tour.inside.exit_code(), 0, "{}", tour.contents());
    assert!(tour.inside.is_restored(), "{}", tour.contents());
    if std::env::var_os("RECORD").is_some() {
        let head = "# A tour\n\nWhat `tests/scenario.rs` does and sees in a terminal of 100 × 30.\n\n";
        fs::write("docs/tour.md", head.to_owned() + tour.text.trim_end() + "\n").unwrap();
    }
}
