use super::*;
use crate::results::{Failure, Histogram};

fn rules(texts: &[&str]) -> Vec<PlacedStopRule> {
    texts.iter().map(|text| PlacedStopRule { rule: text.parse().unwrap(), origin: Origin::StopFlag }).collect()
}

fn live(after: u64, requests: u64, failures: u64) -> LiveFigures {
    let total = Endpoint { name: "Aggregated".into(), requests, failures, ..Endpoint::default() };
    let measured = Results::new(total, Vec::new());
    LiveFigures { after: Duration::from_secs(after), of: Duration::from_secs(300), users: None, measured }
}

/// When a watch ends a run that is looked at like this, s.
fn ended(watch: &mut StopWatch, looks: impl IntoIterator<Item = LiveFigures>) -> Option<f64> {
    looks.into_iter().find_map(|look| watch.look(&look)).map(|stop| stop.after_s)
}

/// Looks every 5 s at a service that answers 10 requests/s and fails from one moment to another.
fn failing(from: u64, until: u64) -> impl Iterator<Item = LiveFigures> {
    (1..=60).map(move |look| live(look * 5, look * 50, (look * 5).clamp(from, until).saturating_sub(from) * 10))
}

#[test]
fn a_condition_ends_the_run_when_it_has_held_without_a_break() {
    let watch = || StopWatch::new(rules(&["error_rate > 50% for 30s"]), None);
    assert_eq!(ended(&mut watch(), failing(100, 300)), Some(130.0));
    assert_eq!(ended(&mut watch(), failing(100, 125)), None, "25 s are no 30 s");
    let interrupted = failing(100, 300).map(|look| {
        let at = look.after.as_secs();
        let passed = if at >= 120 { 50 } else { 0 };
        live(at, look.measured.total.requests, look.measured.total.failures.saturating_sub(passed))
    });
    assert_eq!(ended(&mut watch(), interrupted), Some(150.0), "one good look begins the time anew");
}

#[test]
fn what_the_run_did_before_does_not_dilute_a_rate() {
    let stop = failing(200, 300)
        .find_map(|look| StopWatch::look(&mut StopWatch::new(rules(&["error_rate > 99% for 5s"]), None), &look));
    assert!(stop.is_none(), "a watch with a single look compares with nothing");
    let mut watch = StopWatch::new(rules(&["error_rate > 99% for 5s"]), None);
    let stop = failing(200, 300).find_map(|look| watch.look(&look)).unwrap();
    assert_eq!((stop.after_s, stop.observed, stop.rule.as_deref()), (205.0, 100.0, Some("error_rate > 99% for 5s")));
    assert_eq!((stop.when(), stop.saved()), ("after 3m 25s of 5m".to_owned(), "1m 35s".to_owned()));
}

#[test]
fn figures_that_do_not_move_say_nothing() {
    let stale = |look: u64| if (130..=200).contains(&look) { live(look, 600, 100) } else { live(look, look * 5, 100) };
    let mut watch = StopWatch::new(rules(&["error_rate > 50% for 30s", "avg > 1s for 30s"]), None);
    assert_eq!(ended(&mut watch, (1..=300).map(stale)), None);
}

#[test]
fn counts_are_those_of_the_whole_run() {
    let mut watch = StopWatch::new(rules(&["failures > 100 for 5s"]), None);
    assert_eq!(ended(&mut watch, failing(100, 200)), Some(115.0));
}

#[test]
fn a_run_whose_every_request_fails_ends_a_minute_after_the_ramp_up() {
    let watch = |ramp_up| StopWatch::new(Vec::new(), ramp_up);
    let all_failed = || (1..=300).map(|second| live(second, second * 5, second * 5));
    assert_eq!(ended(&mut watch(Some(Duration::from_secs(8))), all_failed()), Some(68.0));
    assert_eq!(ended(&mut watch(None), all_failed()), Some(80.0));
    assert_eq!(ended(&mut StopWatch::never(), all_failed()), None);
    let one_passed = (1..=300).map(|second| live(second, second * 5, second * 5 - 1));
    assert_eq!(ended(&mut watch(None), one_passed), None);
    let few = (1..=300).map(|second| live(second, second.min(9), second.min(9)));
    assert_eq!(ended(&mut watch(None), few), None);
    let unknown = (1..=300).map(|second| {
        let mut look = live(second, second, second);
        look.measured.total.failures_unknown = true;
        look
    });
    assert_eq!(ended(&mut watch(None), unknown), None);
}

#[test]
fn looks_come_often_enough_and_are_rare_again_once_a_request_has_passed() {
    let mut watch = StopWatch::new(Vec::new(), None);
    assert_eq!(watch.longest_pause(), Some(Duration::from_secs(10)));
    watch.look(&live(5, 10, 9));
    assert_eq!(watch.longest_pause(), None);
    let watch = StopWatch::new(rules(&["error_rate > 5% for 30s", "avg > 1s for 10m"]), None);
    assert_eq!(watch.longest_pause(), Some(Duration::from_secs(5)));
    assert_eq!(StopWatch::never().longest_pause(), None);
}

/// An endpoint with response times in ms, as our own engine shows it.
fn endpoint(name: &str, times: &[(u64, u64)], failures: u64) -> Endpoint {
    let histogram: Histogram = times.iter().map(|(ms, count)| (ms * 1000, *count)).collect();
    let requests = histogram.count();
    Endpoint {
        method: "GET".into(),
        name: name.into(),
        requests,
        failures,
        histogram: Some(histogram),
        ..Endpoint::default()
    }
}

#[test]
fn percentiles_endpoints_and_classes_are_judged_where_the_engine_shows_them() {
    let look = |at: u64| {
        let slow = if at > 30 { (at - 30) * 10 } else { 0 };
        let endpoints = vec![endpoint("/a", &[(20, at * 10)], 0), endpoint("/b", &[(30, at * 10), (4000, slow)], slow)];
        let total = endpoint("Aggregated", &[(20, at * 10), (30, at * 10), (4000, slow)], slow);
        let mut measured = Results::new(total, endpoints);
        measured.failures = vec![Failure::new("GET", "/b", "HTTPError('503 Server Error')", slow)];
        LiveFigures { after: Duration::from_secs(at), of: Duration::from_secs(300), users: Some(5), measured }
    };
    let hit = |rule: &str| {
        let mut watch = StopWatch::new(rules(&[rule]), None);
        (1..=300).find_map(|at| watch.look(&look(at)))
    };
    let stop = hit("p95 of \"GET /**\" > 2s for 10s").unwrap();
    assert_eq!((stop.after_s, stop.endpoint.unwrap().to_string(), stop.observed), (40.0, "GET /b".into(), 4000.0));
    assert_eq!(hit("p95 of \"GET /a\" > 2s for 10s"), None);
    assert_eq!(hit("errors(5xx) of \"GET /b\" > 40% for 10s").unwrap().after_s, 40.0);
    assert_eq!(hit("errors(timeout) > 1% for 10s"), None);
    assert_eq!(hit("rps < 1/s for 10s"), None);
    assert!(hit("min > 10s for 10s").is_none());
}

/// The figures of a recorded run at each of its seconds, each taken for ten.
fn recorded(script: &str) -> Vec<LiveFigures> {
    let path = format!("{}/tests/fixtures/locust/healthy/{script}/run_stats_history.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(path).unwrap();
    let timeline = crate::series::read_timeline(crate::series::CsvFile::of("history.csv", &text)).unwrap();
    let began = timeline.points[0].t_s;
    let figures = timeline.points.iter().map(|point| {
        let after = u64::try_from(point.t_s - began).unwrap() * 10;
        let mut look = live(after, point.total_requests, point.total_failures);
        look.measured.total.avg_ms = point.p50_ms;
        look.measured.total.requests_per_s = Some(point.requests_per_s);
        look
    });
    figures.collect()
}

#[test]
fn nothing_is_stopped_in_200_replays_of_recorded_passing_runs() {
    let usual = ["error_rate > 50% for 30s", "avg > 5s for 30s", "rps < 0.1/s for 1m", "failures > 100 for 30s"];
    let mut replays = 0;
    for script in ["s1_basic", "s2_auth", "s3_checkout", "s4_reports"] {
        let run = recorded(script);
        assert!(run.last().unwrap().after >= Duration::from_secs(70), "{script} is long enough to be stopped");
        // Looks of every rhythm, beginning at every phase of it.
        for every in 1..=5 {
            for phase in 0..10 {
                let mut watch = StopWatch::new(rules(&usual), None);
                let looks = run.iter().skip(phase % every).step_by(every).cloned();
                assert_eq!(ended(&mut watch, looks), None, "{script}, every {every}, from {phase}");
                replays += 1;
            }
        }
    }
    assert_eq!(replays, 200);
}
