//! Why a signal did not reach CircleCI.

use crate::error::Explain;
use crate::exit::Exit;

/// A signal was not delivered, or it is not known whether it was.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// Nobody says which organization.
    #[error("no organization: CIRCLE_ORGANIZATION_ID is not set")]
    NoOrganization,
    /// There is no secret.
    #[error("the variable {variable} holds no webhook secret")]
    NoSecret {
        /// The variable.
        variable: String,
    },
    /// The address cannot be used.
    #[error("--circleci-url {reason}")]
    BadUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// The secret is wrong, or of another organization.
    #[error("CircleCI does not accept the webhook secret in {variable} (HTTP {status})")]
    NotAllowed {
        /// The variable.
        variable: String,
        /// The HTTP status.
        status: u16,
    },
    /// Another definite no.
    #[error("CircleCI refused the signal (HTTP {status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// CircleCI's words.
        message: String,
    },
    /// It kept failing.
    #[error("CircleCI could not take the signal after {tries} tries (HTTP {status})")]
    Failing {
        /// The last HTTP status.
        status: u16,
        /// How often it was sent.
        tries: usize,
    },
    /// No connection was made.
    #[error("CircleCI could not be reached after {tries} tries: {cause}")]
    Unreachable {
        /// The cause.
        cause: String,
        /// How often it was tried.
        tries: usize,
    },
    /// It was sent, and no answer came.
    #[error("whether CircleCI received the signal is not known: {cause}")]
    Lost {
        /// The cause.
        cause: String,
    },
    /// An earlier process of this attempt was killed while it sent the signal.
    #[error("an earlier step of this job may have sent this signal at {at}, and it is sent at most once per attempt")]
    MayBeSent {
        /// When it was about to be sent.
        at: jiff::Timestamp,
    },
}

impl SignalError {
    /// Whether the signal surely did not reach CircleCI.
    #[must_use]
    pub const fn is_undelivered(&self) -> bool {
        !matches!(self, Self::Lost { .. } | Self::MayBeSent { .. })
    }
}

impl Explain for SignalError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoOrganization | Self::BadUrl { .. } => Exit::Usage,
            Self::NoSecret { .. } | Self::NotAllowed { .. } => Exit::NotAllowed,
            Self::Refused { .. }
            | Self::Failing { .. }
            | Self::Unreachable { .. }
            | Self::Lost { .. }
            | Self::MayBeSent { .. } => Exit::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoOrganization => "pass --organization-id; CircleCI shows it under Organization Settings".to_owned(),
            Self::NoSecret { variable } | Self::NotAllowed { variable, .. } => format!(
                "an organization admin makes the secret of the release webhook; store it as {variable} in a context, or \
                 name another variable with --signal-secret-env"
            ),
            Self::BadUrl { .. } => "write scheme and host, such as https://circleci.com".to_owned(),
            Self::Lost { .. } | Self::MayBeSent { .. } => {
                "look at the release in CircleCI; `signal --resend` sends it again".to_owned()
            }
            Self::Refused { .. } | Self::Failing { .. } | Self::Unreachable { .. } => {
                "without a signal the release passes unchecked; send it again with `loadforge-ci signal`".to_owned()
            }
        })
    }
}
