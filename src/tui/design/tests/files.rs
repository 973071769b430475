//! Experiments that come from files and runs, and go into files.

use super::*;

#[test]
fn a_file_is_saved_opened_and_never_overwritten_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.toml");
    let mut design = Design::new();
    let Some(Wish::Save { file: suggested, replace: false }) = keys(&mut design, "w⏎") else { panic!() };
    assert_eq!(suggested, PathBuf::from("experiment.toml"));
    design.save(&file, false);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), design.document.text());
    assert_eq!(design.experiment().unwrap().name, "a");

    // Its own file, changed here: no question. Changed by another: a question.
    keys(&mut design, "j⏎⌫7⏎");
    assert!(design.is_changed());
    assert_eq!(keys(&mut design, "w"), Some(Wish::Save { file: file.clone(), replace: false }));
    design.save(&file, false);
    assert_eq!((design.is_changed(), design.context()), (false, Context::Design));
    std::fs::write(&file, "other").unwrap();
    design.save(&file, false);
    assert_eq!(design.context(), Context::Question);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "other");
    assert_eq!(keys(&mut design, "y"), Some(Wish::Save { file: file.clone(), replace: true }));
    design.save(&file, true);

    // Opening loses no changes unasked.
    keys(&mut design, "d");
    assert_eq!(keys(&mut design, "Ob.toml⏎"), None);
    assert_eq!(keys(&mut design, "y"), Some(Wish::Open("b.toml".into())));
    design.open(&file);
    assert_eq!((design.is_changed(), design.document.plain("seed").as_deref()), (false, Some("7")));
    let text = design.document.text().to_owned();
    for (wrong, told) in [("none.toml", "cannot be read"), ("a.toml/b", "cannot be read")] {
        design.open(&folder.path().join(wrong));
        assert!(show(200, 24, &design).contains(told), "{}", show(200, 24, &design));
    }
    std::fs::write(&file, "a = 1\nb = \n").unwrap();
    design.open(&file);
    assert!(show(200, 24, &design).contains("a.toml:2: syntax error"), "{}", show(200, 24, &design));
    assert_eq!(design.document.text(), text);
    design.save(&folder.path().join("none").join("c.toml"), false);
    assert!(show(200, 24, &design).contains("cannot be written"));
}

#[test]
fn a_file_name_that_does_not_do_stays_to_be_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let name = |design: &Design| match &design.mode {
        Mode::Naming(_, line) => line.text().to_owned(),
        other => panic!("{other:?}"),
    };
    let mut design = Design::new();
    let wrong = folder.path().join("none.toml");
    keys(&mut design, &format!("O{}⏎", wrong.display()));
    design.open(&wrong);
    assert_eq!(name(&design), wrong.display().to_string());
    assert!(show(80, 24, &design).contains("× "), "{}", show(80, 24, &design));
    keys(&mut design, "l");
    assert!(!show(80, 24, &design).contains("× "));
    keys(&mut design, "⎋");
    assert_eq!(design.mode, Mode::Browsing);

    let wrong = folder.path().join("none").join("c.toml");
    keys(&mut design, "W");
    design.save(&wrong, false);
    assert_eq!(name(&design), "experiment.toml");
    keys(&mut design, "⎋");
    // Another file, which is not to be overwritten: another name can be given.
    let other = folder.path().join("other");
    std::fs::write(&other, "other").unwrap();
    keys(&mut design, "W");
    design.save(&other, false);
    keys(&mut design, "n");
    assert_eq!(name(&design), other.display().to_string());
    keys(&mut design, "2⏎");
    design.save(&folder.path().join("other2"), false);
    assert_eq!((design.mode.clone(), design.file.is_some()), (Mode::Browsing, true));
}

#[test]
fn what_nobody_asked_for_gives_way_to_the_experiment_of_a_run() {
    let experiment = Experiment::builtin(&[]).unwrap();
    let of_run = Design::of_run(3, "three".to_owned(), &experiment);
    assert!(show(80, 24, &of_run).contains("experiment of three"));
    assert!(Design::new().gives_way_to(0) && !of_run.gives_way_to(3) && of_run.gives_way_to(4));
    let mut changed = of_run.clone();
    keys(&mut changed, "d");
    assert!(changed.is_changed() && !changed.gives_way_to(4));
    // What was begun stays, and what is lost by beginning is asked for.
    keys(&mut changed, "N");
    assert_eq!(changed.context(), Context::Question);
    keys(&mut changed, "n");
    assert!(changed.is_changed());
    keys(&mut changed, "Ny");
    assert_eq!(changed.document.text(), Document::new().text());
    assert!(!changed.gives_way_to(4));
}

#[test]
fn every_experiment_of_the_project_is_shown_as_ready() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/experiments")).unwrap();
    for path in folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let mut design = Design::new();
        design.open(&path);
        assert!(show(120, 36, &design).contains("ready to start"), "{}", show(120, 36, &design));
        assert!(!design.is_changed());
    }
}

#[test]
fn every_problem_of_a_file_is_shown_at_a_row() {
    let mut found = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad_input")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(document) = Document::read(&path) else { continue };
        let design = Design::of(document, Some(path));
        for trouble in &design.verdict.troubles {
            found += 1;
            assert!(rows::find(&design.rows, &trouble.key).is_some(), "{}: {trouble:?}", design.name());
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn the_experiment_of_a_run_is_one_to_start_from() {
    let experiment = Experiment::builtin(&[]).unwrap();
    let mut design = Design::of_run(0, String::new(), &experiment);
    assert_eq!(keys(&mut design, "S"), Some(Wish::Start(Box::new(experiment))));
    assert!(!design.is_changed());
}

#[test]
fn own_files_are_named_and_their_width_is_left_open() {
    let mut design = Design::new();
    go(&mut design, "data.source");
    keys(&mut design, "→");
    go(&mut design, "data.images");
    keys(&mut design, "⏎images.idx⏎");
    let Some(Wish::Start(_)) = keys(&mut design, "S") else { panic!("{:?}", design.verdict.troubles) };
    assert!(show(120, 36, &design).contains("finds it in the data"), "{}", show(120, 36, &design));
}
