use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::*;
use crate::tui::action::BINDINGS;
use crate::tui::picture::text;
use crate::tui::theme::{Palette, Signs, Theme};

mod editing;
mod files;

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
