//! A CSV field that may hold the CSV itself or the address it can be fetched from.

use std::sync::Arc;

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, Request, redirect};
use url::Url;

use super::client::{Client, bounded};
use super::error::{ApiError, ServiceRefusal};
use super::resend::until_answered;
use super::transport::{HttpTransport, Transport};
use crate::http;

/// The most redirects followed; object stores use one or two.
const MOST_REDIRECTS: usize = 4;

/// How often a download is tried again.
const RESENDS: usize = 3;

/// The address a CSV field holds, or `None` when it holds the CSV itself.
pub(super) fn address(field: &str) -> Option<Url> {
    let field = field.trim();
    let looks_like_one = field.starts_with("https://") || field.starts_with("http://");
    if !looks_like_one || field.contains(char::is_whitespace) {
        return None;
    }
    Url::parse(field).ok()
}

impl Client {
    /// The content of a CSV field: itself, or what its address gives. `what` names it in errors.
    ///
    /// An address is fetched over https only, and over http where both it and the API are on this machine. The token
    /// goes to the API's own origin alone.
    ///
    /// # Errors
    /// When the address may not or cannot be fetched, or gives too much.
    pub async fn csv(&self, what: &str, field: String) -> Result<Vec<u8>, ApiError> {
        let Some(url) = address(&field) else {
            return Ok(field.into_bytes());
        };
        let what = format!("fetch {what}");
        let may_use_http = self.url().is_loopback();
        if !is_allowed(&url, may_use_http) {
            return Err(ApiError::Unreadable { call: what, problem: "its address is not an https one".to_owned() });
        }
        let transport = match self.replaced_transport() {
            Some(transport) => transport,
            None => over_http(&url, may_use_http)?,
        };
        until_answered(self.pace(), RESENDS, || self.fetch(&what, &*transport, &url)).await
    }

    async fn fetch(&self, what: &str, transport: &dyn Transport, url: &Url) -> Result<Vec<u8>, ApiError> {
        let mut request = Request::new(Method::GET, url.clone());
        if let Some(authorization) = self.authorization_for(url) {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        let host = url.host_str().unwrap_or_default();
        let sent = transport.send(request).await;
        let response = sent.map_err(|error| ApiError::not_answered(what, host, error))?;
        let status = response.status();
        if status.is_redirection() {
            let to = url.host_str().unwrap_or_default().to_owned();
            return Err(ApiError::Redirected { call: what.to_owned(), to });
        }
        if !status.is_success() {
            let refusal = ServiceRefusal {
                status: status.as_u16(),
                message: None,
                fields: Vec::new(),
                retry_after: None,
                with_token: false,
            };
            return Err(ApiError::Refused { call: what.to_owned(), refusal: Box::new(refusal) });
        }
        bounded(what, response, self.most_bytes()).await
    }
}

/// Whether an address may be fetched.
fn is_allowed(url: &Url, may_use_http: bool) -> bool {
    url.scheme() == "https" || (may_use_http && http::is_loopback(url))
}

/// HTTP that follows the redirects of an object store, each to an address that may be fetched.
fn over_http(url: &Url, may_use_http: bool) -> Result<Arc<dyn Transport>, ApiError> {
    let policy = redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > MOST_REDIRECTS || !is_allowed(attempt.url(), may_use_http) {
            attempt.stop()
        } else {
            attempt.follow()
        }
    });
    let mut builder = http::builder().redirect(policy);
    if http::is_loopback(url) {
        builder = builder.no_proxy();
    }
    Ok(Arc::new(HttpTransport(builder.build().map_err(ApiError::Setup)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_an_address_only_when_it_is_nothing_else() {
        assert!(address(" https://files.example.com/a.csv?signature=x\n").is_some());
        for field in ["Type,Name\nGET,https://x/\n", "...", "https://x/ and more", "ftp://x/a", "/a.csv", ""] {
            assert!(address(field).is_none(), "{field}");
        }
    }
}
