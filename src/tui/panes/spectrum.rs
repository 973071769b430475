//! Spectra of Ḡ, of the Hessian and of their blocks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Pane, Scene, dates, measured_at, scope_name, waiting, waiting_here};
use crate::diagnostics::hessian_spectrum::HessianSpectrum;
use crate::diagnostics::spectrum::GaussNewtonSpectrum;
use crate::diagnostics::{Diagnostic, Estimate, Spectrum, SpectrumMethod};
use crate::session::Snapshot;
use crate::tui::number::{column, compact, count, digits, duration};
use crate::tui::state::State;
use crate::tui::widgets::{histogram, put, table, wrap};

pub use crate::export::curvature::spectrum as figures;

/// The view of the table.
const TABLE: usize = 2;

pub const ABOUT: &[&str] = &[
    "Eigenvalues of Ḡ, and of the Hessian H, of a probe batch: how many lie in",
    "each bin of a logarithmic axis; negative ones apart.",
    "method: counted in a dense or Gram matrix, or estimated by Lanczos",
    "iterations with random vectors, then with a 95 % confidence interval; λ max",
    "is at least, and λ min at most, what such iterations find; what they do not",
    "tell apart is in the lowest bin.",
];

pub fn title(scene: &Scene<'_>) -> String {
    let of = match scene.state.view(Pane::Spectrum) {
        0 => "Ḡ",
        1 => "H",
        _ => return "Spectra of Ḡ and of H".to_owned(),
    };
    format!("Spectrum of {of} · {}", scope_name(scene.snapshot, scene.scope(), true))
}

pub fn diagnostics(state: &State) -> &'static [Diagnostic] {
    match state.view(Pane::Spectrum) {
        0 => &[Diagnostic::Spectrum],
        1 => &[Diagnostic::HessianSpectrum],
        _ => &[Diagnostic::Spectrum, Diagnostic::HessianSpectrum],
    }
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let all = known(scene);
    let Some(latest) = all.iter().map(|(_, found)| found).max_by_key(|found| found.step) else { return Vec::new() };
    let last =
        |matrix| all.iter().filter(|(of, _)| *of == matrix).map(|(_, found)| found).max_by_key(|found| found.step);
    let when = |matrix| dates(all.iter().filter(|(of, _)| *of == matrix).map(|(_, found)| found.step));
    if let (Some(one), Some(other)) = (last("Ḡ"), last("H"))
        && (when("Ḡ"), one.data) != (when("H"), other.data)
    {
        let [first, second] = [("Ḡ", one), ("H", other)].map(|(of, found)| (when(of), count(found.data as u64)));
        return vec![
            format!("Ḡ @ {} · {} data, H @ {} · {} data", first.0, first.1, second.0, second.1),
            format!("Ḡ @ {}, H @ {}", first.0, second.0),
        ];
    }
    let when = dates(all.iter().map(|(_, found)| found.step));
    measured_at(&when, latest.data, all.iter().map(|(_, found)| found.cost).sum())
}

pub fn rows(snapshot: &Snapshot) -> usize {
    snapshot.tracked::<GaussNewtonSpectrum>().len() + snapshot.tracked::<HessianSpectrum>().len()
}

/// The spectra that the view is about, each with the sign of its matrix.
fn known<'a>(scene: &Scene<'a>) -> Vec<(&'static str, &'a Spectrum)> {
    let view = scene.state.view(Pane::Spectrum);
    let (gauss_newton, hessian) =
        (scene.snapshot.tracked::<GaussNewtonSpectrum>(), scene.snapshot.tracked::<HessianSpectrum>());
    let first = gauss_newton.iter().filter(|_| view != 1).map(|found| ("Ḡ", &found.latest.0));
    let second = hessian.iter().filter(|_| view != 0).map(|found| ("H", &found.latest.0));
    first.chain(second).collect()
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let theme = scene.theme;
    let all = known(scene);
    let view = scene.state.view(Pane::Spectrum);
    if all.is_empty() || view == TABLE {
        if all.is_empty() {
            let diagnostic = diagnostics(scene.state)[0];
            put(buffer, area, 0, &Line::styled(waiting(scene, diagnostic), theme.faint));
        }
        return list(buffer, area, scene, &all);
    }
    let Some((_, found)) = all.iter().find(|(_, found)| found.scope == scene.scope()) else {
        let text = waiting_here(scene, diagnostics(scene.state)[0]);
        put(buffer, area, 0, &Line::styled(text, theme.faint));
        return 0;
    };
    // Where the histogram leaves room for it, all blocks are listed below.
    let listed = u16::try_from(all.len()).unwrap_or(u16::MAX).saturating_add(2);
    let (above, below) = if area.height >= 18 + listed {
        let above = Rect { height: area.height - listed, ..area };
        (above, Some(Rect { y: above.bottom() + 1, height: listed - 1, ..area }))
    } else {
        (area, None)
    };
    let lines = words(found, scene, above);
    for (row, line) in (0..).zip(&lines) {
        put(buffer, above, row, line);
    }
    let used = (lines.len() as u16).min(above.height);
    let chart = Rect { y: above.y + used, height: above.height - used, ..above };
    histogram::draw(buffer, chart, &found.density, !scene.state.linear_y[Pane::Spectrum.index()], theme);
    below.map_or(0, |below| list(buffer, below, scene, &all))
}

/// What is said of a spectrum above its histogram.
fn words(found: &Spectrum, scene: &Scene<'_>, area: Rect) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let item = |name: &'static str, text: String, style| {
        vec![Span::styled(name, theme.faint), Span::raw(" "), Span::styled(text, style)]
    };
    let hessian = scene.state.view(Pane::Spectrum) == 1;
    let negative = if found.negative.high > 0.0 { theme.bad } else { theme.good };
    let mut parts = vec![
        item(if hessian { "positive" } else { "rank" }, estimated(&found.positive), theme.text),
        item("of", count(found.parameters as u64), theme.text),
    ];
    if hessian {
        parts.insert(0, item("negative", estimated(&found.negative), negative));
    }
    // Ritz values lie between the extremes.
    let [above, below] = if found.method == SpectrumMethod::Quadrature { ["≥ ", "≤ "] } else { [""; 2] };
    parts.push(item("λ max", format!("{above}{}", digits(found.largest, 3)), theme.text));
    if hessian {
        let style = if found.smallest < 0.0 { theme.bad } else { theme.text };
        parts.push(item("λ min", format!("{below}{}", digits(found.smallest, 3)), style));
    }
    let short = |value| digits(value, 3);
    parts.push(item("tr", between(&found.trace, short), theme.text));
    if let Some(effective) = found.effective.filter(|_| !hessian) {
        parts.push(item("effective", between(&effective, short), theme.text));
    }
    parts.push(item("by", method(found), theme.text));
    let mut lines = wrap(parts, 2, area.width, theme);
    lines.truncate(usize::from(1 + area.height / 9));
    lines
}

/// A number of eigenvalues, and how well it is known.
fn estimated(number: &Estimate) -> String {
    if number.is_exact() {
        return count(number.value.round() as u64);
    }
    between(number, |value| compact(value.max(0.0).round() as u64))
}

/// A number, and the interval that it lies in where it is not known exactly.
fn between(number: &Estimate, text: impl Fn(f64) -> String) -> String {
    if number.is_exact() {
        return text(number.value);
    }
    format!("≈ {} ({}–{})", text(number.value), text(number.low), text(number.high))
}

fn method(found: &Spectrum) -> String {
    match found.method {
        SpectrumMethod::Gram => "Gram, exact".to_owned(),
        SpectrumMethod::Dense => "dense, exact".to_owned(),
        SpectrumMethod::Quadrature => format!("Lanczos, {} products", found.products),
    }
}

/// All of them as a table.
fn list(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, all: &[(&str, &Spectrum)]) -> usize {
    let theme = scene.theme;
    if all.is_empty() {
        return 0;
    }
    let wide = area.width >= 70;
    let cells = |texts: Vec<String>| texts.into_iter().map(|text| (text, theme.text)).collect::<Vec<_>>();
    let texts = |of: &dyn Fn(&Spectrum) -> String| all.iter().map(|(_, found)| of(found)).collect::<Vec<_>>();
    let numbers = |of: &dyn Fn(&Spectrum) -> f64| column(&all.iter().map(|(_, found)| of(found)).collect::<Vec<_>>());
    let number = |number: &Estimate| {
        let text = compact(number.value.max(0.0).round() as u64);
        match number.is_exact() {
            true => text,
            false if area.width >= 100 => estimated(number),
            false => format!("≈ {text}"),
        }
    };
    let both = scene.state.view(Pane::Spectrum) == TABLE;
    let name = |(sign, found): &(&str, &Spectrum)| {
        let scope = scope_name(scene.snapshot, found.scope, wide);
        if both { format!("{sign} {scope}") } else { scope }
    };
    // Of an estimate what Lanczos iterations found, which lies between the extremes.
    let bounded = |sign: &str, of: &dyn Fn(&Spectrum) -> f64| -> Vec<String> {
        let found = numbers(of).into_iter().zip(all);
        let bound = |(text, (_, found)): (String, &(&str, &Spectrum))| match found.method {
            SpectrumMethod::Quadrature if of(found) != 0.0 => format!("{sign} {text}"),
            _ => text,
        };
        found.map(bound).collect()
    };
    let smallest = bounded("≤", &|found| found.smallest).into_iter().zip(all);
    let smallest = smallest.map(|(text, (_, found))| (text, if found.smallest < 0.0 { theme.bad } else { theme.text }));
    let columns = vec![
        table::Column::words(if wide { "block" } else { "" }, 9, cells(all.iter().map(name).collect())),
        table::Column::numbers("> 0", 8, cells(texts(&|found| number(&found.positive)))),
        table::Column::numbers("< 0", 7, cells(texts(&|found| number(&found.negative)))),
        table::Column::numbers("λ max", 6, cells(bounded("≥", &|found| found.largest))),
        table::Column::numbers("λ min", 5, smallest.collect()),
        table::Column::numbers("trace", 4, cells(numbers(&|found| found.trace.value))),
        table::Column::words("method", 2, cells(texts(&method))),
        table::Column::numbers("CPU", 3, cells(texts(&|found| duration(found.cost)))),
    ];
    table::draw(buffer, area, columns, scene.state.scroll[Pane::Spectrum.index()], theme)
}
