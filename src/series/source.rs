//! Where a history comes from.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The stats history CSV of a run, opened only when something needs it, and read once.
pub struct StatsHistory<'a> {
    pub(super) name: String,
    pub(super) open: Box<dyn FnOnce() -> io::Result<Box<dyn Read + 'a>> + 'a>,
}

impl<'a> StatsHistory<'a> {
    /// A history file.
    #[must_use]
    pub fn file(path: &'a Path) -> Self {
        let open = move || File::open(path).map(|file| Box::new(file) as Box<dyn Read>);
        Self { name: path.display().to_string(), open: Box::new(open) }
    }

    /// A history that is in memory; `name` names it in messages.
    #[must_use]
    pub fn text(name: impl Into<String>, content: &'a [u8]) -> Self {
        Self::stream(name, content)
    }

    /// A history that can be read only once; `name` names it in messages.
    #[must_use]
    pub fn stream(name: impl Into<String>, source: impl Read + 'a) -> Self {
        Self { name: name.into(), open: Box::new(move || Ok(Box::new(source) as Box<dyn Read>)) }
    }
}
