//! What can go wrong between us and GitHub, and the permission or setting to change.

use std::error::Error;
use std::time::Duration;

use super::patience::Patience;
use super::refusal::Refusal;
pub use super::task::Task;
use crate::clean;
use crate::error::{Explain, chain};
use crate::exit::Exit;
use crate::text::duration;

/// The longest part of GitHub's own words we repeat, in characters.
const MAX_WORDS: usize = 200;

/// Something kept us from GitHub. No variant ever holds a token or a key.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// There is no token.
    #[error("no GitHub token: {variable} is not set or empty")]
    NoToken {
        /// The variable looked at.
        variable: String,
    },
    /// The token cannot be one: it would break the request's header.
    #[error("{variable} holds no GitHub token: it has blanks, line breaks or other characters that no token has")]
    BadToken {
        /// The variable looked at.
        variable: String,
    },
    /// `--github-token-env` was given something that is no variable name, perhaps the token itself, so it is not shown.
    #[error("--github-token-env takes the name of an environment variable")]
    BadVariableName,
    /// Some, but not all, variables of the GitHub App are set.
    #[error("the GitHub App is not complete: {missing} is not set or empty")]
    AppIncomplete {
        /// The variable that is missing.
        missing: &'static str,
    },
    /// A variable of the GitHub App holds something else.
    #[error("{variable} is not valid: {reason}")]
    AppValue {
        /// The variable.
        variable: &'static str,
        /// What it should be, without its content.
        reason: &'static str,
    },
    /// `--github-api-url` is not the address of an API.
    #[error("the GitHub API address is not valid: {reason}")]
    BadApiUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client could not be made.
    #[error("failed to set up the connection to GitHub: {reason}")]
    Client {
        /// The cause.
        reason: String,
    },
    /// GitHub refused the request.
    #[error("GitHub did not let us {task}: {status} {message}")]
    Refused {
        /// What was asked.
        task: Task,
        /// The HTTP status.
        status: u16,
        /// GitHub's words, shortened.
        message: String,
        /// What they mean.
        reason: Refusal,
        /// Where the credentials came from.
        credential: String,
    },
    /// There is no such repository on GitHub, and its name was only guessed from CircleCI's project names.
    #[error("GitHub did not let us {task}: there is no {repository} that the token can see")]
    GuessedRepository {
        /// What was asked.
        task: Task,
        /// The name that was tried.
        repository: String,
    },
    /// GitHub asks us to slow down for longer than we are willing to wait.
    #[error("GitHub's rate limit: it asks to wait {} before we {task}", duration(*wait))]
    RateLimited {
        /// What was asked.
        task: Task,
        /// The wait asked for.
        wait: Duration,
        /// Whether GitHub named the time; else it is a guess, and a shorter wait may do.
        certain: bool,
    },
    /// No answer, or only 5xx ones.
    #[error("GitHub did not answer when we tried to {task}: {reason}")]
    Unreachable {
        /// What was asked.
        task: Task,
        /// The last cause.
        reason: String,
    },
    /// The answer is not what GitHub documents.
    #[error("GitHub's answer could not be understood when we tried to {task}: {reason}")]
    Answer {
        /// What was asked.
        task: Task,
        /// Where reading stopped.
        reason: String,
    },
    /// Others kept writing over our section.
    #[error("the comment was changed by others {attempts} times while our section was written")]
    Conflict {
        /// How often we wrote.
        attempts: u32,
    },
    /// Publishing took longer than allowed.
    #[error("publishing to GitHub took longer than {}", duration(*limit))]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
}

/// Whether asking again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryAdvice {
    Never,
    Soon,
    After { wait: Duration, certain: bool },
}

impl GithubError {
    /// The error behind what octocrab reports. Its own text is only "GitHub"; the message is inside.
    pub(super) fn of(task: Task, error: &octocrab::Error, credential: &str, patience: &Patience) -> Self {
        match error {
            octocrab::Error::GitHub { source, .. } => {
                let status = source.status_code.as_u16();
                let message = words(source);
                if let Some((wait, certain)) = rate_limit(source, patience) {
                    Self::RateLimited { task, wait, certain }
                } else if status >= 500 {
                    Self::Unreachable { task, reason: format!("{status} {message}") }
                } else {
                    let reason = Refusal::of(source, &message);
                    Self::Refused { task, status, message, reason, credential: credential.to_owned() }
                }
            }
            octocrab::Error::Json { source, .. } => Self::Answer { task, reason: source.to_string() },
            octocrab::Error::Serde { source, .. } => Self::Answer { task, reason: source.to_string() },
            other => Self::Unreachable { task, reason: cause(other) },
        }
    }

    /// Whether asking again can help.
    pub(super) const fn again(&self) -> RetryAdvice {
        match self {
            // A proxy's page instead of GitHub's response says nothing about what GitHub did.
            Self::Unreachable { .. } | Self::Answer { .. } => RetryAdvice::Soon,
            Self::RateLimited { wait, certain, .. } => RetryAdvice::After { wait: *wait, certain: *certain },
            _ => RetryAdvice::Never,
        }
    }

    /// The HTTP status of a refusal.
    pub(super) const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether GitHub refused the comment as too long.
    pub(super) fn is_too_long(&self) -> bool {
        matches!(self, Self::Refused { reason: Refusal::TooLong, .. })
    }
}

impl Explain for GithubError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoToken { .. } => Exit::NotAllowed,
            Self::Refused { status: 401 | 403 | 404, .. } | Self::GuessedRepository { .. } => Exit::NotAllowed,
            Self::BadToken { .. }
            | Self::BadVariableName
            | Self::AppIncomplete { .. }
            | Self::AppValue { .. }
            | Self::BadApiUrl { .. }
            | Self::Refused { .. } => Exit::Usage,
            Self::Client { .. }
            | Self::RateLimited { .. }
            | Self::Unreachable { .. }
            | Self::Answer { .. }
            | Self::Conflict { .. }
            | Self::TimedOut { .. } => Exit::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoToken { .. } => "set GITHUB_TOKEN in a CircleCI context or project setting to a token with \"Pull requests: write\", \
                or name another variable with --github-token-env; builds of forks get no secrets by default"
                .into(),
            Self::BadToken { variable } => format!("store the token alone in {variable}, without quotes or line breaks"),
            Self::BadVariableName => {
                "write --github-token-env MY_TOKEN_VARIABLE and keep the token itself in that variable".into()
            }
            Self::AppIncomplete { .. } => {
                "a GitHub App needs LOADFORGE_CI_GITHUB_APP_ID, LOADFORGE_CI_GITHUB_APP_INSTALLATION_ID and \
                 LOADFORGE_CI_GITHUB_APP_PRIVATE_KEY; unset all three to use GITHUB_TOKEN"
                    .into()
            }
            Self::AppValue { .. } => "copy it from the GitHub App's settings page".into(),
            Self::BadApiUrl { .. } => {
                "write --github-api-url https://HOST/api/v3 for GitHub Enterprise Server, or leave it out for github.com"
                    .into()
            }
            Self::Client { .. } => "check the proxy variables and SSL_CERT_FILE".into(),
            Self::Refused { task, status, reason, credential, .. } => reason.hint(*task, *status, credential),
            Self::GuessedRepository { .. } => {
                "the name comes from CIRCLE_PROJECT_USERNAME and CIRCLE_PROJECT_REPONAME, which CircleCI's GitHub App \
                 fills with display names; name the repository with --repository OWNER/NAME (orb parameter `repository`), \
                 or give the token access to it"
                    .into()
            }
            Self::RateLimited { .. } => {
                "the token is used by too many jobs at once; give this project a token or GitHub App of its own".into()
            }
            Self::Unreachable { .. } => {
                "check --github-api-url, the proxy variables and githubstatus.com; run `loadforge-ci comment` again".into()
            }
            Self::Answer { .. } => "check that --github-api-url names GitHub's API, not its web pages".into(),
            Self::Conflict { .. } | Self::TimedOut { .. } => {
                "run `loadforge-ci comment` again when the other jobs of this pull request are done".into()
            }
        })
    }
}

/// How long to wait when this is a primary or secondary rate limit, and whether GitHub named the time. Times of day are
/// the server's: its `Date` is what they are counted from.
fn rate_limit(error: &octocrab::GitHubError, patience: &Patience) -> Option<(Duration, bool)> {
    let header = |name: &str| error.headers.as_ref()?.get(name)?.to_str().ok().map(str::trim);
    if !matches!(error.status_code.as_u16(), 403 | 429) {
        return None;
    }
    let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp().as_second());
    let now = header("date").and_then(date).unwrap_or_else(|| jiff::Timestamp::now().as_second());
    let until = |second: i64| Duration::from_secs(u64::try_from(second.saturating_sub(now)).unwrap_or(0).max(1));
    if let Some(asked) = header("retry-after") {
        let wait = asked.parse().ok().map(Duration::from_secs).or_else(|| date(asked).map(until));
        return Some(wait.map_or((patience.secondary, false), |wait| (wait, true)));
    }
    if header("x-ratelimit-remaining") == Some("0") {
        let reset = error.rate_limit_reset.and_then(|reset| i64::try_from(reset).ok());
        return Some(reset.map_or((patience.secondary, false), |reset| (until(reset), true)));
    }
    let limited = error.status_code.as_u16() == 429 || error.message.to_ascii_lowercase().contains("rate limit");
    limited.then_some((patience.secondary, false))
}

/// GitHub's message with the details of a validation error.
fn words(error: &octocrab::GitHubError) -> String {
    let details = error
        .errors
        .iter()
        .flatten()
        .filter_map(|detail| detail.as_str().or_else(|| detail.get("message")?.as_str()).map(ToOwned::to_owned));
    let all: Vec<String> = std::iter::once(error.message.clone()).chain(details).collect();
    tidy(&all.join(": "))
}

/// Outside words on one line of at most [`MAX_WORDS`] characters.
fn tidy(text: &str) -> String {
    clean::sentence(text, MAX_WORDS)
}

/// The transport's own words, without octocrab's wrappers around them.
fn cause(error: &octocrab::Error) -> String {
    let mut at: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = at {
        if let Some(transport) = error.downcast_ref::<reqwest::Error>() {
            return tidy(&chain(transport));
        }
        at = error.source();
    }
    tidy(&chain(error))
}
