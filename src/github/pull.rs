//! Which pull request a build belongs to, and why there is none.

use serde::Deserialize;

use super::api::Github;
use super::error::{GithubError, Task};
use crate::circleci::{CircleCi, PullRequestLink, Repository};
use crate::text::short_commit;

/// Pull requests looked at when the environment names many.
const MAX_LINKS: usize = 10;

/// The pull request that receives the comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The repository it asks to change, which receives the comment also when the branch is in a fork.
    pub repository: Repository,
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// The newest commit of its branch.
    pub head_sha: String,
    /// Its branch.
    pub head_branch: String,
    /// Whether its branch is in another repository.
    pub fork: bool,
}

/// What came of the search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The pull request; `None` when nothing should be posted.
    pub pull_request: Option<PullRequest>,
    /// What the reader should know about the choice, in sentences.
    pub said: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Pull {
    number: u64,
    html_url: String,
    state: String,
    merged_at: Option<String>,
    head: BranchEnd,
    base: BranchEnd,
}

#[derive(Debug, Deserialize)]
struct BranchEnd {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
    /// `null` when the fork was deleted.
    repo: Option<Repo>,
}

#[derive(Debug, Deserialize)]
struct Repo {
    full_name: String,
}

/// Finds the open pull request of this build: the ones the environment names, else those GitHub knows by the commit.
///
/// A name in the environment is not trusted: CircleCI also sets it on the build of a merge into the main branch. A
/// pull request is this build's only when it is open and its branch is the one built, or its newest commit the one built.
///
/// # Errors
/// When GitHub cannot be asked or does not answer.
pub async fn find(github: &Github, ci: &CircleCi) -> Result<Found, GithubError> {
    let mut said = Vec::new();
    let mut pulls = named(github, ci, &mut said).await?;
    let by_name = pulls.len();
    if pulls.iter().all(|pull| refusal(pull, ci, true).is_some()) {
        let more = match by_commit(github, ci, &mut said).await {
            // What is known of the named ones is worth more than that nothing further could be learned.
            Err(GithubError::Refused { .. }) if by_name > 0 => Vec::new(),
            other => other?,
        };
        let known: Vec<u64> = pulls.iter().map(|pull| pull.number).collect();
        pulls.extend(more.into_iter().filter(|pull| !known.contains(&pull.number)));
    }
    Ok(choose(pulls, by_name, ci, said))
}

/// The pull requests of `CIRCLE_PULL_REQUEST(S)` as GitHub knows them.
async fn named(github: &Github, ci: &CircleCi, said: &mut Vec<String>) -> Result<Vec<Pull>, GithubError> {
    let mut pulls = Vec::new();
    for link in ci.pull_requests.iter().take(MAX_LINKS) {
        let PullRequestLink { host, repository, number } = link;
        if let Some(host) = host.as_deref().filter(|host| github.is_public() && !is_public_host(host)) {
            said.push(format!(
                "Pull request {repository}#{number} is on {host}: set --github-api-url https://{host}/api/v3."
            ));
            continue;
        }
        pulls.push(github.get(Task::ReadPullRequest, &format!("/repos/{repository}/pulls/{number}")).await?);
    }
    Ok(pulls)
}

fn is_public_host(host: &str) -> bool {
    matches!(host, "github.com" | "www.github.com")
}

/// The pull requests GitHub associates with the commit.
async fn by_commit(github: &Github, ci: &CircleCi, said: &mut Vec<String>) -> Result<Vec<Pull>, GithubError> {
    let (Some(repository), Some(commit)) = (&ci.repository, &ci.commit) else {
        if ci.pull_requests.is_empty() {
            said.push(
                "The environment names neither a pull request nor a repository and commit to find one by.".into(),
            );
        }
        return Ok(Vec::new());
    };
    let route = format!("/repos/{repository}/commits/{commit}/pulls");
    match github.list(Task::FindByCommit, &route, |_| true).await {
        // 422: "No commit found for SHA", which is what a commit that was never pushed gets.
        Err(error) if error.status() == Some(422) => {
            said.push(format!("GitHub does not know commit {} in {repository}.", short_commit(commit)));
            Ok(Vec::new())
        }
        other => other,
    }
}

/// Why a pull request is not this build's; `None` when it is.
fn refusal(pull: &Pull, ci: &CircleCi, named: bool) -> Option<String> {
    let label = &pull.html_url;
    if pull.merged_at.is_some() {
        return Some(format!("{label} is merged already."));
    }
    if pull.state != "open" {
        return Some(format!("{label} is closed."));
    }
    if ci.commit.as_deref() == Some(pull.head.sha.as_str()) {
        return None;
    }
    match ci.branch.as_deref() {
        Some(branch) if branch == pull.head.branch || is_pull_branch(branch, pull.number) => None,
        Some(branch) => Some(format!("{label} is of branch {:?}, this build is of {branch:?}.", pull.head.branch)),
        None if named => None,
        None => Some(format!("{label} contains this commit, but its newest commit is another one.")),
    }
}

/// CircleCI builds a fork's pull request on a branch `pull/N` or `pull/N/head`.
fn is_pull_branch(branch: &str, number: u64) -> bool {
    branch.strip_prefix("pull/").map(|rest| rest.strip_suffix("/head").unwrap_or(rest)) == Some(&number.to_string())
}

fn choose(pulls: Vec<Pull>, by_name: usize, ci: &CircleCi, mut said: Vec<String>) -> Found {
    let mut ours = Vec::new();
    for (at, pull) in pulls.into_iter().enumerate() {
        match refusal(&pull, ci, at < by_name) {
            None => ours.push(pull),
            Some(reason) => said.push(reason),
        }
    }
    let is_head = |pull: &Pull| ci.commit.as_deref() == Some(pull.head.sha.as_str());
    // The one whose newest commit was built; among equals the newest pull request.
    ours.sort_by_key(|pull| (is_head(pull), pull.number));
    let Some(pull) = ours.pop() else {
        said.push("No open pull request belongs to this build, so no comment is posted.".into());
        return Found { pull_request: None, said };
    };
    if !ours.is_empty() {
        let others: Vec<String> = ours.iter().rev().map(|other| format!("#{}", other.number)).collect();
        let why =
            if is_head(&pull) == is_head(&ours[ours.len() - 1]) { "the newest" } else { "the one of this commit" };
        said.push(format!(
            "Several open pull requests belong to this build; #{} is {why} (others: {}).",
            pull.number,
            others.join(", ")
        ));
    }
    let base =
        pull.base.repo.as_ref().and_then(|repo| Repository::parse(&repo.full_name)).or_else(|| ci.repository.clone());
    let Some(repository) = base else {
        said.push(format!("GitHub does not say which repository {} belongs to.", pull.html_url));
        return Found { pull_request: None, said };
    };
    let fork = pull.head.repo.as_ref().is_none_or(|head| !head.full_name.eq_ignore_ascii_case(&repository.to_string()));
    if fork {
        let from = pull.head.repo.as_ref().map_or("a fork that was deleted", |head| head.full_name.as_str());
        said.push(format!("#{} comes from {from}; the comment goes to {repository}.", pull.number));
    }
    let pull_request = PullRequest {
        repository,
        number: pull.number,
        url: pull.html_url,
        head_sha: pull.head.sha,
        head_branch: pull.head.branch,
        fork,
    };
    Found { pull_request: Some(pull_request), said }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "1111111111111111111111111111111111111111";
    const OTHER: &str = "2222222222222222222222222222222222222222";

    fn pull(number: u64, branch: &str, sha: &str) -> Pull {
        let end = |branch: &str, sha: &str| BranchEnd {
            branch: branch.into(),
            sha: sha.into(),
            repo: Some(Repo { full_name: "acme/shop".into() }),
        };
        Pull {
            number,
            html_url: format!("https://github.com/acme/shop/pull/{number}"),
            state: "open".into(),
            merged_at: None,
            head: end(branch, sha),
            base: end("main", OTHER),
        }
    }

    fn ci(branch: Option<&str>) -> CircleCi {
        CircleCi {
            commit: Some(COMMIT.into()),
            branch: branch.map(Into::into),
            repository: Repository::parse("acme/shop"),
            ..CircleCi::default()
        }
    }

    fn chosen(pulls: Vec<Pull>, named: bool, branch: Option<&str>) -> (Option<u64>, String) {
        let by_name = if named { pulls.len() } else { 0 };
        let found = choose(pulls, by_name, &ci(branch), Vec::new());
        (found.pull_request.map(|pull| pull.number), found.said.join("\n"))
    }

    #[test]
    fn the_pull_request_of_the_commit_goes_before_a_newer_one() {
        let (number, said) = chosen(vec![pull(7, "login", COMMIT), pull(9, "login", OTHER)], true, Some("login"));
        assert_eq!(number, Some(7));
        assert_eq!(said, "Several open pull requests belong to this build; #7 is the one of this commit (others: #9).");
        let (number, said) = chosen(vec![pull(7, "login", COMMIT), pull(9, "login", COMMIT)], true, Some("login"));
        assert_eq!(number, Some(9));
        assert_eq!(said, "Several open pull requests belong to this build; #9 is the newest (others: #7).");
    }

    #[test]
    fn a_merge_build_never_comments() {
        let merged =
            Pull { state: "closed".into(), merged_at: Some("2026-01-01T00:00:00Z".into()), ..pull(7, "login", OTHER) };
        let (number, said) = chosen(vec![merged], true, Some("main"));
        assert_eq!(number, None);
        insta::assert_snapshot!(said, @r"
        https://github.com/acme/shop/pull/7 is merged already.
        No open pull request belongs to this build, so no comment is posted.
        ");
        // Named by the environment and open, but of another branch.
        let (number, said) = chosen(vec![pull(7, "login", OTHER)], true, Some("main"));
        assert_eq!(number, None);
        assert!(
            said.starts_with(r#"https://github.com/acme/shop/pull/7 is of branch "login", this build is of "main"."#),
            "{said}"
        );
    }

    #[test]
    fn a_late_build_of_an_older_commit_still_finds_its_pull_request() {
        assert_eq!(chosen(vec![pull(7, "login", OTHER)], false, Some("login")).0, Some(7));
        assert_eq!(chosen(vec![pull(7, "login", OTHER)], false, None).0, None);
        assert_eq!(chosen(vec![pull(7, "patch-1", OTHER)], true, Some("pull/7")).0, Some(7));
        assert_eq!(chosen(vec![pull(7, "patch-1", OTHER)], true, Some("pull/70")).0, None);
    }

    #[test]
    fn a_fork_is_named_and_the_base_receives_the_comment() {
        let mut fork = pull(7, "patch-1", COMMIT);
        fork.head.repo = Some(Repo { full_name: "alice/shop".into() });
        let found = choose(vec![fork], 1, &ci(Some("pull/7")), Vec::new());
        assert!(found.pull_request.as_ref().unwrap().fork);
        assert_eq!(found.pull_request.unwrap().repository.to_string(), "acme/shop");
        assert_eq!(found.said, ["#7 comes from alice/shop; the comment goes to acme/shop."]);
        let mut gone = pull(7, "patch-1", COMMIT);
        gone.head.repo = None;
        assert_eq!(
            chosen(vec![gone], true, None).1,
            "#7 comes from a fork that was deleted; the comment goes to acme/shop."
        );
    }
}
