//! What becomes of earlier comments, and which results are worth one.

use loadforge_ci::github::{Action, Mode, Only};
use loadforge_ci::verdict::Outcome;

use super::{Job, connect, ours, own, server, sha};
use crate::support::github::Account;

#[tokio::test]
async fn new_keeps_the_earlier_comments_and_tests_of_one_commit_share_one() {
    let server = server().await;
    let github = connect(&server).await;
    let (first, second) = (sha(1), sha(2));
    let new = |job| Job { mode: Mode::New, ..job };
    new(Job::new("checkout", &first, 1, "C1.")).publish(&github).await.unwrap();
    new(Job::new("login", &first, 2, "L1.")).publish(&github).await.unwrap();
    new(Job::new("checkout", &second, 3, "C2.")).publish(&github).await.unwrap();
    // The same test of the same commit once more, by another job: a result of its own.
    new(Job::new("checkout", &second, 4, "C2 again.")).publish(&github).await.unwrap();
    // The same job once more: a retry.
    let retry = new(Job::new("checkout", &second, 4, "C2 again.")).publish(&github).await.unwrap();
    assert_eq!(retry.action, Action::Unchanged);
    let texts = ours(&server);
    assert_eq!(texts.len(), 3, "{texts:#?}");
    assert!(texts[0].contains("C1.") && texts[0].contains("L1."));
    assert!(texts[1].contains("C2.") && texts[2].contains("C2 again."));
}

#[tokio::test]
async fn hide_and_new_folds_earlier_ones_once_and_only_ours() {
    let server = server().await;
    let stranger = Account::person(99, "mallory");
    server.plant(1, Some(stranger), "<!-- loadforge-ci v=1 kind=fresh -->");
    let github = connect(&server).await;
    for push in 1..=4 {
        let commit = sha(push);
        let job = Job { mode: Mode::HideAndNew, ..Job::new("checkout", &commit, push, "Result.") };
        let done = job.publish(&github).await.unwrap();
        assert_eq!((done.action, done.notes), (Action::Created, Vec::<String>::new()));
    }
    let hidden: Vec<bool> = server.comments(1).iter().map(|comment| comment.hidden).collect();
    assert_eq!(hidden, [false, true, true, true, false]);
    let folded = server.requests().iter().filter(|request| request.contains("graphql")).count();
    assert_eq!(folded, 3 + 3, "three questions which are hidden, three comments to hide");
}

#[tokio::test]
async fn delete_and_new_carries_the_other_tests_along() {
    let server = server().await;
    let github = connect(&server).await;
    let (first, second) = (sha(1), sha(2));
    let fresh = |job| Job { mode: Mode::DeleteAndNew, ..job };
    fresh(Job::new("checkout", &first, 1, "C1.")).publish(&github).await.unwrap();
    fresh(Job::new("login", &first, 2, "L1.")).publish(&github).await.unwrap();
    fresh(Job::new("checkout", &second, 3, "C2.")).publish(&github).await.unwrap();
    let [text] = &ours(&server)[..] else { panic!("{:#?}", ours(&server)) };
    assert!(text.contains("C2.") && text.contains("L1.") && !text.contains("C1."), "{text}");
    assert!(text.contains("_The next result is of an earlier commit, 0000000._"), "{text}");
    fresh(Job::new("login", &second, 4, "L2.")).publish(&github).await.unwrap();
    let [text] = &ours(&server)[..] else { panic!("{:#?}", ours(&server)) };
    assert!(text.contains("C2.") && text.contains("L2.") && !text.contains("L1."), "{text}");
}

#[tokio::test]
async fn modes_can_be_changed_while_a_pull_request_is_open() {
    let server = server().await;
    let github = connect(&server).await;
    let commits: Vec<String> = (1..=4).map(sha).collect();
    let modes = [Mode::Update, Mode::New, Mode::Update, Mode::HideAndNew];
    for (order, (commit, mode)) in (1..).zip(commits.iter().zip(modes)) {
        Job { mode, ..Job::new("checkout", commit, order, "Result.") }.publish(&github).await.unwrap();
    }
    let hidden: Vec<bool> = own(&server, 1).iter().map(|comment| comment.hidden).collect();
    assert_eq!(hidden, [true, true, false]);
}

#[tokio::test]
async fn only_problems_are_told_and_a_problem_that_is_gone() {
    for mode in [Mode::Update, Mode::New] {
        let server = server().await;
        let github = connect(&server).await;
        let mut actions = Vec::new();
        let outcomes =
            [Outcome::Pass, Outcome::Fail, Outcome::Pass, Outcome::Pass, Outcome::Warn, Outcome::Inconclusive];
        for (order, outcome) in (1..).zip(outcomes) {
            let commit = sha(order);
            let text = format!("Ended with {outcome}.");
            let job = Job { mode, only: Only::Problems, outcome, ..Job::new("checkout", &commit, order, &text) };
            actions.push(job.publish(&github).await.unwrap().action);
        }
        let quiet = Action::Quiet(Only::Problems);
        if mode == Mode::Update {
            let rest = [Action::Updated; 4];
            assert_eq!(actions, [&[quiet, Action::Created][..], &rest].concat());
            assert_eq!(ours(&server).len(), 1);
        } else {
            assert_eq!(actions, [quiet, Action::Created, Action::Updated, quiet, Action::Created, Action::Created]);
            assert!(ours(&server)[0].contains("Ended with pass."), "the old problem is shown as solved");
        }
    }
}

#[tokio::test]
async fn only_a_change_is_told() {
    let server = server().await;
    let github = connect(&server).await;
    let mut actions = Vec::new();
    for (order, outcome) in (1..).zip([Outcome::Pass, Outcome::Pass, Outcome::Fail, Outcome::Fail, Outcome::Pass]) {
        let commit = sha(order);
        let job = Job { only: Only::Change, mode: Mode::New, outcome, ..Job::new("checkout", &commit, order, "x") };
        actions.push(job.publish(&github).await.unwrap().to_string());
    }
    insta::assert_snapshot!(actions.join("\n"), @r"
    comment posted: https://github.com/acme/shop/pull/1#issuecomment-1001
    no comment: the outcome is the one already shown: https://github.com/acme/shop/pull/1#issuecomment-1001
    comment posted: https://github.com/acme/shop/pull/1#issuecomment-1002
    no comment: the outcome is the one already shown: https://github.com/acme/shop/pull/1#issuecomment-1002
    comment posted: https://github.com/acme/shop/pull/1#issuecomment-1003
    ");
}
