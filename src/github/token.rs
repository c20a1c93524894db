//! Where the credentials come from. Secrets come from the environment alone, never from a flag.

use secrecy::{ExposeSecret, SecretString};

use super::GithubError;
use super::app::{self, AppCredentials};

/// The variable a token is read from unless another is named.
pub const DEFAULT_TOKEN_VARIABLE: &str = "GITHUB_TOKEN";

/// What we show to GitHub.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A token made by a person, an app or another CI step.
    Token {
        /// The variable it came from.
        variable: String,
        /// The token, trimmed, never empty, fit for a header.
        token: SecretString,
    },
    /// A GitHub App that makes its own token.
    App(AppCredentials),
}

impl Credentials {
    /// Reads the credentials: the variable named by `--github-token-env` when there is one; else a GitHub App when its
    /// variables are set; else `GITHUB_TOKEN`.
    ///
    /// # Errors
    /// When nothing is set, when an app is set only in part, or when a value cannot be what it should be. No error
    /// repeats a value.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>, named: Option<&str>) -> Result<Self, GithubError> {
        if let Some(name) = named.map(str::trim).filter(|name| !name.is_empty()) {
            return token(&lookup, variable_name(name)?);
        }
        match app::from_env(&lookup)? {
            Some(app) => Ok(Self::App(app)),
            None => token(&lookup, DEFAULT_TOKEN_VARIABLE),
        }
    }

    /// Where they came from, for messages.
    #[must_use]
    pub fn origin(&self) -> &str {
        match self {
            Self::Token { variable, .. } => variable,
            Self::App(_) => "the GitHub App",
        }
    }
}

/// A name a shell would accept. Anything else may be the secret itself and is not repeated.
fn variable_name(name: &str) -> Result<&str, GithubError> {
    let named = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let like_a_token =
        ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"].iter().any(|start| name.starts_with(start));
    if named && !like_a_token { Ok(name) } else { Err(GithubError::BadVariableName) }
}

fn token(lookup: &impl Fn(&str) -> Option<String>, variable: &str) -> Result<Credentials, GithubError> {
    // CircleCI has no empty secret, but a missing pipeline value reaches a job as an empty text or `<nil>`.
    let token = lookup(variable).map(SecretString::from);
    let Some(token) =
        token.as_ref().map(|token| token.expose_secret().trim()).filter(|token| !matches!(*token, "" | "<nil>"))
    else {
        return Err(GithubError::NoToken { variable: variable.to_owned() });
    };
    // A header takes no line break; octocrab would panic on one.
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(GithubError::BadToken { variable: variable.to_owned() });
    }
    Ok(Credentials::Token { variable: variable.to_owned(), token: SecretString::from(token.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{CommandError, Explain};

    fn read(pairs: &[(&str, &str)], named: Option<&str>) -> Result<Credentials, GithubError> {
        Credentials::from_env(
            |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
            named,
        )
    }

    fn shown(credentials: &Credentials) -> &str {
        match credentials {
            Credentials::Token { token, .. } => token.expose_secret(),
            Credentials::App(_) => "app",
        }
    }

    #[test]
    fn a_token_is_trimmed_and_may_come_from_a_named_variable() {
        assert_eq!(shown(&read(&[("GITHUB_TOKEN", " abc\n")], None).unwrap()), "abc");
        let named = read(&[("GITHUB_TOKEN", "abc"), ("BOT", "def")], Some("BOT")).unwrap();
        assert_eq!((shown(&named), named.origin()), ("def", "BOT"));
        assert_eq!(shown(&read(&[("GITHUB_TOKEN", "abc")], Some("")).unwrap()), "abc");
    }

    #[test]
    fn what_is_no_token_is_said_without_showing_it() {
        for (pairs, named, want) in [
            (&[][..], None, "no GitHub token: GITHUB_TOKEN is not set or empty"),
            (&[("GITHUB_TOKEN", " \n")][..], None, "no GitHub token: GITHUB_TOKEN is not set or empty"),
            (&[("GITHUB_TOKEN", "abc")][..], Some("BOT"), "no GitHub token: BOT is not set or empty"),
            (
                &[("GITHUB_TOKEN", "s3cr\net")][..],
                None,
                "GITHUB_TOKEN holds no GitHub token: it has blanks, line breaks or other characters that no token has",
            ),
            (&[][..], Some("ghp_s3cret"), "--github-token-env takes the name of an environment variable"),
            (&[][..], Some("a b"), "--github-token-env takes the name of an environment variable"),
        ] {
            let error = read(pairs, named).unwrap_err();
            assert_eq!(error.to_string(), want);
            assert!(error.hint().is_some());
            let debug = format!("{error:?}");
            let everything = format!("{debug} {}", CommandError::from(error));
            assert!(!everything.contains("s3cr"), "{everything}");
        }
    }

    #[test]
    fn credentials_do_not_show_themselves() {
        let credentials = read(&[("GITHUB_TOKEN", "s3cret")], None).unwrap();
        assert!(!format!("{credentials:?}").contains("s3cret"));
    }

    #[test]
    fn half_an_app_is_an_error_and_not_a_token() {
        let error = read(&[("GITHUB_TOKEN", "abc"), ("LOADFORGE_CI_GITHUB_APP_ID", "12")], None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the GitHub App is not complete: LOADFORGE_CI_GITHUB_APP_INSTALLATION_ID is not set or empty"
        );
    }
}
