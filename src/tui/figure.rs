//! What is in sight as a figure for a file.

use std::path::Path;
use std::sync::Arc;

use super::panes::{Pane, Scene, images, loss};
use super::runs::{self, Overlaid};
use super::state::{Screen, State, Unit};
use crate::export::{self, Abscissa, Error, Figure, Format, Labelled, View, quantity};
use crate::session::Snapshot;

/// Writes the focused pane with the runs that are laid over it, or what is compared on the Runs screen; of images the
/// sheet of them as PNG, their losses along the run as anything else. `shown`: the run on the Train screen; `replace`:
/// whether a file that is there already may be written over.
///
/// # Errors
/// Where there is nothing to write, or the file cannot be written.
pub fn write(scene: &Scene<'_>, shown: &Arc<Snapshot>, file: &Path, replace: bool) -> Result<(), Error> {
    let Some(format) = Format::of(file) else {
        return Err(Error::Encode(format!("{}: expected .svg, .png, .csv or .json", file.display())));
    };
    if let (Screen::Images, Format::Png, Some(sheet)) = (scene.state.screen, format, images::sheet(scene)) {
        return export::write(file, &sheet.png()?, replace);
    }
    let x = abscissa(scene);
    let figures = figures(scene, shown, x);
    if figures.is_empty() {
        return Err(Error::Nothing(why_not(scene.state)));
    }
    export::write(file, &format.bytes(&figures, name(scene, x))?, replace)
}

fn figures(scene: &Scene<'_>, shown: &Arc<Snapshot>, x: Abscissa) -> Vec<Figure> {
    let state = scene.state;
    // What is edited and what differs are no figures.
    if state.screen == Screen::Design || (state.screen == Screen::Runs && runs::lists_settings(state)) {
        return Vec::new();
    }
    let view = |linear_y| View { x, log_x: state.axes.log_x, linear_y };
    let label =
        |id| scene.entries.iter().find(|entry| entry.id == id).map_or_else(String::new, crate::runs::Entry::label);
    if state.screen == Screen::Runs {
        let compared = runs::compared(scene);
        let names = runs::names(&compared);
        let labelled = |(name, entry): (String, &crate::runs::Entry)| (name, Arc::clone(&entry.snapshot));
        let compared: Vec<Labelled> = names.into_iter().zip(compared).map(labelled).collect();
        return match runs::overlaid(state) {
            Overlaid::Loss => quantity::loss(&compared, view(state.runs.linear)),
            Overlaid::Rank => quantity::rank(&compared, view(state.runs.linear)),
        };
    }
    let mut labelled = vec![(label(state.runs.shown), Arc::clone(shown))];
    labelled.extend(scene.marked(state.runs.shown).map(|entry| (entry.label(), Arc::clone(&entry.snapshot))));
    let linear = state.linear_y[state.focus.index()];
    match (state.focus, state.view(state.focus)) {
        (Pane::Loss, loss::DAMPING) => quantity::damping(&labelled, view(linear)),
        // There y is linear unless asked otherwise.
        (Pane::Loss, loss::STEP) => quantity::step(&labelled, view(!linear)),
        (pane, _) => pane.figures(&labelled, view(linear)),
    }
}

/// Why there is no figure of what is in sight.
fn why_not(state: &State) -> &'static str {
    match state.screen {
        Screen::Design => "an experiment is no figure: w saves it",
        Screen::Runs if runs::lists_settings(state) => "settings are no figure: v goes on to curves",
        Screen::Runs => "nothing is known of these runs yet: space reads their logs",
        _ => "nothing is measured for this pane yet",
    }
}

/// What x is called in tables.
fn name(scene: &Scene<'_>, x: Abscissa) -> &'static str {
    match scene.state.focus {
        _ if scene.state.screen == Screen::Runs => x.name(),
        Pane::Spectrum => "eigenvalue",
        Pane::Kronecker | Pane::Alignment => "layer",
        Pane::RankCurve => "data",
        Pane::Factors => "row",
        Pane::Surface => "u",
        Pane::Loss | Pane::Rank | Pane::Hessian | Pane::Timing | Pane::Images => x.name(),
    }
}

fn abscissa(scene: &Scene<'_>) -> Abscissa {
    match scene.state.axes.unit {
        Unit::Update => Abscissa::Update,
        Unit::Epoch => Abscissa::Epoch,
        Unit::Sample => Abscissa::Sample,
        Unit::Second => Abscissa::Second,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::sample;
    use crate::tui::state::State;
    use crate::tui::theme::{Palette, Signs, Theme};

    #[test]
    fn every_pane_and_the_comparison_are_written_and_nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let (shelf, shown) = (sample::shelf(), Arc::new(sample::measured(300)));
        let theme = Theme::new(Palette::Dark, true, Signs::Braille);
        let mut state = State::default();
        state.runs.marked = vec![1, 2];
        for screen in [Screen::Train, Screen::Curvature, Screen::Images, Screen::Runs] {
            let panes = if screen == Screen::Runs { &[Pane::Loss] } else { Pane::of(screen) };
            for &focus in panes {
                (state.screen, state.focus) = (screen, focus);
                let scene =
                    Scene { state: &state, snapshot: &shown, entries: shelf.entries(), theme: &theme, graphics: None };
                for ending in ["svg", "csv"] {
                    let file = folder.path().join(format!("{screen:?}-{focus:?}.{ending}"));
                    write(&scene, &shown, &file, false).unwrap();
                    let text = std::fs::read_to_string(&file).unwrap();
                    assert!(text.contains("adam-1") && text.contains("adam-2"), "{}", file.display());
                    assert!(matches!(write(&scene, &shown, &file, false), Err(Error::Exists { .. })));
                    write(&scene, &shown, &file, true).unwrap();
                }
            }
        }
    }

    #[test]
    fn images_are_written_as_a_sheet() {
        let folder = tempfile::tempdir().unwrap();
        let (shelf, shown) = (sample::shelf(), Arc::new(sample::measured(300)));
        let theme = Theme::new(Palette::Dark, true, Signs::Braille);
        let state = State { screen: Screen::Images, focus: Pane::Images, ..State::default() };
        let scene = Scene { state: &state, snapshot: &shown, entries: shelf.entries(), theme: &theme, graphics: None };
        let file = folder.path().join("images.png");
        write(&scene, &shown, &file, false).unwrap();
        let found = shown.tracked::<crate::diagnostics::images::Images>()[0].latest;
        let (count, (rows, columns)) = (found.first.len() as u32, found.shape);
        let parts = if found.first[0].output.is_empty() { 1 } else { 3 };
        let picture = image::load_from_memory(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(picture.width() % (count * (columns as u32 + 1) - 1), 0);
        assert_eq!(picture.height() % (parts * (rows as u32 + 1) - 1), 0);
    }

    #[test]
    fn what_is_written_is_the_view_that_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let (shelf, shown) = (sample::shelf(), Arc::new(sample::measured(300)));
        let theme = Theme::new(Palette::Dark, true, Signs::Braille);
        for (view, quantities) in [["minibatch", "training set"], ["γ", "τ"], ["α*", "ρ"]].into_iter().enumerate() {
            let mut state = State { focus: Pane::Loss, ..State::default() };
            state.views[Pane::Loss.index()] = view;
            let scene =
                Scene { state: &state, snapshot: &shown, entries: shelf.entries(), theme: &theme, graphics: None };
            let file = folder.path().join(format!("{view}.csv"));
            write(&scene, &shown, &file, false).unwrap();
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(quantities.iter().all(|name| text.contains(&format!(",{name},"))), "{text}");
        }
    }
}
