//! A late job of an older commit.

use jiff::Timestamp;
use loadforge_ci::github::{Action, Mode, Only, Section, publish};
use loadforge_ci::verdict::Outcome;

use super::{Job, connect, ours, pull_request, server, sha};

/// Publishes two results of one test, the second with the pull request at `head`, and returns the outcome of the
/// second.
async fn second(first: (u64, u64), second: (u64, u64), head: u64, history: &[u64], mode: Mode) -> (Action, String) {
    let server = server().await;
    history.iter().for_each(|commit| server.push(1, &sha(*commit)));
    let github = connect(&server).await;
    let (commit, late, head) = (sha(first.0), sha(second.0), sha(head));
    Job { mode, ..Job::new("checkout", &commit, first.1, "First.") }.publish(&github).await.unwrap();
    let done =
        Job { mode, head: &head, ..Job::new("checkout", &late, second.1, "Second.") }.publish(&github).await.unwrap();
    (done.action, ours(&server).pop().unwrap())
}

#[tokio::test]
async fn it_leaves_the_newest_commits_result_alone_even_with_a_later_run() {
    for mode in [Mode::Update, Mode::New, Mode::HideAndNew, Mode::DeleteAndNew] {
        let (action, text) = second((5, 10), (4, 99), 5, &[], mode).await;
        assert_eq!(action, Action::Older, "{mode:?}");
        assert!(text.contains("First.") && !text.contains("Second."), "{mode:?}: {text}");
    }
}

#[tokio::test]
async fn git_decides_between_two_commits_that_are_both_not_the_newest() {
    // 7 is the newest; 5 came before 6.
    assert_eq!(second((6, 10), (5, 99), 7, &[5, 6, 7], Mode::Update).await.0, Action::Older);
    assert_eq!(second((5, 99), (6, 10), 7, &[5, 6, 7], Mode::Update).await.0, Action::Updated);
}

#[tokio::test]
async fn the_time_of_the_run_decides_where_git_cannot() {
    // A forced push: neither commit is known any more.
    assert_eq!(second((6, 10), (5, 9), 7, &[7], Mode::Update).await.0, Action::Older);
    assert_eq!(second((6, 10), (5, 11), 7, &[7], Mode::Update).await.0, Action::Updated);
}

#[tokio::test]
async fn of_one_commit_the_later_run_counts() {
    assert_eq!(second((5, 10), (5, 9), 5, &[], Mode::Update).await.0, Action::Older);
    assert_eq!(second((5, 10), (5, 11), 5, &[], Mode::Update).await.0, Action::Updated);
}

#[tokio::test]
async fn a_late_job_may_still_tell_of_a_test_nobody_told_of() {
    let server = server().await;
    let github = connect(&server).await;
    let (new, old) = (sha(5), sha(4));
    Job::new("checkout", &new, 10, "New.").publish(&github).await.unwrap();
    let late = Job { head: &new, ..Job::new("login", &old, 9, "Late.") };
    assert_eq!(late.publish(&github).await.unwrap().action, Action::Updated);
    let text = ours(&server).concat();
    assert!(text.contains("New.") && text.contains("Late.") && text.contains("of an earlier commit"), "{text}");
}

#[tokio::test]
async fn a_run_that_was_started_earlier_and_judged_later_is_the_older_one() {
    let server = server().await;
    let github = connect(&server).await;
    let commit = sha(1);
    let publish = |ran: i64, judged: i64, text: &'static str| {
        let render = move |_: usize| text.to_owned();
        let (github, commit) = (&github, &commit);
        async move {
            let section = Section {
                key: "checkout",
                commit: Some(commit),
                ran_at: Some(Timestamp::from_second(ran).unwrap()),
                at: Timestamp::from_second(judged).unwrap(),
                run: Some(ran.unsigned_abs()),
                job: Some(text),
                outcome: Outcome::Pass,
                render: &render,
            };
            publish(github, &pull_request(1, commit), section, Mode::Update, Only::Always).await.unwrap().action
        }
    };
    assert_eq!(publish(200, 300, "The short one.").await, Action::Created);
    assert_eq!(publish(100, 400, "The long one.").await, Action::Older);
    // The same run is judged once more.
    assert_eq!(publish(200, 500, "The short one, again.").await, Action::Updated);
    assert!(ours(&server).concat().contains("again."));
}
