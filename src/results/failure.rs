//! Failed requests by endpoint and text, and the class of failure that a text of Locust describes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One row of Locust's failures: an endpoint, a text and how often it occurred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// HTTP method or Locust request type.
    pub method: String,
    /// The request's name in the script.
    pub name: String,
    /// The failure's text, as Locust prints it (the `repr` of the exception).
    pub error: String,
    /// How often it occurred.
    pub occurrences: u64,
    /// When it was first seen (ISO 8601), where Locust reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<String>,
    /// When it was last seen (ISO 8601), where Locust reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<String>,
    /// The class of failure as the load generator saw it: from the response's status, then the exception.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<FailureKind>,
}

/// Characters of a failure's text in an excerpt.
const EXCERPT_CHARS: usize = 120;

impl Failure {
    /// A failure whose times are not known.
    #[must_use]
    pub fn new(method: impl Into<String>, name: impl Into<String>, error: impl Into<String>, occurrences: u64) -> Self {
        Self {
            method: method.into(),
            name: name.into(),
            error: error.into(),
            occurrences,
            first_seen: None,
            last_seen: None,
            kind: None,
        }
    }

    /// The same failure with the kind that the load generator saw.
    #[must_use]
    pub const fn of_kind(mut self, kind: FailureKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// The same failure with the times it was first and last seen (ISO 8601).
    #[must_use]
    pub fn seen(mut self, first: Option<String>, last: Option<String>) -> Self {
        (self.first_seen, self.last_seen) = (first, last);
        self
    }

    /// The text on one line, at most 120 characters of it.
    #[must_use]
    pub fn excerpt(&self) -> String {
        let folded = self.error.split_whitespace().collect::<Vec<_>>().join(" ");
        match folded.char_indices().nth(EXCERPT_CHARS) {
            Some((end, _)) => format!("{}…", &folded[..end]),
            None => folded,
        }
    }

    /// The class of failure: as the load generator saw it, else as far as the text shows.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind.unwrap_or_else(|| FailureKind::of(&self.error))
    }
}

/// The class of a failure; each failure has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The server answered with this HTTP status.
    Http(u16),
    /// No answer in time.
    Timeout,
    /// The connection could not be opened or broke (refused, reset, closed, DNS, TLS).
    Connection,
    /// Anything else: a check of the script on an answer without a status, an exception of the script's own.
    Other,
    /// The text does not say: a check of the script (`catch_response`) can fail an answer of any status.
    Unknown,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(status) => status.fmt(f),
            Self::Timeout => f.write_str("timeout"),
            Self::Connection => f.write_str("connection"),
            Self::Other => f.write_str("other"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// The text matches no other class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of failure: use an HTTP status, timeout, connection, other or unknown")]
pub struct NotAFailureKind(String);

impl FromStr for FailureKind {
    type Err = NotAFailureKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "timeout" => Ok(Self::Timeout),
            "connection" => Ok(Self::Connection),
            "other" => Ok(Self::Other),
            "unknown" => Ok(Self::Unknown),
            status => status.parse().map(Self::Http).map_err(|_| NotAFailureKind(text.to_owned())),
        }
    }
}

impl Serialize for FailureKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FailureKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for FailureKind {
    fn schema_name() -> Cow<'static, str> {
        "FailureKind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([0-9]{3}|timeout|connection|other|unknown)$" })
    }
}

impl FailureKind {
    /// Reads Locust's failure text. Formats: `facts` of requests and geventhttpclient, as
    /// `HTTPError('503 Server Error: …')`, `LocustBadStatusCode(code=503)`, `BadStatusCode('503 …')`,
    /// `ReadTimeout(…)`, `RetriesExceeded('…', 0, original=timed out)`, `RemoteDisconnected('…')`,
    /// `ConnectionRefusedError(111, …)`, `gaierror(-2, …)`, `CatchResponseError('…')`.
    #[must_use]
    pub fn of(error: &str) -> Self {
        let name = error.split(['(', ':', ' ']).next().unwrap_or_default();
        let after_name = &error[name.len()..];
        match name {
            // The launcher's own text where there are too many to keep, too.
            "CatchResponseError" | "" => return Self::Unknown,
            "HTTPError" | "LocustBadStatusCode" | "BadStatusCode" => {
                if let Some(status) = first_status(after_name) {
                    return Self::Http(status);
                }
            }
            _ => {}
        }
        // Before the connection words: Python has `ConnectTimeout` and "Connection timed out".
        let lower = error.to_ascii_lowercase();
        if ["timeout", "timed out"].iter().any(|word| lower.contains(word)) {
            return Self::Timeout;
        }
        const CONNECTION: [&str; 17] = [
            "remotedisconnected",
            "connectionrefused",
            "connectionreset",
            "connectionaborted",
            "connectionerror",
            "connectionclosed",
            "connection reset",
            "connection refused",
            "connection aborted",
            "remote end closed",
            "brokenpipe",
            "gaierror",
            "name or service not known",
            "sslerror",
            "protocolerror",
            "httpparseerror",
            "retriesexceeded",
        ];
        if CONNECTION.iter().any(|word| lower.contains(word)) {
            return Self::Connection;
        }
        Self::Other
    }
}

/// The first three-digit number from 100 to 599 with no digit beside it.
fn first_status(text: &str) -> Option<u16> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|digits| digits.len() == 3)
        .filter_map(|digits| digits.parse().ok())
        .find(|status| (100..=599).contains(status))
}

#[cfg(test)]
mod tests {
    use super::FailureKind::{self, Connection, Http, Other, Timeout, Unknown};

    #[test]
    fn kinds_are_written_as_words() {
        for kind in [Http(503), Timeout, Connection, Other, Unknown] {
            assert_eq!(serde_json::from_value::<FailureKind>(serde_json::to_value(kind).unwrap()).unwrap(), kind);
        }
        assert!("nonsense".parse::<FailureKind>().is_err());
    }

    #[test]
    fn locusts_texts_tell_their_kind() {
        for (text, kind) in [
            ("HTTPError('502 Server Error: Bad Gateway for url: /api/v1/products')", Http(502)),
            ("HTTPError('404 Client Error: Not Found for url: /orders/503')", Http(404)),
            ("LocustBadStatusCode(code=503)", Http(503)),
            ("RemoteDisconnected('Remote end closed connection without response')", Connection),
            ("ConnectionRefusedError(111, 'Connection refused')", Connection),
            ("ConnectionResetError(104, 'Connection reset by peer')", Connection),
            ("gaierror(-2, 'Name or service not known')", Connection),
            ("SSLError(SSLCertVerificationError(1, 'certificate verify failed'))", Connection),
            ("ReadTimeout(ReadTimeoutError('HTTPConnectionPool: Read timed out.'))", Timeout),
            ("ConnectTimeout(MaxRetryError('Connection to h timed out'))", Timeout),
            ("RetriesExceeded('http://h/', 0, original=timed out)", Timeout),
            ("RetriesExceeded('http://h/', 0, original=[Errno 111])", Connection),
            ("CatchResponseError('login gave 503, no access_token, timeout')", Unknown),
            ("(other)", Unknown),
            ("KeyError('id')", Other),
            ("", Unknown),
        ] {
            assert_eq!(FailureKind::of(text), kind, "{text}");
        }
    }
}
