//! Which pull request a build belongs to, and why there is none.

use serde::Deserialize;

use super::api::Github;
use super::error::{GithubError, Task};
use super::host;
use crate::circleci::{
    CircleCi, PullRequestLink, Repository, RepositorySource, is_merge_queue, pull_request_of_branch,
};
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
    /// The newest commit of its branch; on a merge queue's branch the commit that is built, which contains that one.
    pub head_sha: String,
    /// Its branch.
    pub head_branch: String,
    /// Whether its branch is in another repository.
    pub fork: bool,
}

/// The result of the search.
#[derive(Debug)]
pub struct Found {
    /// The pull request; `None` when nothing should be posted.
    pub pull_request: Option<PullRequest>,
    /// What the reader should know about the choice, in sentences.
    pub notes: Vec<String>,
    /// The first thing that kept us from looking everywhere. It matters when no pull request was found.
    pub failure: Option<GithubError>,
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

/// A pull request that may be this build's.
#[derive(Debug)]
struct Candidate {
    pull: Pull,
    evidence: FoundBy,
}

/// Why a pull request is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoundBy {
    /// The user named it.
    User,
    /// The environment names it.
    Environment,
    /// It contains the commit.
    Commit,
}

/// Finds the open pull request of this build: the one the user named; else those the environment names; else those
/// GitHub knows by the commit.
///
/// A name in the environment is not trusted: CircleCI also sets it on the build of a merge into the main branch. A
/// pull request is this build's only when it is open and its branch is the one built, or its newest commit the one
/// built. What cannot be read does not stop the search.
pub async fn find(github: &Github, ci: &CircleCi) -> Found {
    let limit = github.pacer.patience.overall;
    tokio::time::timeout(limit, search(github, ci)).await.unwrap_or_else(|_| Found {
        pull_request: None,
        notes: Vec::new(),
        failure: Some(GithubError::TimedOut { limit }),
    })
}

async fn search(github: &Github, ci: &CircleCi) -> Found {
    let mut search = Search { github, ci, notes: Vec::new(), failure: None };
    let mut candidates = search.named().await;
    if ci.named_pull_request.is_none() && candidates.iter().all(|candidate| refusal(candidate, ci).is_some()) {
        let known: Vec<String> = candidates.iter().map(|candidate| candidate.pull.html_url.clone()).collect();
        let more = search.by_commit(!known.is_empty()).await;
        candidates.extend(more.into_iter().filter(|candidate| !known.contains(&candidate.pull.html_url)));
    }
    let (pull_request, notes) = choose(candidates, ci, search.notes);
    Found { pull_request, notes, failure: search.failure }
}

struct Search<'a> {
    github: &'a Github,
    ci: &'a CircleCi,
    notes: Vec<String>,
    failure: Option<GithubError>,
}

impl Search<'_> {
    /// The pull requests that the user or the environment names, as GitHub knows them.
    async fn named(&mut self) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for (PullRequestLink { repository, number }, evidence) in self.links() {
            if let Some(sentence) = host::elsewhere(&repository, self.github.api_host()) {
                self.notes.push(sentence);
                continue;
            }
            let route = format!("/repos/{repository}/pulls/{number}");
            match self.github.get(Task::ReadPullRequest, &route).await {
                Ok(pull) => candidates.push(Candidate { pull, evidence }),
                Err(error) => {
                    self.notes.push(format!("Pull request {repository}#{number} cannot be read: {error}"));
                    self.failure.get_or_insert(error);
                }
            }
        }
        candidates
    }

    fn links(&mut self) -> Vec<(PullRequestLink, FoundBy)> {
        let ci = self.ci;
        let in_repository = |number: u64| Some(PullRequestLink { repository: ci.repository.clone()?, number });
        if let Some(number) = ci.named_pull_request {
            if ci.repository.is_none() {
                self.notes.push(format!("Nothing says which repository has pull request {number}: set --repository."));
            }
            return in_repository(number).map(|link| (link, FoundBy::User)).into_iter().collect();
        }
        let mut links = Vec::new();
        for link in ci.pull_requests.iter().take(MAX_LINKS) {
            match ci.repository.as_ref().filter(|_| ci.repository_source == Some(RepositorySource::Named)) {
                Some(named) if !named.is_same(&link.repository) => {
                    self.notes.push(format!("Pull request {}#{} is not in {named}.", link.repository, link.number));
                }
                _ => links.push(link.clone()),
            }
        }
        let by_number = ci.pull_request_number.and_then(in_repository);
        links.extend(by_number.filter(|link| links.iter().all(|known| known.number != link.number)));
        links.into_iter().map(|link| (link, FoundBy::Environment)).collect()
    }

    /// The pull requests GitHub associates with the commit. Where others are known, a refusal is only noted.
    async fn by_commit(&mut self, others_known: bool) -> Vec<Candidate> {
        let (Some(repository), Some(commit)) = (&self.ci.repository, &self.ci.commit) else {
            if self.ci.pull_requests.is_empty() {
                self.notes.push(
                    "The environment names neither a pull request nor a repository and commit to find one by.".into(),
                );
            }
            return Vec::new();
        };
        if let Some(sentence) = host::elsewhere(repository, self.github.api_host()) {
            if !self.notes.contains(&sentence) {
                self.notes.push(sentence);
            }
            return Vec::new();
        }
        let route = format!("/repos/{repository}/commits/{commit}/pulls");
        match self.github.list(Task::FindByCommit, &route, |_| true).await {
            Ok(pulls) => pulls.into_iter().map(|pull| Candidate { pull, evidence: FoundBy::Commit }).collect(),
            // 422: "No commit found for SHA", which is what a commit that was never pushed gets.
            Err(error) if error.status() == Some(422) => {
                self.notes.push(format!("GitHub does not know commit {} in {repository}.", short_commit(commit)));
                Vec::new()
            }
            Err(GithubError::Refused { .. }) if others_known => Vec::new(),
            Err(error) => {
                self.failure.get_or_insert(error);
                Vec::new()
            }
        }
    }
}

/// Why a pull request is not this build's; `None` when it is.
fn refusal(Candidate { pull, evidence }: &Candidate, ci: &CircleCi) -> Option<String> {
    let label = &pull.html_url;
    if pull.merged_at.is_some() {
        return Some(format!("{label} is merged already."));
    }
    if pull.state != "open" {
        return Some(format!("{label} is closed."));
    }
    if *evidence == FoundBy::User || ci.commit.as_deref() == Some(pull.head.sha.as_str()) {
        return None;
    }
    match ci.branch.as_deref() {
        Some(branch) if branch == pull.head.branch || pull_request_of_branch(branch) == Some(pull.number) => None,
        Some(branch) => Some(format!("{label} is of branch {:?}, this build is of {branch:?}.", pull.head.branch)),
        None if *evidence == FoundBy::Environment && ci.tag.is_none() => None,
        None => Some(format!("{label} contains this commit, but its newest commit is another one.")),
    }
}

fn choose(candidates: Vec<Candidate>, ci: &CircleCi, mut notes: Vec<String>) -> (Option<PullRequest>, Vec<String>) {
    let mut ours = Vec::new();
    for candidate in candidates {
        match refusal(&candidate, ci) {
            None => ours.push(candidate.pull),
            Some(reason) => notes.push(reason),
        }
    }
    let is_head = |pull: &Pull| ci.commit.as_deref() == Some(pull.head.sha.as_str());
    // The one whose newest commit was built; among equals the newest pull request.
    ours.sort_by_key(|pull| (is_head(pull), pull.number));
    let Some(pull) = ours.pop() else {
        notes.push("No open pull request belongs to this build, so no comment is posted.".into());
        return (None, notes);
    };
    if !ours.is_empty() {
        let others: Vec<String> = ours.iter().rev().map(|other| format!("#{}", other.number)).collect();
        let why =
            if is_head(&pull) == is_head(&ours[ours.len() - 1]) { "the newest" } else { "the one of this commit" };
        notes.push(format!(
            "Several open pull requests belong to this build; #{} is {why} (others: {}).",
            pull.number,
            others.join(", ")
        ));
    }
    // As GitHub spells it now: a renamed repository still answers to its old name.
    let base =
        pull.base.repo.as_ref().and_then(|repo| Repository::parse(&repo.full_name)).or_else(|| ci.repository.clone());
    let Some(repository) = base else {
        notes.push(format!("GitHub does not say which repository {} belongs to.", pull.html_url));
        return (None, notes);
    };
    let fork = pull.head.repo.as_ref().is_none_or(|head| !head.full_name.eq_ignore_ascii_case(&repository.to_string()));
    if fork {
        let from = pull.head.repo.as_ref().map_or("a fork that was deleted", |head| head.full_name.as_str());
        notes.push(format!("#{} comes from {from}; the comment goes to {repository}.", pull.number));
    }
    let queued = ci.commit.clone().filter(|_| ci.branch.as_deref().is_some_and(is_merge_queue));
    let pull_request = PullRequest {
        repository,
        number: pull.number,
        url: pull.html_url,
        head_sha: queued.unwrap_or(pull.head.sha),
        head_branch: pull.head.branch,
        fork,
    };
    (Some(pull_request), notes)
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

    fn candidates(pulls: Vec<Pull>, evidence: FoundBy) -> Vec<Candidate> {
        pulls.into_iter().map(|pull| Candidate { pull, evidence }).collect()
    }

    fn chosen(pulls: Vec<Pull>, named: bool, branch: Option<&str>) -> (Option<u64>, String) {
        let evidence = if named { FoundBy::Environment } else { FoundBy::Commit };
        let (pull_request, notes) = choose(candidates(pulls, evidence), &ci(branch), Vec::new());
        (pull_request.map(|pull| pull.number), notes.join("\n"))
    }

    #[test]
    fn the_pull_request_of_the_commit_goes_before_a_newer_one() {
        let (number, notes) = chosen(vec![pull(7, "login", COMMIT), pull(9, "login", OTHER)], true, Some("login"));
        assert_eq!(number, Some(7));
        assert_eq!(
            notes,
            "Several open pull requests belong to this build; #7 is the one of this commit (others: #9)."
        );
        let (number, notes) = chosen(vec![pull(7, "login", COMMIT), pull(9, "login", COMMIT)], true, Some("login"));
        assert_eq!(number, Some(9));
        assert_eq!(notes, "Several open pull requests belong to this build; #9 is the newest (others: #7).");
    }

    #[test]
    fn a_merge_build_never_comments() {
        let merged =
            Pull { state: "closed".into(), merged_at: Some("2026-01-01T00:00:00Z".into()), ..pull(7, "login", OTHER) };
        let (number, notes) = chosen(vec![merged], true, Some("main"));
        assert_eq!(number, None);
        insta::assert_snapshot!(notes, @r"
        https://github.com/acme/shop/pull/7 is merged already.
        No open pull request belongs to this build, so no comment is posted.
        ");
        // Named by the environment and open, but of another branch.
        let (number, notes) = chosen(vec![pull(7, "login", OTHER)], true, Some("main"));
        assert_eq!(number, None);
        assert!(
            notes.starts_with(r#"https://github.com/acme/shop/pull/7 is of branch "login", this build is of "main"."#),
            "{notes}"
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
        let (found, notes) = choose(candidates(vec![fork], FoundBy::Environment), &ci(Some("pull/7")), Vec::new());
        assert!(found.as_ref().unwrap().fork);
        assert_eq!(found.unwrap().repository.to_string(), "acme/shop");
        assert_eq!(notes, ["#7 comes from alice/shop; the comment goes to acme/shop."]);
        let mut gone = pull(7, "patch-1", COMMIT);
        gone.head.repo = None;
        assert_eq!(
            chosen(vec![gone], true, None).1,
            "#7 comes from a fork that was deleted; the comment goes to acme/shop."
        );
    }
    #[test]
    fn a_merge_queue_shows_its_own_commit_as_the_newest() {
        let branch = "gh-readonly-queue/main/pr-7-2222222222222222222222222222222222222222";
        let (found, _) =
            choose(candidates(vec![pull(7, "login", OTHER)], FoundBy::Environment), &ci(Some(branch)), Vec::new());
        assert_eq!(found.unwrap().head_sha, COMMIT);
        assert_eq!(chosen(vec![pull(8, "login", OTHER)], true, Some(branch)).0, None);
    }

    #[test]
    fn the_one_the_user_names_may_be_of_another_branch_but_must_be_open() {
        let of_user = |pull| choose(candidates(vec![pull], FoundBy::User), &ci(Some("other")), Vec::new()).0;
        assert_eq!(of_user(pull(7, "login", OTHER)).unwrap().number, 7);
        assert_eq!(of_user(Pull { state: "closed".into(), ..pull(7, "login", OTHER) }), None);
    }

    #[test]
    fn a_tag_comments_only_where_its_commit_is_the_newest() {
        let tag = CircleCi { tag: Some("v1".into()), ..ci(None) };
        let of_tag = |pull| choose(candidates(vec![pull], FoundBy::Environment), &tag, Vec::new()).0;
        assert_eq!(of_tag(pull(7, "login", OTHER)), None);
        assert_eq!(of_tag(pull(7, "login", COMMIT)).unwrap().number, 7);
    }
}
