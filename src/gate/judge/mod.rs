//! Gates against results: a row for each gate and endpoint.

mod against;
mod always_failed;
mod decide;
mod early_stop;
mod endpoints;
mod missing;
mod mostly_failed;
mod nearest;
mod observe;
mod open_requests;
mod rows;
mod sample;
mod steady;
mod target;

use std::borrow::Cow;

use decide::{Comparison, Decision};
use endpoints::EndpointIndex;
use missing::Missing;
use nearest::NearestNames;
use observe::{FailureIndex, observe, window_value};
use steady::SteadyIndex;
use target::{GateTarget, Selected};

pub(super) use rows::MOST_FAILED;

use super::{BaselineQuery, Condition, Expected, Gate, LimitSource, Measure, PlacedGate, Scope, summarize};
use crate::results::{Endpoint, Results};
use crate::series::{SeriesAnswers, SeriesHandle, SeriesPlan, StatsHistory, WindowValue};
use crate::text::counted;
use crate::verdict::{OnInconclusive, Origin, Outcome, Row, Subject, TargetPolicy, Unit, Verdict};

/// Minimum number of windows to judge: one minute of 10 s windows.
const FEWEST_WINDOWS: u64 = 6;

/// The same in words.
const ENOUGH_WINDOWS: &str = "6 are needed: run 1m longer";

/// From this share of waiting users on, the throughput of all requests shows how fast the service is.
const BUSY_ENOUGH: f64 = 0.5;

/// What the user wants made of what cannot be judged, and of the service's own targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// What a gate that could not be judged means for the whole.
    pub on_inconclusive: OnInconclusive,
    /// What the saved test's own targets mean.
    pub targets: TargetPolicy,
    /// Whether the service should have reported if the targets were met; without an answer the row is inconclusive.
    pub targets_expected: bool,
}

/// Judges a run: a row for each gate and endpoint it selects, one for each problem of the run, and one for the
/// service's own targets.
///
/// No gate is no default: pass [`default_gates`](super::default_gates) where none is written. `history` is the run's
/// history CSV; it is read only when a gate needs it, once, and a file that cannot be read makes those gates
/// inconclusive.
#[must_use]
pub fn judge(
    gates: &[PlacedGate],
    results: &Results,
    history: Option<StatsHistory<'_>>,
    baseline: &dyn LimitSource,
    options: &Options,
) -> Verdict {
    judge_over(gates, results, baseline, options, |plan, _| plan.read(history).answers)
}

/// The same, with the history read by the caller: `read` gets what the gates need of it and the rows that need nothing
/// of it, may ask for more, and returns the answers.
#[must_use]
pub fn judge_over(
    gates: &[PlacedGate],
    results: &Results,
    baseline: &dyn LimitSource,
    options: &Options,
    read: impl FnOnce(SeriesPlan, &[&Row]) -> SeriesAnswers,
) -> Verdict {
    let sent_nothing = results.total.requests == 0 && results.endpoints.iter().all(|endpoint| endpoint.requests == 0);
    let compares = gates.iter().any(|placed| placed.gate.is_vs_baseline());
    let missing = Missing::of(if compares { baseline.expected() } else { Expected::default() }, results);
    let index = EndpointIndex::of(results);
    let mut plan = SeriesPlan::default();
    let throughput_tells = baseline.busy().is_some_and(|busy| busy >= BUSY_ENOUGH);
    let targets: Vec<GateTarget<'_>> = (0..)
        .zip(gates)
        .flat_map(|(number, placed)| GateTarget::of(number, placed, &index, &missing, throughput_tells))
        .map(|target| target.plan(results, &mut plan))
        .collect();
    let mut judge = GateJudge {
        results,
        failures: FailureIndex::of(results),
        steady: results.after_ramp_up.as_ref().map(SteadyIndex::of),
        series: SeriesAnswers::default(),
        baseline,
        missing: &missing,
        nearest: NearestNames::of(results),
        sent_nothing,
    };
    let early: Vec<Option<Row>> = targets.iter().map(|one| one.series.is_none().then(|| judge.row(one))).collect();
    judge.series = read(plan, &early.iter().flatten().collect::<Vec<_>>());
    let mut rows = rows::of_the_run(results, sent_nothing);
    // Users who stopped doing a part of their work send less, too.
    let doubted = (compares && missing.is_none() && results.early_stop.is_none())
        .then(|| rows::of_the_generator(results, baseline));
    rows.extend(doubted.flatten());
    let of_gates = targets.iter().zip(early).map(|(target, row)| row.unwrap_or_else(|| judge.row(target)));
    if let Some(stop) = &results.early_stop {
        rows.splice(0..0, early_stop::row(stop, results));
        rows.extend(of_gates.map(|row| early_stop::left_open(row, stop)));
    } else {
        rows.extend(of_gates);
        if let Some(row) = mostly_failed::row(results, &rows) {
            rows.insert(0, row);
        }
    }
    rows.extend(always_failed::rows(gates, results, &rows));
    if results.early_stop.is_none() {
        rows.extend(open_requests::rows(gates, results));
    }
    rows.extend(rows::of_the_targets(results, options.targets, options.targets_expected));
    let mut verdict = Verdict::new(rows);
    summarize(&mut verdict, options.on_inconclusive);
    verdict
}

struct GateJudge<'a> {
    results: &'a Results,
    failures: FailureIndex<'a>,
    steady: Option<SteadyIndex<'a>>,
    series: SeriesAnswers,
    baseline: &'a dyn LimitSource,
    missing: &'a Missing,
    nearest: NearestNames<'a>,
    sent_nothing: bool,
}

/// Whether a measure says nothing without the number of failed requests: failures are often fast, so that response
/// times are no exception.
fn needs_failures(measure: &Measure) -> bool {
    !matches!(measure, Measure::Requests | Measure::Rps)
}

impl<'a> GateJudge<'a> {
    fn row(&self, target: &GateTarget<'a>) -> Row {
        let Gate { selector, measure, scope, .. } = &target.placed.gate;
        let record = target.endpoint().unwrap_or(&self.results.total);
        let mut row = rows::open(target.index, target.placed, rows::subject(target.endpoint()), record.requests);
        if let (Selected::Nothing, Some(selector)) = (target.what, selector) {
            row.subject = Subject::NoMatch(selector.pattern().to_owned());
            row.requests = 0;
            row.reason = self.nearest.no_match(selector).into();
            return row;
        }
        if self.sent_nothing {
            row.reason = "the run measured no request".into();
            return row;
        }
        if record.failures_unknown && target.series.is_none() && needs_failures(measure) {
            row.reason = "the service did not say how many requests failed".into();
            return row;
        }
        let missing = matches!(target.what, Selected::Missing(_));
        if let Some(reason) = self.missing.unknown().filter(|_| missing) {
            row.reason = reason.into();
            return row;
        }
        match (measure, *scope, target.series) {
            (Measure::Drift(of), _, Some(_)) if of.is_time() && record.mostly_failed() => {
                row.reason = mostly_failed::why_no_time(record).into();
            }
            (_, Scope::Windows { percent, .. }, Some(_)) if measure.is_time() && record.mostly_failed() => {
                rows::of_windows(&mut row, &target.placed.gate, percent);
                row.reason = mostly_failed::why_no_time(record).into();
            }
            (Measure::Drift(measure), _, Some(series)) => self.drift(&mut row, measure, series),
            (_, Scope::Windows { percent, .. }, Some(series)) => {
                rows::of_windows(&mut row, &target.placed.gate, percent);
                self.windows(&mut row, percent, series);
            }
            _ => self.value(target, &mut row),
        }
        if missing {
            self.missing.explain(&mut row);
        }
        row
    }

    fn drift(&self, row: &mut Row, measure: &Measure, series: SeriesHandle) {
        match (self.series.drift(series), row.operator, row.limit) {
            (Ok(None), ..) => {
                let reason = format!("{measure} was 0 in most windows, and a change of 0 has no percentage");
                row.reason = reason.into();
            }
            (Ok(Some(change)), Some(operator), Some(limit)) => {
                let holds = operator.holds(change, limit);
                rows::settle(row, change, if holds { Decision::Met } else { Decision::Missed(None) });
            }
            (Err(reason), ..) => row.reason = reason.into(),
            _ => row.reason = "a drift needs a written limit".into(),
        }
    }

    fn windows(&self, row: &mut Row, percent: f64, series: SeriesHandle) {
        let (held, judged) = match self.series.share(series) {
            Ok(counts) => counts,
            Err(reason) => return row.reason = reason.into(),
        };
        // The epsilon keeps a share that is reached exactly from being missed by rounding.
        let reached = |held: u64, of: u64| held as f64 * 100.0 >= percent * of as f64 * (1.0 - 1e-12);
        let missing = FEWEST_WINDOWS.saturating_sub(judged);
        let decision = if missing == 0 {
            if reached(held, judged) { Decision::Met } else { Decision::Missed(None) }
        } else if judged >= held + 2 && !reached(held + missing, FEWEST_WINDOWS) {
            Decision::Missed(Some(format!(
                "clear with {} too: only {held} within the limit",
                counted(judged, "window")
            )))
        } else {
            Decision::Open(format!("too few windows of 10 s with requests: {judged}, and {ENOUGH_WINDOWS}"))
        };
        if judged == 0 {
            row.reason = format!("no window of 10 s with requests, and {ENOUGH_WINDOWS}").into();
        } else {
            rows::settle(row, held as f64 * 100.0 / judged as f64, decision);
        }
    }

    /// The record a gate's scope means, and whether its percentiles are estimates.
    fn reading(&self, target: &GateTarget<'a>) -> Result<(Cow<'a, Endpoint>, bool), String> {
        let whole = || Ok((Cow::Borrowed(target.endpoint().unwrap_or(&self.results.total)), false));
        match (target.placed.gate.scope, &self.steady, target.series) {
            (Scope::WholeRun, ..) => whole(),
            (Scope::Stage(_), _, Some(series)) => {
                self.series.stage(series).map(|endpoint| (Cow::Owned(endpoint), true))
            }
            (Scope::Stage(number), ..) => Err(match self.results.stages.len() {
                0 => "the run has no stages: test.stages names them".to_owned(),
                count => format!("the run has no stage {number}: it had {}", counted(count, "stage")),
            }),
            (_, Some(steady), _) => steady
                .get(target.endpoint())
                .map(|endpoint| (Cow::Borrowed(endpoint), false))
                .ok_or_else(|| "no request was measured after the ramp-up".to_owned()),
            (_, None, Some(series)) => self.series.after_ramp_up(series).map(|endpoint| (Cow::Owned(endpoint), true)),
            (_, None, None) => Err("the time after the ramp-up is not in the results".to_owned()),
        }
    }

    /// Judges a value of the whole run, or of the time after the ramp-up.
    fn value(&self, target: &GateTarget<'a>, row: &mut Row) {
        let Gate { measure, condition, scope, severity, .. } = &target.placed.gate;
        let by_default = target.placed.origin == Origin::Default;
        let (endpoint, from_series) = match self.reading(target) {
            Ok(reading) => reading,
            Err(reason) => return row.reason = reason.into(),
        };
        row.requests = endpoint.requests;
        row.estimated = from_series && matches!(measure.window(), Some(WindowValue::Percentile(_)));
        let key = target.endpoint().map(Endpoint::key);
        let classified = match measure {
            Measure::Errors(class) => Some(self.failures.count(key.as_ref(), *class, endpoint.failures)),
            _ => None,
        };
        let observed = match classified {
            Some(_) if endpoint.requests == 0 => Err("no request was measured".to_owned()),
            Some(classified) if row.unit == Unit::Count => Ok(classified.of_class as f64),
            Some(classified) => Ok(classified.of_class as f64 * 100.0 / endpoint.requests as f64),
            None => observe(measure, &endpoint),
        };
        let part = match scope {
            Scope::Stage(_) => scope.to_string(),
            _ => "after the ramp-up".to_owned(),
        };
        let observed = match (observed, target.series) {
            (Ok(observed), _) => observed,
            (Err(_), Some(_)) if from_series && !row.estimated && endpoint.requests > 0 => {
                return row.reason = format!("the history does not contain {measure} {part}").into();
            }
            (Err(_), Some(series)) if row.estimated && endpoint.requests > 0 => {
                return row.reason = self.series.why_no_percentile(series, window_value(measure), &part).into();
            }
            (Err(reason), _) => {
                // Nobody asked for the default gates: an endpoint that was hardly called does not stop the build.
                row.allowed = by_default && endpoint.requests == 0;
                return row.reason = reason.into();
            }
        };
        if measure.is_time() && endpoint.mostly_failed() {
            rows::settle(row, observed, Decision::Open(mostly_failed::why_no_time(&endpoint)));
            // A single failure of a rare endpoint may be chance, and the user did not write the default gates.
            row.allowed = by_default && endpoint.failures < 2;
            return;
        }
        let open = self.results.evidence.as_ref().map_or(0, |evidence| evidence.open_requests(key.as_ref()));
        let mut comparison = Comparison {
            measure,
            operator: condition.operator(),
            limit: f64::NAN,
            unit: row.unit,
            observed,
            endpoint: &endpoint,
            classified,
            learned: false,
        };
        match *condition {
            Condition::Fixed { limit, .. } => {
                comparison.limit = limit.value();
                rows::settle(row, observed, comparison.decide());
                open_requests::check(row, &comparison, open);
            }
            Condition::VsBaseline { operator, change_percent } => {
                let failures = classified.map_or(endpoint.failures, |classified| classified.of_class);
                let answer = self.baseline.compare(&BaselineQuery {
                    endpoint: key.as_ref(),
                    measure,
                    scope: *scope,
                    observed,
                    requests: endpoint.requests,
                    failures,
                    operator,
                    change_percent,
                    severity: *severity,
                });
                against::judge(row, &answer, comparison, open);
                let explained = row.baseline.as_ref().and_then(|baseline| baseline.shown).is_some();
                row.allowed |= by_default && row.outcome == Outcome::Inconclusive && !explained;
            }
        }
    }
}

#[cfg(test)]
mod robust;
#[cfg(test)]
mod series;
#[cfg(test)]
mod tests;
