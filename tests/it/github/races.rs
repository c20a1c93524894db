//! Jobs that comment at the same moment.

use std::time::Duration;

use loadforge_ci::github::{Mode, Patience};
use loadforge_ci::verdict::Outcome;
use tokio::task::JoinSet;

use super::{Job, QUICK, TOKEN, connect_as, own, server, sha, token};
use crate::support::github::GitHub;

/// Pull requests commented on at a time, so that a slow machine is not made slower.
const AT_A_TIME: u64 = 20;

/// Rest after a write: far longer than a request to loopback takes, so that slowness of the machine does not decide.
const RACING: Patience = Patience { settle: Duration::from_millis(400), ..QUICK };

/// Lets jobs comment on pull request `pull`, all of them having read the same before any of them writes.
async fn race(server: &GitHub, pull: u64, keys: &'static [&'static str], mode: Mode) {
    server.rendezvous(pull, keys.len());
    let mut jobs = JoinSet::new();
    for (number, key) in (1..).zip(keys) {
        // A process of its own each.
        let github = connect_as(server, &token(TOKEN), RACING).await.unwrap();
        jobs.spawn(async move {
            let (commit, text) = (sha(1), format!("Section of {key}."));
            let job = Job { pull, mode, outcome: Outcome::Fail, ..Job::new(key, &commit, pull * 10 + number, &text) };
            job.publish(&github).await.unwrap();
        });
    }
    while let Some(done) = jobs.join_next().await {
        done.unwrap();
    }
}

/// Tries a race on `tries` pull requests and expects one comment with every section on each.
async fn races(server: GitHub, tries: u64, keys: &'static [&'static str], mode: Mode, kept: usize) {
    server.delay(Duration::from_millis(25));
    let server = std::sync::Arc::new(server);
    for first in (1..=tries).step_by(usize::try_from(AT_A_TIME).unwrap()) {
        let mut batch = JoinSet::new();
        for pull in first..=tries.min(first + AT_A_TIME - 1) {
            let server = std::sync::Arc::clone(&server);
            batch.spawn(async move { race(&server, pull, keys, mode).await });
        }
        while let Some(done) = batch.join_next().await {
            done.unwrap();
        }
    }
    for pull in 1..=tries {
        let comments: Vec<_> = own(&server, pull).into_iter().filter(|comment| !comment.hidden).collect();
        assert_eq!(comments.len(), kept, "pull request {pull}: {comments:#?}");
        for key in keys {
            let text = &comments.last().unwrap().body;
            assert!(text.contains(&format!("Section of {key}.")), "pull request {pull} lost {key}:\n{text}");
        }
    }
}

#[tokio::test]
async fn two_jobs_at_the_same_moment_leave_one_comment_with_both_sections_in_200_tries() {
    let server = server().await;
    // On every other pull request a comment exists already, so that both kinds of race are run.
    for pull in (1..=200).step_by(2) {
        let github = connect_as(&server, &token(TOKEN), QUICK).await.unwrap();
        let commit = sha(1);
        Job { pull, ..Job::new("earlier", &commit, 1, "Section of earlier.") }.publish(&github).await.unwrap();
    }
    races(server, 200, &["checkout", "login"], Mode::Update, 1).await;
}

#[tokio::test]
async fn five_jobs_at_the_same_moment_leave_one_comment_with_five_sections() {
    races(server().await, 5, &["a", "b", "c", "d", "e"], Mode::Update, 1).await;
}

#[tokio::test]
async fn two_jobs_share_a_new_comment_in_every_mode() {
    for mode in [Mode::New, Mode::HideAndNew, Mode::DeleteAndNew] {
        let server = server().await;
        let old = sha(9);
        for pull in 1..=10 {
            let github = connect_as(&server, &token(TOKEN), QUICK).await.unwrap();
            Job { pull, mode, ..Job::new("checkout", &old, 1, "Of an earlier push.") }.publish(&github).await.unwrap();
        }
        races(server, 10, &["checkout", "login"], mode, if mode == Mode::New { 2 } else { 1 }).await;
    }
}
