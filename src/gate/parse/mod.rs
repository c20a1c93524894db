//! From text to a [`Gate`]: the grammar, with an error for everything people get wrong.
//!
//! ```text
//! gate      = [ severity ":" ] measure [ "of" selector ] condition [ scope ]
//! severity  = "fail" | "warn"
//! measure   = "p" number | the name of a measure without an argument | "errors(" class ")" | "drift(" measure ")"
//! class     = status code | "4xx" | "5xx" | "auth" | "gateway" | "rate_limit" | "timeout" | "connection" | "other"
//! selector  = name or "METHOD name" in quotes; `\"` is a quote, `\\` a backslash
//! condition = operator value | operator change "vs baseline"
//! operator  = "<" | "<=" | ">" | ">=" | "=="
//! value     = number with unit: ms, s, %, /s; plain for requests, failures and errors(class)
//! change    = signed percentage
//! scope     = "after ramp-up" | "in" percentage "of windows" [ "after ramp-up" ]
//! ```

mod condition;
mod input;
mod measure;
mod scope;
mod selector;
mod stop_rule;
mod units;

use std::str::FromStr;

use winnow::ascii::multispace0;
use winnow::combinator::{eof, opt, terminated};
use winnow::error::ErrMode;
use winnow::prelude::*;
use winnow::stream::{Location, Stream};

use self::input::{Input, ParseFault, Parsed, bare_word, stop};
use super::{Accepted, Gate, GateError};
use crate::error::nearest;
use crate::verdict::Severity;

fn gate(input: &mut Input<'_>) -> Parsed<Gate> {
    multispace0.parse_next(input)?;
    if eof::<_, ParseFault>.parse_next(input).is_ok() {
        let at = input.current_token_start();
        return stop(at..at, "the gate is empty", "write what must hold, such as `p95 < 500ms`");
    }
    let severity = severity(input)?;
    let start = input.current_token_start();
    let measure = measure::measure(input, false)?;
    let measure_span = start..input.previous_token_end();
    multispace0.parse_next(input)?;
    let selector = selector::selector(input)?;
    let condition = condition::condition(input, &measure)?;
    multispace0.parse_next(input)?;
    let scope = scope::scope(input, &measure, &measure_span, condition)?;
    trailing(input)?;
    Ok(Gate { severity, measure, selector, condition, scope })
}

fn severity(input: &mut Input<'_>) -> Parsed<Severity> {
    let start = input.checkpoint();
    let at = input.current_token_start();
    let found = opt(terminated(bare_word.with_span(), (multispace0, ':', multispace0))).parse_next(input)?;
    match found {
        None => {
            input.reset(&start);
            Ok(Severity::Fail)
        }
        Some(("fail", _)) => Ok(Severity::Fail),
        Some(("warn", _)) => Ok(Severity::Warn),
        Some((other, span)) => {
            let meant = match other {
                "error" | "critical" | "fatal" | "block" => "fail",
                _ => nearest(other, ["fail", "warn"]).unwrap_or("warn"),
            };
            stop(
                at..span.end,
                format!("unknown severity `{other}`"),
                format!("did you mean `{meant}:`? A gate is `fail:` (the default) or `warn:`"),
            )
        }
    }
}

/// Nothing may follow the gate.
fn trailing(input: &mut Input<'_>) -> Parsed<()> {
    multispace0.parse_next(input)?;
    let rest: &str = input.as_ref();
    let rest = rest.trim_end();
    if rest.is_empty() {
        return Ok(());
    }
    let start = input.current_token_start();
    let first = rest.split(char::is_whitespace).next().unwrap_or_default();
    let hint = match first {
        "of" => "write the selector before the comparison: p95 of \"POST /login\" < 500ms".to_owned(),
        "and" | "or" | "&&" | "||" | "," | ";" => "write one gate per line".to_owned(),
        "vs" => "a gate compares with the baseline once, right after the change: p95 <= +10% vs baseline".to_owned(),
        "for" | "over" | "within" | "during" => {
            "a part of the run is `after ramp-up`, or `in 99% of windows`".to_owned()
        }
        _ => match nearest(first, ["after", "in", "vs"]) {
            Some(meant) if meant != first => format!("did you mean `{meant}`?"),
            _ => "after the comparison only `after ramp-up` or `in 99% of windows` may follow".to_owned(),
        },
    };
    stop(start..start + rest.len(), format!("unexpected text after the gate: `{rest}`"), hint)
}

impl FromStr for Gate {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        gate(&mut Input::new(text)).map_err(|error| placed(text, error))
    }
}

impl FromStr for Accepted {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        condition::accepted(&mut Input::new(text)).map_err(|error| placed(text, error))
    }
}

fn placed(text: &str, error: ErrMode<ParseFault>) -> GateError {
    match error {
        ErrMode::Backtrack(fault) | ErrMode::Cut(fault) => GateError::new(text, fault.span, fault.message, fault.hint),
        ErrMode::Incomplete(_) => GateError::new(text, text.len()..text.len(), "this is not complete".into(), None),
    }
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wrong;
#[cfg(test)]
mod wrong_conditions;
