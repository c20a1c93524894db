//! Rows of the verdict, from decisions.

use super::decide::Decision;
use crate::gate::{BaselineAnswer, Condition, Gate, LimitSource, PlacedGate};
use crate::results::{Endpoint, Problem, ProblemKind, Results};
use crate::verdict::{AgainstBaseline, Operator, Origin, Outcome, Row, Severity, Subject, TargetPolicy, Unit};

/// The row of a gate, not judged so far.
pub(super) fn open(index: u32, placed: &PlacedGate, subject: Subject, requests: u64) -> Row {
    let PlacedGate { gate, origin } = placed;
    let limit = match gate.condition {
        Condition::Fixed { limit, .. } => Some(limit.value()),
        Condition::VsBaseline { .. } => None,
    };
    Row {
        gate_index: Some(index),
        severity: gate.severity,
        operator: Some(gate.condition.operator()),
        limit,
        requests,
        ..Row::open(gate.to_string(), origin.clone(), subject, gate.measure.to_string(), gate.unit())
    }
}

/// Enters a value and what was decided about it.
pub(super) fn settle(row: &mut Row, observed: f64, decision: Decision) {
    row.observed = Some(observed);
    row.headroom_percent =
        row.operator.zip(row.limit).and_then(|(operator, limit)| operator.headroom_percent(observed, limit));
    let (value, goal) = (row.observed_text(), row.limit_text());
    match decision {
        Decision::Met => {
            row.outcome = Outcome::Pass;
            row.reason = format!("{value} meets {goal}").into();
        }
        Decision::Missed(remark) => {
            row.outcome = match row.severity {
                Severity::Fail => Outcome::Fail,
                Severity::Warn => Outcome::Warn,
            };
            let remark = remark.map_or_else(String::new, |remark| format!("; {remark}"));
            row.reason = format!("{value} misses {goal}{remark}").into();
        }
        Decision::Open(reason) => {
            row.outcome = Outcome::Inconclusive;
            row.reason = reason.into();
        }
    }
}

/// A value that would miss its limit in a usual environment, and meets it because everything is slower.
pub(super) fn explained(row: &mut Row) {
    row.outcome = match row.severity {
        Severity::Fail => Outcome::Inconclusive,
        Severity::Warn => Outcome::Warn,
    };
    row.headroom_percent = None;
    let more = if row.operator.is_none_or(Operator::wants_less) { "more" } else { "less" };
    row.reason = format!(
        "{} is {more} than good runs explain, and it may be the environment and not the code",
        row.observed_text()
    )
    .into();
}

/// A rate within its limit where no good run had a failure.
pub(super) fn new_failures(row: &mut Row, endpoint: &Endpoint, runs: u32) {
    row.outcome = Outcome::Warn;
    row.headroom_percent = None;
    let (failed, requests) = (endpoint.failures, Unit::Count.show(endpoint.requests as f64));
    row.reason =
        format!("the errors are new: {failed} of {requests} requests failed, and none in the last {runs} good runs")
            .into();
}

/// Records why the history gave no limit; the row is inconclusive and allowed.
pub(super) fn without_limit(row: &mut Row, observed: f64, answer: &BaselineAnswer) {
    row.observed = Some(observed);
    row.allowed = true;
    let (runs, reason) = match answer {
        BaselineAnswer::NoBaseline { reason, runs } => (*runs, format!("no baseline yet: {reason}")),
        BaselineAnswer::NewEndpoint { runs } => {
            let known = if *runs == 1 {
                "the last good run does not know it".to_owned()
            } else {
                format!("none of the last {runs} good runs knows it")
            };
            (*runs, format!("new endpoint: {known}"))
        }
        BaselineAnswer::TooFewRequests { reason, runs } => (*runs, format!("not compared: {reason}")),
        BaselineAnswer::Refused { differences, runs } => {
            let fields: Vec<String> = differences
                .iter()
                .map(|field| format!("{}: {} here, {} there", field.field, field.this_run, field.history))
                .collect();
            let those = if *runs == 1 { "the baseline run".to_owned() } else { format!("the {runs} baseline runs") };
            (0, format!("not compared: {those} used different settings ({})", fields.join("; ")))
        }
        BaselineAnswer::Limit { reason, runs, .. } => (*runs, reason.clone()),
    };
    row.baseline = Some(AgainstBaseline { runs, ..AgainstBaseline::default() });
    row.reason = reason.into();
}

/// The measure of the row about a run most of whose requests failed.
pub(in crate::gate) const MOST_FAILED: &str = "failed requests";

/// A row about the run itself.
pub(super) fn about_the_run(results: &Results, reason: &str) -> Row {
    let requests = results.total.requests;
    Row {
        observed: Some(requests as f64),
        requests,
        reason: reason.into(),
        ..Row::open("the run is sound", Origin::Default, Subject::Run, "requests", Unit::Count)
    }
}

/// A row for each problem of the run, and one when it sent nothing or when every request failed.
pub(super) fn of_the_run(results: &Results, sent_nothing: bool) -> Vec<Row> {
    let mut rows: Vec<Row> = results
        .total
        .always_failed()
        .then(|| Row { outcome: Outcome::Fail, ..about_the_run(results, &every_request_failed(results)) })
        .into_iter()
        .collect();
    rows.extend(script_verdict(results));
    rows.extend(results.problems.iter().map(|Problem { message, .. }| about_the_run(results, message)));
    let reported = results.problems.iter().any(|problem| {
        matches!(
            problem.kind,
            ProblemKind::NothingSent | ProblemKind::ScriptDidNotLoad | ProblemKind::EngineNotAvailable
        )
    });
    if sent_nothing && !reported {
        rows.push(about_the_run(results, "the run measured no request"));
    }
    rows
}

/// The row of a load generator that sent less than it did in good runs, where the run has no other problem.
pub(super) fn of_the_generator(results: &Results, baseline: &dyn LimitSource) -> Option<Row> {
    let doubt = baseline.generator_doubt().filter(|_| results.problems.is_empty())?;
    Some(about_the_run(results, doubt))
}

/// The script's own verdict, where it set an exit code.
fn script_verdict(results: &Results) -> Option<Row> {
    let code = results.evidence.as_ref()?.script_exit_code.filter(|code| *code != 0)?;
    let reason = format!("the script set the exit code {code} (environment.process_exit_code)");
    Some(Row { outcome: Outcome::Fail, ..about_the_run(results, &reason) })
}

fn every_request_failed(results: &Results) -> String {
    let requests = Unit::Count.show(results.total.requests as f64);
    let cause = match results.main_failure(None) {
        Some((text, count)) if count >= results.total.requests => format!(", all with {text}"),
        Some((text, count)) => format!(", most often ({}) with {text}", Unit::Count.show(count as f64)),
        None => String::new(),
    };
    let stopped = results.early_stop.as_ref().filter(|stop| stop.rule.is_none());
    let stopped = stopped.map_or_else(String::new, |stop| {
        format!("; the run was stopped {}, which saved {}", stop.when(), stop.saved())
    });
    format!("every request failed: {requests} of {requests}{cause}{stopped}")
}

/// The row of the saved test's own targets, if requested.
pub(super) fn of_the_targets(results: &Results, targets: TargetPolicy, expected: bool) -> Option<Row> {
    let severity = match targets {
        TargetPolicy::Fail => Severity::Fail,
        TargetPolicy::Warn => Severity::Warn,
        TargetPolicy::Ignore => return None,
    };
    let (outcome, reason) = match (results.targets_passed, severity) {
        (Some(true), _) => (Outcome::Pass, "LoadForge reports that the targets of the saved test were met"),
        (Some(false), Severity::Fail) => {
            (Outcome::Fail, "LoadForge reports that a target of the saved test was missed")
        }
        (Some(false), Severity::Warn) => {
            (Outcome::Warn, "LoadForge reports that a target of the saved test was missed")
        }
        (None, _) if expected => (Outcome::Inconclusive, "LoadForge did not say whether the targets were met"),
        (None, _) => return None,
    };
    Some(Row {
        severity,
        outcome,
        requests: results.total.requests,
        reason: reason.into(),
        ..Row::open("LoadForge targets", Origin::Default, Subject::LoadforgeTargets, "run_passed", Unit::Count)
    })
}

/// The subject of an endpoint, or of all requests together.
pub(super) fn subject(endpoint: Option<&Endpoint>) -> Subject {
    endpoint.map_or(Subject::All, |endpoint| Subject::Endpoint(endpoint.key()))
}

/// Makes the row one about windows: how many of them keep the gate's condition.
pub(super) fn of_windows(row: &mut Row, gate: &Gate, percent: f64) {
    row.measure = format!("windows with {} {}", gate.measure, gate.condition);
    row.unit = Unit::Percent;
    row.operator = Some(Operator::GreaterOrEqual);
    row.limit = Some(percent);
}
