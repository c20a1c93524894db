//! Reading a Locust script for the faults that make a load test useless or dangerous, on a real Python parser.
//!
//! [`check`] gives the [`Diagnostic`]s of one script; [`render_text`] and [`render_json`] write them. A comment
//! `# loadforge: ignore[rule]` on the line, or alone on the line above, silences a rule there.

mod diagnostic;
mod error;
mod ignore;
mod render;
mod rules;
mod script;
mod value;

pub use crate::python::ParseError;
pub use diagnostic::{Diagnostic, LintSeverity, Rule};
pub use error::LintError;
pub use render::{Checked, render_json, render_text};

use std::path::Path;

use crate::exit::Exit;
use crate::python;

/// The faults of a script, by line and column.
///
/// # Errors
/// When it is not Python; the error names the place.
pub fn check(source: &str) -> Result<Vec<Diagnostic>, ParseError> {
    python::with_module(source, |module| {
        let script = script::ParsedScript::read(module.syntax());
        let mut found = rules::run(&script);
        let ignores = ignore::Ignores::read(source, module.tokens());
        found.retain(|fault| !ignores.silence(fault.rule, fault.range));
        found.extend(ignores.unknown());
        let lines = python::LineIndex::of(source);
        let mut diagnostics: Vec<Diagnostic> = found.into_iter().map(|fault| fault.at(&lines)).collect();
        diagnostics.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column, diagnostic.rule));
        diagnostics
    })
}

/// The faults of a script in a file.
///
/// # Errors
/// When it cannot be read or is not Python; the error names the file and the place.
pub fn check_file(path: &Path) -> Result<Vec<Diagnostic>, LintError> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| LintError::Read { file: file.clone(), source })?;
    let source = String::from_utf8(bytes).map_err(|_| LintError::Encoding { file: file.clone() })?;
    check(&source).map_err(|source| LintError::Parse { file, source })
}

/// How `lint` ends: with 1 when there is an error among the diagnostics; warnings alone pass.
#[must_use]
pub fn exit<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> Exit {
    let failed = diagnostics.into_iter().any(|diagnostic| diagnostic.severity == LintSeverity::Error);
    if failed { Exit::GateFailed } else { Exit::Passed }
}
