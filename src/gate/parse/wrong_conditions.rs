//! Conditions and parts of the run that people get wrong.

use insta::assert_snapshot;

use super::wrong::wrong;

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
        "p95 < 500us",
        "p95 < 1m",
        "error_rate < 0.01",
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
    expected a comparison: <, <=, >, >= or ==
      p95
         ^
      hint: write what must hold, for example `p95 < 500ms`
    expected a comparison: <, <=, >, >= or ==
      p95 500ms
          ^^^^^
      hint: write for example `p95 < 500ms`
    expected a comparison: <, <=, >, >= or ==
      p95 = 500ms
          ^
      hint: write `==` for exactly, `<=` for at most, `>=` for at least
    expected a comparison: <, <=, >, >= or ==
      p95 ≤ 500ms
          ^
      hint: write `<=`
    expected a comparison: <, <=, >, >= or ==
      p95 != 500ms
          ^^
      hint: the comparisons are <, <=, >, >= and ==
    expected a number
      p95 <
           ^
      hint: write for example `p95 < 500ms`
    expected a number
      p95 < fast
            ^^^^
      hint: write for example `p95 < 500ms`
    expected a number
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
      hint: write 500ms
    unknown unit `sec`
      p95 < 5 sec
            ^^^^^
      hint: write 5s
    `/s` is not a unit of `p95`
      p95 < 5/s
            ^^^
      hint: write 5ms or 5s
    unknown unit `us`
      p95 < 500us
            ^^^^^
      hint: write 0.5ms
    unknown unit `m`
      p95 < 1m
            ^^
      hint: write 60s if minutes are meant, or 1ms
    `error_rate` needs a unit
      error_rate < 0.01
                   ^^^^
      hint: write 1% if a share of 0.01 is meant, or 0.01%
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
      hint: write 0.833/s
    `ms` is not a unit of `rps`
      rps > 50ms
            ^^^^
      hint: write 50/s
    `/s` is not a unit of `requests`
      requests > 50/s
                 ^^^^
      hint: it is a plain number of requests: for a rate write rps and 50/s
    `%` is not a unit of `failures`
      failures < 1%
                 ^^
      hint: it is a plain number of requests: for a share write error_rate and 1%
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
    `+10%` is a change without a reference
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
    expected `ramp-up`, found `rampup`
      p95 < 1s after rampup
                     ^^^^^^
      hint: did you mean `ramp-up`? Write `after ramp-up`, `in stage 2` or `in 99% of windows`
    `ramp-up` is missing
      p95 < 1s after
                    ^
      hint: write `after ramp-up`, `in stage 2` or `in 99% of windows`
    a share of windows is a percentage
      p95 < 1s in 99 of windows
                  ^^
      hint: write in 99% of windows
    `0%` is out of range
      p95 < 1s in 0% of windows
                  ^^
      hint: a share of windows is above 0%, at most 100%
    expected `windows`, found `window`
      p95 < 1s in 99% of window
                         ^^^^^^
      hint: did you mean `windows`? Write `after ramp-up`, `in stage 2` or `in 99% of windows`
    the history has no min of a window
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
    unexpected text after the gate: `and avg < 1s`
      p95 < 1s and avg < 1s
               ^^^^^^^^^^^^
      hint: write one gate per line
    unexpected text after the gate: `for 10s`
      p95 < 1s for 10s
               ^^^^^^^
      hint: a part of the run is `after ramp-up`, or `in 99% of windows`
    unexpected text after the gate: `aftre ramp-up`
      p95 < 1s aftre ramp-up
               ^^^^^^^^^^^^^
      hint: did you mean `after`?
    unexpected text after the gate: `!`
      p95 < 1s !
               ^
      hint: after the comparison only `after ramp-up` or `in 99% of windows` may follow
    "#);
}
