//! Attempts made of numbers.

use jiff::Timestamp;
use loadforge_ci::attempts::JobAttempt;
use loadforge_ci::gate::summarize;
use loadforge_ci::results::{Build, EndpointKey, Fingerprint};
use loadforge_ci::verdict::{OnInconclusive, Operator, Origin, Outcome, Row, Severity, Subject, Unit, Verdict};

/// The limit of every row, ms.
pub(crate) const LIMIT: f64 = 500.0;

/// When the first attempt was judged, Unix seconds.
const START: i64 = 1_795_341_600;

/// The text of the gate of [`row`].
pub(crate) fn gate(endpoint: &str) -> String {
    format!("p95 of \"{endpoint}\" < 500ms")
}

pub(crate) fn subject(endpoint: &str) -> Subject {
    Subject::Endpoint(EndpointKey { method: "POST".into(), name: endpoint.into() })
}

/// The row of an endpoint that took so long.
pub(crate) fn row(endpoint: &str, p95_ms: f64) -> Row {
    let missed = !Operator::Less.holds(p95_ms, LIMIT);
    Row {
        gate_index: Some(0),
        outcome: if missed { Outcome::Fail } else { Outcome::Pass },
        observed: Some(p95_ms),
        operator: Some(Operator::Less),
        limit: Some(LIMIT),
        headroom_percent: Operator::Less.headroom_percent(p95_ms, LIMIT),
        requests: 1_000,
        reason: format!("{p95_ms} ms").into(),
        ..Row::open(gate(endpoint), Origin::Flag, subject(endpoint), "p95", Unit::Ms)
    }
}

/// LoadForge's own targets, which have no value.
pub(crate) fn targets(outcome: Outcome) -> Row {
    Row {
        outcome,
        severity: Severity::Fail,
        reason: "LoadForge says so".into(),
        ..Row::open("LoadForge targets", Origin::Default, Subject::LoadforgeTargets, "run_passed", Unit::Count)
    }
}

pub(crate) fn verdict(rows: Vec<Row>) -> Verdict {
    let mut verdict = Verdict::new(rows);
    summarize(&mut verdict, OnInconclusive::Fail);
    verdict
}

/// The build of the attempt with this number, from 1: all in one pipeline.
pub(crate) fn build(number: i64) -> Build {
    let text = |text: String| Some(text);
    Build {
        repository: text("github.com/acme/shop".into()),
        commit: text("4be1d2a4be1d2a4be1d2a4be1d2a4be1d2a4be1d".into()),
        branch: text("main".into()),
        job_name: text("load-test".into()),
        job_id: text(format!("job-{number}")),
        profile: text("quick".into()),
        workflow: text(format!("workflow-{number}")),
        pipeline: text("pipeline-1".into()),
        ..Build::default()
    }
}

/// The attempt with this number and these rows, a quarter of an hour after the one before.
pub(crate) fn attempt(number: i64, rows: Vec<Row>) -> JobAttempt {
    let at = Timestamp::from_second(START + number * 900).unwrap();
    JobAttempt::new(format!("run {number}"), at, build(number), Fingerprint::default(), &verdict(rows))
}
