//! Lists that lie over the panes, and lines that are typed.

use super::*;

#[test]
fn a_wrong_value_is_kept_for_correction_and_an_empty_one_changes_nothing() {
    let run = sample::snapshot(10);
    for typed in ["g-1⏎", "gx⏎", "t0⏎", "n1.5⏎", "gNaN⏎", "ginf⏎"] {
        let (state, effect) = after(typed, &run);
        assert_eq!(effect, None);
        assert!(matches!(state.overlay, Some(Overlay::Prompt(..))), "{typed}");
    }
    assert_eq!(after("g⏎", &run).0.overlay, None);
    assert_eq!(after("g5⎋", &run).0.overlay, None);
}

#[test]
fn the_palette_opens_whatever_has_a_key() {
    let run = sample::snapshot(10);
    for (typed, overlay) in [
        (":help⏎", Overlay::Help(0)),
        (":gamma⏎", Overlay::Prompt(Topic::Hyperparameter(Hyperparameter::KroneckerDamping), Typed::default())),
    ] {
        assert_eq!(after(typed, &run).0.overlay, Some(overlay), "{typed}");
    }
    assert_eq!(after(":no such⏎", &run).0.overlay, None);
}

#[test]
fn lists_scroll_within_their_bounds() {
    let run = sample::snapshot(1000);
    assert_eq!(after("?jjjk", &run).0.overlay, Some(Overlay::Help(2)));
    assert_eq!(after("?k", &run).0.overlay, Some(Overlay::Help(0)));
    assert_eq!(after("mjjj", &run).0.overlay, Some(Overlay::Messages(0)));
    assert_eq!(after("?jj⇱", &run).0.overlay, Some(Overlay::Help(0)));
    let last = Some(Overlay::Choose(run.hyperparameters.len() - 1));
    assert!(["eG", "e⇲"].iter().all(|typed| after(typed, &run).0.overlay == last));
    assert_eq!(after("oGg", &run).0.overlay, Some(Overlay::Optimizers(0)));
    // The present one is selected, and is no change.
    let now = Kind::all().iter().position(|kind| kind.name() == "kfra").unwrap();
    assert_eq!(after("o", &run).0.overlay, Some(Overlay::Optimizers(now)));
    let (state, effect) = after("o⏎", &run);
    assert_eq!((effect, state.notice.map(|(_, said)| said)), (None, Some("it trains with kfra already".to_owned())));
    assert_eq!(after("2jjj", &run).0.scroll[1], 3);
    let (state, _) = after(&("e".to_owned() + &"j".repeat(99)), &run);
    assert_eq!(state.overlay, Some(Overlay::Choose(run.hyperparameters.len() - 1)));
}

#[test]
fn the_checkpoint_to_fork_at_is_chosen_from_a_list() {
    let run = sample::snapshot(10);
    for (typed, expected) in [("⏎", Some(Effect::ForkAt(3, 900))), ("jj⏎", Some(Effect::ForkAt(3, 500))), ("⎋", None)]
    {
        let mut state = State { overlay: Some(Overlay::Forks(3, vec![900, 500], 0)), ..State::default() };
        assert_eq!((keys(&mut state, &run, typed), state.overlay), (expected, None), "{typed}");
    }
}

#[test]
fn a_filter_with_an_unknown_name_is_kept_for_correction() {
    let run = sample::snapshot(10);
    let (state, _) = after("R/sed = 1⏎", &run);
    assert_eq!(state.overlay, Some(Overlay::Prompt(Topic::Filter, Typed::new("sed = 1"))));
    let (state, _) = after("R/seed = 1⏎", &run);
    assert_eq!((state.overlay, state.runs.filter.as_str()), (None, "seed = 1"));
}

#[test]
fn a_line_is_corrected_where_its_cursor_is() {
    let run = sample::snapshot(10);
    let (state, _) = after("R/xeed = 1⇱⌦s⇲0⏎", &run);
    assert_eq!(state.runs.filter, "seed = 10");
    assert_eq!(
        command(after("g12←5⏎", &run).1.as_ref()),
        Some(Command::Set { hyperparameter: Hyperparameter::KroneckerDamping, value: 152.0 })
    );
}

#[test]
fn messages_are_chosen_by_level_and_text() {
    let run = sample::snapshot(10);
    let mut state = after("PM", &run).0;
    let texts = |state: &State| state.log.shown().map(|said| said.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&state), ["mouse on", "palette: light"]);
    keys(&mut state, &run, "m/PAL⏎");
    assert_eq!((state.overlay.clone(), texts(&state)), (Some(Overlay::Messages(0)), vec!["palette: light".to_owned()]));
    keys(&mut state, &run, "/⎋l");
    assert_eq!(texts(&state), [""; 0]);
    // One level back: first the text goes, then the list.
    keys(&mut state, &run, "ll⎋");
    assert_eq!((state.overlay.clone(), texts(&state).len()), (Some(Overlay::Messages(0)), 2));
    keys(&mut state, &run, "⎋");
    assert_eq!(state.overlay, None);
}

#[test]
fn what_is_pasted_is_typed_or_ignored_but_is_no_keys() {
    let run = sample::snapshot(10);
    let (mut state, _) = after("", &run);
    paste(&mut state, "q\nS");
    assert!(state.overlay.is_none() && !state.stopping, "{:?}", state.overlay);
    assert!(state.notice.is_some());
    let (mut state, _) = after("R/", &run);
    paste(&mut state, "kind = adam\n");
    assert!(matches!(&state.overlay, Some(Overlay::Prompt(Topic::Filter, line)) if line.text() == "kind = adam"));
    let (mut state, _) = after("D⏎", &run);
    paste(&mut state, "-onetwo\n");
    press(&mut state, &KeyEvent::from(KeyCode::Enter), Sight { snapshot: &run, entries: &[] });
    assert!(state.design.experiment().is_some_and(|experiment| experiment.name.ends_with("-onetwo")));
}
