//! A run that a stop rule ended before its time: the rule is a failed row, and no other row is judged by a part of a run.

use super::rows;
use crate::gate::StopRule;
use crate::results::{EarlyStop, Results};
use crate::verdict::{Origin, Outcome, Row, Severity, Subject, Unit};

/// Leaves open what a gate says of a run that was no full one; the value is kept.
pub(super) fn left_open(row: Row, stop: &EarlyStop) -> Row {
    let reason = format!("not judged: the run was stopped {}", stop.when()).into();
    Row { outcome: Outcome::Inconclusive, headroom_percent: None, reason, ..row }
}

/// The failed row of what ended the run. None for a run whose every request failed, which has a row already.
pub(super) fn row(stop: &EarlyStop, results: &Results) -> Option<Row> {
    let Some(text) = &stop.rule else {
        // A request may pass while a run is being stopped because every one failed.
        let reason =
            format!("every request failed until the run was stopped {}, which saved {}", stop.when(), stop.saved());
        let row = || Row { outcome: Outcome::Fail, ..rows::about_the_run(results, &reason) };
        return (!results.total.always_failed()).then(row);
    };
    let subject = stop.endpoint.clone().map_or(Subject::All, Subject::Endpoint);
    let origin = match &stop.written_in {
        Some((path, line)) => Origin::File { path: path.clone(), line: *line },
        None => Origin::StopFlag,
    };
    // The record was written by this program; one that was changed by hand still fails.
    let rule = text.parse::<StopRule>().ok();
    let measure = rule.as_ref().map_or_else(|| text.clone(), |rule| rule.measure.to_string());
    let unit = rule.as_ref().map_or(Unit::Count, |rule| rule.limit.unit());
    let operator = rule.as_ref().map(StopRule::opposite);
    let limit = rule.as_ref().map(|rule| rule.limit.value());
    let of = match &subject {
        Subject::All => "all requests together".to_owned(),
        other => other.to_string(),
    };
    let value = unit.show(stop.observed);
    Some(Row {
        severity: Severity::Fail,
        outcome: Outcome::Fail,
        observed: Some(stop.observed),
        operator,
        limit,
        headroom_percent: operator
            .zip(limit)
            .and_then(|(operator, limit)| operator.headroom_percent(stop.observed, limit)),
        requests: results.total.requests,
        reason: format!(
            "the run was stopped {}, which saved {}: {measure} of {of} was {value} at last, and the rule is `{text}`",
            stop.when(),
            stop.saved()
        )
        .into(),
        stopped_run: true,
        ..Row::open(format!("stop: {text}"), origin, subject, measure, unit)
    })
}

#[cfg(test)]
mod tests {
    use crate::gate::testing::verdict;
    use crate::results::{EarlyStop, Endpoint, Results};
    use crate::verdict::{Outcome, Verdict};

    fn stopped(rule: Option<&str>, failures: u64) -> Verdict {
        let total = Endpoint {
            name: "Aggregated".into(),
            requests: 1000,
            failures,
            median_ms: Some(20.0),
            ..Endpoint::default()
        };
        let early_stop = EarlyStop {
            rule: rule.map(str::to_owned),
            written_in: Some(("loadforge.yml".into(), 14)),
            endpoint: None,
            observed: 98.0,
            after_s: 72.0,
            of_s: 300.0,
        };
        let results = Results { early_stop: Some(early_stop), ..Results::new(total, Vec::new()) };
        verdict(&["median < 500ms", "error_rate < 1%", "warn: rps > 1/s"], &results)
    }

    #[test]
    fn the_rule_fails_and_nothing_else_is_judged() {
        let verdict = stopped(Some("error_rate > 50% for 30s"), 700);
        let outcomes: Vec<_> = verdict.rows.iter().map(|row| (row.gate.as_str(), row.outcome)).collect();
        assert_eq!(
            outcomes,
            [
                ("stop: error_rate > 50% for 30s", Outcome::Fail),
                ("median < 500ms", Outcome::Inconclusive),
                ("error_rate < 1%", Outcome::Inconclusive),
                ("warn: rps > 1/s", Outcome::Inconclusive),
            ]
        );
        assert_eq!(verdict.outcome, Outcome::Fail);
        insta::assert_snapshot!(verdict.sentence, @"The run was stopped after 1m 12s of 5m, which saved 3m 48s: error_rate of all requests together was 98 % at last, and the rule is `error_rate > 50% for 30s`");
        assert_eq!(verdict.rows[1].reason.to_string(), "not judged: the run was stopped after 1m 12s of 5m");
        assert_eq!((verdict.rows[0].limit_text(), verdict.rows[1].observed), ("<= 50 %".into(), Some(20.0)));
    }

    #[test]
    fn a_request_that_passed_while_a_failing_run_was_stopped_makes_it_no_better() {
        let verdict = stopped(None, 999);
        assert_eq!(verdict.outcome, Outcome::Fail);
        insta::assert_snapshot!(verdict.sentence, @"every request failed until the run was stopped after 1m 12s of 5m, which saved 3m 48s");
    }

    #[test]
    fn a_run_whose_every_request_failed_has_one_failed_row() {
        let verdict = stopped(None, 1000);
        let failed: Vec<_> = verdict.rows_with(Outcome::Fail).map(|row| row.reason.to_string()).collect();
        assert_eq!(
            failed,
            ["every request failed: 1,000 of 1,000; the run was stopped after 1m 12s of 5m, which saved 3m 48s"]
        );
    }
}
