//! The course of a run, bounded in size however long the run was.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One moment of the run, all requests together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimePoint {
    /// Unix seconds.
    pub t_s: i64,
    /// Users running.
    pub users: u32,
    /// Throughput since the point before, requests/s: a difference of totals, not Locust's sliding average.
    pub requests_per_s: f64,
    /// Failed requests/s since the point before.
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

/// The peak number of users, and when it was first reached: the end of the ramp-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeakUsers {
    peak: Option<(i64, u32)>,
}

impl PeakUsers {
    /// Takes in how many users run at a moment (Unix seconds, in rising order). Returns true when more run than ever
    /// before.
    pub fn observe(&mut self, t_s: i64, users: u32) -> bool {
        let more = self.peak.is_none_or(|(_, most)| users > most);
        if more {
            self.peak = Some((t_s, users));
        }
        more
    }

    /// The first moment at which the most users ever seen were running, Unix seconds; `None` when nothing was seen.
    #[must_use]
    pub fn since(self) -> Option<i64> {
        self.peak.map(|(t_s, _)| t_s)
    }

    /// The peak number of users.
    #[must_use]
    pub fn users(self) -> u32 {
        self.peak.map_or(0, |(_, users)| users)
    }
}

impl FromIterator<(i64, u32)> for PeakUsers {
    fn from_iter<I: IntoIterator<Item = (i64, u32)>>(moments: I) -> Self {
        let mut peak = Self::default();
        for (t_s, users) in moments {
            peak.observe(t_s, users);
        }
        peak
    }
}

impl Timeline {
    /// When the ramp-up ended: the first moment at which the most users ever seen were running. `None` when empty.
    #[must_use]
    pub fn ramp_up_end(&self) -> Option<i64> {
        self.peak().since()
    }

    /// The peak number of users.
    #[must_use]
    pub fn peak_users(&self) -> u32 {
        self.peak().users()
    }

    fn peak(&self) -> PeakUsers {
        self.points.iter().map(|point| (point.t_s, point.users)).collect()
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
    fn the_ramp_up_ends_when_all_users_run() {
        let moments = [(10, 0), (11, 5), (12, 10), (13, 10), (14, 4)];
        let points = moments.map(|(t_s, users)| TimePoint { t_s, users, ..TimePoint::default() }).to_vec();
        let timeline = Timeline { points };
        assert_eq!(timeline.ramp_up_end(), Some(12));
        assert_eq!(timeline.peak_users(), 10);
    }
}
