//! A gate that cannot be understood, with the place in it.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::error::Explain;
use crate::exit::Exit;

/// A gate that cannot be understood. Displayed with the gate's line and a caret under the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateError {
    text: String,
    span: Range<usize>,
    message: String,
    hint: Option<String>,
}

impl GateError {
    /// `span` is in bytes of `text`; it is moved to the nearest characters inside the text.
    pub(super) fn new(text: &str, span: Range<usize>, message: String, hint: Option<String>) -> Self {
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
        // Line breaks and control characters would break the picture; the bytes keep their places.
        let text = text.chars().map(|c| if c.is_ascii_control() { ' ' } else { c }).collect();
        Self { text, span: start..end, message, hint }
    }

    /// The gate, on one line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong, without the picture.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The column of the wrong place, in characters from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.text[..self.span.start].chars().count() + 1
    }

    /// The wrong place, in bytes of [`GateError::text`]; empty where something is missing.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Carets to print under [`GateError::text`].
    #[must_use]
    pub fn carets(&self) -> String {
        let before = self.text[..self.span.start].width();
        let under = self.text[self.span.clone()].width().max(1);
        format!("{}{}", " ".repeat(before), "^".repeat(under))
    }
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}\n  {}", self.message, self.text, self.carets())
    }
}

impl std::error::Error for GateError {}

impl Explain for GateError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}
