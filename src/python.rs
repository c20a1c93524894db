//! From Python text to a syntax tree, whatever the text is, and from offsets to lines: what `lint` reads, and what finds
//! the place for a script's environment variables.

use ruff_python_ast::ModModule;
use ruff_python_parser::{Parsed, parse_module};
use ruff_text_size::{Ranged, TextSize};

use crate::error::Explain;
use crate::exit::Exit;

/// Larger files are no Locust scripts.
const MOST_BYTES: usize = 128 * 1024;
/// Deepest nesting of brackets. Python's own limit is 200 (`MAXLEVEL` of CPython's tokenizer); one level takes the
/// parser more stack than any other single byte can.
const MOST_BRACKETS: usize = 1_000;
/// Stack for a tree of any shape: a part for the brackets, and for each byte of the source what one level of anything
/// else takes, with room to spare in a debug build.
const STACK_BYTES: usize = 32 * 1024 * 1024;
const STACK_BYTES_A_BYTE: usize = 4 * 1024;

/// The text is not Python.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

impl Explain for ParseError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// Parses a module and passes it to a function. The tree is created, used and dropped on a thread with enough stack
/// for the deepest tree its text can hold, because parser, visitors and drop are recursive.
pub(crate) fn with_module<T: Send>(
    source: &str,
    use_it: impl FnOnce(&Parsed<ModModule>) -> T + Send,
) -> Result<T, ParseError> {
    let at = |offset: TextSize, message: String| {
        let (line, column) = LineIndex::of(source).place(offset);
        ParseError { line, column, message }
    };
    if source.len() > MOST_BYTES {
        return Err(at(TextSize::default(), format!("the file is larger than {} KiB", MOST_BYTES / 1024)));
    }
    if let Some(offset) = too_many_brackets(source) {
        return Err(at(offset, format!("more than {MOST_BRACKETS} nested brackets")));
    }
    let parse = || match parse_module(source) {
        Ok(module) => Ok(use_it(&module)),
        Err(error) => Err(at(error.range().start(), error.error.to_string())),
    };
    std::thread::scope(|scope| {
        let stack = STACK_BYTES + source.len() * STACK_BYTES_A_BYTE;
        let thread = std::thread::Builder::new().name("python".into()).stack_size(stack);
        match thread.spawn_scoped(scope, parse).map(|thread| thread.join()) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(at(TextSize::default(), "the parser failed on this file; please report it".into())),
            Err(error) => Err(at(TextSize::default(), format!("no memory to parse this file: {error}"))),
        }
    })
}

/// Where brackets are nested too deep. Those in strings and comments count, too: f-strings may hold any code.
fn too_many_brackets(source: &str) -> Option<TextSize> {
    let mut depth = 0_usize;
    let too_many = source.bytes().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MOST_BRACKETS
    });
    too_many.and_then(|index| TextSize::try_from(index).ok())
}

/// Whether a text is Python that can be parsed here.
pub(crate) fn parses(source: &str) -> bool {
    with_module(source, |_| ()).is_ok()
}

/// Where each line of a text begins.
#[derive(Debug)]
pub(crate) struct LineIndex<'a> {
    source: &'a str,
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    pub(crate) fn of(source: &'a str) -> Self {
        let bytes = source.as_bytes();
        // As Python counts lines: `\n`, `\r\n` and a lone `\r` end one.
        let ends = (0..bytes.len())
            .filter(|&index| bytes[index] == b'\n' || (bytes[index] == b'\r' && bytes.get(index + 1) != Some(&b'\n')));
        Self { source, starts: std::iter::once(0).chain(ends.map(|index| index + 1)).collect() }
    }

    /// Line and column in characters, both from 1.
    pub(crate) fn place(&self, offset: TextSize) -> (usize, usize) {
        let offset = offset.to_usize().min(self.source.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = self.source.get(self.starts[line - 1]..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::check;

    #[test]
    fn places_are_counted_in_characters_and_pythons_lines() {
        let lines = LineIndex::of("a\r\nb\rü = x\n");
        let place = |offset: u32| lines.place(offset.into());
        assert_eq!([place(0), place(3), place(5), place(10), place(99)], [(1, 1), (2, 1), (3, 1), (3, 5), (4, 1)]);
    }

    #[test]
    fn what_is_no_python_is_told_with_its_place() {
        let error = check("import os\nclass A(:\n    pass\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 9), "{error}");
    }

    #[test]
    fn no_depth_overflows_the_stack() {
        let deep =
            |open: &str, close: &str, count: usize| format!("x = {}1{}\n", open.repeat(count), close.repeat(count));
        assert!(check(&deep("(", ")", 950)).is_ok());
        assert!(check(&deep("(", ")", 10_000)).unwrap_err().message.contains("nested brackets"));
        for text in [
            deep("~", "", 50_000),
            deep("not ", "", 15_000),
            deep("lambda:", "", 8_000),
            deep("1+", "", 25_000),
            deep("1**", "", 20_000),
            deep("a if b else ", "", 5_000),
            format!("x = a{}\n", ".b".repeat(25_000)),
            format!("x = a{}\n", "()".repeat(25_000)),
            format!("x = {}1{}\n", "f'{".repeat(900), "}'".repeat(900)),
            format!("x = f'{{{}", "(".repeat(990)),
            format!("x = {}", "(')'+".repeat(10_000)),
        ] {
            let _ = check(&text);
        }
        assert!(check(&"x = 1\n".repeat(50_000)).unwrap_err().message.contains("128 KiB"));
    }
}
