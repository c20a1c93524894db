//! Which repository and pull requests the environment speaks of, the best evidence first.

use super::repository::{PullRequestLink, Repository};

/// Branches on which GitHub's merge queue tests what it is about to merge: `gh-readonly-queue/BASE/pr-N-SHA`.
const MERGE_QUEUE: &str = "gh-readonly-queue/";

/// What a repository was learned from, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepositorySource {
    /// The user named it with `--repository`.
    Named,
    /// The URL of a pull request, `CIRCLE_PULL_REQUEST(S)`.
    PullRequest,
    /// `CIRCLE_REPOSITORY_URL`; not set by the GitHub App and GitLab.
    RepositoryUrl,
    /// The git remote of the checkout.
    GitRemote,
    /// `CIRCLE_PROJECT_USERNAME` and `CIRCLE_PROJECT_REPONAME`, which for the GitHub App are display names that anyone
    /// can change.
    ProjectNames,
}

/// The pull requests named by their URLs. `CIRCLE_PULL_REQUEST` names one at random when there are several, so the full
/// list goes first.
pub(super) fn pull_requests(value: &impl Fn(&str) -> Option<String>) -> Vec<PullRequestLink> {
    let addresses = [value("CIRCLE_PULL_REQUESTS"), value("CIRCLE_PULL_REQUEST")];
    let mut links: Vec<PullRequestLink> = Vec::new();
    for link in addresses.iter().flatten().flat_map(|list| list.split(',')).filter_map(PullRequestLink::parse) {
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

/// The number of the pull request, where only the number is named.
pub(super) fn pull_request_number(value: &impl Fn(&str) -> Option<String>, branch: Option<&str>) -> Option<u64> {
    let number = value("CIRCLE_PR_NUMBER").and_then(|number| number.parse().ok());
    number.or_else(|| pull_request_of_branch(branch?))
}

/// The repository, and what it was learned from.
pub(super) fn repository(
    value: &impl Fn(&str) -> Option<String>,
    pull_requests: &[PullRequestLink],
    remote: impl FnOnce() -> Option<String>,
) -> Option<(Repository, RepositorySource)> {
    let of_pull_request = || Some(pull_requests.first()?.repository.clone());
    let of_url = || Repository::of_remote(&value("CIRCLE_REPOSITORY_URL")?);
    let of_names = || {
        let host = value("CIRCLE_BUILD_URL").filter(|url| url.contains("/bb/")).map(|_| "bitbucket.org");
        let names = Repository::new(&value("CIRCLE_PROJECT_USERNAME")?, &value("CIRCLE_PROJECT_REPONAME")?)?;
        Some(names.on(host))
    };
    of_pull_request()
        .map(|repository| (repository, RepositorySource::PullRequest))
        .or_else(|| Some((of_url()?, RepositorySource::RepositoryUrl)))
        .or_else(|| Some((Repository::of_remote(&remote()?)?, RepositorySource::GitRemote)))
        .or_else(|| Some((of_names()?, RepositorySource::ProjectNames)))
}

/// Whether the build is of a pull request from a fork: `CIRCLE_PR_*` are only set for those, and CircleCI builds them
/// on a branch `pull/N`, which a rebuild may carry alone.
pub(super) fn is_fork(
    value: &impl Fn(&str) -> Option<String>,
    repository: Option<&Repository>,
    branch: Option<&str>,
) -> bool {
    let elsewhere = value("CIRCLE_PR_USERNAME").is_some_and(|owner| {
        repository.is_none_or(|here| {
            let name = value("CIRCLE_PR_REPONAME").unwrap_or_else(|| here.name().to_owned());
            !here.owner().eq_ignore_ascii_case(&owner) || !here.name().eq_ignore_ascii_case(&name)
        })
    });
    elsewhere || branch.and_then(number_of_fork).is_some()
}

/// The pull request that a branch belongs to: `pull/31` and `pull/31/head` of a fork, or the branch of a merge queue.
#[must_use]
pub fn pull_request_of_branch(branch: &str) -> Option<u64> {
    let queued = || {
        let (_, entry) = branch.strip_prefix(MERGE_QUEUE)?.rsplit_once('/')?;
        entry.strip_prefix("pr-")?.split_once('-')?.0.parse().ok()
    };
    number_of_fork(branch).or_else(queued)
}

/// Whether a branch belongs to GitHub's merge queue.
#[must_use]
pub fn is_merge_queue(branch: &str) -> bool {
    branch.starts_with(MERGE_QUEUE)
}

fn number_of_fork(branch: &str) -> Option<u64> {
    let rest = branch.strip_prefix("pull/")?;
    rest.strip_suffix("/head").unwrap_or(rest).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circleci::CircleCi;

    const PROJECT: [(&str, &str); 2] = [("CIRCLE_PROJECT_USERNAME", "acme"), ("CIRCLE_PROJECT_REPONAME", "shop")];

    fn read(more: &[(&str, &str)], remote: Option<&str>) -> CircleCi {
        let all = [&PROJECT, more].concat();
        CircleCi::from_env_and_remote(
            |name| all.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
            || remote.map(ToOwned::to_owned),
        )
    }

    fn repository(ci: &CircleCi) -> (String, Option<&str>, RepositorySource) {
        let found = ci.repository.as_ref().unwrap();
        (found.to_string(), found.host(), ci.repository_source.unwrap())
    }

    #[test]
    fn a_fork_is_known_by_its_variables_or_by_its_branch() {
        let ci =
            read(&[("CIRCLE_PR_NUMBER", "31"), ("CIRCLE_PR_USERNAME", "alice"), ("CIRCLE_PR_REPONAME", "shop")], None);
        assert!(ci.fork);
        assert_eq!(ci.pull_request_number, Some(31));
        for branch in ["pull/31", "pull/31/head"] {
            let ci = read(&[("CIRCLE_BRANCH", branch)], None);
            assert_eq!((ci.fork, ci.pull_request_number), (true, Some(31)), "{branch}");
        }
        assert!(!read(&[("CIRCLE_BRANCH", "pull/request-template")], None).fork);
        assert!(!read(&[("CIRCLE_PR_USERNAME", "acme"), ("CIRCLE_PR_REPONAME", "shop")], None).fork);
    }

    #[test]
    fn the_branch_of_a_merge_queue_names_its_pull_request() {
        for (branch, number) in [
            ("gh-readonly-queue/main/pr-12-0123456789abcdef0123456789abcdef01234567", Some(12)),
            ("gh-readonly-queue/release/2.x/pr-7-0123", Some(7)),
            ("gh-readonly-queue/main/other", None),
            ("gh-readonly-queue/pr-7-0123", None),
            ("pr-7-0123", None),
        ] {
            assert_eq!(pull_request_of_branch(branch), number, "{branch}");
        }
    }

    #[test]
    fn the_best_evidence_for_the_repository_goes_first() {
        let pull_request = ("CIRCLE_PULL_REQUEST", "https://github.com/acme/store/pull/7");
        let url = ("CIRCLE_REPOSITORY_URL", "git@github.com:acme/old-shop.git");
        let remote = Some("https://github.com/acme/web-shop");
        let ci = read(&[pull_request, url], remote);
        assert_eq!(repository(&ci), ("acme/store".into(), Some("github.com"), RepositorySource::PullRequest));
        let ci = read(&[url], remote);
        assert_eq!(repository(&ci), ("acme/old-shop".into(), Some("github.com"), RepositorySource::RepositoryUrl));
        let ci = read(&[], remote);
        assert_eq!(repository(&ci), ("acme/web-shop".into(), Some("github.com"), RepositorySource::GitRemote));
        let ci = read(&[], Some("/srv/git/shop.git"));
        assert_eq!(repository(&ci), ("acme/shop".into(), None, RepositorySource::ProjectNames));
    }

    #[test]
    fn what_the_user_names_goes_before_all_and_keeps_the_known_host() {
        let named = Repository::parse("acme/api");
        let ci = read(&[], Some("git@gitlab.com:acme/api.git")).with_named(named, Some(3));
        assert_eq!(repository(&ci), ("acme/api".into(), Some("gitlab.com"), RepositorySource::Named));
        assert_eq!(ci.named_pull_request, Some(3));
        let on_github = Repository::of_remote("https://github.com/acme/api");
        let ci = read(&[], Some("git@gitlab.com:acme/api.git")).with_named(on_github, None);
        assert_eq!(repository(&ci), ("acme/api".into(), Some("github.com"), RepositorySource::Named));
    }

    #[test]
    fn a_bitbucket_project_is_known_by_its_build_url() {
        let ci = read(&[("CIRCLE_BUILD_URL", "https://circleci.com/bb/acme/shop/12")], None);
        assert_eq!(repository(&ci).1, Some("bitbucket.org"));
    }
}
