//! `gate --comment` and `comment` as a job runs them.

use axum::http::Method;

use super::{TOKEN, ours, server, sha};
use crate::support::github::{Fault, GitHub};
use crate::tool::{Ended, Tool, fixture};

/// A job of pull request 1 with everything logged.
fn job(number: u64, token: &str) -> Tool {
    Tool::new()
        .env("GITHUB_TOKEN", token)
        .env("CIRCLECI", "true")
        .env("CIRCLE_SHA1", sha(1))
        .env("CIRCLE_BRANCH", "login")
        .env("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/1")
        .env("CIRCLE_PROJECT_USERNAME", "acme")
        .env("CIRCLE_PROJECT_REPONAME", "shop")
        .env("CIRCLE_BUILD_NUM", number.to_string())
        .env("CIRCLE_WORKFLOW_JOB_ID", format!("job-{number}"))
}

/// Judges recorded results and comments; other tests' servers need this thread, so waiting happens beside it.
async fn gate(tool: Tool, server: &GitHub, gate: &str, more: &[&str]) -> (Tool, Ended) {
    let stats = fixture("locust/healthy/s1_basic/run_stats.csv");
    let mut arguments = vec!["gate", "-vv", "--from", stats.to_str().unwrap(), "--gate", gate, "--comment"];
    arguments.extend(["--github-api-url", &server.api_url]);
    arguments.extend(more);
    let child = tool.start(&arguments);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    (tool, Ended::of(output))
}

#[tokio::test]
async fn two_jobs_at_once_leave_one_comment_with_both_sections_and_no_token_anywhere() {
    let server = server().await;
    server.rendezvous(1, 2);
    let ((tool, first), (_, second)) = tokio::join!(
        gate(job(1, TOKEN), &server, "p95 < 60s", &["--comment-key", "checkout", "--status"]),
        gate(job(2, TOKEN), &server, "p95 < 1ms", &["--comment-key", "login"]),
    );
    let (first, second) = (first.expect(0), second.expect(1));
    let [comment] = &ours(&server)[..] else { panic!("{:#?}", ours(&server)) };
    assert!(comment.contains("key=checkout outcome=pass") && comment.contains("key=login outcome=fail"), "{comment}");
    assert!(first.stderr.contains("https://github.com/acme/shop/pull/1#issuecomment-"), "{}", first.stderr);
    assert_eq!(tool.json("loadforge-results/comment.json")["pull_request"], "https://github.com/acme/shop/pull/1");
    assert_eq!(server.statuses()[0].1["state"], "success");
    for text in [first.stdout, first.stderr, second.stdout, second.stderr, comment.clone()] {
        assert!(!text.contains(TOKEN), "{text}");
    }
}

#[tokio::test]
async fn a_comment_that_cannot_be_posted_warns_and_leaves_the_verdict_alone() {
    let server = server().await;
    server.fault(Fault::refuse(Method::POST, "/comments", 403, "Resource not accessible by integration").times(9));
    for (limit, code) in [("p95 < 60s", 0), ("p95 < 1ms", 1)] {
        let (tool, ended) = gate(job(1, TOKEN), &server, limit, &[]).await;
        let stderr = ended.expect(code).stderr;
        assert!(stderr.contains("403 Resource not accessible by integration"), "{stderr}");
        assert!(stderr.contains("Pull requests: write"), "{stderr}");
        assert!(tool.path("loadforge-results/verdict.json").exists());
    }
    let (_, ended) = gate(job(1, " \n"), &server, "p95 < 60s", &[]).await;
    let stderr = ended.expect(0).stderr;
    assert!(stderr.contains("no GitHub token: GITHUB_TOKEN is not set or empty"), "{stderr}");
    let (_, ended) = gate(job(1, "s3cr\net"), &server, "p95 < 60s", &[]).await;
    let stderr = ended.expect(0).stderr;
    assert!(stderr.contains("GITHUB_TOKEN holds no GitHub token") && !stderr.contains("s3cr"), "{stderr}");
}

#[tokio::test]
async fn of_two_projects_of_one_repository_the_later_result_is_shown() {
    let server = server().await;
    // Each CircleCI project counts its own builds.
    let (_, ended) = gate(job(9000, TOKEN), &server, "p95 < 60s", &["--comment-key", "checkout"]).await;
    ended.expect(0);
    let (_, ended) = gate(job(10, TOKEN), &server, "p95 < 1ms", &["--comment-key", "checkout"]).await;
    let stderr = ended.expect(1).stderr;
    assert!(stderr.contains("comment updated"), "{stderr}");
    assert!(ours(&server).concat().contains("key=checkout outcome=fail"), "{stderr}");
}

#[tokio::test]
async fn no_fault_of_github_changes_the_exit_code() {
    let page = || serde_json::Value::from("<!DOCTYPE html><title>Down</title>");
    let faults = [
        Fault::refuse(Method::GET, "/pulls", 200, "").body(page()),
        Fault::refuse(Method::GET, "/pulls", 500, "Server Error"),
        Fault::refuse(Method::GET, "/pulls", 200, "").body(serde_json::json!({ "number": "seven" })),
        Fault::refuse(Method::GET, "/user", 200, "").body(page()),
        Fault::refuse(Method::GET, "/comments", 200, "").body(serde_json::json!({ "not": "a list" })),
        Fault::refuse(Method::POST, "/comments", 302, "").header("location", "/login"),
        Fault::refuse(Method::POST, "/statuses", 422, "Validation Failed"),
    ];
    let mut jobs = tokio::task::JoinSet::new();
    for fault in faults {
        jobs.spawn(async move {
            let server = server().await;
            let name = format!("{} {} {}", fault.method, fault.path, fault.status);
            server.fault(fault.times(100));
            let (_, ended) = gate(job(1, TOKEN), &server, "p95 < 1ms", &["--status"]).await;
            let stderr = ended.expect(1).stderr;
            assert!(stderr.contains("warning: no com"), "{name}: {stderr}");
        });
    }
    while let Some(done) = jobs.join_next().await {
        done.unwrap();
    }
}

/// Judges in job 1 with these arguments, then comments in job 2; returns the comment.
async fn commented_elsewhere(page: &str, more: &[&str]) -> String {
    let server = server().await;
    let tool = job(1, TOKEN).env("CIRCLE_BUILD_URL", page);
    let stats = fixture("locust/healthy/s1_basic/run_stats.csv");
    let mut arguments = vec!["gate", "--from", stats.to_str().unwrap(), "--gate", "p95 < 1ms"];
    arguments.extend(more);
    tool.run(&arguments).expect(1);
    let tool =
        tool.env("CIRCLE_WORKFLOW_JOB_ID", "job-2").env("CIRCLE_BUILD_URL", "https://circleci.com/gh/acme/shop/2");
    let child = tool.start(&["comment", "--github-api-url", &server.api_url]);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    Ended::of(output).expect(0);
    ours(&server).concat()
}

#[tokio::test]
async fn links_lead_to_the_artifacts_of_the_job_that_judged_or_are_absent() {
    let cloud = "https://circleci.com/gh/acme/shop/1";
    let comment = commented_elsewhere(cloud, &[]).await;
    assert!(comment.contains("https://output.circle-artifacts.com/output/job/job-1/artifacts/0/"), "{comment}");
    assert!(comment.contains(cloud) && !comment.contains("job-2"), "{comment}");

    let comment = commented_elsewhere("https://circleci.acme.example/gh/acme/shop/1", &[]).await;
    assert!(comment.contains("https://circleci.acme.example/output/job/job-1/artifacts/0/"), "{comment}");
    assert!(!comment.contains("circle-artifacts.com"), "{comment}");

    let comment = commented_elsewhere(cloud, &["--no-artifact-links"]).await;
    assert!(!comment.contains("/artifacts/") && comment.contains(cloud), "{comment}");
}
