use insta::assert_snapshot;
use proptest::prelude::*;

use crate::error::Explain;
use crate::gate::{Condition, ErrorClass, Gate, Limit, LimitUnit, Measure, Scope, Selector};
use crate::results::Percentile;
use crate::verdict::{Operator, Severity};

fn gate(text: &str) -> Gate {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The error as a person sees it.
fn wrong(texts: &[&str]) -> String {
    texts
        .iter()
        .map(|text| match text.parse::<Gate>() {
            Ok(gate) => panic!("`{text}` is understood as {gate}"),
            Err(error) => format!("{error}\n  hint: {}\n", error.hint().unwrap_or_default()),
        })
        .collect()
}

#[test]
fn the_gates_of_the_design_are_understood() {
    for text in [
        "p95 < 500ms",
        "error_rate < 1%",
        "p95 of \"POST /api/v1/auth/login\" < 800ms",
        "error_rate of \"/api/v1/carts/*/checkout\" < 1%",
        "warn: rps >= -15% vs baseline",
        "p99.9 <= 1.5s after ramp-up",
        "avg < 300ms in 99% of windows",
        "errors(5xx) < 0.1%",
        "errors(503) == 0",
        "errors(rate_limit) <= 25",
        "drift(p95) < 20%",
        "drift(rps) >= -10%",
        "rps > 50/s in 99.5% of windows after ramp-up",
        "requests >= 1000",
        "failures < 10",
        "p95 of \"**\" <= +20% vs baseline after ramp-up",
    ] {
        assert_eq!(gate(text).to_string(), text);
    }
}

#[test]
fn white_space_and_the_default_severity_do_not_matter() {
    for text in ["p95<500ms", "  fail :  p95\t<\n500 ms ", "p95 < 500.0ms", "p95.0<0500ms"] {
        assert_eq!(gate(text), gate("p95 < 500ms"), "{text}");
    }
    assert_eq!(gate("errors( 5xx )of\"GET /a\"<1 % "), gate("errors(5xx) of \"GET /a\" < 1%"));
    assert_eq!(gate("avg<1s in 9%of windows after ramp-up"), gate("avg < 1s in 9% of windows after ramp-up"));
    assert_eq!(gate("failures < 5 after ramp-up"), gate("failures<5 after   ramp-up"));
}

#[test]
fn numbers_keep_their_decimals() {
    let limit = |text: &str| match gate(text).condition {
        Condition::Fixed { limit, .. } => limit.value(),
        Condition::VsBaseline { change_percent, .. } => change_percent,
    };
    assert_eq!(limit("error_rate < 0.5%"), 0.5);
    assert_eq!(limit("p95 < 0.0007s"), 0.7);
    assert_eq!(limit("p95 < 1.0005s"), 1000.5);
    assert_eq!(limit("p95 < 123456789.012345ms"), 123_456_789.012_345);
    assert_eq!(limit("p95 <= +7.25% vs baseline"), 7.25);
}

#[test]
fn a_quoted_name_may_hold_quotes_and_backslashes() {
    let pattern = |text: &str| gate(text).selector.unwrap().pattern().to_owned();
    assert_eq!(pattern(r#"p95 of "say \"hi\"" < 5ms"#), r#"say "hi""#);
    assert_eq!(pattern(r#"p95 of "/\d+\\w" < 5ms"#), r"/\d+\w");
    assert_eq!(pattern("p95 of \"a < b of c\" < 5ms"), "a < b of c");
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
fn comparisons_and_units_that_do_not_fit() {
    let texts = [
        "p95",
        "p95 500ms",
        "p95 = 500ms",
        "p95 ≤ 500ms",
        "p95 != 500ms",
        "p95 <",
        "p95 < fast",
        "p95 < .5s",
        "p95 < 1,500ms",
        "p95 < 1_500ms",
        "p95 < 1.2.3ms",
        "p95 < 1234567890123456ms",
        "p95 < 500",
        "p95 < 5%",
        "p95 < 500msec",
        "p95 < 5 sec",
        "p95 < 5/s",
        "error_rate < 5ms",
        "error_rate < 1",
        "error_rate < 150%",
        "rps > 50",
        "rps > 50/min",
        "rps > 50ms",
        "requests > 50/s",
        "failures < 1%",
        "errors(5xx) < 1ms",
        "drift(p95) < 20ms",
        "p95 < -5ms",
    ];
    assert_snapshot!(wrong(&texts), @r#"
    a comparison should stand here: <, <=, >, >= or ==
      p95
         ^
      hint: write what must hold, for example `p95 < 500ms`
    a comparison should stand here: <, <=, >, >= or ==
      p95 500ms
          ^^^^^
      hint: write for example `p95 < 500ms`
    a comparison should stand here: <, <=, >, >= or ==
      p95 = 500ms
          ^
      hint: write `==` for exactly, `<=` for at most, `>=` for at least
    a comparison should stand here: <, <=, >, >= or ==
      p95 ≤ 500ms
          ^
      hint: write `<=`
    a comparison should stand here: <, <=, >, >= or ==
      p95 != 500ms
          ^^
      hint: the comparisons are <, <=, >, >= and ==
    a number should stand here
      p95 <
           ^
      hint: write for example `p95 < 500ms`
    a number should stand here
      p95 < fast
            ^^^^
      hint: write for example `p95 < 500ms`
    a number should stand here
      p95 < .5s
            ^^^
      hint: write a digit before the point, as in 0.5
    a number has only digits and one decimal point
      p95 < 1,500ms
             ^^^^^^
      hint: write thousands without a separator and decimals with one point: 1500, 0.5
    a number has only digits and one decimal point
      p95 < 1_500ms
             ^^^^^^
      hint: write thousands without a separator and decimals with one point: 1500, 0.5
    a number has only digits and one decimal point
      p95 < 1.2.3ms
               ^^^^
      hint: write thousands without a separator and decimals with one point: 1500, 0.5
    the number has more digits than can be kept exactly
      p95 < 1234567890123456ms
            ^^^^^^^^^^^^^^^^
      hint: write at most 15 digits
    `p95` needs a unit
      p95 < 500
            ^^^
      hint: write 500ms or 500s
    `%` is not a unit of `p95`
      p95 < 5%
            ^^
      hint: write 5ms or 5s; against history write +5% vs baseline
    unknown unit `msec`
      p95 < 500msec
            ^^^^^^^
      hint: write 500ms or 500s
    unknown unit `sec`
      p95 < 5 sec
            ^^^^^
      hint: write 5ms or 5s
    `/s` is not a unit of `p95`
      p95 < 5/s
            ^^^
      hint: write 5ms or 5s
    `ms` is not a unit of `error_rate`
      error_rate < 5ms
                   ^^^
      hint: write 5%
    `error_rate` needs a unit
      error_rate < 1
                   ^
      hint: write 1%
    `150%` is out of range
      error_rate < 150%
                   ^^^^
      hint: a share of requests is 0% to 100%
    `rps` needs a unit
      rps > 50
            ^^
      hint: write 50/s
    unknown unit `/min`
      rps > 50/min
            ^^^^^^
      hint: write 50/s
    `ms` is not a unit of `rps`
      rps > 50ms
            ^^^^
      hint: write 50/s
    `/s` is not a unit of `requests`
      requests > 50/s
                 ^^^^
      hint: it is a plain number of requests: write 50
    `%` is not a unit of `failures`
      failures < 1%
                 ^^
      hint: it is a plain number of requests: write 1
    `ms` is not a unit of `errors(5xx)`
      errors(5xx) < 1ms
                    ^^^
      hint: write 1% of the requests, or 1 for a plain count
    `ms` is not a unit of `drift(p95)`
      drift(p95) < 20ms
                   ^^^^
      hint: it is a change over the run: write 20%
    a limit has no sign
      p95 < -5ms
            ^^^^
      hint: write `5ms`
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
    the name after `of` stands in double quotes
      p95 of login < 1s
             ^^^^^
      hint: write of "login"
    the name after `of` stands in double quotes
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
    a comparison should stand here: <, <=, >, >= or ==
      p95 "/login" < 1s
          ^^^^^^^^
      hint: write `p95 of "…"` before the name
    the name after `of` stands in double quotes
      p95 of
            ^
      hint: write the name as in the script: of "POST /login"
    `of "/login"` does not belong to the gate
      p95 < 1s of "/login"
               ^^^^^^^^^^^
      hint: the selector stands before the comparison: p95 of "POST /login" < 500ms
    "#);
}

#[test]
fn baselines_scopes_and_what_follows() {
    let texts = [
        "p95 < +10%",
        "p95 < 10% vs baseline",
        "p95 < 500ms vs baseline",
        "p95 == +10% vs baseline",
        "rps >= -100% vs baseline",
        "p95 <= +10% vs main",
        "drift(p95) <= +10% vs baseline",
        "p95 <= +10% vs baseline in 99% of windows",
        "p95 < 1s after rampup",
        "p95 < 1s after",
        "p95 < 1s in 99 of windows",
        "p95 < 1s in 0% of windows",
        "p95 < 1s in 99% of window",
        "min > 1ms in 99% of windows",
        "errors(5xx) < 1% after ramp-up",
        "drift(p95) < 5% in 99% of windows",
        "p95 < 1s and avg < 1s",
        "p95 < 1s for 10s",
        "p95 < 1s aftre ramp-up",
        "p95 < 1s !",
    ];
    assert_snapshot!(wrong(&texts), @r#"
    `+10%` is a change, but it is not said against what
      p95 < +10%
            ^^^^
      hint: write `+10% vs baseline`, or a limit without a sign: `p95 < 500ms`
    the change `10%` has no sign
      p95 < 10% vs baseline
            ^^^
      hint: write +10% for more than the baseline, -10% for less
    against the baseline a change in percent is compared
      p95 < 500ms vs baseline
            ^^^^^
      hint: write `<= +10% vs baseline`
    `==` does not work against the baseline: no two runs measure the same
      p95 == +10% vs baseline
          ^^
      hint: write `<= +10%` or `>= +10%`
    `-100%` is out of range
      rps >= -100% vs baseline
             ^^^^^
      hint: nothing falls by 100 % or more
    `baseline` is missing after `vs`
      p95 <= +10% vs main
                     ^^^^
      hint: write `+10% vs baseline`
    a drift is a change within one run and has no baseline
      drift(p95) <= +10% vs baseline
                    ^^^^
      hint: write `drift(p95) < 10%`, or `p95 <= +10% vs baseline`
    the baseline knows whole runs, not windows
      p95 <= +10% vs baseline in 99% of windows
                              ^^^^^^^^^^^^^^^^^
      hint: write a limit, such as `p95 < 500ms in 99% of windows`, or leave the windows out
    `ramp-up` should stand here, not `rampup`
      p95 < 1s after rampup
                     ^^^^^^
      hint: did you mean `ramp-up`? Write `after ramp-up` or `in 99% of windows`
    `ramp-up` is missing
      p95 < 1s after
                    ^
      hint: write `after ramp-up` or `in 99% of windows`
    a share of windows is a percentage
      p95 < 1s in 99 of windows
                  ^^
      hint: write in 99% of windows
    `0%` is out of range
      p95 < 1s in 0% of windows
                  ^^
      hint: a share of windows is above 0%, at most 100%
    `windows` should stand here, not `window`
      p95 < 1s in 99% of window
                         ^^^^^^
      hint: did you mean `windows`? Write `after ramp-up` or `in 99% of windows`
    the history holds no minimum of a window
      min > 1ms in 99% of windows
      ^^^
      hint: judge median or a percentile in windows
    `errors(5xx)` can only be judged over the whole run: failures are listed without their times
      errors(5xx) < 1% after ramp-up
      ^^^^^^^^^^^
      hint: leave out `after ramp-up`, or judge error_rate
    a drift is taken over the whole run
      drift(p95) < 5% in 99% of windows
      ^^^^^^^^^^
      hint: leave out `in 99% of windows`
    `and avg < 1s` does not belong to the gate
      p95 < 1s and avg < 1s
               ^^^^^^^^^^^^
      hint: write one gate a line
    `for 10s` does not belong to the gate
      p95 < 1s for 10s
               ^^^^^^^
      hint: a part of the run is `after ramp-up`, or `in 99% of windows`
    `aftre ramp-up` does not belong to the gate
      p95 < 1s aftre ramp-up
               ^^^^^^^^^^^^^
      hint: did you mean `after`?
    `!` does not belong to the gate
      p95 < 1s !
               ^
      hint: after the comparison only `after ramp-up` or `in 99% of windows` may follow
    "#);
}

#[test]
fn the_place_is_a_column_in_characters() {
    let error = "p95 of \"größe 語\" < 5%".parse::<Gate>().unwrap_err();
    assert_eq!((error.column(), error.message()), (20, "`%` is not a unit of `p95`"));
    assert_eq!(error.carets().chars().filter(|c| *c == '^').count(), 2);
    // One of the name's characters is two columns wide.
    assert_eq!(error.carets().chars().count(), 22);
    let error = "p95 \u{1b}[2J\n < 5ms".parse::<Gate>().unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
}

#[test]
fn yaml_may_read_a_severity_as_a_key() {
    let gates: Vec<Gate> = serde_saphyr::from_str("- p95 < 500ms\n- warn: rps >= -15% vs baseline\n").unwrap();
    assert_eq!(gates, [gate("p95 < 500ms"), gate("warn: rps >= -15% vs baseline")]);
    let error = serde_saphyr::from_str::<Vec<Gate>>("- p95 < 500\n").unwrap_err().to_string();
    assert!(error.contains("`p95` needs a unit"), "{error}");
}

fn percentile() -> impl Strategy<Value = Percentile> {
    (1..=100_000_u32).prop_map(|thousandths| Percentile::from_percent(f64::from(thousandths) / 1000.0).unwrap())
}

fn times() -> impl Strategy<Value = Measure> {
    prop_oneof![
        percentile().prop_map(Measure::Percentile),
        Just(Measure::Avg),
        Just(Measure::Median),
        Just(Measure::Max)
    ]
}

fn number() -> impl Strategy<Value = f64> {
    (0..1_000_000_u64, 0..7_u32).prop_map(|(digits, decimals)| digits as f64 / 10_f64.powi(decimals as i32))
}

fn operator() -> impl Strategy<Value = Operator> {
    prop::sample::select(vec![
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
        Operator::Equal,
    ])
}

/// Any measure with a limit that fits it.
fn measure_and_limit() -> impl Strategy<Value = (Measure, Limit)> {
    let class = prop_oneof![
        (100..600_u16).prop_map(ErrorClass::Status),
        prop::sample::select(ErrorClass::NAMED.map(|(_, class)| class).to_vec())
    ];
    let limit = |unit| number().prop_map(move |number| Limit { number, unit });
    let share =
        || (0..=10_000_u32).prop_map(|part| Limit { number: f64::from(part) / 100.0, unit: LimitUnit::Percent });
    prop_oneof![
        (prop_oneof![times(), Just(Measure::Min)], limit(LimitUnit::Milliseconds)),
        (times(), limit(LimitUnit::Seconds)),
        (Just(Measure::Rps), limit(LimitUnit::PerSecond)),
        (prop_oneof![Just(Measure::Requests), Just(Measure::Failures)], limit(LimitUnit::Count)),
        (Just(Measure::ErrorRate), share()),
        (class.clone().prop_map(Measure::Errors), share()),
        (class.prop_map(Measure::Errors), limit(LimitUnit::Count)),
        (
            prop_oneof![times(), Just(Measure::Rps), Just(Measure::ErrorRate)]
                .prop_map(|measure| Measure::Drift(Box::new(measure))),
            (number(), any::<bool>()).prop_map(|(number, falls)| Limit {
                number: if falls { -number } else { number },
                unit: LimitUnit::Percent
            })
        ),
    ]
}

fn any_gate() -> impl Strategy<Value = Gate> {
    let scope = prop_oneof![
        Just(Scope::WholeRun),
        Just(Scope::AfterRampUp),
        ((1..=10_000_u32), any::<bool>())
            .prop_map(|(part, after_ramp_up)| Scope::Windows { percent: f64::from(part) / 100.0, after_ramp_up }),
    ];
    let selector = prop::option::of("[ -~äß語\\\\\"*/]{1,12}".prop_map(|text| Selector::new(&text).unwrap()));
    let severity = prop::sample::select(vec![Severity::Fail, Severity::Warn]);
    let change = prop::option::of(-99.9_f64..1000.0);
    (severity, measure_and_limit(), selector, operator(), change, scope).prop_map(
        |(severity, (measure, limit), selector, operator, change, scope)| {
            let drift = matches!(measure, Measure::Drift(_));
            let condition = match change {
                Some(change) if !drift && operator != Operator::Equal => {
                    Condition::VsBaseline { operator, change_percent: (change * 100.0).round() / 100.0 }
                }
                _ => Condition::Fixed { operator, limit },
            };
            let unjudgeable = match scope {
                Scope::WholeRun => false,
                Scope::AfterRampUp => matches!(measure, Measure::Errors(_)),
                Scope::Windows { .. } => {
                    drift
                        || matches!(measure, Measure::Errors(_) | Measure::Min)
                        || matches!(condition, Condition::VsBaseline { .. })
                }
            };
            Gate { severity, measure, selector, condition, scope: if unjudgeable { Scope::WholeRun } else { scope } }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(gate in any_gate()) {
        let text = gate.to_string();
        prop_assert_eq!(text.parse::<Gate>().map_err(|error| error.to_string()), Ok(gate));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        if let Err(error) = text.parse::<Gate>() {
            prop_assert!(error.column() >= 1 && !error.to_string().is_empty());
        }
    }

    /// Texts that are nearly a gate reach deeper than random ones.
    #[test]
    fn no_damaged_gate_makes_it_panic(gate in any_gate(), at in any::<prop::sample::Index>(), with in ".{0,3}") {
        let mut text = gate.to_string();
        let at = text.floor_char_boundary(at.index(text.len()));
        let end = text.ceil_char_boundary((at + 2).min(text.len()));
        text.replace_range(at..end, &with);
        if let Err(error) = text.parse::<Gate>() {
            prop_assert!(error.span().end <= error.text().len());
            prop_assert!(!error.carets().is_empty());
        }
    }
}
