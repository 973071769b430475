//! Reading experiment files.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use toml::de::DeTable;

use super::node::{Convert, Entries};
use super::section::Sink;
use super::{Experiment, Flaw, Origin, Problem, Problems, check, overrides};

/// A longer file is taken for a mistake.
const MOST_BYTES: u64 = 1 << 20;

impl Experiment {
    /// The experiment of a file, changed by `overrides` (each `key=value`, as after `--set`).
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong with the file and the overrides.
    pub fn read(file: &Path, overrides: &[String]) -> Result<Self, Problems> {
        Self::parse(&file.display().to_string(), &text(file)?, overrides)
    }

    /// The experiment of a `text`. `name` is the file's, for messages; relative paths in it are
    /// relative to the folder of `name`, and the experiment is called after it where it has no name.
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong with the text and the overrides.
    pub fn parse(name: &str, text: &str, overrides: &[String]) -> Result<Self, Problems> {
        let file = Path::new(name);
        let stem = file.file_stem().map_or_else(|| "experiment".to_owned(), |stem| stem.to_string_lossy().into_owned());
        let folder = file.parent().unwrap_or(Path::new(""));
        let sink = Sink::default();
        let mut entries = entries(text, 0, &sink);
        for (index, argument) in overrides.iter().enumerate() {
            overrides::apply(&mut entries, argument, index + 1, &sink);
        }
        // A tree of which a part could not be parsed would give rise to problems that are none.
        let experiment = if sink.is_empty() { check::check(entries, &stem, folder, &sink) } else { None };
        experiment.ok_or_else(|| {
            let arguments = overrides.iter().map(|argument| ("--set".to_owned(), argument.clone()));
            let sources = [(name.to_owned(), text.to_owned())].into_iter().chain(arguments).collect();
            Problems { sources, problems: sink.into_problems() }
        })
    }

    /// The experiment that is opened where none is named.
    ///
    /// # Errors
    /// [`Problems`] of the overrides.
    pub fn builtin(overrides: &[String]) -> Result<Self, Problems> {
        Self::parse(
            "mnist-autoencoder-kfra.toml",
            include_str!("../../experiments/mnist-autoencoder-kfra.toml"),
            overrides,
        )
    }
}

/// The tree of a text, which is source number `source`; every syntax error is reported.
pub(super) fn entries(text: &str, source: usize, sink: &Sink) -> Entries {
    let convert = Convert { source, shift: 0 };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        sink.report(convert.origin(span), Flaw::Syntax { message: error.message().to_owned() });
    }
    convert.entries(table.get_ref())
}

/// The text of a file.
///
/// # Errors
/// It cannot be read, is too long to be an experiment, or is not UTF-8.
pub(super) fn text(file: &Path) -> Result<String, Problems> {
    let problems = |flaw, origin, text: &str| Problems {
        sources: vec![(file.display().to_string(), text.to_owned())],
        problems: vec![Problem { flaw, origin }],
    };
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => Err(problems(Flaw::Unreadable { reason: error.to_string() }, None, "")),
        Ok(_) if bytes.len() as u64 > MOST_BYTES => {
            let reason = format!("expected at most {MOST_BYTES} bytes, found more");
            Err(problems(Flaw::Unreadable { reason }, None, ""))
        }
        Ok(_) => String::from_utf8(bytes).map_err(|error| {
            let start = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            // The first invalid byte became one replacement character of three bytes.
            problems(Flaw::Encoding, Some(Origin { source: 0, start, end: start + 3 }), &text)
        }),
    }
}
