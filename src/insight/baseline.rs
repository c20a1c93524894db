//! Findings that need the usual values: all endpoints slower at once, and faster only because more fails.

use std::collections::BTreeMap;

use super::words;
use crate::results::{Endpoint, EndpointKey, Percentile, Results};
use crate::series::median;
use crate::text::counted;
use crate::verdict::{EndpointChange, Finding, FindingKind, Unit};

/// The usual values, from the history of good runs or from one run to compare with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UsualValues {
    /// Endpoint by endpoint.
    pub endpoints: BTreeMap<EndpointKey, Usual>,
    /// The p95 of each good run, ms, oldest first, endpoint by endpoint.
    pub courses: BTreeMap<EndpointKey, Vec<f64>>,
    /// The endpoints that are slower since a build, the largest change first.
    pub changes: Vec<EndpointChange>,
}

/// The usual values of one endpoint: medians over the good runs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usual {
    /// Median response time, ms.
    pub p50_ms: Option<f64>,
    /// 95th percentile of the response time, ms.
    pub p95_ms: Option<f64>,
    /// Failed requests, % of all.
    pub error_rate: Option<f64>,
    /// Throughput, requests/s.
    pub requests_per_s: Option<f64>,
    /// Runs behind these numbers.
    pub runs: u32,
}

impl UsualValues {
    /// One run as the baseline of another.
    #[must_use]
    pub fn of_run(results: &Results) -> Self {
        let usual = |endpoint: &Endpoint| Usual {
            p50_ms: endpoint.percentile(Percentile::P50).or(endpoint.median_ms),
            p95_ms: endpoint.percentile(Percentile::P95),
            error_rate: endpoint.error_rate(),
            requests_per_s: endpoint.requests_per_s,
            runs: 1,
        };
        let series = |endpoint: &Endpoint| Some((endpoint.key(), vec![endpoint.percentile(Percentile::P95)?]));
        Self {
            endpoints: results.endpoints.iter().map(|endpoint| (endpoint.key(), usual(endpoint))).collect(),
            courses: results.endpoints.iter().filter_map(series).collect(),
            changes: Vec::new(),
        }
    }

    /// The usual values over several runs, oldest first: the median of each number, endpoint by endpoint.
    #[must_use]
    pub fn median_of(runs: impl IntoIterator<Item = Self>) -> Self {
        let mut seen: BTreeMap<EndpointKey, Vec<Usual>> = BTreeMap::new();
        let mut courses: BTreeMap<EndpointKey, Vec<f64>> = BTreeMap::new();
        for run in runs {
            for (key, usual) in run.endpoints {
                seen.entry(key).or_default().push(usual);
            }
            for (key, series) in run.courses {
                courses.entry(key).or_default().extend(series);
            }
        }
        let usual = |runs: &[Usual]| {
            let of = |number: fn(&Usual) -> Option<f64>| median(runs.iter().filter_map(number));
            Usual {
                p50_ms: of(|run| run.p50_ms),
                p95_ms: of(|run| run.p95_ms),
                error_rate: of(|run| run.error_rate),
                requests_per_s: of(|run| run.requests_per_s),
                runs: runs.iter().fold(0, |sum, run| sum.saturating_add(run.runs)),
            }
        };
        Self {
            endpoints: seen.into_iter().map(|(key, runs)| (key, usual(&runs))).collect(),
            courses,
            changes: Vec::new(),
        }
    }

    /// The endpoints that are known here and have enough requests to be compared.
    fn pairs<'a>(&'a self, results: &'a Results) -> impl Iterator<Item = (&'a Endpoint, &'a Usual)> {
        results
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.requests >= LEAST_REQUESTS)
            .filter_map(|endpoint| Some((endpoint, self.endpoints.get(&endpoint.key())?)))
    }
}

/// Requests an endpoint needs to be compared.
const LEAST_REQUESTS: u64 = 20;
/// Below this, a response time is mostly the load generator's own, ms.
pub(super) const LEAST_MS: f64 = 5.0;
/// Endpoints that are needed to speak of all.
const LEAST_ENDPOINTS: usize = 3;
/// Minimum number of endpoints for a sign test; with fewer, all of them must be slower.
const FEWEST_FOR_SIGNS: usize = 5;
/// The accepted probability that chance made so many endpoints worse.
const CHANCE: f64 = 0.05;
/// The share of the endpoints that must be worse alike.
const LEAST_ALIKE: f64 = 0.8;
/// The endpoints must be slower by more than this factor.
const LEAST_COMMON: f64 = 1.15;
/// Failed requests must be more by this, percentage points.
const LEAST_MORE_FAILING: f64 = 5.0;
/// A percentile falls noticeably only when at least this share of the requests below it are quick failures.
const LEAST_EXPLAINED: f64 = 0.5;
/// And response times must be below this factor of the usual.
const FASTER: f64 = 0.85;

/// This run's value as a factor of the usual one.
fn ratio(now: Option<f64>, usual: Option<f64>) -> Option<f64> {
    let ratio = now? / usual.filter(|usual| *usual >= LEAST_MS)?;
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

/// Median and p95, each compared with the usual one.
fn compared(
    endpoint: &Endpoint,
    usual: &Usual,
    by: impl Fn(Option<f64>, Option<f64>) -> Option<f64>,
) -> (Option<f64>, Option<f64>) {
    let p50 = endpoint.percentile(Percentile::P50).or(endpoint.median_ms);
    (by(p50, usual.p50_ms), by(endpoint.percentile(Percentile::P95), usual.p95_ms))
}

/// How much slower an endpoint is: the geometric mean of the factors of median and p95, which is steadier than either.
fn slower(endpoint: &Endpoint, usual: &Usual) -> Option<f64> {
    match compared(endpoint, usual, ratio) {
        (Some(p50), Some(p95)) => Some((p50 * p95).sqrt()),
        (one, other) => one.or(other),
    }
}

/// How much longer an endpoint takes, ms: the mean of what median and p95 grew by.
fn later(endpoint: &Endpoint, usual: &Usual) -> Option<f64> {
    match compared(endpoint, usual, |now, usual| Some(now? - usual?).filter(|ms| ms.is_finite())) {
        (Some(p50), Some(p95)) => Some(0.5 * (p50 + p95)),
        (one, other) => one.or(other),
    }
}

/// All endpoints slower by about the same factor, or by about the same time.
pub(super) fn common_mode(results: &Results, baseline: &UsualValues) -> Option<Finding> {
    same_factor(results, baseline).or_else(|| same_delay(results, baseline))
}

fn same_factor(results: &Results, baseline: &UsualValues) -> Option<Finding> {
    let shift = Shift::of(results, baseline, |endpoint, usual| Some(slower(endpoint, usual)? - 1.0))?;
    if 1.0 + shift.middle < LEAST_COMMON {
        return None;
    }
    let sentence = format!(
        "{} slower than the baseline by about the same factor, {}: that points to the environment, not to one change in the \
         code.",
        shift.subject("are"),
        words::change(1.0 + shift.middle),
    );
    let next = "Compare what all endpoints share: size and neighbors of the machines, the database, the network path, the \
                load generator's CPU. Run the last good commit again: when it is as slow, it is not the code.";
    Some(shift.finding(sentence, |surplus| format!("× {:.2}", 1.0 + surplus), next))
}

fn same_delay(results: &Results, baseline: &UsualValues) -> Option<Finding> {
    let shift = Shift::of(results, baseline, later)?;
    let quickest = baseline.pairs(results).filter_map(|(_, usual)| usual.p95_ms).fold(f64::INFINITY, f64::min);
    if shift.middle < LEAST_MS.max((LEAST_COMMON - 1.0) * quickest) {
        return None;
    }
    let sentence = format!(
        "{} about the same time longer than the baseline, {}: every request waits for something that does not depend on what \
         it does.",
        shift.subject("take"),
        Unit::Ms.show(shift.middle.round()),
    );
    let next = "Look at the way to the service: network, proxy, TLS, a rate limiter, and whether the load generator or the \
                service had to wait for a CPU. Run the last good commit again: when it is as slow, it is not the code.";
    Some(shift.finding(sentence, |ms| format!("+{}", Unit::Ms.show(ms.round())), next))
}

/// The probability that at least `worse` of `count` endpoints are worse when each is so with a chance of one half: the sign
/// test, one-sided.
fn by_chance(worse: usize, count: usize) -> f64 {
    let mut ways = 1.0;
    let mut sum = 0.0;
    for k in 0..=count {
        if k >= worse {
            sum += ways;
        }
        ways *= (count - k) as f64 / (k + 1) as f64;
    }
    sum * 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX))
}

/// What all endpoints changed by.
struct Shift {
    /// Each endpoint's change and label, the largest first.
    endpoints: Vec<(f64, String)>,
    middle: f64,
    /// How many of them changed alike: between half and twice the middle one's change.
    alike: usize,
    /// Runs behind the baseline.
    runs: u32,
}

impl Shift {
    /// `None` unless there are enough endpoints, so many of them are worse that chance does not explain it, and nearly all
    /// of them are worse alike. Of a few endpoints all must be; of more, one odd endpoint does not hide what the rest
    /// share.
    fn of(
        results: &Results,
        baseline: &UsualValues,
        change: impl Fn(&Endpoint, &Usual) -> Option<f64>,
    ) -> Option<Self> {
        let mut endpoints: Vec<(f64, String)> = baseline
            .pairs(results)
            .filter_map(|(endpoint, usual)| Some((change(endpoint, usual)?, endpoint.label())))
            .collect();
        endpoints.sort_by(|a, b| b.0.total_cmp(&a.0));
        let middle = endpoints.get(endpoints.len() / 2)?.0;
        let count = endpoints.len();
        let alike = endpoints.iter().filter(|(one, _)| (middle / 2.0..=middle * 2.0).contains(one)).count();
        let worse = endpoints.iter().filter(|(one, _)| *one > 0.0).count();
        let shared = if count < FEWEST_FOR_SIGNS {
            alike == count
        } else {
            by_chance(worse, count) < CHANCE && alike as f64 >= count as f64 * LEAST_ALIKE
        };
        let runs = baseline.pairs(results).map(|(_, usual)| usual.runs).max().unwrap_or(0);
        (middle > 0.0 && shared && count >= LEAST_ENDPOINTS).then_some(Self { endpoints, middle, alike, runs })
    }

    /// `All 3 endpoints are`, `9 of 10 endpoints are`.
    fn subject(&self, verb: &str) -> String {
        let count = self.endpoints.len();
        if self.alike == count {
            format!("All {count} endpoints {verb}")
        } else {
            format!("{} of {count} endpoints {verb}", self.alike)
        }
    }

    fn finding(&self, sentence: String, show: impl Fn(f64) -> String, next: &str) -> Finding {
        let shown: Vec<String> =
            self.endpoints.iter().map(|(change, label)| format!("{label} {}", show(*change))).collect();
        Finding::new(
            FindingKind::CommonMode,
            sentence,
            format!("response times against the median of {}: {}", counted(self.runs, "run"), words::list(&shown, 6)),
            next,
        )
    }
}

/// Endpoints whose response times fell while their error rate rose.
pub(super) fn faster_because_failing(results: &Results, baseline: &UsualValues) -> Option<Finding> {
    let mut found: Vec<(f64, String, String)> = baseline
        .pairs(results)
        .filter_map(|(endpoint, usual)| {
            let (errors, usual_errors) = (endpoint.error_rate()?, usual.error_rate.unwrap_or(0.0));
            let (p50, p95) = compared(endpoint, usual, ratio);
            let more = errors - usual_errors;
            // Quick failures move a percentile only when they are many of the requests below it.
            let explains = |quantile: f64| more / 100.0 >= quantile * LEAST_EXPLAINED;
            let p50 = p50.filter(|_| explains(0.5)).map(|ratio| ("median", ratio));
            let p95 = p95.filter(|_| explains(0.95)).map(|ratio| ("p95", ratio));
            let (measure, ratio) = p50.into_iter().chain(p95).min_by(|a, b| a.1.total_cmp(&b.1))?;
            (more >= LEAST_MORE_FAILING && ratio <= FASTER).then(|| {
                let evidence = format!(
                    "{}: error rate {} → {}, {measure} {}",
                    endpoint.label(),
                    Unit::Percent.show(usual_errors),
                    Unit::Percent.show(errors),
                    words::change(ratio),
                );
                (more, endpoint.label(), evidence)
            })
        })
        .collect();
    // Where the endpoints that fail no more than usual are faster too, failures are not the reason.
    let mut others: Vec<f64> = baseline
        .pairs(results)
        .filter(|(endpoint, usual)| {
            let more = endpoint.error_rate().unwrap_or(0.0) - usual.error_rate.unwrap_or(0.0);
            more < LEAST_MORE_FAILING
        })
        .filter_map(|(endpoint, usual)| slower(endpoint, usual))
        .collect();
    others.sort_by(f64::total_cmp);
    if others.get(others.len() / 2).is_some_and(|middle| *middle <= FASTER) {
        return None;
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let labels: Vec<String> = found.iter().map(|(_, label, _)| label.clone()).collect();
    let evidence: Vec<String> = found.into_iter().map(|(.., evidence)| evidence).collect();
    let subject = match labels.as_slice() {
        [] => return None,
        [one] => format!("{one} is"),
        _ => format!("{} are", words::list(&labels, 3)),
    };
    Some(Finding::new(
        FindingKind::FasterBecauseFailing,
        format!(
            "{subject} faster than usual only because more requests fail: an error is answered quicker than the work is \
             done."
        ),
        words::list(&evidence, 3),
        "Read the response times of these endpoints only after the failures are gone; a gate on error_rate belongs \
         beside every gate on a percentile.",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{endpoint, results};
    use super::*;

    fn usual() -> UsualValues {
        UsualValues::of_run(&results(vec![
            endpoint("GET", "/a", 100, 0, 20.0),
            endpoint("GET", "/b", 100, 0, 50.0),
            endpoint("POST", "/c", 100, 0, 200.0),
        ]))
    }

    fn run(a: (u64, f64), b: (u64, f64), c: (u64, f64)) -> Results {
        results(vec![
            endpoint("GET", "/a", 100, a.0, a.1),
            endpoint("GET", "/b", 100, b.0, b.1),
            endpoint("POST", "/c", 100, c.0, c.1),
        ])
    }

    #[test]
    fn the_same_factor_everywhere_is_the_environment() {
        let finding = common_mode(&run((0, 32.0), (0, 75.0), (0, 330.0)), &usual()).unwrap();
        insta::assert_snapshot!(format!("{}\n{}", finding.sentence, finding.evidence), @r"
        All 3 endpoints are slower than the baseline by about the same factor, +60 %: that points to the environment, not to one change in the code.
        response times against the median of 1 run: POST /c × 1.65, GET /a × 1.60, GET /b × 1.50
        ");
    }

    #[test]
    fn the_same_time_everywhere_is_the_way_to_the_service() {
        let finding = common_mode(&run((0, 40.0), (0, 75.0), (0, 222.0)), &usual()).unwrap();
        insta::assert_snapshot!(format!("{}\n{}", finding.sentence, finding.evidence), @r"
        All 3 endpoints take about the same time longer than the baseline, 33 ms: every request waits for something that does not depend on what it does.
        response times against the median of 1 run: GET /b +38 ms, POST /c +33 ms, GET /a +30 ms
        ");
        assert_eq!(common_mode(&run((0, 22.0), (0, 52.5), (0, 202.0)), &usual()), None, "3 ms");
    }

    #[test]
    fn several_runs_are_told_by_their_median() {
        let run = |median_ms| UsualValues::of_run(&results(vec![endpoint("GET", "/a", 100, 0, median_ms)]));
        let middle = UsualValues::median_of([run(20.0), run(900.0), run(22.0)]);
        let usual = middle.endpoints.values().next().unwrap();
        assert_eq!((usual.p50_ms, usual.p95_ms, usual.error_rate, usual.runs), (Some(22.0), Some(44.0), Some(0.0), 3));
        assert_eq!(UsualValues::median_of([]), UsualValues::default());
    }

    #[test]
    fn one_odd_endpoint_of_many_does_not_hide_what_the_others_share() {
        let with = |factor: &dyn Fn(usize) -> f64| {
            results(
                (0..10).map(|i| endpoint("GET", &format!("/{i}"), 100, 0, (20 + 10 * i) as f64 * factor(i))).collect(),
            )
        };
        let usual = UsualValues::of_run(&with(&|_| 1.0));
        let finding = common_mode(&with(&|i| if i == 3 { 0.9 } else { 1.5 }), &usual).unwrap();
        assert!(finding.sentence.starts_with("9 of 10 endpoints are slower"), "{}", finding.sentence);
        assert_eq!(common_mode(&with(&|i| if i < 3 { 1.0 } else { 1.5 }), &usual), None, "7 of 10");
        assert!((by_chance(9, 10) - 0.010_742).abs() < 1e-6);
    }

    #[test]
    fn one_slow_endpoint_is_not_the_environment() {
        assert_eq!(common_mode(&run((0, 20.0), (0, 50.0), (0, 900.0)), &usual()), None);
        assert_eq!(common_mode(&run((0, 30.0), (0, 75.0), (0, 2_000.0)), &usual()), None);
        assert_eq!(common_mode(&run((0, 21.0), (0, 52.0), (0, 210.0)), &usual()), None, "+5 %");
        assert_eq!(common_mode(&run((0, 10.0), (0, 25.0), (0, 100.0)), &usual()), None, "faster");
    }

    #[test]
    fn faster_and_failing_are_told_together() {
        let finding = faster_because_failing(&run((60, 2.0), (0, 50.0), (0, 200.0)), &usual()).unwrap();
        insta::assert_snapshot!(format!("{}\n{}", finding.sentence, finding.evidence), @r"
        GET /a is faster than usual only because more requests fail: an error is answered quicker than the work is done.
        GET /a: error rate 0 % → 60 %, median -90 %
        ");
        assert_eq!(faster_because_failing(&run((60, 20.0), (0, 10.0), (2, 200.0)), &usual()), None);
        assert_eq!(
            faster_because_failing(&run((8, 10.0), (0, 50.0), (0, 200.0)), &usual()),
            None,
            "8 % cannot halve it"
        );
        assert_eq!(faster_because_failing(&run((60, 2.0), (0, 25.0), (0, 100.0)), &usual()), None, "all are faster");
    }
}
