//! The one HTTP client of this program: one TLS provider, our User-Agent, bounded in time.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::sync::Once;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder};
use url::{Host, Url};

/// What we call ourselves to every server.
pub const USER_AGENT: &str = concat!("loadforge-ci/", env!("CARGO_PKG_VERSION"));

/// Time allowed to open a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time allowed for one whole request, answer included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A client builder with the TLS provider installed, the fallback roots merged and the time limits set.
///
/// # Errors
/// When a bundled root certificate cannot be read, which would be a fault of the build.
pub fn builder() -> Result<ClientBuilder, reqwest::Error> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error only says that a provider is installed already, which is all we want.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    // Merged roots also make a container without any CA store work; the system's own roots stay trusted.
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Client::builder()
        .user_agent(USER_AGENT)
        .tls_certs_merge(roots)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT))
}

/// The client itself, following the environment's proxy settings.
///
/// # Errors
/// When the TLS set-up fails.
pub fn client() -> Result<Client, reqwest::Error> {
    builder()?.build()
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
