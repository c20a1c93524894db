//! Which hosts a run may hit.

use std::net::IpAddr;

use url::Url;

use super::Guard;
use crate::error::Explain;
use crate::exit::Exit;

/// The target host is not on the list.
#[derive(Debug, thiserror::Error)]
#[error("the target host {host} is not allowed: guard.allowed_hosts lists {}", allowed.join(", "))]
pub struct NotAllowed {
    /// The host the run would have hit.
    pub host: String,
    /// The list.
    pub allowed: Vec<String>,
}

impl Explain for NotAllowed {
    fn exit(&self) -> Exit {
        Exit::Refused
    }

    fn hint(&self) -> Option<String> {
        Some("set --target-host (test.target_host) to an allowed host, or add this one to guard.allowed_hosts".into())
    }
}

impl Guard {
    /// Checks a target against the list, before anything starts. `Ok(true)` means that there is no list and that
    /// the host looks like production, which deserves a warning.
    ///
    /// # Errors
    /// When there is a list and the host is not on it.
    pub fn check(&self, target: &Url) -> Result<bool, NotAllowed> {
        let host = target.host_str().unwrap_or_default().to_lowercase();
        if self.allowed_hosts.is_empty() {
            return Ok(looks_like_production(&host));
        }
        let port = target.port_or_known_default();
        if self.allowed_hosts.iter().any(|pattern| allows(pattern, &host, port)) {
            Ok(false)
        } else {
            Err(NotAllowed { host, allowed: self.allowed_hosts.clone() })
        }
    }
}

/// Whether a pattern covers a host: equal, or `*` in place of one or more whole labels; a port only where it names one.
fn allows(pattern: &str, host: &str, port: Option<u16>) -> bool {
    let pattern = pattern.trim().to_lowercase();
    let (name, wanted) = match pattern.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => match digits.parse::<u16>() {
            Ok(digits) => (name.to_owned(), Some(digits)),
            Err(_) => (pattern.clone(), None),
        },
        _ => (pattern.clone(), None),
    };
    let named = match name.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|front| front.len() > 1 && front.ends_with('.')),
        None => name == host,
    };
    named && wanted.is_none_or(|wanted| Some(wanted) == port)
}

/// A public name without any of the words that test environments carry.
fn looks_like_production(host: &str) -> bool {
    const TEST_WORDS: [&str; 16] = [
        "staging",
        "stage",
        "stg",
        "test",
        "testing",
        "dev",
        "develop",
        "qa",
        "uat",
        "preview",
        "sandbox",
        "demo",
        "perf",
        "load",
        "local",
        "localhost",
    ];
    let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let is_public = host.contains('.') && !host.ends_with(".local") && !host.ends_with(".internal");
    let tests = host.split(['.', '-', '_']).any(|word| TEST_WORDS.contains(&word.trim_end_matches(char::is_numeric)));
    is_public && !is_address && !tests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(hosts: &[&str]) -> Guard {
        Guard { allowed_hosts: hosts.iter().map(|host| (*host).to_owned()).collect() }
    }

    fn check(hosts: &[&str], url: &str) -> Option<bool> {
        guard(hosts).check(&url.parse().unwrap()).ok()
    }

    #[test]
    fn only_listed_hosts_are_hit() {
        let list = ["*.staging.example.com", "localhost:8080", "10.0.0.7"];
        for (url, allowed) in [
            ("https://shop.staging.example.com", true),
            ("https://a.b.STAGING.example.com:444/x", true),
            ("https://staging.example.com", false),
            ("https://evilstaging.example.com", false),
            ("https://shop.staging.example.com.evil.net", false),
            ("http://localhost:8080", true),
            ("http://localhost:8081", false),
            ("http://10.0.0.7:9999", true),
            ("https://user@shop.staging.example.com@evil.net", false),
        ] {
            assert_eq!(check(&list, url).is_some(), allowed, "{url}");
        }
    }

    #[test]
    fn without_a_list_production_is_warned_about() {
        for (url, warned) in [
            ("https://www.example.com", true),
            ("https://api.example.com", true),
            ("https://staging-api.example.com", false),
            ("https://qa2.example.com", false),
            ("http://127.0.0.1:80", false),
            ("http://localhost:80", false),
            ("http://shop.internal", false),
        ] {
            assert_eq!(check(&[], url), Some(warned), "{url}");
        }
    }
}
