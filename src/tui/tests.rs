//! The whole screen in a real terminal: this test program starts itself again within one.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::sample;
use crate::data::Places;
use crate::runs::Shelf;
use crate::session::{Command, Event, Session, Snapshot, pair};

/// Names what the inner program does; it is not set otherwise.
const ROLE: &str = "KFRA_TUI_TEST_ROLE";

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

/// A program in a terminal of 80 × 24.
struct Inside {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Inside {
    fn start(role: &str) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "tui::tests::the_inner_program", "--nocapture", "--test-threads=1"]);
        command.env(ROLE, role);
        let child = pty.slave.spawn_command(command).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, master: pty.master, keys, output, screen: vt100::Parser::new(cells(24), cells(80), 0) }
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
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for the end; the terminal is as it was then.
    fn end(&mut self) {
        self.wait_for(|screen| !screen.alternate_screen() && !screen.hide_cursor());
        self.child.wait().unwrap();
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        let status = std::process::Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(status.success());
    }
}

/// Publishes a made-up run and obeys commands, as a run would; or panics at the first one.
fn fake(desk: &crate::session::Desk, panics: bool) -> crate::session::Summary {
    let mut snapshot = Snapshot::default();
    let publish = |snapshot: &mut Snapshot, event: &Event| {
        snapshot.apply(event);
        desk.board.store(std::sync::Arc::new(snapshot.clone()));
    };
    publish(&mut snapshot, &sample::start());
    let mut running = true;
    for step in 1.. {
        std::thread::sleep(Duration::from_millis(20));
        while let Ok((ticket, command)) = desk.commands.try_recv() {
            assert!(!panics, "as it was told to");
            let change = match command {
                Command::Set { hyperparameter, value } => format!("{} is {value}", hyperparameter.symbol()),
                other => format!("{other:?}"),
            };
            publish(&mut snapshot, &Event::Applied { ticket, step, command, change });
            match command {
                Command::Stop => {
                    publish(&mut snapshot, &sample::end(step));
                    return snapshot.summary.unwrap();
                }
                Command::Pause => {
                    running = false;
                    publish(&mut snapshot, &Event::Paused { step, back: None, astray: false });
                }
                Command::Resume => (running, ()) = (true, publish(&mut snapshot, &Event::Resumed { step })),
                _ => {}
            }
        }
        if running {
            publish(&mut snapshot, &sample::step(step));
        }
    }
    unreachable!("it runs until it is stopped")
}

/// Not a test of its own: what runs in the terminal.
#[test]
fn the_inner_program() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let mut shelf = Shelf::new(Places::standard(), Vec::new());
    let session = if role == "panics" {
        let (handle, desk) = pair();
        Session::of(handle, std::thread::spawn(move || Ok(fake(&desk, true))))
    } else {
        Session::start(move |desk| Ok(fake(&desk, role == "a run panics"))).unwrap()
    };
    let shown = shelf.adopt(session, "sample".into(), Snapshot::default());
    let opening = super::Opening { shown, ..super::Opening::default() };
    let exit = super::run(&mut shelf, opening, super::Options::default());
    println!("left with {exit:?}");
    if exit.is_ok() {
        assert!(shelf.join().into_iter().all(|(_, end)| end.is_ok()));
    }
}

#[test]
fn a_run_is_shown_steered_and_stopped_and_the_terminal_is_restored() {
    let mut inside = Inside::start("run");
    inside.wait_for_text("▶ running");
    inside.press("g0.25\r");
    inside.wait_for_text("γ is 0.25");
    inside.press(" ");
    inside.wait_for_text("paused");
    inside.master.resize(PtySize { rows: 24, cols: 60, pixel_width: 0, pixel_height: 0 }).unwrap();
    inside.screen.screen_mut().set_size(cells(24), cells(60));
    inside.press("?");
    inside.wait_for_text("Pause the run");
    inside.press("\x1b");
    // A key sent with the escape would be taken for one with Alt: the hints of the screen are back only after it.
    inside.wait_for_text("space resume");
    inside.press("\x03");
    inside.wait_for_text("Stop the run");
    inside.press("y");
    inside.wait_for_text("left with Ok(Over)");
    inside.end();
}

#[test]
fn a_signal_ends_the_screen_and_the_terminal_is_restored() {
    let mut inside = Inside::start("run");
    inside.wait_for_text("▶ running");
    inside.signal("-TERM");
    inside.wait_for_text("left with Ok(Signal(15))");
    inside.end();
}

#[test]
fn a_panic_in_another_thread_is_printed_on_the_restored_terminal() {
    let mut inside = Inside::start("panics");
    inside.wait_for_text("▶ running");
    inside.press(" ");
    inside.wait_for_text("left with Err(Panicked)");
    inside.wait_for_text("as it was told to");
    inside.end();
}

#[test]
fn a_panic_in_a_run_is_its_failure_and_the_screen_goes_on() {
    let mut inside = Inside::start("a run panics");
    inside.wait_for_text("▶ running");
    inside.press(" ");
    inside.wait_for_text("× failed");
    inside.press("m");
    inside.wait_for_text("Messages, the latest");
    inside.wait_for_text("an error in this program: as it was told to");
    inside.press("\x1b");
    inside.wait_for(|screen| !screen.contents().contains("Messages, the latest"));
    inside.press("?");
    inside.wait_for_text("Pause the run");
    inside.press("\x03");
    inside.wait_for_text("left with Ok(Over)");
    inside.wait_for_text("src/tui/tests.rs");
    inside.end();
}

#[test]
fn a_suspended_screen_comes_back() {
    let mut inside = Inside::start("run");
    inside.wait_for_text("▶ running");
    inside.press("\x1a");
    inside.wait_for(|screen| !screen.alternate_screen());
    // A signal that comes before the program has stopped is lost.
    for _ in 0..100 {
        inside.signal("-CONT");
        if inside.watch(Duration::from_millis(200), vt100::Screen::alternate_screen) {
            break;
        }
    }
    inside.wait_for_text("▶ running");
    inside.press("qy");
    inside.wait_for_text("left with Ok(Over)");
    inside.end();
}
