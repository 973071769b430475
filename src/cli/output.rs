//! Writing to the standard streams. A reader that goes away is no error.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

/// Writes `text` to the standard output.
///
/// # Errors
/// Those of writing, but for a closed pipe: who stopped reading has what they wanted.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes `text` to the standard output, of a run that is recorded elsewhere; if that fails, as on a terminal
/// that is gone, there is nobody to tell.
pub(super) fn tell(text: &str) {
    let _ = print(text);
}

/// Writes `text` to the standard error; if that fails there is nobody to tell.
pub(super) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// A loss: with six decimals, or five digits where these would be few or none.
pub(super) fn loss(value: f64) -> String {
    if value != 0.0 && !(1e-2..1e9).contains(&value.abs()) { format!("{value:.4e}") } else { format!("{value:.6}") }
}

/// Whether all that is written goes to a terminal, where it can be taken back and written over.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// Whether the standard error is a terminal that shows colours.
pub(super) fn has_color() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
