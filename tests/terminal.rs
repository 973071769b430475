//! The workbench, as it is started from a shell, in a real terminal.

#![cfg(unix)]
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::fs;
use std::io::{Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use kfra_tui::network::tensors;
use kfra_tui::session::{Event, Outcome, Summary};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

/// A run that does not end by itself.
const EXPERIMENT: &str = r#"
name = "endless"
seed = 3

[data]
source = "digits"
task = "classify"

[network]
layers = [{ units = 20, activation = "tanh" }]

[loss]
kind = "categorical"

[optimizer]
kind = "kfra"

[train]
batch = 250
updates = 1000000
threads = 1
"#;

/// Notes the terminal's settings before and after, the program's process number and its exit code; outlives
/// the terminal.
const SCRIPT: &str = r#"
trap : HUP
stty -a > before
sh -c 'echo $$ > number; exec "$0" endless.toml' "$0"
code=$?
echo $code > code
stty -a > after
exit $code
"#;

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a terminal has cells")
}

/// The program in a terminal and a folder of its own.
struct Inside {
    folder: TempDir,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    size: (u16, u16),
    began: Instant,
}

impl Inside {
    fn start((cols, rows): (u16, u16)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("endless.toml"), EXPERIMENT).expect("a file");
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).expect("a terminal");
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", SCRIPT, env!("CARGO_BIN_EXE_kfra-tui")]);
        command.cwd(folder.path());
        command.env("TERM", "xterm-256color");
        // The user's own preferences are neither read nor written.
        command.env("XDG_STATE_HOME", folder.path().join("state"));
        for variable in ["NO_COLOR", "COLORFGBG", "SSH_CONNECTION"] {
            command.env_remove(variable);
        }
        let began = Instant::now();
        let child = pty.slave.spawn_command(command).expect("the shell starts");
        let mut reader = pty.master.try_clone_reader().expect("the terminal can be read");
        let keys = pty.master.take_writer().expect("the terminal has keys");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = vt100::Parser::new(cells(rows), cells(cols), 0);
        Self { folder, child, master: pty.master, keys, output, screen, size: (cols, rows), began }
    }

    /// Watches the screen until something is seen there, or for so long; whether it was seen.
    fn watch(&mut self, patience: Duration, what: impl Fn(&vt100::Screen) -> bool) -> bool {
        let start = Instant::now();
        while !what(self.screen.screen()) {
            if start.elapsed() > patience {
                return false;
            }
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(50)) {
                self.screen.process(&bytes);
            }
        }
        true
    }

    fn wait_for(&mut self, what: impl Fn(&vt100::Screen) -> bool) {
        let seen = self.watch(Duration::from_secs(60), what);
        assert!(seen, "{}", self.screen.screen().contents());
    }

    fn wait_for_text(&mut self, text: &str) {
        self.wait_for(|screen| screen.contents().contains(text));
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys can be pressed");
        self.keys.flush().expect("keys can be pressed");
    }

    /// A line of the screen, counted from the last.
    fn line_from_below(&self, place: usize) -> String {
        let lines: Vec<_> = self.screen.screen().rows(0, self.size.0).collect();
        lines[lines.len() - 1 - place].clone()
    }

    /// Updates made, as the screen shows them.
    fn updates(&self) -> u64 {
        updates(self.screen.screen()).unwrap_or(0)
    }

    /// The program's process number, once there is one.
    fn number(&self) -> String {
        fs::read_to_string(self.folder.path().join("number")).expect("the program has a number").trim().to_owned()
    }

    /// Waits for the shell to end; its exit code, which is the program's.
    fn exit_code(&mut self) -> u32 {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            self.watch(Duration::from_millis(50), |_| false);
            if let Some(status) = self.child.try_wait().expect("the shell can be waited for") {
                self.watch(Duration::from_millis(200), |_| false);
                return status.exit_code();
            }
        }
        u32::MAX
    }

    fn is_restored(&self) -> bool {
        let settings = |name| fs::read_to_string(self.folder.path().join(name)).expect("the settings were noted");
        let (screen, before) = (self.screen.screen(), settings("before"));
        !screen.alternate_screen() && !screen.hide_cursor() && before.contains("icanon") && before == settings("after")
    }
}

/// The number of updates in a line like `update 1,000/5,000`.
fn updates(screen: &vt100::Screen) -> Option<u64> {
    let contents = screen.contents();
    let (_, rest) = contents.rsplit_once("update ").filter(|(_, rest)| rest.contains('/'))?;
    rest.split('/').next()?.replace(',', "").parse().ok()
}

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
    assert!(message.starts_with("@ ") && message.contains("γ "), "{message}");
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
