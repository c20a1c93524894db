//! Environment variables for a script: a line of Python that sets them before the script's own first line.

use secrecy::{ExposeSecret, SecretString};

use crate::project::{python_text, with_first_line};

/// Whether a script can be given this variable: Python refuses a name that is empty or holds `=`, and NUL anywhere.
#[must_use]
pub fn is_allowed(name: &str, value: &SecretString) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !value.expose_secret().contains('\0')
}

/// The line that sets `env`, to be put before a script's first statement; empty without variables.
pub(super) fn prelude_line(env: &[(String, SecretString)]) -> String {
    if env.is_empty() { String::new() } else { line(env) }
}

/// The script with the line that sets `env` put before its first statement.
#[must_use]
pub fn prelude(env: &[(String, SecretString)], script: &str) -> String {
    with_first_line(&prelude_line(env), script)
}

/// One line of ASCII Python that sets the variables and leaves no name behind.
fn line(env: &[(String, SecretString)]) -> String {
    let pairs: Vec<_> = env
        .iter()
        .map(|(name, value)| format!("{}: {}", python_text(name), python_text(value.expose_secret())))
        .collect();
    format!("__import__(\"os\").environ.update({{{}}})", pairs.join(", "))
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
            "__import__(\"os\").environ.update({\"P\": \"a\\\"b\\\\c\\n\\U0001f511'\\U000000e9{}\"})\n"
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
