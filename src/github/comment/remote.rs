//! Our comments on one pull request, as requests to GitHub.

use serde::Deserialize;
use serde_json::json;

use super::marker::{CommentBody, START};
use super::plan::Seen;
use crate::github::api::Github;
use crate::github::author::Author;
use crate::github::error::{GithubError, Task};
use crate::github::pull::PullRequest;

/// Comments asked about in one GraphQL question.
const MAX_NODES: usize = 100;

/// Comments hidden when GitHub does not say which are hidden already.
const MAX_BLIND: usize = 10;

/// The fields we need; octocrab's own type fails on the comment of a deleted account, whose `user` is `null`.
#[derive(Debug, Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    node_id: String,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<Author>,
}

impl Comment {
    fn is_marked(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.starts_with(START))
    }

    fn seen(self) -> Option<Seen> {
        Some(Seen { id: self.id, node: self.node_id, url: self.html_url, body: CommentBody::read(&self.body?)? })
    }
}

/// The comments of one pull request.
pub(super) struct Remote<'a> {
    pub(super) github: &'a Github,
    pub(super) pull_request: &'a PullRequest,
    /// Comments made here: ours whatever the identity says.
    made: Vec<u64>,
}

impl<'a> Remote<'a> {
    pub(super) const fn new(github: &'a Github, pull_request: &'a PullRequest) -> Self {
        Self { github, pull_request, made: Vec::new() }
    }

    /// Whether this comment was made here.
    pub(super) fn made(&self, id: u64) -> bool {
        self.made.contains(&id)
    }

    /// Our comments over all pages, the oldest first: marked, and written by us.
    pub(super) async fn read(&self) -> Result<Vec<Seen>, GithubError> {
        let identity = self.github.identity().await?;
        let marked: Vec<Comment> = self.github.list(Task::ReadComments, &self.list_route(), Comment::is_marked).await?;
        let mut own: Vec<Seen> = marked
            .into_iter()
            .filter(|comment| {
                self.made(comment.id) || identity.as_ref().is_some_and(|us| us.wrote(comment.user.as_ref()))
            })
            .filter_map(Comment::seen)
            .collect();
        own.sort_by_key(|seen| seen.id);
        // A comment that moved from one page to the next while we read them is there twice.
        own.dedup_by_key(|seen| seen.id);
        Ok(own)
    }

    /// The current state of one of them; `None` when it was deleted.
    pub(super) async fn read_one(&self, id: u64) -> Result<Option<Seen>, GithubError> {
        match self.github.get::<Comment>(Task::ReadComments, &self.route(id)).await {
            Ok(comment) => Ok(comment.seen()),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a comment, asking once.
    pub(super) async fn create(&mut self, text: &str) -> Result<(), GithubError> {
        let made: Comment =
            self.github.post_once(Task::WriteComment, &self.list_route(), &json!({ "body": text })).await?;
        self.made.push(made.id);
        self.github.learn(made.user.as_ref()).await;
        Ok(())
    }

    /// Changes a comment, asking once.
    pub(super) async fn change(&self, id: u64, text: &str) -> Result<(), GithubError> {
        let _: Comment = self.github.patch_once(Task::WriteComment, &self.route(id), &json!({ "body": text })).await?;
        Ok(())
    }

    /// Deletes a comment.
    pub(super) async fn delete(&self, id: u64) -> Result<(), GithubError> {
        self.github.delete(Task::DeleteComment, &self.route(id)).await
    }

    /// Folds comments away as outdated, those that are not already.
    pub(super) async fn hide(&self, comments: &[&Seen]) -> Result<(), GithubError> {
        for chunk in comments.chunks(MAX_NODES) {
            let open = match self.not_hidden(chunk).await {
                Ok(open) => open,
                Err(_) => chunk.iter().rev().take(MAX_BLIND).map(|seen| seen.node.clone()).collect(),
            };
            for node in open {
                let _: serde_json::Value = self
                    .github
                    .graphql(
                        Task::HideComment,
                        "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) \
                         { minimizedComment { isMinimized } } }",
                        json!({ "id": node }),
                    )
                    .await?;
            }
        }
        Ok(())
    }

    async fn not_hidden(&self, comments: &[&Seen]) -> Result<Vec<String>, GithubError> {
        #[derive(Deserialize)]
        struct Nodes {
            nodes: Vec<Option<CommentNode>>,
        }
        #[derive(Deserialize)]
        struct CommentNode {
            id: Option<String>,
            #[serde(rename = "isMinimized", default)]
            hidden: bool,
        }
        let ids: Vec<&str> = comments.iter().map(|seen| seen.node.as_str()).collect();
        let Nodes { nodes } = self
            .github
            .graphql(
                Task::HideComment,
                "query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { id isMinimized } } }",
                json!({ "ids": ids }),
            )
            .await?;
        Ok(nodes.into_iter().flatten().filter(|node| !node.hidden).filter_map(|node| node.id).collect())
    }

    fn list_route(&self) -> String {
        format!("/repos/{}/issues/{}/comments", self.pull_request.repository, self.pull_request.number)
    }

    fn route(&self, id: u64) -> String {
        format!("/repos/{}/issues/comments/{id}", self.pull_request.repository)
    }
}
