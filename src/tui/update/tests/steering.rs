//! Keys that steer a run, and what comes of them.

use super::*;

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
    for typed in [" ", "s", "w", "[", "g", "n", "og⏎", "X"] {
        let (state, effect) = after(typed, &run);
        assert_eq!(
            (effect, said(&state)),
            (None, Some("the run is over: r on the Runs screen lets it go on")),
            "{typed}"
        );
        assert_eq!(state.overlay, None, "{typed}");
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
fn a_question_is_answered_by_its_letters_alone() {
    let run = sample::snapshot(10);
    for typed in ["q", "S", "Rj⌦"] {
        let (asked, _) = after(typed, &run);
        let (state, effect) = after(&format!("{typed}⏎"), &run);
        assert_eq!((&state.overlay, effect), (&asked.overlay, None), "{typed}");
    }
}

#[test]
fn a_finished_run_is_not_resumed() {
    let mut run = sample::snapshot(10);
    let crate::session::Event::Ended(mut summary) = sample::end(10) else { unreachable!() };
    summary.status = Outcome::Finished;
    run.apply(&crate::session::Event::Ended(summary));
    let shelf = sample::shelf_of(run.clone());
    let mut state = State::default();
    state.show(Screen::Runs);
    let r = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::NONE);
    assert_eq!(press(&mut state, &r, Sight { snapshot: &run, entries: shelf.entries() }), None);
    assert!(said(&state).unwrap().contains("is finished"), "{:?}", said(&state));
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
