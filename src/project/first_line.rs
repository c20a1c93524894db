//! A line of Python put before a script's own first statement.

use std::fmt::Write as _;
use std::ops::Range;

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use crate::python;

/// Stands for the line while it is tried where it fits: the line itself may be larger than what is parsed.
const STAND_IN: &str = "pass";

/// The script with a line put before its first statement, but after a module docstring and `from __future__` imports, which
/// Python wants first.
///
/// The line is separate: a traceback prints the lines it names, and so never one with a secret in it. It takes the
/// place of an empty line where there is one, so that the line numbers of tracebacks stay those of the script.
#[must_use]
pub fn with_first_line(line: &str, script: &str) -> String {
    if line.is_empty() {
        return script.to_owned();
    }
    let Ok((end, next)) = python::with_module(script, |module| {
        let body = &module.syntax().body;
        let first = body.iter().enumerate().take_while(|(index, stmt)| must_come_first(*index, stmt)).count();
        let next = body.get(first).map_or(script.len(), |stmt| stmt.start().to_usize());
        (first.checked_sub(1).and_then(|last| body.get(last)).map(|stmt| stmt.end().to_usize()), next)
    }) else {
        // The script will not load, and Python is to say why; or it is larger or deeper than any script need be.
        return at_the_top(line, script);
    };
    let Some(end) = end else {
        let start = if script.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let gap = start..next.max(start);
        // An empty line may be the end of one that a backslash continues.
        let fits = python::parses(&on_own_line(STAND_IN, script, gap.clone()));
        return if fits { on_own_line(line, script, gap) } else { at_the_top(line, script) };
    };
    let gap = gap_after(script, end, next);
    // A line continued with a backslash cannot be parted; on the docstring's line the new one is as good.
    let fits = python::parses(&on_own_line(STAND_IN, script, gap.clone()));
    if fits { on_own_line(line, script, gap) } else { format!("{}; {line}{}", &script[..end], &script[end..]) }
}

/// Puts the line above everything but the comments at the top, which may name the encoding.
fn at_the_top(line: &str, script: &str) -> String {
    let is_comment = |text: &&str| text.trim_start_matches('\u{feff}').starts_with('#');
    let top: usize = script.split_inclusive('\n').take_while(is_comment).map(str::len).sum();
    on_own_line(line, script, top..top)
}

/// Puts the line into a gap of comments and empty lines: in place of the last empty one, else at its end.
fn on_own_line(line: &str, script: &str, gap: Range<usize>) -> String {
    let (before, within, after) = (&script[..gap.start], &script[gap.clone()], &script[gap.end..]);
    if let Some(empty) = last_empty_line(within) {
        return format!("{before}{}{line}{}{after}", &within[..empty.start], &within[empty.end..]);
    }
    let before = format!("{before}{within}");
    let on_new_line = before.is_empty() || before.ends_with(['\n', '\u{feff}']);
    // What follows on the same line as a docstring does so after a `;`.
    let rest = if on_new_line { after } else { after.strip_prefix(';').unwrap_or(after).trim_start_matches(' ') };
    format!("{before}{}{line}\n{rest}", if on_new_line { "" } else { "\n" })
}

/// Where the line may go: from the end of what must come first to the first statement after it.
fn gap_after(script: &str, end: usize, next: usize) -> Range<usize> {
    let rest_of_line = script[end..].split('\n').next().unwrap_or_default();
    // Further statements on the last line of what comes first: the line goes right between them.
    if rest_of_line.trim_start().starts_with(';') {
        let semicolon = end + rest_of_line.find(';').unwrap_or_default();
        return semicolon..semicolon;
    }
    let next_line = (end + rest_of_line.len() + 1).min(script.len());
    next_line..next.max(next_line)
}

/// A Python string literal, in ASCII whatever the script's encoding is.
#[must_use]
pub fn python_text(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            '\n' => literal.push_str("\\n"),
            ' '..='~' => literal.push(c),
            _ => {
                // Writing to a `String` cannot fail.
                let _ = write!(literal, "\\U{:08x}", u32::from(c));
            }
        }
    }
    literal.push('"');
    literal
}

/// A docstring as the very first statement, or a `from __future__` import.
fn must_come_first(index: usize, stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Expr(expr) => index == 0 && matches!(*expr.value, Expr::StringLiteral(_)),
        Stmt::ImportFrom(import) => import.module.as_ref().is_some_and(|module| module.as_str() == "__future__"),
        _ => false,
    }
}

/// The last line of a text that holds nothing but white space, without its end.
fn last_empty_line(text: &str) -> Option<Range<usize>> {
    let mut start = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n').trim_end_matches('\r');
        if line.ends_with('\n') && content.trim().is_empty() {
            found = Some(start..start + content.len());
        }
        start += line.len();
    }
    found
}
