//! A late job of an older commit.

use loadforge_ci::github::{Action, Mode};

use super::{Job, connect, ours, server, sha};

/// Publishes two results of one test, the second with the pull request at `head`, and tells what became of the second.
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
async fn it_leaves_the_newest_commits_result_alone_even_with_a_higher_job_number() {
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
async fn job_numbers_decide_where_git_cannot() {
    // A forced push: neither commit is known any more.
    assert_eq!(second((6, 10), (5, 9), 7, &[7], Mode::Update).await.0, Action::Older);
    assert_eq!(second((6, 10), (5, 11), 7, &[7], Mode::Update).await.0, Action::Updated);
}

#[tokio::test]
async fn of_one_commit_the_later_job_counts() {
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
