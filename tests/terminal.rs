//! The workbench, as it is started from a shell, in a real terminal.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::pty::{Inside, updates};
use kfra_tui::network::tensors;
use kfra_tui::session::{Checkpoint, Event, Origin, Outcome, Summary};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// The only folder of `runs/` in a folder.
fn run_folder(folder: &Path) -> PathBuf {
    let mut runs: Vec<_> = fs::read_dir(folder.join("runs")).expect("there are runs").collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0).expect("the folder can be read").path()
}

/// Whether a folder holds the whole of a run that was stopped; its number of updates.
fn stopped(run: &Path) -> u64 {
    let read = |name| fs::read_to_string(run.join(name)).unwrap_or_default();
    let summary: Summary = serde_json::from_str(&read("summary.json")).expect("there is a summary");
    assert_eq!(summary.status, Outcome::Stopped);
    let experiment: toml::Table = read("experiment.toml").parse().expect("there is the experiment");
    assert_eq!(experiment["name"].as_str(), Some("endless"));
    let log = read("events.jsonl");
    let events: Vec<Event> = log.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert!(matches!(events.last(), Some(Event::Ended(_))));
    let checkpoint = run.join(format!("checkpoints/step-{}.safetensors", summary.updates));
    assert!(!tensors::read(&checkpoint).expect("there is a checkpoint").is_empty());
    summary.updates
}

/// Starts, changes γ, pauses, makes one update, quits.
fn steer(size: (u16, u16)) {
    let mut inside = Inside::start(size);
    inside.wait_for(|screen| screen.alternate_screen() && !screen.contents().trim().is_empty());
    let first = inside.began.elapsed();
    println!("first frame at {} × {} after {:.0} ms", size.0, size.1, first.as_secs_f64() * 1e3);
    assert!(first < Duration::from_secs(5), "{first:?}");
    inside.wait_for(|screen| {
        let contents = screen.contents();
        let loss = contents.rsplit_once("  loss ").and_then(|(_, rest)| rest.split_whitespace().next());
        loss.is_some_and(|loss| loss.parse::<f64>().is_ok_and(f64::is_finite))
    });

    inside.press("g0.25\r");
    inside.wait_for_text("→ 0.25: applied");
    let message = inside.line_from_below(1);
    assert!(message.starts_with("update ") && message.contains("γ "), "{message}");
    let step: Option<u64> = message.split_whitespace().nth(1).and_then(|step| step.replace(',', "").parse().ok());
    assert!(step.is_some_and(|step| step > 0), "{message}");

    inside.press(" ");
    inside.wait_for_text("■ paused");
    // A frame may arrive in parts.
    inside.watch(Duration::from_millis(500), |_| false);
    let before = inside.updates();
    inside.press("s");
    inside.wait_for(|screen| screen.contents().contains("■ paused") && updates(screen) != Some(before));
    inside.watch(Duration::from_millis(500), |_| false);
    assert_eq!(inside.updates(), before + 1);
    assert!(before > 0 && inside.screen.screen().contents().contains("■ paused"));

    inside.press("q");
    inside.wait_for_text("Stop the run");
    inside.press("y");
    assert_eq!(inside.exit_code(), 0, "{}", inside.screen.screen().contents());
    assert!(inside.is_restored(), "{}", inside.screen.screen().contents());
    assert_eq!(stopped(&run_folder(inside.folder.path())), before + 1);
}

#[test]
fn a_run_is_steered_and_stopped_at_80_by_24() {
    steer((80, 24));
}

#[test]
fn a_run_is_steered_and_stopped_at_200_by_50() {
    steer((200, 50));
}

#[test]
fn a_signal_ends_the_program_with_a_checkpoint_and_the_terminal_restored() {
    for signal in ["-TERM", "-HUP", "-INT", "-QUIT"] {
        let mut inside = Inside::start((80, 24));
        inside.wait_for(|screen| updates(screen).is_some_and(|updates| updates > 0));
        assert!(Command::new("kill").args([signal, &inside.number()]).status().unwrap().success());
        assert_eq!(inside.exit_code(), 0, "{signal}: {}", inside.screen.screen().contents());
        assert!(inside.is_restored(), "{signal}: {}", inside.screen.screen().contents());
        assert!(stopped(&run_folder(inside.folder.path())) > 0);
    }
}

#[test]
fn time_for_which_the_program_is_stopped_does_not_count() {
    let mut inside = Inside::start((80, 24));
    inside.wait_for(|screen| updates(screen).is_some_and(|updates| updates > 0));
    let number = inside.number();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &number]).status().unwrap().success());
    let is_stopped = || {
        let state = Command::new("ps").args(["-o", "stat=", "-p", &number]).output().unwrap().stdout;
        state.starts_with(b"T")
    };
    let terminal = inside.master.tty_name().unwrap();
    let stty = |what: &str| Command::new("stty").arg("-F").arg(&terminal).arg(what).output().unwrap();
    // By its key, and from outside.
    for by_key in [true, false] {
        let before = inside.updates();
        if by_key {
            inside.press("\x1a");
        } else {
            signal("-STOP");
        }
        inside.wait_for(|_| is_stopped());
        inside.watch(Duration::from_secs(4), |_| false);
        // As the shell has it meanwhile.
        assert!(stty("sane").status.success());
        signal("-CONT");
        inside.wait_for(|screen| screen.alternate_screen() && updates(screen) > Some(before + 20));
        assert!(String::from_utf8_lossy(&stty("-a").stdout).contains("-icanon"));
    }
    inside.press("qy");
    assert_eq!(inside.exit_code(), 0, "{}", inside.screen.screen().contents());
    let (run, whole) = (run_folder(inside.folder.path()), inside.began.elapsed().as_secs_f64());
    let summary: Summary = serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap();
    assert!(summary.seconds < whole - 7.0, "{summary:?} of {whole} s");
    assert!(summary.seconds_training <= summary.seconds, "{summary:?}");
    let log = fs::read_to_string(run.join("events.jsonl")).unwrap();
    let walls = log.lines().map(|line| match serde_json::from_str(line).unwrap() {
        Event::Step(step) => step.wall,
        _ => 0.0,
    });
    assert!(walls.fold(0.0, f64::max) < 3.0);
}

#[test]
fn a_fork_of_a_run_that_goes_on_begins_where_that_one_is() {
    let mut inside = Inside::start((120, 36));
    inside.wait_for(|screen| updates(screen).is_some_and(|updates| updates > 20));
    inside.press("F");
    inside.wait_for_text("forked from endless-");
    inside.press("qy");
    assert_eq!(inside.exit_code(), 0, "{}", inside.screen.screen().contents());
    let runs = fs::read_dir(inside.folder.path().join("runs")).unwrap().map(|run| run.unwrap().path());
    let origins: Vec<_> = runs.filter_map(|run| Origin::read(&run)).collect();
    assert!(origins.len() == 1 && origins[0].step > 20, "{origins:?}");
    assert_eq!(Checkpoint::read(&origins[0].checkpoint).unwrap().step, origins[0].step);
}

#[test]
fn what_a_run_tells_goes_into_a_pipe_although_there_is_a_terminal() {
    let folder = crate::runs::folder(crate::runs::OPTIMIZERS[0]);
    let pty = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", "\"$0\" run tiny.toml --out out | cat > told", env!("CARGO_BIN_EXE_kfra-tui")]);
    command.cwd(folder.path());
    let mut child = pty.slave.spawn_command(command).unwrap();
    assert!(child.wait().unwrap().success());
    let told = fs::read_to_string(folder.path().join("told")).unwrap();
    assert!(told.contains("update     16 ") && told.contains("finished after 40 updates"), "{told}");
}

#[test]
fn where_no_run_can_be_read_it_is_said_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("all/broken")).unwrap();
    fs::write(folder.path().join("all/broken/experiment.toml"), "seed = 1\nname = \n").unwrap();
    for shown in ["all", "all/broken"] {
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", "\"$0\" view $1 2> told", env!("CARGO_BIN_EXE_kfra-tui"), shown]);
        command.cwd(folder.path());
        let code = pty.slave.spawn_command(command).unwrap().wait().unwrap().exit_code();
        let told = fs::read_to_string(folder.path().join("told")).unwrap();
        assert!(code == 2 && told.contains("broken/experiment.toml: line 2"), "{shown}: {code}: {told}");
    }
}

#[test]
fn a_folder_with_files_is_refused_before_the_screen_opens() {
    let folder = crate::runs::folder(crate::runs::OPTIMIZERS[0]);
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/thesis.txt"), "years of work").unwrap();
    for (out, reason) in [("out", "the folder is not empty"), ("out/thesis.txt", "Not a directory")] {
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new("timeout");
        command.args(["60", "sh", "-c", "\"$0\" tiny.toml --out $1 2> told", env!("CARGO_BIN_EXE_kfra-tui"), out]);
        command.cwd(folder.path());
        let code = pty.slave.spawn_command(command).unwrap().wait().unwrap().exit_code();
        let told = fs::read_to_string(folder.path().join("told")).unwrap();
        assert!(code == 2 && told.contains(out) && told.contains(reason), "{out}: {code}: {told}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("out/thesis.txt")).unwrap(), "years of work");
}

#[test]
fn the_run_is_stopped_when_its_terminal_is_gone() {
    let mut inside = Inside::start((80, 24));
    inside.wait_for(|screen| updates(screen).is_some_and(|updates| updates > 0));
    let number = inside.number();
    let Inside { folder, mut child, master, keys, output, .. } = inside;
    // The thread that reads ends with the next output, and with it the last hold on the terminal.
    drop((master, keys, output));
    let alive = || Command::new("kill").args(["-0", &number]).output().is_ok_and(|output| output.status.success());
    let gone = Instant::now();
    while alive() && gone.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = !alive();
    println!("ended after {:.0} ms", gone.elapsed().as_secs_f64() * 1e3);
    if !ended {
        let _ = Command::new("kill").args(["-KILL", &number]).status();
    }
    let _ = child.wait();
    assert!(ended);
    assert_eq!(fs::read_to_string(folder.path().join("code")).expect("the program has ended").trim(), "0");
    assert!(stopped(&run_folder(folder.path())) > 0);
}

#[test]
fn no_more_frames_are_drawn_than_a_connection_takes_and_none_where_nothing_changes() {
    for (variables, most) in [(&[][..], 30.0), (&[("SSH_CONNECTION", "192.0.2.1 22 192.0.2.2 22")], 10.0)] {
        let mut inside = Inside::start_in((80, 24), variables);
        inside.wait_for(|screen| updates(screen).is_some_and(|updates| updates > 0));
        inside.press(" ");
        inside.wait_for_text("■ paused");
        inside.frames();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(2) {
            inside.press("c");
            inside.watch(Duration::from_millis(5), |_| false);
        }
        inside.watch(Duration::from_millis(500), |_| false);
        let (frames, seconds) = (inside.frames(), began.elapsed().as_secs_f64());
        println!("{frames} frames in {seconds:.1} s");
        assert!(frames >= 3 && frames as f64 <= seconds * most + 2.0, "{frames} frames in {seconds} s");
        // Measurements that were under way may still be drawn; then it rests.
        let mut rests = (0..10).map(|_| {
            inside.watch(Duration::from_secs(4), |_| false);
            inside.frames() == 0
        });
        assert!(rests.any(|rests| rests), "drawn although nothing changes");
        inside.press("qy");
        assert_eq!(inside.exit_code(), 0);
    }
}

#[test]
fn images_are_drawn_by_the_terminal_itself_where_it_says_that_it_can() {
    const ASKS: &[u8] = b"\x1b[5n";
    let has = |inside: &Inside, part: &[u8]| inside.printed.windows(part.len()).any(|found| found == part);
    let wait_for_output = |inside: &mut Inside, part: &[u8]| {
        let start = Instant::now();
        while !has(inside, part) {
            assert!(start.elapsed() < Duration::from_secs(60), "{}", inside.screen.screen().contents());
            inside.watch(Duration::from_millis(50), |_| false);
        }
    };
    let mut inside = Inside::start_in((120, 36), &[("TERM", "xterm-kitty")]);
    wait_for_output(&mut inside, ASKS);
    // As kitty answers: pictures, what kind of terminal it is, a cell of 10 × 20 pixels, that is all.
    inside.press("\x1b_Gi=31;OK\x1b\\\x1b[?62;c\x1b[6;20;10t\x1b[0n");
    inside.wait_for_text("loss");
    assert!(!has(&inside, b"a=T"));
    inside.press("IN");
    wait_for_output(&mut inside, b"a=T,U=1,f=32");
    inside.press("q");
    inside.wait_for_text("Stop the run");
    inside.press("y");
    assert_eq!(inside.exit_code(), 0, "{}", inside.screen.screen().contents());
    assert!(inside.is_restored());

    // Others are not asked: they might not answer.
    let mut inside = Inside::start((120, 36));
    inside.wait_for_text("loss");
    assert!(!has(&inside, ASKS));
}
