//! A run's running totals over time, all requests together and endpoint by endpoint, for findings.

use std::path::Path;
use std::sync::Arc;

use super::follow::{Followed, MOST_POINTS};
use super::plan::{SeriesPlan, Watched};
use super::source::StatsHistory;
use super::thinned::Thinned;
use super::tick::WINDOW_S;
use super::totals::{Interval, Totals};
use crate::locust::CsvError;
use crate::results::{EndpointKey, PeakUsers, Results, Timeline};

/// A run's running totals over time, bounded in memory however long it was and however many endpoints it had.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunSeries {
    /// All requests together.
    pub total: Vec<Totals>,
    /// The busiest endpoints, in which findings are looked for.
    pub endpoints: Vec<(EndpointKey, Vec<Totals>)>,
    /// Further endpoints, asked for by name to be shown.
    pub further: Vec<(EndpointKey, Vec<Totals>)>,
}

impl RunSeries {
    /// The series of a run from its history file; from the timeline of `results` when there is no such file, which
    /// says less: no single endpoints, and trends only in runs of more than a minute.
    ///
    /// # Errors
    /// When the file exists and is not Locust's history CSV.
    pub fn of(results: &Results, history: Option<&Path>) -> Result<Self, Arc<CsvError>> {
        Self::read(results, history.map(StatsHistory::file))
    }

    /// The same from any history.
    ///
    /// # Errors
    /// When it is not Locust's history CSV.
    pub fn read(results: &Results, history: Option<StatsHistory<'_>>) -> Result<Self, Arc<CsvError>> {
        let mut plan = SeriesPlan::default();
        plan.want_findings(results);
        let series = plan.read(history).findings?;
        Ok(series.unwrap_or_else(|| Self::from_timeline(&results.timeline)))
    }

    /// Builds the series from the collected totals.
    pub(super) fn of_watched(places: &[usize], watched: &mut [Watched]) -> Self {
        let mut series = Self::default();
        for place in places {
            let one = &mut watched[*place];
            let Some(totals) = one.followed.take().map(Followed::finish) else { continue };
            match &one.key {
                None => series.total = totals,
                Some(key) => series.endpoints.push((key.clone(), totals)),
            }
        }
        let others = watched.iter_mut().filter_map(|one| Some((one.key.clone()?, one.followed.take()?.finish())));
        series.further = others.filter(|(_, totals)| !totals.is_empty()).collect();
        series
    }

    /// The course of one endpoint, or of all requests together; `None` where it was not followed.
    #[must_use]
    pub fn course(&self, endpoint: Option<&EndpointKey>) -> Option<&[Totals]> {
        let Some(key) = endpoint else { return Some(&self.total) };
        let followed = self.endpoints.iter().chain(&self.further);
        followed.into_iter().find(|(known, _)| known == key).map(|(_, totals)| totals.as_slice())
    }

    /// The series as far as `results.json` alone can give it.
    #[must_use]
    pub fn from_timeline(timeline: &Timeline) -> Self {
        let mut total = Thinned::new(MOST_POINTS);
        for point in &timeline.points {
            push(&mut total, point.into());
        }
        Self { total: total.finish(), ..Self::default() }
    }

    /// The most users that ran, and since when: the end of the ramp-up.
    #[must_use]
    pub fn peak(&self) -> PeakUsers {
        self.total.iter().map(|totals| (totals.t_s, totals.users)).collect()
    }

    /// From the end of the ramp-up to the last moment at which nearly all users were still running.
    pub fn steady(&self) -> Option<(i64, i64)> {
        let peak = self.peak();
        let from = peak.since()?;
        let enough = f64::from(peak.users()) * 0.9;
        let to = self.total.iter().rev().find(|point| f64::from(point.users) >= enough)?.t_s;
        (from < to).then_some((from, to))
    }

    /// Cuts a stretch of time at moments that were recorded, into at most `most` parts.
    pub fn edges(&self, (from, to): (i64, i64), most: i64) -> Vec<i64> {
        let shortest = if self.total.iter().any(|point| point.time_ms.is_some()) { 1 } else { WINDOW_S };
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
    pub fn intervals(&self, edges: &[i64]) -> Vec<Interval> {
        edges
            .windows(2)
            .filter_map(|edge| {
                let (first, last) = (at(&self.total, edge[0])?, at(&self.total, edge[1])?);
                Some(Interval { from_s: edge[0], to_s: edge[1], ..Interval::between(&first, &last) })
            })
            .collect()
    }

    /// Response times between each two edges against those of the whole stretch, 1 = as usual. Every endpoint is
    /// compared with itself, so that a change of the mix is no change. `None` where too little was measured.
    pub fn relative_levels(&self, edges: &[i64]) -> Vec<Option<f64>> {
        let alone = [self.total.as_slice()];
        let series: Vec<&[Totals]> = self.endpoints.iter().map(|(_, points)| points.as_slice()).collect();
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
pub struct Levels {
    /// Over the whole stretch, ms.
    pub usual: Option<f64>,
    /// Between each two edges: level, ms, and requests behind it.
    pub parts: Vec<Option<(f64, u64)>>,
}

/// The mean response times between each two edges; the last sliding median where the file has no sums.
pub fn levels(series: &[Totals], edges: &[i64]) -> Levels {
    let between = |from: i64, to: i64| {
        // A series begins with its endpoint's first request; before it there was nothing.
        let first = at(series, from).unwrap_or_default();
        let last = at(series, to)?;
        let interval = Interval::between(&first, &last);
        let level = if last.time_ms.is_some() { interval.average_ms? } else { last.p50_ms? };
        (interval.requests > 0 && level.is_finite() && level > 0.0).then_some((level, interval.requests))
    };
    let usual = match (edges.first(), edges.last()) {
        (Some(&from), Some(&to)) => between(from, to).map(|(level, _)| level),
        _ => None,
    };
    Levels { usual, parts: edges.windows(2).map(|edge| between(edge[0], edge[1])).collect() }
}

/// The running totals at a moment: those of the last point not after it.
fn at(series: &[Totals], t_s: i64) -> Option<Totals> {
    series[..series.partition_point(|point| point.t_s <= t_s)].last().copied()
}

/// Adds totals, unless the clock was set back, which would break every difference.
fn push(series: &mut Thinned<Totals>, totals: Totals) {
    if series.newest().is_none_or(|newest| newest.t_s <= totals.t_s) {
        series.push(totals);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run in which one endpoint is called; each entry is (users, requests, failures, mean ms) of one second.
    pub(crate) fn series_of(seconds: &[(u32, u64, u64, f64)]) -> RunSeries {
        let mut point = Totals { t_s: 1_000, time_ms: Some(0.0), ..Totals::default() };
        let mut points = vec![point];
        for &(users, requests, failures, ms) in seconds {
            point = Totals {
                t_s: point.t_s + 1,
                users,
                requests: point.requests + requests,
                failures: point.failures + failures,
                time_ms: point.time_ms.map(|sum| sum + ms * requests as f64),
                p50_ms: Some(ms),
                ..point
            };
            points.push(point);
        }
        let key = EndpointKey { method: "GET".into(), name: "/a".into() };
        RunSeries { total: points.clone(), endpoints: vec![(key, points)], further: Vec::new() }
    }

    #[test]
    fn a_long_run_stays_bounded_and_keeps_its_sums() {
        let long = series_of(&[(5, 10, 1, 20.0); 30_000]);
        let mut thinned = Thinned::new(MOST_POINTS);
        for point in &long.total {
            push(&mut thinned, *point);
        }
        let course = RunSeries { total: thinned.finish(), ..RunSeries::default() };
        assert!(course.total.len() <= MOST_POINTS + 1, "{}", course.total.len());
        let intervals = course.intervals(&course.edges((1_000, 31_000), 50));
        assert!((40..=50).contains(&intervals.len()), "{}", intervals.len());
        assert!(intervals.iter().all(|interval| interval.requests as f64 == interval.seconds() * 10.0));
        assert_eq!(course.total.last().unwrap().failures, 30_000);
    }

    #[test]
    fn another_mix_is_no_other_level() {
        let (fast, slow) =
            (series_of(&[(5, 10, 0, 10.0), (5, 2, 0, 10.0)]), series_of(&[(5, 2, 0, 90.0), (5, 10, 0, 90.0)]));
        let mixed = RunSeries { endpoints: [fast.endpoints.clone(), slow.endpoints].concat(), ..fast };
        let levels = mixed.relative_levels(&[1_000, 1_001, 1_002]);
        assert!(levels.iter().all(|level| (level.unwrap() - 1.0).abs() < 1e-9), "{levels:?}");
    }

    #[test]
    fn a_clock_set_back_is_left_out() {
        let mut thinned = Thinned::new(MOST_POINTS);
        for t_s in [5, 6, 2, 7] {
            push(&mut thinned, Totals { t_s, ..Totals::default() });
        }
        assert_eq!(thinned.finish().iter().map(|point| point.t_s).collect::<Vec<_>>(), [5, 6, 7]);
    }
}
