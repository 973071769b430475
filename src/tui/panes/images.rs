//! Images with what the network makes of them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Pane, Scene, measured, waiting};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::images::{Image, Images as Found, Verdict};
use crate::export::Sheet;
use crate::network::Targets;
use crate::session::Snapshot;
use crate::tui::number::{count, digits, percent};
use crate::tui::state::State;
use crate::tui::widgets::raster::{Raster, Scale, Sum, strip};
use crate::tui::widgets::{fit, put};

pub use crate::export::curvature::images as figures;

/// The view of the worst.
const WORST: usize = 1;
/// The columns that the names of the rows take.
const NAMES: u16 = 7;
/// The least width of an image, for what is written below it.
const LEAST: u16 = 8;

/// What is drawn of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Input,
    Output,
    Error,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Error => "error",
        }
    }
}

fn found<'a>(scene: &Scene<'a>) -> Option<&'a Found> {
    scene.snapshot.tracked::<Found>().first().map(|one| one.latest)
}

/// The images of a view.
fn of_view<'a>(state: &State, found: &'a Found) -> &'a [Image] {
    if state.view(Pane::Images) == WORST { &found.worst } else { &found.first }
}

/// How many images there are to choose from.
pub fn choices(state: &State, snapshot: &Snapshot) -> usize {
    snapshot.tracked::<Found>().first().map_or(0, |one| of_view(state, one.latest).len())
}

pub const ABOUT: &[&str] = &[
    "Inputs, and what the network makes of them: reconstructions and errors,",
    "orange where they are too bright, or classes with their probabilities. The",
    "worst are those of largest loss; of a classifier, among its mistakes.",
];

pub fn title(scene: &Scene<'_>) -> String {
    let held_out = scene.snapshot.run.as_ref().is_some_and(|run| run.validation_data > 0);
    let data = if held_out { "validation data" } else { "training data" };
    let worst = found(scene).is_some_and(|found| found.wrong.is_some());
    match (scene.state.view(Pane::Images), worst) {
        (WORST, true) => format!("Worst mistakes on {data}"),
        (WORST, false) => format!("Worst of {data}"),
        _ => format!("Images of {data}"),
    }
}

pub fn diagnostics(_: &State) -> &'static [Diagnostic] {
    &[Diagnostic::Images]
}

pub fn remarks(scene: &Scene<'_>) -> Vec<String> {
    let Some(found) = found(scene) else { return Vec::new() };
    let mut remarks = measured(found.step, found.data, found.cost);
    let wrong = found
        .wrong
        .map(|wrong| format!("{} wrong, {}", count(wrong as u64), percent(wrong as f64 / found.data as f64)));
    let summary = wrong.unwrap_or_else(|| format!("mean loss {}", digits(found.loss, 4)));
    remarks.insert(0, format!("{summary} · {}", remarks[0]));
    remarks
}

pub fn rows(_: &Snapshot) -> usize {
    0
}

pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let theme = scene.theme;
    let Some(found) = found(scene) else {
        put(buffer, area, 0, &Line::styled(waiting(scene, Diagnostic::Images), theme.faint));
        return 0;
    };
    let images = of_view(scene.state, found);
    if images.is_empty() {
        put(buffer, area, 0, &Line::styled("no mistakes", theme.good));
        return 0;
    }
    let chosen = scene.state.image.min(images.len() - 1);
    if scene.state.zoom {
        alone(buffer, area, scene, found, &images[chosen]);
    } else {
        gallery(buffer, area, scene, found, chosen);
    }
    0
}

/// The images of the view as a sheet: below the inputs what an autoencoder makes of them, and its errors from black
/// to white. `None` where there are none.
pub fn sheet(scene: &Scene<'_>) -> Option<Sheet> {
    let found = found(scene)?;
    let images = of_view(scene.state, found);
    let most = largest_error(images);
    let error = |image: &Image| {
        let pairs = image.output.iter().zip(&image.input);
        pairs.map(|(output, input)| (255.0 / most * f64::from(output.abs_diff(*input))).round() as u8).collect()
    };
    let greys = parts(images).iter().flat_map(|part| {
        images.iter().map(move |image| match part {
            Part::Input => image.input.clone(),
            Part::Output => image.output.clone(),
            Part::Error => error(image),
        })
    });
    let greys: Vec<Vec<u8>> = greys.collect();
    (!greys.is_empty()).then(|| Sheet::of(&greys, found.shape, images.len()))
}

/// What there is to draw of images.
fn parts(images: &[Image]) -> &'static [Part] {
    let has_output = images.iter().any(|image| !image.output.is_empty());
    if has_output { &[Part::Input, Part::Output, Part::Error] } else { &[Part::Input] }
}

/// The largest error of a pixel, in greys.
fn largest_error(images: &[Image]) -> f64 {
    let errors = images.iter().flat_map(|image| image.output.iter().zip(&image.input));
    errors.map(|(output, input)| f64::from(output.abs_diff(*input))).fold(1.0, f64::max)
}

/// One part of an image.
fn picture(image: &Image, part: Part, shape: (usize, usize), most: f64, mut with: impl FnMut(Raster)) {
    let (rows, columns) = shape;
    let grey = |greys: &[u8], index: usize| greys.get(index).copied().map_or(0.0, f64::from);
    let at = |column: usize, row: usize| {
        let index = row * columns + column;
        match part {
            Part::Input => grey(&image.input, index),
            Part::Output => grey(&image.output, index),
            Part::Error => grey(&image.output, index) - grey(&image.input, index),
        }
    };
    let (sum, scale) = match part {
        Part::Error => (Sum::Extreme, Scale::Signed { most }),
        _ => (Sum::Mean, Scale::Grey { low: 0.0, high: 255.0 }),
    };
    with(Raster { size: (columns, rows), at: &at, sum, scale });
}

/// Draws by the terminal's own means where it has any and nothing lies over the pictures, else of cells.
fn paint(buffer: &mut Buffer, place: Rect, scene: &Scene<'_>, raster: &Raster) {
    let place = place.intersection(buffer.area);
    let drawn = scene.graphics.filter(|_| scene.state.overlay.is_none()).is_some_and(|graphics| {
        raster.pixels(scene.theme).is_some_and(|picture| graphics.draw(buffer, place, &picture))
    });
    if !drawn {
        raster.draw(buffer, place, scene.theme);
    }
}

/// Many images, each with its parts one below the other, the chosen one marked.
fn gallery(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, found: &Found, chosen: usize) {
    let theme = scene.theme;
    let images = of_view(scene.state, found);
    let parts = parts(images);
    let names = if parts.len() > 1 { NAMES } else { 0 };
    let captions = 2;
    let room = Rect { x: area.x + names, width: area.width.saturating_sub(names), ..area };
    let most = largest_error(images);
    // As many rows of images as fit: of more than one part only one.
    let height = area.height.saturating_sub(captions) / parts.len() as u16;
    let mut place = Rect::ZERO;
    picture(&images[0], Part::Input, found.shape, most, |raster| {
        let half = Rect { height: if parts.len() == 1 && height >= 22 { height / 2 - 1 } else { height }, ..room };
        place = raster.fit(Rect { width: half.width.min(64), ..half });
    });
    let wide = place.width.max(LEAST) + 1;
    let across = (usize::from(room.width / wide)).max(1);
    let tall = place.height * parts.len() as u16 + captions;
    let down = usize::from((area.height / tall.max(1)).max(1));
    let shown = across * down;
    let first = (chosen / shown) * shown;
    for (index, image) in images.iter().enumerate().skip(first).take(shown) {
        let (column, row) = ((index - first) % across, (index - first) / across);
        let corner = Rect { x: room.x + column as u16 * wide, y: area.y + row as u16 * tall, ..place };
        for (number, part) in parts.iter().enumerate() {
            let place = Rect { y: corner.y + number as u16 * place.height, ..place };
            let place = Rect { x: corner.x, ..place }.intersection(area);
            if column == 0 && names > 0 {
                put(
                    buffer,
                    Rect { x: area.x, width: NAMES - 1, ..place },
                    place.height / 2,
                    &Line::styled(part.name(), theme.faint),
                );
            }
            picture(image, *part, found.shape, most, |raster| paint(buffer, place, scene, &raster));
        }
        let below =
            Rect { y: corner.y + place.height * parts.len() as u16, width: wide - 1, height: captions, ..corner };
        caption(buffer, below.intersection(area), scene, image, index == chosen);
    }
}

/// What is said below an image: its loss, or its classes.
fn caption(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, image: &Image, chosen: bool) {
    let theme = scene.theme;
    let style = |style: Style| if chosen { theme.selected } else { style };
    let lines = match &image.verdict {
        None => [Line::styled(digits(image.loss, 4), style(theme.text)), Line::default()],
        Some(verdict) => {
            let right = verdict.truth == verdict.predicted;
            let [truth, predicted] = [verdict.truth, verdict.predicted].map(|class| class_name(scene, class));
            let text = if right { truth } else { format!("{truth}→{predicted}") };
            let sure = format!("p {}", digits(verdict.probability, 2));
            [Line::styled(text, style(if right { theme.good } else { theme.bad })), Line::styled(sure, theme.faint)]
        }
    };
    for (row, line) in (0..).zip(lines) {
        put(buffer, area, row, &line);
    }
}

/// The name of a class.
fn class_name(scene: &Scene<'_>, class: usize) -> String {
    let signs = scene.snapshot.run.as_ref().is_some_and(|run| run.loss.targets() == Targets::Sign);
    match (signs, class) {
        (true, 0) => "+1".to_owned(),
        (true, _) => "−1".to_owned(),
        (false, class) => class.to_string(),
    }
}

/// One image as large as there is room, its parts side by side.
fn alone(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, found: &Found, image: &Image) {
    let theme = scene.theme;
    let parts = parts(std::slice::from_ref(image));
    let most = largest_error(std::slice::from_ref(image));
    let wide = area.width.saturating_sub(2 * (parts.len() as u16 - 1)) / parts.len() as u16;
    let mut x = area.x;
    for &part in parts {
        picture(image, part, found.shape, most, |raster| {
            let place = raster.fit(Rect { x, y: area.y + 1, width: wide, height: area.height.saturating_sub(2) });
            put(buffer, Rect { x, width: wide, ..area }, 0, &Line::styled(part.name(), theme.faint));
            paint(buffer, place, scene, &raster);
            let below = Rect { x, y: place.bottom(), width: wide.max(LEAST), height: 1 }.intersection(area);
            legend(buffer, below, scene, found, raster.scale, most);
            x += place.width.max(LEAST) + 2;
        });
    }
}

/// What the colours of a picture stand for.
fn legend(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>, found: &Found, scale: Scale, most: f64) {
    let theme = scene.theme;
    let (low, high) = found.range;
    let ends = match scale {
        Scale::Grey { .. } => [low, high],
        _ => [-1.0, 1.0].map(|sign| sign * most / 255.0 * (high - low)),
    };
    let [left, right] = ends.map(|end| digits(end, 2));
    let wide = area.width.saturating_sub((left.chars().count() + right.chars().count() + 2) as u16).min(21);
    if wide < 3 || area.is_empty() {
        return;
    }
    let start = left.chars().count() as u16 + 1;
    put(buffer, area, 0, &Line::styled(left, theme.faint));
    strip(buffer, Rect { x: area.x + start, width: wide, ..area }, wide, scale, theme);
    let end = start + wide + 1;
    put(
        buffer,
        Rect { x: area.x + end, width: area.width.saturating_sub(end), ..area },
        0,
        &Line::styled(right, theme.faint),
    );
}

/// The line below: the image that is chosen.
pub fn choice(scene: &Scene<'_>, width: u16) -> Line<'static> {
    let theme = scene.theme;
    let Some(found) = found(scene) else { return Line::default() };
    let images = of_view(scene.state, found);
    let item =
        |name: &'static str, text: String| vec![Span::styled(name, theme.faint), Span::raw(" "), Span::raw(text)];
    let chosen = scene.state.image.min(images.len().saturating_sub(1));
    let Some(image) = images.get(chosen) else { return Line::default() };
    let mut parts =
        vec![item("image", format!("{} of {}", chosen + 1, images.len())), item("loss", digits(image.loss, 4))];
    if let Some(Verdict { truth, predicted, probability, probability_of_truth }) = image.verdict {
        parts.push(item("true", class_name(scene, truth)));
        parts.push(item("predicted", class_name(scene, predicted)));
        parts.push(item("with p", digits(probability, 3)));
        parts.push(item("p of the true", digits(probability_of_truth, 3)));
    }
    fit(parts, 2, width, theme)
}
