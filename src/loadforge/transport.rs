//! How a request reaches the service: over HTTP, or through a test's replacement.

use std::pin::Pin;

use reqwest::{Request, Response};

/// A request whose response has started, or failed to.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>>;

/// Sends requests. A test that implements it decides every answer and its time, without a socket and with a paused clock.
pub trait Transport: Send + Sync {
    /// Sends one request once. Completes with the head of the answer; its body is read from the response.
    fn send(&self, request: Request) -> Sending<'_>;
}

/// Why no answer began.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The HTTP client's message.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// No connection: the request never reached the service.
    #[error("{0}")]
    NotSent(String),
    /// The request was sent, but no answer came.
    #[error("{0}")]
    Lost(String),
}

/// HTTP, with the limits and the rules for redirects of its client.
pub(super) struct HttpTransport(pub(super) reqwest::Client);

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move { Ok(self.0.execute(request).await?) })
    }
}
