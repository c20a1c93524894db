//! The history of a run, as the gates use it.

use std::fmt::Write;

use super::observe::window_value;
use crate::gate::Measure;
use crate::results::{EndpointKey, Percentile, Stage, StageSpan};
use crate::series::{SeriesAnswers, SeriesHandle, SeriesPlan, SeriesRequest, StatsHistory, WindowLimit};
use crate::verdict::Operator;

const HEADER: &str = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,100%,\
                      Total Request Count,Total Failure Count,Total Average Response Time\n";

/// A run of `seconds` rows, one per second: users grow by 2 per second up to 10, GET /a sends 10 requests per second at
/// `ms(second)`, every tenth fails.
fn history(seconds: i64, full: bool, ms: impl Fn(i64) -> f64) -> String {
    let mut text = HEADER.to_owned();
    let mut time = 0.0;
    for second in 0..=seconds {
        let users = (second * 2).min(10);
        let requests = second * 10;
        time += if second > 0 { 10.0 * ms(second) } else { 0.0 };
        let average = if requests > 0 { time / requests as f64 } else { 0.0 };
        let (now, t) = (ms(second), 1000 + second);
        if full && second > 0 {
            writeln!(text, "{t},{users},GET,/a,10,1,{now},{now},{now},{requests},{second},{average}").unwrap();
        }
        writeln!(text, "{t},{users},,Aggregated,10,1,{now},{now},{now},{requests},{second},{average}").unwrap();
    }
    text
}

fn key(name: &str) -> EndpointKey {
    EndpointKey { method: "GET".into(), name: name.into() }
}

/// Reads with one request.
fn ask(text: &str, endpoint: Option<&EndpointKey>, request: SeriesRequest) -> (SeriesAnswers, SeriesHandle) {
    let mut plan = SeriesPlan::default();
    let handle = plan.want(endpoint, request);
    (plan.read(Some(StatsHistory::text("h.csv", text.as_bytes()))).answers, handle)
}

fn share(measure: Measure, operator: Operator, limit: f64, after_ramp_up: bool) -> SeriesRequest {
    SeriesRequest::Share { limit: WindowLimit { value: window_value(&measure), operator, limit }, after_ramp_up }
}

#[test]
fn after_the_ramp_up_counts_are_differences() {
    // The ramp-up ends at second 5; 400 ms until then, 100 ms after.
    let text = history(60, true, |second| if second <= 5 { 400.0 } else { 100.0 });
    for endpoint in [None, Some(&key("/a"))] {
        let (answers, handle) = ask(&text, endpoint, SeriesRequest::AfterRampUp);
        let steady = answers.after_ramp_up(handle).unwrap();
        assert_eq!((steady.requests, steady.failures), (550, 55));
        assert_eq!(steady.requests_per_s, Some(10.0));
        assert!((steady.avg_ms.unwrap() - 100.0).abs() < 1e-6, "{steady:?}");
        assert_eq!(steady.percentile(Percentile::P95), Some(100.0));
        assert_eq!((steady.median_ms, steady.max_ms), (Some(100.0), Some(100.0)));
    }
}

#[test]
fn an_endpoint_first_called_after_the_ramp_up_starts_from_nothing() {
    let mut text = HEADER.to_owned();
    for second in 0..=30 {
        if second > 12 {
            let requests = (second - 12) * 4;
            writeln!(text, "{second},5,GET,/late,4,0,7,7,7,{requests},0,7").unwrap();
        }
        writeln!(text, "{second},5,,Aggregated,4,0,7,7,7,{},0,7", second * 4).unwrap();
    }
    let (answers, handle) = ask(&text, Some(&key("/late")), SeriesRequest::AfterRampUp);
    assert_eq!(answers.after_ramp_up(handle).unwrap().requests, 72);
}

#[test]
fn windows_are_ten_seconds_each() {
    // Seconds 21 to 30 are slow: one window of six.
    let text = history(60, true, |second| if (21..=30).contains(&second) { 900.0 } else { 100.0 });
    let slow = Measure::Percentile(Percentile::P95);
    let counts = |measure: &Measure, operator, limit, after_ramp_up| {
        let (answers, handle) = ask(&text, Some(&key("/a")), share(measure.clone(), operator, limit, after_ramp_up));
        answers.share(handle).unwrap()
    };
    assert_eq!(counts(&slow, Operator::Less, 500.0, false), (5, 6));
    assert_eq!(counts(&Measure::Avg, Operator::Less, 500.0, false), (5, 6));
    assert_eq!(counts(&Measure::Rps, Operator::GreaterOrEqual, 10.0, false), (6, 6));
    assert_eq!(counts(&Measure::ErrorRate, Operator::Less, 10.0, false), (0, 6));
    assert_eq!(counts(&Measure::Requests, Operator::Equal, 100.0, false), (6, 6));
    // From second 5 on: five whole windows.
    assert_eq!(counts(&slow, Operator::Less, 500.0, true).1, 5);
}

#[test]
fn silence_is_no_window_but_for_throughput() {
    let mut text = HEADER.to_owned();
    for second in 0..=60 {
        let requests = second.min(30) * 5;
        writeln!(text, "{second},5,,Aggregated,5,0,7,7,7,{requests},0,7").unwrap();
        if second > 0 {
            writeln!(text, "{second},5,GET,/a,5,0,7,7,7,{requests},0,7").unwrap();
        }
    }
    let counts = |measure| {
        let (answers, handle) = ask(&text, None, share(measure, Operator::Greater, 1.0, false));
        answers.share(handle).unwrap()
    };
    assert_eq!(counts(Measure::Median), (3, 3));
    assert_eq!(counts(Measure::Rps), (3, 6));
}

#[test]
fn a_drift_is_taken_after_the_ramp_up() {
    let text = history(125, true, |second| 100.0 + second as f64);
    let (answers, handle) =
        ask(&text, Some(&key("/a")), SeriesRequest::Drift(window_value(&Measure::Percentile(Percentile::P95))));
    let change = answers.drift(handle).unwrap().unwrap();
    // From 115 to 225 ms, the middle at 170.
    assert!((change - 110.0 / 170.0 * 100.0).abs() < 1.0, "{change}");
    let short = history(40, true, |_| 100.0);
    let (answers, handle) = ask(&short, None, SeriesRequest::Drift(window_value(&Measure::Rps)));
    assert!(answers.drift(handle).unwrap_err().contains("a drift needs 6"));
}

#[test]
fn what_the_history_cannot_tell_is_said() {
    let p95 = || Measure::Percentile(Percentile::P95);
    let flat = history(60, false, |_| 100.0);
    let refused = |text: &str, endpoint: Option<&EndpointKey>, measure| {
        let (answers, handle) = ask(text, endpoint, share(measure, Operator::Less, 1.0, false));
        answers.share(handle).unwrap_err()
    };
    assert!(refused(&flat, Some(&key("/a")), Measure::Rps).contains("--csv-full-history"));
    assert!(refused(&flat, None, p95()).contains("since the start of the run"));
    let full = history(60, true, |_| 100.0);
    assert_eq!(refused(&full, Some(&key("/b")), Measure::Rps), "the history holds no row of GET /b");
    let p97 = Measure::Percentile(Percentile::from_percent(97.0).unwrap());
    assert_eq!(refused(&full, None, p97), "the history holds no p97; the nearest are p95 and p100");
    let broken = format!("{full}2000,5,,Aggregated,x,x,x,x,x,many,0,7\n");
    assert!(refused(&broken, None, Measure::Rps).contains("h.csv, line 123: column `Total Request Count`"));
    assert!(refused("", None, Measure::Rps).contains("is empty"));
    let mut plan = SeriesPlan::default();
    let handle = plan.want(None, SeriesRequest::AfterRampUp);
    assert!(plan.read(None).answers.after_ramp_up(handle).unwrap_err().contains("history.csv"));
    // All users from the last row on only.
    let rising = format!("{HEADER}1,1,,Aggregated,1,0,7,7,7,10,0,7\n2,2,,Aggregated,1,0,7,7,7,20,0,7\n");
    let (answers, handle) = ask(&rising, None, SeriesRequest::AfterRampUp);
    assert!(answers.after_ramp_up(handle).unwrap_err().contains("whole run"));
    // Without single endpoints the sums still hold, the percentiles do not.
    let (answers, handle) = ask(&flat, None, SeriesRequest::AfterRampUp);
    let steady = answers.after_ramp_up(handle).unwrap();
    assert_eq!((steady.requests, steady.percentiles.len()), (550, 0));
    assert!(
        answers.why_no_percentile(handle, window_value(&p95()), "after the ramp-up").contains("--csv-full-history")
    );
}

#[test]
fn counting_again_after_the_ramp_up_loses_nothing() {
    let mut text = HEADER.to_owned();
    for second in 0..=60_i64 {
        let requests = if second <= 5 { second * 10 } else { (second - 5) * 10 };
        writeln!(text, "{second},{},,Aggregated,1,0,7,7,7,{requests},0,7", second.min(5)).unwrap();
    }
    let (answers, handle) = ask(&text, None, SeriesRequest::AfterRampUp);
    assert_eq!(answers.after_ramp_up(handle).unwrap().requests, 550);
}

/// Stages of 5 users for 30 s and 10 users for 40 s: slow in the second, whose users run from second 35 on.
fn staged() -> String {
    let mut text = HEADER.to_owned();
    for second in 0..=70_i64 {
        let users = if second < 30 { 5 } else { (5 + second - 30).min(10) };
        let requests = if second <= 30 { second * 10 } else { 300 + (second - 30) * 20 };
        let (now, t) = (if second > 30 { 400 } else { 100 }, 1000 + second);
        let time = if second <= 30 { requests * 100 } else { 30_000 + (requests - 300) * 400 };
        let average = if requests > 0 { time / requests } else { 0 };
        for endpoint in ["GET,/a", ",Aggregated"].iter().skip(usize::from(second == 0)) {
            writeln!(text, "{t},{users},{endpoint},10,0,{now},{now},{now},{requests},0,{average}").unwrap();
        }
    }
    text
}

#[test]
fn a_stage_is_judged_from_the_moment_its_users_run_to_its_end() {
    let text = staged();
    let stages = [Stage { users: 5, seconds: 30.0 }, Stage { users: 10, seconds: 40.0 }];
    let spans = Stage::spans(&stages);
    let measured = |span: usize| {
        let (answers, handle) = ask(&text, Some(&key("/a")), SeriesRequest::Stage(spans[span]));
        answers.stage(handle).unwrap()
    };
    assert_eq!((measured(0).requests, measured(0).percentile(Percentile::P95)), (300, Some(100.0)));
    let second = measured(1);
    // Seconds 35 to 70, 20 requests each.
    assert_eq!((second.requests, second.requests_per_s), (700, Some(20.0)));
    assert_eq!(second.percentile(Percentile::P95), Some(400.0));
    let never = StageSpan { from_s: 70.0, to_s: 90.0, before: 10, users: 20 };
    let (answers, handle) = ask(&text, None, SeriesRequest::Stage(never));
    assert!(answers.stage(handle).unwrap_err().contains("never reached"));
}
