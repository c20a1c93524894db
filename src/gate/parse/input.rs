//! The text being parsed, the faults found in it, and the words all rules share.

use std::ops::Range;

use winnow::ascii::multispace0;
use winnow::error::{ErrMode, ParserError};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location, Stream};
use winnow::token::take_while;

pub(super) type Input<'i> = LocatingSlice<&'i str>;
pub(super) type Parsed<T> = Result<T, ErrMode<ParseFault>>;

/// What is wrong and where; the gate's text is added at the rim.
#[derive(Debug)]
pub(super) struct ParseFault {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl<'i> ParserError<Input<'i>> for ParseFault {
    type Inner = Self;

    fn from_input(input: &Input<'i>) -> Self {
        let at = input.current_token_start();
        Self { span: at..at, message: "this is not understood".into(), hint: None }
    }

    fn into_inner(self) -> Result<Self::Inner, Self> {
        Ok(self)
    }
}

/// Stops the parse at this place.
pub(super) fn stop<T>(span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> Parsed<T> {
    Err(ErrMode::Cut(ParseFault { span, message: message.into(), hint: Some(hint.into()) }))
}

/// The place of the next token, up to the next white space.
pub(super) fn next_token(input: &Input<'_>) -> Range<usize> {
    let start = input.current_token_start();
    let rest: &str = input.as_ref();
    start..start + rest.find(char::is_whitespace).unwrap_or(rest.len())
}

/// Letters, digits, `_` and `.`, white space after them.
fn word<'i>(input: &mut Input<'i>) -> Parsed<&'i str> {
    bare_word(input).and_then(|word| multispace0.parse_next(input).map(|_: &str| word))
}

pub(super) fn bare_word<'i>(input: &mut Input<'i>) -> Parsed<&'i str> {
    take_while(1.., |c: char| c.is_alphanumeric() || c == '_' || c == '.').parse_next(input)
}

/// Exactly this word, white space after it; nothing is consumed when it is another word.
pub(super) fn keyword(input: &mut Input<'_>, wanted: &str) -> bool {
    let start = input.checkpoint();
    let found = word(input).is_ok_and(|word| word == wanted);
    if !found {
        input.reset(&start);
    }
    found
}
