//! Comments that silence a rule: `# loadforge: ignore[rule, rule]`.

use std::collections::BTreeMap;

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::diagnostic::{LintFault, Rule};
use crate::error::nearest;
use crate::python::LineIndex;

/// What is ignored where.
pub(super) struct Ignores<'a> {
    lines: LineIndex<'a>,
    /// Line → names of rules and where they are written.
    by_line: BTreeMap<usize, Vec<(&'a str, TextRange)>>,
}

impl<'a> Ignores<'a> {
    pub(super) fn read(source: &'a str, tokens: &'a Tokens) -> Self {
        let lines = LineIndex::of(source);
        let mut by_line: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for token in tokens.iter().filter(|token| token.kind() == TokenKind::Comment) {
            let names = names(source, token.range());
            if names.is_empty() {
                continue;
            }
            let (line, column) = lines.place(token.start());
            let before = source[..token.start().to_usize()].chars().rev().take(column - 1);
            // A comment on a line of its own is about the next line.
            let alone = before.into_iter().all(char::is_whitespace);
            by_line.entry(if alone { line + 1 } else { line }).or_default().extend(names);
        }
        Self { lines, by_line }
    }

    pub(super) fn silence(&self, rule: Rule, range: TextRange) -> bool {
        let (line, _) = self.lines.place(range.start());
        self.by_line.get(&line).is_some_and(|names| names.iter().any(|(name, _)| *name == rule.name()))
    }

    /// Names that are no rule's: their comment silences nothing.
    pub(super) fn unknown(&self) -> Vec<LintFault> {
        let known = Rule::ALL.map(Rule::name);
        let unknown = self.by_line.values().flatten().filter(|(name, _)| !known.contains(name));
        unknown
            .map(|(name, range)| LintFault {
                rule: Rule::UnknownRule,
                range: *range,
                message: format!("there is no rule `{name}`, so this comment ignores nothing"),
                instead: match nearest(name, known) {
                    Some(near) => format!("# loadforge: ignore[{near}]"),
                    None => format!("one of {}", known.join(", ")),
                },
            })
            .collect()
    }
}

/// The names in the brackets of `# loadforge: ignore[…]`.
fn names(source: &str, comment: TextRange) -> Vec<(&str, TextRange)> {
    let text = &source[comment];
    let list = text.trim_start_matches('#').trim_start().strip_prefix("loadforge:").and_then(|rest| {
        let list = rest.trim_start().strip_prefix("ignore")?.trim_start().strip_prefix('[')?;
        Some(&list[..list.find(']')?])
    });
    list.into_iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            // `name` is a part of `text`, so the difference of their addresses is its offset.
            let offset = TextSize::try_from(name.as_ptr().addr() - text.as_ptr().addr()).unwrap_or_default();
            (name, TextRange::at(comment.start() + offset, TextSize::of(name)))
        })
        .collect()
}
