//! `measure`: what is measured.

use winnow::ascii::multispace0;
use winnow::combinator::opt;
use winnow::prelude::*;
use winnow::stream::Location;
use winnow::token::take_while;

use super::input::{Input, Parsed, bare_word, next_token, stop};
use crate::error::nearest;
use crate::gate::{ErrorClass, Measure};

/// Percentiles that people write, for suggestions.
const PERCENTILES: [&str; 7] = ["p50", "p75", "p90", "p95", "p98", "p99", "p99.9"];

/// Other tools' words for measures that take an argument.
const SYNONYMS: [(&str, &str); 4] =
    [("latency", "p95"), ("response_time", "p95"), ("p", "p95"), ("error", "errors(5xx)")];

/// The names of the measures without an argument.
fn names() -> impl Iterator<Item = &'static str> {
    Measure::PLAIN.iter().map(|(_, plain)| plain.name)
}

/// Our word for another tool's word.
fn synonym(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let plain = Measure::PLAIN.iter().find(|(_, plain)| plain.synonyms.contains(&word.as_str()));
    let richer = || SYNONYMS.iter().find(|(other, _)| *other == word).map(|(_, ours)| *ours);
    plain.map(|(_, plain)| plain.name).or_else(richer)
}

pub(super) fn measure(input: &mut Input<'_>, inside_drift: bool) -> Parsed<Measure> {
    let start = input.current_token_start();
    let Some(word) = opt(bare_word).parse_next(input)? else {
        return stop(next_token(input), "a measure is missing", "write what is measured first, such as `p95` or `rps`");
    };
    let span = start..start + word.len();
    if let Some((measure, _)) = Measure::PLAIN.iter().find(|(_, plain)| plain.name == word) {
        return Ok(measure.clone());
    }
    let measure = match word {
        "errors" => Measure::Errors(class(input)?),
        "drift" if !inside_drift => drift(input)?,
        _ if word.strip_prefix('p').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.')) => {
            // p0.95, p.95, p00.95
            let share = word[1..].trim_start_matches('0').strip_prefix('.');
            let share = share.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
            if let Some(decimals) = share.filter(|decimals| *decimals >= "5") {
                let percent = format!("{decimals:0<2}");
                let (whole, rest) = percent.split_at(2);
                let meant = if rest.is_empty() { whole.to_owned() } else { format!("{whole}.{rest}") };
                return stop(
                    span,
                    format!("`{word}` is the time that 0.{decimals}% of the requests stay below"),
                    format!("did you mean `p{meant}`?"),
                );
            }
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
            if let Some((phrase, meant)) = phrase(word, input) {
                let end = start + phrase.len();
                return stop(start..end, format!("unknown measure `{phrase}`"), format!("did you mean `{meant}`?"));
            }
            let known = PERCENTILES.into_iter().chain(names()).chain(["drift"]);
            let hint = match synonym(word).or_else(|| nearest(word, known)) {
                Some("drift") if inside_drift => "a drift is taken of a time, a rate or rps: drift(p95)".to_owned(),
                Some(meant) => format!("did you mean `{meant}`?"),
                None => {
                    let names: Vec<&str> = names().collect();
                    format!("the measures are p95 (any percentile), {}, errors(5xx), drift(p95)", names.join(", "))
                }
            };
            return stop(span, format!("unknown measure `{word}`"), hint);
        }
    };
    Ok(measure)
}

/// A measure written as several words, or a percentile without its p: the text as written and our word for it.
fn phrase(word: &str, input: &Input<'_>) -> Option<(String, String)> {
    let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_ordinal = matches!(&word[number.len()..], "" | "th" | "st" | "nd" | "rd");
    if is_ordinal && number.parse().is_ok_and(|percent: f64| percent > 0.0 && percent <= 100.0) {
        return Some((word.to_owned(), format!("p{number}")));
    }
    let rest: &str = input.as_ref();
    let second: String = rest.trim_start().chars().take_while(|c| c.is_alphanumeric()).collect();
    let joined = format!("{word}_{second}").to_lowercase();
    let meant = names().find(|name| *name == joined).or_else(|| synonym(&joined))?;
    let space = rest.len() - rest.trim_start().len();
    Some((format!("{word}{}{second}", &rest[..space]), meant.to_owned()))
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
    open(input, "drift", &drifting())?;
    let start = input.current_token_start();
    let inner = measure(input, true)?;
    let span = start..input.previous_token_end();
    if !inner.drifts() {
        return stop(span, format!("`{inner}` has no course over the run"), drifting());
    }
    close(input, "drift")?;
    Ok(Measure::Drift(Box::new(inner)))
}

/// What a drift can be taken of.
fn drifting() -> String {
    let names: Vec<&str> =
        Measure::PLAIN.iter().filter(|(_, plain)| plain.drifts).map(|(_, plain)| plain.name).collect();
    let (last, others) = names.split_last().map_or(("", &[][..]), |(last, others)| (*last, others));
    format!("a drift is taken of a percentile, {} or {last}: drift(p95)", others.join(", "))
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
