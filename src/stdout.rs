//! Writing results to stdout.

use std::io;

use crate::error::CommandError;
use crate::exit::Exit;

/// Checks a write to stdout. A reader that went away is no fault of ours.
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
