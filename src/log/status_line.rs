//! The last line of a terminal, which is written over while something goes on.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Goes to the begin of the line and empties it.
const CLEAR: &[u8] = b"\r\x1b[2K";

/// Columns of a terminal that does not tell.
const USUAL_WIDTH: usize = 80;

/// Whether there is such a line, and whether something is on it.
static AVAILABLE: AtomicBool = AtomicBool::new(false);
static DRAWN: AtomicBool = AtomicBool::new(false);

pub(super) fn enable(available: bool) {
    AVAILABLE.store(available, Ordering::Relaxed);
}

/// Whether progress has a line of its own on stderr: a terminal that shows plain text.
#[must_use]
pub fn has_status_line() -> bool {
    AVAILABLE.load(Ordering::Relaxed)
}

/// Writes over the status line; false where there is none, so that the text has to be logged. `text` gets the columns there
/// are.
pub fn status_line(text: impl FnOnce(usize) -> String) -> bool {
    if !has_status_line() {
        return false;
    }
    let width = terminal_size::terminal_size_of(io::stderr()).map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0));
    let text = text(width);
    let hidden = crate::redact::hide(&text);
    let mut stderr = io::stderr().lock();
    // A terminal that is gone is no reason to end a run.
    let _ = stderr.write_all(CLEAR).and_then(|()| stderr.write_all(hidden.as_bytes())).and_then(|()| stderr.flush());
    DRAWN.store(true, Ordering::Relaxed);
    true
}

/// Takes the status line away before something else is written.
pub fn clear_status_line() {
    if DRAWN.swap(false, Ordering::Relaxed) {
        let _ = io::stderr().write_all(CLEAR);
    }
}
