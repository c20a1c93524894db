//! The one HTTP client of this program: one TLS provider, our User-Agent, bounded in time.

mod retry_after;
mod trust;

pub use retry_after::retry_after;

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Once, OnceLock};
use std::time::Duration;

use reqwest::{Client, ClientBuilder};
use rustls::ClientConfig;
use url::{Host, Url};

/// What we call ourselves to every server.
pub const USER_AGENT: &str = concat!("loadforge-ci/", env!("CARGO_PKG_VERSION"));

/// Time allowed to open a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time allowed for one whole request, answer included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A client builder with the TLS provider, the trusted authorities and the time limits set.
pub fn builder() -> ClientBuilder {
    // Clients share what was read of the certificates.
    static TLS: OnceLock<Option<ClientConfig>> = OnceLock::new();
    with_tls(TLS.get_or_init(|| trust::tls(Vec::new()).ok()).clone())
}

/// The same with more certificate authorities, each in a PEM file.
pub fn builder_trusting(authorities: Vec<PathBuf>) -> ClientBuilder {
    with_tls(trust::tls(authorities).ok())
}

/// `None`, which would be a fault of the build, makes [`ClientBuilder::build`] fail.
fn with_tls(tls: Option<ClientConfig>) -> ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error only says that a provider is installed already, which is all we want.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let builder = Client::builder().user_agent(USER_AGENT).connect_timeout(CONNECT_TIMEOUT).timeout(REQUEST_TIMEOUT);
    match tls {
        Some(tls) => builder.tls_backend_preconfigured(tls),
        None => builder.tls_backend_preconfigured(()),
    }
}

/// The client itself, following the environment's proxy settings.
///
/// # Errors
/// When the TLS set-up fails.
pub fn client() -> Result<Client, reqwest::Error> {
    builder().build()
}

/// Whether an address is on this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// The TLS error, if a chain of causes contains one. `io::Error` hides the error it wraps from `source`, and
/// one may wrap another, so both ways in are looked at.
#[must_use]
pub fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut cause = Some(error);
    while let Some(outer) = cause {
        let mut inner: &(dyn Error + 'static) = outer;
        loop {
            if let Some(tls) = inner.downcast_ref() {
                return Some(tls);
            }
            match inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(wrapped) => inner = wrapped,
                None => break,
            }
        }
        cause = outer.source();
    }
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_tls_says_is_found_however_deep_it_is_wrapped() {
        use std::io::Error;

        let tls = rustls::Error::DecryptError;
        let wrapped = Error::other(Error::other(Error::other(tls.clone())));
        assert_eq!(super::tls_error(&wrapped), Some(&tls));
        assert_eq!(super::tls_error(&Error::other("x")), None);
    }

    #[test]
    fn a_client_can_be_built_more_than_once() {
        assert!(super::client().is_ok());
        assert!(super::client().is_ok());
    }
}
