//! Who wrote a comment, and whether that is us: a comment is ours when it has our marker and was written by our account;
//! anyone can write a marker.

use serde::Deserialize;

/// The author of what we write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// GitHub's number for the account, where it is known; a login can be renamed.
    pub(super) id: Option<u64>,
    pub(super) login: String,
}

/// The author of a comment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Author {
    #[serde(default)]
    pub(super) id: Option<u64>,
    #[serde(default)]
    pub(super) login: String,
}

impl Identity {
    pub(super) fn of(author: &Author) -> Self {
        Self { id: author.id, login: author.login.clone() }
    }

    /// Whether this account wrote it. A comment of a deleted account has no author.
    pub(super) fn wrote(&self, author: Option<&Author>) -> bool {
        author.is_some_and(|author| match (self.id, author.id) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => !self.login.is_empty() && self.login.eq_ignore_ascii_case(&author.login),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(id: Option<u64>, login: &str) -> Author {
        Author { id, login: login.to_owned() }
    }

    #[test]
    fn an_author_is_known_by_number_and_only_without_one_by_login() {
        let me = Identity::of(&author(Some(7), "bot"));
        assert!(me.wrote(Some(&author(Some(7), "renamed"))));
        assert!(!me.wrote(Some(&author(Some(8), "bot"))));
        assert!(!me.wrote(None));
        let app = Identity { id: None, login: "Loadforge-CI[bot]".into() };
        assert!(app.wrote(Some(&author(Some(9), "loadforge-ci[bot]"))));
        assert!(!app.wrote(Some(&author(Some(9), "loadforge-ci"))));
        assert!(!Identity { id: None, login: String::new() }.wrote(Some(&author(None, ""))));
    }
}
