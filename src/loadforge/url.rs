//! The API's address: what is accepted and how request addresses are built on it.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::clean;
use crate::error::Explain;
use crate::exit::Exit;
use crate::http;
use crate::redact::shown_address;

/// The text cannot be used as the address of a LoadForge API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` cannot be used as LoadForge's address: {problem}")]
pub struct InvalidApiUrl {
    /// The address, without what may be a password.
    shown: String,
    /// Why not.
    problem: &'static str,
}

impl Explain for InvalidApiUrl {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(format!("--api-url (LOADFORGE_API_URL) takes an address such as {}", ApiUrl::LOADFORGE))
    }
}

/// The base address of a LoadForge API, for example `https://app.loadforge.com/api/v2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUrl(Url);

impl ApiUrl {
    /// LoadForge's own API, the default of `--api-url`.
    pub const LOADFORGE: &'static str = "https://app.loadforge.com/api/v2";

    /// The address of a path below the base, for example of `/results`.
    pub(super) fn at(&self, path: &str) -> Url {
        self.with_path(&format!("{}{path}", self.0.path().trim_end_matches('/')))
    }

    /// The address of a path below the origin, whatever the base's own path is (`/api/v1/…`).
    pub(super) fn at_origin(&self, path: &str) -> Url {
        self.with_path(path)
    }

    fn with_path(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }

    /// Whether the API is on this machine. Then no proxy is used, plain http is fine and polling costs nothing.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        http::is_loopback(&self.0)
    }

    /// Whether another address has the same scheme, host and port, so that it may be given the token.
    pub(super) fn same_origin(&self, other: &Url) -> bool {
        self.0.origin() == other.origin()
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host, for messages.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Where to watch a run in LoadForge's web application; `None` for any other server, where no page is known.
    #[must_use]
    pub fn monitor(&self, run_id: u64) -> Option<String> {
        // The only address of the application that its makers publish (their GitHub Action prints it).
        (self.host() == "app.loadforge.com").then(|| self.at_origin(&format!("/run/monitor/{run_id}")).to_string())
    }
}

impl FromStr for ApiUrl {
    type Err = InvalidApiUrl;

    fn from_str(text: &str) -> Result<Self, InvalidApiUrl> {
        let text = text.trim();
        let refuse = |problem: &'static str| {
            // What precedes an `@` or follows a `?` may be a password.
            let shown = shown_address(&clean::line(text)).chars().take(100).collect();
            Err(InvalidApiUrl { shown, problem })
        };
        let Ok(mut url) = Url::parse(text) else {
            return refuse("it is not a URL");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refuse("it must begin with https:// or http://");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return refuse("it names no host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it holds a user name or password; the token belongs in LOADFORGE_API_TOKEN");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("it must end with its path, without `?` or `#`");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_built_below_the_base_or_the_origin() {
        for base in ["https://app.loadforge.com/api/v2", " https://app.loadforge.com/api/v2/ "] {
            let api: ApiUrl = base.parse().unwrap();
            assert_eq!(api.to_string(), ApiUrl::LOADFORGE);
            assert_eq!(api.at("/results").as_str(), "https://app.loadforge.com/api/v2/results");
            assert_eq!(api.at_origin("/api/v1/x").as_str(), "https://app.loadforge.com/api/v1/x");
            assert_eq!(api.monitor(7).as_deref(), Some("https://app.loadforge.com/run/monitor/7"));
        }
        let bare: ApiUrl = "http://127.0.0.1:8080".parse().unwrap();
        assert_eq!(bare.at("/run").as_str(), "http://127.0.0.1:8080/run");
        assert_eq!((bare.to_string(), bare.monitor(7)), ("http://127.0.0.1:8080".into(), None));
    }

    #[test]
    fn an_unusable_address_is_refused_without_repeating_a_password() {
        for text in ["", "app.loadforge.com", "ftp://x/", "https://u:geheim@x/", "https://x/?k=1", "https://x/#a"] {
            let message = text.parse::<ApiUrl>().unwrap_err().to_string();
            assert!(!message.contains("geheim"), "{message}");
        }
    }

    #[test]
    fn loopback_is_told_by_the_address() {
        for (text, expected) in [
            ("http://localhost:1/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:8080/", true),
            ("http://api.localhost/", true),
            ("http://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(text.parse::<ApiUrl>().unwrap().is_loopback(), expected, "{text}");
        }
    }
}
