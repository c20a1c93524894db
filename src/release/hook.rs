//! Posting a signal to the hook of an organization.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::sleep;
use url::Url;

use super::error::SignalError;
use super::signal::ReleaseSignal;
use crate::clean;
use crate::error::chain;
use crate::http;

/// The longest wait that CircleCI can ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(30);

/// The pauses before a signal is sent again.
#[derive(Debug, Clone)]
pub struct HookPauses(Vec<Duration>);

impl Default for HookPauses {
    fn default() -> Self {
        Self([1, 2, 4].map(Duration::from_secs).to_vec())
    }
}

impl HookPauses {
    /// As many tries without a pause.
    #[must_use]
    pub fn none() -> Self {
        Self(vec![Duration::ZERO; 3])
    }
}

/// The hook that takes the signals of an organization.
pub struct Hook {
    client: Client,
    url: Url,
    secret: SecretString,
    variable: String,
    pauses: HookPauses,
}

impl Hook {
    /// The hook of an organization at CircleCI (or what stands in for it), with the secret that the variable holds.
    ///
    /// # Errors
    /// When there is no organization or no secret, or the address cannot be used.
    pub fn new(
        circleci: &Url,
        organization: Option<&str>,
        secret: Option<SecretString>,
        variable: &str,
        pauses: HookPauses,
    ) -> Result<Self, SignalError> {
        let bad = |reason: &str| SignalError::BadUrl { reason: reason.to_owned() };
        let organization = organization.ok_or(SignalError::NoOrganization)?;
        let missing = || SignalError::NoSecret { variable: variable.to_owned() };
        let secret = secret.filter(|secret| !secret.expose_secret().trim().is_empty()).ok_or_else(missing)?;
        if circleci.scheme() == "http" && !http::is_loopback(circleci) {
            return Err(bad("would send the secret over plain http, which is allowed to this machine only"));
        }
        let mut url = circleci.clone();
        url.path_segments_mut().map_err(|()| bad("is no web address"))?.pop_if_empty().extend([
            "api",
            "v3",
            "deploy",
            "hooks",
            organization,
            "validate",
        ]);
        // A redirect would carry the secret elsewhere.
        let client = http::builder().redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|cause| bad(&format!("cannot be used: {}", chain(&cause))))?;
        Ok(Self { client, url, secret, variable: variable.to_owned(), pauses })
    }

    /// Sends a signal. What CircleCI surely did not take is sent again; what it may have taken is not.
    ///
    /// # Errors
    /// When it was not delivered, or that is not known.
    pub async fn send(&self, signal: &ReleaseSignal) -> Result<(), SignalError> {
        let mut pauses = self.pauses.0.iter();
        let mut tries = 0;
        loop {
            tries += 1;
            let (fault, asked) = match self.post(signal).await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => {
                    let asked = asked_wait(&answer);
                    (self.refusal(answer, tries).await, asked)
                }
                Err(cause) if cause.is_connect() => {
                    (SignalError::Unreachable { cause: chain(&cause), tries }, Duration::ZERO)
                }
                Err(cause) => return Err(SignalError::Lost { cause: chain(&cause) }),
            };
            let again = matches!(fault, SignalError::Failing { .. } | SignalError::Unreachable { .. });
            let Some(pause) = pauses.next().filter(|_| again) else { return Err(fault) };
            tracing::warn!("{fault}; trying again");
            sleep((*pause).max(asked)).await;
        }
    }

    async fn post(&self, signal: &ReleaseSignal) -> Result<Response, reqwest::Error> {
        let mut request = self.client.post(self.url.clone()).json(signal);
        // A secret that no header can hold is refused like any other wrong one.
        if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", self.secret.expose_secret().trim())) {
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.send().await
    }

    async fn refusal(&self, answer: Response, tries: usize) -> SignalError {
        let status = answer.status().as_u16();
        match status {
            401 | 403 => SignalError::NotAllowed { variable: self.variable.clone(), status },
            408 | 429 | 500.. => SignalError::Failing { status, tries },
            _ => {
                let text = answer.text().await.unwrap_or_default();
                SignalError::Refused { status, message: clean::sentence(&text, 200) }
            }
        }
    }
}

/// How long CircleCI asks to wait.
fn asked_wait(answer: &Response) -> Duration {
    let asked =
        answer.headers().get(RETRY_AFTER).and_then(|value| http::retry_after(value.to_str().ok()?, Timestamp::now()));
    asked.unwrap_or_default().min(LONGEST_ASKED)
}
