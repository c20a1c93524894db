//! The endpoints that have charts, and what is drawn of each: values over time, limits, good runs, failures, and the
//! distribution of response times.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::axis::nines;
use super::page_time::unix_seconds;
use super::short;
use crate::clean;
use crate::report::{Background, Story, wording};
use crate::results::{Endpoint, EndpointKey, Failure, Percentile};
use crate::series::{Interval, Totals, median};
use crate::verdict::{Operator, Outcome, Row, Subject, Unit};

/// Charts on the page, all requests together included; the other endpoints are in the table.
pub(super) const MOST_COURSES: usize = 40;
/// Points of a chart: more cannot be told apart on a phone, and the page stays small.
const MOST_POINTS: usize = 180;
/// Rates are taken over so long, s: as long as Locust's percentiles of the history look back.
const RATE_S: i64 = 10;
/// Classes of failure that are listed below a chart.
const MOST_CLASSES: usize = 6;

/// What is drawn of one endpoint, or of all requests together.
#[derive(Debug, Serialize)]
pub(super) struct Course {
    pub(super) name: String,
    /// Seconds since the start of the run; left out in the data of the page where they are those of the first course.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) t: Vec<i64>,
    /// Requests/s over the 10 s before, or since the point before where that is longer ago.
    #[serde(serialize_with = "short::list")]
    pub(super) rps: Vec<Option<f64>>,
    /// Failed requests over the same time, %.
    #[serde(serialize_with = "short::list")]
    pub(super) fail: Vec<Option<f64>>,
    #[serde(serialize_with = "short::list")]
    pub(super) p50: Vec<Option<f64>>,
    #[serde(serialize_with = "short::list")]
    pub(super) p95: Vec<Option<f64>>,
    #[serde(serialize_with = "short::list")]
    pub(super) p99: Vec<Option<f64>>,
    pub(super) limits: Vec<LimitLine>,
    /// The lowest, the usual and the highest value of good runs, by measure.
    pub(super) good: BTreeMap<&'static str, (f64, f64, f64)>,
    pub(super) classes: Vec<FailureSpan>,
    pub(super) curve: Curve,
    #[serde(skip)]
    pub(super) key: Option<EndpointKey>,
}

/// A limit of a gate as a line in a chart.
#[derive(Debug, Serialize)]
pub(super) struct LimitLine {
    /// The chart's measure: `p50`, `p95`, `p99`, `rps` or `fail`.
    pub(super) of: &'static str,
    pub(super) value: f64,
    pub(super) text: String,
    pub(super) missed: bool,
}

/// When failures of one class came.
#[derive(Debug, Serialize)]
pub(super) struct FailureSpan {
    pub(super) class: String,
    pub(super) count: u64,
    /// From the first to the last, s; `None` where it was not recorded.
    pub(super) span: Option<(i64, i64)>,
}

/// Response times by percentile.
#[derive(Debug, Default, Serialize)]
pub(super) struct Curve {
    /// Percentile in percent, ms.
    pub(super) this: Vec<(f64, f64)>,
    /// Percentile in percent; lowest, usual and highest of the good runs, ms.
    pub(super) good: Vec<(f64, f64, f64, f64)>,
    pub(super) runs: usize,
    /// Whether every response time of this run is known.
    pub(super) exact: bool,
}

/// The charts of a story: the one that the verdict's sentence names first, those of other rows that matter, then all requests together, then the busiest endpoints.
/// `start` is the run's first moment, Unix seconds.
pub(super) fn courses(story: &Story<'_>, background: &Background, start: i64) -> Vec<Course> {
    let mut seen = HashSet::new();
    let mut rows: Vec<&Row> = [Outcome::Fail, Outcome::Inconclusive, Outcome::Warn]
        .into_iter()
        .flat_map(|outcome| wording::rows_with(story.verdict, outcome))
        .filter(|row| !row.is_waiting())
        .collect();
    rows.sort_by_key(|row| !story.verdict.sentence.contains(&row.subject.to_string()));
    let of_rows = rows.into_iter().filter_map(|row| match &row.subject {
        Subject::Endpoint(key) => Some(Some(key)),
        Subject::All => Some(None),
        _ => None,
    });
    let series = &background.series;
    let busiest = series.endpoints.iter().chain(&series.further).map(|(key, _)| Some(key));
    of_rows
        .chain([None])
        .chain(busiest)
        .filter(|key| seen.insert(*key))
        .filter_map(|key| Some((key, series.course(key).filter(|totals| totals.len() > 1)?)))
        .take(MOST_COURSES)
        .map(|(key, totals)| Course::of(story, background, key, totals, start))
        .collect()
}

impl Course {
    fn of(
        story: &Story<'_>,
        background: &Background,
        key: Option<&EndpointKey>,
        totals: &[Totals],
        start: i64,
    ) -> Self {
        let results = story.results;
        let endpoint = match key {
            None => Some(&results.total),
            Some(key) => results.endpoints.iter().find(|one| one.method == key.method && one.name == key.name),
        };
        let points = thinned(totals);
        let intervals: Vec<Option<Interval>> = (0..points.len()).map(|index| before(&points, index)).collect();
        let rate = |interval: &Option<Interval>| {
            let interval = interval.as_ref().filter(|interval| interval.seconds() > 0.0)?;
            Some(digits(interval.requests as f64 / interval.seconds()))
        };
        let failed = |interval: &Option<Interval>| {
            let interval = interval.as_ref().filter(|interval| interval.requests > 0)?;
            Some(digits(interval.failures as f64 * 100.0 / interval.requests as f64))
        };
        let of = |value: fn(&Totals) -> Option<f64>| points.iter().map(|point| value(point).map(digits)).collect();
        let good: Vec<&Endpoint> = background.past.iter().filter_map(|run| run.measured(key)).collect();
        Self {
            name: key.map_or_else(
                || "All requests".to_owned(),
                |key| clean::line(&wording::label(&key.method, &key.name)).into_owned(),
            ),
            t: points.iter().map(|point| point.t_s - start).collect(),
            rps: intervals.iter().map(rate).collect(),
            fail: intervals.iter().map(failed).collect(),
            p50: of(|point| point.p50_ms),
            p95: of(|point| point.p95_ms),
            p99: of(|point| point.p99_ms),
            limits: limits(story, key),
            good: good_values(&good),
            classes: classes(&results.failures, key, start),
            curve: curve(endpoint, &good),
            key: key.cloned(),
        }
    }
}

/// At most [`MOST_POINTS`] of the points, evenly spaced, and the last one.
fn thinned(totals: &[Totals]) -> Vec<Totals> {
    let every = totals.len().div_ceil(MOST_POINTS).max(1);
    let mut points: Vec<Totals> = totals.iter().step_by(every).copied().collect();
    if !(totals.len() - 1).is_multiple_of(every) {
        points.extend(totals.last().copied());
    }
    points
}

/// What happened in the [`RATE_S`] before a point, or since the point before it; `None` for the first one. After a reset
/// of the counters (`locust --reset-stats`) what the point has since then.
fn before(points: &[Totals], index: usize) -> Option<Interval> {
    let to = &points[index];
    let earlier = &points[..index];
    let from = earlier.iter().rev().find(|from| to.t_s - from.t_s >= RATE_S).or(earlier.first())?;
    if to.requests < from.requests {
        let reset = Totals { t_s: earlier.last()?.t_s, time_ms: Some(0.0), ..Totals::default() };
        return Some(Interval::between(&reset, to));
    }
    Some(Interval::between(from, to))
}

/// Three significant digits, which is as much as a chart shows.
fn digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10_f64.powi(2 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

/// The limits of the rows of an endpoint that a chart can show.
fn limits(story: &Story<'_>, key: Option<&EndpointKey>) -> Vec<LimitLine> {
    let about = |subject: &Subject| match (subject, key) {
        (Subject::All, None) => true,
        (Subject::Endpoint(of), Some(key)) => of == key,
        _ => false,
    };
    let rows = story.verdict.rows.iter().filter(|row| about(&row.subject));
    rows.filter_map(|row| {
        let of = match row.measure.as_str() {
            "p50" | "median" => "p50",
            "p95" => "p95",
            "p99" => "p99",
            "rps" => "rps",
            "error_rate" => "fail",
            _ => return None,
        };
        let limit = row.limit.filter(|limit| limit.is_finite() && *limit >= 0.0)?;
        let word = if row.operator.is_some_and(Operator::wants_less) { "limit" } else { "at least" };
        let text = format!("{} {word} {}", row.measure, row.unit.show(limit));
        Some(LimitLine { of, value: limit, text, missed: row.is_missed() })
    })
    .take(4)
    .collect()
}

fn good_values(good: &[&Endpoint]) -> BTreeMap<&'static str, (f64, f64, f64)> {
    let value = |name: &str, one: &Endpoint| match name {
        "rps" => one.requests_per_s,
        "fail" => one.error_rate(),
        _ => one.percentile(Percentile::P95),
    };
    let spans = ["p95", "rps", "fail"].into_iter().filter_map(|name| {
        let (low, middle, high) = span(good.iter().filter_map(|one| value(name, one)))?;
        Some((name, (digits(low), digits(middle), digits(high))))
    });
    spans.collect()
}

/// The lowest, the median and the highest of the values.
pub(super) fn span(values: impl Iterator<Item = f64>) -> Option<(f64, f64, f64)> {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().reduce(f64::max)?;
    Some((low, median(values)?, high))
}

/// The failures of an endpoint by class, the most frequent first.
fn classes(failures: &[Failure], key: Option<&EndpointKey>, start: i64) -> Vec<FailureSpan> {
    let of_key = |failure: &&Failure| key.is_none_or(|key| failure.method == key.method && failure.name == key.name);
    let mut classes: Vec<FailureSpan> = Vec::new();
    for failure in failures.iter().filter(of_key) {
        let first = failure.first_seen.as_deref().and_then(unix_seconds);
        let last = failure.last_seen.as_deref().and_then(unix_seconds).or(first);
        let span = first.zip(last).map(|(first, last)| ((first - start).max(0), (last - start).max(0)));
        let class = wording::class_name(failure.kind());
        match classes.iter_mut().find(|known| known.class == class) {
            Some(known) => {
                known.count = known.count.saturating_add(failure.occurrences);
                known.span = known.span.zip(span).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1)));
            }
            None => classes.push(FailureSpan { class, count: failure.occurrences, span }),
        }
    }
    classes.sort_by_key(|class| std::cmp::Reverse(class.count));
    classes.truncate(MOST_CLASSES);
    classes
}

/// The distribution of an endpoint's response times, as far as its requests support a percentile.
fn curve(endpoint: Option<&Endpoint>, good: &[&Endpoint]) -> Curve {
    let Some(endpoint) = endpoint.filter(|endpoint| endpoint.requests > 0) else { return Curve::default() };
    let supported = |percentile: &Percentile| (1.0 - percentile.fraction()) * endpoint.requests as f64 >= 1.0;
    let exact = endpoint.histogram.as_ref().is_some_and(|histogram| !histogram.is_empty());
    let finer = [1.0, 5.0, 10.0, 20.0, 30.0, 40.0, 60.0, 70.0, 85.0, 92.5, 97.0, 99.5];
    let mut percentiles: Vec<Percentile> = Percentile::LOCUST.into_iter().filter(supported).collect();
    if exact {
        percentiles.extend(finer.into_iter().filter_map(Percentile::from_percent).filter(supported));
        percentiles.sort_unstable();
    }
    let this = percentiles
        .iter()
        .filter_map(|percentile| Some((percentile.percent(), digits(endpoint.percentile(*percentile)?))))
        .collect();
    let of_good = Percentile::LOCUST.into_iter().filter(supported).filter_map(|percentile| {
        let (low, middle, high) = span(good.iter().filter_map(|one| one.percentile(percentile)))?;
        Some((percentile.percent(), digits(low), digits(middle), digits(high)))
    });
    Curve { this, good: of_good.collect(), runs: good.len(), exact }
}

impl Curve {
    /// The right end of the axis: the last percentile that is known, at least p90.
    pub(super) fn end(&self) -> f64 {
        let last = self.this.last().map_or(0.0, |point| point.0).max(self.good.last().map_or(0.0, |point| point.0));
        nines(last.max(90.0) / 100.0)
    }

    /// The largest response time of the curve, ms.
    pub(super) fn most(&self) -> f64 {
        let good = self.good.iter().map(|point| point.3);
        self.this.iter().map(|point| point.1).chain(good).fold(0.0, f64::max)
    }
}

/// The unit in which a measure of a chart is written.
pub(super) fn unit_of(measure: &str) -> Unit {
    match measure {
        "rps" => Unit::PerSecond,
        "fail" => Unit::Percent,
        _ => Unit::Ms,
    }
}
