//! Environment variables for a script: a line of Python that sets them before the script's own first line.

use std::fmt::Write as _;
use std::ops::Range;

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;
use secrecy::{ExposeSecret, SecretString};

use crate::python;

/// Whether a script can be given this variable: Python refuses a name that is empty or holds `=`, and NUL anywhere.
#[must_use]
pub fn is_allowed(name: &str, value: &SecretString) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !value.expose_secret().contains('\0')
}

/// The script with a line that sets `env` put before its first statement, but after a module docstring and
/// `from __future__` imports, which Python wants first.
///
/// The line is separate: a traceback prints the lines it names, and so never one with a secret in it. It takes the
/// place of an empty line where there is one, so that the line numbers of tracebacks stay those of the script.
#[must_use]
pub fn prelude(env: &[(String, SecretString)], script: &str) -> String {
    if env.is_empty() {
        return script.to_owned();
    }
    let line = line(env);
    let Ok((end, next)) = python::with_module(script, |module| {
        let body = &module.syntax().body;
        let first = body.iter().enumerate().take_while(|(index, stmt)| must_come_first(*index, stmt)).count();
        let next = body.get(first).map_or(script.len(), |stmt| stmt.start().to_usize());
        (first.checked_sub(1).and_then(|last| body.get(last)).map(|stmt| stmt.end().to_usize()), next)
    }) else {
        // The script will not load, and Python is to say why; or it is larger or deeper than any script need be.
        return at_the_top(&line, script);
    };
    let Some(end) = end else {
        let start = if script.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let with = on_own_line(&line, script, start..next.max(start));
        // An empty line may be the end of one that a backslash continues.
        return if python::parses(&with) { with } else { at_the_top(&line, script) };
    };
    let with = on_own_line(&line, script, gap_after(script, end, next));
    // A line continued with a backslash cannot be parted; on the docstring's line the prelude is as good.
    if python::parses(&with) { with } else { format!("{}; {line}{}", &script[..end], &script[end..]) }
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

/// One line of ASCII Python that sets the variables and leaves no name behind.
fn line(env: &[(String, SecretString)]) -> String {
    let pairs: Vec<_> = env
        .iter()
        .map(|(name, value)| format!("{}: {}", python_text(name), python_text(value.expose_secret())))
        .collect();
    format!("__import__(\"os\").environ.update({{{}}})", pairs.join(", "))
}

/// A Python string literal, in ASCII whatever the script's encoding is.
fn python_text(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ruff_python_parser::parse_module;

    use super::*;

    fn env() -> Vec<(String, SecretString)> {
        vec![("A".to_owned(), SecretString::from("1"))]
    }

    const LINE: &str = "__import__(\"os\").environ.update({\"A\": \"1\"})";

    #[track_caller]
    fn becomes(script: &str, expected: &str) {
        let with = prelude(&env(), script);
        assert_eq!(with, expected.replace("{}", LINE));
        parse_module(&with).unwrap();
    }

    #[test]
    fn the_line_comes_before_the_first_statement() {
        becomes("import os\n", "{}\nimport os\n");
        becomes("", "{}\n");
        becomes("# comment\nclass A:\n    pass\n", "# comment\n{}\nclass A:\n    pass\n");
        becomes("@dec\ndef f(): pass\n", "{}\n@dec\ndef f(): pass\n");
        becomes("\u{feff}import os\n", "\u{feff}{}\nimport os\n");
        becomes("(1)\n", "{}\n(1)\n");
    }

    #[test]
    fn an_empty_line_is_taken_so_that_line_numbers_stay() {
        becomes("# coding: utf-8\n\n\nimport os\n", "# coding: utf-8\n\n{}\nimport os\n");
        becomes("\"\"\"Doc.\"\"\"\n\nimport os\n", "\"\"\"Doc.\"\"\"\n{}\nimport os\n");
        becomes("\"\"\"Doc.\"\"\"\r\n\r\nimport os\r\n", "\"\"\"Doc.\"\"\"\r\n{}\r\nimport os\r\n");
    }

    #[test]
    fn a_docstring_and_future_imports_stay_first() {
        becomes(
            "\"\"\"Doc\n\nmore.\"\"\"\nfrom __future__ import annotations\nimport os\n",
            "\"\"\"Doc\n\nmore.\"\"\"\nfrom __future__ import annotations\n{}\nimport os\n",
        );
        becomes(
            "from __future__ import (\n  annotations,\n)  # why\nimport os\n",
            "from __future__ import (\n  annotations,\n)  # why\n{}\nimport os\n",
        );
        becomes("\"\"\"Doc.\"\"\"; import os; x = 1\n", "\"\"\"Doc.\"\"\"\n{}\nimport os; x = 1\n");
        becomes("('Doc')\nimport os\n", "('Doc')\n{}\nimport os\n");
        becomes("\t\\\n\n", "{}\n\t\\\n\n");
        becomes("'''Doc.''' \\\n\n", "'''Doc.'''; {} \\\n\n");
        becomes("'''Doc.'''", "'''Doc.'''\n{}\n");
        becomes("x = 1\n'not a docstring'\n", "{}\nx = 1\n'not a docstring'\n");
    }

    #[test]
    fn a_script_that_does_not_parse_still_fails_with_its_own_words() {
        assert_eq!(prelude(&env(), "#!x\ndef (:\n"), format!("#!x\n{LINE}\ndef (:\n"));
    }

    #[test]
    fn no_depth_overflows_the_stack() {
        for script in [format!("x = {}1\n", "not ".repeat(30_000)), format!("x = {}", "(".repeat(100_000))] {
            assert_eq!(prelude(&env(), &script), format!("{LINE}\n{script}"));
        }
    }

    #[test]
    fn values_are_encoded_safely() {
        let env = vec![("P".to_owned(), SecretString::from("a\"b\\c\n\u{1f511}'é{}"))];
        assert_eq!(
            prelude(&env, ""),
            "__import__(\"os\").environ.update({\"P\": \"a\\\"b\\\\c\\U0000000a\\U0001f511'\\U000000e9{}\"})\n"
        );
        assert_eq!(prelude(&[], "x = 1\n"), "x = 1\n");
        assert!(!is_allowed("A=B", &SecretString::from("x")) && !is_allowed("A", &SecretString::from("\0")));
    }

    proptest! {
        #[test]
        fn any_script_that_parses_still_does(
            parts in prop::collection::vec(prop::sample::select(vec![
                "'''doc'''", "\n", "\n\n", ";", " ", "from __future__ import annotations", "import os", "# c\n",
                "x = 1", "class A:\n  pass\n", "\\\n", "\r\n", "'a' 'b'", "(\n'd'\n)", "\t", "\u{c}", "if x: pass",
            ]), 0..8),
            value in any::<String>(),
        ) {
            let script = parts.concat();
            if parse_module(&script).is_ok() {
                let with = prelude(&[("A".to_owned(), SecretString::from(value))], &script);
                prop_assert!(parse_module(&with).is_ok(), "{script:?} became {with:?}");
            }
        }

        #[test]
        fn any_text_is_taken_without_a_panic(script in any::<String>()) {
            let _ = prelude(&env(), &script);
        }
    }
}
