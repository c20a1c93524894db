//! The messages for GitHub's refusals, and what they never contain.

use std::time::{Duration, Instant};

use axum::http::Method;
use loadforge_ci::error::{CommandError, Explain};
use loadforge_ci::exit::Exit;
use loadforge_ci::github::{Action, GithubError, Mode};

use super::{Job, QUICK, TOKEN, connect, connect_as, own, server, sha, token};
use crate::support::github::Fault;

/// What a publication says that meets this fault.
async fn refusal(fault: Fault) -> GithubError {
    let server = server().await;
    server.fault(fault.times(100));
    Job::new("checkout", &sha(1), 1, "x").publish(&connect(&server).await).await.unwrap_err()
}

fn create(status: u16, message: &str) -> Fault {
    Fault::refuse(Method::POST, "/comments", status, message)
}

#[tokio::test]
async fn each_refusal_is_told_by_githubs_fields_and_says_what_to_do() {
    let locked = "https://docs.github.com/articles/locking-conversations/";
    let faults = [
        create(403, "Resource not accessible by personal access token"),
        create(403, "Resource not accessible by integration")
            .header("x-accepted-github-permissions", "issues=write; pull_requests=write"),
        create(
            403,
            "Resource protected by organization SAML enforcement. You must grant your token access to this organization.",
        )
        .header("x-github-sso", "required; url=https://github.com/orgs/acme/sso?authorization_request=A1"),
        create(
            403,
            "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled",
        ),
        create(403, "Unable to create comment because issue is locked."),
        create(403, "Not allowed").body(serde_json::json!({ "message": "Not allowed", "documentation_url": locked })),
        create(403, "User is blocked"),
        create(422, "Validation Failed").body(serde_json::json!({
            "message": "Validation Failed",
            "errors": [{ "resource": "IssueComment", "code": "unprocessable", "field": "data", "message": "User is blocked" }],
        })),
        create(403, "Repository was archived so is read-only."),
        create(403, "Sorry. Your account was suspended."),
        create(403, "Something new"),
        create(404, "Not Found"),
        create(410, "Issues are disabled for this repo"),
        create(422, "Validation Failed"),
        create(301, "Moved Permanently"),
        Fault::refuse(Method::GET, "/user", 401, "Bad credentials"),
    ];
    let mut all = Vec::new();
    for fault in faults {
        let error = refusal(fault).await;
        let GithubError::Refused { status, .. } = error else { panic!("{error}") };
        assert_eq!(error.exit(), if matches!(status, 401 | 403 | 404) { Exit::NotAllowed } else { Exit::Usage });
        all.push(CommandError::from(error).to_string());
    }
    insta::assert_snapshot!(all.join("\n\n"));
}

#[tokio::test]
async fn a_short_wait_that_github_asks_for_is_waited_for() {
    let server = server().await;
    server.fault(create(403, "You have exceeded a secondary rate limit.").header("retry-after", 1));
    let began = Instant::now();
    let done = Job::new("checkout", &sha(1), 1, "x").publish(&connect(&server).await).await.unwrap();
    assert_eq!(done.action, Action::Created);
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(own(&server, 1).len(), 1);
}

#[tokio::test]
async fn a_wait_is_counted_by_githubs_own_clock() {
    let server = server().await;
    // This machine's clock is years ahead of the server's.
    let limit = create(403, "API rate limit exceeded")
        .header("date", "Fri, 01 Jan 2021 00:00:00 GMT")
        .header("x-ratelimit-remaining", 0)
        .header("x-ratelimit-reset", 1_609_459_201);
    server.fault(limit);
    let began = Instant::now();
    let done = Job::new("checkout", &sha(1), 1, "x").publish(&connect(&server).await).await.unwrap();
    assert_eq!(done.action, Action::Created);
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn of_a_wait_that_is_only_a_guess_the_rest_of_the_budget_is_tried() {
    let server = server().await;
    server.fault(create(403, "You have exceeded a secondary rate limit.").times(2));
    let ms = Duration::from_millis;
    let patience = loadforge_ci::github::Patience { secondary: ms(60), rate_limit: ms(90), ..QUICK };
    let github = connect_as(&server, &token(TOKEN), patience).await.unwrap();
    let done = Job::new("checkout", &sha(1), 1, "x").publish(&github).await.unwrap();
    assert_eq!(done.action, Action::Created);
    assert_eq!(own(&server, 1).len(), 1);
}

#[tokio::test]
async fn a_comment_that_was_answered_with_a_web_page_is_looked_up_before_another_is_made() {
    for made in [true, false] {
        let server = server().await;
        let page = create(200, "").body("<!DOCTYPE html><title>Please sign in to the proxy</title>");
        server.fault(if made { page.after_effect() } else { page });
        Job::new("checkout", &sha(1), 1, "x").publish(&connect(&server).await).await.unwrap();
        assert_eq!(own(&server, 1).len(), 1, "made: {made}");
        assert_eq!(server.count("POST", "/comments"), if made { 1 } else { 2 });
    }
}

#[tokio::test]
async fn no_answer_is_read_without_a_limit() {
    let server = server().await;
    let endless = Fault::refuse(Method::GET, "/comments", 200, "").body(" ".repeat(33 << 20)).times(100);
    server.fault(endless);
    let error = Job::new("checkout", &sha(1), 1, "x").publish(&connect(&server).await).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GitHub's answer could not be understood when we tried to read the pull request's comments: it is longer than 32 MiB"
    );
}

#[tokio::test]
async fn a_long_wait_is_said_instead() {
    for fault in [
        create(403, "You have exceeded a secondary rate limit.").header("retry-after", 600),
        create(429, "Too many requests").header("retry-after", 60),
        create(403, "API rate limit exceeded").header("x-ratelimit-remaining", 0).header("x-ratelimit-reset", u32::MAX),
    ] {
        let began = Instant::now();
        let error = refusal(fault).await;
        assert!(matches!(error, GithubError::RateLimited { wait, .. } if wait >= Duration::from_secs(59)), "{error}");
        assert_eq!(error.exit(), Exit::Unavailable);
        assert!(error.hint().unwrap().contains("GitHub App of its own"));
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}

#[tokio::test]
async fn waiting_never_exceeds_the_limit_for_the_whole_publication() {
    let server = server().await;
    server.fault(create(502, "Bad Gateway").times(100));
    let patience =
        loadforge_ci::github::Patience { overall: Duration::from_millis(50), pause: Duration::from_secs(10), ..QUICK };
    let github = connect_as(&server, &token(TOKEN), patience).await.unwrap();
    let error = Job::new("checkout", &sha(1), 1, "x").publish(&github).await.unwrap_err();
    assert!(matches!(error, GithubError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn a_comment_that_cannot_be_hidden_is_noted_and_the_new_one_stands() {
    let server = server().await;
    let github = connect(&server).await;
    for push in 1..=2 {
        let commit = sha(push);
        server.fault(Fault {
            body: serde_json::json!({ "data": null, "errors": [{ "message": "Resource not accessible" }] }),
            ..Fault::refuse(Method::POST, "/graphql", 200, "").times(2)
        });
        let job = Job { mode: Mode::HideAndNew, ..Job::new("checkout", &commit, push, "x") };
        let done = job.publish(&github).await.unwrap();
        assert_eq!(done.action, Action::Created);
        if push == 2 {
            insta::assert_snapshot!(done.notes.join("\n"), @r#"earlier comments stay unfolded: GitHub did not let us hide a comment: 200 Resource not accessible (give the token of GITHUB_TOKEN the permission "Pull requests: write" (a classic token: `repo`, or `public_repo` for a public repository))"#);
        }
    }
    assert_eq!(own(&server, 1).len(), 2);
}

#[tokio::test]
async fn the_token_is_in_no_error_and_no_address() {
    let server = server().await;
    let mut texts = Vec::new();
    for status in [400, 401, 403, 404, 410, 422, 429, 500, 502] {
        for (method, path) in [(Method::GET, "/comments"), (Method::POST, "/comments"), (Method::GET, "/user")] {
            server.fault(Fault::refuse(method, path, status, "No.").times(4));
            let github = connect(&server).await;
            let outcome = Job::new("checkout", &sha(1), 1, "x").publish(&github).await;
            texts.push(format!("{github:?} {outcome:?}"));
            texts.extend(outcome.err().map(|error| CommandError::from(error).to_string()));
        }
    }
    let unreachable = Job::new("checkout", &sha(1), 1, "x").publish(&server_that_stopped().await).await.unwrap_err();
    texts.push(format!("{unreachable:?}"));
    texts.push(CommandError::from(unreachable).to_string());
    texts.extend(server.requests());
    assert!(texts.len() > 40);
    for text in texts {
        assert!(!text.contains(TOKEN) && !text.contains("s3cret"), "{text}");
    }
}

async fn server_that_stopped() -> loadforge_ci::github::Github {
    let server = server().await;
    connect(&server).await
}

#[tokio::test]
async fn a_github_that_cannot_be_reached_is_said_with_the_cause() {
    let github = server_that_stopped().await;
    let error = Job::new("checkout", &sha(1), 1, "x").publish(&github).await.unwrap_err();
    assert_eq!(error.exit(), Exit::Unavailable);
    let text = error.to_string();
    assert!(
        text.starts_with("GitHub did not answer when we tried to ask whose token this is: error sending request"),
        "{text}"
    );
}
