//! The client: one request at a time, its response parsed to JSON or to an error with advice.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, Request, Response, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::body::GatheredBody;
use super::error::{ApiError, ServiceRefusal};
use super::message;
use super::resend::until_answered;
use super::retry::PauseFactor;
use super::transport::{HttpTransport, Transport};
use super::url::ApiUrl;
use crate::http;
use crate::json::{self, JsonError};
use crate::redact::{self, Placeholder, Redactor};

/// How the token is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthScheme {
    /// `Authorization: Bearer …`: API v2.
    Bearer,
    /// `Authorization: Token …`: the start call of API v1.
    Token,
}

/// The most a service may answer with. A 12-hour history is about 10 MiB.
const MOST_BYTES: usize = 256 << 20;

/// How often a call that may be sent twice is sent again.
const RESENDS: usize = 5;

/// Sets up a [`Client`].
#[derive(Clone)]
pub struct ClientBuilder {
    url: ApiUrl,
    token: Option<SecretString>,
    pace: PauseFactor,
    timeout: Duration,
    most_bytes: usize,
    transport: Option<Arc<dyn Transport>>,
}

impl ClientBuilder {
    /// The token. White space around it is dropped; an empty one is none, as CI gives for a secret that is not set.
    #[must_use]
    pub fn token(mut self, token: Option<SecretString>) -> Self {
        self.token = token
            .map(|token| SecretString::from(token.expose_secret().trim()))
            .filter(|token| !token.expose_secret().is_empty());
        self
    }

    /// How fast pauses between tries go.
    #[must_use]
    pub fn pace(mut self, pace: PauseFactor) -> Self {
        self.pace = pace;
        self
    }

    /// Time allowed for one request, answer included.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The largest answer accepted, bytes.
    #[must_use]
    pub fn most_bytes(mut self, most_bytes: usize) -> Self {
        self.most_bytes = most_bytes;
        self
    }

    /// What takes the place of HTTP, for the API and for downloads. It limits the time of a request itself.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The client.
    ///
    /// # Errors
    /// When the token cannot be sent or would travel readable to another machine, or HTTPS cannot be set up.
    pub fn build(self) -> Result<Client, ApiError> {
        if let Some(token) = &self.token {
            if !self.url.is_encrypted() && !self.url.is_loopback() {
                return Err(ApiError::Unencrypted { host: self.url.host().to_owned() });
            }
            authorization(AuthScheme::Bearer, token)?;
        }
        let transport = match &self.transport {
            Some(transport) => Arc::clone(transport),
            None => self.over_http()?,
        };
        let mut redactor = Redactor::new();
        if let Some(token) = &self.token {
            redactor.add(token, Placeholder::Token);
        }
        Ok(Client { transport, set: self, redactor })
    }

    fn over_http(&self) -> Result<Arc<dyn Transport>, ApiError> {
        // The service never redirects an API call; following would take a login page for an answer.
        let mut builder = http::builder().redirect(redirect::Policy::none()).timeout(self.timeout);
        if self.url.is_loopback() {
            builder = builder.no_proxy();
        }
        Ok(Arc::new(HttpTransport(builder.build().map_err(ApiError::Setup)?)))
    }
}

/// A client of LoadForge's API, or of a server that speaks it.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    set: ClientBuilder,
    /// The token, and the values passed to the script, which it may print or put into a name or a failure's text.
    redactor: Redactor,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.set.url.to_string()).finish_non_exhaustive()
    }
}

/// One request, before it is sent.
pub(super) struct Call {
    /// What it is for, as in "failed to …".
    pub(super) what: String,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Value>,
    pub(super) scheme: AuthScheme,
}

impl Client {
    /// A builder for a client of the API at this address.
    #[must_use]
    pub fn builder(url: ApiUrl) -> ClientBuilder {
        ClientBuilder {
            url,
            token: None,
            pace: PauseFactor::REAL,
            timeout: http::REQUEST_TIMEOUT,
            most_bytes: MOST_BYTES,
            transport: None,
        }
    }

    /// The API's address.
    #[must_use]
    pub fn url(&self) -> &ApiUrl {
        &self.set.url
    }

    /// How fast pauses go.
    #[must_use]
    pub fn pace(&self) -> PauseFactor {
        self.set.pace
    }

    /// What takes the place of HTTP, if anything does.
    pub(super) fn replaced_transport(&self) -> Option<Arc<dyn Transport>> {
        self.set.transport.clone()
    }

    pub(super) fn most_bytes(&self) -> usize {
        self.set.most_bytes
    }

    pub(super) fn call(&self, what: impl Into<String>, method: Method, path: &str) -> Call {
        Call { what: what.into(), method, url: self.url().at(path), body: None, scheme: AuthScheme::Bearer }
    }

    /// Sends a call once.
    pub(super) async fn send(&self, call: &Call) -> Result<Value, ApiError> {
        self.send_and(call, |body| json::read(&body)).await
    }

    /// The same for an answer that is read in a way of its own.
    pub(super) async fn send_and<T>(
        &self,
        call: &Call,
        read: impl FnOnce(Vec<u8>) -> Result<T, JsonError>,
    ) -> Result<T, ApiError> {
        let mut request = Request::new(call.method.clone(), call.url.clone());
        *request.headers_mut() = self.headers(call)?;
        if let Some(body) = &call.body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.to_string().into());
        }
        let sent = self.transport.send(request).await;
        let response = sent.map_err(|error| ApiError::not_answered(&call.what, self.url().host(), error))?;
        self.read(&call.what, response, read).await
    }

    /// Sends a call that may be sent twice, again and again while waiting may help.
    pub(super) async fn send_until_answered(&self, call: &Call) -> Result<Value, ApiError> {
        until_answered(self.set.pace, RESENDS, || self.send(call)).await
    }

    /// The same for an answer that is read in a way of its own.
    pub(super) async fn send_until_answered_and<T>(
        &self,
        call: &Call,
        read: impl Fn(Vec<u8>) -> Result<T, JsonError>,
    ) -> Result<T, ApiError> {
        until_answered(self.set.pace, RESENDS, || self.send_and(call, &read)).await
    }

    fn headers(&self, call: &Call) -> Result<HeaderMap, ApiError> {
        let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        // Not to another origin: a call is always built on our own address, and this keeps it so.
        if let Some(token) = self.set.token.as_ref().filter(|_| self.url().same_origin(&call.url)) {
            headers.insert(AUTHORIZATION, authorization(call.scheme, token)?);
        }
        Ok(headers)
    }

    /// The header that proves who we are to our own origin, and to no other.
    pub(super) fn authorization_for(&self, url: &Url) -> Option<HeaderValue> {
        let token = self.set.token.as_ref().filter(|_| self.url().same_origin(url))?;
        authorization(AuthScheme::Bearer, token).ok()
    }

    async fn read<T>(
        &self,
        what: &str,
        response: Response,
        read: impl FnOnce(Vec<u8>) -> Result<T, JsonError>,
    ) -> Result<T, ApiError> {
        let status = response.status();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if status.is_redirection() {
            let target = header(LOCATION).and_then(|location| response.url().join(&location).ok());
            let to = target.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "nowhere".to_owned());
            return Err(ApiError::Redirected { call: what.to_owned(), to });
        }
        let is_html = header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
        let retry_after = header(RETRY_AFTER).and_then(|value| http::retry_after(&value, Timestamp::now()));
        let mut body = bounded(what, response, self.set.most_bytes).await?;
        if !status.is_success() {
            let (message, fields) = message::of(body.trim_ascii(), is_html);
            return Err(ApiError::Refused {
                call: what.to_owned(),
                refusal: Box::new(ServiceRefusal {
                    status: status.as_u16(),
                    message: message.map(|text| self.redact(&text)),
                    fields: fields.into_iter().map(|(field, text)| (self.redact(&field), self.redact(&text))).collect(),
                    retry_after,
                    with_token: self.set.token.is_some(),
                }),
            });
        }
        if body.trim_ascii().is_empty() {
            body = b"null".to_vec();
        }
        let is_page = is_html || body.trim_ascii_start().starts_with(b"<");
        read(body).map_err(|error| match error {
            JsonError::Syntax(_) if is_page => ApiError::WebPage { call: what.to_owned() },
            error => ApiError::Unreadable { call: what.to_owned(), problem: error.to_string() },
        })
    }

    /// Keeps these values out of every text that comes back from the service.
    pub(super) fn hide<'a>(&mut self, values: impl IntoIterator<Item = &'a SecretString>) {
        for value in values {
            self.redactor.add(value, Placeholder::Hidden);
        }
    }

    /// A text of the service, with our token and the values passed to the script hidden.
    pub(super) fn redact(&self, text: &str) -> String {
        redact::hide(&self.redactor.hide(text)).into_owned()
    }

    /// The same for the content of a CSV file.
    pub(super) fn redact_data(&self, content: Vec<u8>) -> Vec<u8> {
        let content = match self.redactor.hide_data(&content) {
            Cow::Owned(hidden) => hidden,
            Cow::Borrowed(_) => content,
        };
        match redact::hide_data(&content) {
            Cow::Owned(hidden) => hidden,
            Cow::Borrowed(_) => content,
        }
    }
}

fn authorization(scheme: AuthScheme, token: &SecretString) -> Result<HeaderValue, ApiError> {
    let word = match scheme {
        AuthScheme::Bearer => "Bearer",
        AuthScheme::Token => "Token",
    };
    let mut value = HeaderValue::from_str(&format!("{word} {}", token.expose_secret())).map_err(|_| ApiError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads a body of at most `most` bytes.
pub(super) async fn bounded(what: &str, mut response: Response, most: usize) -> Result<Vec<u8>, ApiError> {
    let mut body = GatheredBody::default();
    while let Some(chunk) = response.chunk().await.map_err(|error| ApiError::transport(what, error))? {
        if body.length + chunk.len() > most {
            return Err(ApiError::TooLarge { call: what.to_owned(), limit: most >> 20 });
        }
        body.push(&chunk);
    }
    body.whole().map_err(|error| ApiError::Unreadable { call: what.to_owned(), problem: error.to_string() })
}
