//! Screens, panes and charts.

use super::*;

#[test]
fn escape_goes_back_one_level_at_a_time() {
    let run = sample::snapshot(10);
    let mut state = after("zc?", &run).0;
    keys(&mut state, &run, "⎋");
    assert!(state.overlay.is_none() && state.axes.crosshair.is_some() && state.zoom);
    keys(&mut state, &run, "⎋");
    assert!(state.axes.crosshair.is_none() && state.zoom);
    keys(&mut state, &run, "⎋");
    assert!(!state.zoom);
}

#[test]
fn escape_leaves_the_design_screen_where_nothing_is_edited_or_said() {
    let run = sample::snapshot(10);
    // A field that is typed, a choice, a message, a question.
    for typed in ["Dj⏎", "Djj⏎", "Du", "DaN"] {
        let mut state = after(typed, &run).0;
        assert_eq!(keys(&mut state, &run, "⎋"), None);
        assert_eq!((state.screen, state.context()), (Screen::Design, Context::Design), "{typed}");
        keys(&mut state, &run, "⎋");
        assert_eq!(state.screen, Screen::Train, "{typed}");
    }
}

#[test]
fn focus_goes_round_and_views_go_round_within_it() {
    let run = sample::snapshot(10);
    assert_eq!(after(&"⇥".repeat(Pane::of(Screen::Train).len()), &run).0.focus, Pane::Loss);
    for (key, pane) in ["1", "2", "3", "4"].into_iter().zip(Pane::ALL) {
        let mut state = after(key, &run).0;
        assert_eq!(state.focus, pane);
        for _ in 0..pane.views() {
            keys(&mut state, &run, "v");
        }
        assert_eq!(state.view(pane), 0);
    }
}

#[test]
fn charts_are_arranged_by_keys() {
    let run = sample::snapshot(1000);
    assert!(after("l", &run).0.linear_y[0]);
    assert!(after("L", &run).0.axes.log_x);
    assert_eq!(after("xx", &run).0.axes.unit, Unit::Sample);
    assert_eq!(after("xxx", &run).0.axes.unit, Unit::Second);
    assert_eq!(after("xxxx", &run).0.axes.unit, Unit::Update);
    assert_eq!(after("a", &run).0.axes.smoothing, 1);
    assert!(matches!(after("+", &run).0.axes.window, Window::Latest(_)));
    assert!(matches!(after("+←", &run).0.axes.window, Window::Between(..)));
    assert!(matches!(after("+←f", &run).0.axes.window, Window::Latest(_)));
    assert!(matches!(after("+←.", &run).0.axes.window, Window::Latest(_)));
    assert_eq!(after("++--", &run).0.axes.window, Window::All);
    assert_eq!(after("+←0", &run).0.axes.window, Window::All);
    let state = after("c←", &run).0;
    assert!(state.axes.crosshair.is_some_and(|at| at < 1000.0));
    assert_eq!(
        ["c<", "c<<>", "c>", "<"].map(|typed| after(typed, &run).0.axes.crosshair),
        [999.0, 999.0, 1000.0, 0.0].map(|at| (at > 0.0).then_some(at))
    );
}

#[test]
fn the_design_screen_shows_the_experiment_of_the_run_until_another_is_edited() {
    let run = sample::snapshot(10);
    assert_eq!(after("D", &run).1, Some(Effect::Design(0)));
    // A new one stays, and so does a change.
    for typed in ["DNTD", "DaTD"] {
        let (state, effect) = after(typed, &run);
        assert_eq!((state.screen, effect), (Screen::Design, None), "{typed}");
    }
}

#[test]
fn the_crosshair_goes_from_point_to_point_where_updates_are_summed_up() {
    let run = sample::snapshot(5000);
    assert_eq!(run.loss.width(), 2);
    let stands = |typed: &str| after(typed, &run).0.axes.crosshair;
    assert_eq!(["c", "c<", "c<<", "c<>"].map(stands), [5000.0, 4999.0, 4997.0, 5000.0].map(Some));
}

#[test]
fn every_screen_keeps_its_focus() {
    let run = sample::snapshot(10);
    let mut state = after("3C", &run).0;
    assert_eq!((state.screen, state.focus), (Screen::Curvature, Pane::Spectrum));
    keys(&mut state, &run, "5RC");
    assert_eq!(state.focus, Pane::RankCurve);
    keys(&mut state, &run, "T");
    assert_eq!((state.screen, state.focus), (Screen::Train, Pane::Hessian));
    keys(&mut state, &run, "DC");
    assert_eq!(state.focus, Pane::RankCurve);
}
