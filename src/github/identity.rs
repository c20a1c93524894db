//! Asking GitHub whose token this is.

use serde::Deserialize;
use serde_json::json;

use super::api::Github;
use super::author::{Author, Identity};
use super::error::{GithubError, RetryAdvice, Task};

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
    /// - our own GitHub App: `GET /app` names its slug, and it writes as `slug[bot]`, a login that no user can
    ///   register;
    /// - a person's token: `GET /user`;
    /// - another app's installation token may not ask that (403); GraphQL's `viewer` answers it the same;
    /// - where neither is allowed: `None`. Then the answer to the first comment we create shows it, and the comments
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
            let AppIdentity { slug } = self.patiently(Task::Identify, || app._get("/app")).await?;
            return Ok(Some(Identity { id: None, login: format!("{slug}[bot]") }));
        }
        match self.get::<Author>(Task::Identify, "/user").await {
            Ok(author) => return Ok(Some(Identity::of(&author))),
            Err(error) if matches!(error.status(), Some(403 | 404)) => {}
            Err(error) => return Err(error),
        }
        match self.graphql::<Viewer>(Task::Identify, "query { viewer { login databaseId } }", json!({})).await {
            Ok(Viewer { viewer }) => Ok(Some(Identity { id: viewer.database_id, login: viewer.login })),
            Err(error) if error.again() != RetryAdvice::Never => Err(error),
            Err(_) => Ok(None),
        }
    }
}
