//! A stop rule: `measure [ "of" selector ] operator value "for" duration`.

use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use winnow::ascii::multispace0;
use winnow::combinator::eof;
use winnow::prelude::*;
use winnow::stream::Location;
use winnow::token::take_while;

use super::input::{Input, ParseFault, Parsed, keyword, next_token, stop};
use super::{condition, measure, placed, selector};
use crate::gate::{Condition, GateError, Measure, StopRule};
use crate::verdict::Operator;

/// The shortest time a condition must hold: within a few seconds everything happens.
const SHORTEST: Duration = Duration::from_secs(5);

const EXAMPLE: &str = "error_rate > 50% for 30s";

fn stop_rule(input: &mut Input<'_>) -> Parsed<StopRule> {
    multispace0.parse_next(input)?;
    let start = input.current_token_start();
    if eof::<_, ParseFault>.parse_next(input).is_ok() {
        return stop(start..start, "the stop rule is empty", format!("write when to stop, such as `{EXAMPLE}`"));
    }
    let measure = measure::measure(input, false)?;
    if matches!(measure, Measure::Drift(_)) {
        let end = input.previous_token_end();
        return stop(start..end, "a drift is known only when the run is over", "stop by p95, avg or error_rate");
    }
    multispace0.parse_next(input)?;
    let selector = selector::selector(input)?;
    let start = input.current_token_start();
    let condition = condition::condition(input, &measure)?;
    let end = input.previous_token_end();
    let Condition::Fixed { operator, limit } = condition else {
        return stop(start..end, "a stop rule needs a written limit", format!("write for example `{EXAMPLE}`"));
    };
    if operator == Operator::Equal {
        return stop(start..end, "`==` does not work in a stop rule", "write >, >=, < or <=");
    }
    multispace0.parse_next(input)?;
    let lasting = lasting(input)?;
    multispace0.parse_next(input)?;
    let rest: &str = input.as_ref();
    if !rest.trim_end().is_empty() {
        let start = input.current_token_start();
        let message = format!("unexpected text after the stop rule: `{}`", rest.trim_end());
        return stop(start..start + rest.trim_end().len(), message, "write one rule per line");
    }
    Ok(StopRule { measure, selector, operator, limit, lasting })
}

/// `for 30s`
fn lasting(input: &mut Input<'_>) -> Parsed<Duration> {
    if !keyword(input, "for") {
        let hint = format!("write for how long it must hold: `{EXAMPLE}`");
        return stop(next_token(input), "expected `for` and a duration", hint);
    }
    let start = input.current_token_start();
    let text: &str = take_while(0.., |c: char| !c.is_whitespace()).parse_next(input)?;
    let span = start..start + text.len();
    match text.parse::<SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok()) {
        Some(lasting) if lasting >= SHORTEST => Ok(lasting),
        Some(_) => stop(span, format!("`{text}` is too short: a few seconds say nothing"), "write 5s or more"),
        None if text.is_empty() => {
            stop(span, "expected a duration after `for`", "write a number with its unit, such as 30s or 2m")
        }
        None => stop(span, format!("`{text}` is not a duration"), "write a number with its unit, such as 30s or 2m"),
    }
}

impl FromStr for StopRule {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        stop_rule(&mut Input::new(text)).map_err(|error| placed(text, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Explain;

    #[test]
    fn rules_are_read_and_written_in_one_spelling() {
        for (written, canonical) in [
            ("error_rate > 50% for 30s", "error_rate > 50% for 30s"),
            ("  error_rate>50%   for 1m  ", "error_rate > 50% for 1m"),
            ("avg >= 2s for 90s", "avg >= 2s for 1m30s"),
            ("rps < 1/s for 60s", "rps < 1/s for 1m"),
            ("failures > 1000 for 5s", "failures > 1000 for 5s"),
            ("p95 of \"POST /login\" > 3s for 30s", "p95 of \"POST /login\" > 3s for 30s"),
            ("errors(5xx) > 20% for 30s", "errors(5xx) > 20% for 30s"),
        ] {
            let rule: StopRule = written.parse().unwrap();
            assert_eq!(rule.to_string(), canonical);
            assert_eq!(canonical.parse::<StopRule>().unwrap(), rule);
        }
    }

    #[test]
    fn what_is_wrong_is_shown_with_what_to_write() {
        let wrong = |text: &str| {
            let fault = text.parse::<StopRule>().unwrap_err();
            format!("{} | {}", fault.message(), fault.hint().unwrap_or_default())
        };
        let list = [
            "",
            "error_rate > 50%",
            "error_rate > 50% for",
            "error_rate > 50% for 30",
            "error_rate > 50% for 2s",
            "error_rate > 50% over 30s",
            "error_rate > 50% for 30s after ramp-up",
            "error_rate > +50% vs baseline for 30s",
            "requests == 5 for 30s",
            "drift(p95) > 20% for 30s",
            "latency > 2s for 30s",
        ];
        insta::assert_snapshot!(list.map(wrong).join("\n"), @"
        the stop rule is empty | write when to stop, such as `error_rate > 50% for 30s`
        expected `for` and a duration | write for how long it must hold: `error_rate > 50% for 30s`
        expected a duration after `for` | write a number with its unit, such as 30s or 2m
        `30` is not a duration | write a number with its unit, such as 30s or 2m
        `2s` is too short: a few seconds say nothing | write 5s or more
        expected `for` and a duration | write for how long it must hold: `error_rate > 50% for 30s`
        unexpected text after the stop rule: `after ramp-up` | write one rule per line
        a stop rule needs a written limit | write for example `error_rate > 50% for 30s`
        `==` does not work in a stop rule | write >, >=, < or <=
        a drift is known only when the run is over | stop by p95, avg or error_rate
        unknown measure `latency` | did you mean `p95`?
        ");
    }

    #[test]
    fn loadforge_shows_only_figures_of_all_requests() {
        let shown = |text: &str| text.parse::<StopRule>().unwrap().is_shown_by_loadforge();
        for text in [
            "requests < 1 for 60s",
            "failures > 9 for 5s",
            "error_rate > 5% for 5s",
            "avg > 1s for 5s",
            "median > 1s for 5s",
            "rps < 1/s for 9s",
        ] {
            assert!(shown(text), "{text}");
        }
        for text in ["p95 > 1s for 5s", "max > 9s for 5s", "errors(5xx) > 9 for 5s", "avg of \"GET /\" > 1s for 5s"] {
            assert!(!shown(text), "{text}");
        }
    }
}
