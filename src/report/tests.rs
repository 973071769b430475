use std::path::Path;
use std::sync::Arc;

use super::findings::{self, Verdict};
use super::problem::{self, Problem};
use super::record::Record;
use crate::diagnostics::Scope;
use crate::diagnostics::alignment::{Aligned, Alignment, Direction};
use crate::experiment::{Experiment, Shortening};
use crate::export::Abscissa;
use crate::runs::Run;
use crate::session::{Evaluation, Event, Snapshot};

/// A run with these evaluations: update, seconds, training loss.
fn record(kind: &str, settings: &[&str], losses: &[(u64, f64, f64)]) -> Record {
    let text = format!(
        "[data]\nsource = \"digits\"\ntask = \"autoencode\"\n[network]\nlayers = [{{ units = 3, activation = \"tanh\" }}]\n[loss]\nkind = \"bernoulli\"\n[optimizer]\nkind = \"{kind}\"\n"
    );
    let settings: Vec<_> = settings.iter().map(|&one| one.to_owned()).collect();
    let experiment = Experiment::parse("small.toml", &text, &settings).unwrap();
    let mut snapshot = Snapshot::default();
    for &(step, seconds_training, train_loss) in losses {
        snapshot.step = step;
        snapshot.apply(&Event::Evaluated(Evaluation {
            step,
            train_loss,
            validation_loss: 2.0 * train_loss,
            train_error: None,
            validation_error: None,
            seconds_training,
            cost: 0.0,
        }));
    }
    let run = Run::planned(Path::new("run"), &experiment);
    Record {
        run,
        snapshot: Arc::new(snapshot),
        alignment: Vec::new(),
        surfaces: Vec::new(),
        shortened: Vec::new(),
        failure: None,
    }
}

/// KFRA and KFAC with 10 updates in 10 s, and Adam with 20 updates in 10 s, ending at these losses.
fn race(kfra: f64, kfac: f64, adam: f64) -> Vec<Record> {
    vec![
        record("adam", &["optimizer.learning_rate=0.1"], &[(0, 0.0, 100.0), (10, 5.0, 90.0), (20, 10.0, adam)]),
        record("adam", &["optimizer.learning_rate=0.2"], &[(0, 0.0, 100.0), (20, 10.0, 95.0)]),
        record("kfra", &[], &[(0, 0.0, 100.0), (10, 10.0, kfra)]),
        record("kfac", &[], &[(0, 0.0, 100.0), (10, 10.0, kfac)]),
    ]
}

fn verdicts(records: &[Record]) -> Vec<(String, Verdict, String)> {
    let problems: Vec<Problem> = problem::group(records);
    findings::all(&problems, &[]).into_iter().map(|one| (one.claim.to_owned(), one.verdict, one.numbers)).collect()
}

/// The verdict of the finding whose claim has these words.
fn verdict(records: &[Record], words: &str) -> Verdict {
    let all = verdicts(records);
    all.iter().find(|(claim, _, _)| claim.contains(words)).unwrap_or_else(|| panic!("{words}: {all:?}")).1
}

#[test]
fn a_finding_is_what_the_runs_show() {
    let (update, second, ahead) = ("Autoencoders: second-order", "Autoencoders: untuned", "ahead of KFAC");
    // Adam has 90 after ten updates, and ends after as many seconds as the others.
    let leads = race(50.0, 60.0, 70.0);
    assert_eq!([update, second, ahead].map(|words| verdict(&leads, words)), [Verdict::Confirmed; 3]);
    let slow = race(85.0, 80.0, 70.0);
    let expected = [Verdict::Confirmed, Verdict::Refuted, Verdict::Refuted];
    assert_eq!([update, second, ahead].map(|words| verdict(&slow, words)), expected);
    let one_lags = race(50.0, 91.0, 70.0);
    assert_eq!(verdict(&one_lags, update), Verdict::Refuted);
    let numbers = verdicts(&leads).into_iter().find(|(claim, _, _)| claim.contains(update)).unwrap().2;
    assert_eq!(numbers, "after 10 updates: KFRA 50.00, KFAC 60.00, Adam 90.00 (best of 2)");
}

#[test]
fn what_no_run_measured_is_not_measured() {
    let alone = [record("kfra", &[], &[(0, 0.0, 100.0), (10, 10.0, 50.0)])];
    let all = verdicts(&alone);
    assert!(all.len() >= 10 && all.iter().all(|(_, verdict, _)| *verdict == Verdict::NotMeasured), "{all:?}");
    let out = tempfile::tempdir().unwrap();
    let page = |records: &[Record]| {
        let contents = super::page::write(records, &problem::group(records), &[], out.path()).unwrap();
        std::fs::read_to_string(contents.page).unwrap()
    };
    let tables = ["| finding | problem | here | numbers |", "| not measured | needs |"];
    let heads = |page: &str| tables.map(|head| page.contains(head));
    assert_eq!([page(&alone), page(&race(50.0, 60.0, 70.0))].map(|page| heads(&page)), [[false, true], [true, true]]);
    assert!(page(&alone).contains(" | a run that measures the alignment |"));
}

#[test]
fn the_best_settings_stand_for_a_method_within_the_spread_of_all() {
    let records = race(50.0, 60.0, 70.0);
    let problems = problem::group(&records);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].methods.iter().map(|method| method.kind).collect::<Vec<_>>(), ["kfra", "kfac", "adam"]);
    let adam = &problems[0].methods[2];
    assert_eq!(adam.label(), "Adam, best of 2: lr 0.1");
    let figures = super::curves::figures(&problems[0], Abscissa::Update);
    let curve = figures[0].curves.iter().find(|curve| curve.run.starts_with("Adam")).unwrap();
    // Halfway the other one has 97.5.
    let points: Vec<_> = curve.points.iter().map(|point| (point.x, point.y, point.low, point.high)).collect();
    assert_eq!(points, [(0.0, 100.0, 100.0, 100.0), (10.0, 90.0, 90.0, 97.5), (20.0, 70.0, 70.0, 95.0)]);
    assert_eq!(figures[1].curves.len(), 3);
}

#[test]
fn seeds_are_means_and_what_diverged_is_left_out() {
    let mut records = vec![
        record("adam", &["seed=1"], &[(0, 0.0, 100.0), (10, 5.0, 50.0)]),
        record("adam", &["seed=2"], &[(0, 0.0, 100.0), (10, 5.0, 70.0)]),
        record("adam", &["seed=2"], &[(0, 0.0, 100.0), (5, 2.0, 80.0)]),
        record("adam", &["optimizer.learning_rate=9.0"], &[(0, 0.0, 100.0), (10, 5.0, 10.0)]),
    ];
    records[3].failure = Some("diverged".to_owned());
    let problems = problem::group(&records);
    let adam = &problems[0].methods[0];
    assert_eq!((adam.variants.len(), adam.variants[0].records.len()), (2, 2));
    assert!((adam.best().unwrap().loss() - 60.0).abs() < 1e-12);
    let figures = super::curves::figures(&problems[0], Abscissa::Second);
    let last = figures[0].curves[0].points.last().unwrap();
    assert_eq!((last.x, last.y, last.low, last.high), (5.0, 60.0, 50.0, 70.0));
    let table = super::tables::finals(&problems[0]);
    assert!(table.contains("| 2 | 1 | 2 | 10 |") && table.contains("60.00 (50.00 … 70.00)"), "{table}");
}

/// What an update's directions of KFRA and KFAC have to do with the exact one, for a layer or all of them.
fn alignment(scope: Scope, kfra: f64, kfac: f64) -> Alignment {
    let aligned =
        |direction, cosine| Aligned { direction, cosine, curvature_cosine: 0.0, norm_ratio: 1.0, decrease: 0.0 };
    Alignment {
        step: 0,
        scope,
        damping: 0.1,
        gradient_norm: 1.0,
        exact_norm: 1.0,
        residual: 0.0,
        products: 0,
        directions: vec![aligned(Direction::Kfra, kfra), aligned(Direction::Kfac, kfac)],
        data: 8,
        cost: 0.0,
    }
}

#[test]
fn kfra_is_closer_where_it_is_so_layer_by_layer_and_of_all_layers_together() {
    let closer = |alignment: Vec<Alignment>| {
        let records = [Record { alignment, ..record("kfra", &[], &[(0, 0.0, 1.0)]) }];
        let found = verdicts(&records).into_iter().find(|(claim, _, _)| claim.contains("lie closer")).unwrap();
        (found.1, found.2, super::alignment::summary(&records[0]), super::alignment::figures(&records[0]))
    };
    let layers = || vec![alignment(Scope::Layer(1), 0.9, 0.5), alignment(Scope::Layer(2), 0.5, 0.7)];
    let (verdict, numbers, table, _) = closer(layers());
    assert_eq!(
        (verdict, numbers.as_str()),
        (Verdict::Confirmed, "mean cosine over layers and updates: KFRA 0.7000, KFAC 0.6000")
    );
    assert!(table.contains("| KFRA | 0.7000 | 0.5000 | – | – |"), "{table}");
    let (verdict, numbers, table, figures) = closer([layers(), vec![alignment(Scope::Whole, 0.2, 0.3)]].concat());
    assert_eq!(verdict, Verdict::Refuted);
    assert!(numbers.ends_with("; of all layers together over updates: KFRA 0.2000, KFAC 0.3000"), "{numbers}");
    assert!(table.contains("| KFRA | 0.7000 | 0.5000 | 0.2000 | 0.2000 |"), "{table}");
    // Every row of the table of values tells its layer.
    let rows = String::from_utf8(crate::export::csv(&figures, "update").unwrap()).unwrap();
    for row in ["KFRA,\"cosine, layer 1\",0,0.9", "KFAC,\"cosine, all layers\",0,0.3"] {
        assert!(rows.contains(row), "{rows}");
    }
}

#[test]
fn a_report_removes_the_figures_of_the_one_before_and_nothing_else() {
    let out = tempfile::tempdir().unwrap();
    let write = |records: &[Record]| super::page::write(records, &problem::group(records), &[], out.path()).unwrap();
    let other = record("adam", &["optimizer.l2=0.5"], &[(0, 0.0, 1.0), (1, 1.0, 0.5)]);
    let first = write(&[race(50.0, 60.0, 70.0), vec![other]].concat());
    let of_second = |name: &String| name.starts_with("2-");
    assert!(first.files.iter().any(of_second));
    let own = ["2-mine.csv", "notes.md"].map(|name| out.path().join(name));
    for path in &own {
        std::fs::write(path, "mine").unwrap();
    }
    let second = write(&race(50.0, 60.0, 70.0));
    for name in &first.files {
        assert_eq!(out.path().join(name).exists(), second.files.contains(name), "{name}");
    }
    assert!(own.iter().all(|path| path.exists()));
}

#[test]
fn problems_differ_in_what_is_solved_not_in_how() {
    let records = [
        record("adam", &[], &[(0, 0.0, 1.0)]),
        record("kfra", &["train.updates=7", "diagnostics.budget=0.5"], &[(0, 0.0, 1.0)]),
        record("adam", &["optimizer.l2=0.5"], &[(0, 0.0, 1.0)]),
        record("adam", &["train.batch=10"], &[(0, 0.0, 1.0)]),
    ];
    let problems = problem::group(&records);
    assert_eq!(problems.iter().map(|problem| problem.records.len()).collect::<Vec<_>>(), [2, 1, 1]);
    assert!(problems[1].title.ends_with("L2 5e-1"), "{}", problems[1].title);
    assert!(!problems[0].title.contains("L2"), "{}", problems[0].title);
}

#[test]
fn shortenings_stand_beside_every_figure_with_the_methods_they_are_of() {
    let mut records = race(50.0, 60.0, 70.0);
    let shortening = |what: &str| Shortening { what: what.into(), full: "9".into(), here: "1".into() };
    for record in &mut records {
        record.shortened = vec![shortening("data.train")];
    }
    records[2].shortened.push(shortening("seeds"));
    // The loss of a shorter run with the same settings is not shown.
    records.push(Record { shortened: vec![shortening("train.updates")], ..record("kfra", &[], &[(0, 0.0, 100.0)]) });
    let out = tempfile::tempdir().unwrap();
    let contents = super::page::write(&records, &problem::group(&records), &[], out.path()).unwrap();
    let page = std::fs::read_to_string(contents.page).unwrap();
    let note = "*Shortened:* data.train 9 → 1; seeds 9 → 1 (KFRA).";
    let figures = page.matches("![").count();
    assert!(figures >= 2, "{page}");
    assert_eq!(page.matches(note).count(), figures, "{page}");
    assert!(page.contains("(shortened runs)"), "{page}");
}
