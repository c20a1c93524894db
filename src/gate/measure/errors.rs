//! `errors(class)`: classes of failed requests.

use std::fmt;

use crate::results::FailureKind;

/// A class of failed requests. Classes overlap: a 401 is in `401`, `4xx` and `auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// One HTTP status.
    Status(u16),
    /// HTTP 400 to 499.
    ClientError,
    /// HTTP 500 to 599.
    ServerError,
    /// HTTP 401 and 403.
    Auth,
    /// HTTP 502 and 504.
    Gateway,
    /// HTTP 429.
    RateLimit,
    /// No answer in time.
    Timeout,
    /// The connection could not be opened or broke.
    Connection,
    /// Anything else: checks of the script, and answers below 400 that the script calls a failure.
    Other,
}

impl ErrorClass {
    /// The classes with a name; a status code is the other spelling.
    pub const NAMED: [(&'static str, Self); 8] = [
        ("4xx", Self::ClientError),
        ("5xx", Self::ServerError),
        ("auth", Self::Auth),
        ("gateway", Self::Gateway),
        ("rate_limit", Self::RateLimit),
        ("timeout", Self::Timeout),
        ("connection", Self::Connection),
        ("other", Self::Other),
    ];

    /// Whether a failure of this kind belongs to the class.
    #[must_use]
    pub const fn contains(self, kind: FailureKind) -> bool {
        match (self, kind) {
            (Self::Status(wanted), FailureKind::Http(status)) => wanted == status,
            (Self::ClientError, FailureKind::Http(status)) => matches!(status, 400..=499),
            (Self::ServerError, FailureKind::Http(status)) => matches!(status, 500..=599),
            (Self::Auth, FailureKind::Http(status)) => matches!(status, 401 | 403),
            (Self::Gateway, FailureKind::Http(status)) => matches!(status, 502 | 504),
            (Self::RateLimit, FailureKind::Http(status)) => status == 429,
            (Self::Other, FailureKind::Http(status)) => status < 400,
            (Self::Timeout, FailureKind::Timeout)
            | (Self::Connection, FailureKind::Connection)
            | (Self::Other, FailureKind::Other) => true,
            _ => false,
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            named => {
                f.write_str(Self::NAMED.iter().find(|(_, class)| class == named).map_or("other", |(name, _)| name))
            }
        }
    }
}
