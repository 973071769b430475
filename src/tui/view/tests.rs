mod any;
mod curvature;
mod help;

use std::path::Path;
use std::sync::LazyLock;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::*;
use crate::data::Places;
use crate::diagnostics::Diagnostic;
use crate::experiment::Experiment;
use crate::runs::{Filter, Run, Shelf};
use crate::session::{Command, Event, Snapshot};
use crate::train::{Hyperparameter, Phase, Spent};
use crate::tui::line::Typed;
use crate::tui::picture::{styles, text};
use crate::tui::sample;
use crate::tui::state::{Axes, Overlay, Question, Screen, State, Topic, Unit, Window};
use crate::tui::theme::{Palette, Signs, Theme};

/// The runs on the shelf.
static RUNS: LazyLock<Shelf> = LazyLock::new(sample::shelf);

fn picture(width: u16, height: u16, state: &State, snapshot: &Snapshot, theme: &Theme) -> Buffer {
    let mut state = state.clone();
    state.log.follow(0, || "now".to_owned(), snapshot);
    rendered(width, height, &Scene { state: &state, snapshot, entries: RUNS.entries(), theme, graphics: None })
}

fn rendered(width: u16, height: u16, scene: &Scene<'_>) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, scene)).unwrap();
    terminal.backend().buffer().clone()
}

/// A screen of 120 × 36 over the run that is shown of a shelf.
fn over_shelf(state: &State, shelf: &Shelf) -> String {
    let (theme, entries) = (dark(), shelf.entries());
    let snapshot = runs::shown(state, entries).map(|entry| Snapshot::clone(&entry.snapshot)).unwrap_or_default();
    text(&rendered(120, 36, &Scene { state, snapshot: &snapshot, entries, theme: &theme, graphics: None }))
}

fn dark() -> Theme {
    Theme::new(Palette::Dark, true, Signs::Braille)
}

fn show(width: u16, height: u16, state: &State) -> String {
    text(&picture(width, height, state, &sample::snapshot(1000), &dark()))
}

#[test]
fn every_screen_in_colours_for_dark_and_light_and_without() {
    for screen in Screen::ALL {
        let mut state = State::default();
        state.show(screen);
        state.runs.marked = vec![1, 2];
        for (width, height) in [(80, 24), (120, 36), (250, 70)] {
            let drawn = |palette, colour| {
                let theme = Theme::new(palette, colour, Signs::Braille);
                picture(width, height, &state, &sample::snapshot(1000), &theme)
            };
            let looks =
                [("dark", Palette::Dark, true), ("light", Palette::Light, true), ("NO_COLOR", Palette::Dark, false)];
            let shown = text(&drawn(Palette::Dark, true));
            let mut picture = shown.clone();
            for (name, palette, colour) in looks {
                let buffer = drawn(palette, colour);
                let own = text(&buffer);
                // Without colours bands are of letters.
                assert!(own == shown || !colour, "{name}");
                let own = if own == shown { "" } else { &own };
                picture += &["\n", name, ":\n", own, &styles(&buffer)].concat();
            }
            insta::assert_snapshot!(format!("screen_{}_{width}_{height}", screen.name().to_lowercase()), picture);
        }
    }
}

#[test]
fn smaller_screens_show_fewer_panes_or_what_they_need() {
    for (width, height) in [(60, 20), (40, 10), (30, 5)] {
        insta::assert_snapshot!(format!("small_{width}_{height}"), show(width, height, &State::default()));
    }
}

#[test]
fn the_list_of_runs() {
    for (width, height) in [(80, 24), (120, 36), (250, 70)] {
        let mut state = State { screen: Screen::Runs, ..State::default() };
        state.runs.marked = vec![1, 2];
        for view in 0..runs::VIEWS {
            state.runs.view = view;
            insta::assert_snapshot!(format!("runs_{width}_{height}_{view}"), show(width, height, &state));
        }
    }
    let mut state = State { screen: Screen::Runs, ..State::default() };
    state.runs.marked = vec![0, 1, 2];
    state.runs.grouped = true;
    insta::assert_snapshot!("runs_grouped", show(100, 30, &state));
}

#[test]
fn runs_laid_over_the_one_on_the_train_screen() {
    let mut state = State { zoom: true, ..State::default() };
    state.runs.marked = vec![0, 1, 2];
    insta::assert_snapshot!("overlaid", show(100, 30, &state));
}

#[test]
fn every_run_whose_rank_is_laid_over_the_others_is_named() {
    for view in 0..2 {
        let mut state = State { focus: Pane::Rank, zoom: true, views: [view; Pane::COUNT], ..State::default() };
        state.runs.marked = vec![0, 1, 2];
        let shown = show(100, 30, &state);
        assert!(["all: ", "adam-1 ", "adam-2 "].iter().all(|name| shown.contains(name)), "{shown}");
    }
}

#[test]
fn losses_that_are_not_finite_leave_gaps_that_are_marked_and_counted() {
    let mut events = sample::events(300);
    for event in &mut events {
        if let Event::Step(step) = event
            && (120..150).contains(&step.step)
        {
            step.loss = f64::NAN;
        }
    }
    let state = State { zoom: true, ..State::default() };
    insta::assert_snapshot!("not_finite", text(&picture(80, 24, &state, &sample::fold(&events), &dark())));
}

#[test]
fn a_zoomed_pane_has_the_whole_screen() {
    for &focus in Pane::of(Screen::Train) {
        let name = format!("{focus:?}").to_lowercase();
        for view in 0..focus.views() {
            let axes = Axes { crosshair: Some(300.0), unit: Unit::Epoch, ..Axes::default() };
            let state = State { focus, zoom: true, views: [view; Pane::COUNT], axes, ..State::default() };
            insta::assert_snapshot!(format!("zoom_{name}_{view}"), show(100, 30, &state));
        }
    }
}

#[test]
fn a_chart_that_is_held_with_its_crosshair_at_a_change() {
    for (width, height) in [(80, 24), (120, 36)] {
        for zoom in [false, true] {
            let axes = Axes { crosshair: Some(420.0), window: Window::Between(300.0, 600.0), ..Axes::default() };
            let state = State { zoom, axes, ..State::default() };
            insta::assert_snapshot!(format!("held_{width}_{height}_zoom_{zoom}"), show(width, height, &state));
        }
    }
}

#[test]
fn a_chart_in_blocks_and_in_ascii() {
    for (signs, name) in [(Signs::Blocks, "blocks"), (Signs::Ascii, "ascii")] {
        let theme = Theme::new(Palette::Dark, true, signs);
        let state = State { zoom: true, ..State::default() };
        for (width, height) in [(80, 24), (120, 36)] {
            let shown = text(&picture(width, height, &state, &sample::snapshot(1000), &theme));
            insta::assert_snapshot!(format!("{name}_{width}_{height}"), shown);
        }
    }
}

/// One of each of what can lie over a screen, nothing first, with its name.
fn overlays() -> impl Iterator<Item = (Option<Overlay>, &'static str)> {
    let gamma = Topic::Hyperparameter(Hyperparameter::KroneckerDamping);
    let over = [
        (Overlay::Help(0), "help"),
        (Overlay::Messages(0), "messages"),
        (Overlay::Choose(3), "choose"),
        (Overlay::Optimizers(6), "optimizers"),
        (Overlay::Forks(0, vec![1000, 800, 50], 1), "forks"),
        (Overlay::Palette("set".to_owned(), 1), "palette"),
        (Overlay::Prompt(gamma, Typed::new("-1")), "prompt"),
        (Overlay::Ask(Question::Quit), "quit"),
    ];
    std::iter::once((None, "nothing")).chain(over.map(|(overlay, name)| (Some(overlay), name)))
}

#[test]
fn what_lies_over_the_panes() {
    for (overlay, name) in overlays().skip(1) {
        let state = State { overlay, ..State::default() };
        let buffer = picture(80, 24, &state, &sample::snapshot(1000), &dark());
        insta::assert_snapshot!(format!("over_{name}"), text(&buffer) + "\n" + &styles(&buffer));
    }
}

#[test]
fn of_a_long_line_that_is_typed_the_cursor_and_the_verdict_stay_in_sight() {
    let name = format!("/a/{}figure.", "long/".repeat(40));
    let mut line = Typed::new(name.clone());
    let shown = |line: &Typed| {
        let overlay = Some(Overlay::Prompt(Topic::Export, line.clone()));
        let shown = show(80, 24, &State { overlay, ..State::default() });
        shown.lines().nth_back(1).unwrap().to_owned()
    };
    assert!(shown(&line).contains("long/figure.   × expected a file"), "{}", shown(&line));
    "svg".chars().for_each(|sign| line.insert(sign));
    assert!(shown(&line).ends_with("long/figure.svg   Enter sets it"), "{}", shown(&line));
    line.go(isize::MIN);
    assert!(shown(&line).starts_with("file to write: /a/long/") && shown(&line).ends_with("  Enter sets it"));
    line.go(100);
    let state = State { overlay: Some(Overlay::Prompt(Topic::Export, line)), ..State::default() };
    let buffer = picture(80, 24, &state, &sample::snapshot(10), &dark());
    let cursor = |x: u16| buffer[(x, 22)].modifier.contains(ratatui::style::Modifier::REVERSED);
    assert_eq!((0..80).filter(|x| cursor(*x)).count(), 1);
}

#[test]
fn before_the_first_update_every_pane_says_what_it_waits_for() {
    let empty = text(&picture(80, 24, &State::default(), &Snapshot::default(), &dark()));
    insta::assert_snapshot!("loading", empty);
    let started = sample::fold(&[sample::start()]);
    insta::assert_snapshot!("started", text(&picture(80, 24, &State::default(), &started, &dark())));
}

#[test]
fn within_a_long_update_one_sees_for_how_long_there_is_no_news() {
    let state = State { quiet: Some(12), ..State::default() };
    let shown = text(&picture(80, 24, &state, &sample::snapshot(300), &dark()));
    assert!(shown.contains("no news for 12 s"), "{shown}");
}

#[test]
fn only_runs_that_classify_have_a_column_of_wrong_classes() {
    let titles = |first: Snapshot| {
        let mut state = State::default();
        state.show(Screen::Runs);
        let shown = over_shelf(&state, &sample::shelf_of(first));
        shown.lines().find(|line| line.contains("optimizer")).unwrap().to_owned()
    };
    assert!(!titles(sample::snapshot(50)).contains("error"));
    let mut classifies = sample::snapshot(50);
    classifies.evaluation.as_mut().unwrap().validation_error = Some(0.25);
    assert!(titles(classifies).contains("error"));
}

#[test]
fn a_run_that_was_left_without_an_end_does_not_run_on_any_screen() {
    let mut shelf = sample::shelf();
    shelf.record(sample::folder("runs/left", 1, "kfra"), sample::snapshot(300));
    let mut state = State::default();
    state.runs.shown = shelf.entries().last().unwrap().id;
    for screen in Screen::ALL {
        state.show(screen);
        let shown = over_shelf(&state, &shelf);
        let (first, footer) = (shown.lines().next().unwrap(), shown.lines().last().unwrap());
        assert!(first.ends_with("■ unfinished"), "{first}");
        assert!(!footer.contains("pause") && !shown.contains("ETA"), "{shown}");
    }
    state.runs.shown = 0;
    state.show(Screen::Train);
    assert!(over_shelf(&state, &shelf).lines().last().unwrap().contains("space pause"));
}

#[test]
fn a_run_that_waits_and_none_at_all_are_not_said_to_load() {
    let mut shelf = sample::shelf();
    let mut state = State::default();
    state.runs.shown = shelf.enqueue(Experiment::builtin(&[]).unwrap()).unwrap();
    let shown = over_shelf(&state, &shelf);
    assert!(
        ["… queued", "it waits for the runs before it: b ", "waiting in the queue"]
            .iter()
            .all(|said| shown.contains(said))
    );
    let none = over_shelf(&State::default(), &Shelf::new(Places::standard(), Vec::new()));
    assert!(["there is no run: D designs one", "no run"].iter().all(|said| none.contains(said)));
    assert!(!none.contains("load") && !shown.contains("load"), "{none}{shown}");
}

#[test]
fn without_a_budget_nothing_is_said_to_be_measured_unless_it_was_asked_for() {
    let mut run = sample::fold(&[sample::start()]);
    let set = |value| Command::Set { hyperparameter: Hyperparameter::Budget, value };
    let apply = |run: &mut Snapshot, command| {
        run.apply(&Event::Applied { ticket: 1, step: 0, command, change: String::new() });
        text(&picture(120, 36, &State::default(), run, &dark()))
    };
    assert!(apply(&mut run, set(0.1)).contains("measuring beside training · N: at once"));
    let none = apply(&mut run, set(0.0));
    assert!(none.contains("diagnostics.budget is 0: N measures") && !none.contains("measuring"), "{none}");
    assert!(apply(&mut run, Command::Measure(Diagnostic::Rank)).contains("measuring…"));
}

#[test]
fn why_a_diagnostic_came_to_no_result_is_shown_in_its_place() {
    let mut run = sample::fold(&[sample::start(), sample::step(1)]);
    let state = State { screen: Screen::Images, focus: Pane::Images, ..State::default() };
    let shown = |run: &Snapshot| text(&picture(100, 30, &state, run, &dark()));
    let (diagnostic, reason) = (Diagnostic::Images, "inputs are no images".to_owned());
    run.apply(&Event::DiagnosticFailed { step: 1, diagnostic, reason });
    run.apply(&Event::MeasurementEnded { step: 1, diagnostic, cancelled: false, seconds: 0.1 });
    assert!(shown(&run).contains("images: inputs are no images") && !shown(&run).contains("measured in"));
}

#[test]
fn a_measurement_that_is_put_off_is_said_to_be_late() {
    let mut run = sample::snapshot(300);
    let state = State { zoom: true, focus: Pane::Hessian, ..State::default() };
    let shown = |run: &Snapshot, width| text(&picture(width, 30, &state, run, &dark()));
    assert!(!shown(&run, 100).contains("overdue"));
    (301..=420).for_each(|step| run.apply(&sample::step(step)));
    assert!(shown(&run, 100).contains("the next one overdue") && shown(&run, 50).contains("· late"));
}

#[test]
fn the_time_of_an_update_is_that_of_the_present_optimizer() {
    let mut run = sample::snapshot(300);
    run.apply(&Event::Switched { step: 300, optimizer: "adam".to_owned(), hyperparameters: Vec::new() });
    let Event::Step(mut step) = sample::step(301) else { panic!() };
    (step.wall, step.phases) = (0.01, vec![Spent { wall: 0.01, ..Spent::nothing(Phase::Backward) }]);
    run.apply(&Event::Step(step));
    assert!((run.step_seconds.0 - 0.01).abs() < 1e-12, "{:?}", run.step_seconds);
    let state = State { zoom: true, focus: Pane::Timing, ..State::default() };
    let shown = text(&picture(100, 30, &state, &run, &dark()));
    assert!(shown.contains("10.0 ms an update") && !shown.contains("untimed"), "{shown}");
}

#[test]
fn a_run_is_found_by_the_optimizer_that_it_has_now() {
    let quickstart = include_str!("../../../experiments/digits-quickstart.toml");
    let experiment = Experiment::parse("quickstart", quickstart, &[]).unwrap();
    let (mut run, mut snapshot) = (Run::planned(Path::new("one"), &experiment), sample::snapshot(300));
    let holds = |run: &Run, text| Filter::parse(text).unwrap().holds(run);
    assert!(holds(&run, "kind = kfra and step_damping = 1"));
    let hyperparameters = vec![(Hyperparameter::LearningRate, 0.1)];
    snapshot.apply(&Event::Switched { step: 300, optimizer: "adam".to_owned(), hyperparameters });
    run.follow(&snapshot);
    assert!(holds(&run, "lr >= 1e-3 and kind = adam") && !holds(&run, "kind = kfra"));
    assert!(!holds(&run, "step_damping = 1"));
}

#[test]
fn what_an_optimizer_had_that_is_in_force_no_more_is_shown_as_of_then() {
    let mut run = sample::snapshot(300);
    let shown = |run: &Snapshot, view| {
        let state = State { zoom: true, views: [view; Pane::COUNT], ..State::default() };
        text(&picture(100, 30, &state, run, &dark()))
    };
    assert!((0..3).all(|view| !shown(&run, view).contains("until")));
    let optimizer = "adam".to_owned();
    run.apply(&Event::Switched { step: 300, optimizer, hyperparameters: vec![(Hyperparameter::LearningRate, 0.1)] });
    let Event::Step(mut step) = sample::step(301) else { panic!() };
    (step.step_size, step.kronecker_damping, step.step_damping, step.reduction_ratio) = (None, None, None, None);
    step.learning_rate = Some(0.1);
    run.apply(&Event::Step(step));
    assert!(!shown(&run, 0).contains("until"));
    let damping = shown(&run, 1);
    assert!(["γ until 300: ", "τ until 300: ", "rate 0.1"].iter().all(|entry| damping.contains(entry)), "{damping}");
    assert!(["α* until 300: ", "ρ until 300: "].iter().all(|entry| shown(&run, 2).contains(entry)));
}

#[test]
fn without_colours_no_cell_has_one() {
    let theme = Theme::new(Palette::Dark, false, Signs::Braille);
    for (zoom, focus) in [false, true].into_iter().flat_map(|zoom| Pane::ALL.map(|focus| (zoom, focus))) {
        let state = State { zoom, ..curvature::on(focus, 0, 1) };
        let buffer = picture(120, 40, &state, &sample::measured(500), &theme);
        assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    }
}

#[test]
fn in_ascii_mode_no_cell_has_another_sign() {
    let theme = Theme::new(Palette::Light, true, Signs::Ascii);
    let snapshot = sample::measured(500);
    let mut states = vec![State::default()];
    for focus in Pane::ALL {
        states.extend((0..focus.views()).map(|view| State { zoom: true, ..curvature::on(focus, view, 1) }));
    }
    for screen in Screen::ALL {
        states.extend(overlays().map(|(overlay, _)| State { screen, overlay, ..State::default() }));
    }
    for state in states {
        let buffer = picture(120, 40, &state, &snapshot, &theme);
        assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
        // Keys and questions have a sign that elsewhere would stand for one without substitute.
        let shown = text(&buffer).replace("? F1", "").replace("? help", "").replace("quit?", "");
        assert!(!shown.contains('?'), "{shown}");
    }
}

#[test]
fn in_ascii_mode_greek_letters_are_spelt_out() {
    let theme = Theme::new(Palette::Light, true, Signs::Ascii);
    let shown = |state: &State| text(&picture(100, 30, state, &sample::snapshot(500), &theme));
    let steps = shown(&State::default());
    assert!(["alpha* ", "tau ", "gamma ", "rho ", "lambda max"].iter().all(|name| steps.contains(name)), "{steps}");
    let choose = shown(&State { overlay: Some(Overlay::Choose(0)), ..State::default() });
    assert!(choose.contains("gamma min") && choose.contains("eta "), "{choose}");
}

#[test]
fn a_frame_costs_little() {
    let (snapshot, state, theme) = (sample::snapshot(5000), State::default(), dark());
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).unwrap();
    let scene = Scene { state: &state, snapshot: &snapshot, entries: &[], theme: &theme, graphics: None };
    terminal.draw(|frame| draw(frame, &scene)).unwrap();
    let start = std::time::Instant::now();
    for _ in 0..20 {
        terminal.draw(|frame| draw(frame, &scene)).unwrap();
    }
    let frame = start.elapsed() / 20;
    eprintln!("{frame:?} a frame");
    // Far above what is aimed at, for loaded machines and unoptimized builds.
    assert!(frame < std::time::Duration::from_millis(50), "{frame:?}");
}
