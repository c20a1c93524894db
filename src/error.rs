//! What every error of this crate can do: say what happened, what to do next, and which exit code it means.
//!
//! Each module keeps its own error enum and implements [`Explain`] for it; `?` turns any of them into a
//! [`CommandError`] at the command's rim, which `main` prints once.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::exit::Exit;

/// An error that knows its exit code and the next step.
pub trait Explain: Error {
    /// The exit code this error means when nothing above it decides otherwise.
    fn exit(&self) -> Exit;

    /// What to do next, naming the flag, variable or parameter; `None` when the message already says it.
    fn hint(&self) -> Option<String> {
        None
    }
}

impl<E: Explain> Explain for Arc<E> {
    fn exit(&self) -> Exit {
        (**self).exit()
    }

    fn hint(&self) -> Option<String> {
        (**self).hint()
    }
}

/// What a command failed with: the whole story in words, the next step and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// The message, with its causes joined by `: `.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl CommandError {
    /// A failure without a hint.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    /// A usage or configuration error (exit code 2).
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The same failure with a next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl<E: Explain> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self { exit: error.exit(), message: chain(&error), hint: error.hint() }
    }
}

/// The message of an error and of its sources, joined by `: `, without saying the same words twice.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

/// The nearest of `known` to `word`, for "did you mean"; `None` when nothing is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("failed to read the file")]
    struct Outer(#[source] std::io::Error);

    impl Explain for Outer {
        fn exit(&self) -> Exit {
            Exit::Usage
        }
        fn hint(&self) -> Option<String> {
            Some("pass --config".into())
        }
    }

    #[test]
    fn a_failure_tells_the_whole_chain_and_the_next_step() {
        let failure = CommandError::from(Outer(std::io::Error::other("disk on fire")));
        assert_eq!(failure.to_string(), "failed to read the file: disk on fire\nhint: pass --config");
        assert_eq!(failure.exit, Exit::Usage);
    }

    #[test]
    fn the_nearest_word_is_offered_only_when_it_is_near() {
        assert_eq!(nearest("tresholds", ["gates", "thresholds"]), Some("thresholds"));
        assert_eq!(nearest("zzz", ["gates", "thresholds"]), None);
    }
}
