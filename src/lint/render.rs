//! How diagnostics are written.

use serde::Serialize;

use super::diagnostic::Diagnostic;

/// A file and its diagnostics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The file, as it was named.
    pub file: String,
    /// Its faults.
    pub diagnostics: Vec<Diagnostic>,
}

/// `file:line:column: severity[rule]: message`, then what to write instead, indented. Empty when there is no fault.
#[must_use]
pub fn render_text(checked: &[Checked]) -> String {
    let mut text = String::new();
    for Checked { file, diagnostics } in checked {
        for Diagnostic { line, column, severity, rule, message, instead } in diagnostics {
            text.push_str(&format!("{file}:{line}:{column}: {severity}[{rule}]: {message}\n    instead: {instead}\n"));
        }
    }
    text
}

/// A JSON array with one object a diagnostic: `file`, `line`, `column`, `severity`, `rule`, `message`, `instead`.
#[must_use]
pub fn render_json(checked: &[Checked]) -> String {
    #[derive(Serialize)]
    struct Entry<'a> {
        file: &'a str,
        #[serde(flatten)]
        diagnostic: &'a Diagnostic,
    }
    let entries: Vec<Entry<'_>> = checked
        .iter()
        .flat_map(|checked| checked.diagnostics.iter().map(|diagnostic| Entry { file: &checked.file, diagnostic }))
        .collect();
    // Strings and numbers alone cannot fail to serialize.
    let mut text = serde_json::to_string_pretty(&entries).unwrap_or_default();
    text.push('\n');
    text
}
