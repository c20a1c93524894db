//! The one comment that is changed in place.

use axum::http::Method;
use loadforge_ci::github::Action;
use loadforge_ci::verdict::Outcome;
use serde_json::json;

use super::{Job, QUICK, TOKEN, bot, connect, connect_as, ours, server, sha, token};
use crate::support::github::{Account, Fault, GitHub, Pull};

#[tokio::test]
async fn a_hundred_pushes_leave_one_comment() {
    let server = server().await;
    let github = connect(&server).await;
    for push in 1..=100 {
        let (commit, text) = (sha(push), format!("Result {push}."));
        let done = Job::new("checkout", &commit, push, &text).publish(&github).await.unwrap();
        assert_eq!(done.action, if push == 1 { Action::Created } else { Action::Updated });
        assert_eq!(done.comment.unwrap().pull_request, "https://github.com/acme/shop/pull/1");
    }
    assert_eq!(server.count("POST", "/comments"), 1);
    let [comment] = &ours(&server)[..] else { panic!("{:#?}", ours(&server)) };
    insta::assert_snapshot!(comment, @r"
    <!-- loadforge-ci v=1 kind=sticky -->
    <!-- loadforge-ci:section key=checkout outcome=pass time=2000000000 id=be6219b6b93d01a4 commit=0000000000000000000000000000000000000064 ran=1000100000 run=100 -->
    Result 100.
    <!-- loadforge-ci:end -->

    <sub>Kept up to date by loadforge-ci; each load test updates its own part.</sub>
    ");
}

#[tokio::test]
async fn the_same_result_again_writes_nothing() {
    let server = server().await;
    let github = connect(&server).await;
    let commit = sha(1);
    let job = Job::new("checkout", &commit, 1, "Result.");
    job.publish(&github).await.unwrap();
    assert_eq!(job.publish(&github).await.unwrap().action, Action::Unchanged);
    assert_eq!((server.count("POST", "/comments"), server.count("PATCH", "")), (1, 0));
}

#[tokio::test]
async fn several_tests_keep_their_sections() {
    let server = server().await;
    let github = connect(&server).await;
    let commit = sha(1);
    Job::new("checkout", &commit, 1, "Checkout passed.").publish(&github).await.unwrap();
    let failed = Job { outcome: Outcome::Fail, ..Job::new("login --> \"x\"", &commit, 2, "Login failed.") };
    failed.publish(&github).await.unwrap();
    Job::new("checkout", &commit, 3, "Checkout passed again.").publish(&github).await.unwrap();
    let comment = ours(&server).concat();
    let visible: Vec<&str> = comment.lines().filter(|line| !line.starts_with("<!--") && !line.is_empty()).collect();
    insta::assert_snapshot!(visible.join("\n"), @r"
    **2 load tests:** 1 failed, 1 passed.
    Login failed.
    Checkout passed again.
    <sub>Kept up to date by loadforge-ci; each load test updates its own part.</sub>
    ");
}

#[tokio::test]
async fn foreign_comments_and_a_planted_marker_do_no_harm() {
    let server = server().await;
    let stranger = Account::person(99, "mallory");
    let planted = "<!-- loadforge-ci v=1 kind=sticky -->\n<!-- loadforge-ci:section key=checkout outcome=pass time=9999999999999 \
                   id=x ran=99999999999999 -->\nAll is well.\n<!-- loadforge-ci:end -->";
    server.plant(1, Some(stranger.clone()), planted);
    for number in 0..300 {
        // Among them deleted accounts, and our own words without the marker.
        let author = match number % 3 {
            0 => None,
            1 => Some(stranger.clone()),
            _ => Some(bot()),
        };
        server.plant(1, author, &format!("Comment {number}, quoting <!-- loadforge-ci v=1 kind=sticky -->"));
    }
    server.plant(1, None, planted);
    let before = server.comments(1);

    let github = connect(&server).await;
    for push in 1..=3 {
        let commit = sha(push);
        Job::new("checkout", &commit, push, "Ours.").publish(&github).await.unwrap();
    }
    let after = server.comments(1);
    assert_eq!(after[..before.len()], before, "nobody else's comment was touched");
    assert_eq!(after.len(), before.len() + 1);
    assert!(after.last().unwrap().body.contains("Ours."));
    assert!(!after.last().unwrap().body.contains("All is well."));
    assert!(server.requests().iter().any(|request| request.contains("page=4")), "all pages were read");
}

#[tokio::test]
async fn an_error_after_the_comment_was_made_makes_no_second_one() {
    for status in [500, 502, 503, 504] {
        let server = server().await;
        server.fault(Fault::refuse(Method::POST, "/comments", status, "Server Error").after_effect());
        let done = Job::new("checkout", &sha(1), 1, "Result.").publish(&connect(&server).await).await.unwrap();
        assert!(done.comment.is_some());
        assert_eq!(ours(&server).len(), 1, "{status}");
        assert_eq!(server.count("POST", "/comments"), 1, "{status}: looked before asking again");
    }
}

#[tokio::test]
async fn a_comment_that_was_not_made_is_made_after_looking() {
    let server = server().await;
    server.fault(Fault::refuse(Method::POST, "/comments", 502, "Bad Gateway").times(2));
    server.fault(Fault::refuse(Method::GET, "/comments", 500, "Server Error").times(2));
    let done = Job::new("checkout", &sha(1), 1, "Result.").publish(&connect(&server).await).await.unwrap();
    assert_eq!(done.action, Action::Created);
    assert_eq!(ours(&server).len(), 1);
    let asked: Vec<String> = server.requests().into_iter().filter(|line| line.contains("/comments")).collect();
    let posts: Vec<usize> = (0..asked.len()).filter(|at| asked[*at].starts_with("POST")).collect();
    assert_eq!(posts.len(), 3);
    assert!(posts.windows(2).all(|pair| pair[1] - pair[0] > 1), "every POST follows a look: {asked:#?}");
}

#[tokio::test]
async fn a_comment_deleted_or_edited_by_hand_is_brought_back() {
    let server = server().await;
    let github = connect(&server).await;
    let (first, second, third) = (sha(1), sha(2), sha(3));
    let made = Job::new("checkout", &first, 1, "One.").publish(&github).await.unwrap().comment.unwrap();
    server.edit(made.id, |text| text.replace('\n', "\r\n") + "\r\nA word by hand.");
    Job::new("login", &second, 2, "Two.").publish(&github).await.unwrap();
    let text = ours(&server).concat();
    assert!(text.contains("One.") && text.contains("Two.") && !text.contains("by hand"), "{text}");
    server.remove(made.id);
    assert_eq!(Job::new("login", &third, 3, "Three.").publish(&github).await.unwrap().action, Action::Created);
    assert_eq!(ours(&server).len(), 1);
}

#[tokio::test]
async fn a_server_of_ones_own_keeps_its_path() {
    let server = GitHub::start_at("/api/v3").await;
    let installed = Account { knows_itself: false, ..bot() };
    server.accept(TOKEN, installed.clone());
    server.open_pull(Pull::open(1, "login", &sha(1)));
    (0..150).for_each(|_| {
        server.plant(1, None, "hello");
    });
    let github = connect_as(&server, &token(TOKEN), QUICK).await.unwrap();
    for push in 1..=2 {
        let commit = sha(push);
        let job = Job { mode: loadforge_ci::github::Mode::HideAndNew, ..Job::new("checkout", &commit, push, "Ours.") };
        job.publish(&github).await.unwrap();
    }
    let own: Vec<_> =
        server.comments(1).into_iter().filter(|comment| comment.author == Some(installed.clone())).collect();
    assert_eq!(own.iter().map(|comment| comment.hidden).collect::<Vec<_>>(), [true, false]);
    for request in server.requests() {
        let path = request.split_once(' ').unwrap().1;
        assert!(path.starts_with("/api/v3/") || path == "/api/graphql", "{request}");
    }
}

#[tokio::test]
async fn where_nobody_says_whose_token_it_is_the_first_comment_does() {
    let server = GitHub::start().await;
    let unknown = Account { knows_itself: false, is_viewer: false, ..bot() };
    server.accept(TOKEN, unknown.clone());
    for push in 1..=4 {
        let commit = sha(push);
        // A new process each time, which knows nothing of the last.
        let github = connect(&server).await;
        Job::new("checkout", &commit, push, "Ours.").publish(&github).await.unwrap();
        assert_eq!(server.comments(1).len(), 1, "push {push}");
    }
    assert!(server.comments(1)[0].body.contains(&sha(4)));
}

#[tokio::test]
async fn an_answer_without_an_author_does_not_make_a_second_comment() {
    let server = GitHub::start().await;
    server.accept(TOKEN, Account { knows_itself: false, is_viewer: false, ..bot() });
    server.fault(Fault {
        body: json!({ "id": 1001, "node_id": "IC_1001", "html_url": "https://github.com/x", "body": "", "user": null }),
        ..Fault::refuse(Method::POST, "/comments", 201, "").after_effect()
    });
    Job::new("checkout", &sha(1), 1, "Ours.").publish(&connect(&server).await).await.unwrap();
    assert_eq!(server.comments(1).len(), 1);
}
