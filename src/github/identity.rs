//! Whose token this is. A comment is ours when it has our marker and was written by this author; anybody can write a marker.

use serde::Deserialize;
use serde_json::json;

use super::api::Github;
use super::error::{Again, GithubError, Task};

/// The author of what we write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// GitHub's number for the account, where it is known; a login can be renamed.
    id: Option<u64>,
    login: String,
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

#[derive(Deserialize)]
struct AppIdentity {
    slug: String,
}

#[derive(Deserialize)]
struct Viewer {
    viewer: ViewerUser,
}

#[derive(Deserialize)]
struct ViewerUser {
    login: String,
    #[serde(rename = "databaseId")]
    database_id: Option<u64>,
}

impl Github {
    /// Whose token this is, asked once:
    ///
    /// - our own GitHub App: `GET /app` names its slug, and it writes as `slug[bot]`, a login nobody can register;
    /// - a person's token: `GET /user`;
    /// - another app's installation token may not ask that (403); GraphQL's `viewer` tells it the same;
    /// - where neither is allowed: `None`. Then the answer to the first comment we create tells, and the comments
    ///   found to be ours only then are merged with it.
    pub(super) async fn identity(&self) -> Result<Option<Identity>, GithubError> {
        let mut known = self.identity.lock().await;
        if known.is_none() {
            *known = self.ask_identity().await?;
        }
        Ok(known.clone())
    }

    /// Notes the author of something we just wrote, which is the surest answer of all.
    pub(super) async fn learn(&self, author: Option<&Author>) {
        if let Some(author) = author {
            *self.identity.lock().await = Some(Identity::of(author));
        }
    }

    async fn ask_identity(&self) -> Result<Option<Identity>, GithubError> {
        if let Some(app) = &self.app {
            let AppIdentity { slug } = self.patiently(Task::Identify, || app.get("/app", None::<&()>)).await?;
            return Ok(Some(Identity { id: None, login: format!("{slug}[bot]") }));
        }
        match self.get::<Author>(Task::Identify, "/user").await {
            Ok(author) => return Ok(Some(Identity::of(&author))),
            Err(error) if matches!(error.status(), Some(403 | 404)) => {}
            Err(error) => return Err(error),
        }
        match self.graphql::<Viewer>(Task::Identify, "query { viewer { login databaseId } }", json!({})).await {
            Ok(Viewer { viewer }) => Ok(Some(Identity { id: viewer.database_id, login: viewer.login })),
            Err(error) if error.again() != Again::Never => Err(error),
            Err(_) => Ok(None),
        }
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
