//! `measure`: what is measured.

use winnow::ascii::multispace0;
use winnow::combinator::opt;
use winnow::prelude::*;
use winnow::stream::Location;
use winnow::token::take_while;

use super::input::{Input, Parsed, bare_word, next_token, stop};
use crate::error::nearest;
use crate::gate::{ErrorClass, Measure};

/// The measures, for suggestions.
const MEASURES: [&str; 16] = [
    "p50",
    "p75",
    "p90",
    "p95",
    "p98",
    "p99",
    "p99.9",
    "avg",
    "median",
    "min",
    "max",
    "rps",
    "requests",
    "failures",
    "error_rate",
    "drift",
];

/// Other tools' words for our measures.
const SYNONYMS: [(&str, &str); 17] = [
    ("mean", "avg"),
    ("average", "avg"),
    ("med", "median"),
    ("throughput", "rps"),
    ("tps", "rps"),
    ("qps", "rps"),
    ("rate", "rps"),
    ("hits", "requests"),
    ("count", "requests"),
    ("fails", "failures"),
    ("errorrate", "error_rate"),
    ("fail_ratio", "error_rate"),
    ("error_ratio", "error_rate"),
    ("latency", "p95"),
    ("response_time", "p95"),
    ("p", "p95"),
    ("error", "errors(5xx)"),
];

pub(super) fn measure(input: &mut Input<'_>, inside_drift: bool) -> Parsed<Measure> {
    let start = input.current_token_start();
    let Some(word) = opt(bare_word).parse_next(input)? else {
        return stop(next_token(input), "a measure is missing", "write what is measured first, such as `p95` or `rps`");
    };
    let span = start..start + word.len();
    let measure = match word {
        "avg" => Measure::Avg,
        "median" => Measure::Median,
        "min" => Measure::Min,
        "max" => Measure::Max,
        "rps" => Measure::Rps,
        "requests" => Measure::Requests,
        "failures" => Measure::Failures,
        "error_rate" => Measure::ErrorRate,
        "errors" => Measure::Errors(class(input)?),
        "drift" if !inside_drift => drift(input)?,
        _ if word.strip_prefix('p').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.')) => {
            // More decimals than a percentile keeps would be rounded away.
            let decimals = word.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            match word.parse() {
                Ok(percentile) if decimals <= 3 => Measure::Percentile(percentile),
                _ => {
                    return stop(
                        span,
                        format!("`{word}` is not a percentile"),
                        "write p and a number above 0, at most 100, with at most three decimals: p95, p99.9",
                    );
                }
            }
        }
        _ => {
            let lower = word.to_lowercase();
            let synonym = SYNONYMS.iter().find(|(other, _)| *other == lower).map(|(_, ours)| *ours);
            let hint = match synonym.or_else(|| nearest(word, MEASURES)) {
                Some("drift") if inside_drift => "a drift is taken of a time, a rate or rps: drift(p95)".to_owned(),
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "the measures are p95 (any percentile), avg, median, min, max, rps, requests, failures, \
                     error_rate, errors(5xx), drift(p95)"
                    .to_owned(),
            };
            return stop(span, format!("unknown measure `{word}`"), hint);
        }
    };
    Ok(measure)
}

/// The class in `errors(class)`.
fn class(input: &mut Input<'_>) -> Parsed<ErrorClass> {
    const CLASSES: &str = "the classes are a status code such as 503, 4xx, 5xx, auth, gateway, rate_limit, timeout, \
                           connection, other";
    open(input, "errors", "name a class: errors(5xx); for all failures write error_rate or failures")?;
    let start = input.current_token_start();
    let word: &str = take_while(0.., |c: char| c.is_alphanumeric() || c == '_' || c == '-').parse_next(input)?;
    let span = start..start + word.len();
    let class = match word.parse::<u16>() {
        Ok(status) if (100..=599).contains(&status) && word.len() == 3 => ErrorClass::Status(status),
        Ok(_) => return stop(span, format!("`{word}` is not an HTTP status"), "a status code is 100 to 599"),
        Err(_) => match ErrorClass::NAMED.iter().find(|(name, _)| *name == word) {
            Some((_, class)) => *class,
            None => {
                let hint = nearest(word, ErrorClass::NAMED.map(|(name, _)| name))
                    .map_or_else(|| CLASSES.to_owned(), |meant| format!("did you mean `{meant}`? {CLASSES}"));
                let message = if word.is_empty() {
                    "an error class is missing".to_owned()
                } else {
                    format!("unknown error class `{word}`")
                };
                return stop(span, message, hint);
            }
        },
    };
    close(input, "errors")?;
    Ok(class)
}

/// The measure in `drift(measure)`.
fn drift(input: &mut Input<'_>) -> Parsed<Measure> {
    const DRIFTING: &str = "a drift is taken of a percentile, avg, median, max, rps or error_rate: drift(p95)";
    open(input, "drift", DRIFTING)?;
    let start = input.current_token_start();
    let inner = measure(input, true)?;
    let span = start..input.previous_token_end();
    if matches!(inner, Measure::Min | Measure::Requests | Measure::Failures | Measure::Errors(_) | Measure::Drift(_)) {
        return stop(span, format!("`{inner}` has no course over the run"), DRIFTING);
    }
    close(input, "drift")?;
    Ok(Measure::Drift(Box::new(inner)))
}

fn open(input: &mut Input<'_>, name: &str, hint: &str) -> Parsed<()> {
    let at = input.current_token_start();
    match opt((multispace0, '(', multispace0)).parse_next(input)? {
        Some(_) => Ok(()),
        None => stop(at - name.len()..at, format!("`{name}` needs a word in parentheses"), hint),
    }
}

fn close(input: &mut Input<'_>, name: &str) -> Parsed<()> {
    let at = input.current_token_start();
    match opt((multispace0, ')')).parse_next(input)? {
        Some(_) => Ok(()),
        None => stop(at..at, format!("the parenthesis of `{name}(` is not closed"), "write `)` here"),
    }
}
