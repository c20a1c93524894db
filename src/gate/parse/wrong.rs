//! Common mistakes in gates, each with its error message and hint.

use insta::assert_snapshot;

use crate::error::Explain;
use crate::gate::Gate;

/// The error as a person sees it.
pub(super) fn wrong(texts: &[&str]) -> String {
    texts
        .iter()
        .map(|text| match text.parse::<Gate>() {
            Ok(gate) => panic!("`{text}` is understood as {gate}"),
            Err(error) => format!("{error}\n  hint: {}\n", error.hint().unwrap_or_default()),
        })
        .collect()
}

#[test]
fn measures_and_severities_that_do_not_exist() {
    let texts = [
        "p59x < 500ms",
        "eror_rate < 1%",
        "mean < 1s",
        "P95 < 1s",
        "p(95) < 1s",
        "banana < 1s",
        "error rate < 1%",
        "response time < 1s",
        "95th < 1s",
        "p0.95 < 500ms",
        "p0.999 < 500ms",
        "p101 < 1s",
        "p0 < 1s",
        "p99.99999 < 1s",
        "errors(6xx) < 1%",
        "errors(timeuot) < 1%",
        "errors(700) < 1%",
        "errors() < 1%",
        "errors(5xx < 1%",
        "errors < 1%",
        "drift(failures) < 5%",
        "drift(drift(p95)) < 5%",
        "drift < 5%",
        "fial: p95 < 1s",
        "critical: p95 < 1s",
        "< 5ms",
        "",
        "   ",
    ];
    assert_snapshot!(wrong(&texts), @r#"
    `p59x` is not a percentile
      p59x < 500ms
      ^^^^
      hint: write p and a number above 0, at most 100, with at most three decimals: p95, p99.9
    unknown measure `eror_rate`
      eror_rate < 1%
      ^^^^^^^^^
      hint: did you mean `error_rate`?
    unknown measure `mean`
      mean < 1s
      ^^^^
      hint: did you mean `avg`?
    unknown measure `P95`
      P95 < 1s
      ^^^
      hint: did you mean `p95`?
    unknown measure `p`
      p(95) < 1s
      ^
      hint: did you mean `p95`?
    unknown measure `banana`
      banana < 1s
      ^^^^^^
      hint: the measures are p95 (any percentile), avg, median, min, max, rps, requests, failures, error_rate, errors(5xx), drift(p95)
    unknown measure `error rate`
      error rate < 1%
      ^^^^^^^^^^
      hint: did you mean `error_rate`?
    unknown measure `response time`
      response time < 1s
      ^^^^^^^^^^^^^
      hint: did you mean `p95`?
    unknown measure `95th`
      95th < 1s
      ^^^^
      hint: did you mean `p95`?
    `p0.95` is the time that 0.95% of the requests stay below
      p0.95 < 500ms
      ^^^^^
      hint: did you mean `p95`?
    `p0.999` is the time that 0.999% of the requests stay below
      p0.999 < 500ms
      ^^^^^^
      hint: did you mean `p99.9`?
    `p101` is not a percentile
      p101 < 1s
      ^^^^
      hint: write p and a number above 0, at most 100, with at most three decimals: p95, p99.9
    `p0` is not a percentile
      p0 < 1s
      ^^
      hint: write p and a number above 0, at most 100, with at most three decimals: p95, p99.9
    `p99.99999` is not a percentile
      p99.99999 < 1s
      ^^^^^^^^^
      hint: write p and a number above 0, at most 100, with at most three decimals: p95, p99.9
    unknown error class `6xx`
      errors(6xx) < 1%
             ^^^
      hint: did you mean `5xx`? the classes are a status code such as 503, 4xx, 5xx, auth, gateway, rate_limit, timeout, connection, other
    unknown error class `timeuot`
      errors(timeuot) < 1%
             ^^^^^^^
      hint: did you mean `timeout`? the classes are a status code such as 503, 4xx, 5xx, auth, gateway, rate_limit, timeout, connection, other
    `700` is not an HTTP status
      errors(700) < 1%
             ^^^
      hint: a status code is 100 to 599
    an error class is missing
      errors() < 1%
             ^
      hint: the classes are a status code such as 503, 4xx, 5xx, auth, gateway, rate_limit, timeout, connection, other
    the parenthesis of `errors(` is not closed
      errors(5xx < 1%
                ^
      hint: write `)` here
    `errors` needs a word in parentheses
      errors < 1%
      ^^^^^^
      hint: name a class: errors(5xx); for all failures write error_rate or failures
    `failures` has no course over the run
      drift(failures) < 5%
            ^^^^^^^^
      hint: a drift is taken of a percentile, avg, median, max, rps or error_rate: drift(p95)
    unknown measure `drift`
      drift(drift(p95)) < 5%
            ^^^^^
      hint: a drift is taken of a time, a rate or rps: drift(p95)
    `drift` needs a word in parentheses
      drift < 5%
      ^^^^^
      hint: a drift is taken of a percentile, avg, median, max, rps or error_rate: drift(p95)
    unknown severity `fial`
      fial: p95 < 1s
      ^^^^
      hint: did you mean `fail:`? A gate is `fail:` (the default) or `warn:`
    unknown severity `critical`
      critical: p95 < 1s
      ^^^^^^^^
      hint: did you mean `fail:`? A gate is `fail:` (the default) or `warn:`
    a measure is missing
      < 5ms
      ^
      hint: write what is measured first, such as `p95` or `rps`
    the gate is empty
      
      ^
      hint: write what must hold, such as `p95 < 500ms`
    the gate is empty
         
         ^
      hint: write what must hold, such as `p95 < 500ms`
    "#);
}

#[test]
fn selectors_that_are_not_quoted_well() {
    let texts = [
        "p95 of login < 1s",
        "p95 of '/login' < 1s",
        "p95 of \"/login < 1s",
        "p95 of \"\" < 1s",
        "p95 \"/login\" < 1s",
        "p95 of",
        "p95 < 1s of \"/login\"",
    ];
    assert_snapshot!(wrong(&texts), @r#"
    put the name after `of` in double quotes
      p95 of login < 1s
             ^^^^^
      hint: write of "login"
    put the name after `of` in double quotes
      p95 of '/login' < 1s
             ^^^^^^^^
      hint: write of "/login"
    the quote is not closed
      p95 of "/login < 1s
             ^^^^^^^^^^^^
      hint: write `"` after the name; a quote within it is `\"`
    the name is empty
      p95 of "" < 1s
             ^^
      hint: leave out `of` for all requests together; `"**"` is each endpoint
    expected a comparison: <, <=, >, >= or ==
      p95 "/login" < 1s
          ^^^^^^^^
      hint: write `p95 of "…"` before the name
    put the name after `of` in double quotes
      p95 of
            ^
      hint: write the name as in the script: of "POST /login"
    unexpected text after the gate: `of "/login"`
      p95 < 1s of "/login"
               ^^^^^^^^^^^
      hint: write the selector before the comparison: p95 of "POST /login" < 500ms
    "#);
}

#[test]
fn a_share_is_refused_however_it_is_written() {
    for word in ["p.5", "p0.50", "p00.5"] {
        let error = format!("{word} < 1s").parse::<Gate>().unwrap_err();
        assert!(error.hint().unwrap().contains("did you mean `p50`?"), "{error}");
    }
    assert_eq!("p.1 < 1s".parse::<Gate>().unwrap().to_string(), "p0.1 < 1s");
}

#[test]
fn a_share_is_digits_and_any_other_letters_are_no_percentile() {
    for word in ["p0.pɌ", "p0.ɌɌ", "p0.9Ɍ", "p.Ɍ"] {
        let error = format!("{word} < 1s").parse::<Gate>().unwrap_err().to_string();
        assert!(error.contains(&format!("`{word}` is not a percentile")), "{error}");
    }
}
