//! The lines our launcher writes, one JSON object each. `loadforge_ci_launcher.py` describes them.

use serde::Deserialize;

use crate::results::FailureKind;

/// One line of a process's record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RecordLine {
    /// The script was loaded.
    Init(InitLine),
    /// Something happened to the run as a whole.
    Mark { name: String, t: f64 },
    /// What ended within one Unix second.
    Second(SecondLine),
    /// The script reset Locust's statistics.
    Reset { t: f64 },
    /// Locust ended in order.
    Final(FinalLine),
}

impl RecordLine {
    /// Reads a line whose event is known. (A tagged enum would hold all of a second's endpoints as untyped values first.)
    pub(super) fn read(event: &str, line: &[u8]) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct MarkLine {
            name: String,
            t: f64,
        }
        #[derive(Deserialize)]
        struct ResetLine {
            t: f64,
        }
        Ok(match event {
            "init" => Self::Init(serde_json::from_slice(line)?),
            "mark" => {
                let MarkLine { name, t } = serde_json::from_slice(line)?;
                Self::Mark { name, t }
            }
            "second" => Self::Second(serde_json::from_slice(line)?),
            "reset" => Self::Reset { t: serde_json::from_slice::<ResetLine>(line)?.t },
            "final" => Self::Final(serde_json::from_slice(line)?),
            _ => return Err(serde::de::Error::custom("an event of a later version")),
        })
    }
}

/// What every line of a process carries beside its content.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(super) struct LineNumber {
    /// What the line is about.
    pub(super) event: String,
    /// The line's number in its process, from 1.
    #[serde(default)]
    pub(super) n: u64,
    /// Events that could not be counted so far.
    #[serde(default)]
    pub(super) dropped: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct InitLine {
    pub(super) role: Role,
    pub(super) shape: Option<String>,
    /// Each user class and its own host, empty where it has none.
    #[serde(default)]
    pub(super) hosts: Vec<(String, String)>,
    /// Whether the classes keep their own hosts although `--host` was given.
    #[serde(default)]
    pub(super) hosts_kept: bool,
    /// `fixed_count` of each user class; 0 where it has none.
    #[serde(default)]
    pub(super) fixed: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct FinalLine {
    /// A checksum, as is `failures`.
    pub(super) requests: u64,
    pub(super) failures: u64,
    /// `environment.process_exit_code`.
    #[serde(default)]
    pub(super) script_exit_code: Option<i64>,
    /// Whether a listener or a greenlet of the script raised.
    #[serde(default)]
    pub(super) listener_raised: bool,
    /// Method, name, requests, age of the oldest in s.
    #[serde(default)]
    pub(super) never_ended: Vec<(String, String, u64, f64)>,
    /// Method, name, requests.
    #[serde(default)]
    pub(super) never_checked: Vec<(String, String, u64)>,
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
    /// Users that are to run now, in the process that directs them.
    #[serde(default)]
    pub(super) wanted: u32,
    /// Response times that were negative, NaN or no number.
    #[serde(default)]
    pub(super) odd: u64,
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

/// Method, name, kind, text, count, first and last seen (Unix seconds).
pub(super) type ErrorLine = (String, String, FailureKind, String, u64, f64, f64);

/// Text, whether it rose in `on_start`, traceback, count.
pub(super) type ExceptionLine = (String, bool, String, u64);
