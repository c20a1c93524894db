//! `scope`: which part of the run.

use std::ops::Range;

use winnow::ascii::multispace0;
use winnow::combinator::opt;
use winnow::prelude::*;
use winnow::stream::{Location, Stream};
use winnow::token::take_while;

use super::condition::number;
use super::input::{Input, Parsed, keyword, next_token, stop};
use crate::error::nearest;
use crate::gate::{Condition, Measure, Scope};

/// Parses the scope and checks that the measure can be judged in it.
pub(super) fn scope(
    input: &mut Input<'_>,
    measure: &Measure,
    at: &Range<usize>,
    condition: Condition,
) -> Parsed<Scope> {
    let start = input.current_token_start();
    let is_inside = keyword(input, "in");
    let scope = if is_inside && keyword(input, "stage") {
        Scope::Stage(stage(input)?)
    } else if is_inside {
        let percent = share(input)?;
        expect(input, "of")?;
        expect(input, "windows")?;
        Scope::Windows { percent, after_ramp_up: after_ramp_up(input)? }
    } else if after_ramp_up(input)? {
        Scope::AfterRampUp
    } else {
        return Ok(Scope::WholeRun);
    };
    let end = input.previous_token_end();
    let windows = matches!(scope, Scope::Windows { .. });
    if windows && matches!(condition, Condition::VsBaseline { .. }) {
        return stop(
            start..end,
            "the baseline knows whole runs, not windows",
            "write a limit, such as `p95 < 500ms in 99% of windows`, or leave the windows out",
        );
    }
    let is_stage = matches!(scope, Scope::Stage(_));
    if is_stage && matches!(condition, Condition::VsBaseline { .. }) {
        return stop(
            start..end,
            "the baseline knows whole runs, not stages",
            "write a limit, such as `p95 < 500ms in stage 2`, or leave the stage out",
        );
    }
    match measure {
        Measure::Errors(_) => stop(
            at.clone(),
            format!("`{measure}` can only be judged over the whole run: failures are listed without their times"),
            format!("leave out `{scope}`, or judge error_rate"),
        ),
        Measure::Drift(_) if windows || is_stage => {
            stop(at.clone(), "a drift is taken over the whole run", format!("leave out `{scope}`"))
        }
        measure if windows && measure.window().is_none() => stop(
            at.clone(),
            format!("the history has no {measure} of a window"),
            "judge median or a percentile in windows",
        ),
        _ => Ok(scope),
    }
}

/// The percentage in `in 99% of windows`.
fn share(input: &mut Input<'_>) -> Parsed<f64> {
    let start = input.current_token_start();
    let (text, percent) = number(input, "in 99% of windows")?;
    let end = input.current_token_start();
    if opt((multispace0, '%', multispace0)).parse_next(input)?.is_none() {
        return stop(start..end, "a share of windows is a percentage", format!("write in {text}% of windows"));
    }
    if percent <= 0.0 || percent > 100.0 {
        return stop(
            start..end + 1,
            format!("`{text}%` is out of range"),
            "a share of windows is above 0%, at most 100%",
        );
    }
    Ok(percent)
}

/// The number in `in stage 2`.
fn stage(input: &mut Input<'_>) -> Parsed<u32> {
    let start = input.current_token_start();
    let (text, value) = number(input, "in stage 2")?;
    let end = input.current_token_start();
    multispace0.parse_next(input)?;
    match text.parse() {
        Ok(number) if number > 0 && value.fract() == 0.0 => Ok(number),
        _ => stop(start..end, "a stage is a whole number from 1 on", "write for example `in stage 2`"),
    }
}

fn after_ramp_up(input: &mut Input<'_>) -> Parsed<bool> {
    if !keyword(input, "after") {
        return Ok(false);
    }
    expect(input, "ramp-up")?;
    Ok(true)
}

/// Exactly this word, white space after it.
fn expect(input: &mut Input<'_>, wanted: &str) -> Parsed<()> {
    let token = next_token(input);
    let before = input.checkpoint();
    let found: &str = take_while(0.., |c: char| !c.is_whitespace()).parse_next(input)?;
    if found == wanted {
        multispace0.parse_next(input)?;
        return Ok(());
    }
    input.reset(&before);
    let message = if found.is_empty() {
        format!("`{wanted}` is missing")
    } else {
        format!("expected `{wanted}`, found `{found}`")
    };
    let hint = match nearest(found, [wanted]) {
        Some(meant) => format!("did you mean `{meant}`? Write `after ramp-up`, `in stage 2` or `in 99% of windows`"),
        None => "write `after ramp-up`, `in stage 2` or `in 99% of windows`".to_owned(),
    };
    stop(token, message, hint)
}
