//! The commit status beside the comment: the verdict in one line where a merge can be made to depend on it.

use serde::Deserialize;
use serde_json::json;

use super::api::Github;
use super::error::{GithubError, Task};
use crate::circleci::Repository;
use crate::clean;
use crate::verdict::Outcome;

/// GitHub's limit for a status' description, in characters.
const MAX_DESCRIPTION: usize = 140;

/// The longest context we make, in characters.
const MAX_CONTEXT: usize = 100;

/// A commit status to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitStatus<'a> {
    /// The test; statuses of one commit with the same test replace each other.
    pub key: &'a str,
    /// The verdict.
    pub outcome: Outcome,
    /// The verdict sentence; cut at 140 characters.
    pub sentence: &'a str,
    /// Where "Details" leads, the report or the job.
    pub link: Option<&'a str>,
}

impl CommitStatus<'_> {
    /// GitHub's word for the verdict: warnings let a merge pass, what could not be judged is an `error`.
    const fn state(&self) -> &'static str {
        match self.outcome {
            Outcome::Pass | Outcome::Warn => "success",
            Outcome::Fail => "failure",
            Outcome::Inconclusive => "error",
        }
    }

    /// The name the status has among others.
    fn context(&self) -> String {
        format!("loadforge/{}", clean::sentence(self.key, MAX_CONTEXT))
    }
}

#[derive(Deserialize)]
struct Set {}

#[derive(Deserialize)]
struct NamedRepository {
    full_name: String,
}

/// Sets the status of a commit. Setting it twice does no harm: the last one counts.
///
/// # Errors
/// When GitHub does not take it.
pub async fn set_status(
    github: &Github,
    repository: &Repository,
    commit: &str,
    status: &CommitStatus<'_>,
) -> Result<(), GithubError> {
    let mut body = json!({
        "state": status.state(),
        "context": status.context(),
        "description": clean::sentence(status.sentence, MAX_DESCRIPTION),
    });
    if let Some(link) = status.link {
        body["target_url"] = link.into();
    }
    let commit: String = commit.chars().filter(char::is_ascii_hexdigit).collect();
    let limit = github.pacer.patience.overall;
    let set = async |repository: &str| {
        let route = format!("/repos/{repository}/statuses/{commit}");
        let done = tokio::time::timeout(limit, github.post_again(Task::SetStatus, &route, &body)).await;
        done.unwrap_or(Err(GithubError::TimedOut { limit })).map(|Set {}| ())
    };
    match set(&repository.to_string()).await {
        // The repository was renamed. A redirect of a read is followed, one of a write is not.
        Err(error) if error.status().is_some_and(|status| (300..400).contains(&status)) => {
            let route = format!("/repos/{repository}");
            let NamedRepository { full_name } = github.get(Task::SetStatus, &route).await?;
            match Repository::parse(&full_name) {
                Some(now) => set(&now.to_string()).await,
                None => Err(error),
            }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_cut_at_the_limit_of_characters() {
        let sentence = "é".repeat(200);
        assert_eq!(clean::sentence(&sentence, MAX_DESCRIPTION).chars().count(), 140);
        assert_eq!(clean::sentence("a\n b\u{1b}[31m", 140), "a b");
    }
}
