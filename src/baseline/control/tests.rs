use super::*;
use crate::gate::default_gates;
use crate::results::Percentile;
use crate::verdict::{AgainstBaseline, OnInconclusive, Origin, Shown, Unit};

/// Six endpoints of 1,000 requests whose p95 is 100, 200, ... ms, each times what `factor` says of it; p50 is half.
fn measured(factor: impl Fn(usize) -> f64) -> Results {
    let endpoint = |at: usize| {
        let p95 = 100.0 * (at + 1) as f64 * factor(at);
        Endpoint {
            method: "GET".into(),
            name: format!("/{at}"),
            requests: 1_000,
            median_ms: Some(p95 / 2.0),
            avg_ms: Some(p95 / 2.0),
            percentiles: [(Percentile::P50, p95 / 2.0), (Percentile::P95, p95)].into(),
            ..Endpoint::default()
        }
    };
    let endpoints: Vec<Endpoint> = (0..6).map(endpoint).collect();
    Results::new(Endpoint { requests: 6_000, ..Endpoint::default() }, endpoints)
}

/// The row of a default gate (0: p50, 1: p95) on an endpoint.
fn row(gate: u32, at: usize, outcome: Outcome, unusual: bool) -> Row {
    let key = EndpointKey { method: "GET".into(), name: format!("/{at}") };
    let shown = Shown { explained: outcome == Outcome::Inconclusive, unusual, ..Shown::default() };
    Row {
        gate_index: Some(gate),
        outcome,
        observed: Some(140.0),
        baseline: Some(AgainstBaseline { shown: Some(shown), ..AgainstBaseline::default() }),
        ..Row::open("g", Origin::Default, Subject::Endpoint(key), "p95", Unit::Ms)
    }
}

fn combined(rows: Vec<Row>) -> Combined {
    let mut verdict = Verdict::new(rows);
    summarize(&mut verdict, OnInconclusive::Fail);
    Combined::of_one_run(verdict, OnInconclusive::Fail)
}

fn open() -> Combined {
    combined(vec![row(1, 0, Outcome::Inconclusive, true), row(1, 1, Outcome::Pass, true)])
}

fn decided(runs: &[Results], control: &Results, rows: Vec<Row>) -> Verdict {
    let verdict = Verdict::new(rows);
    let control = ControlRun {
        host: "https://good:443".into(),
        run_id: Some(7),
        cost: "0".into(),
        results: control,
        verdict: &verdict,
    };
    open().by_control(&default_gates(), &runs.iter().collect::<Vec<_>>(), &control, |_| {})
}

fn against(factor: f64) -> Verdict {
    decided(&[measured(|_| 1.4)], &measured(|_| 1.4 / factor), vec![row(1, 0, Outcome::Pass, false)])
}

#[test]
fn a_deployment_that_is_as_slow_turns_open_rows_green_and_one_that_is_not_turns_them_red() {
    for (factor, outcome, conclusion) in [
        (0.7, Outcome::Pass, ControlConclusion::Alike),
        (1.09, Outcome::Pass, ControlConclusion::Alike),
        (1.11, Outcome::Inconclusive, ControlConclusion::Unclear),
        (1.19, Outcome::Inconclusive, ControlConclusion::Unclear),
        (1.21, Outcome::Fail, ControlConclusion::Slower),
    ] {
        let verdict = against(factor);
        let control = verdict.control.as_ref().unwrap();
        assert_eq!((verdict.outcome, control.conclusion), (outcome, conclusion), "{factor}: {verdict:?}");
        assert!((control.differences[0].percent - 100.0 * (factor - 1.0)).abs() < 1e-3, "{control:?}");
    }
    let verdict = against(1.4);
    assert_eq!(verdict.rows[0].observed_text(), "140 ms; control 140 ms");
    insta::assert_snapshot!(verdict.rows[0].reason, @"140 ms; control 140 ms: slower than good runs and than the known-good deployment at https://good:443, p95 +40 % over 6 endpoints");
    insta::assert_snapshot!(verdict.control.unwrap().sentence, @"this build is slower than the known-good deployment at https://good:443: p95 +40 % over 6 endpoints");
    assert_eq!(verdict.rows[1].control_observed, None);
}

#[test]
fn an_open_throughput_is_decided_by_how_long_a_response_takes() {
    for (factor, outcome) in [(1.0, Outcome::Pass), (1.15, Outcome::Inconclusive), (1.3, Outcome::Fail)] {
        let shown = Some(Shown { explained: true, unusual: true, ..Shown::default() });
        let throughput = Row {
            gate_index: Some(4),
            outcome: Outcome::Inconclusive,
            observed: Some(27.3),
            baseline: Some(AgainstBaseline { shown, ..AgainstBaseline::default() }),
            ..Row::open("rps >= -20% vs baseline", Origin::Default, Subject::All, "rps", Unit::PerSecond)
        };
        let (run, known_good) = (measured(|_| 1.4), measured(|_| 1.4 / factor));
        let verdict = Verdict::new(Vec::new());
        let control = ControlRun {
            host: "https://good:443".into(),
            run_id: Some(7),
            cost: "0".into(),
            results: &known_good,
            verdict: &verdict,
        };
        let verdict = combined(vec![throughput]).by_control(&default_gates(), &[&run], &control, |_| {});
        assert_eq!(verdict.outcome, outcome, "{factor}: {verdict:?}");
        assert_eq!(verdict.control.unwrap().differences[0].measure, "avg");
    }
}

#[test]
fn one_slow_endpoint_is_no_service_wide_difference_and_the_runs_count_together() {
    let slow_one = measured(|at| if at == 2 { 3.0 } else { 1.4 });
    assert_eq!(decided(&[slow_one], &measured(|_| 1.4), Vec::new()).outcome, Outcome::Pass);
    // The endpoint of the open row itself is no environment, whatever the others say.
    let slow_itself = measured(|at| if at == 0 { 2.1 } else { 1.4 });
    let verdict = decided(&[slow_itself], &measured(|_| 1.4), Vec::new());
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    assert!(verdict.rows[0].reason.to_string().contains("p95 0 % and +50 % for this endpoint against"), "{verdict:?}");
    // +30 % and +13 %: +21 % together.
    let runs = [measured(|_| 1.3), measured(|_| 1.13)];
    assert_eq!(decided(&runs, &measured(|_| 1.0), Vec::new()).outcome, Outcome::Fail);
    assert_eq!(decided(&runs[1..], &measured(|_| 1.0), Vec::new()).outcome, Outcome::Inconclusive);
}

#[test]
fn a_small_tolerance_blames_no_difference_that_two_deployments_may_have() {
    assert_eq!(concluded(9.0, 5.0), ControlConclusion::Unclear);
    assert_eq!(concluded(11.0, 5.0), ControlConclusion::Slower);
    assert_eq!(concluded(2.0, 5.0), ControlConclusion::Alike);
    assert_eq!(concluded(35.0, 50.0), ControlConclusion::Unclear);
}

#[test]
fn a_control_that_says_too_little_leaves_everything_open() {
    let usual = measured(|_| 1.4);
    let stays_open = |control: &Results, rows: Vec<Row>, why: &str| {
        let verdict = decided(std::slice::from_ref(&usual), control, rows);
        let told = verdict.control.as_ref().unwrap();
        assert_eq!((verdict.outcome, told.conclusion), (Outcome::Inconclusive, ControlConclusion::Missing), "{why}");
        assert!(verdict.rows[0].reason.to_string().contains(why), "{}", verdict.rows[0].reason);
    };
    let with = |change: &dyn Fn(&mut Endpoint)| {
        let mut control = measured(|_| 0.1);
        control.endpoints.iter_mut().take(2).for_each(change);
        control
    };
    let few = "the control run says nothing: it measured p95 of 4 of 6 endpoints well enough";
    // A deployment that refuses requests is fast, and a rare endpoint has no p95.
    stays_open(&with(&|endpoint| endpoint.failures = 200), Vec::new(), few);
    stays_open(&with(&|endpoint| endpoint.requests = 12), Vec::new(), few);
    stays_open(&with(&|endpoint| endpoint.failures_unknown = true), Vec::new(), few);
    stays_open(&with(&|endpoint| endpoint.name = "/other".into()), Vec::new(), few);
    let lost = Row {
        reason: "3 of 20 users were lost".into(),
        ..Row::open("the run is sound", Origin::Default, Subject::Run, "requests", Unit::Count)
    };
    stays_open(&measured(|_| 0.1), vec![lost], "the control run says nothing: 3 of 20 users were lost");
}

#[test]
fn without_a_control_run_what_is_open_stays_open_and_says_why() {
    let verdict = open().without_control("https://good:443".into(), "the service did not answer");
    assert_eq!(verdict.outcome, Outcome::Inconclusive);
    assert_eq!(verdict.control.unwrap().sentence, "there is no control run: the service did not answer");
    assert!(verdict.rows[0].reason.to_string().ends_with("; there is no control run: the service did not answer"));
}

#[test]
fn a_control_is_wanted_where_it_can_decide() {
    assert!(open().wants_control());
    let rows = |red, explained: Outcome, unusual| {
        let red = Row { outcome: red, ..row(1, 3, Outcome::Pass, unusual) };
        combined(vec![red, row(1, 0, explained, unusual)]).wants_control()
    };
    // Something is red by itself: only a slow service is worth another run.
    assert!(!rows(Outcome::Fail, Outcome::Inconclusive, false));
    assert!(rows(Outcome::Fail, Outcome::Inconclusive, true));
    assert!(!rows(Outcome::Pass, Outcome::Pass, true) && !rows(Outcome::Fail, Outcome::Pass, true));
    assert!(rows(Outcome::Warn, Outcome::Inconclusive, false));
}
