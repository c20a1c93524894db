//! The lines our launcher writes, one JSON object each. Their meaning is told in `launcher.py`.

use serde::Deserialize;

/// One line of a process's record.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum RecordLine {
    /// The script was loaded.
    Init { role: Role, shape: Option<String> },
    /// Something happened to the run as a whole.
    Mark { name: String, t: f64 },
    /// What ended within one Unix second.
    Second(SecondLine),
    /// Locust ended in order; the totals are a checksum.
    Final { requests: u64, failures: u64 },
}

/// Which part a process of the run plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    /// The only process.
    Local,
    /// Directs the workers and sends nothing itself.
    Master,
    /// Sends load for a master.
    Worker,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct SecondLine {
    /// Unix second.
    pub(super) s: i64,
    /// When the line was written and the users were counted, Unix seconds: on a busy machine well after the second.
    pub(super) t: f64,
    /// Users running in this process.
    pub(super) users: u32,
    /// Share of one core this process used.
    pub(super) cpu: Option<f64>,
    /// When the last request of this second ended, Unix seconds.
    pub(super) last: Option<f64>,
    pub(super) endpoints: Vec<EndpointLine>,
    pub(super) errors: Vec<ErrorLine>,
    pub(super) exceptions: Vec<ExceptionLine>,
}

/// Method, name, passed, failed, without a time, sum of ms, least, most, bytes, and the counts by µs of the passed and
/// of the failed.
pub(super) type EndpointLine =
    (String, String, u64, u64, u64, f64, Option<f64>, f64, f64, Vec<(u64, u64)>, Vec<(u64, u64)>);

/// Method, name, text, count, first and last seen (Unix seconds).
pub(super) type ErrorLine = (String, String, String, u64, f64, f64);

/// Text, whether it rose in `on_start`, traceback, count.
pub(super) type ExceptionLine = (String, bool, String, u64);
