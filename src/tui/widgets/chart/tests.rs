use proptest::prelude::*;
use ratatui::buffer::Cell;

use super::*;
use crate::tui::theme::{Palette, Signs};

fn theme(signs: Signs) -> Theme {
    Theme::new(Palette::Dark, true, signs)
}

fn rows(buffer: &Buffer) -> Vec<String> {
    let rows = buffer.content.chunks(usize::from(buffer.area.width).max(1));
    rows.map(|row| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned()).collect()
}

fn draw(chart: &Chart, width: u16, height: u16, signs: Signs) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    chart.draw(&mut buffer, area, &theme(signs));
    buffer
}

fn chart(points: &[(f64, f64)], log: (bool, bool)) -> Chart {
    let layer = |shape, sign| Layer { shape, style: Style::new(), sign };
    Chart {
        x: Axis::over(points.iter().map(|(x, _)| *x), log.0),
        y: Axis::over(points.iter().map(|(_, y)| *y), log.1),
        layers: vec![
            layer(Shape::Envelope(points.iter().map(|(x, y)| (*x, y * 0.9, y * 1.1)).collect()), ':'),
            layer(Shape::Curve(points.to_vec()), '-'),
            layer(Shape::Points(points.iter().copied().step_by(7).collect()), '●'),
        ],
        rules: Vec::new(),
        unit: "update".to_owned(),
    }
}

#[test]
fn a_curve_in_every_set_of_signs() {
    let points: Vec<_> = (1..=60).map(|x| (f64::from(x), 900.0 * (-f64::from(x) / 9.0).exp() + 1.0)).collect();
    let mut chart = chart(&points, (false, true));
    let rule = |x, sign, label: &str, line| Rule { x, sign, label: label.to_owned(), style: Style::new(), line };
    chart.rules =
        vec![rule(20.0, '▼', "γ 1 → 0.1", Some('┆')), rule(24.0, '▼', "τ 1 → 2", Some('┆')), rule(50.0, '×', "", None)];
    for (signs, name) in [(Signs::Braille, "braille"), (Signs::Blocks, "blocks"), (Signs::Ascii, "ascii")] {
        insta::assert_snapshot!(name, rows(&draw(&chart, 60, 14, signs)).join("\n"));
    }
}

#[test]
fn a_rule_is_labelled_to_its_left_where_there_is_no_room_to_its_right() {
    let rule = |x| Rule { x, sign: '▼', label: "γ 2".to_owned(), style: Style::new(), line: None };
    let mut chart = chart(&[(0.0, 0.0), (1.0, 0.0)], (false, false));
    for (x, top) in [(0.0, "▼ γ 2"), (1.0, "                    γ 2 ▼")] {
        chart.rules = vec![rule(x)];
        let shown = rows(&draw(&chart, 30, 9, Signs::Braille));
        assert_eq!(shown[0].split_once(['│', '┤']).map(|(_, top)| top), Some(top));
    }
}

#[test]
fn what_is_not_finite_is_a_gap() {
    let points = |lost: f64| (0..100).map(move |x| (f64::from(x), if (40..60).contains(&x) { lost } else { 5.0 }));
    for lost in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let chart = chart(&points(lost).collect::<Vec<_>>(), (false, false));
        let plot = Rect::new(0, 0, 50, 4);
        let mut buffer = Buffer::empty(plot);
        chart.draw_layers(&mut buffer, plot, &theme(Signs::Braille));
        let drawn = |column: u16| (0..4).any(|row| buffer[(column, row)].symbol() != " ");
        assert!((0..50).all(|column| drawn(column) != (20..30).contains(&column)), "{:?}", rows(&buffer));
    }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3_f64,
        2 => (-300..300_i32, prop::bool::ANY).prop_map(|(e, minus)| 10_f64.powi(e) * if minus { -1.0 } else { 1.0 }),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e-300, 1e300, f64::MAX]),
    ]
}

fn signs() -> impl Strategy<Value = Signs> {
    prop::sample::select(vec![Signs::Braille, Signs::Blocks, Signs::Ascii])
}

proptest! {
    #[test]
    fn no_data_and_no_size_make_it_panic(
        mut points in prop_oneof![
            prop::collection::vec((number(), number()), 0..80),
            (number(), 0..80_usize).prop_map(|(y, n)| (0..n).map(|x| (x as f64, y)).collect()),
        ],
        rules in prop::collection::vec((number(), prop::option::of(Just('┆')), "[a-z→γ ]{0,20}"), 0..6),
        sight in prop::option::of((number(), number())),
        (width, height) in (0..=200_u16, 0..=60_u16),
        log: (bool, bool),
        signs in signs(),
        sorted: bool,
    ) {
        if sorted {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let mut chart = chart(&points, log);
        for (low, high) in [(0.0, 0.5), (0.5, 1.1)] {
            let bars = points.iter().map(|(x, y)| (*x, low * y, high * y)).collect();
            chart.layers.push(Layer { shape: Shape::Band(bars), style: Style::new(), sign: 'a' });
        }
        if let Some((from, to)) = sight {
            chart.x = Axis::between(from, to, log.0);
        }
        let rule = |(x, line, label)| Rule { x, sign: '▼', label, style: Style::new(), line };
        chart.rules = rules.into_iter().map(rule).collect();
        draw(&chart, width, height, signs);
    }

    #[test]
    fn a_label_stands_in_the_row_of_its_value(a in number(), b in number(), log: bool, height in 5..60_u16) {
        let chart = chart(&[(0.0, a), (1.0, b)], (false, log));
        let buffer = draw(&chart, 60, height, Signs::Braille);
        let dots = f64::from(4 * (height - 2) - 1);
        for (row, text) in (0_u16..).zip(rows(&buffer)) {
            let Some((label, _)) = text.split_once('┤') else { continue };
            let place = chart.y.place(axis::tests::read(label.trim())).unwrap();
            let from_middle = (1.0 - place) * dots - (4.0 * f64::from(row) + 1.5);
            prop_assert!(from_middle.abs() < 2.001, "{label} stands {from_middle} dots away");
        }
    }
}
