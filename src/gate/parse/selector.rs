//! `"of" selector`: which endpoints.

use winnow::ascii::multispace0;
use winnow::combinator::{alt, opt, preceded, repeat};
use winnow::error::ErrMode;
use winnow::prelude::*;
use winnow::stream::Location;
use winnow::token::{none_of, one_of};

use super::input::{Input, ParseFault, Parsed, keyword, next_token, stop};
use crate::gate::Selector;

pub(super) fn selector(input: &mut Input<'_>) -> Parsed<Option<Selector>> {
    if !keyword(input, "of") {
        return Ok(None);
    }
    let start = input.current_token_start();
    if opt('"').parse_next(input)?.is_none() {
        let rest: &str = input.as_ref();
        let name = rest.split(['<', '>', '=']).next().unwrap_or_default().trim().trim_matches(['\'', '`']);
        let hint = if name.is_empty() {
            "write the name as in the script: of \"POST /login\"".to_owned()
        } else {
            format!("write of \"{name}\"")
        };
        return stop(next_token(input), "put the name after `of` in double quotes", hint);
    }
    let text: String = repeat(0.., character)
        .fold(String::new, |mut text, c: char| {
            text.push(c);
            text
        })
        .parse_next(input)?;
    if opt('"').parse_next(input)?.is_none() {
        let end = input.current_token_start();
        return stop(start..end, "the quote is not closed", "write `\"` after the name; a quote within it is `\\\"`");
    }
    let end = input.current_token_start();
    multispace0.parse_next(input)?;
    match Selector::new(&text) {
        Some(selector) => Ok(Some(selector)),
        None => {
            stop(start..end, "the name is empty", "leave out `of` for all requests together; `\"**\"` is each endpoint")
        }
    }
}

fn character(input: &mut Input<'_>) -> Result<char, ErrMode<ParseFault>> {
    alt((preceded('\\', one_of(['"', '\\'])), none_of('"'))).parse_next(input)
}
