//! Two runs against each other: what moved, and what noise explains.

use std::collections::{HashMap, HashSet};

use super::learned::FAIL_FROM;
use super::record::{EndpointRecord, GoodRun};
use super::statistics::{PRIOR_SPREAD, mean_variance, percentile_variance, shrunk, spread_about, throughput_variance};
use crate::gate::{Measure, Scatter};
use crate::locust::bucket_width;
use crate::results::{EndpointKey, Fingerprint, Percentile};
use crate::series::median;
use crate::text::counted;
use crate::verdict::{Direction, EndpointMove, RunComparison, SideOfComparison, Unit, ValueMove};

/// A difference of two runs is called a move beyond so many of its standard deviations: 99 of 100 values that did not
/// move stay within.
const SPREADS: f64 = 2.58;

/// The measures that are compared.
static MEASURES: [(&str, Measure); 5] = [
    ("p50", Measure::Percentile(Percentile::P50)),
    ("p95", Measure::Percentile(Percentile::P95)),
    ("p99", Measure::Percentile(Percentile::P99)),
    ("error_rate", Measure::ErrorRate),
    ("rps", Measure::Rps),
];

/// One of the two runs.
#[derive(Debug, Clone)]
pub struct ComparedRun {
    /// Which one it is.
    pub is: SideOfComparison,
    /// Its settings, where they are known.
    pub fingerprint: Option<Fingerprint>,
    /// Whether its percentiles are free of Locust's rounding.
    pub exact: bool,
    /// All requests together.
    pub total: EndpointRecord,
    /// One record per endpoint.
    pub endpoints: Vec<EndpointRecord>,
}

impl ComparedRun {
    /// A run of the history.
    #[must_use]
    pub fn recorded(run: &GoodRun, name: String) -> Self {
        Self {
            is: SideOfComparison { name, at: Some(run.at), commit: run.commit.clone(), verdict: Some(run.verdict) },
            fingerprint: Some(run.fingerprint.clone()),
            exact: run.exact,
            total: run.total.clone(),
            endpoints: run.endpoints.clone(),
        }
    }
}

/// Why two runs cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotComparable {
    /// They are runs of two tests.
    #[error("the two are runs of different tests: A is `{a}`, B is `{b}`")]
    OtherTest {
        /// The test of A.
        a: String,
        /// The test of B.
        b: String,
    },
    /// They share no endpoint.
    #[error("the two runs have no endpoint in common: A calls {a}, B calls {b}")]
    NothingInCommon {
        /// Endpoints of A, in words.
        a: String,
        /// Endpoints of B, in words.
        b: String,
    },
}

/// Compares B with A. `history` are good runs of the settings of B; their scatter is the noise where there are five or
/// more, else a scatter of 5 % from run to run and the sampling error of the requests is assumed.
///
/// # Errors
/// When they are runs of different tests.
pub fn compare(a: &ComparedRun, b: &ComparedRun, history: &[&GoodRun]) -> Result<RunComparison, NotComparable> {
    if let Some((a, b)) = a.fingerprint.as_ref().zip(b.fingerprint.as_ref()).filter(|(a, b)| a.test != b.test) {
        return Err(NotComparable::OtherTest { a: a.test.clone(), b: b.test.clone() });
    }
    let pair = Pair { rounded: !(a.exact && b.exact), history: by_key(history) };
    let of_b: HashMap<(&str, &str), &EndpointRecord> = called(b).map(|one| (key(one), one)).collect();
    let mut endpoints: Vec<EndpointMove> =
        called(a).filter_map(|one| Some(pair.endpoint(Some(one.key()), one, of_b.get(&key(one))?))).collect();
    if endpoints.is_empty() {
        let words = |side: &ComparedRun| match called(side).next() {
            Some(first) => format!("{} such as {}", counted(called(side).count(), "endpoint"), first.key()),
            None => "none".to_owned(),
        };
        return Err(NotComparable::NothingInCommon { a: words(a), b: words(b) });
    }
    endpoints.sort_by(|one, other| other.size().total_cmp(&one.size()));
    let of_a: HashSet<(&str, &str)> = called(a).map(key).collect();
    let differences = a.fingerprint.as_ref().zip(b.fingerprint.as_ref()).map(|(a, b)| a.differences(b));
    Ok(RunComparison {
        a: a.is.clone(),
        b: b.is.clone(),
        differences: differences.into_iter().flatten().map(|(field, a, b)| (field.to_owned(), a, b)).collect(),
        noise: pair.words(history.len()),
        total: pair.endpoint(None, &a.total, &b.total),
        only_a: called(a).filter(|one| !of_b.contains_key(&key(one))).map(EndpointRecord::key).collect(),
        only_b: called(b).filter(|one| !of_a.contains(&key(one))).map(EndpointRecord::key).collect(),
        endpoints,
    })
}

fn called(run: &ComparedRun) -> impl Iterator<Item = &EndpointRecord> {
    run.endpoints.iter().filter(|one| one.requests > 0)
}

fn key(record: &EndpointRecord) -> (&str, &str) {
    (&record.method, &record.name)
}

/// What the good runs measured, by endpoint; all requests together under no name.
type RecordedByKey<'a> = HashMap<Option<EndpointKey>, Vec<&'a EndpointRecord>>;

fn by_key<'a>(history: &[&'a GoodRun]) -> RecordedByKey<'a> {
    let mut runs: RecordedByKey<'a> = HashMap::new();
    for run in history {
        runs.entry(None).or_default().push(&run.total);
        for one in run.endpoints.iter().filter(|one| one.requests > 0) {
            runs.entry(Some(one.key())).or_default().push(one);
        }
    }
    runs
}

/// What both sides share.
struct Pair<'a> {
    /// Whether Locust rounded percentiles on either side.
    rounded: bool,
    history: RecordedByKey<'a>,
}

impl Pair<'_> {
    fn words(&self, runs: usize) -> String {
        let rounding = if self.rounded { ", and one step of Locust's rounding" } else { "" };
        if runs >= FAIL_FROM {
            return format!(
                "Within noise: less than two runs of {} usually differ{rounding}",
                counted(runs, "good run")
            );
        }
        format!(
            "Within noise: less than the sampling error of the requests and an assumed 5 % from run to run{rounding}; \
             {FAIL_FROM} good runs in the history would say it better"
        )
    }

    fn endpoint(&self, key: Option<EndpointKey>, a: &EndpointRecord, b: &EndpointRecord) -> EndpointMove {
        let values = MEASURES.iter().filter_map(|(name, measure)| {
            let values = (measure.value(a)?, measure.value(b)?);
            let noise =
                if *measure == Measure::ErrorRate { share_noise(a, b) } else { self.noise(&key, measure, a, b)? };
            Some(moved(name, measure, values, noise))
        });
        EndpointMove { requests: (a.requests, b.requests), values: values.collect(), key }
    }

    /// What B may be without having moved, for a value whose logarithm scatters.
    fn noise(
        &self,
        key: &Option<EndpointKey>,
        measure: &Measure,
        a: &EndpointRecord,
        b: &EndpointRecord,
    ) -> Option<(f64, f64)> {
        let value = measure.value(a)?;
        let sampling = |requests: u64| match measure.scatter() {
            Scatter::Percentile(percentile) => percentile_variance(percentile.fraction(), requests),
            Scatter::Mean => mean_variance(requests),
            Scatter::Arrivals => throughput_variance(requests),
            Scatter::Failures | Scatter::Unknown => 0.0,
        };
        let assumed = (2.0 * PRIOR_SPREAD * PRIOR_SPREAD + sampling(a.requests) + sampling(b.requests)).sqrt();
        let logs: Vec<f64> = self
            .history
            .get(key)
            .into_iter()
            .flatten()
            .filter_map(|one| measure.value(*one))
            .filter(|value| *value > 0.0)
            .map(f64::ln)
            .collect();
        let spread = if logs.len() < FAIL_FROM {
            assumed
        } else {
            let center = median(logs.iter().copied()).unwrap_or_default();
            // Two single runs differ by √2 of what one of them scatters.
            shrunk(spread_about(center, &logs), logs.len(), assumed / std::f64::consts::SQRT_2)
                * std::f64::consts::SQRT_2
        };
        let factor = (SPREADS * spread).exp();
        let is_time = matches!(measure.scatter(), Scatter::Percentile(_));
        let step = if self.rounded && is_time { bucket_width(value) } else { 0.0 };
        Some((((value / factor).min(value - step)).max(0.0), (value * factor).max(value + step)))
    }
}

/// What the error rate of B may be, %: the failures of both are taken for draws from one rate.
fn share_noise(a: &EndpointRecord, b: &EndpointRecord) -> (f64, f64) {
    let (n, m) = (a.requests as f64, b.requests as f64);
    let failed = a.failed().failures + b.failed().failures;
    let rate = failed as f64 / (n + m).max(1.0);
    let spread = (rate * (1.0 - rate) * (1.0 / n.max(1.0) + 1.0 / m.max(1.0))).sqrt();
    let own = 100.0 * a.failed().fraction();
    // A few failures of rare events are no move.
    let room = (100.0 * SPREADS * spread).max(300.0 / m.max(1.0));
    ((own - room).max(0.0), own + room)
}

fn moved(name: &'static str, measure: &Measure, (a, b): (f64, f64), noise: (f64, f64)) -> ValueMove {
    let more_is_better = measure.plain().is_some_and(|plain| plain.more_is_better);
    let direction = match (b < noise.0, b > noise.1) {
        (false, false) => Direction::WithinNoise,
        (true, _) if more_is_better => Direction::Worse,
        (_, true) if more_is_better => Direction::Better,
        (true, _) => Direction::Better,
        (_, true) => Direction::Worse,
    };
    let unit: Unit = measure.unit();
    let change_percent = (a > 0.0).then(|| (b / a - 1.0) * 100.0);
    ValueMove { measure: name, unit, values: (a, b), change_percent, noise, direction }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, requests: u64, failures: u64, p95: f64) -> EndpointRecord {
        EndpointRecord {
            method: "GET".into(),
            name: name.into(),
            requests,
            failures,
            requests_per_s: Some(requests as f64 / 60.0),
            percentiles: [(Percentile::P95, p95)].into(),
            ..EndpointRecord::default()
        }
    }

    fn run(endpoints: Vec<EndpointRecord>) -> ComparedRun {
        let total = record("Aggregated", 1000, 0, 100.0);
        ComparedRun { is: SideOfComparison::default(), fingerprint: None, exact: true, total, endpoints }
    }

    fn words(comparison: &RunComparison) -> Vec<(String, &'static str)> {
        comparison.endpoints.iter().map(|one| (one.label(), one.word())).collect()
    }

    #[test]
    fn what_moved_most_is_first_and_noise_is_called_noise() {
        let a = run(vec![record("/a", 1000, 0, 100.0), record("/b", 1000, 0, 200.0), record("/c", 1000, 0, 300.0)]);
        let b = run(vec![record("/a", 1000, 0, 108.0), record("/b", 1000, 0, 420.0), record("/c", 1000, 90, 301.0)]);
        let found = compare(&a, &b, &[]).unwrap();
        assert_eq!(
            words(&found),
            [("GET /c".into(), "worse"), ("GET /b".into(), "worse"), ("GET /a".into(), "within noise")]
        );
        assert_eq!(found.endpoints[1].value("p95").unwrap().change_percent, Some(110.00000000000001));
    }

    #[test]
    fn few_requests_are_much_noise() {
        let one = |p95, requests| run(vec![record("/a", requests, 0, p95)]);
        assert_eq!(words(&compare(&one(100.0, 30), &one(140.0, 30), &[]).unwrap())[0].1, "within noise");
        assert_eq!(words(&compare(&one(100.0, 30_000), &one(140.0, 30_000), &[]).unwrap())[0].1, "worse");
        assert_eq!(words(&compare(&one(140.0, 30_000), &one(100.0, 30_000), &[]).unwrap())[0].1, "better");
    }

    #[test]
    fn one_step_of_locusts_rounding_is_noise() {
        let side = |p95, exact| ComparedRun { exact, ..run(vec![record("/a", 1_000_000, 0, p95)]) };
        assert_eq!(words(&compare(&side(2.0, false), &side(3.0, false), &[]).unwrap())[0].1, "within noise");
        assert_eq!(words(&compare(&side(2.0, true), &side(3.0, true), &[]).unwrap())[0].1, "worse");
    }

    #[test]
    fn runs_of_other_tests_are_refused() {
        let of_test = |test: &str| ComparedRun {
            fingerprint: Some(Fingerprint { test: test.into(), ..Fingerprint::default() }),
            ..run(vec![record("/a", 10, 0, 1.0)])
        };
        let refused = compare(&of_test("checkout"), &of_test("search"), &[]).unwrap_err();
        assert_eq!(refused.to_string(), "the two are runs of different tests: A is `checkout`, B is `search`");
        let other = run(vec![record("/z", 10, 0, 1.0)]);
        assert!(matches!(compare(&of_test("checkout"), &other, &[]), Err(NotComparable::NothingInCommon { .. })));
    }
}
