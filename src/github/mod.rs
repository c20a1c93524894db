//! Finding the pull request and keeping one comment on it.
//!
//! [`Github::connect`] takes [`Credentials`] from the environment, [`find`] names the pull request a build belongs to
//! (or returns why there is none), [`publish`] puts one test's section into the comment, [`set_status`] sets the commit
//! status. All of it talks to GitHub's REST API through octocrab over this program's own HTTP client; nothing here
//! prints, and an error is for the command to show as a warning, since a comment never changes a verdict.

mod api;
mod app;
mod author;
mod body;
mod comment;
mod error;
mod host;
mod identity;
mod pacing;
mod patience;
mod pull;
mod refusal;
mod status;
mod task;
mod token;

pub use api::{DEFAULT_API_URL, Github};
pub use app::AppCredentials;
pub use comment::{Action, CommentRecord, MAX_COMMENT, Mode, Only, Published, Section, publish};
pub use error::{GithubError, Task};
pub use host::not_on_github;
pub use patience::Patience;
pub use pull::{Found, PullRequest, find};
pub use refusal::Refusal;
pub use status::{CommitStatus, set_status};
pub use token::{Credentials, DEFAULT_TOKEN_VARIABLE};
