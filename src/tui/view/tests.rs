mod curvature;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;

use super::*;
use crate::diagnostics::hessian::{Definite, HessianBlock};
use crate::diagnostics::rank::{Rank, RankMethod};
use crate::diagnostics::{Measurement, Scope};
use crate::session::{Evaluation, Event, Snapshot};
use crate::tui::action::BINDINGS;
use crate::tui::sample;
use crate::tui::state::{Axes, Overlay, Question, Screen, State, Topic, Unit, Window};
use crate::tui::theme::{Palette, Signs, Theme};
use crate::tui::update;

fn picture(width: u16, height: u16, state: &State, snapshot: &Snapshot, theme: &Theme) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let shelf = sample::shelf();
    let scene = Scene { state, snapshot, entries: shelf.entries(), theme };
    terminal.draw(|frame| draw(frame, &scene)).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let rows = buffer.content.chunks(usize::from(buffer.area.width).max(1));
    let lines = rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>());
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn dark() -> Theme {
    Theme::new(Palette::Dark, true, Signs::Braille)
}

fn show(width: u16, height: u16, state: &State) -> String {
    text(&picture(width, height, state, &sample::snapshot(1000), &dark()))
}

#[test]
fn the_screen_at_80_by_24() {
    insta::assert_snapshot!(show(80, 24, &State::default()));
}

#[test]
fn the_screen_at_120_by_36() {
    insta::assert_snapshot!(show(120, 36, &State::default()));
}

#[test]
fn the_screen_at_200_by_50() {
    insta::assert_snapshot!(show(200, 50, &State::default()));
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

#[test]
fn what_lies_over_the_panes() {
    let gamma = Topic::Hyperparameter(crate::train::Hyperparameter::KroneckerDamping);
    for (overlay, name) in [
        (Overlay::Help(0), "help"),
        (Overlay::Messages(0), "messages"),
        (Overlay::Choose(3), "choose"),
        (Overlay::Optimizers(6), "optimizers"),
        (Overlay::Palette("set".to_owned(), 1), "palette"),
        (Overlay::Prompt(gamma, "-1".to_owned()), "prompt"),
        (Overlay::Ask(Question::Quit), "quit"),
    ] {
        let state = State { overlay: Some(overlay), ..State::default() };
        insta::assert_snapshot!(format!("over_{name}"), show(80, 24, &state));
    }
}

#[test]
fn before_the_first_update_every_pane_says_what_it_waits_for() {
    let empty = text(&picture(80, 24, &State::default(), &Snapshot::default(), &dark()));
    insta::assert_snapshot!("loading", empty);
    let started = sample::fold(&[sample::start()]);
    insta::assert_snapshot!("started", text(&picture(80, 24, &State::default(), &started, &dark())));
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
    for (zoom, focus) in std::iter::once((false, Pane::Loss)).chain(Pane::ALL.map(|pane| (true, pane))) {
        for view in 0..focus.views() {
            let state = State { zoom, ..curvature::on(focus, view, 1) };
            let buffer = picture(120, 40, &state, &sample::measured(500), &theme);
            assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
            // The footer names the key `?`; elsewhere it would stand for a sign without substitute.
            let shown = text(&buffer);
            assert!(shown.lines().take(39).all(|line| !line.contains('?')), "{shown}");
        }
    }
}

#[test]
fn every_key_and_every_help_text_appears_in_the_help() {
    let snapshot = Snapshot::default();
    let (state, theme) = (State { overlay: Some(Overlay::Help(0)), ..State::default() }, dark());
    let shown = text(&picture(120, 240, &state, &snapshot, &theme));
    for binding in BINDINGS {
        let line = shown
            .lines()
            .find(|line| line.contains(binding.help) && binding.keys.iter().all(|key| line.contains(&key.name())));
        assert!(line.is_some(), "{} is missing from the help", binding.name);
    }
}

#[test]
fn a_frame_costs_little() {
    let (snapshot, state, theme) = (sample::snapshot(5000), State::default(), dark());
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).unwrap();
    let scene = Scene { state: &state, snapshot: &snapshot, entries: &[], theme: &theme };
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

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3_f64,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, f64::MAX, f64::MIN, 5e-324]),
    ]
}

fn count() -> impl Strategy<Value = usize> {
    prop_oneof![0..100_usize, any::<usize>()]
}

/// Any events, however absurd, with steps in order.
fn run() -> impl Strategy<Value = Vec<Event>> {
    let event = (0..9_u8, number(), number(), number(), count(), 0..12_usize);
    (any::<bool>(), prop::collection::vec((event, 1..1_000_000_u64), 0..60)).prop_map(|(started, all)| {
        let mut events = if started { vec![sample::start()] } else { Vec::new() };
        let mut step = 0;
        for ((kind, a, b, c, n, layer), advance) in all {
            step += if n % 2 == 0 { 1 } else { advance };
            events.push(match kind {
                0..=2 => {
                    let Event::Step(mut known) = sample::step(step) else { continue };
                    (known.loss, known.epoch, known.seconds_training, known.wall) = (a, b, c, c);
                    known.step_size = Some(b);
                    known.kronecker_damping = (n % 3 > 0).then_some(a);
                    Event::Step(known)
                }
                3 => Event::Evaluated(Evaluation {
                    step,
                    train_loss: a,
                    validation_loss: b,
                    train_error: Some(c),
                    validation_error: None,
                    seconds_training: c,
                    cost: b,
                }),
                4 => Event::Measured(Measurement::Rank(Rank {
                    step,
                    scope: if layer == 0 { Scope::Whole } else { Scope::Layer(layer) },
                    lower: n / 2,
                    upper: n,
                    bound: layer,
                    parameters: n,
                    data: n,
                    effective: Some(a),
                    method: RankMethod::Certificate,
                    cost: b,
                })),
                5 => Event::Measured(Measurement::Hessian(HessianBlock {
                    step,
                    scope: Scope::Layer(layer),
                    trace: a,
                    gauss_newton_trace: b,
                    largest: c,
                    smallest: a,
                    residual: b,
                    definite: Definite::ByStructure,
                    products: n,
                    data: n,
                    cost: c,
                })),
                6 => sample::end(step),
                _ => Event::Measured(curvature::absurd([a, b, c], n, layer, step)),
            });
        }
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_run_no_size_and_no_keys_make_it_panic(
        events in run(),
        (width, height) in prop_oneof![(0..300_u16, 0..100_u16), (0..60_u16, 0..20_u16)],
        keys in prop::collection::vec(0..BINDINGS.len(), 0..30),
        digits in "[0-9.e-]{0,4}",
        window in prop_oneof![Just(Window::All), (number(), number()).prop_map(|(a, b)| Window::Between(a, b)), number().prop_map(Window::Latest)],
        colour: bool,
        signs in prop::sample::select(vec![Signs::Braille, Signs::Blocks, Signs::Ascii]),
    ) {
        let snapshot = sample::fold(&events);
        let theme = Theme::new(Palette::Light, colour, signs);
        let mut state = State::default();
        state.axes.window = window;
        let shelf = sample::shelf();
        let sight = update::Sight { snapshot: &snapshot, entries: shelf.entries() };
        for index in keys {
            update::update(&mut state, BINDINGS[index].action, sight);
            for digit in digits.chars() {
                update::press(&mut state, &KeyEvent::new(KeyCode::Char(digit), KeyModifiers::NONE), sight);
            }
            if index % 3 == 0 {
                picture(width, height, &state, &snapshot, &theme);
            }
        }
        picture(width, height, &state, &snapshot, &theme);
    }
}
