//! Whether a URL names a host that can exist.

use url::{Host, Url};

/// A URL whose host cannot exist: a misspelled variable, or an empty part of the name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAHost {
    /// The name holds characters that no host name has.
    #[error("the host `{host}` cannot exist: `{character}` is not allowed in a host name{}", variable(.character))]
    Character {
        /// The host.
        host: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// A part between two dots is empty.
    #[error("the host `{host}` has an empty part; was a variable empty?")]
    EmptyPart {
        /// The host.
        host: String,
    },
    /// The URL has no host.
    #[error("the URL names no host")]
    Missing,
}

fn variable(character: &char) -> &'static str {
    if *character == '$' { "; write a variable as ${NAME}" } else { "" }
}

/// Checks that a URL's host can exist.
///
/// # Errors
/// When it cannot.
pub fn check_host(url: &Url) -> Result<(), NotAHost> {
    let name = match url.host() {
        Some(Host::Domain(name)) => name,
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Ok(()),
        None => return Err(NotAHost::Missing),
    };
    let host = name.to_owned();
    // Docker and Kubernetes allow `_` in the names of services.
    if let Some(character) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || "-_.".contains(*c))) {
        return Err(NotAHost::Character { host, character });
    }
    // One dot at the end marks a complete name.
    let parts = name.strip_suffix('.').unwrap_or(name);
    if parts.split('.').any(str::is_empty) { Err(NotAHost::EmptyPart { host }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_or_a_gap_in_a_host_is_told_from_a_host() {
        let check = |url: &str| check_host(&url.parse().unwrap()).map_err(|fault| fault.to_string());
        for good in
            ["https://staging.acme.example", "http://my_service:80", "http://[::1]:80", "http://10.0.0.1", "http://a."]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(
            check("https://$STAGE.acme.example").unwrap_err(),
            "the host `$stage.acme.example` cannot exist: `$` is not allowed in a host name; write a variable as ${NAME}"
        );
        for gap in ["https://.acme.example", "https://staging..acme.example", "https://."] {
            assert!(check(gap).unwrap_err().contains("empty part"), "{gap}");
        }
        for odd in ["https://{stage}.acme.example", "https://a*b.example"] {
            let refused = odd.parse::<Url>().map_or(true, |url| check_host(&url).is_err());
            assert!(refused, "{odd}");
        }
    }
}
