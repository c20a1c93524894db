//! Repositories and pull requests, as addresses name them.

use std::fmt;

use url::Url;

/// A repository by owner and name, both safe to put into a URL, and the host it is on.
///
/// `Display` is `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Repository {
    host: Option<String>,
    owner: String,
    name: String,
}

impl Repository {
    /// A repository on an unknown host; `None` when a name holds anything but letters, digits, `-`, `_` and `.`, which
    /// is all that GitHub allows.
    #[must_use]
    pub fn new(owner: &str, name: &str) -> Option<Self> {
        (is_name(owner) && is_name(name)).then(|| Self { host: None, owner: owner.to_owned(), name: name.to_owned() })
    }

    /// Reads `owner/name`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        Self::new(owner, name)
    }

    /// Reads the address of a git remote: `https://host/owner/name`, `ssh://git@host/owner/name.git` or
    /// `git@host:owner/name.git`. The owner has several parts where the host allows groups in groups.
    #[must_use]
    pub fn of_remote(remote: &str) -> Option<Self> {
        let (authority, path) = match remote.trim().split_once("://") {
            Some(("file", _)) => return None,
            Some((_, rest)) => rest.split_once('/')?,
            None => remote.trim().split_once(':')?,
        };
        let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
        let path = path.trim_matches('/');
        let (owner, name) = path.strip_suffix(".git").unwrap_or(path).rsplit_once('/')?;
        let valid = owner.split('/').all(|part| is_name(part.trim_start_matches('~'))) && is_name(name);
        // `ssh.github.com` serves SSH on port 443 for networks that block port 22.
        let host = host.to_ascii_lowercase();
        let host = host.strip_prefix("ssh.").filter(|rest| rest.contains('.')).unwrap_or(&host);
        let repository = Self { host: is_host(host).then(|| host.to_owned()), owner: owner.into(), name: name.into() };
        (valid && (!owner.contains('/') || repository.host.as_deref() != Some("github.com"))).then_some(repository)
    }

    /// The same repository on this host.
    #[must_use]
    pub fn on(self, host: Option<&str>) -> Self {
        Self { host: host.map(str::to_ascii_lowercase), ..self }
    }

    /// The host, in lower case; `None` when only the name is known.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The user or organization.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name without its owner.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both name one repository, as far as both name a host. Code hosts ignore the case of names.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let unknown = self.host.is_none() || other.host.is_none();
        (unknown || self.host == other.host)
            && self.owner.eq_ignore_ascii_case(&other.owner)
            && self.name.eq_ignore_ascii_case(&other.name)
    }

    /// The service that hosts it, when it cannot be GitHub: a host of Bitbucket or GitLab, or an owner with several
    /// parts, which GitHub does not have.
    #[must_use]
    pub fn other_service(&self) -> Option<&'static str> {
        let host = self.host.as_deref().unwrap_or_default();
        if host.contains("bitbucket") {
            return Some("Bitbucket");
        }
        (host.contains("gitlab") || self.owner.contains('/')).then_some("GitLab")
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

fn is_name(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= 100
        && !matches!(part, "." | "..")
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// A name without a dot is an alias of an SSH configuration, which says nothing.
fn is_host(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

/// A pull request as the environment names it; whether it is the right one is for the GitHub API to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PullRequestLink {
    /// The repository it asks to change, with the host where the link is a URL.
    pub repository: Repository,
    /// Its number.
    pub number: u64,
}

impl PullRequestLink {
    /// Reads `https://host/owner/name/pull/12`, Bitbucket's `…/pull-requests/12` and GitLab's `…/-/merge_requests/12`.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        let url = Url::parse(address.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let path = url.path().trim_matches('/');
        let words = ["/pull/", "/pull-requests/", "/-/merge_requests/"];
        let (repository, rest) = words.iter().find_map(|word| path.split_once(word))?;
        let number = rest.split('/').next()?.parse().ok()?;
        let host = url.host_str()?;
        let host = host.strip_prefix("www.").unwrap_or(host);
        let repository = Repository::of_remote(&format!("https://{host}/{repository}"))?;
        Some(Self { repository: repository.on(Some(host)), number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_read_with_its_host_from_every_kind_of_remote() {
        for (remote, host) in [
            ("git@github.com:acme/shop.git", "github.com"),
            ("https://github.com/acme/shop", "github.com"),
            ("https://x-access-token:s3cret@GitHub.com/acme/shop.git/", "github.com"),
            ("ssh://git@ssh.github.com:443/acme/shop.git", "github.com"),
            ("ssh://git@ghe.acme.example:2222/acme/shop.git", "ghe.acme.example"),
            ("git@bitbucket.org:acme/shop.git", "bitbucket.org"),
        ] {
            let repository = Repository::of_remote(remote).unwrap();
            assert_eq!((repository.to_string().as_str(), repository.host()), ("acme/shop", Some(host)), "{remote}");
        }
        // An alias of the SSH configuration names no host.
        assert_eq!(Repository::of_remote("work:acme/shop.git").unwrap().host(), None);
        for bad in [
            "",
            "acme",
            "https://github.com/",
            "git@github.com:acme/shop/more",
            "https://github.com/../x",
            "a:b c/d",
            "/srv/git/shop.git",
            "file:///srv/git/shop.git",
        ] {
            assert_eq!(Repository::of_remote(bad), None, "{bad}");
        }
    }

    #[test]
    fn another_service_is_known_by_its_host_or_by_groups_in_groups() {
        for (remote, service) in [
            ("git@github.com:acme/shop.git", None),
            ("git@ghe.acme.example:acme/shop.git", None),
            ("https://bitbucket.org/acme/shop", Some("Bitbucket")),
            ("ssh://git@bitbucket.acme.example:7999/~ann/shop.git", Some("Bitbucket")),
            ("https://gitlab.com/acme/shop.git", Some("GitLab")),
            ("git@git.acme.example:acme/web/shop.git", Some("GitLab")),
        ] {
            assert_eq!(Repository::of_remote(remote).unwrap().other_service(), service, "{remote}");
        }
    }

    #[test]
    fn a_pull_request_is_read_on_every_service() {
        for (address, repository, service) in [
            ("https://www.github.com/acme/shop/pull/7", "acme/shop", None),
            ("https://github.com/acme/shop/pull/7/files", "acme/shop", None),
            ("https://bitbucket.org/acme/shop/pull-requests/7", "acme/shop", Some("Bitbucket")),
            ("https://gitlab.com/acme/web/shop/-/merge_requests/7", "acme/web/shop", Some("GitLab")),
        ] {
            let link = PullRequestLink::parse(address).unwrap();
            assert_eq!((link.repository.to_string().as_str(), link.number), (repository, 7));
            assert_eq!(link.repository.other_service(), service);
        }
        for bad in ["https://github.com/acme/shop/issues/7", "ssh://github.com/acme/shop/pull/7", "7", ""] {
            assert_eq!(PullRequestLink::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_unknown_host_does_not_tell_two_names_apart() {
        let named = Repository::parse("Acme/Shop").unwrap();
        let remote = Repository::of_remote("git@github.com:acme/shop.git").unwrap();
        assert!(named.is_same(&remote));
        assert!(!Repository::of_remote("git@ghe.acme.example:acme/shop.git").unwrap().is_same(&remote));
    }
}
