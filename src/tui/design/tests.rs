use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::*;
use crate::network::{Activation, Layer, Loss};
use crate::optim::Kind;
use crate::tui::action::BINDINGS;
use crate::tui::picture::text;
use crate::tui::theme::{Palette, Signs, Theme};

fn event(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

/// Presses keys one by one; the wish of the last.
fn keys(design: &mut Design, keys: &str) -> Option<Wish> {
    let mut wish = None;
    for key in keys.chars() {
        let code = match key {
            '⏎' => KeyCode::Enter,
            '⎋' => KeyCode::Esc,
            '⌫' => KeyCode::Backspace,
            '⇥' => KeyCode::Tab,
            '←' => KeyCode::Left,
            '→' => KeyCode::Right,
            other => KeyCode::Char(other),
        };
        wish = design.press(&event(code));
    }
    wish
}

fn control(letter: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)
}

fn after(typed: &str) -> Design {
    let mut design = Design::new();
    keys(&mut design, typed);
    design
}

/// Selects a field, by as many keys as it takes.
fn go(design: &mut Design, key: &str) {
    keys(design, "g");
    for _ in 0..design.rows.len() {
        if design.row().is_some_and(|row| row.shows(key)) {
            let activation = design.row().is_some_and(|row| row.key(Cell::Activation) == key);
            if key.starts_with("network.layers.") {
                keys(design, if activation { "l" } else { "h" });
            }
            return;
        }
        keys(design, "j");
    }
    panic!("{key} is not shown");
}

fn dark() -> Theme {
    Theme::new(Palette::Dark, true, Signs::Braille)
}

fn picture(width: u16, height: u16, design: &Design, theme: &Theme) -> Buffer {
    let area = Rect { x: 0, y: 0, width, height };
    let mut buffer = Buffer::empty(area);
    draw(&mut buffer, area, design, theme);
    buffer
}

fn show(width: u16, height: u16, design: &Design) -> String {
    text(&picture(width, height, design, &dark()))
}

#[test]
fn a_new_experiment_at_every_size() {
    for (width, height) in [(80, 24), (120, 36), (250, 70), (60, 16), (40, 8), (30, 5)] {
        insta::assert_snapshot!(format!("new_{width}_{height}"), show(width, height, &Design::new()));
    }
}

#[test]
fn problems_stand_at_their_fields_and_in_words() {
    let mut design = Design::new();
    go(&mut design, "optimizer.l2");
    keys(&mut design, "⏎⌫⌫⌫⌫-1⏎");
    go(&mut design, "loss.kind");
    keys(&mut design, "⏎jj⏎");
    go(&mut design, "network.layers.2.units");
    keys(&mut design, "⏎⌫0⏎");
    for (width, height) in [(80, 24), (120, 36)] {
        insta::assert_snapshot!(format!("problems_{width}_{height}"), show(width, height, &design));
    }
}

#[test]
fn what_is_typed_and_chosen_and_asked() {
    let mut design = Design::new();
    go(&mut design, "optimizer.step_damping");
    insta::assert_snapshot!("typing", {
        keys(&mut design, "⏎1e");
        show(80, 24, &design)
    });
    keys(&mut design, "⎋");
    go(&mut design, "network.layers.2.activation");
    keys(&mut design, "⏎jjj");
    insta::assert_snapshot!("choosing", show(80, 24, &design));
    keys(&mut design, "⏎O/tmp/a.toml");
    insta::assert_snapshot!("naming", show(80, 24, &design));
    keys(&mut design, "⏎");
    insta::assert_snapshot!("asking", show(80, 24, &design));
}

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

#[test]
fn without_colours_no_cell_has_one_and_in_ascii_no_other_sign() {
    let mut design = Design::new();
    go(&mut design, "optimizer.l2");
    for typed in ["", "⏎⌫⌫⌫⌫-", "⏎", "g⇥⏎"] {
        keys(&mut design, typed);
        let plain = picture(120, 60, &design, &Theme::new(Palette::Dark, false, Signs::Braille));
        assert!(plain.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        let ascii = picture(120, 60, &design, &Theme::new(Palette::Dark, true, Signs::Ascii));
        assert!(ascii.content.iter().all(|cell| cell.symbol().is_ascii()));
        let shown = text(&ascii);
        assert!(shown.lines().take(59).all(|line| !line.contains('?')), "{shown}");
    }
}

#[test]
fn every_key_of_the_screen_does_something_or_says_so() {
    let here = BINDINGS.iter().filter(|binding| binding.context == Context::Design);
    for binding in here.filter(|binding| binding.action != Action::Back) {
        let mut design = Design::new();
        go(&mut design, "network.layers.2.activation");
        keys(&mut design, "l");
        let before = format!("{design:?}");
        let wish = design.act(binding.action);
        // To the right of the activation there is nothing.
        let still = matches!(binding.action, Action::Right);
        assert!(still || wish.is_some() || format!("{design:?}") != before, "{}", binding.name);
    }
}

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let known: Vec<_> = BINDINGS
        .iter()
        .filter(|binding| {
            format!("{:?}", binding.context).starts_with("Design") || binding.context == Context::Question
        })
        .flat_map(|binding| binding.keys.iter().map(|key| key.event()))
        .collect();
    prop_oneof![
        6 => prop::sample::select(known),
        3 => prop::sample::select("0123456789.e-\"'[]{}#=, é漢\u{301}".chars().collect::<Vec<_>>())
            .prop_map(|sign| event(KeyCode::Char(sign))),
        1 => any::<char>().prop_map(|sign| event(KeyCode::Char(sign))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_keys_and_no_size_make_it_panic_and_it_stays_toml(
        start in prop::sample::select(vec![
            Document::new().text().to_owned(),
            String::new(),
            "optimizer = 3\nnetwork.layers = [1, { units = 2 }]\nx.y = 1\n".to_owned(),
            "[[network.layers]]\nunits = 3\n[optimizer]\nkind = \"momentum\"\nmomentum = true\n".to_owned(),
        ]),
        presses in prop::collection::vec(any_key(), 0..60),
        (width, height) in prop_oneof![(0..300_u16, 0..100_u16), (0..60_u16, 0..20_u16)],
        colour: bool,
        signs in prop::sample::select(vec![Signs::Braille, Signs::Ascii]),
    ) {
        let theme = Theme::new(Palette::Light, colour, signs);
        let mut design = Design::of(Document::parse("new.toml", &start).unwrap(), None);
        for (index, key) in presses.iter().enumerate() {
            let wish = design.press(key);
            if let Some(Wish::Start(experiment)) = wish {
                prop_assert_eq!(design.document.check("experiment.toml").ok(), Some(*experiment));
            }
            if index % 8 == 0 {
                picture(width, height, &design, &theme);
            }
            prop_assert!(Document::parse("new.toml", design.document.text()).is_ok());
        }
        picture(width, height, &design, &theme);
        // Also where it is not at the corner, and where the buffer ends.
        let mut buffer = Buffer::empty(Rect { x: 3, y: 2, width: width / 2, height: height / 2 });
        draw(&mut buffer, Rect { x: 1, y: 1, width, height }, &design, &theme);
    }
}
