//! What is fuzzed: every parser of the program, fed with arbitrary bytes. `fuzz_targets` hands them to libFuzzer, and
//! `tests/fuzz.rs` a few of them to every check.

// Each program uses its own part of it.
#![allow(dead_code)]

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cpu_time::ThreadTime;
use kfra_tui::data::Places;
use kfra_tui::experiment::{Experiment, Sweep};
use kfra_tui::network::tensors;
use kfra_tui::runs::{Filter, Run};
use kfra_tui::session::{Checkpoint, log};
use kfra_tui::tui::{Options, Rehearsal};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use rayon::ThreadPoolBuilder;
use tempfile::TempDir;

/// A target, by the name of its corpus.
pub type Target = (&'static str, fn(&Bench, &[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("experiment", experiment),
    ("sweep", sweep),
    ("idx", idx),
    ("npy", npy),
    ("npz", npz),
    ("csv", csv),
    ("pictures", pictures),
    ("safetensors", safetensors),
    ("checkpoint", checkpoint),
    ("events", events),
    ("filter", filter),
    ("keys", keys),
];

/// The longest that an input may take, of the processor's time.
const LONGEST: Duration = Duration::from_secs(1);
/// The most memory that an input may take: so many times its length, and so many bytes.
const MOST: (u64, u64) = (100, 64 << 20);

/// Where files are written to be read, and what is made once.
pub struct Bench {
    folder: TempDir,
    run: Run,
}

/// An experiment whose data are a file beside it.
fn experiment_of(data: &str) -> String {
    format!(
        "name = \"fuzz\"\n[data]\n{data}\n[network]\nlayers = [{{ units = 2, activation = \"tanh\" }}]\n\
         [loss]\nkind = \"squared_error\"\n[optimizer]\nkind = \"kfra\"\n[train]\nbatch = 1\n\
         [diagnostics]\nrank = {{ data = 1 }}\nhessian = {{ data = 1 }}\nfisher = {{ data = 1 }}\n"
    )
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        // All work is done on this thread, whose memory is counted: to its end, which may come after that of all else.
        let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
        std::mem::forget(pool.expect("this thread is no other pool's"));
        let base = experiment_of("source = \"digits\"\ntask = \"autoencode\"");
        fs::write(folder.path().join("experiment.toml"), &base).expect("a file");
        fs::write(folder.path().join("base.toml"), &base).expect("a file");
        let run = Run::read(folder.path()).expect("it is a run's");
        Self { folder, run }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, input: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, input).expect("a file");
        path
    }
}

/// Hands an input to a target, which must not panic, nor take longer or more memory than it may.
pub fn bounded(target: fn(&Bench, &[u8]), input: &[u8]) {
    thread_local!(static BENCH: OnceCell<Bench> = const { OnceCell::new() });
    BENCH.with(|bench| {
        let bench = bench.get_or_init(Bench::new);
        let clock = ThreadTime::now();
        let used = allocation_counter::measure(|| target(bench, input)).bytes_max;
        let (took, most) = (clock.elapsed(), MOST.0 * input.len() as u64 + MOST.1);
        assert!(took <= LONGEST, "{} bytes took {took:?}", input.len());
        assert!(used <= most, "{} bytes took {used} bytes of memory, more than {most}", input.len());
    });
}

/// A checked experiment is written, and read back as the same.
pub fn experiment(_: &Bench, input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Experiment::parse("fuzz.toml", text, &[]) {
        Ok(experiment) => {
            let written = experiment.to_toml();
            let read = Experiment::parse("fuzz.toml", &written, &[]);
            assert_eq!(read.as_ref().ok(), Some(&experiment), "{written}");
            // An override is read where the value of a setting is.
            let _ = Experiment::parse("fuzz.toml", text, &[text.lines().last().unwrap_or_default().to_owned()]);
        }
        Err(problems) => assert!(!problems.to_string().is_empty()),
    }
}

/// The runs of a sweep have different folders.
pub fn sweep(bench: &Bench, input: &[u8]) {
    match Sweep::read(&bench.write("sweep.toml", input), "full", &[]) {
        Ok(sweep) => {
            let mut folders: Vec<_> = sweep.runs.iter().map(|run| &run.folder).collect();
            folders.sort_unstable();
            folders.dedup();
            assert_eq!(folders.len(), sweep.runs.len());
        }
        Err(problems) => assert!(!problems.to_string().is_empty()),
    }
}

/// Reads what is there by a name as data, and as labels of such.
fn data(bench: &Bench, name: &str) {
    let labels = bench.path("labels.idx");
    if !labels.exists() {
        fs::write(labels, [0, 0, 8, 1, 0, 0, 0, 2, 0, 1]).expect("a file");
        bench.write("images.idx", &[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 3, 4]);
    }
    let [images, labels] = [[name, "labels.idx"], ["images.idx", name]].map(|[images, labels]| {
        let text = experiment_of(&format!("images = \"{images}\"\nlabels = \"{labels}\"\ntask = \"classify\""));
        let experiment = Experiment::parse(&bench.path("fuzz.toml").to_string_lossy(), &text, &[]);
        experiment.expect("it is checked").load(&Places::new(Vec::new())).map(|(data, _)| data)
    });
    for data in [images, labels].into_iter().flatten() {
        assert!(data.train.inputs.iter().all(|value| value.is_finite()));
    }
}

/// IDX, gzip or not.
pub fn idx(bench: &Bench, input: &[u8]) {
    bench.write("fuzz.idx", input);
    data(bench, "fuzz.idx");
}

/// An array of NumPy's, gzip or not.
pub fn npy(bench: &Bench, input: &[u8]) {
    bench.write("fuzz.npy", input);
    data(bench, "fuzz.npy");
}

/// Several of them.
pub fn npz(bench: &Bench, input: &[u8]) {
    bench.write("fuzz.npz", input);
    data(bench, "fuzz.npz");
}

/// A table.
pub fn csv(bench: &Bench, input: &[u8]) {
    bench.write("fuzz.csv", input);
    data(bench, "fuzz.csv");
}

/// A folder with one picture, of each kind there is.
pub fn pictures(bench: &Bench, input: &[u8]) {
    for ending in ["png", "jpg", "pgm"] {
        fs::create_dir_all(bench.path(ending)).expect("a folder");
        bench.write(&format!("{ending}/picture.{ending}"), input);
        data(bench, ending);
    }
}

/// Weights and batches.
pub fn safetensors(bench: &Bench, input: &[u8]) {
    if let Ok(tensors) = tensors::read(&bench.write("fuzz.safetensors", input)) {
        assert!(tensors.values().flatten().all(|value| value.is_finite()));
    }
}

/// A checkpoint is written, and read back as the same.
pub fn checkpoint(bench: &Bench, input: &[u8]) {
    let path = bench.write("step-1.safetensors", input);
    if let Ok(checkpoint) = Checkpoint::read(&path) {
        checkpoint.write(&path).expect("it is written");
        assert_eq!(Checkpoint::read(&path).expect("it is read"), checkpoint);
    }
}

/// The log of a run, and the screen over what it tells.
pub fn events(bench: &Bench, input: &[u8]) {
    bench.write("events.jsonl", input);
    let _ = fs::remove_file(bench.path("events.index"));
    if log::read(bench.folder.path()).is_ok() {
        Rehearsal::new(bench.folder.path(), Options::default()).expect("it was read before").draw((80, 24));
    }
}

/// An expression holds of a run or does not.
pub fn filter(bench: &Bench, input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Filter::parse(text) {
        Ok(filter) => {
            let _ = filter.holds(&bench.run);
        }
        Err(error) => assert!(error.column <= text.chars().count() + 1 && !error.expected.is_empty()),
    }
}

/// Keys and the mouse on every screen, which is drawn in between, in many sizes.
pub fn keys(bench: &Bench, input: &[u8]) {
    bench.write("events.jsonl", include_bytes!("corpus/events/run"));
    let mut screen = Rehearsal::new(bench.folder.path(), Options::default()).expect("the log can be read");
    let (mut size, mut rest) = ((80, 24), input);
    while let Some((&[first, second], others)) = rest.split_first_chunk::<2>() {
        rest = others;
        match first {
            0..0xe0 => drop(screen.press(&key(first, second))),
            0xe0..0xf0 => drop(screen.point(mouse(first, second, size), size)),
            0xf0.. => {
                // Some 30 frames are what a screen draws in the time there is.
                size = (u16::from(first & 0xf) * 16 + 1, u16::from(second % 64) + 1);
                screen.draw(size);
            }
        }
    }
    screen.draw(size);
}

/// Keys without a letter.
const NAMED: [KeyCode; 14] = [
    KeyCode::Enter,
    KeyCode::Esc,
    KeyCode::Tab,
    KeyCode::BackTab,
    KeyCode::Backspace,
    KeyCode::Delete,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::PageUp,
    KeyCode::PageDown,
    KeyCode::Home,
    KeyCode::End,
];

fn key(first: u8, second: u8) -> KeyEvent {
    let modifiers = match second >> 5 {
        0 => KeyModifiers::CONTROL,
        1 => KeyModifiers::SHIFT,
        2 => KeyModifiers::ALT,
        _ => KeyModifiers::NONE,
    };
    let code = match first {
        0x20..=0x7e => KeyCode::Char(char::from(first)),
        0x80..=0x9f => NAMED[usize::from(first) % NAMED.len()],
        0xa0..=0xab => KeyCode::F(first - 0x9f),
        // Letters that take two columns, none, or several bytes.
        _ => KeyCode::Char(['é', '漢', '\u{301}', '\u{200b}', '\0', 'λ', '🙂', '\u{feff}'][usize::from(first % 8)]),
    };
    KeyEvent::new(code, modifiers)
}

fn mouse(first: u8, second: u8, (columns, rows): (u16, u16)) -> MouseEvent {
    let kind = match first % 4 {
        0 => MouseEventKind::Down(MouseButton::Left),
        1 => MouseEventKind::ScrollUp,
        2 => MouseEventKind::ScrollDown,
        _ => MouseEventKind::Drag(MouseButton::Left),
    };
    // Just outside of the screen too, as when it has shrunk meanwhile.
    let (column, row) = (u16::from(second) * 7 % (columns + 2), u16::from(second) % (rows + 2));
    MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }
}
