//! What can go wrong in one call to the service, with its own words, the status and the next step.

use std::error::Error as _;
use std::time::Duration;

use reqwest::StatusCode;

use super::retry::AttemptOutcome;
use super::transport::TransportError;
use crate::error::{Explain, chain};
use crate::exit::Exit;
use crate::http::tls_error;

/// One call to the service did not give what was asked for. No message ever holds the token or a full address.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The token would travel readable for anyone on the way.
    #[error("refused to send the API token to {host} over plain http")]
    Unencrypted {
        /// The host.
        host: String,
    },
    /// The token cannot be sent in a header.
    #[error("the API token holds a line break or another character that cannot be sent")]
    Token,
    /// HTTPS could not be set up on this machine.
    #[error("failed to set up HTTPS")]
    Setup(#[source] reqwest::Error),
    /// The service answered with an error status.
    #[error("failed to {call}: {refusal}")]
    Refused {
        /// What was asked for.
        call: String,
        /// The answer.
        refusal: Box<ServiceRefusal>,
    },
    /// The service sent us elsewhere, as it does with someone who is not logged in.
    #[error("failed to {call}: the service answered with a redirect to {to} instead of JSON")]
    Redirected {
        /// What was asked for.
        call: String,
        /// Host of the other place.
        to: String,
    },
    /// The answer is a web page.
    #[error("failed to {call}: the service answered with a web page instead of JSON")]
    WebPage {
        /// What was asked for.
        call: String,
    },
    /// The answer is not what it should be.
    #[error("failed to {call}: the answer cannot be understood: {problem}")]
    Unreadable {
        /// What was asked for.
        call: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The answer is larger than anything the service should send.
    #[error("failed to {call}: the answer is larger than {limit} MiB")]
    TooLarge {
        /// What was asked for.
        call: String,
        /// The limit, MiB.
        limit: usize,
    },
    /// The server's certificate is not trusted.
    #[error("failed to {call}: the certificate of {host} is not trusted: {cause}")]
    Certificate {
        /// What was asked for.
        call: String,
        /// The host.
        host: String,
        /// Why not.
        cause: String,
    },
    /// No connection: the request never reached the service.
    #[error("failed to {call}: no connection to {host}: {cause}")]
    NotSent {
        /// What was asked for.
        call: String,
        /// The host.
        host: String,
        /// The cause.
        cause: String,
    },
    /// The request was sent but no answer came back: whether it was carried out is not known.
    #[error("failed to {call}: no answer from {host}: {cause}")]
    Lost {
        /// What was asked for.
        call: String,
        /// The host.
        host: String,
        /// The cause.
        cause: String,
    },
}

/// An answer with an error status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the service answered {}{}", self.shown_status(), self.shown_message())]
pub struct ServiceRefusal {
    /// The HTTP status.
    pub status: u16,
    /// The service's message.
    pub message: Option<String>,
    /// The service's messages about single fields of the request (422).
    pub fields: Vec<(String, String)>,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// Whether a token was sent.
    pub with_token: bool,
}

impl ServiceRefusal {
    fn shown_status(&self) -> String {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        reason.map_or_else(|| self.status.to_string(), |reason| format!("{} {reason}", self.status))
    }

    fn shown_message(&self) -> String {
        let mut text = self.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        if !self.fields.is_empty() {
            let fields: Vec<_> = self.fields.iter().map(|(field, problem)| format!("{field}: {problem}")).collect();
            text.push_str(&format!(" ({})", fields.join("; ")));
        }
        text
    }
}

impl ApiError {
    /// A call that was given up because the overall timeout had passed.
    pub(super) fn out_of_time(call: String) -> Self {
        Self::Lost { call, host: "the service".to_owned(), cause: "the overall timeout passed".to_owned() }
    }

    /// Sorts a request to this host that was not answered.
    pub(super) fn not_answered(call: &str, host: &str, error: TransportError) -> Self {
        let (call_text, host) = (call.to_owned(), host.to_owned());
        match error {
            TransportError::Http(error) => Self::transport(call, error),
            TransportError::NotSent(cause) => Self::NotSent { call: call_text, host, cause },
            TransportError::Lost(cause) => Self::Lost { call: call_text, host, cause },
        }
    }

    /// Sorts a failed request: certificate, never sent, or lost on the way.
    pub(super) fn transport(call: &str, error: reqwest::Error) -> Self {
        let host = error.url().and_then(|url| url.host_str()).unwrap_or("the service").to_owned();
        let error = error.without_url();
        let call = call.to_owned();
        if error.is_builder() {
            return Self::Setup(error);
        }
        if let Some(cause) = certificate_problem(&error) {
            return Self::Certificate { call, host, cause };
        }
        let cause = if error.is_timeout() { "it took too long".to_owned() } else { innermost(&error) };
        if error.is_connect() { Self::NotSent { call, host, cause } } else { Self::Lost { call, host, cause } }
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.status),
            _ => None,
        }
    }

    /// How long the service asks to wait before the next request.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { refusal, .. } => refusal.retry_after,
            _ => None,
        }
    }

    /// What happened to the request, as the retry rules see it.
    pub(super) fn outcome(&self) -> AttemptOutcome {
        match self {
            Self::Refused { refusal, .. } => {
                AttemptOutcome::Answered { status: refusal.status, retry_after: refusal.retry_after }
            }
            Self::Unreadable { .. } => AttemptOutcome::Unreadable,
            Self::NotSent { .. } => AttemptOutcome::NotSent,
            Self::Lost { .. } => AttemptOutcome::Lost,
            Self::Redirected { .. } | Self::WebPage { .. } => AttemptOutcome::Elsewhere,
            Self::Certificate { .. } => AttemptOutcome::Certificate,
            Self::TooLarge { .. } => AttemptOutcome::TooLarge,
            Self::Unencrypted { .. } | Self::Token | Self::Setup(_) => AttemptOutcome::Hopeless,
        }
    }
}

/// rustls's words when the chain of causes holds a certificate error.
fn certificate_problem(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    match tls_error(error)? {
        rustls::Error::InvalidCertificate(problem) => Some(problem.to_string()),
        _ => None,
    }
}

/// The last cause of the chain is what happened; the ones before it only give the context.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = None;
    while let Some(inner) = cause {
        text = Some(inner.to_string());
        cause = inner.source();
    }
    text.unwrap_or_else(|| chain(error))
}

impl Explain for ApiError {
    fn exit(&self) -> Exit {
        match self {
            Self::Unencrypted { .. } | Self::Setup(_) | Self::Certificate { .. } => Exit::Usage,
            Self::Token | Self::Redirected { .. } | Self::WebPage { .. } => Exit::NotAllowed,
            Self::Refused { refusal, .. } => match refusal.status {
                401..=403 => Exit::NotAllowed,
                408 | 425 | 429 | 500.. => Exit::Unavailable,
                _ => Exit::Usage,
            },
            Self::Unreadable { .. } | Self::TooLarge { .. } | Self::NotSent { .. } | Self::Lost { .. } => {
                Exit::Unavailable
            }
        }
    }

    fn hint(&self) -> Option<String> {
        const CHECK_TOKEN: &str = "check LOADFORGE_API_TOKEN (LoadForge: User Menu, API)";
        Some(match self {
            Self::Unencrypted { .. } => {
                "use https:// in --api-url (LOADFORGE_API_URL); plain http with a token is allowed to this machine only, \
                 and without LOADFORGE_API_TOKEN to any"
                    .to_owned()
            }
            Self::Token => "set LOADFORGE_API_TOKEN again, on one line".to_owned(),
            Self::Setup(_) => "install the system's CA certificates, or unset SSL_CERT_FILE and SSL_CERT_DIR".to_owned(),
            Self::Certificate { .. } => {
                "if a proxy of your network re-signs HTTPS, name its CA certificate in SSL_CERT_FILE".to_owned()
            }
            Self::Redirected { .. } | Self::WebPage { .. } => format!(
                "the token is not accepted, or the address is not that of an API: {CHECK_TOKEN} and --api-url \
                 (LOADFORGE_API_URL)"
            ),
            Self::Refused { refusal, .. } => match refusal.status {
                401..=403 if !refusal.with_token => {
                    "set LOADFORGE_API_TOKEN (LoadForge: User Menu, API), in CircleCI through a context".to_owned()
                }
                402 => "the plan of this LoadForge account does not allow it".to_owned(),
                401..=403 => CHECK_TOKEN.to_owned(),
                404 | 405 => {
                    "check --test-id, --test or --run-id, and that --api-url (LOADFORGE_API_URL) ends with /api/v2"
                        .to_owned()
                }
                408 | 425 | 429 | 500.. => "the service is busy or has a problem; try again later".to_owned(),
                _ => return None,
            },
            Self::Unreadable { .. } | Self::TooLarge { .. } => {
                "check that --api-url (LOADFORGE_API_URL) is the address of a LoadForge API".to_owned()
            }
            Self::NotSent { .. } | Self::Lost { .. } => {
                "check the network, HTTPS_PROXY and --api-url (LOADFORGE_API_URL), or try again later".to_owned()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_status_message_and_fields() {
        let refusal = ServiceRefusal {
            status: 422,
            message: Some("The given data was invalid.".into()),
            fields: vec![("duration".into(), "must be at least 2".into())],
            retry_after: None,
            with_token: true,
        };
        let error = ApiError::Refused { call: "start test 7".into(), refusal: Box::new(refusal) };
        assert_eq!(
            error.to_string(),
            "failed to start test 7: the service answered 422 Unprocessable Entity: The given data was invalid. \
             (duration: must be at least 2)"
        );
        assert_eq!(error.exit(), Exit::Usage);
    }

    #[test]
    fn a_certificate_error_is_found_behind_an_io_error() {
        let tls = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let hidden = std::io::Error::other(tls());
        assert!(certificate_problem(&hidden).is_some_and(|text| text.contains("UnknownIssuer")));
        assert!(certificate_problem(&tls()).is_some());
        assert!(certificate_problem(&std::io::Error::other("reset")).is_none());
        let error = ApiError::Certificate { call: "x".into(), host: "h".into(), cause: "c".into() };
        assert_eq!((error.exit(), error.outcome()), (Exit::Usage, AttemptOutcome::Certificate));
    }

    #[test]
    fn every_status_has_its_exit_code() {
        let exit = |status| {
            let refusal =
                ServiceRefusal { status, message: None, fields: vec![], retry_after: None, with_token: false };
            ApiError::Refused { call: "x".into(), refusal: Box::new(refusal) }.exit()
        };
        assert_eq!([401, 402, 403].map(exit), [Exit::NotAllowed; 3]);
        assert_eq!([400, 404, 405, 409, 422].map(exit), [Exit::Usage; 5]);
        assert_eq!([408, 425, 429, 500, 503, 599].map(exit), [Exit::Unavailable; 6]);
    }
}
