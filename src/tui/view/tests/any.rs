//! Any run on any screen of any size, after any keys.

use proptest::prelude::*;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::diagnostics::hessian::{Definite, HessianBlock};
use crate::diagnostics::rank::{Rank, RankMethod};
use crate::diagnostics::{Measurement, Scope};
use crate::session::Evaluation;
use crate::tui::action::BINDINGS;
use crate::tui::update;

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
                    negative: n,
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
        over in prop::sample::select(overlays().map(|(overlay, _)| overlay).collect::<Vec<_>>()),
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
        for screen in Screen::ALL {
            state.overlay = None;
            state.show(screen);
            picture(width, height, &state, &snapshot, &theme);
            state.overlay = over.clone();
            picture(width, height, &state, &snapshot, &theme);
        }
    }
}

/// Draws every screen of runs without an update, with some, and with so many that they are summed up.
fn draw_every_screen(sizes: impl Iterator<Item = (u16, u16)>) {
    let runs = [Snapshot::default(), sample::fold(&[sample::start()]), sample::snapshot(60), sample::snapshot(9000)];
    let theme = dark();
    for (index, (width, height)) in sizes.enumerate() {
        let run = &runs[index % runs.len()];
        for screen in Screen::ALL {
            let mut state = State { zoom: index % 3 == 1, ..State::default() };
            state.show(screen);
            state.runs.marked = vec![1, 2];
            picture(width, height, &state, run, &theme);
        }
    }
}

#[test]
fn every_screen_can_be_drawn_at_every_small_size_and_at_the_largest() {
    let small = (0..=50).flat_map(|width| (0..=14).map(move |height| (width, height)));
    let large = (0..=300).step_by(23).flat_map(|width| (0..=100).step_by(19).map(move |height| (width, height)));
    draw_every_screen(small.chain(large).chain([(300, 100)]));
}

#[test]
#[ignore = "takes minutes; in release: cargo test --release --lib every_size -- --ignored"]
fn every_screen_can_be_drawn_at_every_size() {
    draw_every_screen((0..=300).flat_map(|width| (0..=100).map(move |height| (width, height))));
}
