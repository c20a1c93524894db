//! The course of a run, bounded in size however long the run was.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most points a timeline keeps.
const MOST_POINTS: usize = 720;

/// One moment of the run, all requests together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimePoint {
    /// Unix seconds.
    pub t_s: i64,
    /// Users running.
    pub users: u32,
    /// Throughput, requests/s.
    pub requests_per_s: f64,
    /// Failed requests/s.
    pub failures_per_s: f64,
    /// Median response time of the last 10 s or so, ms.
    pub p50_ms: Option<f64>,
    /// 95th percentile of the last 10 s or so, ms.
    pub p95_ms: Option<f64>,
    /// Requests since the start.
    pub total_requests: u64,
    /// Failed requests since the start.
    pub total_failures: u64,
}

/// The course of the run: at most 720 points. Of a longer run every 2nd, 4th, 8th … point is kept, and always the last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Timeline {
    /// The points in rising order of time.
    pub points: Vec<TimePoint>,
}

/// Builds a bounded [`Timeline`] from a stream of any length.
#[derive(Debug, Clone)]
pub struct TimelineBuilder {
    points: Vec<TimePoint>,
    every: usize,
    seen: usize,
    newest: Option<TimePoint>,
}

impl Default for TimelineBuilder {
    fn default() -> Self {
        Self { points: Vec::new(), every: 1, seen: 0, newest: None }
    }
}

impl TimelineBuilder {
    /// Adds the next moment, thinning out what is there when the bound is reached.
    pub fn push(&mut self, point: TimePoint) {
        if self.seen.is_multiple_of(self.every) {
            // One place stays free for the last point.
            if self.points.len() + 1 == MOST_POINTS {
                let mut index = 0;
                self.points.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.every *= 2;
            }
        }
        if self.seen.is_multiple_of(self.every) {
            self.points.push(point);
            self.newest = None;
        } else {
            self.newest = Some(point);
        }
        self.seen += 1;
    }

    /// The timeline, its last point the last one pushed.
    #[must_use]
    pub fn finish(mut self) -> Timeline {
        self.points.extend(self.newest);
        Timeline { points: self.points }
    }
}

impl Timeline {
    /// When the ramp-up ended: the first moment at which the most users ever seen were running. `None` when empty.
    #[must_use]
    pub fn ramp_up_end(&self) -> Option<i64> {
        let most = self.points.iter().map(|point| point.users).max()?;
        self.points.iter().find(|point| point.users == most).map(|point| point.t_s)
    }

    /// The most users that ran at once.
    #[must_use]
    pub fn peak_users(&self) -> u32 {
        self.points.iter().map(|point| point.users).max().unwrap_or(0)
    }

    /// From the first to the last point, s.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        match (self.points.first(), self.points.last()) {
            (Some(first), Some(last)) => last.t_s - first.t_s,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_stays_bounded_and_keeps_its_ends() {
        let mut builder = TimelineBuilder::default();
        for t_s in 0..43_200 {
            builder.push(TimePoint { t_s, users: 5, ..TimePoint::default() });
        }
        let timeline = builder.finish();
        assert!(timeline.points.len() <= MOST_POINTS, "{}", timeline.points.len());
        assert!(timeline.points.len() > MOST_POINTS / 3, "{}", timeline.points.len());
        assert_eq!(timeline.points[0].t_s, 0);
        assert_eq!(timeline.points.last().unwrap().t_s, 43_199);
        assert!(timeline.points.windows(2).all(|pair| pair[0].t_s < pair[1].t_s));
    }

    #[test]
    fn the_ramp_up_ends_when_all_users_run() {
        let moments = [(10, 0), (11, 5), (12, 10), (13, 10), (14, 4)];
        let points = moments.map(|(t_s, users)| TimePoint { t_s, users, ..TimePoint::default() }).to_vec();
        let timeline = Timeline { points };
        assert_eq!(timeline.ramp_up_end(), Some(12));
        assert_eq!(timeline.peak_users(), 10);
    }
}
