//! The loop that brings a section into the comment: read, merge, write, rest, read again.

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::compose::{Parts, compose};
use super::marker::{Stored, hash, key_of};
use super::plan::{CommentPlan, Placement, Seen, StoredSections, holds_only, plan, shown};
use super::remote::Remote;
use super::{Action, CommentRecord, MAX_COMMENT, Mode, Only, Published, Section};
use crate::error::Explain;
use crate::github::api::Github;
use crate::github::error::{GithubError, Task};
use crate::github::pacing::jittered;
use crate::github::pull::PullRequest;
use crate::verdict::Outcome;

/// Writes before we give up against other jobs.
const MAX_WRITES: u32 = 12;

/// The longest rest after a write that a slow answer makes us take.
const MAX_REST: Duration = Duration::from_secs(10);

/// Room left for the hidden lines when a section is rendered for the first time, characters.
const FRAME: usize = 2_048;

/// Brings one test's section into the pull request's comment, without touching the others'.
///
/// GitHub has no conditional update of a comment. So after each write the loop waits for
/// [`Patience::settle`](crate::github::Patience::settle) and is read again; what another job wrote over is put back. A
/// comment's creation is never repeated without looking first whether it was made after all.
///
/// # Errors
/// When GitHub refuses, does not answer, or others keep writing. Nothing of it concerns the verdict.
pub async fn publish(
    github: &Github,
    pull_request: &PullRequest,
    section: Section<'_>,
    mode: Mode,
    only: Only,
) -> Result<Published, GithubError> {
    let limit = github.pacer.patience.overall;
    let publication = Publication {
        remote: Remote::new(github, pull_request),
        mine: stored(&section),
        section,
        mode,
        only,
        known: StoredSections::new(),
        limit: MAX_COMMENT,
        slowest: Duration::ZERO,
    };
    tokio::time::timeout(limit, publication.run()).await.unwrap_or(Err(GithubError::TimedOut { limit }))
}

/// The section as the comment keeps it.
fn stored(section: &Section<'_>) -> Stored {
    let text = (section.render)(MAX_COMMENT - FRAME);
    let nonce = fastrand::u64(..).to_string();
    // The same job with the same content is a retry; without a job each publication is separate.
    let teller = section.job.unwrap_or(&nonce);
    let run = section.run.map_or_else(String::new, |run| run.to_string());
    Stored {
        key: key_of(section.key),
        outcome: section.outcome,
        time_ms: section.at.as_millisecond(),
        id: hash(&[teller, section.key, section.commit.unwrap_or(""), &run, &section.outcome.to_string(), &text]),
        commit: section.commit.map(ToOwned::to_owned),
        ran_ms: section.ran_at.map(jiff::Timestamp::as_millisecond),
        run: section.run,
        carried: false,
        text,
    }
}

struct Publication<'a> {
    remote: Remote<'a>,
    section: Section<'a>,
    mine: Stored,
    mode: Mode,
    only: Only,
    known: StoredSections,
    /// Maximum length of the comment in characters; lower than GitHub's limit once GitHub refused it as too long.
    limit: usize,
    /// The longest a write took.
    slowest: Duration,
}

impl Publication<'_> {
    async fn run(mut self) -> Result<Published, GithubError> {
        let mut placement = None;
        let (mut writes, mut failures) = (0, 0);
        let mut deleted_id = None;
        loop {
            let read_at = Instant::now();
            let mut own = self.remote.read().await?;
            if self.is_older(&own).await? {
                return self.withdraw(&own).await;
            }
            let placement = match placement {
                Some(placement) => placement,
                None => match self.place(&own) {
                    Some(chosen) => *placement.insert(chosen),
                    None => return Ok(self.quiet(&own)),
                },
            };
            let mut plan = self.plan(&own, placement);
            if plan.settled {
                return self.finish(&own, &plan, placement, writes > 0).await;
            }
            if writes == MAX_WRITES {
                return Err(GithubError::Conflict { attempts: writes });
            }
            // Reading many pages takes a while; look once more at the one comment we are about to write over.
            if let Some(id) = plan.target.filter(|_| read_at.elapsed() > self.settle() / 4) {
                match self.remote.read_one(id).await? {
                    Some(now) => own.iter_mut().filter(|seen| seen.id == id).for_each(|seen| *seen = now.clone()),
                    None => own.retain(|seen| seen.id != id),
                }
                plan = self.plan(&own, placement);
            }
            let written_at = Instant::now();
            let written = self.write(&plan).await;
            self.slowest = self.slowest.max(written_at.elapsed());
            match written {
                Ok(()) => {
                    writes += 1;
                    failures = 0;
                }
                // Deleted between our read and our write, by another job or by hand.
                Err(error) if error.status() == Some(404) && plan.target.is_some() && deleted_id != plan.target => {
                    deleted_id = plan.target;
                }
                Err(error) if error.is_too_long() && self.limit > MAX_COMMENT / 4 => self.limit = self.limit / 4 * 3,
                Err(error) => {
                    failures += 1;
                    if failures >= self.remote.github.pacer.patience.tries {
                        return Err(error);
                    }
                    self.remote.github.pacer.pause(error, failures).await?;
                }
            }
            // More than once means another job is writing too: wait a different while than it does.
            let crowd = self.settle().mul_f64(fastrand::f64() * f64::from(writes.saturating_sub(1).min(4)));
            tokio::time::sleep(self.settle() + jittered(self.settle() / 4) + crowd).await;
        }
    }

    /// How long a written comment rests. Where GitHub is slow for us it is slow for the other job too.
    fn settle(&self) -> Duration {
        self.remote.github.pacer.patience.settle.max((self.slowest * 2).min(MAX_REST))
    }

    fn head(&self) -> &str {
        &self.remote.pull_request.head_sha
    }

    fn plan(&mut self, own: &[Seen], placement: Placement) -> CommentPlan {
        plan(own, &mut self.known, &self.mine, placement, &self.remote.pull_request.head_sha)
    }

    /// Where the result goes; `None` when it is not worth a comment.
    fn place(&self, own: &[Seen]) -> Option<Placement> {
        let place = match self.mode {
            Mode::Update => Placement::Sticky,
            Mode::New => Placement::Fresh { carry: false },
            Mode::HideAndNew | Mode::DeleteAndNew => Placement::Fresh { carry: true },
        };
        let shown = shown(own, &self.mine, self.head());
        let retry = own.iter().any(|seen| seen.body.sections.iter().any(|section| section.id == self.mine.id));
        match (self.only, shown) {
            _ if retry => Some(place),
            (Only::Change, Some((_, before))) if before.outcome == self.mine.outcome => None,
            // A failure that is fixed must not stay visible, but that needs no new comment.
            (Only::Problems, before) if self.mine.outcome == Outcome::Pass => match before {
                Some(_) if place == Placement::Sticky => Some(place),
                Some((seen, before)) if before.outcome != Outcome::Pass => Some(Placement::InPlace(seen.id)),
                _ => None,
            },
            _ => Some(place),
        }
    }

    fn quiet(&self, own: &[Seen]) -> Published {
        let comment = shown(own, &self.mine, self.head()).map(|(seen, _)| self.record(seen));
        Published { action: Action::Quiet(self.only), comment, notes: Vec::new() }
    }

    /// Whether the result shown of this test is newer than ours, so that ours has to give way.
    async fn is_older(&self, own: &[Seen]) -> Result<bool, GithubError> {
        let Some((_, there)) = shown(own, &self.mine, self.head()) else { return Ok(false) };
        let mine = &self.mine;
        let by_time = || there.times() > mine.times();
        match (there.commit.as_deref(), mine.commit.as_deref()) {
            (Some(theirs), Some(ours)) if theirs == ours => Ok(by_time()),
            (_, Some(ours)) if ours == self.head() => Ok(false),
            (Some(theirs), _) if theirs == self.head() => Ok(true),
            (Some(theirs), Some(ours)) => Ok(self.descends(theirs, ours).await?.map_or_else(by_time, |newer| !newer)),
            _ => Ok(by_time()),
        }
    }

    /// Whether `commit` came after `before`; `None` when git does not order them (a forced push) or GitHub won't say.
    async fn descends(&self, before: &str, commit: &str) -> Result<Option<bool>, GithubError> {
        #[derive(Deserialize)]
        struct CommitComparison {
            status: String,
        }
        let hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex(before) || !hex(commit) {
            return Ok(None);
        }
        let repository = &self.remote.pull_request.repository;
        // One file and commit a page: only the status matters.
        let route = format!("/repos/{repository}/compare/{before}...{commit}?per_page=1");
        match self.remote.github.get::<CommitComparison>(Task::CompareCommits, &route).await {
            Ok(comparison) => Ok(match comparison.status.as_str() {
                "ahead" | "identical" => Some(true),
                "behind" => Some(false),
                _ => None,
            }),
            Err(GithubError::Refused { .. } | GithubError::Answer { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn write(&mut self, plan: &CommentPlan) -> Result<(), GithubError> {
        let text = compose(
            &Parts {
                kind: &plan.kind,
                sections: &plan.sections,
                left_out: plan.left_out,
                mine: &self.mine.key,
                render: self.section.render,
                head: &self.remote.pull_request.head_sha,
            },
            self.limit,
        );
        match plan.target {
            Some(id) => self.remote.change(id, &text).await,
            None => self.remote.create(&text).await,
        }
    }

    /// The section is where it should be; now the comments it replaces go.
    async fn finish(
        self,
        own: &[Seen],
        plan: &CommentPlan,
        placement: Placement,
        wrote: bool,
    ) -> Result<Published, GithubError> {
        let mut notes = Vec::new();
        for id in &plan.duplicates {
            note(&mut notes, "a second comment made at the same moment stays", self.remote.delete(*id).await);
        }
        let Some(target) = own.iter().find(|seen| Some(seen.id) == plan.target) else {
            return Ok(Published { action: Action::Updated, comment: None, notes });
        };
        if matches!(placement, Placement::Fresh { .. }) {
            let earlier: Vec<&Seen> = own.iter().filter(|seen| seen.id < target.id).collect();
            match self.mode {
                Mode::HideAndNew => {
                    note(&mut notes, "earlier comments stay unfolded", self.remote.hide(&earlier).await);
                }
                Mode::DeleteAndNew => {
                    for seen in earlier {
                        note(&mut notes, "an earlier comment stays", self.remote.delete(seen.id).await);
                    }
                }
                Mode::Update | Mode::New => {}
            }
        }
        if self.limit < MAX_COMMENT {
            notes.push("GitHub found the comment too long, so it was shortened.".into());
        }
        let action = match (wrote, self.remote.made(target.id)) {
            (_, true) => Action::Created,
            (true, false) => Action::Updated,
            (false, false) => Action::Unchanged,
        };
        Ok(Published { action, comment: Some(self.record(target)), notes })
    }

    /// A newer result is shown: ours goes, also from the comment we may have made before we saw the newer one.
    async fn withdraw(self, own: &[Seen]) -> Result<Published, GithubError> {
        let mut notes = Vec::new();
        for seen in own.iter().filter(|seen| self.remote.made(seen.id) && holds_only(seen, &self.mine)) {
            note(&mut notes, "a comment with the older result stays", self.remote.delete(seen.id).await);
        }
        let comment = shown(own, &self.mine, self.head()).map(|(seen, _)| self.record(seen));
        Ok(Published { action: Action::Older, comment, notes })
    }

    fn record(&self, seen: &Seen) -> CommentRecord {
        CommentRecord { url: seen.url.clone(), id: seen.id, pull_request: self.remote.pull_request.url.clone() }
    }
}

/// Logs what failed and why; our own section is in place.
fn note(notes: &mut Vec<String>, what: &str, done: Result<(), GithubError>) {
    if let Err(error) = done {
        let hint = error.hint().map_or_else(String::new, |hint| format!(" ({hint})"));
        notes.push(format!("{what}: {error}{hint}"));
    }
}
