//! Repositories and pull requests, as addresses name them.

use std::fmt;

use url::Url;

/// A repository by owner and name, both safe to stand in an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// A repository; `None` when a name holds anything but letters, digits, `-`, `_` and `.`, which is all GitHub allows.
    #[must_use]
    pub fn new(owner: &str, name: &str) -> Option<Self> {
        let valid = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && !matches!(part, "." | "..")
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        (valid(owner) && valid(name)).then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }

    /// Reads `owner/name`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        Self::new(owner, name)
    }

    /// Reads the address of a git remote: `https://host/owner/name`, `ssh://git@host/owner/name.git` or
    /// `git@host:owner/name.git`.
    #[must_use]
    pub fn of_remote(remote: &str) -> Option<Self> {
        let path = match remote.split_once("://") {
            Some((_, rest)) => rest.split_once('/')?.1,
            None => remote.split_once(':')?.1,
        };
        let path = path.trim_matches('/');
        Self::parse(path.strip_suffix(".git").unwrap_or(path))
    }

    /// The user or organisation.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name without its owner.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A pull request as the environment names it; whether it is the right one is for the GitHub API to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PullRequestLink {
    /// The host of its page, `github.com` or a GitHub Enterprise Server; `None` when only the number is known.
    pub host: Option<String>,
    /// The repository it asks to change.
    pub repository: Repository,
    /// Its number.
    pub number: u64,
}

impl PullRequestLink {
    /// Reads `https://host/owner/name/pull/12`. Other services' pull requests have other paths and are `None`.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        let url = Url::parse(address.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let mut parts = url.path_segments()?;
        let repository = Repository::new(parts.next()?, parts.next()?)?;
        let number = parts.next().filter(|word| *word == "pull").and(parts.next())?.parse().ok()?;
        Some(Self { host: url.host_str().map(ToOwned::to_owned), repository, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_read_from_every_kind_of_remote() {
        for remote in [
            "git@github.com:acme/shop.git",
            "https://github.com/acme/shop",
            "https://github.com/acme/shop.git/",
            "ssh://git@ghe.acme.example:2222/acme/shop.git",
        ] {
            assert_eq!(Repository::of_remote(remote).unwrap().to_string(), "acme/shop", "{remote}");
        }
        for bad in
            ["", "acme", "https://github.com/", "git@github.com:acme/shop/more", "https://github.com/../x", "a:b c/d"]
        {
            assert_eq!(Repository::of_remote(bad), None, "{bad}");
        }
    }
}
