use super::*;
use crate::experiment::Experiment;
use crate::optim::Kind;
use crate::session::{self, Session, pair};
use crate::train::Hyperparameter;
use crate::tui::action::Context;
use crate::tui::panes::Pane;
use crate::tui::sample;
use crate::tui::state::{Pending, Unit, Window};

fn keys(state: &mut State, snapshot: &Snapshot, keys: &str) -> Option<Effect> {
    let mut effect = None;
    for key in keys.chars() {
        let code = match key {
            '⏎' => KeyCode::Enter,
            '⎋' => KeyCode::Esc,
            '⌫' => KeyCode::Backspace,
            '⇱' => KeyCode::Home,
            '⇲' => KeyCode::End,
            '⌦' => KeyCode::Delete,
            '⇥' => KeyCode::Tab,
            '←' => KeyCode::Left,
            '␃' => KeyCode::Char('c'),
            other => KeyCode::Char(other),
        };
        let modifiers = if key == '␃' { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        let shelf = sample::shelf_of(snapshot.clone());
        let sight = Sight { snapshot, entries: shelf.entries() };
        effect = press(state, &KeyEvent::new(code, modifiers), sight);
    }
    effect
}

fn after(typed: &str, snapshot: &Snapshot) -> (State, Option<Effect>) {
    let mut state = State::default();
    let effect = keys(&mut state, snapshot, typed);
    (state, effect)
}

/// What the workbench says of the last key.
fn said(state: &State) -> Option<&str> {
    state.notice.as_ref().map(|(_, text)| text.as_str())
}

fn command(effect: Option<&Effect>) -> Option<Command> {
    match effect {
        Some(Effect::Send(command, _)) => Some(*command),
        _ => None,
    }
}

#[test]
fn keys_that_steer_the_run_send_their_commands() {
    let mut run = sample::snapshot(10);
    run.hyperparameters.push((Hyperparameter::LearningRate, 0.1));
    let gamma = |value| Command::Set { hyperparameter: Hyperparameter::KroneckerDamping, value };
    let tau = |value| Command::Set { hyperparameter: Hyperparameter::StepDamping, value };
    let rate = |value| Command::Set { hyperparameter: Hyperparameter::LearningRate, value };
    for (typed, expected) in [
        (" ", Command::Pause),
        ("s", Command::RunThenPause(1)),
        ("w", Command::Checkpoint),
        ("n250⏎", Command::RunThenPause(250)),
        ("g0.5⏎", gamma(0.5)),
        ("t1e-3⏎", tau(1e-3)),
        ("g7⌫2⏎", gamma(2.0)),
        ("r0.01⏎", rate(0.01)),
        ("e⏎0.1⏎", gamma(0.1)),
        ("ejj⏎3⏎", tau(3.0)),
        ("og⏎", Command::Switch { optimizer: Kind::all()[0] }),
        ("ogjjj⏎", Command::Switch { optimizer: Kind::Rule(crate::optim::Rule::Adam) }),
        (":checkp⏎", Command::Checkpoint),
        (":ONE UPD⏎", Command::RunThenPause(1)),
        (":xy⌫⌫step⏎", Command::RunThenPause(1)),
    ] {
        assert_eq!(command(after(typed, &run).1.as_ref()), Some(expected), "{typed}");
    }
}

#[test]
fn halving_and_doubling_are_left_to_the_run_which_knows_the_value_in_force() {
    let run = sample::fold(&[sample::start()]);
    for (typed, factor) in [("[", 0.5), ("]", 2.0)] {
        let expected = Command::Scale { hyperparameter: Hyperparameter::KroneckerDamping, factor };
        assert_eq!(command(after(typed, &run).1.as_ref()), Some(expected));
    }
}

#[test]
fn what_the_method_has_not_is_not_asked_for() {
    let mut run = sample::snapshot(10);
    assert_eq!(said(&after("r", &run).0), Some("kfra has no learning rate"));
    (run.latest, run.hyperparameters) = (None, Vec::new());
    for typed in ["g", "]"] {
        let (state, effect) = after(typed, &run);
        assert_eq!((effect, &state.overlay), (None, &None));
        assert_eq!(said(&state), Some("kfra has no γ"));
    }
}

#[test]
fn the_pause_key_resumes_a_paused_run() {
    let mut run = sample::snapshot(10);
    run.status = Status::Paused;
    assert_eq!(command(after(" ", &run).1.as_ref()), Some(Command::Resume));
}

#[test]
fn a_run_that_takes_no_commands_says_why() {
    let mut run = sample::snapshot(10);
    run.apply(&sample::end(10));
    for typed in [" ", "s", "w", "[", "g1⏎", "og⏎", "X"] {
        let (state, effect) = after(typed, &run);
        assert_eq!(
            (effect, said(&state)),
            (None, Some("the run is over: r on the Runs screen lets it go on")),
            "{typed}"
        );
    }
    let mut shelf = sample::shelf();
    shelf.record(sample::folder("runs/left", 1, "kfra"), sample::snapshot(10));
    let queued = shelf.enqueue(Experiment::builtin(&[]).unwrap()).unwrap();
    let mut refused = Snapshot::default();
    refused.fail("no data");
    let (handle, _) = pair();
    let thread = std::thread::spawn(|| Err(session::Error::Panicked { panic: String::new() }));
    let refused = shelf.adopt(Session::of(handle, thread), "runs/refused".into(), refused);
    for (shown, why) in
        [(4, "is over"), (queued, "waits in the queue"), (refused, "never began"), (99, "there is no run")]
    {
        let mut state = State { focus: Pane::Rank, ..State::default() };
        state.runs.shown = shown;
        let snapshot = shelf.entry(shown).map(|entry| Snapshot::clone(&entry.snapshot)).unwrap_or_default();
        let sight = Sight { snapshot: &snapshot, entries: shelf.entries() };
        for key in [' ', ']', 'N'] {
            let effect = press(&mut state, &KeyEvent::from(KeyCode::Char(key)), sight);
            assert!(effect.is_none() && said(&state).unwrap().contains(why), "{key} {:?}", said(&state));
        }
    }
}

#[test]
fn a_run_goes_on_where_it_stands_still_or_was_left_and_others_say_why_not() {
    let mut run = sample::snapshot(10);
    let (state, effect) = after("Rr", &run);
    assert_eq!((effect, said(&state)), (None, Some("now runs already")));
    run.status = Status::Paused;
    assert_eq!(after("Rr", &run).1, Some(Effect::Resume(0)));
    assert_eq!(after("Rjr", &run).1, Some(Effect::Resume(1)));
}

#[test]
fn the_pause_key_turns_about_what_was_asked_for_last_before_it_is_answered() {
    use Command::{Checkpoint, Pause, Resume, RunThenPause};
    let (mut state, run) = (State::default(), sample::snapshot(10));
    let press = |state: &mut State, typed: &str| {
        let Some(Effect::Send(command, text)) = keys(state, &run, typed) else { panic!("{typed}") };
        state.pending.push(Pending { ticket: 1, command, text });
        command
    };
    let told = [" ", " ", "w", " ", "s", " "].map(|typed| press(&mut state, typed));
    assert_eq!(told, [Pause, Resume, Checkpoint, Pause, RunThenPause(1), Pause]);
}

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
fn quitting_asks_only_where_a_run_would_be_lost() {
    let mut run = sample::snapshot(10);
    assert_eq!(after("q", &run).0.overlay, Some(Overlay::Ask(Question::Quit)));
    assert!(after("qy", &run).0.stopping);
    assert_eq!(after("qy", &run).1, Some(Effect::StopAll));
    let (state, effect) = after("qn", &run);
    assert_eq!((state.overlay, state.stopping, effect), (None, false, None));
    assert_eq!(after("qyq", &run).1, Some(Effect::Leave));
    run.apply(&sample::end(10));
    let shelf = sample::shelf();
    let over = Sight { snapshot: &run, entries: &shelf.entries()[1..] };
    let mut state = State::default();
    assert_eq!(press(&mut state, &KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE), over), Some(Effect::Quit));
}

#[test]
fn the_run_on_the_screen_is_stopped_once_that_is_confirmed() {
    let run = sample::snapshot(10);
    for typed in ["S", "RS", "CS", "IS", ":stop⏎"] {
        let (mut state, effect) = after(typed, &run);
        assert_eq!((&state.overlay, effect), (&Some(Overlay::Ask(Question::Stop(0))), None), "{typed}");
        assert_eq!(keys(&mut state.clone(), &run, "n"), None);
        assert_eq!((keys(&mut state, &run, "y"), state.stopping), (Some(Effect::Stop(0)), false));
    }
    let (state, effect) = after("RjS", &run);
    assert!(effect.is_none() && state.overlay.is_none() && said(&state).unwrap().contains("is over"));
}

#[test]
fn the_key_that_quits_is_a_yes_to_no_other_question() {
    let run = sample::snapshot(10);
    for typed in ["␃␃", "?␃␃", "Rj⌦␃␃"] {
        let (state, effect) = after(typed, &run);
        assert!(state.stopping && effect == Some(Effect::StopAll), "{typed}");
    }
    // To delete a run, to write over a file, to begin another experiment.
    let mut replace = State { overlay: Some(Overlay::Ask(Question::Replace("a.csv".into()))), ..State::default() };
    let effect = keys(&mut replace, &run, "␃");
    let others = ["Rj⌦␃", "DaN␃"].map(|typed| after(typed, &run));
    for (state, effect) in others.into_iter().chain([(replace, effect)]) {
        assert_eq!((state.overlay, effect), (Some(Overlay::Ask(Question::Quit)), None));
    }
}

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
fn the_crosshair_goes_from_point_to_point_where_updates_are_summed_up() {
    let run = sample::snapshot(5000);
    assert_eq!(run.loss.width(), 2);
    let stands = |typed: &str| after(typed, &run).0.axes.crosshair;
    assert_eq!(["c", "c<", "c<<", "c<>"].map(stands), [5000.0, 4999.0, 4997.0, 5000.0].map(Some));
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

#[test]
fn a_command_is_pending_until_it_or_a_later_one_is_answered() {
    let mut state = State::default();
    for ticket in 1..=3 {
        state.pending.push(Pending { ticket, command: Command::Checkpoint, text: String::new() });
    }
    let mut run = sample::snapshot(10);
    settle(&mut state, &run);
    assert_eq!(state.pending.len(), 3);
    let command = Command::Checkpoint;
    run.apply(&crate::session::Event::Refused { ticket: 2, step: 10, command, reason: "full disk".to_owned() });
    settle(&mut state, &run);
    assert_eq!(state.pending.iter().map(|pending| pending.ticket).collect::<Vec<_>>(), [3]);
    run.apply(&sample::end(10));
    settle(&mut state, &run);
    assert!(state.pending.is_empty());
}

#[test]
fn why_a_run_failed_is_seen_whatever_was_said_before() {
    let mut state = State::default();
    state.say(Level::Info, "the built-in experiment");
    let mut run = Snapshot::default();
    settle(&mut state, &run);
    assert_eq!(said(&state), Some("the built-in experiment"));
    run.fail("no data");
    settle(&mut state, &run);
    assert_eq!(said(&state), None);
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

#[test]
fn a_run_that_is_over_is_not_measured_and_what_is_being_measured_not_twice() {
    let mut run = sample::snapshot(10);
    assert_eq!(after("CN", &run).1, Some(Effect::Measure(vec![Diagnostic::Spectrum], None)));
    let (command, change) = (Command::Measure(Diagnostic::Spectrum), String::new());
    run.apply(&crate::session::Event::Applied { ticket: 1, step: 10, command, change });
    let (state, effect) = after("CN", &run);
    assert_eq!((effect, said(&state)), (None, Some("being measured already")));
    // What was cancelled can be asked for anew before it has ended.
    let (diagnostic, applied) = (Diagnostic::Spectrum, |command| crate::session::Event::Applied {
        ticket: 2,
        step: 10,
        command,
        change: String::new(),
    });
    run.apply(&applied(Command::CancelMeasurements));
    assert_eq!(after("CN", &run).1, Some(Effect::Measure(vec![diagnostic], None)));
    run.apply(&applied(Command::Measure(diagnostic)));
    run.apply(&crate::session::Event::MeasurementEnded { step: 10, diagnostic, cancelled: true, seconds: 0.1 });
    assert_eq!(run.measuring, [diagnostic]);
    assert_eq!(said(&after("CN", &run).0), Some("being measured already"));
    run.apply(&sample::end(10));
    let (state, effect) = after("CN", &run);
    assert!(effect.is_none() && said(&state).unwrap().contains("the run is over"));
}
