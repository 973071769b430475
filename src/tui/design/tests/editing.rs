//! Fields and layers, changed by keys.

use super::*;
use crate::experiment::FIELDS;
use crate::network::{Activation, Layer, Loss};
use crate::optim::Kind;

#[test]
fn a_network_is_designed_from_nothing_by_keys_alone() {
    let mut design = Design::of(Document::parse("new.toml", "").unwrap(), None);
    assert_eq!(design.verdict.troubles.len(), 3);
    assert_eq!(keys(&mut design, "S"), None);
    for (key, chosen) in [
        ("data.source", "⏎k⏎"),
        ("data.task", "⏎j⏎"),
        ("loss.kind", "⏎jj⏎"),
        ("optimizer.kind", "⏎jjjjjj⏎"),
        ("network.layers", "a⏎⌫⌫24⏎l⏎kk⏎a⏎12⌫⌫⌫⌫12⏎"),
        ("optimizer.l2", "⏎1e-3⏎"),
        ("train.batch", "⏎300⏎"),
        ("name", "⏎my first⏎"),
    ] {
        go(&mut design, key);
        keys(&mut design, chosen);
    }
    let Some(Wish::Start(experiment)) = keys(&mut design, "S") else {
        panic!("{:?}\n{}", design.verdict.troubles, design.document.text())
    };
    assert_eq!(experiment.name, "my first");
    let relu = |units| Layer { units, activation: Activation::Relu };
    assert_eq!(experiment.network.hidden, [relu(24), relu(12)]);
    assert_eq!((experiment.loss, experiment.train.batch), (Loss::Categorical, 300));
    assert_eq!(experiment.optimizer.method.kind().name(), "kfra");
    assert!((experiment.optimizer.l2 - 1e-3).abs() < 1e-12);
}

#[test]
fn a_wrong_value_is_told_at_its_field_while_it_is_typed_and_until_it_is_right() {
    let mut design = Design::new();
    go(&mut design, "optimizer.l2");
    keys(&mut design, "⏎⌫⌫⌫⌫");
    assert!(design.experiment().is_some());
    keys(&mut design, "-");
    let told = "must be a number of at least 0";
    let line = |design: &Design| show(120, 36, design).lines().find(|line| line.contains(" l2 ")).unwrap().to_owned();
    assert!(line(&design).contains("×") && line(&design).contains(told), "{}", line(&design));
    keys(&mut design, "1⏎");
    assert!(line(&design).contains(told));
    keys(&mut design, "g");
    assert_eq!(keys(&mut design, "S"), None);
    assert_eq!(design.key(), "optimizer.l2");
    assert!(show(80, 24, &design).contains("cannot start: optimizer.l2 must be"), "{}", show(80, 24, &design));
    keys(&mut design, "⏎⌫⌫0.5⏎");
    assert!(!line(&design).contains('×'));
    assert!(matches!(keys(&mut design, "S"), Some(Wish::Start(_))));
}

#[test]
fn other_values_stay_while_one_is_wrong() {
    let mut design = Design::new();
    go(&mut design, "train.batch");
    // But of the network, whose input is not known then, and of what is wrong itself.
    let others = |design: &Design| {
        let all = FIELDS.iter().map(|field| (field.key.to_string(), design.verdict.unstated(&field.key)));
        all.filter(|(key, _)| !key.starts_with("network.") && key != "train.batch").collect::<Vec<_>>()
    };
    let before = others(&design);
    for wrong in ["⏎-1⏎", "⏎⌫⌫⌫⌫⌫x⏎"] {
        keys(&mut design, wrong);
        assert!(design.experiment().is_none());
        assert_eq!(others(&design), before, "{wrong}");
    }
    go(&mut design, "network.layers.1.units");
    keys(&mut design, "⏎⌫⌫⌫⌫0⏎");
    assert_eq!(others(&design), before);
}

#[test]
fn every_choice_of_every_field_can_be_chosen_and_is_the_one_that_is_stated() {
    let mut design = Design::new();
    for row in 0..design.rows.len() {
        design.selected = row.min(design.rows.len() - 1);
        let key = design.key();
        let Input::Choice(choices) = design.input() else { continue };
        for _ in &choices {
            let before = design.document.plain(&key);
            keys(&mut design, " ");
            assert_ne!(design.document.plain(&key), before, "{key}");
        }
    }
}

#[test]
fn the_fields_are_those_of_the_optimizer() {
    let mut design = Design::new();
    for kind in Kind::all() {
        design.change(|document| document.set_text("optimizer.kind", kind.name()));
        for field in crate::experiment::FIELDS.iter().filter(|field| field.key.starts_with("optimizer.")) {
            let taken = field.takers.is_empty() || field.takers.contains(&kind.name());
            let shown = design.rows.iter().any(|row| row.shows(&field.key));
            assert_eq!(shown, taken, "{} {}", kind.name(), field.key);
        }
    }
}

#[test]
fn a_key_that_is_unknown_or_belongs_to_another_optimizer_is_shown_and_can_be_taken_out() {
    let text = Document::new().text().replace("l2 =", "beta1 = 0.5\nlr =") + "[extra]\na = 1\n";
    let mut design = Design::of(Document::parse("new.toml", &text).unwrap(), None);
    for key in ["optimizer.beta1", "optimizer.lr", "extra"] {
        go(&mut design, key);
        keys(&mut design, "d");
    }
    assert!(design.experiment().is_some(), "{:?}", design.verdict.troubles);
}

#[test]
fn another_optimizer_takes_out_what_it_does_not_take_and_all_of_it_is_undone() {
    let text = Document::new().text().replace("l2 =", "momentum = false\nkronecker_damping = 0.5\nl2 =");
    for choose in ["→", "⏎k⏎"] {
        let mut design = Design::of(Document::parse("new.toml", &text).unwrap(), None);
        go(&mut design, "optimizer.kind");
        while design.document().plain("optimizer.kind").unwrap() != "adam" {
            keys(&mut design, choose);
        }
        assert!(design.experiment().is_some(), "{:?}", design.verdict.troubles);
        assert_eq!(design.document().plain("optimizer.l2").as_deref(), Some("1e-5"));
        assert_eq!(design.document().plain("optimizer.momentum"), None);
        while design.is_changed() {
            keys(&mut design, "u");
        }
        assert_eq!(design.document().text(), text);
        // So it looks before it is chosen, too.
        keys(&mut design, "⏎kkk");
        assert!(design.verdict.troubles.is_empty(), "{:?}", design.verdict.troubles);
    }
}

#[test]
fn layers_are_moved_and_taken_out_and_all_of_it_is_undone() {
    let mut design = Design::new();
    let start = design.document.text().to_owned();
    let units = |design: &Design| {
        let key = |index| Document::layer_key(index, "units");
        (0..design.document.layers()).map(|index| design.document.plain(&key(index)).unwrap()).collect::<Vec<_>>()
    };
    go(&mut design, "network.layers.2.units");
    keys(&mut design, "K");
    assert_eq!(
        (units(&design), design.key()),
        (["8", "32", "32"].map(str::to_owned).to_vec(), "network.layers.1.units".to_owned())
    );
    keys(&mut design, "JJJ");
    assert_eq!(units(&design), ["32", "32", "8"]);
    keys(&mut design, "d");
    assert_eq!((units(&design).len(), design.key()), (2, "network.layers.2.units".to_owned()));
    let end = design.document.text().to_owned();
    assert!(design.is_changed());
    keys(&mut design, "uuuuuuu");
    assert_eq!(design.document.text(), start);
    assert!(!design.is_changed());
    for _ in 0..7 {
        design.press(&control('r'));
    }
    assert_eq!(design.document.text(), end);
}

#[test]
fn escape_changes_nothing() {
    let start = Design::new();
    for typed in ["⏎abc⎋", "⇥⏎j⎋", "w⎋", "⇥⇥j⏎99⎋", "O/x⎋"] {
        let design = after(typed);
        assert_eq!((design.document.text(), design.context()), (start.document.text(), Context::Design), "{typed}");
    }
}

#[test]
fn what_is_not_of_this_screen_is_handed_on() {
    for (typed, action) in [("?", Action::Help), ("q", Action::Quit), (":", Action::Palette)] {
        assert_eq!(keys(&mut Design::new(), typed), Some(Wish::Screen(action)));
    }
    assert_eq!(after("⏎").press(&control('c')), Some(Wish::Screen(Action::Quit)));
}
