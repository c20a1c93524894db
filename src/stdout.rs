//! Writing results to stdout.

use std::io::{self, Write};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::redact;

/// Standard output, without the secrets this process knows. It is written line by line.
#[derive(Debug, Default)]
pub(crate) struct Stdout {
    /// The beginning of a line.
    pending: Vec<u8>,
}

impl Stdout {
    fn put(&mut self, end: usize) -> io::Result<()> {
        let rest = self.pending.split_off(end);
        let lines = std::mem::replace(&mut self.pending, rest);
        match std::str::from_utf8(&lines) {
            Ok(text) => io::stdout().write_all(redact::hide(text).as_bytes()),
            Err(_) => io::stdout().write_all(&redact::hide_data(&lines)),
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(part);
        if let Some(end) = self.pending.iter().rposition(|byte| *byte == b'\n') {
            self.put(end + 1)?;
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.put(self.pending.len())?;
        io::stdout().flush()
    }
}

impl Drop for Stdout {
    fn drop(&mut self) {
        // Whoever wants to know of a failure has flushed.
        let _ = self.flush();
    }
}

/// Ends a command whose exit code is an answer: what went wrong beside it is said, and turns nothing but a pass.
///
/// # Errors
/// What went wrong, where the answer is a pass.
pub(crate) fn answer(exit: Exit, beside: Result<(), CommandError>) -> Result<Exit, CommandError> {
    match beside {
        Err(fault) if exit == Exit::Passed => Err(fault),
        Err(fault) => {
            tracing::error!("{fault}");
            Ok(exit)
        }
        Ok(()) => Ok(exit),
    }
}

/// Checks a write to stdout. A reader that went away is not an error.
///
/// # Errors
/// When stdout cannot be written for another reason.
pub(crate) fn printed(result: io::Result<()>) -> Result<(), CommandError> {
    match result {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::new(Exit::Usage, format!("failed to write to stdout: {cause}")))
        }
        _ => Ok(()),
    }
}
