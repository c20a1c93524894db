//! Why GitHub refused a request, read from the fields of its response, and what to do about it.

use super::task::Task;

/// The reason of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The token is not valid.
    Credentials,
    /// The conversation of the pull request is locked.
    Locked,
    /// The account of the token is blocked by the owner of the repository or by the author of the pull request.
    Blocked,
    /// The repository is archived.
    Archived,
    /// The repository has another name now.
    Renamed,
    /// The token is not authorized for the organization's single sign-on.
    SingleSignOn,
    /// The organization only lets listed addresses in.
    IpAllowList,
    /// The account, the app or its installation is suspended.
    Suspended,
    /// The token lacks a permission.
    Permission {
        /// What GitHub would accept, in its own words.
        accepted: Option<String>,
    },
    /// The token sees no such thing.
    NotFound,
    /// Comments are turned off.
    CommentsOff,
    /// The comment is too long.
    TooLong,
    /// The repository does not have the commit.
    UnknownCommit,
    /// The commit has as many statuses as GitHub keeps.
    StatusLimit,
    /// Something else, which only GitHub's words explain.
    Other,
}

impl Refusal {
    /// Reads GitHub's fields: the status, the headers, the documentation it points to, and its words.
    pub(super) fn of(error: &octocrab::GitHubError, message: &str) -> Self {
        let header = |name: &str| error.headers.as_ref()?.get(name)?.to_str().ok().map(ToOwned::to_owned);
        let words = message.to_ascii_lowercase();
        let says = |phrase: &str| words.contains(phrase);
        // "User is blocked" holds "locked" as letters, but not as a word.
        let has_word = |word: &str| words.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word);
        let points_to = |page: &str| error.documentation_url.as_ref().is_some_and(|url| url.contains(page));
        match error.status_code.as_u16() {
            300..=399 => Self::Renamed,
            401 => Self::Credentials,
            410 => Self::CommentsOff,
            422 if says("no commit found") => Self::UnknownCommit,
            422 if says("maximum number of statuses") => Self::StatusLimit,
            422 if says("too long") => Self::TooLong,
            403 | 404 | 422 if has_word("blocked") => Self::Blocked,
            403 | 404 | 422 if points_to("locking-conversations") || has_word("locked") => Self::Locked,
            403 | 404 if has_word("archived") => Self::Archived,
            403 | 404 if header("x-github-sso").is_some_and(|sso| sso.starts_with("required")) => Self::SingleSignOn,
            403 if has_word("saml") || has_word("sso") => Self::SingleSignOn,
            403 if says("ip allow list") => Self::IpAllowList,
            403 if has_word("suspended") => Self::Suspended,
            403 => {
                let accepted = header("x-accepted-github-permissions");
                let known = says("not accessible") || says("must have") || has_word("permission");
                if known || accepted.is_some() { Self::Permission { accepted } } else { Self::Other }
            }
            404 => Self::NotFound,
            _ => Self::Other,
        }
    }

    /// What to do about it.
    pub(super) fn hint(&self, task: Task, status: u16, credential: &str) -> String {
        let permission = task.permission();
        if task == Task::MintToken {
            return mint_hint(status).into();
        }
        match self {
            Self::Credentials => {
                format!("the token of {credential} is wrong, expired or revoked; make a new one with {permission}")
            }
            Self::Locked => "the conversation is locked; unlock it on the pull request's page".into(),
            Self::Blocked => format!(
                "the account of {credential} is blocked by the repository's owner or the pull request's author; have it \
                 unblocked, or use the token of another account"
            ),
            Self::Archived => {
                "the repository is archived, so nobody can write to it; unarchive it in its settings, or leave out \
                 --comment and --status"
                    .into()
            }
            Self::Renamed => {
                "the repository was renamed or moved; name it by its new name with --repository OWNER/NAME".into()
            }
            Self::SingleSignOn => format!(
                "authorize the token of {credential} for the organization's single sign-on (token settings, \
                 \"Configure SSO\")"
            ),
            Self::IpAllowList => {
                "the organization has an IP allow list; add CircleCI's IP ranges to it and run the job with them".into()
            }
            Self::Suspended => format!(
                "the account or app of {credential} is suspended; see the organization's settings, \"GitHub Apps\", or \
                 ask GitHub"
            ),
            Self::Permission { accepted: Some(accepted) } => {
                format!("give the token of {credential} the permission {permission}; GitHub accepts: {accepted}")
            }
            Self::Permission { accepted: None } => {
                format!("give the token of {credential} the permission {permission}")
            }
            Self::NotFound => format!(
                "the token of {credential} cannot see this repository or pull request; give it access with {permission}, \
                 name the right one with --repository and --pull-request, and for GitHub Enterprise Server set \
                 --github-api-url"
            ),
            Self::CommentsOff => "comments are turned off for this repository".into(),
            Self::TooLong => "the comment is too long even when shortened; judge fewer gates per test".into(),
            Self::UnknownCommit => {
                "the commit was never pushed to this repository; name the right one with --repository OWNER/NAME".into()
            }
            Self::StatusLimit => "GitHub keeps at most 1,000 statuses per commit and context".into(),
            Self::Other => "GitHub's words above name the field or setting it does not accept".into(),
        }
    }
}

fn mint_hint(status: u16) -> &'static str {
    match status {
        401 => {
            "check LOADFORGE_CI_GITHUB_APP_ID and that the private key is the app's newest one; a wrong clock on this \
             machine also does this"
        }
        404 => {
            "LOADFORGE_CI_GITHUB_APP_INSTALLATION_ID names no installation of this app; it is the number at the end of \
             the installation's address"
        }
        _ => "the app's installation may be suspended; see the organization's settings, \"GitHub Apps\"",
    }
}
