//! Sections and statuses where the test alone is not unique: legs of a matrix, profiles, files in one folder.

use loadforge_ci::emulator::{InjectedFaults, ReplayPace};

use super::{TOKEN, ours, server, sha};
use crate::support::github::GitHub;
use crate::support::service::Service;
use crate::tool::{Ended, Tool, fixture};

const CONFIG: &str = "test: { name: checkout, duration: 2m }\nprofiles: { quick: {}, stress: {} }\n";

/// A job of pull request 1.
fn job(tool: Tool, name: &str, number: usize) -> Tool {
    tool.env("GITHUB_TOKEN", TOKEN)
        .env("CIRCLECI", "true")
        .env("CIRCLE_SHA1", sha(1))
        .env("CIRCLE_BRANCH", "login")
        .env("CIRCLE_JOB", name)
        .env("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/1")
        .env("CIRCLE_WORKFLOW_ID", "w1")
        .env("CIRCLE_WORKFLOW_JOB_ID", format!("job-{number}"))
}

/// The keys of the comment's sections and the contexts of the statuses, each with its outcome, sorted.
fn published(server: &GitHub) -> (Vec<String>, Vec<String>) {
    let comments = ours(server);
    let [comment] = &comments[..] else { panic!("{comments:#?}") };
    let key =
        |line: &str| Some(line.strip_prefix("<!-- loadforge-ci:section key=")?.split(" time=").next()?.to_owned());
    let mut keys: Vec<String> = comment.lines().filter_map(key).collect();
    keys.sort();
    let status = |(_, body): (String, serde_json::Value)| {
        format!("{} {}", body["context"].as_str().unwrap(), body["state"].as_str().unwrap())
    };
    let mut statuses: Vec<String> = server.statuses().into_iter().map(status).collect();
    statuses.sort();
    (keys, statuses)
}

#[tokio::test]
async fn a_leg_of_a_matrix_and_a_profile_hide_no_failure_of_another() {
    let server = server().await;
    let api_url = server.api_url.clone();
    let jobs = tokio::task::spawn_blocking(move || {
        let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
        service.save("checkout");
        let legs = [
            ("perf-eu", Some("quick"), "p95 < 1ms", 1),
            ("perf-us", Some("quick"), "p95 < 60s", 0),
            ("perf-us", Some("stress"), "p95 < 60s", 0),
            ("load-test", None, "p95 < 60s", 0),
        ];
        for (number, (name, profile, gate, code)) in legs.into_iter().enumerate() {
            let tool = job(service.tool().file("loadforge.yml", CONFIG), name, number);
            let tool = match profile {
                Some(profile) => tool.env("LOADFORGE_CI_PROFILE", profile),
                None => tool,
            };
            tool.run(&["run"]).expect(0);
            let gate = ["gate", "--gate", gate, "--comment", "--status", "--github-api-url", &api_url];
            tool.run(&gate).expect(code);
        }
    });
    jobs.await.unwrap();
    let (keys, statuses) = published(&server);
    insta::assert_snapshot!(keys.join("\n"), @r"
    checkout outcome=pass
    checkout%20%28quick%2C%20perf%2Deu%29 outcome=fail
    checkout%20%28quick%2C%20perf%2Dus%29 outcome=pass
    checkout%20%28stress%2C%20perf%2Dus%29 outcome=pass
    ");
    insta::assert_snapshot!(statuses.join("\n"), @r"
    loadforge/checkout (quick, perf-eu) failure
    loadforge/checkout (quick, perf-us) success
    loadforge/checkout (stress, perf-us) success
    loadforge/checkout success
    ");
    assert!(ours(&server).concat().contains("`checkout (quick, perf-eu)`"), "a reader sees the name");
}

#[tokio::test]
async fn two_files_in_one_folder_have_sections_of_their_own() {
    let server = server().await;
    let stats = std::fs::read(fixture("locust/healthy/s1_basic/run_stats.csv")).unwrap();
    let tool = job(Tool::new(), "perf", 1).file("out/checkout_stats.csv", &stats).file("out/search_stats.csv", &stats);
    let mut ended = Vec::new();
    for (file, gate) in [("out/checkout_stats.csv", "p95 < 1ms"), ("out/search_stats.csv", "p95 < 60s")] {
        let arguments =
            ["gate", "--from", file, "--gate", gate, "--comment", "--status", "--github-api-url", &server.api_url];
        let child = tool.start(&arguments);
        let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
        ended.push(Ended::of(output).code);
    }
    assert_eq!(ended, [1, 0]);
    let (keys, statuses) = published(&server);
    insta::assert_snapshot!(keys.join("\n"), @r"
    out/checkout%20%28perf%29 outcome=fail
    out/search%20%28perf%29 outcome=pass
    ");
    assert_eq!(statuses, ["loadforge/out/checkout (perf) failure", "loadforge/out/search (perf) success"]);
}
