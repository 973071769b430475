//! Blocks of the exact Hessian.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{Scene, layer_name, loss, waiting};
use crate::session::event::{Definite, HessianBlock};
use crate::tui::number::{column, count, duration};
use crate::tui::state::Pane;
use crate::tui::widgets::{bar, put, table};
use crate::train::Hyperparameter;

pub fn title(scene: &Scene<'_>) -> String {
    ["Hessian blocks", "λ min of the Hessian blocks", "tr H of the Hessian blocks"][scene.state.view(Pane::Hessian)].to_owned()
}

pub fn remark(scene: &Scene<'_>) -> String {
    let blocks = || scene.snapshot.hessian.iter().map(|block| block.latest);
    let Some(latest) = blocks().max_by_key(|block| block.step) else { return String::new() };
    let cost: f64 = blocks().map(|block| block.cost).sum();
    format!("@ {} · {} data · CPU {}", count(latest.step), count(latest.data as u64), duration(cost))
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let (snapshot, theme) = (scene.snapshot, scene.theme);
    if snapshot.hessian.is_empty() {
        let every = snapshot.hyperparameter(Hyperparameter::HessianEvery);
        put(buffer, area, 0, &Line::styled(waiting(snapshot, every, "Hessian every"), theme.faint));
        return;
    }
    let view = scene.state.view(Pane::Hessian);
    if view > 0 {
        let names: Vec<_> = snapshot.hessian.iter().map(|block| block.latest.layer.to_string()).collect();
        let series = snapshot.hessian.iter().map(|block| if view == 1 { &block.history } else { &block.other });
        let series: Vec<_> = names.iter().map(String::as_str).zip(series).collect();
        // λ_min is mostly negative: its chart is linear unless asked otherwise.
        let mut state = scene.state.clone();
        state.linear_y[Pane::Hessian.index()] ^= view == 1;
        let scene = Scene { state: &state, ..*scene };
        loss::curves(buffer, area, &scene, Pane::Hessian.index(), &series, "");
        return;
    }
    let blocks = || snapshot.hessian.iter().map(|tracked| &tracked.latest);
    let cells = |texts: Vec<String>| texts.into_iter().map(|text| (text, theme.text)).collect::<Vec<_>>();
    let numbers = |of: &dyn Fn(&HessianBlock) -> f64| column(&blocks().map(of).collect::<Vec<_>>());
    let wide = area.width >= 70;
    let smallest = numbers(&|block| block.smallest).into_iter().zip(blocks());
    let smallest = smallest.map(|(text, block)| (text, if block.smallest < 0.0 { theme.bad } else { theme.text })).collect();
    let trend = |block: &crate::session::snapshot::Tracked<HessianBlock>| {
        let values: Vec<_> = block.history.points().iter().map(crate::session::history::Point::mean).collect();
        (bar::sparkline(&values, if area.width >= 100 { 24 } else { 12 }, theme.ascii), theme.series[0])
    };
    let columns = vec![
        table::Column::words("layer", 10, cells(blocks().map(|block| {
            if wide { layer_name(snapshot, block.layer) } else { block.layer.to_string() }
        }).collect())),
        table::Column::numbers("tr H", 7, cells(numbers(&|block| block.trace))),
        table::Column::numbers("tr Ḡ", 5, cells(numbers(&|block| block.gauss_newton_trace))),
        table::Column::numbers("λ max", 6, cells(numbers(&|block| block.largest))),
        table::Column::numbers("λ min", 9, smallest),
        table::Column::words("PSD", 8, blocks().map(|block| definite(block.definite, wide, theme)).collect()),
        table::Column::words("λ min so far", 4, snapshot.hessian.iter().map(trend).collect()),
        table::Column::numbers("±", 3, cells(numbers(&|block| block.residual))),
        table::Column::numbers("CPU", 2, cells(blocks().map(|block| duration(block.cost)).collect())),
        table::Column::numbers("products", 1, cells(blocks().map(|block| count(block.products as u64)).collect())),
    ];
    table::draw(buffer, area, columns, scene.state.scroll[Pane::Hessian.index()], theme);
}

/// Whether a block is positive semi-definite, and how that is known.
fn definite(definite: Definite, wide: bool, theme: &crate::tui::theme::Theme) -> (String, ratatui::style::Style) {
    let (text, style) = match (definite, wide) {
        (Definite::ByStructure, true) => ("yes, piecewise linear", theme.good),
        (Definite::ByStructure, false) => ("yes, p.l.", theme.good),
        (Definite::Measured, true) => ("yes, measured", theme.good),
        (Definite::Measured, false) => ("yes, meas.", theme.good),
        (Definite::Indefinite, true) => ("no, measured", theme.bad),
        (Definite::Indefinite, false) => ("no", theme.bad),
    };
    (text.to_owned(), style)
}
