//! How far a run is, in one line.

use std::fmt;
use std::time::Duration;

use super::wire::ResultRow;
use crate::results::{LiveFigures, Percentile, RunState};
use crate::text::{self, counted};

/// Columns of the bar.
const BAR: usize = 10;

/// Gates named in a line; more are counted.
const NAMED: usize = 2;

/// A run's numbers so far; what the service does not report is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Time since following began.
    pub after: Duration,
    /// The state of the run.
    pub state: Option<RunState>,
    /// How long load has been sent, and how long it is to be sent, while it is.
    pub load: Option<(Duration, Duration)>,
    /// Users running.
    pub users: Option<u32>,
    /// Requests so far.
    pub requests: Option<u64>,
    /// Failed requests so far.
    pub failures: Option<u64>,
    /// Throughput, requests/s: since the line before where the engine counts by itself, else as the service reports it.
    pub requests_per_s: Option<f64>,
    /// Mean response time, ms.
    pub avg_ms: Option<f64>,
    /// Median response time, ms.
    pub median_ms: Option<f64>,
    /// 95th percentile of the response times so far, ms.
    pub p95_ms: Option<f64>,
    /// The gates that these numbers would fail, in words.
    pub failing: Vec<String>,
}

impl Progress {
    pub(super) fn of(row: &ResultRow) -> Self {
        Self {
            state: row.state(),
            users: row.users,
            requests: row.requests,
            failures: row.failures.map(|failures| failures.count),
            requests_per_s: row.requests_per_s,
            avg_ms: row.avg_ms,
            median_ms: row.median_ms,
            ..Self::default()
        }
    }

    /// The same with what is known while load is being sent.
    pub(super) fn with(self, live: &LiveFigures) -> Self {
        Self {
            load: (!live.of.is_zero()).then(|| (live.after.min(live.of), live.of)),
            users: live.users.or(self.users),
            p95_ms: live.measured.total.percentile(Percentile::P95),
            ..self
        }
    }

    /// The line with a bar in front, in at most so many columns, for a terminal.
    #[must_use]
    pub fn bar(&self, width: usize) -> String {
        let line = match self.load {
            Some((load, of)) => {
                let share = (load.as_secs_f64() / of.as_secs_f64().max(f64::EPSILON)).clamp(0.0, 1.0);
                let done = (share * BAR as f64) as usize;
                format!("[{}{}] {self}", "#".repeat(done), "-".repeat(BAR - done))
            }
            None => self.to_string(),
        };
        // The beginning says most.
        let room = width.saturating_sub(1).max(BAR);
        if line.chars().count() <= room {
            return line;
        }
        line.chars().take(room - 1).chain(['…']).collect()
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.load, self.state) {
            (Some((load, of)), _) => write!(f, "{} of {}", clock(load), clock(of))?,
            (None, Some(state)) => write!(f, "{} {state}", text::duration(self.after))?,
            (None, None) => write!(f, "{} waiting for the service", text::duration(self.after))?,
        }
        if let Some(users) = self.users {
            write!(f, ", {}", counted(users, "user"))?;
        }
        if let Some(requests) = self.requests {
            write!(f, ", {}", counted(requests, "request"))?;
        }
        if let Some(failures) = self.failures {
            write!(f, ", {failures} failed")?;
        }
        if let Some(p95) = self.p95_ms {
            write!(f, ", p95 {p95:.0} ms")?;
        }
        if let Some(rate) = self.requests_per_s {
            write!(f, ", {rate:.1} requests/s")?;
        }
        if self.p95_ms.is_some() {
            return self.write_failing(f);
        }
        if let Some(avg) = self.avg_ms {
            write!(f, ", avg {avg:.0} ms")?;
        }
        if let Some(median) = self.median_ms {
            write!(f, ", p50 {median:.0} ms")?;
        }
        self.write_failing(f)
    }
}

impl Progress {
    fn write_failing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.failing.is_empty() {
            return Ok(());
        }
        let named: Vec<&str> = self.failing.iter().take(NAMED).map(String::as_str).collect();
        write!(f, "; would fail now: {}", named.join(", "))?;
        match self.failing.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {}", counted(more as u64, "more gate")),
        }
    }
}

/// A time as a clock shows it: `2:10`, `1:02:10`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Progress {
        Progress {
            after: Duration::from_secs(150),
            state: Some(RunState::Running),
            load: Some((Duration::from_secs(130), Duration::from_secs(300))),
            users: Some(50),
            requests: Some(1279),
            failures: Some(3),
            requests_per_s: Some(7.12),
            avg_ms: Some(29.0),
            median_ms: Some(26.0),
            p95_ms: Some(812.4),
            failing: Vec::new(),
        }
    }

    #[test]
    fn progress_shows_only_what_is_known() {
        assert_eq!(full().to_string(), "2:10 of 5:00, 50 users, 1,279 requests, 3 failed, p95 812 ms, 7.1 requests/s");
        let of_loadforge = Progress { p95_ms: None, load: None, ..full() };
        let text = "2m 30s running, 50 users, 1,279 requests, 3 failed, 7.1 requests/s, avg 29 ms, p50 26 ms";
        assert_eq!(of_loadforge.to_string(), text);
        let early = Progress { state: Some(RunState::Queued), ..Progress::default() };
        assert_eq!(early.to_string(), "0s queued");
    }

    #[test]
    fn the_gates_that_would_fail_are_named_and_counted() {
        let gates = |count: usize| (1..=count).map(|n| format!("p95 of /{n} 900 ms (limit < 400 ms)")).collect();
        let one = Progress { failing: gates(1), ..full() }.to_string();
        assert!(one.ends_with("7.1 requests/s; would fail now: p95 of /1 900 ms (limit < 400 ms)"), "{one}");
        let many = Progress { failing: gates(4), ..full() }.to_string();
        assert!(many.ends_with("p95 of /2 900 ms (limit < 400 ms) and 2 more gates"), "{many}");
    }

    #[test]
    fn a_bar_fits_the_terminal() {
        let bar = full().bar(60);
        assert_eq!(bar, "[####------] 2:10 of 5:00, 50 users, 1,279 requests, 3 fai…");
        assert_eq!(bar.chars().count(), 59);
        assert_eq!(clock(Duration::from_secs(3730)), "1:02:10");
    }
}
