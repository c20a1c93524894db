//! Tokens and GitHub Apps.

use base64::Engine as _;
use loadforge_ci::error::CommandError;
use loadforge_ci::github::{Action, CommitStatus, Credentials, GithubError, set_status};
use loadforge_ci::verdict::Outcome;
use ring::signature::{KeyPair, RsaKeyPair};

use super::{Job, QUICK, connect, connect_as, pull_request, server, sha};
use crate::support::github::{Account, GitHub};

const KEY: &str = include_str!("../../fixtures/github/app-key.pkcs1.pem");

fn public_key() -> Vec<u8> {
    let body: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    RsaKeyPair::from_der(&der).unwrap().public_key().as_ref().to_vec()
}

fn app(id: &str, installation: &str) -> Credentials {
    let lookup = |name: &str| match name {
        "LOADFORGE_CI_GITHUB_APP_ID" => Some(id.to_owned()),
        "LOADFORGE_CI_GITHUB_APP_INSTALLATION_ID" => Some(installation.to_owned()),
        "LOADFORGE_CI_GITHUB_APP_PRIVATE_KEY" => Some(KEY.to_owned()),
        _ => None,
    };
    Credentials::from_env(lookup, None).unwrap()
}

#[tokio::test]
async fn a_github_app_makes_its_own_token_and_knows_its_comments() {
    let server = GitHub::start().await;
    server.register_app("12", 34, "acme-load", &public_key(), "ghs_minted");
    let impostor = Account::person(5, "acme-load");
    server.plant(1, Some(impostor), "<!-- loadforge-ci v=1 kind=sticky -->");
    for push in 1..=3 {
        let github = connect_as(&server, &app("12", "34"), QUICK).await.unwrap();
        let commit = sha(push);
        Job::new("checkout", &commit, push, "Ours.").publish(&github).await.unwrap();
    }
    let comments = server.comments(1);
    assert_eq!(comments.len(), 2);
    assert_eq!(comments[1].author.as_ref().unwrap().login, "acme-load[bot]");
    assert_eq!(server.count("POST", "/access_tokens"), 3);
    assert!(!server.requests().iter().any(|request| request.ends_with("/user") || request.ends_with("/graphql")));
}

#[tokio::test]
async fn a_wrong_app_or_installation_is_said() {
    let server = GitHub::start().await;
    server.register_app("12", 34, "acme-load", &public_key(), "ghs_minted");
    let mut messages = Vec::new();
    for (id, installation) in [("13", "34"), ("12", "35")] {
        messages.push(
            CommandError::from(connect_as(&server, &app(id, installation), QUICK).await.unwrap_err()).to_string(),
        );
    }
    insta::assert_snapshot!(messages.join("\n\n"), @r"
    GitHub did not let us make an installation token: 401 A JSON web token could not be decoded
    hint: check LOADFORGE_CI_GITHUB_APP_ID and that the private key is the app's newest one; a wrong clock on this machine also does this

    GitHub did not let us make an installation token: 404 Not Found
    hint: LOADFORGE_CI_GITHUB_APP_INSTALLATION_ID names no installation of this app; it is the number at the end of the installation's address
    ");
}

#[tokio::test]
async fn an_installation_token_made_elsewhere_knows_itself_through_graphql() {
    let server = GitHub::start().await;
    let account = Account { knows_itself: false, ..Account::person(41, "other-app[bot]") };
    server.accept("ghs_other", account.clone());
    for push in 1..=3 {
        let github = connect_as(&server, &super::token("ghs_other"), QUICK).await.unwrap();
        let commit = sha(push);
        let done = Job::new("checkout", &commit, push, "Ours.").publish(&github).await.unwrap();
        assert_eq!(done.action == Action::Created, push == 1);
    }
    assert_eq!(server.comments(1).len(), 1);
}

#[tokio::test]
async fn no_address_without_an_api_is_taken() {
    let client = server().await.client.clone();
    for address in ["https://me:s3cret@ghe.example/api/v3", "ghe.example"] {
        let error =
            loadforge_ci::github::Github::connect_with(client.clone(), &super::token("t"), Some(address), QUICK)
                .await
                .unwrap_err();
        assert!(matches!(error, GithubError::BadApiUrl { .. }));
        assert!(!CommandError::from(error).to_string().contains("s3cret"));
    }
}

#[tokio::test]
async fn the_commit_status_says_the_verdict() {
    let server = server().await;
    let github = connect(&server).await;
    let repository = pull_request(1, "").repository;
    let long = "Login is slower. ".repeat(20);
    for outcome in [Outcome::Pass, Outcome::Warn, Outcome::Fail, Outcome::Inconclusive] {
        let status = CommitStatus { key: "checkout", outcome, sentence: &long, link: Some("https://circleci.com/x") };
        set_status(&github, &repository, &sha(1), &status).await.unwrap();
    }
    let set = server.statuses();
    let states: Vec<&str> = set.iter().map(|(_, body)| body["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["success", "success", "failure", "error"]);
    assert_eq!(set[0].0, sha(1));
    assert_eq!(set[0].1["context"], "loadforge/checkout");
    assert_eq!(set[0].1["target_url"], "https://circleci.com/x");
    assert_eq!(set[0].1["description"].as_str().unwrap().chars().count(), 140);
}
