//! The timeline of all requests together.
//!
//! Its rates are differences of running totals: Locust's own `Requests/s` and `Failures/s` are averages over up to 10 s
//! that end some seconds before the row, so they show a stall late, flat and too long.

use super::thinned::Thinned;
use crate::locust::{CsvError, HistoryRow};
use crate::results::{Percentile, TimePoint, Timeline};

/// The most points of a timeline beside the last one.
const MOST_POINTS: usize = 719;

/// Builds a [`Timeline`] from the rows about all requests together.
pub(super) struct TimelineBuilder {
    moments: Thinned<Moment>,
    newest: Option<Moment>,
}

/// A point without its rates, and what was counted until then across all resets of the counters.
#[derive(Debug, Clone, Copy)]
struct Moment {
    point: TimePoint,
    requests: u64,
    failures: u64,
}

/// Requests/s and failed requests/s.
type Rates = (f64, f64);

impl TimelineBuilder {
    /// A timeline without points.
    pub(super) const fn new() -> Self {
        Self { moments: Thinned::new(MOST_POINTS), newest: None }
    }

    /// Adds the next row.
    ///
    /// # Errors
    /// When a field is not a number.
    pub(super) fn push(&mut self, row: &HistoryRow<'_>) -> Result<(), CsvError> {
        let point = TimePoint {
            t_s: row.timestamp()?,
            users: row.users()?,
            p50_ms: row.percentile(Percentile::P50)?,
            p95_ms: row.percentile(Percentile::P95)?,
            total_requests: row.total_requests()?,
            total_failures: row.total_failures()?,
            ..TimePoint::default()
        };
        let moment = Moment::after(self.newest.as_ref(), point);
        self.newest = Some(moment);
        self.moments.push(moment);
        Ok(())
    }

    /// The points with their rates. Each rate covers the time since the point before it, however long that is.
    pub(super) fn finish(self) -> Timeline {
        let moments = self.moments.finish();
        let mut rates: Vec<Option<Rates>> = Vec::with_capacity(moments.len());
        let mut from = moments.first();
        let mut last = from;
        for moment in &moments {
            if last.is_some_and(|last| moment.point.t_s > last.point.t_s) {
                from = last;
            }
            last = Some(moment);
            // A second row of one second has the rates since the second before; a clock that was set back has none.
            let own = from.and_then(|from| moment.rates_since(from));
            rates.push(own.or_else(|| rates.last().copied().flatten()));
        }
        // How long the first requests took is unknown: they have the rates of the first stretch that is known.
        let first_known = rates.iter().copied().flatten().next().unwrap_or_default();
        let points = moments.iter().zip(rates).map(|(moment, rates)| {
            let before_any = if moment.point.total_requests == 0 { Rates::default() } else { first_known };
            let (requests_per_s, failures_per_s) = rates.unwrap_or(before_any);
            TimePoint { requests_per_s, failures_per_s, ..moment.point }
        });
        Timeline { points: points.collect() }
    }
}

impl Moment {
    fn after(before: Option<&Self>, point: TimePoint) -> Self {
        let (requests, failures) = (point.total_requests, point.total_failures);
        let Some(before) = before else { return Self { point, requests, failures } };
        // `locust --reset-stats` sets all counters to 0 when the ramp-up is over: what a row has then came after it.
        let more = requests
            .checked_sub(before.point.total_requests)
            .zip(failures.checked_sub(before.point.total_failures))
            .unwrap_or((requests, failures));
        Self {
            point,
            requests: before.requests.saturating_add(more.0),
            failures: before.failures.saturating_add(more.1),
        }
    }

    /// `None` unless time has passed.
    fn rates_since(&self, from: &Self) -> Option<Rates> {
        let seconds = self.point.t_s as f64 - from.point.t_s as f64;
        let rate = |until: u64, before: u64| until.saturating_sub(before) as f64 / seconds;
        (seconds > 0.0).then(|| (rate(self.requests, from.requests), rate(self.failures, from.failures)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::{CsvFile, read_timeline};

    /// The points of a history whose rows are (time, requests, failures), and whose sliding columns lie.
    fn points(rows: impl IntoIterator<Item = (i64, u64, u64)>) -> Vec<TimePoint> {
        let mut text = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,Total Request Count,\
                        Total Failure Count\n"
            .to_owned();
        for (t_s, requests, failures) in rows {
            text.push_str(&format!("{t_s},5,,Aggregated,777.5,55.5,7,11,{requests},{failures}\n"));
        }
        read_timeline(CsvFile::of("h.csv", text.as_bytes())).unwrap().points
    }

    fn rates(rows: impl IntoIterator<Item = (i64, u64, u64)>) -> Vec<(f64, f64)> {
        points(rows).iter().map(|point| (point.requests_per_s, point.failures_per_s)).collect()
    }

    #[test]
    fn a_stall_is_in_the_second_in_which_it_was() {
        let found = rates([(100, 0, 0), (101, 20, 0), (102, 40, 4), (103, 40, 4), (104, 60, 4)]);
        assert_eq!(found, [(0.0, 0.0), (20.0, 0.0), (20.0, 4.0), (0.0, 0.0), (20.0, 0.0)]);
    }

    #[test]
    fn a_gap_in_time_is_part_of_the_rate() {
        assert_eq!(rates([(100, 0, 0), (101, 30, 3), (111, 80, 23)]), [(0.0, 0.0), (30.0, 3.0), (5.0, 2.0)]);
    }

    #[test]
    fn a_reset_of_the_counters_is_no_negative_rate() {
        let found = rates([(100, 0, 0), (101, 30, 9), (102, 60, 9), (103, 8, 2), (104, 18, 2)]);
        assert_eq!(found, [(0.0, 0.0), (30.0, 9.0), (30.0, 0.0), (8.0, 2.0), (10.0, 0.0)]);
    }

    #[test]
    fn a_reset_between_two_points_that_are_kept_loses_nothing() {
        // 10 requests/s, one in ten failed, for 2 h, and a reset in between two of the kept points.
        let reset_at = 3_601_u64;
        let rows = (0..7_200_u64).map(|second| {
            let since = if second < reset_at { second } else { second - reset_at + 1 };
            (second as i64, since * 10, since)
        });
        let found = rates(rows);
        assert!((300..=720).contains(&found.len()), "{}", found.len());
        assert_eq!(found[0], (0.0, 0.0));
        assert!(found[1..].iter().all(|rates| *rates == (10.0, 1.0)), "{found:?}");
    }

    #[test]
    fn a_first_row_with_requests_has_the_rates_of_the_time_after_it() {
        assert_eq!(rates([(100, 500, 50), (102, 540, 50)]), [(20.0, 0.0), (20.0, 0.0)]);
        assert_eq!(rates([(100, 500, 50)]), [(0.0, 0.0)]);
    }

    #[test]
    fn rows_of_one_second_and_clocks_set_back_divide_by_nothing() {
        assert_eq!(
            rates([(100, 0, 0), (100, 0, 0), (101, 10, 0), (101, 14, 2), (102, 20, 2)]),
            [(0.0, 0.0), (0.0, 0.0), (10.0, 0.0), (14.0, 2.0), (6.0, 0.0)]
        );
        assert_eq!(
            rates([(100, 0, 0), (101, 10, 0), (90, 15, 0), (91, 22, 0)]),
            [(0.0, 0.0), (10.0, 0.0), (10.0, 0.0), (7.0, 0.0)]
        );
    }

    #[test]
    fn the_rest_of_a_row_is_kept_as_it_is() {
        let point = points([(100, 10, 1)])[0];
        assert_eq!((point.t_s, point.users, point.p50_ms, point.p95_ms), (100, 5, Some(7.0), Some(11.0)));
        assert_eq!((point.total_requests, point.total_failures), (10, 1));
    }
}
