//! The course of a run: running totals over time, all requests together and endpoint by endpoint.
//!
//! Only running totals are kept. Differences of them are exact for any stretch of time, so thinning a long run out
//! loses resolution and nothing else; Locust's own sliding windows overlap, which would make any trend look surer
//! than it is.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;

use crate::locust::{CsvError, HistoryReader};
use crate::results::{EndpointKey, Percentile, Results, Timeline};

/// Points kept of each series.
const MOST_POINTS: usize = 360;
/// Endpoints followed, those with the most requests first.
const MOST_ENDPOINTS: usize = 100;
/// Locust's percentiles of the history look back about this long, s (`CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW`).
const SLIDING_WINDOW_S: i64 = 10;

/// Running totals at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Point {
    /// Unix seconds.
    pub(super) t_s: i64,
    pub(super) users: u32,
    pub(super) requests: u64,
    pub(super) failures: u64,
    /// Sum of all response times, ms, where the file tells.
    sum_ms: Option<f64>,
    /// Median of the last 10 s or so, ms; used where there is no sum.
    p50_ms: Option<f64>,
}

/// The course of a run, bounded in memory however long it was and however many endpoints it had.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunSeries {
    pub(super) total: Vec<Point>,
    pub(super) endpoints: Vec<(EndpointKey, Vec<Point>)>,
}

/// What happened between two moments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) from_s: i64,
    pub(super) to_s: i64,
    /// Users at its end.
    pub(super) users: u32,
    pub(super) requests: u64,
    pub(super) failures: u64,
}

impl Interval {
    pub(super) fn seconds(&self) -> f64 {
        self.to_s as f64 - self.from_s as f64
    }
}

impl RunSeries {
    /// The course of a run from its history file; from the timeline of `results` when there is no such file, which
    /// tells less: no single endpoints, and trends only in runs of more than a minute.
    ///
    /// # Errors
    /// When the file is there and is not Locust's history CSV.
    pub fn of(results: &Results, history: Option<&Path>) -> Result<Self, CsvError> {
        let Some(path) = history else { return Ok(Self::from_timeline(&results.timeline)) };
        match File::open(path) {
            Ok(file) => Self::read(results, &path.display().to_string(), file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::from_timeline(&results.timeline)),
            Err(error) => Err(CsvError::Read { file: path.display().to_string(), source: error.into() }),
        }
    }

    /// Reads a history file as a stream. `file` names it in errors.
    ///
    /// # Errors
    /// When it is not Locust's history CSV.
    pub fn read(results: &Results, file: &str, source: impl io::Read) -> Result<Self, CsvError> {
        let mut busiest: Vec<_> = results.endpoints.iter().filter(|endpoint| endpoint.requests > 0).collect();
        busiest.sort_by_key(|endpoint| std::cmp::Reverse(endpoint.requests));
        busiest.truncate(MOST_ENDPOINTS);
        let mut endpoints: Vec<_> = busiest.iter().map(|endpoint| (endpoint.key(), Thinned::default())).collect();
        // By name first, so that a row is looked up without copying its text.
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, endpoint) in busiest.iter().enumerate() {
            by_name.entry(&endpoint.name).or_default().push(index);
        }
        let mut total = Thinned::default();
        let mut reader = HistoryReader::open(file, source)?;
        while let Some(row) = reader.next_row()? {
            let series = if row.is_total() {
                &mut total
            } else {
                let method = row.method();
                let candidates = by_name.get(&*row.name()).map(Vec::as_slice).unwrap_or_default();
                match candidates.iter().find(|&&index| endpoints[index].0.method == method) {
                    Some(&index) => &mut endpoints[index].1,
                    None => continue,
                }
            };
            let requests = row.total_requests()?;
            series.push(Point {
                t_s: row.timestamp()?,
                users: row.users()?,
                requests,
                failures: row.total_failures()?,
                sum_ms: row.total_average_ms()?.map(|average| average * requests as f64),
                p50_ms: row.percentile(Percentile::P50)?,
            });
        }
        let endpoints = endpoints.into_iter().map(|(key, series)| (key, series.finish())).collect();
        Ok(Self { total: total.finish(), endpoints })
    }

    /// The course as far as `results.json` alone tells it.
    #[must_use]
    pub fn from_timeline(timeline: &Timeline) -> Self {
        let mut total = Thinned::default();
        for point in &timeline.points {
            total.push(Point {
                t_s: point.t_s,
                users: point.users,
                requests: point.total_requests,
                failures: point.total_failures,
                sum_ms: None,
                p50_ms: point.p50_ms,
            });
        }
        Self { total: total.finish(), endpoints: Vec::new() }
    }

    pub(super) fn peak_users(&self) -> u32 {
        self.total.iter().map(|point| point.users).max().unwrap_or(0)
    }

    /// When the ramp-up ended: the first moment at which the most users ever seen were running.
    pub(super) fn ramp_up_end(&self) -> Option<i64> {
        let most = self.peak_users();
        self.total.iter().find(|point| point.users == most).map(|point| point.t_s)
    }

    /// From the end of the ramp-up to the last moment at which nearly all users were still running.
    pub(super) fn steady(&self) -> Option<(i64, i64)> {
        let from = self.ramp_up_end()?;
        let enough = f64::from(self.peak_users()) * 0.9;
        let to = self.total.iter().rev().find(|point| f64::from(point.users) >= enough)?.t_s;
        (from < to).then_some((from, to))
    }

    /// Cuts a stretch of time at moments that were recorded, into at most `most` parts.
    pub(super) fn edges(&self, (from, to): (i64, i64), most: i64) -> Vec<i64> {
        let shortest = if self.total.iter().any(|point| point.sum_ms.is_some()) { 1 } else { SLIDING_WINDOW_S };
        let width = (to.saturating_sub(from) / most).max(shortest);
        let mut edges: Vec<i64> = Vec::new();
        for point in self.total.iter().filter(|point| (from..=to).contains(&point.t_s)) {
            if edges.last().is_none_or(|last| point.t_s.saturating_sub(*last) >= width) {
                edges.push(point.t_s);
            }
        }
        edges
    }

    /// What happened between each two edges.
    pub(super) fn intervals(&self, edges: &[i64]) -> Vec<Interval> {
        edges
            .windows(2)
            .filter_map(|edge| {
                let (first, last) = (at(&self.total, edge[0])?, at(&self.total, edge[1])?);
                Some(Interval {
                    from_s: edge[0],
                    to_s: edge[1],
                    users: last.users,
                    requests: last.requests.saturating_sub(first.requests),
                    failures: last.failures.saturating_sub(first.failures),
                })
            })
            .collect()
    }

    /// Response times between each two edges against those of the whole stretch, 1 = as usual. Every endpoint is
    /// compared with itself, so that a change of the mix is no change. `None` where too little was measured.
    pub(super) fn relative_levels(&self, edges: &[i64]) -> Vec<Option<f64>> {
        let alone = [self.total.as_slice()];
        let series: Vec<&[Point]> = self.endpoints.iter().map(|(_, points)| points.as_slice()).collect();
        let measured = series.iter().any(|points| !points.is_empty());
        let all: Vec<_> = (if measured { &series[..] } else { &alone[..] }).iter().map(|s| levels(s, edges)).collect();
        (0..edges.len().saturating_sub(1))
            .map(|index| {
                let (mut weight, mut sum) = (0.0, 0.0);
                for levels in &all {
                    if let (Some(usual), Some((level, requests))) = (levels.usual, levels.parts[index]) {
                        weight += requests as f64;
                        sum += requests as f64 * level / usual;
                    }
                }
                (weight >= 3.0).then(|| sum / weight)
            })
            .collect()
    }
}

/// The response times of one series.
pub(super) struct Levels {
    /// Over the whole stretch, ms.
    pub(super) usual: Option<f64>,
    /// Between each two edges: level, ms, and requests behind it.
    pub(super) parts: Vec<Option<(f64, u64)>>,
}

/// The mean response times between each two edges; the last sliding median where the file has no sums.
pub(super) fn levels(series: &[Point], edges: &[i64]) -> Levels {
    let between = |from: i64, to: i64| {
        // A series begins with its endpoint's first request; before it there was nothing.
        let first = at(series, from).unwrap_or_default();
        let last = at(series, to)?;
        let requests = last.requests.checked_sub(first.requests).filter(|requests| *requests > 0)?;
        let level = match (last.sum_ms, first.sum_ms) {
            (Some(last_sum), first_sum) => (last_sum - first_sum.unwrap_or(0.0)) / requests as f64,
            (None, _) => last.p50_ms?,
        };
        (level.is_finite() && level > 0.0).then_some((level, requests))
    };
    let usual = match (edges.first(), edges.last()) {
        (Some(&from), Some(&to)) => between(from, to).map(|(level, _)| level),
        _ => None,
    };
    Levels { usual, parts: edges.windows(2).map(|edge| between(edge[0], edge[1])).collect() }
}

/// The running totals at a moment: those of the last point not after it.
fn at(series: &[Point], t_s: i64) -> Option<Point> {
    series[..series.partition_point(|point| point.t_s <= t_s)].last().copied()
}

/// A series that keeps at most [`MOST_POINTS`]: of a longer one every 2nd, 4th, 8th … point, and always the last.
#[derive(Debug)]
struct Thinned {
    points: Vec<Point>,
    every: usize,
    seen: usize,
    newest: Option<Point>,
}

impl Default for Thinned {
    fn default() -> Self {
        Self { points: Vec::new(), every: 1, seen: 0, newest: None }
    }
}

impl Thinned {
    fn push(&mut self, point: Point) {
        // A clock that was set back would break every difference.
        if self.newest.or_else(|| self.points.last().copied()).is_some_and(|last| point.t_s < last.t_s) {
            return;
        }
        if self.points.len() == MOST_POINTS {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.every *= 2;
        }
        if self.seen.is_multiple_of(self.every) {
            self.points.push(point);
            self.newest = None;
        } else {
            self.newest = Some(point);
        }
        self.seen += 1;
    }

    fn finish(mut self) -> Vec<Point> {
        self.points.extend(self.newest);
        self.points
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A course in which one endpoint is called; each entry is (users, requests, failures, mean ms) of one second.
    pub(in super::super) fn course(seconds: &[(u32, u64, u64, f64)]) -> RunSeries {
        let mut point = Point { t_s: 1_000, sum_ms: Some(0.0), ..Point::default() };
        let mut points = vec![point];
        for &(users, requests, failures, ms) in seconds {
            point = Point {
                t_s: point.t_s + 1,
                users,
                requests: point.requests + requests,
                failures: point.failures + failures,
                sum_ms: point.sum_ms.map(|sum| sum + ms * requests as f64),
                p50_ms: Some(ms),
            };
            points.push(point);
        }
        let key = EndpointKey { method: "GET".into(), name: "/a".into() };
        RunSeries { total: points.clone(), endpoints: vec![(key, points)] }
    }

    #[test]
    fn a_long_run_stays_bounded_and_keeps_its_sums() {
        let long = course(&[(5, 10, 1, 20.0); 30_000]);
        let mut thinned = Thinned::default();
        for point in &long.total {
            thinned.push(*point);
        }
        let course = RunSeries { total: thinned.finish(), endpoints: Vec::new() };
        assert!(course.total.len() <= MOST_POINTS + 1, "{}", course.total.len());
        let intervals = course.intervals(&course.edges((1_000, 31_000), 50));
        assert!((40..=50).contains(&intervals.len()), "{}", intervals.len());
        assert!(intervals.iter().all(|interval| interval.requests as f64 == interval.seconds() * 10.0));
        assert_eq!(course.total.last().unwrap().failures, 30_000);
    }

    #[test]
    fn another_mix_is_no_other_level() {
        let (fast, slow) = (course(&[(5, 10, 0, 10.0), (5, 2, 0, 10.0)]), course(&[(5, 2, 0, 90.0), (5, 10, 0, 90.0)]));
        let mixed = RunSeries { endpoints: [fast.endpoints.clone(), slow.endpoints].concat(), ..fast };
        let levels = mixed.relative_levels(&[1_000, 1_001, 1_002]);
        assert!(levels.iter().all(|level| (level.unwrap() - 1.0).abs() < 1e-9), "{levels:?}");
    }

    #[test]
    fn a_clock_set_back_is_left_out() {
        let mut thinned = Thinned::default();
        for t_s in [5, 6, 2, 7] {
            thinned.push(Point { t_s, ..Point::default() });
        }
        assert_eq!(thinned.finish().iter().map(|point| point.t_s).collect::<Vec<_>>(), [5, 6, 7]);
    }
}
