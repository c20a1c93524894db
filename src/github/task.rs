//! What GitHub is asked for.

use std::fmt;

/// What we were about to do; decides which permission a refusal points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// `POST /app/installations/{id}/access_tokens`
    MintToken,
    /// `GET /repos/{repo}/pulls/{number}`
    ReadPullRequest,
    /// `GET /repos/{repo}/commits/{sha}/pulls`
    FindByCommit,
    /// `GET /repos/{repo}/compare/{base}...{head}`
    CompareCommits,
    /// `GET /user` and its substitutes
    Identify,
    /// `GET /repos/{repo}/issues/{number}/comments`
    ReadComments,
    /// `POST …/comments` and `PATCH …/comments/{id}`
    WriteComment,
    /// `DELETE …/comments/{id}`
    DeleteComment,
    /// GraphQL `minimizeComment`
    HideComment,
    /// `POST /repos/{repo}/statuses/{sha}`
    SetStatus,
}

impl Task {
    /// The right a token needs for it: of a fine-grained token or GitHub App, and of a classic token.
    pub(super) const fn permission(self) -> &'static str {
        match self {
            Self::MintToken => "access to the repository",
            Self::ReadPullRequest => "\"Pull requests: read\" (a classic token: `repo`)",
            Self::FindByCommit | Self::CompareCommits => {
                "\"Contents: read\" and \"Pull requests: read\" (a classic token: `repo`)"
            }
            Self::Identify | Self::ReadComments | Self::WriteComment | Self::DeleteComment | Self::HideComment => {
                "\"Pull requests: write\" (a classic token: `repo`, or `public_repo` for a public repository)"
            }
            Self::SetStatus => "\"Commit statuses: write\" (a classic token: `repo:status`)",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MintToken => "make an installation token",
            Self::ReadPullRequest => "read the pull request",
            Self::FindByCommit => "find the commit's pull requests",
            Self::CompareCommits => "compare two commits",
            Self::Identify => "ask whose token this is",
            Self::ReadComments => "read the pull request's comments",
            Self::WriteComment => "write the comment",
            Self::DeleteComment => "delete a comment",
            Self::HideComment => "hide a comment",
            Self::SetStatus => "set the commit status",
        })
    }
}
