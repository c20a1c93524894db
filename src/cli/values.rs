//! Parsers of flag values.

use std::str::FromStr;

use crate::circleci::{PullRequestLink, Repository};
use crate::results::Engine;

/// `NAME` or `NAME=VALUE`. Its `Debug` never shows a value.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvEntry {
    /// The variable's name.
    pub name: String,
    /// Its value; `None` takes it from the environment.
    pub value: Option<String>,
}

impl std::fmt::Debug for EnvEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.name, if self.value.is_some() { "=[hidden]" } else { "" })
    }
}

impl FromStr for EnvEntry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.to_owned())));
        let name = name.trim();
        let mut letters = name.bytes();
        let starts_well = letters.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if starts_well && letters.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            Ok(Self { name: name.to_owned(), value })
        } else {
            Err("a variable's name has letters, digits and _ and no digit first; write NAME or NAME=VALUE".to_owned())
        }
    }
}

/// `REGION=N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// LoadForge's code, such as `nyc3`.
    pub code: String,
    /// Load generators there.
    pub servers: u32,
}

impl FromStr for Region {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (code, servers) = text.split_once('=').unwrap_or((text, "1"));
        let is_code = !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match servers.trim().parse() {
            Ok(servers) if servers > 0 && is_code => Ok(Self { code: code.to_owned(), servers }),
            _ => Err("write a region's code and how many load generators, such as nyc3=1".to_owned()),
        }
    }
}

/// A value that may be empty, because CircleCI had nothing to put there: `<nil>` and blanks are what it makes of an
/// empty pipeline value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Optional<T>(pub Option<T>);

/// A pull request as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPullRequest {
    /// Its number.
    pub number: u64,
    /// Its repository, where it was named by its URL.
    pub repository: Option<Repository>,
}

/// `OWNER/NAME`, or an address with the host.
pub(super) fn repository(text: &str) -> Result<Optional<Repository>, String> {
    let text = text.trim();
    // `<< pipeline.git.repo_owner >>/<< pipeline.git.repo_name >>` where neither has a value.
    if text.replace("<nil>", "").trim_matches('/').is_empty() {
        return Ok(Optional(None));
    }
    let read = if text.contains(':') { Repository::of_remote(text) } else { Repository::parse(text) };
    read.map(|repository| Optional(Some(repository)))
        .ok_or_else(|| "write OWNER/NAME, such as acme/shop, or the repository's URL".to_owned())
}

/// `N`, `#N` or the URL of a pull request.
pub(super) fn pull_request(text: &str) -> Result<Optional<NamedPullRequest>, String> {
    let text = text.trim();
    if matches!(text, "" | "<nil>") {
        return Ok(Optional(None));
    }
    let of_number = |number| NamedPullRequest { number, repository: None };
    let of_link = |link: PullRequestLink| NamedPullRequest { number: link.number, repository: Some(link.repository) };
    let number = text.strip_prefix('#').unwrap_or(text).parse().ok().map(of_number);
    number
        .or_else(|| PullRequestLink::parse(text).map(of_link))
        .map(|named| Optional(Some(named)))
        .ok_or_else(|| "write the pull request's number, such as 7, or its URL".to_owned())
}

pub(super) fn commit(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && (7..=64).contains(&text.len()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("write a commit as 7 to 64 hexadecimal digits, as `git rev-parse HEAD` prints it".to_owned())
    }
}

pub(super) fn engine(text: &str) -> Result<Engine, String> {
    match text {
        "loadforge" => Ok(Engine::Loadforge),
        "local" => Ok(Engine::Local),
        _ => Err("write loadforge or local".to_owned()),
    }
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0)
        .ok_or_else(|| "write a number above 0: users to start per second".to_owned())
}

pub(super) fn percent(text: &str) -> Result<f64, String> {
    text.strip_suffix('%')
        .and_then(|number| number.trim().parse().ok())
        .filter(|percent: &f64| percent.is_finite() && *percent >= 0.0)
        .ok_or_else(|| "write a percentage of 0 or more, such as 20%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_env_entry_hides_its_value() {
        let entry: EnvEntry = "TOKEN=s3cr=et".parse().unwrap();
        assert_eq!(entry.value.as_deref(), Some("s3cr=et"));
        assert_eq!(format!("{entry:?}"), "TOKEN=[hidden]");
        for text in ["", "1A", "A-B=x", "=x"] {
            let fault = text.parse::<EnvEntry>().unwrap_err();
            assert!(!fault.contains('x'), "{fault}");
        }
    }

    #[test]
    fn a_region_counts_its_load_generators() {
        assert_eq!("nyc3=2".parse(), Ok(Region { code: "nyc3".into(), servers: 2 }));
        assert_eq!("lon1".parse(), Ok(Region { code: "lon1".into(), servers: 1 }));
        assert!("nyc3=0".parse::<Region>().is_err());
    }
    #[test]
    fn a_repository_and_a_pull_request_may_be_left_empty_by_circleci() {
        for empty in ["", " ", "/", "<nil>/<nil>", "<nil>/"] {
            assert_eq!(repository(empty), Ok(Optional(None)), "{empty}");
        }
        let named = |text: &str| repository(text).unwrap().0.unwrap();
        assert_eq!(named("acme/shop").to_string(), "acme/shop");
        assert_eq!(named("git@ghe.acme.example:acme/shop.git").host(), Some("ghe.acme.example"));
        for bad in ["acme", "acme/shop/more", "acme/<nil>", "a b/c"] {
            assert!(repository(bad).is_err(), "{bad}");
        }
        for (text, number, owner) in
            [("7", 7, None), ("#7", 7, None), ("https://github.com/acme/shop/pull/7", 7, Some("acme"))]
        {
            let named = pull_request(text).unwrap().0.unwrap();
            assert_eq!((named.number, named.repository.as_ref().map(Repository::owner)), (number, owner), "{text}");
        }
        assert_eq!(pull_request("<nil>"), Ok(Optional(None)));
        assert!(pull_request("seven").is_err());
    }
}
