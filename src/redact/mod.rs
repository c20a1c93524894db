//! The one redactor: it hides secret values in every text that leaves the program.
//!
//! A [`Redactor`] knows values and finds them in every form in which a library or a file format may repeat them
//! (`forms`). The client of LoadForge's API has one of its own. The values this process knows of altogether (tokens,
//! `--env`, passwords in addresses) are [registered](register) once; the log, stdout, every file of the results folder
//! and the pull request comment pass through [`hide`] or [`hide_data`].

mod address;
mod forms;

pub use address::{secrets_of, shown_address};
pub use forms::FEWEST_CHARS;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use memchr::memmem::Finder;
use secrecy::{ExposeSecret, SecretString};

/// What replaces a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// `[token]`: a token of a service.
    Token,
    /// `[hidden]`: any other value.
    Hidden,
}

impl Placeholder {
    const fn text(self) -> &'static str {
        match self {
            Self::Token => "[token]",
            Self::Hidden => "[hidden]",
        }
    }
}

/// Finds secret values in texts and takes them out. Its `Debug` shows none of them.
#[derive(Clone, Default)]
pub struct Redactor {
    /// The longest form first.
    patterns: Vec<SecretForm>,
}

#[derive(Clone)]
struct SecretForm {
    finder: Finder<'static>,
    placeholder: Placeholder,
    /// A form of digits alone, which is also what numbers are made of.
    is_number: bool,
}

/// Which texts are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextKind {
    /// Words for people: a secret is hidden wherever it is.
    Prose,
    /// CSV or JSON: a cell or field that is a number and nothing else stays, or the file could not be read again.
    Data,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("patterns", &self.patterns.len()).finish()
    }
}

impl Redactor {
    /// One that hides nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { patterns: Vec::new() }
    }

    /// Adds a value with all its forms; `false` when it is shorter than [`FEWEST_CHARS`] and stays visible.
    pub fn add(&mut self, value: &SecretString, placeholder: Placeholder) -> bool {
        let forms = forms::of(value.expose_secret());
        if forms.is_empty() {
            return false;
        }
        for form in forms {
            if self.patterns.iter().any(|known| known.finder.needle() == form.as_bytes()) {
                continue;
            }
            let is_number = form.bytes().all(|byte| byte.is_ascii_digit());
            self.patterns.push(SecretForm {
                finder: Finder::new(form.as_bytes()).into_owned(),
                placeholder,
                is_number,
            });
        }
        self.patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.finder.needle().len()));
        true
    }

    /// The text without the values.
    #[must_use]
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.replaced(text.as_bytes(), TextKind::Prose).map_or(Cow::Borrowed(text), |bytes| Cow::Owned(text_of(bytes)))
    }

    /// The content of a CSV or JSON file without the values; a number that is a whole cell or field stays.
    #[must_use]
    pub fn hide_data<'t>(&self, content: &'t [u8]) -> Cow<'t, [u8]> {
        self.replaced(content, TextKind::Data).map_or(Cow::Borrowed(content), Cow::Owned)
    }

    fn replaced(&self, content: &[u8], context: TextKind) -> Option<Vec<u8>> {
        let mut found: Vec<(Range<usize>, Placeholder)> = Vec::new();
        for pattern in &self.patterns {
            let length = pattern.finder.needle().len();
            let matches = pattern.finder.find_iter(content).map(|start| start..start + length);
            found.extend(
                matches
                    .filter(|range| !pattern.is_number || !is_part_of_number(content, range, context))
                    .map(|range| (range, pattern.placeholder)),
            );
        }
        if found.is_empty() {
            return None;
        }
        // Where values overlap, all of it goes: the rest of the shorter one would be a part of a secret.
        found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut out = Vec::with_capacity(content.len());
        let mut end = 0;
        for (range, placeholder) in found {
            if range.start >= end {
                out.extend_from_slice(&content[end..range.start]);
                out.extend_from_slice(placeholder.text().as_bytes());
            }
            end = end.max(range.end);
        }
        out.extend_from_slice(&content[end..]);
        Some(out)
    }
}

/// Whether digits are part of a longer number, or (in data) are a whole cell or field.
fn is_part_of_number(content: &[u8], range: &Range<usize>, context: TextKind) -> bool {
    let of_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let (before, after) = (&content[..range.start], &content[range.end..]);
    if before.last().is_some_and(of_number) || after.first().is_some_and(of_number) {
        return true;
    }
    let opens = before.iter().rev().find(|byte| **byte != b' ').is_none_or(|byte| b",:[\n;\t".contains(byte));
    let closes = after.first().is_none_or(|byte| b",]}\r\n;\t".contains(byte));
    context == TextKind::Data && opens && closes
}

/// Every form is UTF-8, so taking one out leaves UTF-8.
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// What this process knows of secrets.
static KNOWN: RwLock<Redactor> = RwLock::new(Redactor::new());

/// Keeps a value out of everything that this process writes from here on; `false` when it is too short for that.
pub fn register(value: &SecretString, placeholder: Placeholder) -> bool {
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).add(value, placeholder)
}

/// Whether a value is a token this process knows.
#[must_use]
pub fn is_token(value: &str) -> bool {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let is_it = |pattern: &SecretForm| pattern.finder.needle() == value.trim().as_bytes();
    known.patterns.iter().any(|pattern| pattern.placeholder == Placeholder::Token && is_it(pattern))
}

/// The text without the values this process knows.
#[must_use]
pub fn hide(text: &str) -> Cow<'_, str> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).hide(text)
}

/// The content of a CSV or JSON file without the values this process knows; a number that is a whole cell or field stays.
#[must_use]
pub fn hide_data(content: &[u8]) -> Cow<'_, [u8]> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).hide_data(content)
}

#[cfg(test)]
mod tests;
