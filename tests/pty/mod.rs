//! The workbench in a pseudo-terminal, as it is started from a shell.

use std::fs;
use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

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
pub struct Inside {
    pub folder: TempDir,
    pub child: Box<dyn Child + Send + Sync>,
    pub master: Box<dyn MasterPty + Send>,
    pub keys: Box<dyn Write + Send>,
    pub output: Receiver<Vec<u8>>,
    pub screen: vt100::Parser,
    pub size: (u16, u16),
    pub began: Instant,
    /// What was printed since the last look at it.
    pub printed: Vec<u8>,
}

impl Inside {
    pub fn start(size: (u16, u16)) -> Self {
        Self::start_in(size, &[])
    }

    /// The same with some variables of the environment.
    pub fn start_in((cols, rows): (u16, u16), variables: &[(&str, &str)]) -> Self {
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
        for variable in ["NO_COLOR", "COLORFGBG", "SSH_CONNECTION", "TMUX", "TERM_PROGRAM", "KONSOLE_VERSION"] {
            command.env_remove(variable);
        }
        for (name, value) in variables {
            command.env(name, value);
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
        Self { folder, child, master: pty.master, keys, output, screen, size: (cols, rows), began, printed: Vec::new() }
    }

    /// Watches the screen until something is seen there, or for so long; whether it was seen.
    pub fn watch(&mut self, patience: Duration, what: impl Fn(&vt100::Screen) -> bool) -> bool {
        let start = Instant::now();
        while !what(self.screen.screen()) {
            if start.elapsed() > patience {
                return false;
            }
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(50)) {
                self.screen.process(&bytes);
                self.printed.extend(bytes);
            }
        }
        true
    }

    /// Frames drawn since the last look: at the end of each the cursor is hidden.
    pub fn frames(&mut self) -> usize {
        let printed = std::mem::take(&mut self.printed);
        printed.windows(6).filter(|sign| sign == b"\x1b[?25l").count()
    }

    pub fn wait_for(&mut self, what: impl Fn(&vt100::Screen) -> bool) {
        let seen = self.watch(Duration::from_secs(60), what);
        assert!(seen, "{}", self.screen.screen().contents());
    }

    pub fn wait_for_text(&mut self, text: &str) {
        self.wait_for(|screen| screen.contents().contains(text));
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys can be pressed");
        self.keys.flush().expect("keys can be pressed");
    }

    /// A line of the screen, counted from the last.
    pub fn line_from_below(&self, place: usize) -> String {
        let lines: Vec<_> = self.screen.screen().rows(0, self.size.0).collect();
        lines[lines.len() - 1 - place].clone()
    }

    /// Updates made, as the screen shows them.
    pub fn updates(&self) -> u64 {
        updates(self.screen.screen()).unwrap_or(0)
    }

    /// The program's process number, once there is one.
    pub fn number(&self) -> String {
        fs::read_to_string(self.folder.path().join("number")).expect("the program has a number").trim().to_owned()
    }

    /// Waits for the shell to end; its exit code, which is the program's.
    pub fn exit_code(&mut self) -> u32 {
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

    pub fn is_restored(&self) -> bool {
        let settings = |name| fs::read_to_string(self.folder.path().join(name)).expect("the settings were noted");
        let (screen, before) = (self.screen.screen(), settings("before"));
        !screen.alternate_screen() && !screen.hide_cursor() && before.contains("icanon") && before == settings("after")
    }
}

/// The number of updates in a line like `update 1,000/5,000`.
pub fn updates(screen: &vt100::Screen) -> Option<u64> {
    let contents = screen.contents();
    contents.rsplit("update ").find_map(|rest| rest.split_once('/')?.0.replace(',', "").parse().ok())
}
