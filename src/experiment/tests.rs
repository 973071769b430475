use proptest::prelude::*;

use super::*;
use crate::data::{Selection, Source, Task};
use crate::diagnostics::alignment::Direction;
use crate::diagnostics::surface::{Along, Axis, Plane};
use crate::diagnostics::{Each, Probe};
use crate::network::{Activation, Init, Layer, Loss, Plan};
use crate::optim::{Curvature, Damping, FirstOrder, Kind, Method, Rule, SecondOrder};
use crate::train::Precision;

const SMALL: &str = r#"
[data]
source = "digits"
task = "classify"
[network]
layers = [{ units = 5, activation = "tanh" }]
[loss]
kind = "categorical"
[optimizer]
kind = "kfra"
"#;

fn parse(text: &str) -> Result<Experiment, Problems> {
    Experiment::parse("small.toml", text, &[])
}

fn with(overrides: &[&str]) -> Result<Experiment, Problems> {
    Experiment::parse("small.toml", SMALL, &overrides.iter().map(|&item| item.to_owned()).collect::<Vec<_>>())
}

#[test]
fn every_experiment_of_the_project_is_checked_and_written_alike() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/experiments")).unwrap();
    let files: Vec<_> =
        files.map(|file| file.unwrap().path()).filter(|f| f.extension() == Some("toml".as_ref())).collect();
    assert!(files.len() >= 9);
    for file in files {
        let experiment = Experiment::read(&file, &[]).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(experiment.name, file.file_stem().unwrap().to_str().unwrap());
        assert_eq!(parse(&experiment.to_toml()).unwrap(), experiment);
    }
}

#[test]
fn the_builtin_experiment_is_right() {
    let experiment = Experiment::builtin(&[]).unwrap();
    let architecture = experiment.architecture(Some(784), Some(784)).unwrap();
    assert_eq!(architecture.summary(), "784-1000-500-250-30-250-500-1000-784");
}

#[test]
fn what_is_not_stated_has_the_default_of_the_table() {
    let experiment = parse(SMALL).unwrap();
    assert_eq!((experiment.name.as_str(), experiment.seed), ("small", 1));
    assert_eq!(experiment.data.as_ref().unwrap().train, Some(1500));
    let resolved: toml::Table = experiment.to_toml().parse().unwrap();
    for field in FIELDS.iter().filter(|field| field.takers.is_empty() || field.takers.contains(&"kfra")) {
        if ["-", "required"].contains(&&*field.default) {
            continue;
        }
        let found =
            field.key.split('.').try_fold(&toml::Value::Table(resolved.clone()), |value, key| value.get(key)).cloned();
        let table: toml::Table = format!("x = {}", field.default).parse().unwrap();
        assert_eq!(found.map(|value| value.to_string()), Some(table["x"].to_string()), "{}", field.key);
    }
}

#[test]
fn every_key_of_the_table_is_known_to_the_checker() {
    for (field, kind) in FIELDS.iter().flat_map(|field| Kind::all().into_iter().map(move |kind| (field, kind.name()))) {
        let key = field.key.replace("layers.", "layers.1.");
        let text = SMALL.replace("kfra", kind);
        let result = Experiment::parse("small.toml", &text, &[format!("{key}=1e99")]);
        let flaws: Vec<_> = result.err().map_or(vec![], |p| p.problems().iter().map(|p| p.flaw.clone()).collect());
        assert!(!flaws.iter().any(|flaw| matches!(flaw, Flaw::UnknownKey { .. })), "{key} {kind}: {flaws:?}");
        let refused = flaws.iter().any(|flaw| matches!(flaw, Flaw::NotForKind { .. }));
        assert_eq!(refused, !field.takers.is_empty() && !field.takers.contains(&kind), "{key} {kind}: {flaws:?}");
    }
}

#[test]
fn data_that_are_made_are_read_and_written_with_what_determines_them() {
    let made = |data: &str| {
        let text =
            SMALL.replace("source = \"digits\"\ntask = \"classify\"", data).replace("categorical", "squared_error");
        let experiment = parse(&text).unwrap();
        assert_eq!(parse(&experiment.to_toml()).unwrap(), experiment);
        experiment.data.unwrap()
    };
    let curves = made("source = \"curves\"\ntask = \"autoencode\"");
    assert_eq!(curves.source, Source::Curves { seed: 1 });
    assert_eq!((curves.train, curves.validation), (Some(20_000), Some(10_000)));
    let faces = made("source = \"faces\"\ntask = \"autoencode\"\nseed = 7\nportraits = \"/a/b\"\ntrain = 9");
    assert_eq!(faces.source, Source::Faces { seed: 7, portraits: Some("/a/b".into()) });
    assert_eq!((faces.train, faces.validation), (Some(9), Some(41_400)));
}

#[test]
fn an_override_changes_one_value() {
    let changed = with(&["optimizer.l2=0.5", "train.batch = 7", "name=other", "network.layers.1.units=9"]).unwrap();
    assert!((changed.optimizer.l2 - 0.5).abs() < 1e-15);
    let adam = with(&["optimizer={ kind = 'adam' }"]).unwrap();
    assert_eq!(adam.optimizer.method, Method::FirstOrder(FirstOrder::new(Rule::Adam)));
    assert_eq!((changed.train.batch, changed.name.as_str(), changed.network.hidden[0].units), (7, "other", 9));
}

#[test]
fn a_bad_override_is_named() {
    let text = with(&["train.batch=0"]).unwrap_err().to_string();
    for part in ["--set:1:13", "train.batch=0", "train.batch must be a whole number of at least 1", "found 0"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(with(&["train.batch"]).unwrap_err().to_string().contains("--set must be given KEY=VALUE"));
    assert!(with(&["train.batch=[1"]).unwrap_err().to_string().contains("syntax error"));
    assert!(with(&["name.x.y=1"]).is_err());
}

#[test]
fn a_problem_shows_file_line_column_and_carets() {
    let text = format!("{SMALL}kronecker_damping = -1e-3\n");
    let shown = parse(&text).unwrap_err().to_string();
    for part in [
        "error: optimizer.kronecker_damping must be a number above 0",
        "┌─ small.toml:11:21",
        "11 │ kronecker_damping = -1e-3",
        "^^^^^ found -0.001",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn what_a_terminal_would_obey_is_not_shown_as_it_is() {
    let text = format!("{SMALL}sorts = \"\u{1b}[31m\u{9b}\u{7}\u{e}\"\r\n\u{1b}]0;title\u{7} = 1\r\n");
    let problems = parse(&text).unwrap_err();
    let obeyed = |text: &str| text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert!(!obeyed(&problems.to_string()), "{problems}");
    for change in ["train.batch=\"\u{1b}[31m\"", "train.\u{1b}c=1", "\u{1b}c"] {
        let problems = with(&[change]).unwrap_err();
        assert!(!obeyed(&problems.to_string()), "{problems}");
    }
    let wrong = parse(&format!("{SMALL}kronecker_damping = \"\u{9b}\u{9b}\"\n")).unwrap_err().to_string();
    assert!(wrong.contains("small.toml:11:21") && wrong.contains("^^^^"), "{wrong}");
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = r#"
seed = -1
precison = "f32"
[data]
source = "minst"
task = 3
[network]
layers = [{ units = 0, activation = "tanhh" }, { units = 5 }]
[loss]
kind = "bernoulli"
[optimizer]
kind = "kfra"
learning_rate = 0.1
l2 = "much"
[diagnostics]
alignment = { data = 0 }
"#;
    let problems = parse(text).unwrap_err();
    assert_eq!(problems.problems().len(), 10, "{problems}");
    let shown = problems.to_string();
    for part in ["did you mean `precision`?", "did you mean `mnist`?", "network.layers.2.activation is missing", "adam"]
    {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn all_syntax_errors_are_reported() {
    let problems = parse("a = \nb = [1\n[c\n").unwrap_err();
    assert!(problems.problems().iter().all(|problem| matches!(problem.flaw, Flaw::Syntax { .. })));
    assert!(problems.problems().len() >= 2, "{problems}");
}

#[test]
fn losses_that_do_not_fit_the_task_are_refused() {
    for (task, loss, fits) in [
        ("autoencode", "bernoulli", true),
        ("autoencode", "categorical", false),
        ("classify", "squared_error", true),
        ("classify", "binary_mixture", false),
        ("odd_even", "binary_mixture", true),
        ("odd_even", "categorical", false),
    ] {
        let result = with(&[&format!("data.task={task}"), &format!("loss.kind={loss}")]);
        assert_eq!(result.is_ok(), fits, "{task} {loss}");
        // Nothing is said of what follows from it.
        assert!(result.err().is_none_or(|problems| problems.problems().len() == 1), "{task} {loss}");
    }
}

#[test]
fn widths_that_contradict_the_data_are_refused() {
    assert!(with(&["network.input=64", "network.output=10"]).is_ok());
    assert!(with(&["network.input=63"]).unwrap_err().to_string().contains("must be 64, the width of the data"));
    assert!(with(&["network.output=9"]).unwrap_err().to_string().contains("must be 10, the width of the targets"));
    let text = with(&["data.task=odd_even", "loss.kind=binary_mixture", "network.output=2"]).unwrap_err().to_string();
    assert!(text.contains("network.output must be 3 for the loss binary_mixture"), "{text}");
}

#[test]
fn more_data_than_there_are_is_refused() {
    for argument in ["data.train=1798", "train.batch=1501", "diagnostics.rank.data=1501"] {
        assert!(with(&[argument]).is_err(), "{argument}");
    }
    assert!(with(&["data.train=1798"]).unwrap_err().to_string().contains("at most 1797"));
}

#[test]
fn absurd_networks_are_refused() {
    assert!(with(&["network.layers.1.units=1000001"]).is_err());
    let layer = "{ units = 1000000, activation = \"relu\" }";
    let text = with(&[&format!("network.layers=[{layer}, {layer}]")]).unwrap_err().to_string();
    assert!(text.contains("at most 1000000000 parameters"), "{text}");
}

#[test]
fn without_data_widths_must_be_stated() {
    let text = SMALL.replace("[data]\nsource = \"digits\"\ntask = \"classify\"\n", "");
    assert!(parse(&text).unwrap_err().to_string().contains("network.input is missing"));
    let text = text.replace("[network]", "[network]\ninput = 3\noutput = 2");
    assert_eq!(parse(&text).unwrap().data, None);
}

#[test]
fn unstated_bounds_give_way_to_the_damping() {
    let Method::SecondOrder(second) = with(&["optimizer.step_damping=1e-9"]).unwrap().optimizer.method else {
        panic!()
    };
    assert!(second.step_damping.min <= 1e-9);
    assert!(with(&["optimizer.step_damping=1e-9", "optimizer.step_damping_min=1e-8"]).is_err());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let text = Experiment::read("no/such.toml".as_ref(), &[]).unwrap_err().to_string();
    assert!(text.contains("no/such.toml") && text.contains("cannot be read"), "{text}");
}

#[test]
fn kfra_costs_what_its_formula_says() {
    let experiment = with(&["train.batch=100"]).unwrap();
    let architecture = experiment.architecture(Some(64), Some(10)).unwrap();
    let estimate = Estimate::new(&experiment, &architecture, 1797);
    assert_eq!(estimate.parameters, 5 * 65 + 10 * 6);
    let gradient = &estimate.work[0];
    assert!((gradient.flops - 100.0 * (4.0 * 385.0 + 2.0 * 60.0)).abs() < 1e-9);
    assert!(estimate.flops() > gradient.flops && estimate.bytes() > 0.0);
}

fn positive() -> impl Strategy<Value = f64> {
    prop_oneof![1e-9_f64..1e9, Just(1e-5)]
}

fn damping() -> impl Strategy<Value = Damping> {
    (positive(), 0.0..1.0_f64, 1.0..9.0_f64, any::<bool>()).prop_map(|(initial, low, high, adapt)| Damping {
        initial,
        min: initial * low.max(1e-3),
        max: initial * high,
        adapt,
    })
}

fn method() -> impl Strategy<Value = Method> {
    let first = (prop::sample::select(Rule::ALL), 0.0..1.0_f64, positive(), 0..1000_u64);
    let first = first.prop_map(|(rule, fraction, learning_rate, decay_period)| {
        let mut first = FirstOrder::new(rule);
        (first.learning_rate, first.decay_period) = (learning_rate, decay_period);
        for (index, coefficient) in rule.coefficients().iter().enumerate() {
            let value = fraction / (index + 1) as f64;
            if let Some(number) = first.coefficient_mut(coefficient.key).filter(|_| coefficient.range.contains(value)) {
                *number = value;
            }
        }
        Method::FirstOrder(first)
    });
    let kronecker = prop_oneof![
        (1..9_usize, any::<bool>()).prop_map(|(samples, empirical)| Curvature::Kfac { samples, empirical }),
        (1..9_usize).prop_map(|samples| Curvature::Ekfac { samples }),
        Just(Curvature::Kflr),
        Just(Curvature::Kfra),
    ];
    let kronecker = (kronecker, damping(), damping(), 1..99_u64, 1..99_u64, 1..99_u64, 0.0..1.0_f64, any::<bool>());
    let kronecker = kronecker.prop_map(|(curvature, gamma, tau, t2, t1, t3, factor_average, momentum)| {
        Method::SecondOrder(SecondOrder {
            curvature,
            kronecker_damping: gamma,
            step_damping: tau,
            kronecker_period: t2,
            step_period: t1,
            inverse_period: t3,
            factor_average,
            momentum,
        })
    });
    let free = (1..999_usize, positive(), damping(), 1..99_u64, any::<bool>());
    let free = free.prop_map(|(iterations, tolerance, step_damping, step_period, momentum)| {
        let default = SecondOrder::new(Curvature::HessianFree { iterations, tolerance });
        Method::SecondOrder(SecondOrder { step_damping, step_period, momentum, ..default })
    });
    prop_oneof![first, kronecker, free]
}

fn plan() -> impl Strategy<Value = Plan> {
    let layer = (1..99_usize, prop::sample::select(Activation::ALL))
        .prop_map(|(units, activation)| Layer { units, activation });
    (1..99_usize, prop::collection::vec(layer, 0..4), any::<bool>(), prop::sample::select(Init::ALL))
        .prop_map(|(width, hidden, bias, init)| Plan { input: Some(width), output: Some(width), hidden, bias, init })
}

fn selection() -> impl Strategy<Value = Selection> {
    let path = "/[a-z\"\\\\é ]{1,8}/[a-z'#]{1,8}";
    (path, prop::option::of(path), prop::option::of(1..99_usize), prop::option::of(0..99_usize)).prop_map(
        |(images, labels, train, validation)| Selection {
            source: Source::Files { images: images.into(), labels: labels.map(Into::into) },
            task: Task::Autoencode,
            train,
            validation,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same_experiment(
        (name, seed, single) in ("[a-zA-Zé\"'#-]{1,20}", any::<u64>(), any::<bool>()),
        (data, network, method) in (prop::option::of(selection()), plan(), method()),
        (l2, polyak, budget) in (0.0..1.0_f64, 0.0..1.0_f64, 0.0..=1.0_f64),
        (batch, updates, threads, every) in (1..9999_usize, 1..9999_u64, prop::option::of(1..99_usize), 0..99_u64),
    ) {
        let experiment = Experiment {
            name,
            seed,
            precision: if single { Precision::F32 } else { Precision::F64 },
            data,
            network,
            loss: Loss::Bernoulli,
            optimizer: optim::Settings { method, l2, polyak },
            train: train::Settings {
                batch,
                updates,
                threads,
                evaluate_every: every,
                checkpoint_every: every / 2,
                checkpoint_minutes: l2 * 60.0,
                keep_checkpoints: batch % 7,
            },
            diagnostics: diagnostics::Settings {
                probes: Each::of(|diagnostic| Probe { every: every / (1 + diagnostic as u64), data: batch }),
                budget,
                exact_limit: batch,
                surface: Plane {
                    axes: [
                        Axis { along: Along::ALL[batch % Along::ALL.len()], layer: Some(1) },
                        Axis { along: Along::ALL[updates as usize % Along::ALL.len()], layer: None },
                    ],
                    points: 3 + batch % 999,
                    extent: 0.5 + budget,
                },
                directions: Direction::ALL.iter().copied().skip(batch % Direction::ALL.len()).collect(),
            },
        };
        let text = experiment.to_toml();
        prop_assert_eq!(parse(&text).map_err(|problems| problems.to_string()), Ok(experiment), "{}", text);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "[ -~\n\"'=\\[\\]{}é]{0,80}", key in "[a-z0-9.]{0,12}", value in ".{0,12}") {
        let _ = parse(&text).map_err(|problems| problems.render(true));
        let _ = with(&[&format!("{key}={value}")]).map_err(|problems| problems.render(false));
        let _ = with(&[&value]).map_err(|problems| problems.render(false));
    }
}
