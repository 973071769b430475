use super::*;
use crate::tui::sample;
use crate::tui::theme::{Palette, Signs};

fn labels(filter: &str, sort: &str, descending: bool) -> Vec<String> {
    let shelf = sample::shelf();
    let mut state = State::default();
    filter.clone_into(&mut state.runs.filter);
    state.runs.sort = COLUMNS.iter().position(|column| *column == sort).unwrap();
    state.runs.descending = descending;
    arranged(&state, shelf.entries()).iter().map(|row| row.entry.label()).collect()
}

#[test]
fn runs_are_chosen_by_an_expression() {
    assert_eq!(labels("", "order", false), ["now", "adam-1", "adam-2", "kfac"]);
    assert_eq!(labels("kind = adam", "order", false), ["adam-1", "adam-2"]);
    assert_eq!(labels("kind = adam and updates > 300", "order", false), ["adam-2"]);
    assert_eq!(labels("kind = sgd", "order", false), [""; 0]);
}

#[test]
fn runs_are_sorted_by_a_column_either_way() {
    assert_eq!(labels("", "updates", true), ["adam-2", "adam-1", "now", "kfac"]);
    assert_eq!(labels("", "name", false), ["adam-1", "adam-2", "kfac", "now"]);
    assert_eq!(labels("kind = adam", "train", false), ["adam-2", "adam-1"]);
}

#[test]
fn selection_stays_within_the_runs_in_sight() {
    let shelf = sample::shelf();
    let mut state = State::default();
    select(&mut state, shelf.entries(), 99);
    assert_eq!(selected(&state, shelf.entries()).unwrap().label(), "kfac");
    "kind = adam".clone_into(&mut state.runs.filter);
    assert_eq!(selected(&state, shelf.entries()).unwrap().label(), "adam-1");
    select(&mut state, shelf.entries(), -5);
    assert_eq!(selected(&state, shelf.entries()).unwrap().label(), "adam-1");
    "kind = none".clone_into(&mut state.runs.filter);
    assert!(selected(&state, shelf.entries()).is_none());
}

#[test]
fn runs_that_differ_only_in_their_seeds_are_one_curve_with_a_band() {
    let shelf = sample::shelf();
    let (mut state, snapshot) = (State::default(), Snapshot::default());
    let theme = Theme::new(Palette::Dark, true, Signs::Braille);
    let names = |state: &State| {
        let scene = Scene { state, snapshot: &snapshot, entries: shelf.entries(), theme: &theme, graphics: None };
        let runs: Vec<_> = shelf.entries().iter().collect();
        overlay(&scene, &runs, Overlaid::Loss).into_iter().map(|quantity| quantity.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&state), ["adam-1", "adam-2"]);
    state.runs.grouped = true;
    assert_eq!(names(&state), ["adam × 2"]);
}
