//! One comment a pull request, a section a test.
//!
//! GitHub has no conditional update of a comment, so writing is a loop: read, merge, write, wait, read
//! again, until what is read is as it should be. [`marker`] is the hidden text that makes a comment readable for us,
//! [`plan`] decides without any network what should be written where, [`compose`] fits the sections into GitHub's
//! limit, and [`publish`](self::publish::publish) runs the loop.

mod compose;
mod marker;
mod plan;
mod publish;
mod remote;

pub use publish::publish;

use std::fmt;

use clap::ValueEnum;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::Outcome;

/// The longest comment GitHub takes, in characters.
pub const MAX_COMMENT: usize = 65_536;

/// The length of a text in UTF-16 units: never less than the characters GitHub counts, whichever way it does.
fn size(text: &str) -> usize {
    text.encode_utf16().count()
}

/// What becomes of the comments of earlier results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// One comment, changed in place; GitHub sends no notification for a change.
    #[default]
    Update,
    /// A new comment for each result; the tests of one commit share it.
    New,
    /// The same, and earlier ones are folded away as outdated.
    HideAndNew,
    /// The same, and earlier ones are deleted.
    DeleteAndNew,
}

/// Which results are worth a comment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// Every result.
    #[default]
    Always,
    /// What did not simply pass; a pass still corrects a problem shown earlier, without a new comment.
    Problems,
    /// The first result, and those that ended otherwise than the one shown.
    Change,
}

/// One test's part of the comment.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    /// Which test; a section replaces the one with the same key. Any text.
    pub key: &'a str,
    /// The commit tested.
    pub commit: Option<&'a str>,
    /// When the run was started, which decides the newer of two results; where it is not known, the time of judging does.
    /// Numbers of jobs cannot: each CircleCI project counts its own.
    pub ran_at: Option<Timestamp>,
    /// When the result was judged.
    pub at: Timestamp,
    /// The run.
    pub run: Option<u64>,
    /// The job (`CIRCLE_WORKFLOW_JOB_ID`). A job that publishes the same thing again is a retry and never makes a
    /// second comment.
    pub job: Option<&'a str>,
    /// The verdict.
    pub outcome: Outcome,
    /// The section's Markdown in at most so many characters, counted as UTF-16 units.
    pub render: &'a (dyn Fn(usize) -> String + Sync),
}

/// The outcome of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// What was done.
    pub action: Action,
    /// The comment with the section, where there is one.
    pub comment: Option<CommentRecord>,
    /// What else the reader should know, in sentences.
    pub notes: Vec<String>,
}

/// What was done about the comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A comment was made.
    Created,
    /// A comment was changed.
    Updated,
    /// The comment shows this result already.
    Unchanged,
    /// `--comment-only` asks for silence about this result.
    Quiet(Only),
    /// The comment shows a result of a newer commit or run, which stays.
    Older,
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.action {
            Action::Created => "comment posted",
            Action::Updated => "comment updated",
            Action::Unchanged => "comment is up to date",
            Action::Quiet(Only::Change) => "no comment: the outcome is the one already shown",
            Action::Quiet(_) => "no comment: the test passed",
            Action::Older => "comment left alone: it shows a newer result of this test",
        })?;
        self.comment.as_ref().map_or(Ok(()), |comment| write!(f, ": {}", comment.url))
    }
}

/// The content of `comment.json`: where the comment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommentRecord {
    /// The comment's address.
    pub url: String,
    /// GitHub's number for it.
    pub id: u64,
    /// The pull request's address.
    pub pull_request: String,
}
