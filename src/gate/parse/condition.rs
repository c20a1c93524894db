//! `condition`: the comparison and its value, with the unit that fits the measure.

use std::ops::Range;

use winnow::ascii::multispace0;
use winnow::combinator::{alt, opt};
use winnow::prelude::*;
use winnow::stream::{Location, Stream};
use winnow::token::{one_of, take_while};

use super::input::{Input, Parsed, keyword, next_token, stop};
use super::units::converted;
use crate::gate::{Accepted, Condition, Limit, LimitUnit, Measure};
use crate::verdict::{Operator, Unit};

/// Words that may follow a plain number; anything else is taken for a unit.
const AFTER_A_NUMBER: [&str; 10] = ["after", "in", "vs", "of", "for", "and", "or", "over", "within", "during"];

pub(super) fn condition(input: &mut Input<'_>, measure: &Measure) -> Parsed<Condition> {
    let operator_at = input.current_token_start();
    let operator = operator(input, measure)?;
    let operator_span = operator_at..input.previous_token_end();
    multispace0.parse_next(input)?;
    let value = value(input, &example(measure))?;
    multispace0.parse_next(input)?;
    if keyword(input, "vs") {
        if !keyword(input, "baseline") {
            return stop(next_token(input), "`baseline` is missing after `vs`", "write `+10% vs baseline`");
        }
        let operator = against_baseline(operator, operator_span, measure, &value)?;
        return Ok(Condition::VsBaseline { operator, change_percent: value.number });
    }
    let unit = fixed_unit(measure, &value)?;
    Ok(Condition::Fixed { operator, limit: Limit { number: value.number, unit } })
}

fn operator(input: &mut Input<'_>, measure: &Measure) -> Parsed<Operator> {
    let found = opt(alt((
        "<=".value(Operator::LessOrEqual),
        ">=".value(Operator::GreaterOrEqual),
        "==".value(Operator::Equal),
        "<".value(Operator::Less),
        ">".value(Operator::Greater),
    )))
    .parse_next(input)?;
    if let Some(operator) = found {
        return Ok(operator);
    }
    let rest: &str = input.as_ref();
    let at = input.current_token_start();
    let (length, hint) = match rest.chars().next() {
        Some('=') => (1, "write `==` for exactly, `<=` for at most, `>=` for at least".to_owned()),
        Some('≤') => ('≤'.len_utf8(), "write `<=`".to_owned()),
        Some('≥') => ('≥'.len_utf8(), "write `>=`".to_owned()),
        Some('!') => (rest.len().min(2), "the comparisons are <, <=, >, >= and ==".to_owned()),
        Some('"') => (next_token(input).len(), format!("write `{measure} of \"…\"` before the name")),
        Some(_) => (next_token(input).len(), format!("write for example `{}`", example(measure))),
        None => (0, format!("write what must hold, for example `{}`", example(measure))),
    };
    stop(at..at + length, "expected a comparison: <, <=, >, >= or ==", hint)
}

/// A gate for this measure, as people write it.
fn example(measure: &Measure) -> String {
    let condition = match (measure.unit(), measure.more_is_better()) {
        _ if matches!(measure, Measure::Drift(_)) => "< 20%",
        (Unit::Ms, false) => "< 500ms",
        (Unit::Ms, true) => "> 500ms",
        (Unit::Percent, false) => "< 1%",
        (Unit::Percent, true) => "> 99%",
        (Unit::PerSecond, false) => "< 50/s",
        (Unit::PerSecond, true) => "> 50/s",
        (Unit::Count, false) => "< 10",
        (Unit::Count, true) => ">= 1000",
    };
    format!("{measure} {condition}")
}

/// A number as written in the gate.
struct Quantity<'i> {
    /// With its sign.
    number: f64,
    /// `+` or `-`, when written.
    sign: Option<char>,
    /// Its digits, without the sign.
    digits: &'i str,
    /// Empty when none is written.
    unit: &'i str,
    /// The place of sign, number and unit.
    span: Range<usize>,
}

fn value<'i>(input: &mut Input<'i>, example: &str) -> Parsed<Quantity<'i>> {
    let start = input.current_token_start();
    let sign = opt(one_of(['+', '-'])).parse_next(input)?;
    let number = number(input, example)?;
    let end_of_number = input.current_token_start();
    let before_space = input.checkpoint();
    let space: &str = multispace0.parse_next(input)?;
    let mut unit: &str = alt((
        "%",
        ('/', take_while(0.., char::is_alphanumeric)).take(),
        take_while(0.., |c: char| c.is_alphabetic() || c == 'µ'),
    ))
    .parse_next(input)?;
    if !space.is_empty() && (unit.is_empty() || AFTER_A_NUMBER.contains(&unit)) {
        input.reset(&before_space);
        unit = "";
    }
    let end = if unit.is_empty() { end_of_number } else { input.current_token_start() };
    let signed = if sign == Some('-') { -number.1 } else { number.1 };
    Ok(Quantity { number: signed, sign, digits: number.0, unit, span: start..end })
}

/// A value on its own, for a waiver.
pub(super) fn accepted(input: &mut Input<'_>) -> Parsed<Accepted> {
    const WRITE: &str = "write a value such as 1200ms, 5%, 40/s or 12, or a change such as +60%";
    multispace0.parse_next(input)?;
    let value = value(input, "1200ms")?;
    multispace0.parse_next(input)?;
    let rest: &str = input.as_ref();
    if !rest.is_empty() {
        let start = input.current_token_start();
        return stop(start..start + rest.len(), format!("`{}` does not belong to the value", rest.trim()), WRITE);
    }
    let unit = match value.unit {
        "ms" => LimitUnit::Milliseconds,
        "s" => LimitUnit::Seconds,
        "%" if value.sign.is_some() => return Ok(Accepted::Change(value.number)),
        "%" => LimitUnit::Percent,
        "/s" => LimitUnit::PerSecond,
        "" => LimitUnit::Count,
        other => return stop(value.span, format!("unknown unit `{other}`"), WRITE),
    };
    if value.sign.is_some() {
        return stop(value.span, "only a change in percent has a sign", WRITE);
    }
    Ok(Accepted::Value(Limit { number: value.number, unit }))
}

/// Digits with an optional fraction: its text and its value, which writes out as the same number.
pub(super) fn number<'i>(input: &mut Input<'i>, example: &str) -> Parsed<(&'i str, f64)> {
    let start = input.current_token_start();
    let text = opt((digits, opt(('.', digits))).take()).parse_next(input)?;
    let Some(text) = text else {
        let hint = if input.as_ref().starts_with('.') {
            "write a digit before the point, as in 0.5".to_owned()
        } else {
            format!("write for example `{example}`")
        };
        return stop(next_token(input), "expected a number", hint);
    };
    let rest: &str = input.as_ref();
    let mut rest = rest.chars();
    if matches!(rest.next(), Some(',' | '_' | '\'' | '.')) && rest.next().is_some_and(|c| c.is_ascii_digit()) {
        let hint = "write thousands without a separator and decimals with one point: 1500, 0.5";
        return stop(next_token(input), "a number has only digits and one decimal point", hint);
    }
    // An f64 keeps every decimal number of up to 15 significant digits.
    let significant = text.trim_start_matches(['0', '.']).bytes().filter(u8::is_ascii_digit).count();
    let span = start..start + text.len();
    match text.parse::<f64>() {
        Ok(value) if significant <= 15 => Ok((text, value)),
        _ => stop(span, "the number has more digits than can be kept exactly", "write at most 15 digits"),
    }
}

fn digits<'i>(input: &mut Input<'i>) -> Parsed<&'i str> {
    take_while(1.., |c: char| c.is_ascii_digit()).parse_next(input)
}

/// The unit of a written limit, if it fits the measure.
fn fixed_unit(measure: &Measure, value: &Quantity<'_>) -> Parsed<LimitUnit> {
    let Quantity { digits, unit, span, .. } = value;
    let is_drift = matches!(measure, Measure::Drift(_));
    if let (Some(sign), false) = (value.sign, is_drift) {
        return if *unit == "%" {
            stop(
                span.clone(),
                format!("`{sign}{digits}%` is a change without a reference"),
                format!("write `{sign}{digits}% vs baseline`, or a limit without a sign: `{}`", example(measure)),
            )
        } else {
            stop(span.clone(), "a limit has no sign", format!("write `{digits}{unit}`"))
        };
    }
    let fitting = match (measure.unit(), *unit) {
        (Unit::Ms, "ms") => LimitUnit::Milliseconds,
        (Unit::Ms, "s") => LimitUnit::Seconds,
        (Unit::PerSecond, "/s") => LimitUnit::PerSecond,
        (Unit::Count, "") => LimitUnit::Count,
        (_, "") if matches!(measure, Measure::Errors(_)) => LimitUnit::Count,
        (Unit::Percent, "%") => LimitUnit::Percent,
        _ => return unfitting(measure, value),
    };
    if fitting == LimitUnit::Percent && !is_drift && value.number > 100.0 {
        return stop(span.clone(), format!("`{digits}%` is out of range"), "a share of requests is 0% to 100%");
    }
    Ok(fitting)
}

fn unfitting(measure: &Measure, value: &Quantity<'_>) -> Parsed<LimitUnit> {
    let Quantity { digits, unit, span, .. } = value;
    let instead = match (measure, measure.unit()) {
        _ if converted(measure.unit(), value.number, unit).is_some() => {
            format!("write {}", converted(measure.unit(), value.number, unit).unwrap_or_default())
        }
        (Measure::Errors(_), _) => format!("write {digits}% of the requests, or {digits} for a plain count"),
        (Measure::Drift(_), _) => format!("it is a change over the run: write {digits}%"),
        (_, Unit::PerSecond) => format!("write {digits}/s"),
        (Measure::Failures, Unit::Count) if *unit == "%" => {
            format!("it is a plain number of requests: for a share write error_rate and {digits}%")
        }
        (Measure::Requests, Unit::Count) if unit.starts_with('/') => {
            format!("it is a plain number of requests: for a rate write rps and {digits}{unit}")
        }
        (_, Unit::Count) => format!("it is a plain number of requests: write {digits}"),
        (_, Unit::Percent) => format!("write {digits}%"),
        _ if *unit == "%" => format!("write {digits}ms or {digits}s; against history write +{digits}% vs baseline"),
        _ => format!("write {digits}ms or {digits}s"),
    };
    let message = match *unit {
        "" => format!("`{measure}` needs a unit"),
        "ms" | "s" | "%" | "/s" => format!("`{unit}` is not a unit of `{measure}`"),
        _ => format!("unknown unit `{unit}`"),
    };
    stop(span.clone(), message, instead)
}

/// Checks that a comparison with the baseline makes sense.
fn against_baseline(operator: Operator, at: Range<usize>, measure: &Measure, value: &Quantity<'_>) -> Parsed<Operator> {
    let Quantity { digits, span, .. } = value;
    let natural = if measure.more_is_better() { ">= -" } else { "<= +" };
    if let Measure::Drift(inner) = measure {
        return stop(
            span.clone(),
            "a drift is a change within one run and has no baseline",
            format!("write `{measure} < {digits}%`, or `{inner} {natural}{digits}% vs baseline`"),
        );
    }
    if !matches!(value.unit, "%") {
        return stop(
            span.clone(),
            "against the baseline a change in percent is compared",
            format!("write `{natural}10% vs baseline`"),
        );
    }
    let Some(sign) = value.sign else {
        return stop(
            span.clone(),
            format!("the change `{digits}%` has no sign"),
            format!("write +{digits}% for more than the baseline, -{digits}% for less"),
        );
    };
    if value.number <= -100.0 {
        return stop(span.clone(), format!("`-{digits}%` is out of range"), "nothing falls by 100 % or more");
    }
    if operator == Operator::Equal {
        return stop(
            at,
            "`==` does not work against the baseline: no two runs measure the same",
            format!("write `<= {sign}{digits}%` or `>= {sign}{digits}%`"),
        );
    }
    Ok(operator)
}
